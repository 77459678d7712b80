"""Viscous relativistic hydrodynamics in two transverse dimensions, many events at once: second order, 14 moments.

With boost invariance (e, u^x, u^y, pi^xx, pi^xy, pi^yy, Pi) [event, 7, y, x] evolve at proper time tau by
d_tau(tau T^tau-tau) + d_i(tau T^tau-i) = -(p + Pi + tau^2 pi^eta-eta), d_tau(tau T^tau-j) + d_i(tau T^ij) = 0 and by
tau_pi D pi^<mn> + pi^mn = 2 eta sigma^mn - delta_pipi tau_pi pi^mn theta - tau_pipi tau_pi pi^<m_a sigma^n>a
+ lambda_piPi tau_pi Pi sigma^mn, tau_Pi D Pi + Pi = -zeta theta - delta_PiPi tau_Pi Pi theta
+ lambda_Pipi tau_Pi pi^mn sigma_mn: Denicol, Niemi, Molnar, Rischke, arXiv:1202.4555, without vorticity.
As in the ideal scheme: Kurganov, Tadmor (2000), limited primitives and e^(1/4) at faces, Heun. GeV and fm.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.ideal import ALONG, COLD, VACUUM, fastest, rooted, sides
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.stress import Cells, Gradients, cells_of, medium_of, rates, shear_of
from jupyter_phys.physics.hydro.transport import Transport

NEWTON = 4  # iterations from the predicted cells: each takes off nine tenths, in hot cells to 1e-6
SLOWER = 0.99875  # the fastest flow, u^tau = 20: only the dilute edge has more


class ViscousState(NamedTuple):
    """Conserved fields [event, 3, y, x], cells [event, 7, y, x], and what was not to the letter.

    `tally` [event, 5] sums over the stages the energy in cells above the `level`, and of it what `regulated` and
    `unresolved` tell the shares of.
    """

    conserved: Tensor
    cells: Tensor
    tau: float
    tally: Tensor

    @property
    def regulated(self) -> Tensor:
        """Share [event, 2] where the shear stress, or what drives it, and where the bulk pressure had to be cut."""
        return self.tally[:, 1:3] / self.tally[:, :1].clamp_min(VACUUM)

    @property
    def unresolved(self) -> Tensor:
        """Share [event, 2] where tau_pi, and where tau_Pi, was below three steps, and three steps stood for it."""
        return self.tally[:, 3:] / self.tally[:, :1].clamp_min(VACUUM)

    @property
    def fluid(self) -> Tensor:
        """e, u^x, u^y [event, 3, y, x]."""
        return self.cells[:, :3]

    @property
    def shear(self) -> Tensor:
        """pi^xx, pi^xy, pi^yy [event, 3, y, x]."""
        return self.cells[:, 3:6]

    @property
    def bulk(self) -> Tensor:
        """Pi [event, y, x]."""
        return self.cells[:, 6]


@dataclass(frozen=True)
class Viscous:
    """Cell size in fm, minmod's theta, where stresses are cut, and whether it expands along the beam.

    sqrt(pi_mn pi^mn) stays below m sqrt(e^2 + 3p^2) and |Pi| below m p, m = `most` e/(e + `dilute`). Cells of e above
    `level` count in the shares that a state tells. GeV/fm^3.
    """

    matter: Matter
    dx: float
    transport: Transport
    theta: float = 1.8
    most: float = 1.0
    dilute: float = 1e-4
    level: float = 0.1
    expanding: bool = True

    def begin(self, fluid: Tensor, tau: float, shear: Tensor | None = None, bulk: Tensor | None = None) -> ViscousState:
        """From e, u^x, u^y [event, 3, y, x], pi^xx, pi^xy, pi^yy [event, 3, y, x] and Pi [event, y, x], if any."""
        shear = torch.zeros_like(fluid) if shear is None else shear
        bulk = torch.zeros_like(fluid[:, 0]) if bulk is None else bulk
        cells = torch.cat([fluid[:, :1].clamp_min(VACUUM), fluid[:, 1:], shear, bulk[:, None]], 1)
        at = cells_of(cells)
        conserved = torch.stack(_tensor(at, self.matter.pressure(at.e) + bulk), 1) * self._volume(tau)
        return ViscousState(conserved, cells, tau, fluid.new_zeros(len(fluid), 5))

    def step(self, state: ViscousState, dt: float) -> ViscousState:
        """One step of Heun's method: two stages, of which the second halves with the beginning."""
        first = self._stage(state, state, 0.0, dt, state.tau + dt)
        return self._stage(first, state, 0.5, dt, state.tau + dt)

    def _stage(self, now: ViscousState, start: ViscousState, kept: float, dt: float, tau: float) -> ViscousState:
        at = cells_of(now.cells)
        medium = medium_of(at.e, self.matter, self.transport, dt)
        padded = torch.nn.functional.pad(rooted(now.cells), (2, 2, 2, 2), mode="replicate")
        flow_x, slope_x = self._flow(padded, "x")
        flow_y, slope_y = self._flow(padded, "y")
        flow = flow_x + flow_y
        push, carried, volume = flow[:, :3], flow[:, 3:], self._volume(now.tau)
        if self.expanding:
            push[:, 0] -= (medium.pressure + at.bulk + at.shear().eta) / now.tau
        conserved = now.conserved + (dt * volume) * push
        hubble = 1 / now.tau if self.expanding else 0.0
        push = push - (hubble / volume) * now.conserved
        slopes = Gradients(slope_x[:, 0], slope_x[:, 1], slope_y[:, 0], slope_y[:, 1])
        change, held = rates(at, medium, self.transport, push, carried, slopes, hubble)
        cells = now.cells + dt * change
        if kept:
            cells, conserved = kept * start.cells + (1 - kept) * cells, kept * start.conserved + (1 - kept) * conserved
        cells, cut_shear, cut_bulk = self._recovered(conserved / self._volume(tau), cells)
        hot = torch.where(at.e > self.level, at.e * at.u0, 0)
        late = [(one.resolved > 0) & (one.resolved < 1) for one in (medium.shearing, medium.bulking)]
        tally = torch.stack([(hot * one).sum((1, 2)) for one in (hot > 0, held | cut_shear, cut_bulk, *late)], 1)
        return ViscousState(conserved, cells, tau, now.tally + tally)

    def _volume(self, tau: float) -> float:
        return tau if self.expanding else 1.0

    def _flow(self, padded: Tensor, axis: str) -> tuple[Tensor, Tensor]:
        """Along one axis, of rooted cells padded by two all around, [event, 7, y, x] and [event, 2, y, x].

        Minus the divergence of T^{i tau}, T^{ix}, T^{iy}; -v^i d_i of the stresses; d_i u^x, d_i u^y, to fourth order.
        """
        along, across = ALONG[axis], 5 - ALONG[axis]
        cells = padded.narrow(across, 2, padded.shape[across] - 4)
        n = cells.shape[along]
        (u, f, a, v), (w, g, b, s) = (self._side(one, axis) for one in sides(padded, axis, self.theta))
        flux = (f + g - torch.maximum(a, b)[:, None] * (w - u)) / (2 * self.dx)
        speed = (v + s)[:, None] / (2 * self.dx)
        flow = flux.narrow(along, 0, n - 4) - flux.narrow(along, 1, n - 4)
        spread = speed.narrow(along, 1, n - 4) - speed.narrow(along, 0, n - 4)
        inside = cells.narrow(along, 2, n - 4)
        # d_i(v^i q) - q d_i v^i: what is even stays so
        flow[:, 3:] += inside[:, 3:] * spread
        u = cells[:, 1:3]  # limited slopes here would triple the error of pi^xx in Gubser's flow
        near, far = (u.narrow(along, 2 + i, n - 4) - u.narrow(along, 2 - i, n - 4) for i in (1, 2))
        return flow, (8 * near - far) / (12 * self.dx)

    def _side(self, sided: Tensor, axis: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Conserved fields and stresses, their flux along the axis, the speed of the fastest wave, and of the flow."""
        root, stresses = sided[:, 0].clamp_min(COLD), sided[:, 3:]
        at, (ratio, slope) = cells_of(sided)._replace(e=root.square().square()), self.matter.at(root)
        (vx, vy), (tx, ty), (xx, xy, yy) = at.v, at.t, at.pi
        pressure = at.e * ratio + at.bulk
        energy, mx, my = _tensor(at, pressure)
        u, v = (at.u[0], vx) if axis == "x" else (at.u[1], vy)
        # T^{ij} = v^i (T^{tau j} - pi^{tau j}) + pi^{ij} + (p + Pi) delta^{ij}
        fx, fy = v * (mx - tx), v * (my - ty)
        fluxes = [mx, fx + xx + pressure, fy + xy] if axis == "x" else [my, fx + xy, fy + yy + pressure]
        flux = torch.cat([torch.stack(fluxes, 1), v[:, None] * stresses], 1)
        fast = fastest(at.u0, u, self.transport.signal2(slope.clamp(max=1)))
        return torch.cat([torch.stack([energy, mx, my], 1), stresses], 1), flux, fast, v

    def _recovered(self, tensor: Tensor, guess: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cells [event, 7, y, x] of T^tau-tau, T^tau-x, T^tau-y and a guess with the stresses; where they were cut.

        The stresses hold three components; the others follow the velocity, so that it solves
        (T^tau-tau - pi^tau-tau + p + Pi + pi) v = T^tau-i, with e = T^tau-tau - v^i T^tau-i, p and pi^tau-tau of the
        last iteration; Newton's in e.
        """
        energy, mx, my = tensor[:, 0].clamp_min(VACUUM), tensor[:, 1], tensor[:, 2]
        e, ux, uy, *stress = guess.unbind(1)
        e = torch.minimum(e, energy).clamp_min(VACUUM)
        u0 = (1 + ux * ux + uy * uy).sqrt()
        vx, vy = ux / u0, uy / u0
        cut = [torch.zeros_like(e, dtype=torch.bool)] * 2
        for i in range(NEWTON):
            pressure, slope = self.matter.pressure_and_slope(e)
            if i in (0, NEWTON // 2):
                stress, *now = self._cut(e, pressure, vx, vy, stress)
                cut = [one | other for one, other in zip(cut, now, strict=True)]
            xx, xy, yy, bulk = stress
            inertia = energy + pressure + bulk - (vx * vx * xx + 2 * vx * vy * xy + vy * vy * yy)
            ixx, iyy = inertia + xx, inertia + yy
            over = 1 / (ixx * iyy - xy * xy).clamp_min(VACUUM**2)
            vx, vy = over * (iyy * mx - xy * my), over * (ixx * my - xy * mx)
            v2 = vx * vx + vy * vy
            less = (SLOWER * torch.rsqrt(v2 + 1e-30)).clamp(max=1)
            vx, vy, v2 = less * vx, less * vy, less * less * v2
            rest = e - energy + vx * mx + vy * my
            e = torch.minimum((e - rest / (1 - v2 * slope)).clamp_min(VACUUM), energy)
        u0 = torch.rsqrt(1 - vx * vx - vy * vy)
        return torch.stack([e, vx * u0, vy * u0, *stress], 1), cut[0], cut[1]

    def _cut(
        self, e: Tensor, pressure: Tensor, vx: Tensor, vy: Tensor, stress: list[Tensor]
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """The stresses within their bounds; and where the shear, and the bulk, was beyond."""
        xx, xy, yy, bulk = stress
        square = shear_of((xx, xy, yy), (xx * vx + xy * vy, xy * vx + yy * vy), (vx, vy)).square()
        share = self.most * e / (e + self.dilute)
        room = share * share * (e * e + 3 * pressure * pressure)
        less = (room / (square + 1e-30)).clamp(max=1).sqrt()
        bound = share * pressure
        within = torch.maximum(torch.minimum(bulk, bound), -bound)
        return [less * xx, less * xy, less * yy, within], square > room, within != bulk


def _tensor(at: Cells, pressure: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """T^tau-tau, T^tau-x, T^tau-y, where the pressure is p + Pi."""
    (ux, uy), (vx, vy), (tx, ty) = at.u, at.v, at.t
    enthalpy = (at.e + pressure) * at.u0
    energy = enthalpy * at.u0 - pressure + vx * tx + vy * ty
    return energy, enthalpy * ux + tx, enthalpy * uy + ty
