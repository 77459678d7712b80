"""Ideal relativistic hydrodynamics in two transverse dimensions, many events at once: Kurganov, Tadmor (2000), Heun.

With boost invariance the fluid is kept as (e, u^x, u^y) [event, 3, y, x] at proper time tau and evolved as
tau (T^tau-tau, T^tau-x, T^tau-y): d_tau(tau T^tau-tau) + d_i(tau T^tau-i) = -p, d_tau(tau T^tau-j) + d_i(tau T^ij) = 0.
`expanding=False` leaves tau and the source out: the same equations in t, x, y. GeV and fm; e in GeV/fm^3.

Faces get the limited primitives and not the limited conserved fields: no root finding there, and smaller errors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.matter import Matter

ALONG = {"x": 3, "y": 2}  # dimension of a field [event, field, y, x]
NEWTON = 3  # iterations from the last energy density: quadratic, so the last changes nothing
VACUUM = 1e-7  # GeV/fm^3, the least energy density


class State(NamedTuple):
    """Conserved fields and fluid [event, 3, y, x] at a time tau."""

    conserved: Tensor
    fluid: Tensor
    tau: float

    @property
    def cells(self) -> Tensor:
        """All that a surface takes along: the fluid."""
        return self.fluid


@dataclass(frozen=True)
class Scheme:
    """Cell size in fm, minmod's theta (1: most diffusion, 2: least), and whether it expands along the beam."""

    matter: Matter
    dx: float
    theta: float = 1.8
    expanding: bool = True

    def begin(self, fluid: Tensor, tau: float) -> State:
        """From e, u^x, u^y [event, 3, y, x]."""
        e, ux, uy = fluid.unbind(1)
        energy, momenta, _ = _tensor(self.matter, e, ux, uy)
        return State(torch.stack([energy, *momenta], 1) * self._volume(tau), fluid, tau)

    def step(self, state: State, dt: float) -> State:
        """One step of Heun's method: two stages, of which the second halves with the beginning."""
        first = self._stage(state, state.conserved, 0.0, dt, state.tau + dt)
        return self._stage(first, state.conserved, 0.5, dt, state.tau + dt)

    def _stage(self, now: State, start: Tensor, kept: float, dt: float, tau: float) -> State:
        padded = torch.nn.functional.pad(now.fluid, (2, 2, 2, 2), mode="replicate")
        change = self._flow(padded, "x").narrow(2, 0, now.fluid.shape[2]) + self._flow(padded, "y")
        change = change * self._volume(now.tau)
        if self.expanding:
            change[:, 0] -= self.matter.pressure(now.fluid[:, 0])
        conserved = kept * start + (1 - kept) * (now.conserved + dt * change)
        fluid = fluid_of(conserved / self._volume(tau), now.fluid[:, 0], self.matter)
        return State(conserved, fluid, tau)

    def _volume(self, tau: float) -> float:
        return tau if self.expanding else 1.0

    def _flow(self, padded: Tensor, axis: str) -> Tensor:
        """Minus the divergence along one axis [event, 3, y, x] of fluid padded by two cells all around."""
        along = ALONG[axis]
        flux = self._face(*sides(padded, axis, self.theta), axis)
        n = flux.shape[along] - 1
        return (flux.narrow(along, 0, n) - flux.narrow(along, 1, n)) / self.dx

    def _face(self, left: Tensor, right: Tensor, axis: str) -> Tensor:
        """Flux through faces from the fluid on both sides, with the faster of their waves."""
        (u, f, a), (v, g, b) = (self._side(one, axis) for one in (left, right))
        return (f + g - torch.maximum(a, b)[:, None] * (v - u)) / 2

    def _side(self, fluid: Tensor, axis: str) -> tuple[Tensor, Tensor, Tensor]:
        """Conserved fields, their flux along the axis, and the speed of the fastest wave."""
        e, ux, uy = fluid.unbind(1)
        energy, (mx, my), pressure = _tensor(self.matter, e, ux, uy)
        u2 = ux * ux + uy * uy
        u0 = (1 + u2).sqrt()
        speed = (ux if axis == "x" else uy) / u0
        push = [speed * mx + pressure, speed * my] if axis == "x" else [speed * mx, speed * my + pressure]
        flux = torch.stack([speed * (energy + pressure), *push], 1)
        return torch.stack([energy, mx, my], 1), flux, fastest(u0, ux if axis == "x" else uy, self.matter.speed2(e))


def _tensor(matter: Matter, e: Tensor, ux: Tensor, uy: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
    """T^tau-tau, (T^tau-x, T^tau-y) and p."""
    pressure = matter.pressure(e)
    u02 = 1 + ux * ux + uy * uy
    enthalpy = (e + pressure) * u02.sqrt()
    return (e + pressure) * u02 - pressure, (enthalpy * ux, enthalpy * uy), pressure


def fastest(u0: Tensor, u: Tensor, sound2: Tensor) -> Tensor:
    """Largest speed of a wave along an axis in a fluid with u^0 and u along it."""
    u02, u2 = u0 * u0, u * u
    below = u02 - (u02 - 1) * sound2
    inside = ((u02 - u2 - (u02 - u2 - 1) * sound2) * sound2).clamp_min(0)
    return (u0 * u.abs() * (1 - sound2) + inside.sqrt()) / below


def sides(padded: Tensor, axis: str, theta: float) -> tuple[Tensor, Tensor]:
    """Limited fields on both sides of every face along an axis, of fields padded by two cells all around."""
    along, across = ALONG[axis], 5 - ALONG[axis]
    cells = padded.narrow(across, 2, padded.shape[across] - 4)
    n = cells.shape[along]
    rise = cells.narrow(along, 1, n - 1) - cells.narrow(along, 0, n - 1)
    back, ahead = rise.narrow(along, 0, n - 2), rise.narrow(along, 1, n - 2)
    half = minmod(theta * back, theta * ahead, (back + ahead) / 2) / 2
    middle = cells.narrow(along, 1, n - 2)
    return (middle + half).narrow(along, 0, n - 3), (middle - half).narrow(along, 1, n - 3)


def minmod(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The smallest of three of one sign, else 0."""
    low = torch.minimum(torch.minimum(a, b), c)
    high = torch.maximum(torch.maximum(a, b), c)
    return low.clamp(min=0) + high.clamp(max=0)


def fluid_of(tensor: Tensor, guess: Tensor, matter: Matter) -> Tensor:
    """e, u^x, u^y [event, 3, y, x] of T^tau-tau, T^tau-x, T^tau-y: Newton on e = E - M^2/(E + p(e)).

    Fixed iterations from a guess of e [event, y, x]. Where M > E, as in the dilute edge, M is cut to E.
    """
    energy = tensor[:, 0].clamp_min(VACUUM)
    mx, my = tensor[:, 1], tensor[:, 2]
    momentum2 = mx * mx + my * my
    cut = ((1 - 1e-6) * energy / (momentum2 + 1e-30).sqrt()).clamp(max=1)
    mx, my, momentum2 = mx * cut, my * cut, momentum2 * cut * cut
    e = torch.minimum(guess, energy).clamp_min(VACUUM)
    for _ in range(NEWTON):
        pressure, slope = matter.pressure_and_slope(e)
        over = 1 / (energy + pressure)
        v2 = momentum2 * over * over
        e = torch.minimum((e - (e - energy + momentum2 * over) / (1 - v2 * slope)).clamp_min(VACUUM), energy)
    pressure = matter.pressure(e)
    flow = torch.rsqrt((energy + pressure) * (e + pressure))
    return torch.stack([e, mx * flow, my * flow], 1)
