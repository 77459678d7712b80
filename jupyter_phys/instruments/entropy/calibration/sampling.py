"""What sampling does to known fields, measured as a user would, through masks and families."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.entropy.calibration.fields import (
    CLOSED,
    delta,
    entropy,
    gaussian,
    known,
    noise,
    samples,
    wave,
)
from jupyter_phys.instruments.entropy.compute import measure
from jupyter_phys.instruments.entropy.settings import Inputs, Settings
from jupyter_phys.instruments.entropy.subjects import SUBJECTS, Periodic, Random
from jupyter_phys.physics.phase_space import husimi_entropy

MEASURED = "measured by the authors of jupyter_phys"
SWEEP = {  # ΔS/ln M of noise filling B of 1024 frequencies, s = 32: (mean, sd over seeds)
    2: {16: (1, 0), 64: (1, 0), 128: (1, 0), 256: (1, 0), 512: (0.979, 0.006), 1024: (0.01, 0.03)},
    4: {16: (1, 0), 64: (1, 0), 128: (1, 0), 256: (0.982, 0.005), 512: (0.489, 0.013), 1024: (0.0, 0.01)},
    8: {16: (1, 0), 64: (1, 0), 128: (0.973, 0.005), 256: (0.653, 0.02), 512: (0.322, 0.016), 1024: (0.0, 0.01)},
}
TABLE = {  # ΔS of a tone, N = 512, one sample in 8: s/M -> (periodic, random)
    0.25: (1.13, 0.58), 0.5: (1.99, 1.49), 0.75: (2.08, 2.0), 1: (2.08, 2.3), 2: (2.08, 2.99),
}  # fmt: skip
BERNOULLI = {0.5: (2.52, 0.06), 0.25: (3.34, 0.03), 0.125: (3.64, 0.03)}  # rate -> ΔS of a tone, N = 1024, s = 32
FIXTURE = {  # scale, period -> S before (period 1) or ΔS
    (2, 1): 1.9808586054718242, (2, 2): 0.6852326836986773, (2, 4): 1.1730856070884954,
    (4, 1): 1.5833178900139213, (4, 2): 0.6929564654452687, (4, 4): 1.285363811974828,
}  # fmt: skip
MISSED = {2: 1.3823948295957527, 4: 1.3661988286152091}


def measured(
    run: Run, subject: Any, signal: Tensor, scale: float, *, full: bool = False, **settings: Any
) -> NDArray[np.float64]:
    """ΔS [subject, signal] in nats as %entropy gives it; ``full`` asks for the full grid instead of the default."""
    grid = {"hop": 1, "window_length": signal.shape[-1]} if full else {}
    chosen: dict[str, Any] = {"kind": "signal", "scale": scale, "curve": 0, "pictures": 0, **grid, **settings}
    return measure(SUBJECTS.resolve(subject, {}), Inputs(signal=signal), Settings(**chosen), run)["delta_S"].values


def _copies(run: Run, signal: Tensor, scale: float, period: int) -> float:
    return float(measured(run, Periodic(period=period), signal, scale, full=True).item())


def _band(run: Run, width: int, seed: int) -> Tensor:
    spectrum = torch.zeros(1024, dtype=torch.complex128)
    spectrum[:width] = noise(run, (width,), 13, seed)
    return torch.fft.ifft(spectrum)


def _share(run: Run, period: int, width: int) -> float:
    """ΔS/ln M, mean of ten seeds. M divides the default grid, so that even there the copies lie on it."""
    fields = torch.stack([_band(run, width, seed) for seed in range(10)])
    return float(measured(run, Periodic(period=period), fields, 32.0).mean()) / math.log(period)


def _excess(run: Run) -> float:
    """Largest ΔS - ln M over nine pairs of period and scale with 167 noise fields each."""
    pairs = [(m, s) for m in (2, 3, 4) for s in (2.0, 4.0, 6.0)]
    return max(_largest(run, _bands(run, 167, index), *pair) for index, pair in enumerate(pairs))


def _largest(run: Run, fields: Tensor, period: int, scale: float) -> float:
    return float(measured(run, Periodic(period=period), fields, scale, full=True).max()) - math.log(period)


def _bands(run: Run, count: int, index: int) -> Tensor:
    """Noise of 96 samples whose frequencies are each there with a probability drawn from 0.02 … 1; at least one is."""
    draw = torch.rand(count, 97, dtype=torch.float64, generator=run.generator(14, index, 1))
    there = draw[:, 1:] < 0.02 + 0.98 * draw[:, :1]
    there[:, index] |= ~there.any(1)
    return torch.fft.ifft(noise(run, (count, 96), 14, index) * there)


def _missed(run: Run, scale: int) -> float:
    """A comb so faint that the kept samples are nearly all that is left of it."""
    comb = sum((delta(64, place) for place in (8, 24, 40, 56)), torch.zeros(64))
    return _copies(run, delta(64, 31) + 0.01 * comb, scale, 2)


def _identity(run: Run, subject: Any, kind: str) -> float:
    shape = (64,) if kind == "signal" else (64, 64)
    return float(abs(measured(run, subject, noise(run, shape, 15), 4.0, kind=kind)).max())


def _fixture(run: Run, scale: int, period: int) -> float:
    x = torch.exp(-(((samples(64) - 20) / 9) ** 2)) + 0.1 * wave(64, 11).real
    x = x + 0.5 * wave(64, 0.7 * 64 / (2 * math.pi)) * gaussian(64, 5 / math.sqrt(2), 45)
    return float(entropy(run, x, scale)) if period == 1 else _copies(run, x, scale, period)


def _tone(run: Run, subject: Any, scale: float) -> float:
    return float(measured(run, subject, wave(512, 10), scale, full=True, draws=12).mean())


def _crossover(run: Run) -> float:
    """s/M at which random and periodic masks change order, on the line through s/M = 0.75 and 1."""
    low, high = (_tone(run, Random(rate=1 / 8), 8 * r) - _tone(run, Periodic(period=8), 8 * r) for r in (0.75, 1))
    return 0.75 - 0.25 * low / (high - low)


def _bernoulli(run: Run, rate: float) -> float:
    draws = [torch.rand(1024, generator=run.generator(17, index)) < rate for index in range(10)]
    return float(measured(run, draws, _long_wave, 32.0).mean())


def _image(run: Run, kind: str, signal: Tensor, scale: float, subject: Any) -> float:
    return float(measured(run, subject, signal, scale, kind=kind).item())


def _whole_band(run: Run, dc: str) -> float:
    """A packet within ±20 of the 128 frequencies, through a mask that keeps ±24 of them."""
    kept = (samples(128) - 64).abs() <= 24
    mask = kept if dc == "centre" else torch.fft.ifftshift(kept)
    return abs(float(measured(run, mask, _wide, 8.0, kind="mri", dc=dc).item()))


def _slope(run: Run) -> float:
    """Σ m ∂S/∂m: S does not change with the scale of the mask."""
    x = run.tensor(noise(run, (64,), 18))
    mask = run.tensor(0.1 + torch.rand(64, dtype=torch.float64, generator=run.generator(19))).requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(husimi_entropy(mask * x, 4.0, ndim=1, hop=1, window_length=64), mask)
    return abs(float(mask.detach() @ slope))


def _same(field: Any) -> Any:
    return field


_long_wave = wave(1024, 10)
_packet = gaussian(1024, 60) * wave(1024, 13)
_plane = torch.outer(wave(128, 5), wave(128, 9))
_ghost = torch.outer(gaussian(128, 4), gaussian(128, 4))
_wide = torch.outer(gaussian(128, 8), gaussian(128, 8))

_sweep = [(b, m, *row) for m, rows in SWEEP.items() for b, row in rows.items()]
_identities = {"mask of ones": np.ones(64), "callable": _same, "period 1": Periodic(period=1)}
_lines, _points = Periodic(period=2, geometry="lines"), Periodic(period=2)

SAMPLING: list[Case] = [
    *[known(f"E12 tone, period {m}", partial(_copies, signal=_long_wave, scale=2.0 * m, period=m), math.log(m), 1e-9)
      for m in (2, 4, 8)],
    *[known(f"E12 packet, period {m}", partial(_copies, signal=_packet, scale=40.0, period=m), math.log(m), 1e-9)
      for m in (2, 4, 8, 16)],
    *[known(f"E13 noise of {b} bins, period {m}", partial(_share, period=m, width=b), mean, 3 * sd or 1e-4,
            MEASURED if sd else CLOSED, unit="ln M") for b, m, mean, sd in _sweep],
    # holds on this ensemble; E14b shows that it is no theorem
    known("E14a excess over ln M of 1503 noise bands", _excess, 0.0, 1e-9, MEASURED, bound="below"),
    *[known(f"E14b mask that misses the field, s = {s}", partial(_missed, scale=s), value, 1e-9, MEASURED)
      for s, value in MISSED.items()],
    *[known(f"E15 identity: {name}", partial(_identity, subject=one, kind="signal"), 0.0, 0.0)
      for name, one in _identities.items()],
    known("E15 identity: k-space mask of ones", partial(_identity, subject=np.ones((64, 64)), kind="mri"), 0.0, 1e-12),
    *[known(f"two packets and a tone, s = {s}: {'S' if m == 1 else f'ΔS, period {m}'}",
            partial(_fixture, scale=s, period=m), value, 1e-10, MEASURED)
      for (s, m), value in FIXTURE.items()],
    *[known(f"tone, period 8, s/M = {r:g}", partial(_tone, subject=Periodic(period=8), scale=8 * r), row[0], 0.02,
            MEASURED) for r, row in TABLE.items()],
    *[known(f"tone, a random eighth, s/M = {r:g}", partial(_tone, subject=Random(rate=1 / 8), scale=8 * r), row[1], 0.1,
            MEASURED) for r, row in TABLE.items()],
    known("periodic and random change order at s/M", _crossover, 0.875, 0.125, MEASURED, unit=""),
    *[known(f"tone, each sample kept with probability {rate:g}", partial(_bernoulli, rate=rate), mean, 3 * sd, MEASURED)
      for rate, (mean, sd) in BERNOULLI.items()],
    *[known(f"plane wave image, period {m} on both axes",
            partial(_image, kind="image", signal=_plane, scale=8.0, subject=Periodic(period=m)), 2 * math.log(m), 1e-5)
      for m in (2, 4)],
    # a k-space mask makes copies in position
    *[known(f"packet image, k-space {one.geometry} of period 2",
            partial(_image, kind="mri", signal=_ghost, scale=4.0, subject=one), copies * math.log(2), 1e-5)
      for one, copies in ((_lines, 1), (_points, 2))],
    *[known(f"packet image, k-space lines around its band, dc = {dc}", partial(_whole_band, dc=dc), 0.0, 1e-12)
      for dc in ("centre", "corner")],
    known("gradient: the scale of a mask changes nothing", _slope, 0.0, 1e-12),
]  # fmt: skip
