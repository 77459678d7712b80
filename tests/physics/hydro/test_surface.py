"""The freeze-out surface on flows whose fluxes are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from transverse import square

from jupyter_phys.physics.hydro.eos import conformal
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.surface import crossings


def cooling(r: Tensor, tau: float) -> Tensor:
    """A round fireball at rest that shrinks: hot where r < 4 - tau."""
    e = 1 + 0.5 * (4 - tau - r)
    return torch.stack([e, torch.zeros_like(e), torch.zeros_like(e)])[None]


def test_a_shrinking_fireball():
    """dS_tau sums to the area times tau over the time of freezing; dS_x and dS_y to zero, each side to its width."""
    dx, dt = 0.1, 0.05
    x, y = square(101, dx)
    r = (x**2 + y**2).sqrt()
    rows = torch.cat([crossings(cooling(r, t), cooling(r, t + dt), (t, t + dt), 1.0, dx)
                      for t in (k * dt for k in range(20, 80))])  # fmt: skip
    # tau = 1 ... 4: area pi (4 - tau)^2 freezes at tau = 4 - r
    frozen = 2 * math.pi * (4 * 3**2 / 2 - 3**3 / 3)
    assert float(rows[:, 4].sum()) == pytest.approx(frozen, rel=5e-3)  # a disc of cells of a thirtieth
    assert float(rows[:, 5].sum()) == pytest.approx(0, abs=1e-9) and float(rows[:, 6].sum()) == pytest.approx(
        0, abs=1e-9
    )
    # int dtau tau 2 (4 - tau) through each side
    side = 2 * (4 * (16 - 1) / 2 - (64 - 1) / 3)
    assert float(rows[:, 5].clamp(min=0).sum()) == pytest.approx(side, rel=5e-3)


def lid(fluid: Tensor, tau: float, level: float, dx: float) -> Tensor:
    """Cells that are hot at the beginning, with normals back in time: they close the surface, and are no freeze-out."""
    _, y, x = (fluid[:, 0] > level).nonzero(as_tuple=True)
    rows = fluid.new_zeros(len(y), 7)
    rows[:, 1], rows[:, 2:4], rows[:, 4] = tau, fluid[0, 1:, y, x].T, -tau * dx * dx
    return rows


def test_all_energy_goes_through_the_surface():
    """Without expansion along the beam; the lid at the beginning takes it in, the surface lets it out."""
    dx, dt, level = 0.1, 0.04, 0.3
    x, y = square(141, dx)
    e = 8 * torch.exp(-(x**2 / 3 + y**2 / 2) / 2) + 1e-3
    fluid = torch.stack([e, torch.zeros_like(e), torch.zeros_like(e)])[None]
    scheme = Scheme(conformal(), dx, expanding=False)
    state, parts, t = scheme.begin(fluid, 1.0), [lid(fluid, 1.0, level, dx)], 1.0
    while float(state.fluid[:, 0].max()) > level:
        after = scheme.step(state, dt)
        parts.append(crossings(state.fluid, after.fluid, (t, t + dt), level, dx))
        state, t = after, t + dt
    rows = torch.cat(parts)
    rows = torch.cat([rows[:, :4], rows[:, 4:] / rows[:, 1:2]], 1)  # in Cartesian coordinates there is no factor tau
    flux = energy(rows, torch.cat([e[e > level], torch.full((len(rows) - int((e > level).sum()),), level).double()]))
    inside = float((e[e > level]).sum() * dx * dx)
    assert float(flux.sum()) == pytest.approx(0, abs=4e-3 * inside)


def energy(rows: Tensor, e: Tensor) -> Tensor:
    """T^(0 mu) dS_mu of conformal matter."""
    _, _, ux, uy, st, sx, sy = rows.T
    u0 = (1 + ux**2 + uy**2).sqrt()
    return (4 / 3 * e * u0**2 - e / 3) * st + 4 / 3 * e * u0 * (ux * sx + uy * sy)


def test_events_keep_apart_and_nothing_freezes_where_all_is_cold():
    x, y = square(41, 0.2)
    r = (x**2 + y**2).sqrt()
    both = torch.cat([cooling(r, 1.0), 0.1 * cooling(r, 1.0)])
    later = torch.cat([cooling(r, 1.2), 0.1 * cooling(r, 1.2)])
    rows = crossings(both, later, (1.0, 1.2), 1.0, 0.2)
    assert len(rows) > 50 and set(rows[:, 0].tolist()) == {0.0}
