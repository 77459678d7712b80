"""Attacks against closed forms on linear models, and what holds of every attack."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from jupyter_phys.physics.attack import Attacked, Noise, Objective, Threat, fgsm, length, pgd

DRAW = torch.Generator().manual_seed(5)
W = torch.randn(12, dtype=torch.float64, generator=DRAW)
B = 0.3
X = torch.randn(400, 3, 4, dtype=torch.float64, generator=DRAW)
SIGN = (X.flatten(1) @ W + B).sign() * (torch.rand(400, generator=DRAW) < 0.9).double().mul(2).sub(1)
HIDDEN = torch.randn(12, 16, dtype=torch.float64, generator=DRAW)
OUT = torch.randn(16, dtype=torch.float64, generator=DRAW)
FAR = {"low": -math.inf, "high": math.inf}


def linear(x: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of a linear binary model; broken where the sign is wrong."""
    margin = SIGN[items] * (x.flatten(1) @ W + B)
    return torch.nn.functional.softplus(-margin), margin <= 0


def curved(x: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
    """A small network on inputs in [0, 1]."""
    margin = SIGN[items] * (torch.tanh((x.flatten(1) - 0.5) @ HIDDEN) @ OUT)
    return torch.nn.functional.softplus(-5 * margin), margin <= 0


def even(seed: int = 0) -> Noise:
    def noise(restart: int, items: Tensor) -> Tensor:
        draws = [torch.Generator().manual_seed(int(1000 * seed + 7919 * restart + item)) for item in items]
        return torch.stack([torch.rand(13, dtype=torch.float64, generator=draw) for draw in draws])

    return noise


def accuracy(found: Attacked) -> float:
    return float((~found.broken).double().mean())


@pytest.mark.parametrize("eps", [0.0, 0.05, 0.2, 1.0])
@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
def test_the_worst_case_of_a_linear_model(norm: str, dual: int, eps: float):
    margin = SIGN * (X.flatten(1) @ W + B)
    expected = float((margin - eps * W.norm(dual) > 0).double().mean())
    threat = Threat(norm, eps, **FAR)  # type: ignore[arg-type]
    one, many = fgsm(linear, X, threat), pgd(linear, X, threat, steps=60, size=eps / 8, noise=even())
    assert accuracy(one) == accuracy(many) == expected


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_distance_and_range_are_kept(norm: str):
    threat = Threat(norm, 0.17, 0.0, 1.0)  # type: ignore[arg-type]
    x = torch.rand(50, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for found in (fgsm(curved, x, threat), pgd(curved, x, threat, steps=15, size=0.05, restarts=3, noise=even())):
        assert found.x.min() >= 0 and found.x.max() <= 1
        step = found.x - x
        size = step.abs().amax() if norm == "linf" else length(step).max()
        assert size <= 0.17 + 1e-6
        loss, broken = curved(found.x, torch.arange(50))
        torch.testing.assert_close(loss, found.loss)
        assert torch.equal(broken, found.broken)


def inside() -> Tensor:
    return torch.rand(300, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_nothing_happens_within_no_distance():
    x = inside()
    clean = float((~curved(x, torch.arange(300))[1]).double().mean())
    for norm in ("linf", "l2"):
        found = pgd(curved, x, Threat(norm, 0.0), steps=5, size=0.1, noise=even())
        assert accuracy(found) == clean and torch.equal(found.x, x)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_more_steps_restarts_and_distance_break_more(norm: str):
    x = inside()
    unit = 0.1 if norm == "linf" else 0.3
    threat = Threat(norm, unit)  # type: ignore[arg-type]
    one = fgsm(curved, x, threat)
    few = pgd(curved, x, threat, steps=10, size=unit / 4, noise=even())
    more = pgd(curved, x, threat, steps=10, size=unit / 4, restarts=4, noise=even())
    far = pgd(curved, x, Threat(norm, 5 * unit), steps=20, size=unit, noise=even())  # type: ignore[arg-type]
    held = ~few.broken  # an attack ends where it has broken an input, at whatever loss
    assert few.loss[held].mean() >= one.loss[held].mean() and accuracy(more) <= accuracy(few) <= accuracy(one)
    assert accuracy(far) < 0.02
    whole = more.broken | few.broken
    assert torch.equal(whole, more.broken), "restarts add to the first"


def test_random_starts_are_evenly_spread_over_the_ball():
    origin = torch.zeros(4000, 3, dtype=torch.float64)
    noise = torch.rand(4000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    ball, cube = (Threat(norm, 2.0, **FAR).start(origin, noise) for norm in ("l2", "linf"))  # type: ignore[arg-type]
    volume = (length(ball).flatten() / 2) ** 3  # evenly spread, so uniform
    torch.testing.assert_close(volume.sort().values, torch.linspace(0, 1, 4000, dtype=torch.float64), atol=0.03, rtol=0)
    torch.testing.assert_close(ball.mean(0), torch.zeros(3, dtype=torch.float64), atol=0.06, rtol=0)
    torch.testing.assert_close(cube.square().mean(0), torch.full((3,), 4 / 3, dtype=torch.float64), atol=0.08, rtol=0)


def test_batches_change_nothing():
    x, threat = inside(), Threat("linf", 0.1)
    whole = pgd(curved, x, threat, steps=6, size=0.03, restarts=2, noise=even())
    for part in torch.arange(300).split(37):

        def shifted(y: Tensor, items: Tensor, part: Tensor = part) -> tuple[Tensor, Tensor]:
            return curved(y, part[items])

        def noise(restart: int, items: Tensor, part: Tensor = part) -> Tensor:
            return even()(restart, part[items])

        found = pgd(shifted, x[part], threat, steps=6, size=0.03, restarts=2, noise=noise)
        torch.testing.assert_close(found.x, whole.x[part], rtol=1e-12, atol=1e-14)
        assert torch.equal(found.broken, whole.broken[part])


def test_broken_inputs_are_left_alone():
    seen: list[int] = []

    def counting(x: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(len(items))
        return linear(x, items)

    objective: Objective = counting
    pgd(objective, X, Threat("linf", 0.3, **FAR), steps=30, size=0.02)
    assert seen[0] == 400 and seen[-1] < seen[1] < 400 and seen == sorted(seen, reverse=True)


def test_a_stop_at_any_step():
    class Enough(Exception):
        pass

    def tick() -> None:
        raise Enough

    with pytest.raises(Enough):
        pgd(linear, X, Threat("linf", 0.1), steps=3, size=0.1, tick=tick)


@pytest.mark.parametrize("asked", [{"steps": 0}, {"steps": 1, "restarts": 0}, {"steps": 1, "restarts": 2}])
def test_what_cannot_be_asked(asked: dict[str, int]):
    with pytest.raises(ValueError, match="at least 1"):
        pgd(linear, X, Threat("linf", 0.1), size=0.1, **asked)
