"""The fully sampled fields that are put through an acquisition, checked, and the grid on which they are measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.inputs import BuiltIn
from jupyter_phys.core.run import GIB, Run, is_out_of_memory, numbers
from jupyter_phys.instruments.entropy.samples import DEFAULT, sample
from jupyter_phys.instruments.entropy.settings import Settings
from jupyter_phys.instruments.entropy.source import Source
from jupyter_phys.physics.entropy_stream import least_memory
from jupyter_phys.physics.phase_grid import Axis
from jupyter_phys.physics.phase_space import grid_rule, valid_scale

KEPT = 0.9  # least part of an axis that a crop to a fitting size may leave
SHOWN = 8  # numbers named in a refusal
DRAFT_STEP = 1.25  # largest hop of a draft in units of the window scale: up to 1e-2 nat off, four times as fast


@dataclass(frozen=True)
class Sample(BuiltIn):
    """A built-in signal of a size: chosen, and made where it is needed."""

    name: str
    shape: tuple[int, ...] | None

    def values(self) -> Any:
        """Its values, whatever they are needed for."""
        return sample(self.name, self.shape)

    def made(self, ndim: int) -> Any:
        """Its values.

        Raises:
            Refused: a picture where a signal is asked for.
        """
        values = self.values()
        if ndim == 1 and values.ndim > 1:
            cure = "kind=image, or signal=tone"
            raise Refused("This built-in signal is a picture.", given=self.name, allowed="tone, packet", instead=cure)
        return values


def chosen(signal: Any, settings: Settings, subjects: Iterable[Any]) -> Any:
    """What was given, or the built-in signal that stands in for it, of the masks' size."""
    if signal is None or isinstance(signal, str):
        ndim = 1 if settings.kind == "signal" else 2
        return Sample(DEFAULT[settings.kind] if signal is None else signal, _size(subjects, ndim))
    return signal


@dataclass(frozen=True)
class Fields:
    """Reference fields ``values[signals]`` on the run's device, made when asked for; the user's array stays."""

    values: Source
    names: list[str]
    device: torch.device | None  # where the user's tensors are, and callables get them; None: numpy arrays

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one field."""
        return self.values.shape


@dataclass(frozen=True)
class Grid:
    """Window and grid per axis, in samples, and the size to which fields are cropped after the acquisition."""

    scale: tuple[float, ...]
    hop: tuple[int, ...]
    window_length: tuple[int, ...]
    valid: tuple[tuple[float, float], ...]
    size: tuple[int, ...]

    def crop(self, fields: Tensor) -> Tensor:
        """The middle of the fields [..., axes], of the grid's size."""
        for axis, n in enumerate(self.size, start=-len(self.size)):
            fields = fields.narrow(axis, (fields.shape[axis] - n) // 2, n)
        return fields

    @property
    def cells(self) -> int:
        """Cells of phase space of one field."""
        sides = zip(self.size, self.hop, self.window_length, strict=True)
        return math.prod(n // h * w for n, h, w in sides)

    def least_memory(self, run: Run) -> int:
        """Bytes without which no entropy can be computed."""
        axes = tuple(Axis(*one) for one in zip(self.size, self.scale, self.hop, self.window_length, strict=True))
        return least_memory(torch.empty(0, dtype=run.complex_dtype), axes)

    def options(self) -> dict[str, Any]:
        """Arguments of the phase-space functions."""
        return {"scale": self.scale, "hop": self.hop, "window_length": self.window_length, "ndim": len(self.size)}


def fields(signal: Any, settings: Settings, masks: Iterable[Any], run: Run) -> Fields:
    """The reference fields: what was given, or a built-in sample of the masks' size.

    Raises:
        Refused: not numbers, not finite, zero, empty, or of too few dimensions.
    """
    ndim = 1 if settings.kind == "signal" else 2
    signal = chosen(signal, settings, masks)
    name = signal.name if isinstance(signal, Sample) else "signal"
    given = _numbers(signal.made(ndim) if isinstance(signal, Sample) else signal)
    if given.ndim < ndim or 0 in given.shape:
        hint = "kind=signal" if given.ndim == 1 and 0 not in given.shape else ""
        axes = "(..., n)" if ndim == 1 else "(..., rows, columns)"
        raise Refused(
            "The signal does not have the shape of this kind.",
            given=f"shape {tuple(given.shape)}, kind={settings.kind}", allowed=axes, instead=hint,
        )  # fmt: skip
    values = Source(given, ndim, run, complex_only=settings.kind == "mri", without_mean=False)
    peaks = sound(values)
    if settings.subtract_mean:
        values = replace(values, without_mean=True, whole=[])
        _more_than_a_mean(values, peaks)
    names = [f"{name}{f' {i}' if len(values) > 1 else ''}" for i in range(len(values))]
    return Fields(values, names, given.device if isinstance(signal, Tensor) else None)


def _size(masks: Iterable[Any], ndim: int) -> tuple[int, ...] | None:
    """The size of the masks, where they have one that a sample can take."""
    shapes = [tuple(one.shape) for one in masks if isinstance(one, Tensor)]
    full = next((shape for shape in shapes if len(shape) == ndim), None)
    return full or next((shape * ndim for shape in shapes), None)


def _numbers(signal: Any) -> Any:
    try:
        if isinstance(signal, (list, tuple)) and all(isinstance(one, Tensor) for one in signal):
            signal = torch.stack([one.detach() for one in signal])
        return numbers(signal)
    except (TypeError, ValueError, RuntimeError) as reason:
        if is_out_of_memory(reason):
            raise
        raise Refused(
            f"A signal is an array of numbers: {reason}.",
            given=type(signal).__name__, allowed="real or complex numbers",
        ) from reason  # fmt: skip


def sound(values: Source, seen: Callable[[Tensor], Tensor] = lambda x: x) -> Tensor:
    """The largest modulus of each field; refuse those without energy or with numbers that are none."""
    peaks = _peaks(values, seen)
    if not bool(peaks.isfinite().all()):
        raise Refused(
            "The signal has NaN or infinite values.",
            allowed=f"finite numbers, up to {torch.finfo(peaks.dtype).max:.2g} in {str(peaks.dtype)[6:]}",
            instead="signal=numpy.nan_to_num(signal)",
        )
    empty = (peaks == 0).nonzero().flatten().tolist()
    if empty:
        which = ", ".join(map(str, empty[:SHOWN])) + (", ..." if len(empty) > SHOWN else "")
        raise Refused(
            "A signal that is zero everywhere has no phase-space density.",
            given=f"signal {which}", allowed="some energy",
        )  # fmt: skip
    return peaks


def _peaks(values: Source, seen: Callable[[Tensor], Tensor] = lambda x: x) -> Tensor:
    """The largest modulus of each field; NaN and infinity stay what they are."""
    peaks: list[Tensor] = []
    for batch in values.run.batches(len(values), 8 * values.cost):
        with batch as items:
            peaks.append(seen(values[items]).abs().flatten(1).amax(1))
    return torch.cat(peaks)


def _more_than_a_mean(rest: Source, peaks: Tensor) -> None:
    noise = 64 * torch.finfo(peaks.dtype).eps * peaks
    if bool((_peaks(rest) <= noise).any()):
        raise Refused("A constant signal without its mean is nothing.", instead="subtract_mean=False")


def find_grid(shape: tuple[int, ...], settings: Settings, run: Run) -> Grid:
    """The window scale and the grid for fields of ``shape``.

    Raises:
        Refused: no valid scale at this size, or one asked for outside the valid range.
    """
    valid = [valid_scale(n) for n in shape]
    small = [n for n, (low, high) in zip(shape, valid, strict=True) if low > high]
    if small:
        raise Refused(
            "The field is too small for phase space: no window is both 2 samples wide and 2 bins sharp.",
            given=f"shape {shape}", allowed="at least 26 samples an axis",
        )  # fmt: skip
    scale = _scale(shape, settings, valid)
    size = tuple(n if settings.hop else _fitting(n, s) for n, s in zip(shape, scale, strict=True))
    if size != shape:
        run.note(f"{_times(shape)} has no hop within the grid rule: cropped to {_times(size)} after the acquisition.")
    step = DRAFT_STEP if run.draft else 0.5
    rule = [grid_rule(n, s, step) for n, s in zip(size, scale, strict=True)]
    hop = tuple(settings.hop or h for h, _ in rule)
    window = tuple(settings.window_length or w for _, w in rule)
    _check(size, hop, window, rule, run)
    grid = Grid(scale, hop, window, tuple(valid_scale(n) for n in size), size)
    least = 2 * grid.least_memory(run)
    if least > run.memory:
        raise Refused(
            "A single window position does not fit into the memory of this run.",
            given=f"memory={run.memory / GIB:.3g} GiB", instead=f"memory={math.ceil(1000 * least / GIB) / 1000:g}",
        )  # fmt: skip
    return grid


def _scale(shape: tuple[int, ...], settings: Settings, valid: list[tuple[float, float]]) -> tuple[float, ...]:
    asked = settings.scale
    if asked is None:
        return tuple(min(max(n / 16, low), high) for n, (low, high) in zip(shape, valid, strict=True))
    scale = asked if isinstance(asked, tuple) else (asked,) * len(shape)
    if len(scale) != len(shape):
        raise Refused("One window scale, or one per axis.", given=f"scale={scale}, field {_times(shape)}")
    for s, n, (low, high) in zip(scale, shape, valid, strict=True):
        if not low <= s <= high:
            near = low if s < low else math.floor(high * 100) / 100
            raise Refused(
                "The window scale is outside the valid range of this field.", given=f"scale={s:g} samples on {n}",
                allowed=f"{low:g} … {math.floor(high * 1000) / 1000:g} samples", instead=f"scale={near:g}",
            )  # fmt: skip
    return scale


def _fitting(n: int, s: float) -> int:
    """The largest size up to n whose grid-rule hop is not needlessly small."""
    sizes = range(n, max(26, math.ceil(KEPT * n)) - 1, -1)
    fits = (size for size in sizes if s <= valid_scale(size)[1] and (grid_rule(size, s)[0] >= s / 4 or s < 4))
    return next(fits, n)


def _check(
    size: tuple[int, ...], hop: tuple[int, ...], window: tuple[int, ...], rule: list[tuple[int, int]], run: Run
) -> None:
    for n, h, w, (best_h, best_w) in zip(size, hop, window, rule, strict=True):
        if n % h or w > n:
            divisors = ", ".join(str(d) for d in range(1, n + 1) if n % d == 0)
            raise Refused(
                "The grid does not fit the field.", given=f"hop={h}, window_length={w} on {n} samples",
                allowed=f"hop one of {divisors}; window_length at most {n}",
            )  # fmt: skip
        if h > best_h:
            run.warn(f"hop={h} is above the grid rule ({best_h}): expect errors of 3e-3 nat at hop s, 5e-2 at hop 2 s.")
        if w < best_w:
            run.warn(
                f"window_length={w} is below the grid rule ({best_w}): expect errors of 4e-3 nat at 6 s, 4e-2 at 4 s."
            )


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
