"""The viscous solver against Bjorken's flow and the ideal solver; conservation, symmetries, and what it reports."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from pretended import Crossings, Pretend
from torch import Tensor
from torch._subclasses import FakeTensorMode
from transverse import square, still

from jupyter_phys.physics.hydro.eos import conformal, crossover, first_order
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.stress import cells_of
from jupyter_phys.physics.hydro.transport import Transport, denicol, duke, ip_glasma
from jupyter_phys.physics.hydro.viscous import Viscous, ViscousState


def evolved(scheme: Viscous, state: ViscousState, dt: float, steps: int) -> ViscousState:
    for _ in range(steps):
        state = scheme.step(state, dt)
    return state


def lumpy(events: int, n: int, dx: float, *, width2: float = 0.8, floor: float = 1e-4) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    x, y = square(n, dx)
    e = torch.zeros(events, n, n, dtype=torch.float64)
    for _ in range(12):
        at = 2 * torch.randn(events, 2, 1, 1, dtype=torch.float64, generator=draw)
        e += 8 * torch.exp(-((x - at[:, 0]) ** 2 + (y - at[:, 1]) ** 2) / width2)
    return still(e + floor)


BJORKEN = {
    (0.08, 0.0): {1: (15.819055, 1.315335), 2: (6.622107, 0.420982), 5: (2.036369, 0.066322), 10: (0.822667, 0.016411)},
    (0.2, 10 / 7): {
        1: (15.918824, 1.825167),
        2: (6.910516, 0.877901),
        5: (2.237003, 0.171645),
        10: (0.926174, 0.044163),
    },
}


@pytest.mark.parametrize("case", BJORKEN)
def test_bjorken(case: tuple[float, float]):
    """e and pi = -tau^2 pi^eta-eta from e = 30.38476 GeV/fm^3 (0.36 GeV) and pi = 0 at 0.6 fm."""
    scheme = Viscous(conformal(), 0.2, Transport(shear=case[0], tau_pipi=case[1]))
    state = scheme.begin(still(torch.full((1, 2, 2), 30.38476, dtype=torch.float64)), 0.6)
    for tau, (e, pi) in BJORKEN[case].items():
        dt = 0.005 if tau <= 2 else 0.02
        state = evolved(scheme, state, dt, round((tau - state.tau) / dt))
        assert float(state.fluid[0, 0, 0, 0]) == pytest.approx(e, rel=1e-4)
        assert float(-cells_of(state.cells).shear().eta[0, 0, 0]) == pytest.approx(pi, rel=1e-4)
        assert float(state.fluid[:, 1:].abs().max()) == 0


def test_without_viscosity_it_is_the_ideal_solver():
    fluid, matter = lumpy(1, 41, 0.3), crossover()
    ideal, viscous = Scheme(matter, 0.3), Viscous(matter, 0.3, Transport())
    plain, state = ideal.begin(fluid, 0.6), viscous.begin(fluid, 0.6)
    for _ in range(20):
        plain, state = ideal.step(plain, 0.06), viscous.step(state, 0.06)
    warm = plain.fluid[:, :1] > 1e-3
    assert float(((state.fluid - plain.fluid) * warm).abs().max()) < 1e-6
    assert float(state.shear.abs().max()) == 0 and float(state.bulk.abs().max()) == 0
    assert float(state.regulated.max()) == 0 and float(state.unresolved.max()) == 0


RUNNING = Transport(shear=lambda t: 0.08 + 0.5 * (t - 0.15).clamp_min(0), bulk=duke(0.03, 0.18, 0.03))


def test_energy_and_momentum_are_conserved():
    """Without expansion along the beam; with it, momentum, and energy by what the pressure along the beam works."""
    fluid, matter = lumpy(2, 81, 0.3), crossover()
    flat = Viscous(matter, 0.3, RUNNING, expanding=False)
    begin = flat.begin(fluid, 0.6)
    end = evolved(flat, begin, 0.06, 20)
    scale = begin.conserved[:, :1].sum((2, 3))
    assert float(((end.conserved - begin.conserved).sum((2, 3)) / scale).abs().max()) < 1e-12
    scheme = replace(flat, expanding=True)
    before = evolved(scheme, scheme.begin(fluid, 0.6), 0.01, 20)
    after = scheme.step(before, 0.01)
    works = []
    for one in (before, after):
        at = cells_of(one.cells)
        works.append((matter.pressure(at.e) + at.bulk + at.shear().eta).sum((1, 2)))
    change = (after.conserved - before.conserved).sum((2, 3))
    assert float((change[:, 1:] / scale).abs().max()) < 1e-14
    assert change[:, 0].tolist() == pytest.approx((-0.01 * (works[0] + works[1]) / 2).tolist(), rel=1e-3)


def test_symmetries_and_batches():
    fluid, scheme = lumpy(3, 41, 0.3), Viscous(crossover(), 0.3, RUNNING)

    def end(fluid: Tensor) -> Tensor:
        return evolved(scheme, scheme.begin(fluid, 0.6), 0.06, 10).cells

    cells = end(fluid)
    swap = [0, 2, 1, 5, 4, 3, 6]
    turned = end(fluid.transpose(2, 3)[:, [0, 2, 1]].contiguous()).transpose(2, 3)[:, swap]
    torch.testing.assert_close(turned, cells, rtol=1e-12, atol=1e-12)
    mirrored = end(fluid.flip(3)).flip(3)
    mirrored[:, [1, 4]] *= -1
    torch.testing.assert_close(mirrored, cells, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(end(fluid[1:2]), cells[1:2], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bulk", [0.0, denicol])
def test_lumps_down_to_freeze_out(bulk: float):
    """eta/s = 0.16 from 0.6 fm on: where it is hot no shear is cut; the bulk pressure of a zeta/s of 0.33 is."""
    scheme = Viscous(crossover(), 0.2, Transport(shear=0.16, bulk=bulk))
    state, frozen = scheme.begin(lumpy(1, 65, 0.2), 0.6), scheme.matter.energy(0.137)
    while float(state.fluid[:, 0].max()) > frozen and state.tau < 12:
        state = scheme.step(state, 0.05)
    assert torch.isfinite(state.cells).all() and 6 < state.tau < 10
    assert float(state.regulated[0, 0]) == 0
    assert float(state.regulated[0, 1]) == 0 if bulk == 0 else 0 < float(state.regulated[0, 1]) < 0.3


@pytest.mark.parametrize("make", [conformal, crossover, first_order])
def test_sharp_lumps_in_vacuum_stay_finite(make: object):
    """Streams that meet in vacuum: there stress is cut; where it is hot, none of it."""
    matter = make()  # type: ignore[operator]
    scheme = Viscous(matter, 0.2, Transport(shear=0.2, bulk=ip_glasma))
    state = scheme.begin(lumpy(1, 65, 0.2, width2=0.2, floor=1e-7), 0.6)
    energy = float(state.conserved[:, 0].sum())
    state = evolved(scheme, state, 0.04, 100)
    assert torch.isfinite(state.cells).all() and float(state.fluid[:, 0].min()) > 0
    assert float(state.conserved[:, 0].sum()) < energy and float(state.regulated[0, 0]) < 1e-2


def test_reports_what_it_does_not_resolve():
    fluid = lumpy(1, 33, 0.3)
    for shear, share in ((0.16, 0.0), (0.005, 1.0)):
        scheme = Viscous(crossover(), 0.3, Transport(shear=shear))
        assert float(scheme.step(scheme.begin(fluid, 0.6), 0.05).unresolved[0, 0]) == pytest.approx(share, abs=1e-12)
    scheme = Viscous(crossover(), 0.3, Transport(shear=0.16), most=0.01)
    state = evolved(scheme, scheme.begin(fluid, 0.6), 0.05, 10)
    at = cells_of(state.cells)
    size = at.shear().square().sqrt() / (at.e**2 + 3 * scheme.matter.pressure(at.e) ** 2).sqrt()
    assert float(state.regulated[0, 0]) > 0.5 and float(size[at.e > 0.1].max()) == pytest.approx(0.01, rel=1e-3)


def test_float32_agrees():
    fluid = lumpy(1, 41, 0.3)
    scheme = Viscous(crossover(), 0.3, RUNNING)
    end = evolved(scheme, scheme.begin(fluid, 0.6), 0.06, 20)
    single = replace(scheme, matter=crossover().to("cpu", torch.float32))
    rough = evolved(single, single.begin(fluid.float(), 0.6), 0.06, 20)
    inside = end.fluid[:, 0] > 0.05
    assert rough.cells.dtype == torch.float32
    assert float(((rough.fluid[:, 0] - end.fluid[:, 0]).abs() / end.fluid[:, 0])[inside].max()) < 1e-4
    off = ((rough.shear - end.shear).abs().amax(1) / end.fluid[:, 0])[inside]
    assert float(off.max()) < 1e-3


def test_a_step_stays_on_the_device():
    with FakeTensorMode(), Pretend(), Crossings() as crossings:
        rows = torch.ones(64, device="cuda")
        scheme = Viscous(Matter("conformal", 0.1, rows / 3, rows / 3, rows), 0.2, RUNNING)
        end = scheme.step(scheme.begin(torch.ones(2, 3, 16, 16, device="cuda"), 1.0), 0.02)
    assert crossings.count > 50 and end.cells.device.type == "cuda"
