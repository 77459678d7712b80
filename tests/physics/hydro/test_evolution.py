"""Events from their beginning to the surface on which they freeze out: two backends, the same answers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from jupyter_phys.physics.hydro.eos import named
from jupyter_phys.physics.hydro.evolution import CFL, EVERY, Course, compiled_course, evolve, proper_times, torch_course
from jupyter_phys.physics.hydro.ideal import Scheme

N, DX = 41, 0.3


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


def test_float32_is_near():
    one, other = evolve(lumps(dtype=torch.float32), dx=DX, tau0=0.6), evolve(lumps(), dx=DX, tau0=0.6)
    assert one.surface.dtype == torch.float32 and one.backend == "compiled"
    assert float(one.surface[:, 4].sum()) == pytest.approx(float(other.surface[:, 4].sum()), rel=1e-3)


@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_an_event_is_the_same_alone(backend: Any):
    energy = lumps()
    whole = evolve(energy, dx=DX, tau0=0.6, backend=backend, keep=3)
    alone = evolve(energy[1], dx=DX, tau0=0.6, backend=backend, keep=3)
    mine = whole.surface[whole.surface[:, 0] == 1]
    torch.testing.assert_close(mine[:, 1:].sum(0), alone.surface[:, 1:].sum(0), rtol=1e-12, atol=1e-12)
    assert torch.equal(whole.moments[1].fluid[1], alone.moments[1].fluid[0])
    assert float(whole.frozen[1]) == float(alone.frozen[0])


@pytest.mark.parametrize("backend", ["torch", "compiled"])
def test_mirrored_events_have_mirrored_surfaces(backend: Any):
    energy = lumps(1)
    one = evolve(energy, dx=DX, tau0=0.6, backend=backend).surface
    other = evolve(energy.transpose(1, 2), dx=DX, tau0=0.6, backend=backend).surface[:, [0, 1, 3, 2, 4, 6, 5]]
    assert len(one) == len(other)
    torch.testing.assert_close(one.sum(0), other.sum(0), rtol=1e-12, atol=1e-11)
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
    "whole numbers": ({"energy": torch.ones(1, N, N, dtype=torch.int64)}, "floats"),
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


def test_vacuum_stays_where_it_is():
    energy = torch.zeros(1, N, N, dtype=torch.float64)
    energy[0, N // 2 - 4 : N // 2 + 5, N // 2 - 4 : N // 2 + 5] = 20
    for found in sides(energy, keep=2):
        assert torch.isfinite(found.surface).all() and torch.isfinite(found.moments[-1].fluid).all()
        assert EVERY and (found.moments[-1].fluid[:, 0] > 0).all()
