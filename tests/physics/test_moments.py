"""The uncertainty relation against closed forms (quadrature to 30 digits where there is none); autograd's gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from pretended import Crossings, Pretend
from torch import Tensor
from torch._subclasses import FakeTensorMode

from jupyter_phys.physics.moments import (
    BLOCKS,
    KERNELS,
    Errors,
    Moments,
    Sums,
    jackknife,
    moments,
    replicates,
    sharpened,
    slope_excess,
    spread,
    windowed,
)
from jupyter_phys.physics.quadrature import Side, box, line

INF = (-math.inf, math.inf)
Loss = Callable[[Tensor], Tensor]


def sloped(loss: Loss, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    value = loss(x)
    parts = [value.real, value.imag] if value.is_complex() else [value]
    gradients = [
        torch.autograd.grad(part.sum(), x, allow_unused=True, materialize_grads=True, retain_graph=True)[0]
        for part in parts
    ]
    return value.detach(), torch.complex(*gradients) if value.is_complex() else gradients[0]


def on(loss: Loss, *sides: Side, panels: int = 64) -> Moments:
    """By quadrature."""
    x, weight = box(sides, panels)
    value, slope = sloped(loss, x)
    sums = Sums.empty(1, len(sides), blocks=1, is_complex=value.is_complex())
    sums.add(0, 0, value, slope, x, weight)
    return moments(sums)


def sampled(loss: Loss, x: Tensor, *, centre: float = 0.0, window: float | None = None) -> Sums:
    """From samples [n, d] of equal weight, in equal blocks."""
    sums = Sums.empty(1, x.shape[1])
    for block, part in enumerate(x.chunk(BLOCKS)):
        value, slope = sloped(loss, part)
        u = part - centre
        slope = slope if window is None else windowed(value, slope, u, window)
        sums.add(0, block, value, slope, u, torch.ones(len(part), dtype=torch.float64))
    return sums


def first(one: Tensor) -> float:
    return float(one.flatten()[0])


def hermite(n: int) -> Loss:
    return lambda x: (torch.ones_like(x), x, x**2 - 1)[n][:, 0] * torch.exp(-(x[:, 0] ** 2) / 4)


# name: (loss, domain, Δx, Δp): vanishing at the edge, so the bound is ½
EDGELESS: dict[str, tuple[Loss, Side, float, float]] = {
    "gauss": (lambda x: torch.exp(-((x[:, 0] - 0.3) ** 2) / (4 * 0.7**2)), INF, 0.7, 1 / 1.4),
    "sech": (lambda x: 1 / torch.cosh(x[:, 0]), (-60.0, 60.0), math.pi / math.sqrt(12), 1 / math.sqrt(3)),
    "cosine": (
        lambda x: torch.cos(math.pi * x[:, 0]), (-0.5, 0.5), math.sqrt(1 / 12 - 1 / (2 * math.pi**2)), math.pi,
    ),
    "parabola": (lambda x: 1 - x[:, 0] ** 2, (-1.0, 1.0), 1 / math.sqrt(7), math.sqrt(5 / 2)),
    "kink": (lambda x: torch.exp(-x[:, 0].abs()), INF, 1 / math.sqrt(2), 1.0),
    "lorentz": (lambda x: 1 / (1 + x[:, 0] ** 2), INF, 1.0, 1 / math.sqrt(2)),
    **{f"oscillator {n}": (hermite(n), INF, math.sqrt(2 * n + 1), math.sqrt(2 * n + 1) / 2) for n in range(3)},
}  # fmt: skip


@pytest.mark.parametrize("name", EDGELESS)
def test_packets_that_vanish_at_the_edge(name: str):
    loss, side, delta_x, delta_p = EDGELESS[name]
    found = on(loss, side)
    assert first(found.delta_x) == pytest.approx(delta_x, rel=1e-8)
    assert first(found.delta_p) == pytest.approx(delta_p, rel=1e-8)
    assert first(found.product) == pytest.approx(delta_x * delta_p, rel=1e-8) and first(found.product) > 0.5 - 1e-9
    assert first(found.correlation) == pytest.approx(-0.5, abs=1e-8)
    assert first(found.mean_p) == pytest.approx(0, abs=1e-8)


def test_a_phase_is_a_covariance_of_position_and_momentum():
    sigma, b, k = 0.7, 1.9, 3.0
    found = on(lambda x: torch.exp(torch.complex(-(x**2) / (4 * sigma**2), b * x**2 / 2 + k * x)[:, 0]), INF)
    assert first(found.product) ** 2 == pytest.approx(1.116761, rel=1e-6)
    assert first(found.product) ** 2 == pytest.approx(0.25 + (b * sigma**2) ** 2, rel=1e-8)
    assert first(found.bound) == pytest.approx(first(found.product), rel=1e-8)
    assert first(found.correlation.real) == pytest.approx(-0.5, rel=1e-8)
    assert first(found.correlation.imag) == pytest.approx(b * sigma**2, rel=1e-8)
    assert first(found.mean_p.imag) == pytest.approx(k, rel=1e-8) and abs(first(found.mean_p.real)) < 1e-8


# loss on [0, 1]: (Δx, Δp, product, |c|)
BOXES: dict[str, tuple[Loss, tuple[float, float, float, float]]] = {
    "constant": (lambda x: 0 * x[:, 0] + 1, (0.2886751346, 0, 0, 0)),
    "ramp": (lambda x: x[:, 0], (0.1936491673, 0.8660254038, math.sqrt(9 / 320), 0.125)),
    "gauss": (
        lambda x: torch.exp(-((x[:, 0] - 0.5) ** 2) / (4 * 0.3**2)),
        (0.2387529684, 1.32640538, 0.31668322187, 0.31668322187),
    ),
    "logistic": (
        lambda x: torch.nn.functional.softplus(-10 * (x[:, 0] - 0.5)),
        (0.1120887759, 1.002763551, 0.112398538942, 0.108726747),
    ),
}


@pytest.mark.parametrize("name", BOXES)
def test_a_box_is_not_forced_to_one_half(name: str):
    loss, expected = BOXES[name]
    found = on(loss, (0.0, 1.0))
    told = found.delta_x, found.delta_p, found.product, found.correlation.abs()
    for one, value in zip(told, expected, strict=True):
        assert first(one) == pytest.approx(value, rel=1e-8, abs=1e-12)
    if name == "logistic":
        assert first(found.delta_x) * math.hypot(first(found.delta_p), first(found.mean_p)) == pytest.approx(
            0.3385638412
        )


@pytest.mark.parametrize("r", [0.0, 0.6, -0.9])
def test_two_dimensions_with_a_correlation(r: float):
    inverse = torch.linalg.inv(torch.tensor([[1.0, r], [r, 1.0]], dtype=torch.float64))
    side = (-12.0, 12.0)
    found = on(lambda x: torch.exp(-((x @ inverse) * x).sum(1) / 4), side, side, panels=16)
    torch.testing.assert_close(
        found.product, torch.full_like(found.product, 0.5 / math.sqrt(1 - r**2)), rtol=1e-8, atol=0
    )
    torch.testing.assert_close(found.delta_x, torch.ones_like(found.delta_x), rtol=1e-8, atol=0)


@pytest.mark.parametrize("d", [1, 5, 64])
@pytest.mark.parametrize("centre", [0.0, 0.3])
def test_a_window_with_a_constant_loss_is_a_coherent_state_whatever_the_samples(d: int, centre: float):
    scale = 0.25
    x = centre + scale * torch.randn(500, d, dtype=torch.float64, generator=torch.Generator().manual_seed(d))
    found = moments(sampled(lambda x: 0 * x.sum(1) + 3, x, centre=centre, window=scale))
    torch.testing.assert_close(found.product, found.correlation.abs(), rtol=1e-12, atol=0)
    torch.testing.assert_close(found.product, torch.full_like(found.product, 0.5), rtol=0.3, atol=0)


@pytest.mark.parametrize(("rho", "expected"), [(1.0, 0.7071068), (1e4, 1.5)])
def test_a_window_with_a_linear_loss_in_one_dimension(rho: float, expected: float):
    """By quadrature over the window: x has the density of the window, a is that density."""
    x, weight = line((-9.0, 9.0), 64)
    x, sums = x[:, None], Sums.empty(1, 1, blocks=1)
    value, slope = sloped(lambda x: 1 + rho * x[:, 0], x)
    sums.add(0, 0, value, windowed(value, slope, x, 1.0), x, weight * torch.exp(-(x[:, 0] ** 2) / 2))
    found = moments(sums)
    closed = 0.5 * math.sqrt((1 + 3 * rho**4) * (1 + 3 * rho**2) / (1 + rho**2) ** 3)
    assert first(found.product) == pytest.approx(closed, rel=1e-8) == pytest.approx(expected, rel=1e-6)


def test_a_window_with_a_linear_loss_in_784_dimensions():
    d, a, s, n = 784, 0.7, 0.8, 20_000
    draw = torch.Generator().manual_seed(1)
    slope = torch.randn(d, dtype=torch.float64, generator=draw) / math.sqrt(d)
    slope[0] = 1.0
    x = s * torch.randn(n, d, dtype=torch.float64, generator=draw)
    sums = sampled(lambda x: a + x @ slope, x, window=s)
    found = moments(sums)
    norm = a**2 + float(slope @ slope) * s**2
    q = slope**2 * s**2 / norm
    product = 0.5 * ((1 + 2 * q) * (1 + 2 * q - 4 * q * a**2 / norm)).sqrt()
    off = found.product[0] - product
    assert off.square().mean().sqrt() < 0.003 * math.sqrt(10) * 1.3  # the page: 0.003 with ten times the samples
    assert found.correlation.abs().mean() == pytest.approx(0.5, abs=0.005)
    sharp = sharpened(found)
    assert (sharp.product[0] - product).square().mean().sqrt() < 3e-4  # the same samples
    assert (sharp.product >= 0.5).all() and (sharp.bound == 0.5).all()
    off = (sharp.product[0] - product) / jackknife(sums, by=lambda sums: sharpened(moments(sums))).product[0]
    assert 0.7 < off.square().mean().sqrt() < 1.4
    assert first(found.ess) / n == pytest.approx(0.35, abs=0.05)


SCATTER = {(1, 10**4): 8e-3, (1, 10**5): 2.3e-3, (2, 10**4): 1.3e-2, (2, 10**5): 4.8e-3}


@pytest.mark.parametrize(("d", "n"), SCATTER)
def test_sampling_a_gaussian_in_a_box(d: int, n: int):
    found, told = repeated(d, n, repeats=1)
    assert abs(found - 0.5).max() < 5 * SCATTER[d, n]
    assert told.max() < 3 * SCATTER[d, n]


def repeated(d: int, n: int, repeats: int) -> tuple[Tensor, Tensor]:
    """Products of the first coordinate and their stated errors."""
    draw = torch.Generator().manual_seed(10 * d + n)
    both: list[tuple[float, float]] = []
    for _ in range(repeats):
        x = 12 * torch.rand(n, d, dtype=torch.float64, generator=draw) - 6
        sums = sampled(lambda x: torch.exp(-(x**2).sum(1) / 4), x)
        both.append((first(moments(sums).product), first(jackknife(sums).product)))
    products, errors = torch.tensor(both, dtype=torch.float64).T
    return products, errors


def test_the_stated_error_is_the_scatter():
    products, errors = repeated(1, 4000, repeats=120)
    assert 0.8 < float(errors.square().mean().sqrt() / products.std()) < 1.25
    many, _ = repeated(1, 400_000, repeats=40)
    assert 6 < float(products.std() / many.std()) < 16  # theory 10


def bumpy(x: Tensor) -> Tensor:
    return 1.5 + torch.sin(3 * x[:, 0]) * torch.cos(2 * x[:, 1]) + 0.2 * x[:, 0] * x[:, 1]


def points(n: int = 3000) -> Tensor:
    return torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_the_bound_holds_for_every_finite_sample():
    for n in (2, 3, 5, 40):
        for seed in range(20):
            x = torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
            sums = Sums.empty(1, 2, blocks=1)
            sums.add(0, 0, *sloped(bumpy, x), x, torch.ones(n, dtype=torch.float64))
            found = moments(sums)
            assert (found.product >= found.correlation.abs() - 1e-6).all()


def test_what_changes_nothing_and_what_scales():
    whole = moments(sampled(bumpy, points()))
    times = moments(sampled(lambda x: 7 * bumpy(x), points()))
    moved = moments(sampled(lambda x: bumpy(x - 5), points() + 5, centre=5))
    wide = moments(sampled(lambda x: bumpy(x / 4), 4 * points()))
    for name in ("delta_x", "delta_p", "product", "correlation"):
        factor = {"delta_x": 4, "delta_p": 0.25}.get(name, 1)
        one = getattr(whole, name)
        torch.testing.assert_close(getattr(times, name), one, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(getattr(moved, name), one, rtol=1e-11, atol=1e-13)
        torch.testing.assert_close(getattr(wide, name), factor * one, rtol=1e-12, atol=1e-14)


def test_pieces_add_up():
    x = points()
    whole, halves = sampled(bumpy, x), [Sums.empty(1, 2), Sums.empty(1, 2)]
    for block, part in enumerate(x.chunk(BLOCKS)):
        for half, piece in zip(halves, part.chunk(2), strict=True):
            half.add(0, block, *sloped(bumpy, piece), piece, torch.ones(len(piece), dtype=torch.float64))
    merged = halves[0]
    merged.put(halves[1], 0)
    for one, other in ((moments(whole), moments(merged)), (jackknife(whole), jackknife(merged))):
        for name in one._fields:
            torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-12)


def test_replicates_spread_as_the_jackknife_does():
    whole = sampled(bumpy, points())
    for one, other in zip(jackknife(whole), spread(replicates(whole)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_labels_do_not_mix():
    x, sums = points(), Sums.empty(2, 2)
    losses: list[Loss] = [bumpy, lambda x: 1 + x[:, 0]]
    for label, loss in enumerate(losses):
        for block, part in enumerate(x.chunk(BLOCKS)):
            sums.add(label, block, *sloped(loss, part), part, torch.ones(len(part), dtype=torch.float64))
    for label, loss in enumerate(losses):
        alone = moments(sampled(loss, x))
        for name in Moments._fields:
            mine = getattr(moments(sums), name)[label]
            torch.testing.assert_close(mine, getattr(alone, name)[0], rtol=1e-12, atol=1e-14, equal_nan=True)
    assert all(one.shape == (2, 2) for one in jackknife(sums))
    assert Errors._fields == ("delta_x", "delta_p", "product", "bound")


def test_a_wrong_gradient_is_seen_under_a_window():
    """A step that autograd does not see: |c| is 0.3854 and not one half."""
    x, weight = line((-9.0, 9.0), 64)
    x, sums = x[:, None], Sums.empty(1, 1, blocks=1)
    value, slope = sloped(lambda x: 1 + (x[:, 0] > 0) + 0 * x[:, 0], x)
    sums.add(0, 0, value, windowed(value, slope, x, 1.0), x, weight * torch.exp(-(x[:, 0] ** 2) / 2))
    assert abs(first(moments(sums).correlation)) == pytest.approx(0.3854, abs=5e-5)


@pytest.mark.parametrize("d", [1, 64])
def test_a_wrong_gradient_shifts_the_mean_slope_under_a_window(d: int):
    draw = torch.Generator().manual_seed(d)
    w = torch.randn(d, dtype=torch.float64, generator=draw) / math.sqrt(d)
    x = torch.randn(4000, d, dtype=torch.float64, generator=draw)
    right = float(slope_excess(sampled(lambda x: torch.nn.functional.softplus(x @ w), x, window=1.0)))
    doubled = float(
        slope_excess(sampled(lambda x: torch.nn.functional.softplus(2 * x @ w - (x @ w).detach()), x, window=1.0))
    )
    assert right < 4 < 10 < doubled


def test_an_error_of_a_mean_is_not_the_mean_of_errors():
    def mean(values: Tensor) -> Tensor:
        return values.mean(-1, keepdim=True)

    sums = sampled(bumpy, points())
    assert jackknife(sums, mean).product.shape == (1, 1)
    assert first(jackknife(sums, mean).product) < 0.9 * float(jackknife(sums).product.mean())


def test_a_packet_that_is_nothing_gives_no_number():
    sums = sampled(lambda x: 0 * x[:, 0], points())
    assert moments(sums).product.isnan().all()


@pytest.mark.parametrize(
    ("side", "f", "expected"),
    [
        ((0.0, 2.0), lambda x: x**31, 2.0**32 / 32),
        (INF, lambda x: torch.exp(-(x**2)), math.sqrt(math.pi)),
        ((1.0, math.inf), lambda x: x**-2, 1.0),
        ((-math.inf, -1.0), lambda x: x**-4, 1 / 3),
    ],
)
def test_integrals(side: Side, f: Loss, expected: float):
    x, weight = line(side, 16)
    assert float((f(x) * weight).sum()) == pytest.approx(expected, rel=1e-12)


def test_sides_that_are_none():
    for side, panels in (((1.0, 1.0), 4), ((2.0, 1.0), 4), ((math.nan, 1.0), 4), ((0.0, 1.0), 0)):
        with pytest.raises(ValueError, match=r"side|panels"):
            line(side, panels)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_kernels_stay_on_the_device(kernel: Callable[[Sums], tuple[Tensor, ...] | Tensor]):
    with FakeTensorMode(), Pretend(), Crossings() as crossings:
        sums = Sums.empty(2, 5, device="cuda")
        for block in range(BLOCKS):
            x, loss = torch.empty(7, 5, device="cuda"), torch.empty(7, device="cuda")
            sums.add(1, block, loss, x, x.double(), loss.double())
        found = kernel(sums)
    found = [found] if isinstance(found, Tensor) else found
    assert crossings.count > 20 and all(one.device.type == "cuda" for one in found)
