"""Ideal relativistic hydrodynamics in two transverse dimensions, many events at once: Kurganov, Tadmor (2000), Heun.

With boost invariance the fluid is kept as (e, u^x, u^y) [event, 3, y, x] at proper time tau and evolved as
tau (T^tau-tau, T^tau-x, T^tau-y): d_tau(tau T^tau-tau) + d_i(tau T^tau-i) = -p, d_tau(tau T^tau-j) + d_i(tau T^ij) = 0.
`expanding=False` leaves tau and the source out: the same equations in t, x, y. GeV and fm; e in GeV/fm^3.

Faces get limited e^(1/4), u^x, u^y and not the limited conserved fields: no root finding there, and smaller errors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.matter import Matter

ALONG = {"x": 3, "y": 2}  # dimension of a field [event, field, y, x]
NEWTON = 3  # iterations from the last energy density: quadratic, so the last changes nothing
VACUUM = 1e-7  # GeV/fm^3, the least energy density
COLD = VACUUM**0.25  # of e^(1/4)


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
        energy, momenta, _ = _tensor(e, ux, uy, self.matter.pressure(e))
        return State(torch.stack([energy, *momenta], 1) * self._volume(tau), fluid, tau)

    def step(self, state: State, dt: float) -> State:
        """One step of Heun's method: two stages, of which the second halves with the beginning."""
        first = self._stage(state, state.conserved, 0.0, dt, state.tau + dt)
        return self._stage(first, state.conserved, 0.5, dt, state.tau + dt)

    def _stage(self, now: State, start: Tensor, kept: float, dt: float, tau: float) -> State:
        padded = torch.nn.functional.pad(rooted(now.fluid), (2, 2, 2, 2), mode="replicate")
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

    def _side(self, sided: Tensor, axis: str) -> tuple[Tensor, Tensor, Tensor]:
        """Conserved fields, their flux along the axis, and the speed of the fastest wave."""
        root, ux, uy = sided.unbind(1)
        root = root.clamp_min(COLD)
        e, (ratio, slope) = root.square().square(), self.matter.at(root)
        pressure, u = e * ratio, ux if axis == "x" else uy
        energy, (mx, my), u0 = _tensor(e, ux, uy, pressure)
        speed = u / u0
        push = [speed * mx + pressure, speed * my] if axis == "x" else [speed * mx, speed * my + pressure]
        flux = torch.stack([speed * (energy + pressure), *push], 1)
        return torch.stack([energy, mx, my], 1), flux, fastest(u0, u, slope.clamp(max=1))


def rooted(fluid: Tensor) -> Tensor:
    """A field whose limited slopes are good: e^(1/4) in place of e, steep edges are gentler in it."""
    return torch.cat([fluid[:, :1].sqrt().sqrt(), fluid[:, 1:]], 1)


def _tensor(e: Tensor, ux: Tensor, uy: Tensor, pressure: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
    """T^tau-tau, (T^tau-x, T^tau-y) and u^tau."""
    u02 = 1 + ux * ux + uy * uy
    u0 = u02.sqrt()
    enthalpy = (e + pressure) * u0
    return (e + pressure) * u02 - pressure, (enthalpy * ux, enthalpy * uy), u0


def fastest(u0: Tensor, u: Tensor, sound2: Tensor) -> Tensor:
    """Largest speed of a wave along an axis in a fluid with u^0 and u along it."""
    u02, u2 = u0 * u0, u * u
    below = u02 - (u02 - 1) * sound2
    inside = ((u02 - u2 - (u02 - u2 - 1) * sound2) * sound2).clamp_min(0)
    return (u0 * u.abs() * (1 - sound2) + inside.sqrt()) / below


def sides(padded: Tensor, axis: str, theta: float) -> tuple[Tensor, Tensor]:
    """Limited fields on both sides of every face along an axis, of fields padded by two cells all around.

    Of third order where they are smooth, else minmod's. It judges by slopes in the middle of a cell, that is with half
    a step of the second difference, itself minmod's of both cells at the face: so extrema are not clipped (Harten,
    Osher 1987).
    """
    along, across = ALONG[axis], 5 - ALONG[axis]
    cells = padded.narrow(across, 2, padded.shape[across] - 4)
    n = cells.shape[along] - 3
    rise = cells.narrow(along, 1, n + 2) - cells.narrow(along, 0, n + 2)
    back, here, ahead = (rise.narrow(along, k, n) for k in range(3))
    bend = minmod(here - back, ahead - here) / 2
    left = minmod(theta / 2 * (back + bend), theta / 2 * (here - bend), (back + 2 * here) / 6)
    right = minmod(theta / 2 * (here + bend), theta / 2 * (ahead - bend), (2 * here + ahead) / 6)
    return cells.narrow(along, 1, n) + left, cells.narrow(along, 2, n) - right


def minmod(first: Tensor, *others: Tensor) -> Tensor:
    """The smallest of some of one sign, else 0."""
    low = high = first
    for one in others:
        low, high = torch.minimum(low, one), torch.maximum(high, one)
    return low.clamp(min=0) + high.clamp(max=0)


def fluid_of(tensor: Tensor, guess: Tensor, matter: Matter) -> Tensor:
    """e, u^x, u^y [event, 3, y, x] of T^tau-tau, T^tau-x, T^tau-y: Newton on e = E - M^2/(E + p(e)).

    Fixed iterations from a guess of e [event, y, x], cut to E - M^2/E ... E. Where M > E, as in the dilute edge, M is
    cut to E. What iterates is e^(1/4), the place in the tables: e times 1 + d makes it (1 + 5/8 d)/(1 + 3/8 d) times
    itself, Pade's (1 + d)^(1/4).
    """
    energy = tensor[:, 0].clamp_min(VACUUM)
    mx, my = tensor[:, 1], tensor[:, 2]
    momentum2 = mx * mx + my * my
    cut = ((1 - 1e-6) * energy / (momentum2 + 1e-30).sqrt()).clamp(max=1)
    mx, my, momentum2 = mx * cut, my * cut, momentum2 * cut * cut
    e = torch.maximum(torch.minimum(guess, energy), energy - momentum2 / energy)
    root = e.clamp_min(VACUUM).sqrt().sqrt()
    for _ in range(NEWTON):
        e, (ratio, slope) = root.square().square(), matter.at(root)
        d = energy + e * ratio
        d2 = d * d
        whole, off = (d2 - momentum2 * slope) * e, d2 * (e - energy) + d * momentum2
        root = (root * (whole - 5 / 8 * off) / (whole - 3 / 8 * off)).clamp_min(COLD)
    e, (ratio, _) = root.square().square(), matter.at(root)
    pressure = e * ratio
    flow = torch.rsqrt((energy + pressure) * (e + pressure))
    return torch.stack([e, mx * flow, my * flow], 1)
