"""Events from their beginning to the surface on which they freeze out: two backends, the same answers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from jupyter_phys.physics import hydro
from jupyter_phys.physics.hydro.eos import named
from jupyter_phys.physics.hydro.evolution import CFL, EVERY, Course, compiled_course, evolve, proper_times, torch_course
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.transport import Transport, denicol, duke
from jupyter_phys.physics.hydro.viscous import Viscous, ViscousState

N, DX = 41, 0.3
ETA: dict[str, Any] = {"eta_over_s": 0.12}
VISCOUS: dict[str, Any] = ETA | {"zeta_over_s": 0.05}
BOTH: dict[str, dict[str, Any]] = {"ideal": {}, "viscous": VISCOUS}


def lumps(count: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    """Fireballs of some lumps [event, y, x], up to 30 GeV/fm^3."""
    at = (torch.arange(N, dtype=torch.float64) - N // 2) * DX
    y, x = torch.meshgrid(at, at, indexing="ij")
    draw = torch.Generator().manual_seed(3)
    events: list[Tensor] = []
    for _ in range(count):
        places = 1.5 * torch.randn(12, 2, generator=draw, dtype=torch.float64)
        spots = torch.exp(-((x - places[:, 0, None, None]) ** 2 + (y - places[:, 1, None, None]) ** 2) / 0.8)
        events.append(30 * spots.sum(0) / spots.sum(0).max())
    return torch.stack(events).to(dtype)


def sides(energy: Tensor, name: str = "crossover", **options: Any) -> tuple[Any, Any]:
    return evolve(energy, dx=DX, tau0=0.6, eos=name, backend="torch", **options), evolve(
        energy, dx=DX, tau0=0.6, eos=name, backend="compiled", **options
    )


@pytest.mark.parametrize("name", ["crossover", "first_order", "conformal", "hotqcd"])
def test_one_step_of_both_backends_agrees(name: str):
    """To 1e-13 of the largest value."""
    energy = lumps()
    fluid = torch.cat([energy[:, None], 0.1 * energy[:, None].expand(-1, 2, -1, -1) / 30], 1)
    for expanding in (True, False):
        course = Course(Scheme(named(name), DX, expanding=expanding), [1.0, 1.0 + CFL * DX], 0.0, keep=[1], every=1)
        one, other = (run(fluid, course).moments[-1].fluid for run in (torch_course, compiled_course))
        assert float((one - other).abs().max()) < 1e-13 * float(one.abs().max())


def stepped(scheme: Viscous, state: ViscousState, dt: float) -> ViscousState:
    """A step of one event by the compiled solver."""
    from jupyter_phys.physics.hydro.compiled_viscous import CompiledViscous

    padded = torch.nn.functional.pad(state.cells, (2, 2, 2, 2), mode="replicate")
    given = [one[0].numpy().copy() for one in (state.conserved, padded, state.tally)]
    times = np.array([state.tau, state.tau + dt])
    CompiledViscous(scheme, given[0].dtype.type).march(*given, times, 0, 0.1)
    conserved, cells, tally = (torch.from_numpy(one)[None] for one in given)
    return ViscousState(conserved, cells[:, :, 2:-2, 2:-2], state.tau + dt, tally)


def after_some_steps(scheme: Viscous) -> ViscousState:
    energy = lumps(1)
    state = scheme.begin(torch.cat([energy[:, None], 0.1 * energy[:, None].expand(-1, 2, -1, -1) / 30], 1), 0.6)
    for _ in range(15):
        state = scheme.step(state, 0.06)
    return state


@pytest.mark.parametrize("name", ["crossover", "first_order", "conformal"])
@pytest.mark.parametrize("ratios", [(0.12, 0.0), (0.05, 0.05), (0.0, 0.1), (0.0, 0.0)])
def test_one_viscous_step_of_both_backends_agrees(name: str, ratios: tuple[float, float]):
    """To 1e-13 of the largest value of a field."""
    for expanding in (True, False):
        scheme = Viscous(named(name), DX, Transport(*ratios), most=0.05, expanding=expanding)
        state = after_some_steps(scheme)
        one, other = scheme.step(state, 0.05), stepped(scheme, state, 0.05)
        for a, b in ((one.cells, other.cells), (one.conserved, other.conserved)):
            most = a.abs().amax((0, 2, 3)).clamp_min(1e-30)
            assert float(((a - b).abs().amax((0, 2, 3)) / most).max()) < 1e-13
        torch.testing.assert_close(one.tally, other.tally, rtol=1e-12, atol=1e-12)
    if ratios == (0.05, 0.05) and name == "crossover":
        assert (one.tally > 0).all()  # nothing of which was compared as zeros


def test_viscosities_that_are_functions_come_from_tables():
    for shear, bulk, close in ((0.12, duke(0.05, 0.18, 0.02), 1e-7), (lambda t: t, denicol, 1e-5)):
        scheme = Viscous(named("crossover"), DX, Transport(shear, bulk))
        state = after_some_steps(scheme)
        one, other = scheme.step(state, 0.05).cells, stepped(scheme, state, 0.05).cells
        found = (one - other).abs().amax((0, 2, 3)) / one.abs().amax((0, 2, 3))
        assert 1e-16 < float(found.max()) < close


@pytest.mark.parametrize("options", [ETA, VISCOUS])
def test_viscous_fluids_end_the_same(options: dict[str, Any]):
    one, other = sides(lumps(2), keep=16, tau_end=20.0, **options)
    assert one.backend == "torch" and other.backend == "compiled"
    assert one.steps == other.steps and torch.equal(one.frozen, other.frozen) and torch.isfinite(one.frozen).all()
    for a, b in zip(one.moments, other.moments, strict=True):
        torch.testing.assert_close(a.fluid, b.fluid, rtol=1e-9, atol=1e-9)
    assert one.surface.shape == other.surface.shape and one.surface.shape[1] == 11
    for event in range(2):
        rows = [side.surface[side.surface[:, 0] == event] for side in (one, other)]
        totals = [torch.cat([part.sum(0), part.abs().sum(0)]) for part in rows]
        torch.testing.assert_close(totals[0], totals[1], rtol=1e-6, atol=1e-6)
        assert (rows[0][:, 7:].abs().amax(0) > 0).all() or options is ETA
    assert one.regulated is not None and other.regulated is not None
    torch.testing.assert_close(one.regulated, other.regulated, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["crossover", "first_order"])
def test_both_backends_end_the_same(name: str):
    one, other = sides(lumps(), name, keep=4)
    assert one.backend == "torch" and other.backend == "compiled"
    assert one.steps == other.steps and torch.equal(one.frozen, other.frozen) and torch.isfinite(one.frozen).all()
    for a, b in zip(one.moments, other.moments, strict=True):
        assert a.tau == b.tau
        torch.testing.assert_close(a.fluid, b.fluid, rtol=1e-9, atol=1e-9)
    assert one.surface.shape == other.surface.shape
    for event in range(3):
        totals = [side.surface[side.surface[:, 0] == event].sum(0) for side in (one, other)]
        # a crossing of two energy densities that hardly differ multiplies their rounding
        torch.testing.assert_close(totals[0], totals[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", BOTH)
def test_float32_is_near(kind: str):
    one, other = (evolve(lumps(dtype=of), dx=DX, tau0=0.6, **BOTH[kind]) for of in (torch.float32, torch.float64))
    assert one.surface.dtype == torch.float32 and one.backend == "compiled"
    assert float(one.surface[:, 4].sum()) == pytest.approx(float(other.surface[:, 4].sum()), rel=1e-3)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_an_event_is_the_same_alone(backend: Any, kind: str):
    energy = lumps()
    whole = evolve(energy, dx=DX, tau0=0.6, backend=backend, keep=3, **BOTH[kind])
    alone = evolve(energy[1], dx=DX, tau0=0.6, backend=backend, keep=3, **BOTH[kind])
    mine = whole.surface[whole.surface[:, 0] == 1]
    torch.testing.assert_close(mine[:, 1:].sum(0), alone.surface[:, 1:].sum(0), rtol=1e-12, atol=1e-12)
    assert torch.equal(whole.moments[1].fluid[1], alone.moments[1].fluid[0])
    assert float(whole.frozen[1]) == float(alone.frozen[0])


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_mirrored_events_have_mirrored_surfaces(backend: Any, kind: str):
    energy = lumps(1)
    mirrored = [0, 1, 3, 2, 4, 6, 5] + [9, 8, 7, 10] * (kind == "viscous")
    one = evolve(energy, dx=DX, tau0=0.6, backend=backend, **BOTH[kind]).surface
    other = evolve(energy.transpose(1, 2), dx=DX, tau0=0.6, backend=backend, **BOTH[kind]).surface[:, mirrored]
    assert len(one) == len(other)
    close = 1e-11 if kind == "ideal" else 1e-7  # crossings of what hardly differs
    torch.testing.assert_close(one.sum(0), other.sum(0), rtol=0.1 * close, atol=close)
    for weighed in (one, other):
        assert float((weighed[:, 2] * weighed[:, 5]).sum()) > 0  # it flows outwards through its sides


def test_steps_follow_dx_and_at_first_tau():
    times = proper_times(0.2, 2.0, 0.2)
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert times[0] == 0.2 and times[-1] == 2.0 and max(steps) <= CFL * 0.2 + 1e-12 and steps[0] == pytest.approx(0.02)


def test_what_is_not_frozen_in_time_says_so():
    found = evolve(lumps(2), dx=DX, tau0=0.6, tau_end=2.0)
    assert torch.isinf(found.frozen).all() and float(found.surface[:, 1].max()) <= 2.0
    assert found.level == named("crossover").energy(0.137)


def test_arrays_are_taken_as_tensors_are():
    energy, flow = lumps(1), torch.zeros(1, 2, *lumps(1).shape[1:])
    one = hydro.evolve(energy.numpy(), dx=DX, tau0=0.6, tau_end=1.0, keep=2, flow=flow.numpy())
    other = evolve(energy, dx=DX, tau0=0.6, tau_end=1.0, keep=2)
    assert torch.equal(one.moments[-1][1], other.moments[-1][1])
    whole = evolve(torch.ones(N, N, dtype=torch.int64), dx=DX, tau0=0.6, tau_end=0.7, keep=1)
    assert whole.moments[0][1].dtype == torch.float64


def test_somebody_may_count_and_stop():
    counted: list[int] = []
    for backend in ("torch", "compiled"):
        counted.clear()
        found = evolve(lumps(2), dx=DX, tau0=0.6, tau_end=3.0, backend=backend, tick=counted.append)  # type: ignore[arg-type]
        assert sum(counted) == found.steps * 2 * N * N and len(counted) > 1

    def stop(steps: int) -> None:
        raise KeyboardInterrupt

    for backend in ("torch", "compiled"):
        with pytest.raises(KeyboardInterrupt):
            evolve(lumps(1), dx=DX, tau0=0.6, backend=backend, tick=stop)  # type: ignore[arg-type]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "negative": ({"energy": -lumps(1)}, "not negative"),
    "nan": ({"energy": lumps(1) * math.nan}, "finite"),
    "complex": ({"energy": torch.ones(1, N, N, dtype=torch.complex128)}, "floats"),
    "backend": ({"backend": "numba"}, "torch or compiled"),
    "a line": ({"energy": torch.ones(N)}, r"\[event, y, x\]"),
    "flow": ({"flow": torch.full((1, 2, N, N), math.inf)}, "finite u"),
    "flow of another shape": ({"flow": torch.zeros(1, 2, 3, 3)}, "finite u"),
    "dx": ({"dx": 0.0}, "dx > 0"),
    "time": ({"tau_end": 0.1}, "tau0 < tau_end"),
    "name": ({"eos": "bag"}, "crossover, hotqcd"),
    "hot": ({"freeze_out": 3.0}, "outside"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_an_error(name: str):
    options, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        evolve(**{"energy": lumps(1), "dx": DX, "tau0": 0.6} | options)


@pytest.mark.parametrize("nx", [5, 15, 16, 23, 40])
def test_rows_of_any_length(nx: int):
    """Whole SIMD registers of cells or not, wider than high or higher than wide."""
    for energy in (lumps(2)[:, 10:31, :nx], lumps(2)[:, :nx, 10:31]):
        one, other = sides(energy, tau_end=1.5, keep=2, **VISCOUS)
        torch.testing.assert_close(one.moments[-1].fluid, other.moments[-1].fluid, rtol=1e-12, atol=1e-12)
        assert one.surface.shape == other.surface.shape


def test_vacuum_stays_where_it_is():
    energy = torch.zeros(1, N, N, dtype=torch.float64)
    energy[0, N // 2 - 4 : N // 2 + 5, N // 2 - 4 : N // 2 + 5] = 20
    for found in (*sides(energy, keep=2), *sides(energy, keep=2, **VISCOUS)):
        assert torch.isfinite(found.surface).all() and torch.isfinite(found.moments[-1].fluid).all()
        assert EVERY and (found.moments[-1].fluid[:, 0] > 0).all()


def test_what_would_be_no_number_in_compiled_loops_is_refused():
    """They read tables without looking where: NaN ended the process."""
    e, more = spot(), dict[str, Any](dx=0.4, tau0=0.6, tau_end=1.0)
    wrongs: list[Any] = [math.nan, -0.1, lambda t: (t - 0.154) ** 0.5]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="eta_over_s: finite"):
            evolve(e, eta_over_s=wrong, **more)
    with pytest.raises(ValueError, match="theta"):
        evolve(e, theta=math.nan, **more)
    with pytest.raises(ValueError, match="within -100"):
        evolve(e, flow=1e12 * torch.ones(1, 2, *e.shape), **more)
    with pytest.raises(ValueError, match="at most"):
        evolve(1e30 * e, **more)


@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_an_event_that_is_hot_at_the_edge_is_told(backend: Any):
    e = torch.stack([spot(), spot(wide=4.0)])
    found = evolve(e, dx=0.4, tau0=0.6, tau_end=20.0, backend=backend)
    assert found.outside is not None and found.outside.tolist() == [False, True]


def test_an_array_that_is_read_backwards():
    e = spot().numpy()
    assert evolve(e[::-1], dx=0.4, tau0=0.6, tau_end=1.0).steps > 0


def spot(wide: float = 1.5) -> torch.Tensor:
    axis = 0.4 * (torch.arange(41, dtype=torch.float64) - 20)
    return 20 * torch.exp(-(axis**2 + axis[:, None] ** 2) / (2 * wide**2))
