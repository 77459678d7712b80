"""Viscous stress in Milne coordinates without flow u^eta: its components, and how it and the fluid change in time.

Three components pi^xx, pi^xy, pi^yy [..., y, x] hold a shear stress. With v = u/u^tau, u_mu pi^{mu nu} = 0 gives
pi^{tau i} = pi^{ij} v^j and pi^{tau tau} = v^i pi^{ij} v^j; no trace gives tau^2 pi^{eta eta}. Contracting transverse
tensors takes the spatial metric h = 1 - v v, the inverse of k = 1 + u u: a_m b^m = -a h b. GeV and fm.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.transport import Relaxation, Transport

SOLVABLE = 0.05  # least determinant of the rates' equations, of (e + p + Pi)^2


class Shear(NamedTuple):
    """The matrix pi h of a shear stress, and tau^2 pi^{eta eta} = -trace(pi h)."""

    xx: Tensor
    xy: Tensor
    yx: Tensor
    yy: Tensor
    eta: Tensor

    def square(self) -> Tensor:
        """pi_{mu nu} pi^{mu nu}."""
        return self.xx * self.xx + 2 * self.xy * self.yx + self.yy * self.yy + self.eta * self.eta


class Cells(NamedTuple):
    """e, u^i, pi^xx, pi^xy, pi^yy, Pi, and what often follows from them: u^tau, v^i, pi^{tau i}; each [event, y, x]."""

    e: Tensor
    u: tuple[Tensor, Tensor]
    pi: tuple[Tensor, Tensor, Tensor]
    bulk: Tensor
    u0: Tensor
    v: tuple[Tensor, Tensor]
    t: tuple[Tensor, Tensor]

    def shear(self) -> Shear:
        """As a matrix."""
        return shear_of(self.pi, self.t, self.v)


def shear_of(pi: tuple[Tensor, Tensor, Tensor], t: tuple[Tensor, Tensor], v: tuple[Tensor, Tensor]) -> Shear:
    """From pi^xx, pi^xy, pi^yy, from pi^{tau i}, and from the velocity."""
    (xx, xy, yy), (tx, ty), (vx, vy) = pi, t, v
    mxx, myy = xx - tx * vx, yy - ty * vy
    return Shear(mxx, xy - tx * vy, xy - ty * vx, myy, -mxx - myy)


def cells_of(cells: Tensor) -> Cells:
    """From [event, 7, y, x]."""
    e, ux, uy, xx, xy, yy, bulk = cells.unbind(1)
    u0 = (1 + ux * ux + uy * uy).sqrt()
    vx, vy = ux / u0, uy / u0
    return Cells(e, (ux, uy), (xx, xy, yy), bulk, u0, (vx, vy), (xx * vx + xy * vy, xy * vx + yy * vy))


class Gradients(NamedTuple):
    """d_x u^x, d_x u^y, d_y u^x, d_y u^y [event, y, x], 1/fm."""

    xx: Tensor
    xy: Tensor
    yx: Tensor
    yy: Tensor


class Medium(NamedTuple):
    """p and dp/de of the cells, how their stresses relax, and the step for which that holds."""

    pressure: Tensor
    slope: Tensor
    shearing: Relaxation
    bulking: Relaxation
    dt: float


def medium_of(e: Tensor, matter: Matter, transport: Transport, dt: float) -> Medium:
    """At energy densities [event, y, x], for steps of dt."""
    pressure, slope = matter.pressure_and_slope(e)
    enthalpy = e + pressure
    shearing = transport.shearing(matter, e, enthalpy, dt)
    return Medium(pressure, slope, shearing, transport.bulking(matter, e, enthalpy, slope, dt), dt)


def rates(
    at: Cells, medium: Medium, transport: Transport, push: Tensor, carried: Tensor, slopes: Gradients, hubble: float
) -> tuple[Tensor, Tensor]:
    """Change of the seven fields in time [event, 7, y, x]; and where it had to be held back, bool [event, y, x].

    From `push` [event, 3, y, x], the change of T^{tau tau}, T^{tau x}, T^{tau y}, and `carried` [event, 4, y, x],
    -v^i d_i of pi^xx, pi^xy, pi^yy, Pi; `hubble` is 1/tau, 1/fm, or 0 without expansion along the beam.

    The stress relaxes by the acceleration of the flow, and the acceleration follows from that of the stress: both are
    linear in du/dtau, so that three trials, du/dtau = (0, 0), (1, 0), (0, 1), tell its equations.
    """
    (ux, uy), (vx, vy), u0 = at.u, at.v, at.u0
    zero, one = torch.zeros_like(u0), torch.ones_like(u0)
    trial = torch.stack([zero, one, zero]), torch.stack([zero, zero, one])
    bx, by = ux * slopes.xx + uy * slopes.yx, ux * slopes.xy + uy * slopes.yy
    theta = torch.stack([u0 * hubble + slopes.xx + slopes.yy, vx, vy])
    ax, ay = torch.stack([bx, u0, zero]), torch.stack([by, zero, u0])
    third = theta / 3
    # sigma^ij = -(d_i u^j + d_j u^i)/2 - (u^i a^j + u^j a^i)/2 + theta/3 (delta^ij + u^i u^j)
    sxx, syy = third * (1 + ux * ux) - ux * ax, third * (1 + uy * uy) - uy * ay
    sxy = third * (ux * uy) - (ux * ay + uy * ax) / 2
    sxx[0] -= slopes.xx
    syy[0] -= slopes.yy
    sxy[0] -= (slopes.xy + slopes.yx) / 2
    changes = _relaxing(at, medium, transport, theta, (sxx, sxy, syy), (ax, ay))
    for change, stress, rate in zip(changes, (*at.pi, at.bulk), _rates(medium), strict=True):
        change[0] -= stress * rate
        change /= u0
    for change, flow in zip(changes, carried.unbind(1), strict=True):
        change[0] += flow
    return _solved(at, medium, push, trial, changes)


def _rates(medium: Medium) -> tuple[Tensor, ...]:
    return (*(medium.shearing.rate,) * 3, medium.bulking.rate)


def _relaxing(
    at: Cells,
    medium: Medium,
    transport: Transport,
    theta: Tensor,
    sigma: tuple[Tensor, Tensor, Tensor],
    a: tuple[Tensor, Tensor],
) -> list[Tensor]:
    """u.d of pi^xx, pi^xy, pi^yy, Pi by expansion, shear and acceleration [trial, event, y, x], without -pi/tau_pi."""
    (ux, uy), (vx, vy), m = at.u, at.v, at.shear()
    (pxx, pxy, pyy), (sxx, sxy, syy), (ax, ay) = at.pi, sigma, a
    # n = pi h sigma
    nxx, nxy = m.xx * sxx + m.xy * sxy, m.xx * sxy + m.xy * syy
    nyx, nyy = m.yx * sxx + m.yy * sxy, m.yx * sxy + m.yy * syy
    cross = nxy + nyx
    seta = vx * vx * sxx + 2 * vx * vy * sxy + vy * vy * syy - sxx - syy
    work = nxx + nyy - vx * vx * nxx - vx * vy * cross - vy * vy * nyy + m.eta * seta
    # pi^{i alpha} a_alpha = -(pi h a)^i
    qx, qy = m.xx * ax + m.xy * ay, m.yx * ax + m.yy * ay
    shear, bulk = medium.shearing, medium.bulking
    grown = shear.resolved * (2 * shear.stiffness + transport.shear_of_bulk * at.bulk)
    thinned = (shear.resolved * transport.delta_pipi) * theta
    mixing = shear.resolved * transport.tau_pipi
    third = work / 3
    return [
        grown * sxx - thinned * pxx + mixing * (nxx - third * (1 + ux * ux)) + 2 * ux * qx,
        grown * sxy - thinned * pxy + mixing * (cross / 2 - third * (ux * uy)) + ux * qy + uy * qx,
        grown * syy - thinned * pyy + mixing * (nyy - third * (1 + uy * uy)) + 2 * uy * qy,
        bulk.resolved
        * (
            transport.bulk_of_shear * (1 / 3 - medium.slope) * work
            - (bulk.stiffness + transport.bulk_of_expansion * at.bulk) * theta
        ),
    ]


def _solved(
    at: Cells, medium: Medium, push: Tensor, trial: tuple[Tensor, Tensor], changes: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """The rates for which T^{tau tau}, T^{tau x}, T^{tau y} change by `push`; and where they had to be less."""
    (ux, uy), (vx, vy), u0, (pxx, pxy, pyy) = at.u, at.v, at.u0, at.pi
    total = at.e + medium.pressure + at.bulk
    u02, (dxx, dxy, dyy, dbulk) = u0 * u0, changes
    du0 = vx * trial[0] + vy * trial[1]
    dvx, dvy = (trial[0] - vx * du0) / u0, (trial[1] - vy * du0) / u0
    tx, ty = dxx * vx + dxy * vy, dxy * vx + dyy * vy
    # change of T^{tau mu} but for that of e
    energy = (u02 - 1) * dbulk + 2 * total * u0 * du0 + vx * tx + vy * ty + 2 * (at.t[0] * dvx + at.t[1] * dvy)
    mx = u0 * ux * dbulk + total * (ux * du0 + u0 * trial[0]) + tx + pxx * dvx + pxy * dvy
    my = u0 * uy * dbulk + total * (uy * du0 + u0 * trial[1]) + ty + pxy * dvx + pyy * dvy
    # change of T^{tau mu} by that of e, which the momenta's equations then lose
    per_e = u02 + medium.slope * (u02 - 1)
    fx, fy = ((1 + medium.slope) * u0 * one / per_e for one in (ux, uy))
    mx, my = mx - fx * energy, my - fy * energy
    rx, ry = push[:, 1] - fx * push[:, 0] - mx[0], push[:, 2] - fy * push[:, 0] - my[0]
    # not so far from ideal that the equations no longer tell the rates, nor more than u^tau gained in a step
    det, least = mx[1] * my[2] - mx[2] * my[1], SOLVABLE * total * total
    over = 1 / torch.maximum(det, least)
    dux, duy = over * (rx * my[2] - ry * mx[2]), over * (ry * mx[1] - rx * my[1])
    less = (u0 / (medium.dt * (dux * dux + duy * duy).sqrt() + 1e-30)).clamp(max=1)
    dux, duy = less * dux, less * duy
    de = (push[:, 0] - energy[0] - dux * energy[1] - duy * energy[2]) / per_e
    all_rates = torch.stack([de, dux, duy, *(one[0] + dux * one[1] + duy * one[2] for one in changes)], 1)
    return all_rates, (det < least) | (less < 1)
