"""Sampling masks: the user's own, checked, and the laws that draw them.

A mask has the shape of a field, (n,) or (rows, columns). Laws draw bool masks; geometry "lines" selects
whole lines along ``axis`` (-1: columns, -2: rows), "points" single samples. ``random`` and ``polynomial``
draw one number a sample or line whatever their parameters, so that equal seeds give common random numbers:
masks that differ by the parameter and not by luck.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Generator, Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.instruments.entropy.subjects import Geometry, refuse

PerAxis = int | tuple[int, int]


def weights(value: Any) -> Tensor:
    """A user's mask as float64 weights on its own device, detached from the user's array.

    Args:
        value: numpy or torch array, or what numpy takes for one; bool, 0/1 or weights ≥ 0;
            (n,), (rows, columns) or a stack (masks, rows, columns).

    Raises:
        Refused: not real numbers, not finite, negative, empty, more or fewer axes, or a mask of zeros.
    """
    mask = _of_torch(value) if isinstance(value, Tensor) else _of_numpy(value)
    if not 1 <= mask.ndim <= 3:
        raise refuse(value, f"it has {mask.ndim} axes, not 1 (lines), 2 or 3 (a stack)")
    if mask.numel() == 0:
        raise refuse(value, f"it is empty, of shape {tuple(mask.shape)}")
    if not bool(mask.isfinite().all()):
        raise refuse(value, "it has values that are NaN or infinite")
    if bool((mask < 0).any()):
        raise refuse(value, f"it has negative weights, down to {float(mask.min()):g}")
    empty = ~(mask if mask.ndim == 3 else mask[None]).flatten(1).any(1)
    if bool(empty.any()):
        which = f" in item {int(empty.nonzero()[0])} of the stack" if mask.ndim == 3 else ""
        raise refuse(value, f"it keeps nothing{which}")
    return mask


def _of_torch(value: Tensor) -> Tensor:
    if value.is_complex():
        raise refuse(value, f"its values are complex ({value.dtype})")
    widest = torch.float32 if value.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
    try:
        dense = value.detach().to_dense() if value.layout is not torch.strided else value.detach()
        return dense.to(widest, copy=True, memory_format=torch.contiguous_format)
    except RuntimeError as reason:
        raise refuse(value, f"it does not turn into numbers ({reason})") from reason


def _of_numpy(value: Any) -> Tensor:
    try:
        array = np.asanyarray(value)
    except (ValueError, TypeError, RuntimeError) as reason:
        raise refuse(value, f"it does not turn into an array ({reason})") from reason
    if array.dtype.kind not in "biuf":
        what = "complex" if array.dtype.kind == "c" else "not numbers"
        raise refuse(value, f"its values are {what} ({array.dtype})")
    if np.ma.is_masked(array):
        raise refuse(value, "some of its values are masked out; fill them, e.g. mask.filled(0)")
    with np.errstate(over="ignore"):  # what is beyond float64 becomes infinite and is refused as such
        return torch.from_numpy(np.array(array, dtype=np.float64, order="C"))


def periodic(shape: Sequence[int], period: PerAxis, offset: PerAxis, geometry: Geometry, axis: int) -> Tensor:
    """Keep the samples with index ≡ offset modulo period, in samples, one value or one per axis.

    Raises:
        Refused: a period beyond the size, or an offset beyond the period.
    """
    lengths = _law_shape(shape, geometry, axis)
    keep = torch.ones(lengths, dtype=torch.bool)
    steps, firsts = _periods(period, shape, geometry, axis), _per_axis("offset", offset, shape, geometry, axis)
    for place, (step, first) in enumerate(zip(steps, firsts, strict=True)):
        if first >= step:
            given = f"offset={first}, period={step}"
            raise Refused("The offset lies outside the period.", given=given, allowed=f"0 … {step - 1}")
        kept = torch.arange(lengths[place]) % step == first
        keep &= kept.view(-1, *[1] * (len(lengths) - 1 - place))
    return _across(keep, shape, axis)


def random(shape: Sequence[int], rate: float, geometry: Geometry, axis: int, generator: Generator) -> Tensor:
    """Keep round(rate·P) of P samples or lines, every choice as likely as the other.

    Raises:
        Refused: the rate keeps nothing.
    """
    lengths = _law_shape(shape, geometry, axis)
    count = _count(rate, math.prod(lengths))
    order = torch.rand(math.prod(lengths), dtype=torch.float64, generator=generator)
    return _across(_smallest(order, count).view(lengths), shape, axis)


def jittered(shape: Sequence[int], period: PerAxis, geometry: Geometry, axis: int, generator: Generator) -> Tensor:
    """Keep one sample, anywhere in it, of every cell of a grid of this period; cells at the far edge may be smaller.

    Raises:
        Refused: a period beyond the size.
    """
    lengths = _law_shape(shape, geometry, axis)
    steps = _periods(period, shape, geometry, axis)
    starts = torch.cartesian_prod(*[torch.arange(0, n, step) for n, step in zip(lengths, steps, strict=True)])
    starts = starts.view(-1, len(lengths))
    sizes = torch.minimum(torch.tensor(steps), torch.tensor(lengths) - starts)
    draws = torch.rand(starts.shape, dtype=torch.float64, generator=generator)
    keep = torch.zeros(lengths, dtype=torch.bool)
    keep[tuple((starts + (draws * sizes).long()).T)] = True
    return _across(keep, shape, axis)


def polynomial(
    shape: Sequence[int], p: float, rate: float, centre: float,
    geometry: Geometry, axis: int, dc: str, generator: Generator,
) -> Tensor:  # fmt: skip
    """Keep round(rate·P) of P points or lines of k-space with a density (1 - r)^p + c, clipped to 0 … 1.

    r is the distance from zero frequency, 1 at the far edge; where r < centre everything is kept. c makes the
    expected count exact, Pareto sampling (B. Rosén 1997) the drawn one. ``dc`` says where zero frequency
    lies: "centre", index n//2, or "corner", index 0.

    Raises:
        Refused: the rate keeps nothing, or less than the centre.
    """
    lengths = _law_shape(shape, geometry, axis)
    total = math.prod(lengths)
    count = _count(rate, total)
    draws = torch.rand(total, dtype=torch.float64, generator=generator)
    pdf = density(lengths, p, count, centre).flatten()
    odds = draws * (1 - pdf) / (pdf * (1 - draws))
    keep = _smallest(torch.where(pdf < 1, odds, -1.0), count).view(lengths)
    return _across(torch.fft.ifftshift(keep) if dc == "corner" else keep, shape, axis)


def density(lengths: Sequence[int], p: float, count: int, centre: float) -> Tensor:
    """Probability that each point is kept, its sum being ``count``; zero frequency lies at index n//2 of each axis.

    Raises:
        Refused: the centre alone is more than ``count``.
    """
    axes = [(torch.arange(n, dtype=torch.float64) - n // 2) / (n / 2) for n in lengths]
    squares = [t.square().view(-1, *[1] * (len(axes) - 1 - i)) for i, t in enumerate(axes)]
    r = (sum(squares, torch.zeros(())) / len(axes)).sqrt()
    kept, total = int((r < centre).sum()), r.numel()
    if kept > count:
        raise Refused(
            "The centre that is always kept is more than the rate allows.",
            given=f"{kept} of {total} in the centre, {count} to keep",
            instead=f"rate={_ceil(kept / total)} or more, or a smaller centre than {centre:g}",
        )
    shape = (1 - r).clamp(min=0) ** p  # rounding may take r above 1
    low, high = -1.0, 1.0
    for _ in range(60):
        c = (low + high) / 2
        pdf = torch.where(r < centre, 1.0, (shape + c).clamp(0, 1))
        low, high = (c, high) if float(pdf.sum()) < count else (low, c)
    return torch.where(r < centre, 1.0, (shape + high).clamp(0, 1))


def density_peak(mask: Tensor) -> Literal["centre", "corner"] | None:
    """Where the sampling density of a k-space mask, (n,) or (rows, columns), peaks; None when it is flat.

    Each axis' density is correlated with two shapes that peak at the centre and dip at the corner, a cosine and
    a narrow bump. A mask without preference goes beyond 4 standard deviations about once in 1000.
    """
    scores = [score for axis in range(mask.ndim) for score in _peak_scores(_profile(mask, axis))]
    strongest = max(scores, key=abs)
    return None if abs(strongest) < 4 else "centre" if strongest > 0 else "corner"


def _profile(mask: Tensor, axis: int) -> Tensor:
    density = mask.detach().double().cpu()
    return density.mean(1 - axis) if density.ndim == 2 else density


def _peak_scores(profile: Tensor) -> list[float]:
    """Correlations in standard deviations of what reshuffling the profile gives."""
    n = profile.shape[0]
    t = (torch.arange(n, dtype=torch.float64) - n // 2) / (n / 2)
    bump = torch.exp(-50 * t.square()) - torch.exp(-50 * (1 - t.abs()).square())
    excess = profile - profile.mean()
    scores: list[float] = []
    for shape in (torch.cos(math.pi * t), bump):
        shape = shape - shape.mean()
        spread = math.sqrt(float(excess.square().sum() * shape.square().sum()) / max(1, n - 1))
        scores.append(float(excess @ shape) / spread if spread > 1e-9 else 0.0)
    return scores


def _law_shape(shape: Sequence[int], geometry: Geometry, axis: int) -> tuple[int, ...]:
    """The shape of what is drawn: one number a sample, or one a line."""
    return (shape[axis],) if geometry == "lines" and len(shape) > 1 else tuple(shape)


def _across(keep: Tensor, shape: Sequence[int], axis: int) -> Tensor:
    if keep.ndim < len(shape) and axis == -2:
        keep = keep[:, None]
    return keep.expand(tuple(shape)).clone()


def _per_axis(name: str, value: PerAxis, shape: Sequence[int], geometry: Geometry, axis: int) -> tuple[int, ...]:
    """One value for each axis of :func:`_law_shape`."""
    if isinstance(value, tuple) and len(shape) != len(value):
        why = f"{name} has {len(value)} values, the field has {len(shape)} axis."
        raise Refused(why, given=f"{name}={value}", instead=f"{name}={value[0]}")
    values = value if isinstance(value, tuple) else (value,) * len(shape)
    return (values[axis],) if geometry == "lines" and len(shape) > 1 else values


def _periods(period: PerAxis, shape: Sequence[int], geometry: Geometry, axis: int) -> tuple[int, ...]:
    steps = _per_axis("period", period, shape, geometry, axis)
    for step, length in zip(steps, _law_shape(shape, geometry, axis), strict=True):
        if not 1 <= step <= length:
            allowed = f"1 … {length} samples"
            raise Refused("The period does not fit into the field.", given=f"period={step}", allowed=allowed)
    return steps


def _count(rate: float, total: int) -> int:
    count = round(rate * total)
    if count < 1:
        instead = f"rate={_ceil(1 / total)} or more"
        raise Refused("This rate keeps nothing.", given=f"rate={rate:g} of {total}", instead=instead)
    return count


def _ceil(rate: float) -> str:
    """Three digits of a rate, rounded up."""
    digits = 10.0 ** (2 - math.floor(math.log10(rate)))
    return f"{math.ceil(rate * digits - 1e-9) / digits:g}"


def _smallest(order: Tensor, count: int) -> Tensor:
    keep = torch.zeros(order.shape, dtype=torch.bool)
    keep[order.argsort(stable=True)[:count]] = True
    return keep
