"""The trivial baselines beside ΔS: what energy is left, and how far the zero-filled picture is off."""

from __future__ import annotations

import torch
from torch import Tensor


def retained(x: Tensor, y: Tensor) -> Tensor:
    """Energy of y over energy of x, each summed in units of its peak: neither overflows nor vanishes."""
    peaks, sums = zip(*[(p, (v.abs() / p).square().flatten(1).sum(1)) for v in (x, y) for p in [_peak(v)]], strict=True)
    return (peaks[1] / peaks[0]).flatten().square() * sums[1] / sums[0]


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """10 log10(max|x|² / mean(|y| − |x|)²) in dB; of signed values the difference itself counts."""
    before, after = (v / _peak(x) for v in ((x.abs(), y.abs()) if x.is_complex() or y.is_complex() else (x, y)))
    return -10 * torch.log10((after - before).square().flatten(1).mean(1))


def _peak(values: Tensor) -> Tensor:
    return values.abs().flatten(1).amax(1).view(-1, *[1] * (values.ndim - 1))
