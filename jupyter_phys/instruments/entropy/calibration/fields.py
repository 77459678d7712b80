"""Fields whose phase-space entropy is known in closed form.

N samples, window scale s in samples, S in nats. Lines and small images are measured on the full grid (hop 1,
window N), where the closed forms hold to rounding, larger images on the default grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.physics.phase_space import husimi, husimi_entropy, projections

GAMMA = 0.5772156649015329
N = 256
S0 = math.sqrt(N / (2 * math.pi))  # the self-dual scale, as wide in position as in frequency
CLOSED = "closed form"
LIEB = "E. H. Lieb 1978, doi:10.1007/BF01940328"
# Float32 rounds the logarithms near 1e-6; of a delta, whose |V|² repeat, all of that reaches S: 2.2e-6 nat measured.
ROUNDED = 1e-5


def samples(n: int) -> Tensor:
    """0, 1, ..., n-1 in float64."""
    return torch.arange(n, dtype=torch.float64)


def gaussian(n: int, width: float, centre: float | None = None) -> Tensor:
    """A packet of amplitude standard deviation ``width`` samples, not periodised."""
    return torch.exp(-((samples(n) - (n // 2 if centre is None else centre)) ** 2) / (2 * width**2))


def wave(n: int, frequency: float) -> Tensor:
    """A complex plane wave of ``frequency`` cycles in n samples."""
    phase = 2 * math.pi * frequency * samples(n) / n
    return torch.polar(torch.ones_like(phase), phase)


def delta(n: int, place: int) -> Tensor:
    """One at ``place``, zero elsewhere."""
    return (samples(n) == place).double()


def noise(run: Run, shape: Sequence[int], *index: int) -> Tensor:
    """Complex white noise that depends on the run's seed and the index alone."""
    return torch.randn(*shape, dtype=torch.complex128, generator=run.generator(*index))


def entropy(run: Run, field: Tensor, scale: float | Sequence[float], ndim: int = 1) -> Tensor:
    """S of fields on the full grid, in the run's precision."""
    field = run.tensor(field)
    return husimi_entropy(field, scale, ndim=ndim, hop=1, window_length=tuple(field.shape[-ndim:]))


def delta_entropy(scale: float) -> float:
    """S of a delta, ½ ln(πe s²)."""
    return math.log(math.pi * math.e * scale**2) / 2


def wave_entropy(n: int, scale: float) -> float:
    """S of a plane wave on a grid frequency: that of a delta under the dual window, n/(2πs)."""
    return delta_entropy(n / (2 * math.pi * scale))


def known(
    name: str, compute: Callable[[Run], float], expected: float, tolerance: float, source: str = CLOSED, *,
    bound: str = "equal", unit: str = "nat",
) -> Case:  # fmt: skip
    """A case that asks the same of float32, as far as float32 goes."""
    exact = tolerance == 0
    tolerance32 = 0.0 if exact else max(tolerance, ROUNDED)
    return Case(name, compute, expected, tolerance, source, tolerance32, bound, unit=unit)


def _entropy(run: Run, field: Tensor, scale: float | Sequence[float], ndim: int = 1) -> float:
    return float(entropy(run, field, scale, ndim))


def _sum(run: Run) -> float:
    density = husimi(run.tensor(noise(run, (8, N), 1)), S0, ndim=1, hop=1, window_length=N)
    return float((density.sum((-2, -1)) - 1).abs().max())


def _marginals(run: Run) -> float:
    """Largest distance of both marginals from |x|² and |X|² smeared by the window's own densities."""
    x = noise(run, (N,), 1)
    got = projections(run.tensor(x), S0, ndim=1, hop=1, window_length=N)[:2]
    window = sum((gaussian(N, S0, N // 2 + turn * N) for turn in (-1, 0, 1)), torch.zeros(N))
    pairs = zip((x, torch.fft.fft(x)), (window, torch.fft.fft(window)), (0, N // 2), strict=True)
    worst = [_smeared(*pair) - one.cpu() for pair, one in zip(pairs, got, strict=True)]
    return max(float(difference.abs().max()) for difference in worst)


def _smeared(x: Tensor, window: Tensor, middle: int) -> Tensor:
    """Cyclic convolution of |x|² and |window|², of sum 1, turned until zero lies at ``middle``."""
    smeared = torch.fft.ifft(torch.fft.fft(x.abs() ** 2) * torch.fft.fft(window.abs() ** 2)).real
    return torch.roll(smeared / smeared.sum(), middle if middle else -(N // 2))


def _packets(run: Run, count: int, n: int) -> Tensor:
    """Single packets of many widths, places and frequencies, mixtures of two of them, and noise."""
    draw = torch.rand(2 * count, 3, dtype=torch.float64, generator=run.generator(8)).tolist()
    single = torch.stack([gaussian(n, 1 + 5 * a, n * (0.4 + 0.2 * b)) * wave(n, n * c) for a, b, c in draw])
    return torch.cat([single, single[:count] + single[count:], noise(run, (count, n), 8)])


def _smallest(run: Run) -> float:
    return min(float(entropy(run, _packets(run, 100, 64), s).min()) for s in (2.0, 3.0, 5.0))


def _largest(run: Run) -> float:
    fields = torch.cat([_packets(run, 100, 64), delta(64, 5)[None], wave(64, 7)[None]])
    return max(float(entropy(run, fields, s).max()) for s in (2.0, 3.0, 5.0))


def _moved(run: Run, move: Callable[[Tensor], Tensor]) -> float:
    x = run.tensor(noise(run, (4, 96), 9) + 3 * gaussian(96, 9, 40) * wave(96, 13))
    return float((entropy(run, move(x), 4.0) - entropy(run, x, 4.0)).abs().max())


def _transformed(run: Run) -> float:
    x = noise(run, (4, N), 10)
    return float((entropy(run, x, 5.0) - entropy(run, torch.fft.fft(x), N / (10 * math.pi))).abs().max())


def _transformed_image(run: Run) -> float:
    x, scale = noise(run, (32, 48), 10), (2.2, 3.0)
    dual = [n / (2 * math.pi * s) for n, s in zip(x.shape, scale, strict=True)]
    return abs(float(entropy(run, x, scale, 2) - entropy(run, torch.fft.fft2(x), dual, 2)))


def _separable(run: Run) -> float:
    """S of a product of two lines, less the sum of theirs."""
    a, b = noise(run, (32,), 12), gaussian(48, 5) + noise(run, (48,), 13)
    both = entropy(run, torch.outer(a, b), (2.2, 3.0), 2)
    return abs(float(both - entropy(run, a, 2.2) - entropy(run, b, 3.0)))


def _transposed(run: Run) -> float:
    x = noise(run, (32, 48), 14).real
    return abs(float(entropy(run, x, (2.2, 3.0), 2) - entropy(run, x.T, (3.0, 2.2), 2)))


def _white(run: Run) -> float:
    return float(entropy(run, noise(run, (40, N), 11), S0).mean())


def _scrambled(run: Run) -> float:
    """Random unitary maps of one packet; Haar, by QR of Gaussian matrices with the phases of R taken out."""
    q, r = torch.linalg.qr(noise(run, (20, 128, 128), 15))
    phases = torch.diagonal(r, dim1=-2, dim2=-1).sgn()
    packet = gaussian(128, 4.5).to(torch.complex128)
    return float(entropy(run, (q * phases[:, None]) @ packet, 4.5).mean())


def _image_noise(run: Run, *, real: bool) -> float:
    """Real noise scatters twice as much: the mean of four images instead of one."""
    x = noise(run, (4 if real else 1, 320, 320), 16)
    return float(husimi_entropy(run.tensor(x.real if real else x), 8.0, ndim=2).mean())


def _matched_image(run: Run) -> float:
    packet = torch.outer(gaussian(64, 4), gaussian(64, 4))
    return float(husimi_entropy(run.tensor(packet), 4.0, ndim=2))


MOVES: dict[str, Callable[[Tensor], Tensor]] = {
    "circular shift": lambda x: torch.roll(x, 17, -1),
    "integer modulation": lambda x: x * wave(96, 23).to(x.device, x.dtype),
    "complex factor": lambda x: x * (0.3 - 2j),
    "conjugation": torch.conj_physical,
    "reversal": lambda x: x.flip(-1),
}

_hermite = gaussian(N, S0) * (samples(N) - N // 2)
_distant = gaussian(N, S0, 68) + gaussian(N, S0, 188)
_three = wave(N, 16) + wave(N, 80) + wave(N, 144)
_four = _three + wave(N, 208)
_white_noise = math.log(N) - 1 + GAMMA
_white_image = 2 * math.log(320) - 1 + GAMMA
_window = (2.2, 3.0)  # of images of 32 × 48
_delta_image = torch.outer(delta(32, 7), delta(48, 20))
_wave_image = torch.outer(wave(32, 5), wave(48, 9))

_lines: list[tuple[str, Tensor, float, float, float]] = [
    # what, field, s, S, tolerance
    ("E2 matched Gaussian", gaussian(N, S0), S0, 1.0, 1e-10),
    ("E2 coherent packet elsewhere", gaussian(N, S0, 101.5) * wave(N, -37), S0, 1.0, 1e-10),
    ("E3 Gaussian of width 2 s", gaussian(N, 2 * S0), S0, 1 + math.log(1.25), 1e-10),
    ("E3 Gaussian of width s/2", gaussian(N, S0 / 2), S0, 1 + math.log(1.25), 1e-10),
    *[(f"E4 delta, s = {s:.4g}", delta(N, 128), s, delta_entropy(s), 1e-9) for s in (3.0, S0, 12.0)],
    *[(f"E5 plane wave, s = {s:.4g}", wave(N, 10), s, wave_entropy(N, s), 1e-9) for s in (3.0, S0, 12.0)],
    ("E5 real wave, two frequencies", wave(N, 40).real, 12.0, wave_entropy(N, 12) + math.log(2), 1e-9),
    # a zero of the density that lies on the grid costs 1e-5
    ("E6 first Hermite state", _hermite, S0, 1 + GAMMA, 2e-5),
    ("E7 two distant Gaussians", _distant, S0, 1 + math.log(2), 1e-9),
    ("E16 three resolved waves", _three, 12.0, wave_entropy(N, 12) + math.log(3), 1e-6),
    ("E16 four resolved waves", _four, 12.0, wave_entropy(N, 12) + math.log(4), 1e-6),
]

FIELDS: list[Case] = [
    known("E1 density sums to one", _sum, 0.0, 1e-12, unit=""),
    known("E1 marginals are the smeared intensities", _marginals, 0.0, 1e-12, unit=""),
    *[known(name, partial(_entropy, field=x, scale=s), value, error) for name, x, s, value, error in _lines],
    known("E8 smallest S of 400 fields", _smallest, 1.0, 1e-8, LIEB, bound="above"),
    known("E8 largest S of 402 fields", _largest, math.log(64), 0.0, bound="below"),
    *[known(f"E9 {name} changes nothing", partial(_moved, move=move), 0.0, 1e-12) for name, move in MOVES.items()],
    known("E10 Fourier transform under the dual window", _transformed, 0.0, 1e-11),
    # random: four standard errors or more
    known("E11 complex white noise, mean of 40", _white, _white_noise, 0.02),
    known("E11 random unitary maps of a packet, mean of 20", _scrambled, math.log(128) - 1 + GAMMA, 0.03),
    known("E11 real noise image", partial(_image_noise, real=True), _white_image, 4e-3),
    known("E11 complex noise image", partial(_image_noise, real=False), _white_image, 4e-3),
    known("E2 matched Gaussian image", _matched_image, 2.0, 1e-5),
    known("E4 delta in an image", partial(_entropy, field=_delta_image, scale=_window, ndim=2),
          sum(map(delta_entropy, _window)), 1e-9),
    known("E5 plane wave image", partial(_entropy, field=_wave_image, scale=_window, ndim=2),
          sum(map(wave_entropy, (32, 48), _window)), 1e-9),
    known("E10 Fourier transform of an image under the dual window", _transformed_image, 0.0, 1e-11),
    known("product of two lines: S is their sum", _separable, 0.0, 1e-10),
    known("transposed image under the transposed window", _transposed, 0.0, 1e-12),
]  # fmt: skip
