"""Phase space against closed forms, a plain reference and its own promises."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pretended import Crossings, Pretend
from torch import Tensor
from torch._subclasses import FakeTensorMode
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from jupyter_phys.physics import entropy_stream
from jupyter_phys.physics.gabor import power_blocks
from jupyter_phys.physics.phase_grid import grid
from jupyter_phys.physics.phase_space import (
    KERNELS,
    grid_rule,
    husimi,
    husimi_entropy,
    projections,
    valid_scale,
    wigner,
)

N = 256
S0 = math.sqrt(N / (2 * math.pi))  # the window whose spectrum has its own shape
GAMMA = 0.5772156649015329
PLANE = 0.5 * math.log(math.pi * math.e)  # entropy of a flat line, less ln of its width
EXACT, ROUNDED = torch.complex128, torch.complex64
Grid = dict[str, Any]


def samples(n: int = N) -> Tensor:
    return torch.arange(n, dtype=torch.float64)


def packet(width: float, centre: float = N / 2, n: int = N) -> Tensor:
    return torch.exp(-(((samples(n) - centre) / width) ** 2) / 2)


def wave(k: float, n: int = N) -> Tensor:
    return torch.exp(2j * math.pi * k * samples(n) / n)


def delta(at: int, n: int = N) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(at), n).double()


def fixture() -> Tensor:
    n = samples(64)
    sharp = 0.5 * torch.exp(0.7j * n) * torch.exp(-(((n - 45) / 5) ** 2))
    return torch.exp(-(((n - 20) / 9) ** 2)) + sharp + 0.1 * torch.cos(2 * math.pi * 11 * n / 64)


def keep(x: Tensor, *periods: int) -> Tensor:
    y = torch.zeros_like(x)
    every = (..., *(slice(None, None, m) for m in periods))
    y[every] = x[every]
    return y


def full(x: Tensor, scale: float) -> Tensor:
    """S of signals on the full grid."""
    return husimi_entropy(x, scale, ndim=1, hop=1, window_length=x.shape[-1])


def noise(*shape: int, dtype: torch.dtype = torch.complex128, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def naive_power(x: Tensor, scale: tuple[float, ...], hop: tuple[int, ...], window: tuple[int, ...]) -> Tensor:
    """|V|^2 [*positions, *frequencies], every number of it."""
    d = x.dim()
    for i, (s, h, w) in enumerate(zip(scale, hop, window, strict=True)):
        offsets, n = torch.arange(w) - w // 2, x.shape[i]
        g = sum(torch.exp(-((offsets + m * n).double() ** 2) / (2 * s**2)) for m in range(-30, 31))
        index = (torch.arange(0, n, h)[:, None] + offsets) % n
        x = (x.movedim(i, -1)[..., index] * (g / torch.linalg.vector_norm(g)).to(x.real.dtype)).movedim(-2, i)
    return torch.fft.fftn(x, dim=list(range(d, 2 * d))).abs().square()


def naive_entropy(p: Tensor, samples_in_all: int) -> Tensor:
    q = p / p.sum()
    return -torch.xlogy(q, q).sum() - math.log(p.numel() / samples_in_all)


# ---- known answers

u = (samples() - N / 2) / S0
KNOWN = {
    "matched packet": (packet(S0), S0, 1.0, 1e-10),
    "packet twice as wide": (packet(2 * S0), S0, 1 + math.log(math.cosh(math.log(2))), 1e-10),
    "packet half as wide": (packet(S0 / 2), S0, 1.2231435513142097, 1e-10),
    "delta, s=3": (delta(0), 3.0, PLANE + math.log(3), 1e-9),
    "delta, s=s0": (delta(77), S0, PLANE + math.log(S0), 1e-9),
    "delta, s=12": (delta(255), 12.0, 3.5572715927, 1e-9),
    "plane wave, s=3": (wave(10), 3.0, PLANE + math.log(N / (6 * math.pi)), 1e-9),
    "plane wave, s=s0": (wave(200), S0, PLANE + math.log(N / (2 * math.pi * S0)), 1e-9),
    "plane wave, s=12": (wave(0), 12.0, 2.2947586712, 1e-9),
    "first Hermite state": (u * torch.exp(-u * u / 2), S0, 1 + GAMMA, 2e-5),
    "two far packets": (packet(S0, 68) + packet(S0, 188), S0, 1 + math.log(2), 1e-9),
    "three plane waves": (wave(16) + wave(80) + wave(144), 12.0, 2.2947586712 + math.log(3), 1e-6),
    "four plane waves": (wave(16) + wave(80) + wave(144) + wave(208), 12.0, 2.2947586712 + math.log(4), 1e-6),
    "fixture, s=2": (fixture(), 2.0, 1.9808586054718242, 1e-10),
    "fixture, s=4": (fixture(), 4.0, 1.5833178900139213, 1e-10),
}


@pytest.mark.parametrize("dtype", [EXACT, ROUNDED], ids=["float64", "float32"])
@pytest.mark.parametrize("case", KNOWN)
def test_known_entropy(case: str, dtype: torch.dtype) -> None:
    x, scale, expected, tolerance = KNOWN[case]
    for y in (x.to(dtype), x.to(dtype.to_real())) if not x.is_complex() else (x.to(dtype),):
        assert full(y, scale).item() == pytest.approx(
            expected, abs=tolerance if dtype == EXACT else max(tolerance, 5e-6)
        )


DECIMATED = {
    **{f"tone, M={m}": (wave(10, 1024), 2.0 * m, (m,), math.log(m), 1e-9) for m in (2, 4, 8)},
    **{
        f"packet, M={m}": (packet(60, 512, 1024) * wave(13, 1024), 40.0, (m,), math.log(m), 1e-9) for m in (2, 4, 8, 16)
    },
    "fixture, s=2, M=2": (fixture(), 2.0, (2,), 0.6852326836986773, 1e-10),
    "fixture, s=2, M=4": (fixture(), 2.0, (4,), 1.1730856070884954, 1e-10),
    "fixture, s=4, M=2": (fixture(), 4.0, (2,), 0.6929564654452687, 1e-10),
    "fixture, s=4, M=4": (fixture(), 4.0, (4,), 1.285363811974828, 1e-10),
    "identity": (noise(64), 3.0, (1,), 0.0, 0.0),
}


@pytest.mark.parametrize("case", DECIMATED)
def test_periodic_mask(case: str) -> None:
    x, scale, periods, expected, tolerance = DECIMATED[case]
    assert (full(keep(x, *periods), scale) - full(x, scale)).item() == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("scale", "expected"), [(2.0, 1.3823948295957527), (4.0, 1.3661988286152091)])
def test_mask_that_misses_the_energy_exceeds_ln_of_its_period(scale: float, expected: float) -> None:
    x = delta(31, 64) + 0.01 * (delta(8, 64) + delta(24, 64) + delta(40, 64) + delta(56, 64))
    assert (full(keep(x, 2), scale) - full(x, scale)).item() == pytest.approx(expected, abs=1e-9)


def test_noise_has_the_entropy_of_exponential_cells() -> None:
    assert full(noise(40, N), S0).mean().item() == pytest.approx(math.log(N) - 1 + GAMMA, abs=0.02)


def test_images_on_the_reduced_grid() -> None:
    g = packet(4, 32, 64)
    assert husimi_entropy(g[:, None] * g, 4, ndim=2).item() == pytest.approx(2, abs=1e-5)
    flat = wave(5, 128)[:, None] * wave(9, 128)
    s = husimi_entropy(torch.stack([flat, keep(flat, 2, 2), keep(flat, 4, 4)]), 8, ndim=2)
    assert (s[1:] - s[0]).tolist() == pytest.approx([math.log(4), math.log(16)], abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64, torch.float64])
def test_white_noise_image(dtype: torch.dtype) -> None:
    s = husimi_entropy(noise(320, 320, dtype=dtype), 8, ndim=2)
    assert s.item() == pytest.approx(2 * math.log(320) - 1 + GAMMA, abs=4e-3)


def test_fourier_covariance() -> None:
    x = noise(N)
    assert (full(x, 5) - full(torch.fft.fft(x), N / (10 * math.pi))).item() == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize(("x", "tolerance"), [(noise(N), 5e-4), (packet(8) * wave(20), 1e-6), (wave(20), 1e-6)])
def test_grid_rule_is_close_to_the_full_grid(x: Tensor, tolerance: float) -> None:
    assert husimi_entropy(x, 8, ndim=1).item() == pytest.approx(full(x, 8).item(), abs=tolerance)


# ---- invariants


@st.composite
def signals(draw: st.DrawFn) -> Tensor:
    n, seed = draw(st.integers(26, 60)), draw(st.integers(0, 2**20))
    x = noise(n, seed=seed)
    return x if draw(st.booleans()) else x * packet(draw(st.floats(1, n / 4)), n / 2, n)


@settings(max_examples=30, deadline=None)
@given(signals(), st.integers(-60, 60), st.integers(-60, 60), st.floats(-290, 300), st.floats(0, 1))
def test_entropy_does_not_change(x: Tensor, shift: int, k: int, size: float, place: float) -> None:
    n = len(x)
    low, high = valid_scale(n)
    scale = low + place * (high - low)
    same = torch.stack([x, x.roll(shift), x * wave(k, n), x * (0.6 - 0.8j) * 10**size, x.conj(), x.flip(0)])
    s = full(same, scale)
    torch.testing.assert_close(s, s[:1].expand(6), rtol=0, atol=1e-12)
    assert 1 - 1e-8 <= s[0] <= math.log(n)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2000), st.floats(0.1, 300))
def test_grid_rule(length: int, scale: float) -> None:
    hop, window = grid_rule(length, scale)
    assert length % hop == 0
    assert hop == 1 or hop <= scale / 2
    assert window == length or (window % 2 == 0 and 8 * scale <= window < 8 * scale + 2)
    low, high = valid_scale(length)
    if low <= scale <= high:
        assert length / window <= 0.8 * length / (2 * math.pi * scale)


def test_grid_rule_takes_the_largest_hop() -> None:
    assert [grid_rule(n, 8.0) for n in (320, 321, 322, 331)] == [(4, 64), (3, 64), (2, 64), (1, 64)]


# ---- the plain reference

GRIDS: list[tuple[tuple[int, ...], Grid]] = [
    ((30,), {"scale": (2.2,), "hop": (3,), "window": (11,)}),
    ((27,), {"scale": (2.0,), "hop": (1,), "window": (27,)}),
    ((28,), {"scale": (2.1,), "hop": (7,), "window": (4,)}),  # gaps between windows
    ((12, 15), {"scale": (2.0, 2.5), "hop": (2, 3), "window": (7, 9)}),
    ((9, 8), {"scale": (2.0, 1.5), "hop": (3, 1), "window": (8, 8)}),
    ((11, 10), {"scale": (3.0, 2.0), "hop": (1, 5), "window": (11, 3)}),
    ((6, 14), {"scale": (1.3, 2.0), "hop": (6, 2), "window": (5, 14)}),
]
quiet = pytest.mark.filterwarnings("ignore:scale=")
each_grid = pytest.mark.parametrize(("shape", "where"), GRIDS, ids=[str(shape) for shape, _ in GRIDS])


def options(where: Grid) -> Grid:
    return {"ndim": len(where["hop"]), "hop": where["hop"], "window_length": where["window"]}


@quiet
@each_grid
@pytest.mark.parametrize("cache", [2**18, 1, 500], ids="cache={}".format)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128, torch.float32, torch.complex64], ids=str)
def test_entropy_and_gradient_of_the_reference(
    shape: tuple[int, ...], where: Grid, cache: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entropy_stream, "CACHE", cache)
    x, y = (noise(2, *shape, dtype=dtype).requires_grad_() for _ in range(2))
    s = husimi_entropy(x, where["scale"], **options(where))
    expected = torch.stack([naive_entropy(naive_power(item, **where), math.prod(shape)) for item in y])
    weights = torch.tensor([1.0, -0.3], dtype=torch.float64)
    (s * weights).sum().backward()
    (expected * weights).sum().backward()
    assert s.dtype == torch.float64
    sharp = dtype in (torch.float64, torch.complex128)
    torch.testing.assert_close(s, expected.double(), rtol=0, atol=1e-13 if sharp else 2e-6)
    torch.testing.assert_close(x.grad, y.grad, rtol=0, atol=1e-12 if sharp else 2e-6)


@quiet
@each_grid
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_pictures_are_the_reference(shape: tuple[int, ...], where: Grid, dtype: torch.dtype) -> None:
    x, d, some = noise(3, *shape, dtype=dtype), len(shape), options(where)
    p = torch.stack([naive_power(item, **where) for item in x])
    frequencies, positions = list(range(-d, 0)), list(range(1, d + 1))
    p = torch.fft.fftshift(p / p.flatten(1).sum(1).view(-1, *[1] * (2 * d)), dim=frequencies)
    at_position, at_frequency, share = projections(x, where["scale"], memory=2**12, **some)
    torch.testing.assert_close(at_position, p.sum(frequencies))
    torch.testing.assert_close(at_frequency, p.sum(positions))
    log = (p * p[0].numel() / math.prod(shape)).log()
    torch.testing.assert_close(share, -(p * log).sum(frequencies))
    torch.testing.assert_close(share.flatten(1).sum(1), husimi_entropy(x, where["scale"], **some))
    last = [n - h for n, h in zip(shape, where["hop"], strict=True)]
    here = p[(slice(None), *[-1] * d)]
    expected = here / here.flatten(1).sum(1).view(-1, *[1] * d)
    torch.testing.assert_close(husimi(x, where["scale"], at=last, **some), expected)
    if d == 1:
        torch.testing.assert_close(husimi(x, where["scale"], **some), p)


def test_real_and_complex_fields_agree() -> None:
    x = noise(2, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(husimi_entropy(x, 4, ndim=2), husimi_entropy(x.cdouble(), 4, ndim=2), rtol=1e-13, atol=0)


def test_scale_invariance_of_the_gradient() -> None:
    x = noise(3, 64, 60).requires_grad_()
    (g,) = torch.autograd.grad(husimi_entropy(x, (4, 3), ndim=2).sum(), x)
    along = (x.conj() * g).real.sum((1, 2))
    assert along.abs().max() < 1e-12
    (tiny,) = torch.autograd.grad(husimi_entropy(x * 1e-200, (4, 3), ndim=2).sum(), x)
    torch.testing.assert_close(tiny, g, rtol=1e-11, atol=1e-14)


def test_gradient_of_masks() -> None:
    x, m = noise(30), torch.linspace(0.2, 1, 30, dtype=torch.float64).requires_grad_()
    for masked in (lambda m: full(m * x, 2.2), lambda m: full(torch.fft.ifft(m * torch.fft.fft(x)), 2.2)):
        torch.autograd.gradcheck(masked, m)
        (g,) = torch.autograd.grad(masked(m), m)
        assert abs((m * g).sum().item()) < 1e-12


def test_gradient_is_made_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    x = noise(2, 64)
    with monkeypatch.context() as never:
        never.delattr(entropy_stream, "synthesise_add")
        plain = husimi_entropy(x, 3, ndim=1)
        with torch.no_grad():
            assert torch.equal(husimi_entropy(x.clone().requires_grad_(), 3, ndim=1), plain)
    assert torch.equal(husimi_entropy(x.requires_grad_(), 3, ndim=1), plain)


def test_no_power_is_no_entropy() -> None:
    """P = 0 in most cells: no NaN, neither in S nor in its gradient."""
    x = torch.zeros(64, 64, dtype=torch.float64)
    x[3, 60] = 1
    x.requires_grad_()
    s = husimi_entropy(x, 4, ndim=2)
    s.backward()
    assert s.item() == pytest.approx(2 * (PLANE + math.log(4)), abs=1e-3)
    assert x.grad.isfinite().all()


# ---- promises


class Ledger(TorchDispatchMode):
    """Bytes that results of torch operations hold at once."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[int, tuple[StorageWeakRef, int]] = {}
        self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = {t.untyped_storage()._cdata for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        for storage in (t.untyped_storage() for t in tree_leaves(out) if isinstance(t, Tensor)):
            if storage._cdata not in given:
                self.held[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.held = {k: v for k, v in self.held.items() if not v[0].expired()}
        self.most = max(self.most, sum(size for _, size in self.held.values()))
        return out


@quiet
@pytest.mark.parametrize("dtype", [torch.float32, torch.complex128], ids=str)
@pytest.mark.parametrize("shape", [(2, 100, 128), (8, 32, 32), (2**16,), (4, 2**14)], ids=str)
@pytest.mark.parametrize("memory", [2**20, 2**22])
def test_memory(shape: tuple[int, ...], dtype: torch.dtype, memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The density takes 2 to 50 MB; blocks keep to the limit, not only to the cache."""
    monkeypatch.setattr(entropy_stream, "CACHE", 2**40)
    ndim = 2 if shape[-1] < 1000 else 1
    x = noise(*shape, dtype=dtype).view(-1, *shape[-ndim:])
    axes = grid(x.shape[1:], 8 if shape[-1] > 32 else 2.2, None, None)
    slope = torch.zeros_like(x)
    with Ledger() as ledger:
        entropy_stream.entropy_pass(x, axes, memory, slope)
    assert memory / 20 < ledger.most <= memory
    with Ledger() as ledger, torch.no_grad():
        s = husimi_entropy(x, axes[0].scale, ndim=ndim, memory=memory)
    assert ledger.most <= memory + 100 * s.nbytes


@pytest.mark.parametrize("shape", [(4096,), (48, 64)], ids=str)
def test_memory_of_pictures(shape: tuple[int, ...]) -> None:
    x, axes = noise(3, *shape), grid(shape, 3, None, None)
    with Ledger() as ledger:
        cells = sum(block.numel() for _, block in power_blocks(x, axes, 2**18))
    assert cells == x.numel() * math.prod(axis.cells for axis in axes)
    assert 2**14 < ledger.most <= 2**18


def test_too_little_memory() -> None:
    x = noise(64, 64)
    with pytest.raises(ValueError, match="give at least 196608"):
        husimi_entropy(x, 4, ndim=2, memory=2**17)
    whole = husimi_entropy(x, 4, ndim=2)
    torch.testing.assert_close(husimi_entropy(x, 4, ndim=2, memory=196608), whole, rtol=1e-13, atol=0)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-5), (torch.float64, 1e-12), (torch.complex64, 1e-5)])
@pytest.mark.parametrize("shape", [(5, 40, 36), (5, 100)], ids=str)
def test_batches(shape: tuple[int, ...], dtype: torch.dtype, rtol: float) -> None:
    x = noise(*shape, dtype=dtype) * torch.tensor([1, 1e-9, 1e9, 3, 1]).view(-1, *[1] * (len(shape) - 1))
    x, ndim = x.to(dtype).requires_grad_(), len(shape) - 1

    def both(y: Tensor) -> tuple[Tensor, Tensor]:
        s = husimi_entropy(y, 2.5, ndim=ndim)
        return s.detach(), torch.autograd.grad(s.sum(), y)[0]

    s, g = both(x)
    assert all(torch.equal(*pair) for pair in zip((s, g), both(x), strict=True))
    assert torch.equal(both(x.reshape(5, 1, *shape[1:]))[0], s[:, None])
    for i in range(5):
        alone, slope = both(x[i])
        torch.testing.assert_close(alone, s[i], rtol=rtol, atol=0)
        torch.testing.assert_close(slope, g[i], rtol=rtol, atol=rtol * slope.abs().max().item())


def test_views_and_no_fields() -> None:
    x = noise(40, 3, 36)
    expected = torch.stack([husimi_entropy(x[:, i].conj().resolve_conj(), 2.5, ndim=2) for i in range(3)])
    torch.testing.assert_close(husimi_entropy(x.transpose(0, 1).conj(), 2.5, ndim=2), expected, rtol=1e-13, atol=0)
    assert husimi_entropy(x[:0], 2.5, ndim=1).shape == (0, 3)
    assert projections(x[:0], 2.5, ndim=1).entropy.shape == (0, 3, 36)


FLAWS: dict[str, tuple[Any, Grid, type[Exception], str]] = {
    "integers": (torch.ones(64, dtype=torch.int64), {}, TypeError, "torch.int64.*field.to"),
    "half": (torch.ones(64, dtype=torch.float16), {}, TypeError, "torch.float16"),
    "bool": (torch.ones(64, dtype=torch.bool), {}, TypeError, "torch.bool"),
    "zero": (torch.zeros(64), {}, ValueError, "^field is zero"),
    "zero item": (torch.eye(3, 64)[:, None] * torch.tensor([1, 0])[:, None], {}, ValueError, r"field\[0, 1\] is zero"),
    "subnormal": (torch.full((64,), 1e-40), {}, ValueError, "is zero"),
    "nan": (torch.ones(2, 64).index_fill(1, torch.tensor(5), math.nan), {}, ValueError, r"field\[0\] is not finite"),
    "infinite": (torch.ones(64, dtype=torch.complex64) * math.inf, {}, ValueError, "field is not finite"),
    "no samples": (torch.ones(3, 0), {}, ValueError, "at least 1 sample"),
    "no axis": (torch.tensor(1.0), {}, ValueError, "at least 1 sample"),
    "axes": (torch.ones(64), {"ndim": 3}, ValueError, "give 1 .* 2"),
    "hop": (torch.ones(64), {"hop": 5}, ValueError, r"\[1, 2, 4, 8, 16, 32, 64\]"),
    "no hop": (torch.ones(64), {"hop": 0}, ValueError, "does not divide"),
    "fraction of a hop": (torch.ones(64), {"hop": 2.0}, TypeError, "integer"),
    "long window": (torch.ones(64), {"window_length": 65}, ValueError, "give 1 to 64"),
    "no window": (torch.ones(64), {"window_length": 0}, ValueError, "give 1 to 64"),
    "scale": (torch.ones(64), {"scale": 0.0}, ValueError, "positive, finite"),
    "infinite scale": (torch.ones(64), {"scale": math.inf}, ValueError, "positive, finite"),
    "two scales": (torch.ones(64), {"scale": (3, 3)}, ValueError, "one value or 1"),
    "unseen": (torch.eye(1, 64).roll(4), {"hop": 8, "window_length": 3}, ValueError, "see none"),
}


@pytest.mark.parametrize("measure", [husimi_entropy, husimi, projections])
@pytest.mark.parametrize("case", FLAWS)
def test_flaws(case: str, measure: Any) -> None:
    field, changed, error, text = FLAWS[case]
    with pytest.raises(error, match=text):
        measure(field, **({"scale": 3.0, "ndim": 1} | changed))


def test_flaws_of_pictures() -> None:
    with pytest.raises(ValueError, match="four axes"):
        husimi(torch.ones(64, 64), 3, ndim=2)
    for at in ((64,), (3, 3), (-1,)):
        with pytest.raises(ValueError, match="not a sample"):
            husimi(torch.ones(64), 3, ndim=1, at=at)
    with pytest.raises(ValueError, match="see none"):
        husimi(delta(0, 64), 3, ndim=1, at=(32,))
    with pytest.raises(ValueError, match="four axes"):
        wigner(torch.ones(8, 8), ndim=2)
    with pytest.raises(ValueError, match="is zero"):
        wigner(torch.zeros(8))


@pytest.mark.parametrize(("length", "scale", "text"), [(64, 1.5, "2 to 5.093"), (64, 5.1, "2 to 5.093"), (25, 2, "26")])
@pytest.mark.parametrize("measure", [husimi_entropy, husimi, projections])
def test_scales_outside_the_valid_range_warn(measure: Any, length: int, scale: float, text: str) -> None:
    with pytest.warns(UserWarning, match=text) as seen:
        measure(noise(length), scale, ndim=1)
    assert seen[0].filename == __file__


# ---- pictures


def test_copies_of_a_periodic_mask() -> None:
    """Keeping every M-th sample repeats Q at M frequencies, one copy as bright as another."""
    before = projections(packet(20) * wave(12), 12, ndim=1, hop=1, window_length=N).frequency
    after = projections(keep(packet(20) * wave(12), 4), 12, ndim=1, hop=1, window_length=N).frequency
    torch.testing.assert_close(after, sum(before.roll(64 * r) for r in range(4)) / 4)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 31])
def test_wigner_marginals(n: int) -> None:
    x = noise(2, n)
    w = wigner(x)
    position = torch.zeros(2, 2 * n, dtype=torch.float64)
    frequency = position.clone()
    position[:, ::2] = x.abs().square()
    frequency[:, ::2] = torch.fft.fft(x).abs().square()
    torch.testing.assert_close(w.sum(2), position / position.sum(1, keepdim=True))
    torch.testing.assert_close(torch.fft.ifftshift(w, dim=2).sum(1), frequency / frequency.sum(1, keepdim=True))


@pytest.mark.parametrize("n", [15, 16])
def test_overlap_of_wigner_distributions(n: int) -> None:
    """|<x, y>|^2 = N sum W_x W_y; so the Wigner distribution smoothed with that of the window is the Husimi density."""
    x = noise(n)
    g = torch.exp(-((samples(n) - n // 2 + n * torch.arange(-3, 4)[:, None]) ** 2) / 8).sum(0)
    packets = torch.stack([g.roll(m - n // 2) * wave(k, n) for m in range(n) for k in range(-(n // 2), n - n // 2)])
    overlap = n * (wigner(packets) * wigner(x)).sum((1, 2))
    with pytest.warns(UserWarning, match="26 samples"):
        q = husimi(x, 2, ndim=1, hop=1, window_length=n)
    torch.testing.assert_close(overlap.view(n, n) / n, q)


# ---- kernels without a device


RUNS = {
    "entropy_pass": lambda run, x, axes: [run(x, axes, 2**28), run(x, axes, 2**28, torch.zeros_like(x))],
    "power_blocks": lambda run, x, axes: [block for _, block in run(x, axes, 2**28)],
    "local_spectrum": lambda run, x, axes: [run(x, axes, (3, 4)[: len(axes)])],
    "_wigner": lambda run, x, axes: [run(x if len(axes) == 1 else x[0])],
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64], ids=str)
@pytest.mark.parametrize("shape", [(2, 64), (2, 64, 48)], ids=str)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.__name__)
def test_kernels_stay_on_the_device(kernel: Any, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    axes = grid(shape[1:], 3.0, None, None)
    cells = math.prod(shape) * math.prod(axis.cells for axis in axes)
    with FakeTensorMode(), Pretend(), Crossings(doubles=int(cells / 100)) as watch:
        x = torch.empty(shape, dtype=dtype, device="cuda")
        out = RUNS[kernel.__name__](kernel, x, axes)
    assert all(t.is_cuda for t in out)
    assert watch.count > 5


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("shape", [(3, 60), (3, 64, 48)], ids=str)
def test_cuda_equals_cpu(shape: tuple[int, ...]) -> None:
    x = noise(*shape).requires_grad_()
    y = x.detach().cuda().requires_grad_()
    a, b = (husimi_entropy(z, 3, ndim=len(shape) - 1) for z in (x, y))
    torch.testing.assert_close(b.cpu(), a, rtol=1e-12, atol=0)
    (ga,), (gb,) = torch.autograd.grad(a.sum(), x), torch.autograd.grad(b.sum(), y)
    torch.testing.assert_close(gb.cpu(), ga, rtol=1e-10, atol=1e-13)
