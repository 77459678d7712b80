"""Husimi entropy and its gradient beside what one would write with torch.stft, SciPy or autograd.

Same input, precision and grid. No peer wraps round, so each gets the field wrapped in advance, untimed. CPU time of
one thread; medians of interleaved pairs. Memory is what the process grows by at most.
"""

import ctypes
import gc
import math
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
import torch
from scipy.signal import ShortTimeFFT
from torch import Tensor

from jupyter_phys.physics.gabor import multiplicity, wrap
from jupyter_phys.physics.phase_grid import Axis, gaussian, grid
from jupyter_phys.physics.phase_space import husimi_entropy

Measure = Callable[[], Tensor]
Entropy = Callable[[Tensor], Tensor]
Powers = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Case:
    """One field or batch of fields, and the grid."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    scale: float
    hop: int
    ndim: int = 2

    @property
    def axes(self) -> tuple[Axis, ...]:
        return grid(self.shape[-self.ndim :], self.scale, self.hop, None)

    def field(self) -> Tensor:
        return torch.randn(self.shape, dtype=self.dtype, generator=torch.Generator().manual_seed(0))

    def __str__(self) -> str:
        size = "x".join(str(n) for n in self.shape)
        return f"{size} {str(self.dtype)[6:]}, hop {self.hop}, window {self.axes[0].window}"


def wrapped(x: Tensor, axes: tuple[Axis, ...]) -> Tensor:
    for i, axis in enumerate(axes, start=-len(axes)):
        x = wrap(x.movedim(i, -1), axis, 0, axis.frames).movedim(-1, i)
    return x.contiguous()


def entropy(a: float | Tensor, b: float | Tensor, axes: tuple[Axis, ...]) -> Tensor:
    return torch.log(torch.as_tensor(a)) - torch.as_tensor(b / a) - math.log(math.prod(axis.cells for axis in axes))


def stft(x: Tensor, axis: Axis, window: Tensor) -> Tensor:
    """[..., samples] -> [..., k, t]."""
    v = torch.stft(
        x.flatten(0, -2),
        axis.window,
        axis.hop,
        window=window,
        center=False,
        onesided=not x.is_complex(),
        return_complex=True,
    )
    return v.unflatten(0, x.shape[:-1])


def tuned(v: Tensor) -> tuple[Tensor, Tensor]:
    p = v.real.square() + v.imag.square()
    return p, p * torch.log(p)


def plain(v: Tensor) -> tuple[Tensor, Tensor]:
    p = v.abs().square()
    return p, torch.xlogy(p, p)


def torch_stft(case: Case, power: Powers, *, stored: bool = False) -> Entropy:
    """torch.stft along each axis; of images the whole density stored, or frequency by frequency."""

    def measure(x: Tensor) -> Tensor:
        axes = case.axes
        weights = multiplicity(axes[-1].window, x).double()
        v = stft(x, axes[-1], gaussian(axes[-1], x)).movedim(-2, -1)
        if len(axes) == 1:
            return entropy(*(q.sum(-2).double() @ weights for q in power(v)), axes)
        lines = v.movedim(-3, -1).movedim(-2, -3).contiguous()  # [..., k, t, samples]
        sums = torch.zeros(2, *x.shape[:-2], dtype=torch.float64)
        for some in [slice(None)] if stored else [slice(k, k + 1) for k in range(len(weights))]:
            v = stft(lines[..., some, :, :], axes[0], gaussian(axes[0], x))
            ab = [q.sum((-3, -2, -1)).double() @ weights[some] for q in power(v)]
            sums = sums + torch.stack(ab)
        return entropy(*sums, axes)

    return measure


def scipy_fft(case: Case) -> Entropy:
    """Windows by NumPy, one row of them at a time, then scipy.fft."""
    rows, columns = case.axes

    def one(x: np.ndarray) -> tuple[float, float]:
        g = [gaussian(axis, torch.from_numpy(x)).numpy() for axis in case.axes]
        window, real = np.outer(*g), not np.iscomplexobj(x)
        weights = multiplicity(columns.window, torch.from_numpy(x)).numpy()
        a = b = 0.0
        for t in range(rows.frames):
            strip = x[t * rows.hop : t * rows.hop + rows.window]
            frames = np.lib.stride_tricks.sliding_window_view(strip, columns.window, 1)[:, :: columns.hop]
            v = (scipy.fft.rfft2 if real else scipy.fft.fft2)(frames.transpose(1, 0, 2) * window)
            p = v.real**2 + v.imag**2
            a += float(p.sum((0, 1)) @ weights)
            b += float((p * np.log(p)).sum((0, 1)) @ weights)
        return a, b

    def measure(x: Tensor) -> Tensor:
        ab = np.array([one(item) for item in x.reshape(-1, *x.shape[-2:]).numpy()])
        return entropy(torch.from_numpy(ab[:, 0]), torch.from_numpy(ab[:, 1]), case.axes).view(x.shape[:-2])

    return measure


def short_time_fft(case: Case) -> Entropy:
    """scipy.signal.ShortTimeFFT along each axis; images frequency by frequency."""
    rows, columns = case.axes

    def transform(x: np.ndarray, axis: Axis, i: int) -> np.ndarray:
        mode = "twosided" if np.iscomplexobj(x) else "onesided"
        g = gaussian(axis, torch.from_numpy(x)).numpy()
        first = axis.window // 2 // axis.hop
        return ShortTimeFFT(g, axis.hop, 1, fft_mode=mode).stft(x, first, first + axis.frames, axis=i)

    def measure(x: Tensor) -> Tensor:
        image = x.numpy()
        weights = multiplicity(columns.window, x).numpy()
        a = b = 0.0
        for weight, v in zip(weights, np.moveaxis(transform(image, columns, -1), -2, 0), strict=True):
            v = transform(v, rows, -2)
            p = v.real**2 + v.imag**2
            a += weight * float(p.sum())
            b += weight * float((p * np.log(p)).sum())
        return entropy(a, b, case.axes)

    return measure


def ours(case: Case) -> Entropy:
    return lambda x: husimi_entropy(x, case.scale, ndim=case.ndim, hop=case.hop)


def gradient(measure: Entropy) -> Entropy:
    def measured(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        return torch.autograd.grad(measure(x).sum(), x)[0]

    return measured


def seconds(measure: Measure) -> float:
    start = time.process_time()
    measure()
    return time.process_time() - start


def race(first: Measure, second: Measure, pairs: int) -> tuple[float, float, float]:
    """Median seconds of both and the median of their ratios."""
    times = [(seconds(first), seconds(second)) for _ in range(pairs)]
    return *(statistics.median(t) for t in zip(*times, strict=True)), statistics.median(b / a for a, b in times)


def growth(measure: Measure) -> float:
    """MiB that the process grows by at most; Linux only, NaN elsewhere."""
    try:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")
        before = resident("VmRSS")
        measure()
        return (resident("VmHWM") - before) / 1024
    except (OSError, AttributeError):
        return math.nan


def resident(what: str) -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what))


def compare(name: str, case: Case, mine: Measure, peer: Measure, tolerance: float, pairs: int) -> None:
    a, b = mine(), peer()
    torch.testing.assert_close(a, b.to(a.dtype), rtol=tolerance, atol=tolerance * b.abs().max().item())
    t, u, ratio = race(mine, peer, pairs)
    print(
        f"{case!s:42} {name:34} {1e3 * t:8.1f} {1e3 * u:8.1f} {ratio:6.1f} {growth(mine):7.0f} {growth(peer):7.0f}",
        flush=True,
    )


IMAGES = [
    Case((256, 256), torch.float32, 4.0, 2),
    Case((256, 256), torch.float64, 4.0, 2),
    Case((256, 256), torch.complex64, 4.0, 4),
    Case((128, 128), torch.float32, 8.0, 4),
    Case((256, 256), torch.float32, 16.0, 8),
]
BATCH = Case((16, 64, 64), torch.float32, 4.0, 2)
SIGNALS = Case((64, 4096), torch.float32, 16.0, 8, ndim=1)


def entropies(pairs: int) -> None:
    for case in IMAGES:
        peers = {
            "torch.stft twice, plain, stored": torch_stft(case, plain, stored=True),
            "torch.stft twice, tuned": torch_stft(case, tuned),
            "windows + scipy.fft": scipy_fft(case),
            "ShortTimeFFT twice": short_time_fft(case),
        }
        one_race(case, peers, pairs)
    one_race(
        BATCH, {"torch.stft twice, tuned": torch_stft(BATCH, tuned), "windows + scipy.fft": scipy_fft(BATCH)}, pairs
    )
    one_race(SIGNALS, {"torch.stft, tuned": torch_stft(SIGNALS, tuned)}, pairs)


def one_race(case: Case, peers: dict[str, Entropy], pairs: int) -> None:
    x = case.field()
    ready = wrapped(x, case.axes)
    tolerance = 1e-12 if x.real.dtype == torch.float64 else 1e-5
    for name, peer in peers.items():
        compare(name, case, lambda: ours(case)(x), lambda peer=peer: peer(ready), tolerance, pairs)


def gradients(case: Case, pairs: int) -> None:
    x = case.field()
    naive = gradient(lambda y: torch_stft(case, tuned, stored=True)(wrapped(y, case.axes)))
    tolerance = 1e-12 if case.dtype == torch.float64 else 1e-4
    mine = gradient(ours(case))
    compare("gradient: autograd of stft twice", case, lambda: mine(x), lambda: naive(x), tolerance, pairs)
    t, u, ratio = race(lambda: ours(case)(x), lambda: mine(x), pairs)
    print(f"{'':42} with its gradient {1e3 * u:.1f} ms, alone {1e3 * t:.1f} ms: {ratio:.1f} times as long")


def exponent(pairs: int) -> None:
    sizes = (128, 256, 512)
    times = [typical(Case((n, n), torch.float32, 8.0, 4), pairs) for n in sizes]
    growth_rate = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    text = ", ".join(f"{n}^2 {1e3 * t:.1f} ms" for n, t in zip(sizes, times, strict=True))
    print(f"\nGrowth at window scale 8, hop 4, float32: {text}: N^{growth_rate:.2f}, expected N^2")


def typical(case: Case, repeats: int) -> float:
    x = case.field()
    return statistics.median(seconds(lambda: ours(case)(x)) for _ in range(repeats))


def main(pairs: int = 9) -> None:
    """Prints the table."""
    warnings.filterwarnings("ignore", message="scale=")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    versions = f"torch {torch.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    print(f"Python {platform.python_version()}, {versions}, {platform.machine()}, one thread")
    print(f"{'':42} {'peer':34} {'ours ms':>8} {'peer ms':>8} {'ratio':>6} {'ours MiB':>8} {'peer MiB':>7}")
    try:
        entropies(pairs)
        for case in (IMAGES[0], IMAGES[1], IMAGES[3]):
            gradients(case, max(3, pairs // 3))
        exponent(pairs)
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
