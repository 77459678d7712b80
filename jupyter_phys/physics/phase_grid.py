"""Where phase space is sampled: window, hop, valid scales; and which fields can be put there."""

import math
import operator
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# Fields are scaled to this mean modulus: |V|^2 is then so large wherever it counts that log1p |V|^2, which is faster
# and 0 at 0, stands for ln |V|^2. S loses less than 6e-8 in float32, 2e-17 in float64.
LIFT = {torch.float32: 2.0**12, torch.complex64: 2.0**12, torch.float64: 2.0**28, torch.complex128: 2.0**28}
PerAxis = float | Sequence[float]
IntPerAxis = int | Sequence[int] | None


@dataclass(frozen=True)
class Axis:
    """A periodic axis of `length` samples under a Gaussian of std `scale`, cut to `window` samples, moved by `hop`."""

    length: int
    scale: float
    hop: int
    window: int

    @property
    def frames(self) -> int:
        """Number of window positions."""
        return self.length // self.hop

    @property
    def cells(self) -> float:
        """Grid cells per sample: this axis' factor of C/P."""
        return self.window / self.hop


def valid_scale(length: int) -> tuple[float, float]:
    """Lowest and highest window scale (amplitude std in samples) at which S >= 1 per axis holds to 2e-9.

    There the window spans at least 2 samples and its spectrum, of std length/(2 pi scale), at least 2 bins.
    Below 26 samples no scale does that: low > high.
    """
    return 2.0, length / (4 * math.pi)


def grid_rule(length: int, scale: float, step: float = 0.5) -> tuple[int, int]:
    """Hop and window length, in samples, of a reduced grid; at length 256, scale 8 it errs by at most 5e-4 nat.

    The hop is the largest divisor of `length` up to step * scale, at least 1; step=1 errs by some 3e-3 nat. The window
    is 8 scale rounded up to an even number, at most `length`: the frequency step is then below 0.8 of the std of the
    window's spectrum at every valid scale. A prime length has no divisors, hence hop 1: exact, but slow.

    Raises ValueError for a length below 1 or a scale that is not positive and finite.
    """
    if length < 1:
        raise ValueError(f"length={length}: an axis has at least 1 sample")
    if not (scale > 0 and math.isfinite(scale)):
        raise ValueError(f"scale={scale}: give a positive, finite number of samples")
    longest = max(1, min(length, math.floor(step * scale)))
    hop = next(h for h in range(longest, 0, -1) if length % h == 0)
    return hop, min(length, 2 * math.ceil(4 * scale))


def grid(shape: Sequence[int], scale: PerAxis, hop: IntPerAxis, window: IntPerAxis) -> tuple[Axis, ...]:
    """The grid of a field of this shape; options are one value or one per axis, None takes the rule.

    Raises ValueError naming what is allowed; warns outside `valid_scale`, in the name of the caller's caller.
    """
    n = len(shape)
    options = _spread(scale, n, "scale"), _spread(hop, n, "hop"), _spread(window, n, "window_length")
    axes = tuple(_axis(length, float(s), h, w) for length, s, h, w in zip(shape, *options, strict=True))
    for axis in axes:
        low, high = valid_scale(axis.length)
        if not low <= axis.scale <= high:
            cure = f"choose {low:g} to {high:.4g} samples" if low <= high else "an axis needs at least 26 samples"
            warnings.warn(f"scale={axis.scale:g} is not valid on {axis.length} samples: {cure}", stacklevel=4)
    return axes


def gaussian(axis: Axis, like: Tensor) -> Tensor:
    """Window of unit energy at offsets -(w//2), ..., periodised over the axis, then cut; of `like`'s real dtype."""
    offsets = torch.arange(axis.window, dtype=torch.float64) - axis.window // 2
    turns = 1 + math.ceil(9 * axis.scale / axis.length)  # images further away are below 1e-17
    images = offsets[:, None] + axis.length * torch.arange(-turns, turns + 1)
    g = torch.exp(-images.square() / (2 * axis.scale**2)).sum(1)
    return (g / torch.linalg.vector_norm(g)).to(like.device, like.real.dtype)


def coverage(axis: Axis, like: Tensor) -> Tensor:
    """Sum over window positions m of g[n - m]^2 at n = 0, ..., hop - 1, after which it repeats."""
    g = gaussian(axis, torch.empty(0, dtype=torch.float64))
    place = (torch.arange(axis.window) - axis.window // 2) % axis.hop
    total = torch.zeros(axis.hop, dtype=torch.float64).index_add_(0, place, g.square())
    return total.to(like.device, like.real.dtype)


def level(items: Tensor) -> Tensor:
    """Mean modulus of each item: unlike squares it neither overflows nor vanishes."""
    return torch.linalg.vector_norm(items, 1, dim=list(range(1, items.dim()))) / math.prod(items.shape[1:])


def check_field(field: Tensor, ndim: int) -> Tensor:
    """The field as [items, *axes].

    Raises TypeError for a dtype other than real or complex float32 or float64; ValueError for a wrong number of axes
    and for an item that is zero or not finite, naming the first.
    """
    if ndim not in (1, 2):
        raise ValueError(f"ndim={ndim}: give 1 for signals, 2 for images")
    if field.dtype not in LIFT:
        raise TypeError(f"field is {field.dtype}: convert it, for example with field.to(torch.float32)")
    if field.dim() < ndim or 0 in field.shape[-ndim:]:
        raise ValueError(f"field has shape {tuple(field.shape)}: its last {ndim} axes must have at least 1 sample")
    lead = field.shape[:-ndim]
    items = field.resolve_conj().resolve_neg().reshape(math.prod(lead), *field.shape[-ndim:])
    _check_level(level(items.detach()).view(lead), least=torch.finfo(field.dtype).tiny * LIFT[field.dtype])
    return items


def _check_level(mean: Tensor, least: float) -> None:
    bad = torch.nonzero(~((mean >= least) & mean.isfinite()))
    if len(bad):
        where = [int(i) for i in bad[0]]
        flaw = f"is zero (below {least:.1g})" if bool(mean[tuple(where)] < least) else "is not finite"
        raise ValueError(f"field{where or ''} {flaw} and has no phase-space density: leave it out or repair it")


def _spread(value: Any, n: int, name: str) -> Sequence[Any]:
    if not isinstance(value, Sequence):
        return [value] * n
    if len(value) != n:
        raise ValueError(f"{name}={value!r}: give one value or {n}, one per axis")
    return value


def _axis(length: int, scale: float, hop: int | None, window: int | None) -> Axis:
    rule_hop, rule_window = grid_rule(length, scale)
    hop = rule_hop if hop is None else operator.index(hop)
    window = rule_window if window is None else operator.index(window)
    if hop < 1 or length % hop:
        divisors = [h for h in range(1, length + 1) if length % h == 0]
        raise ValueError(f"hop={hop} does not divide the length {length}: give one of {divisors}")
    if not 1 <= window <= length:
        raise ValueError(f"window_length={window}: give 1 to {length}, the length of the axis")
    return Axis(length, scale, hop, window)
