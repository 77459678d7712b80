"""Acquisition operators y = A x: masked samples, zero-filled k-space, or somebody's callable."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run, is_out_of_memory
from jupyter_phys.core.shadow import shadow
from jupyter_phys.instruments.entropy import masks
from jupyter_phys.instruments.entropy.settings import Settings
from jupyter_phys.instruments.entropy.subjects import ACCEPTS, Family


@dataclass(frozen=True)
class Acquisition:
    """A subject made ready for fields of one shape."""

    label: str
    family: str
    draws: int
    mask: Callable[[int], Tensor] | None  # of a draw, on the run's device; None for a callable
    operator: Callable[[Tensor], Tensor] | None = None
    copies: float = math.nan  # M of a periodic mask

    @functools.cached_property
    def rate(self) -> float:
        """Mean fraction of samples kept (NaN for a callable, which has none)."""
        if self.mask is None:
            return math.nan
        return float(np.mean([float((self.mask(draw) != 0).double().mean()) for draw in range(self.draws)]))

    def apply(self, fields: Tensor, draws: list[int], settings: Settings) -> Tensor:
        """y = A x for fields [item, ...], item i by draw ``draws[i]``."""
        if self.operator is not None:
            return torch.stack([self.operator(field) for field in fields])
        assert self.mask is not None
        chosen = torch.stack([self.mask(draw) for draw in draws]).to(fields.real.dtype)
        return zero_filled(fields, chosen, settings) if settings.kind == "mri" else fields * chosen


def zero_filled(fields: Tensor, mask: Tensor, settings: Settings) -> Tensor:
    """F⁻¹(m · F x) of images [..., rows, columns], complex; F is the orthonormal Fourier transform.

    A mask with its zero frequency in the centre is shifted once instead of shifting every picture twice:
    the phase factors of a centred transform cancel.
    """
    if settings.dc == "centre":
        mask = torch.fft.ifftshift(mask, dim=(-2, -1))
    return torch.fft.ifft2(mask * torch.fft.fft2(fields))


def prepare(
    label: str, subject: Any, shape: tuple[int, ...], settings: Settings, run: Run, *, device: torch.device | None
) -> Acquisition:
    """Make a subject ready for fields of ``shape``; callables get tensors on ``device``, numpy arrays where it is None.

    Raises:
        Refused: a mask that does not fit the field, or a callable that cannot be called on it.
    """
    if isinstance(subject, Family):
        return _family(label, subject, shape, settings, run)
    if isinstance(subject, Tensor):
        mask = _fitted(label, subject, shape, settings).to(run.device)
        return Acquisition(label, "mask", 1, lambda draw: mask, copies=_copies(mask))
    if callable(subject):
        return Acquisition(label, "operator", 1, None, _operator(label, subject, run, device))
    raise Refused(f"{label} is no acquisition.", given=type(subject).__name__, allowed=ACCEPTS)


def _family(label: str, family: Family, shape: tuple[int, ...], settings: Settings, run: Run) -> Acquisition:
    draws = settings.draws if family.random else 1
    room = run.memory // 16 // math.prod(shape)  # masks kept, of one byte a sample; the others are drawn again

    @functools.lru_cache(max(1, room))
    def mask(draw: int) -> Tensor:
        with run.drawing(draw):  # for a family that draws from the global states instead
            return _drawn(label, family, shape, settings, run.generator(draw)).to(run.device)

    copies = math.nan if family.random else _copies(mask(0))
    return Acquisition(label, type(family).__name__.lower(), draws, mask, copies=copies)


def _drawn(
    label: str, family: Family, shape: tuple[int, ...], settings: Settings, generator: torch.Generator
) -> Tensor:
    """A mask of somebody's family, checked."""
    try:
        drawn: Any = family.draw(shape, settings.axis, settings.dc, generator)
    except Exception as reason:
        if isinstance(reason, Refused) or is_out_of_memory(reason):
            raise
        raise Refused(
            f"{label} raised {type(reason).__name__}: {reason}", given=f"shape {shape}", allowed="a mask of that shape"
        ) from reason
    found = drawn if isinstance(drawn, Tensor) and drawn.dtype is torch.bool else masks.weights(drawn)
    if tuple(found.shape) != shape:
        raise Refused(f"{label} draws a mask of another shape.", given=tuple(found.shape), allowed=shape)
    return found


def _fitted(label: str, mask: Tensor, shape: tuple[int, ...], settings: Settings) -> Tensor:
    """The mask spread over the field: a line mask selects along ``axis``."""
    wanted = shape if mask.ndim > 1 else (shape[settings.axis if len(shape) > 1 else -1],)
    if tuple(mask.shape) != wanted:
        field = " × ".join(map(str, shape))
        hint = (
            "kind=signal"
            if mask.ndim == 1 and settings.kind != "signal"
            else f"a mask of {field}, or signal= of the mask's size"
        )
        raise Refused(
            f"{label} does not fit the field.", given=f"mask {' × '.join(map(str, mask.shape))}, field {field}",
            allowed=f"{field}, or a line mask along axis={settings.axis}",
            instead=hint,
        )  # fmt: skip
    if mask.ndim == 1 and len(shape) > 1 and settings.axis == -2:
        mask = mask[:, None]
    return mask.expand(shape)


def _copies(mask: Tensor) -> float:
    """M, the number of coherent copies of a regular mask whose periods divide the field; NaN for all others."""
    return float(math.prod(periods(mask) or [math.nan]))


def periods(mask: Tensor) -> list[int]:
    """The sampling period along every axis of a regular mask; of all others none."""
    found = [_period(mask.bool().movedim(axis, 0).reshape(mask.shape[axis], -1).any(1)) for axis in range(mask.ndim)]
    copies = math.prod(found)
    regular = (
        copies > 0
        and round(mask.numel() / copies) == int((mask != 0).sum())
        and bool((mask[mask != 0] == mask.max()).all())
    )
    return found if regular else []


def _period(kept: Tensor) -> int:
    """Distance between the kept places if it is everywhere the same, cyclically; else 0."""
    places = torch.nonzero(kept).flatten()
    gaps = torch.diff(torch.cat([places, places[:1] + kept.numel()]))
    return int(gaps[0]) if bool((gaps == gaps[0]).all()) else 0


def _operator(
    label: str, subject: Callable[[Any], Any], run: Run, device: torch.device | None
) -> Callable[[Tensor], Tensor]:
    module = isinstance(subject, torch.nn.Module)
    dtype = run.dtype
    if module:
        tensors = [one for one in (*subject.parameters(), *subject.buffers()) if one.is_floating_point()]
        dtype = tensors[0].dtype if tensors else dtype
        subject = shadow(subject).to(run.device) if any(one.device != run.device for one in tensors) else subject

    def operate(field: Tensor) -> Tensor:
        with run.drawing(0), torch.no_grad():  # what it draws depends on the run's seed alone
            called = shadow(subject)  # a fresh one each time: no call sees what another has left
            given = _given(field, dtype, run.device if module else device)
            try:
                answer = called(given)
            except Exception as reason:
                if isinstance(reason, Refused) or is_out_of_memory(reason):
                    raise
                raise Refused(
                    f"{label} raised {type(reason).__name__}: {reason}", given=_said(given), allowed="field → field"
                ) from reason
        return _answer(label, field, answer, run)

    return operate


def _given(field: Tensor, dtype: torch.dtype, device: torch.device | None) -> Any:
    """A copy of the field in a real dtype or the complex one that goes with it; without a device a numpy array."""
    if device is None:
        return field.cpu().numpy().copy()
    return field.to(device, dtype.to_complex() if field.is_complex() else dtype, copy=True)


def _said(given: Any) -> str:
    return f"{type(given).__name__} of shape {tuple(given.shape)}, {given.dtype}"


def _answer(label: str, field: Tensor, answer: Any, run: Run) -> Tensor:
    try:
        tensor = run.tensor(answer)
    except (TypeError, ValueError, RuntimeError) as reason:
        if is_out_of_memory(reason):
            raise
        raise Refused(
            f"{label} does not give an array.", given=type(answer).__name__, allowed="field → field"
        ) from reason
    if tensor.shape != field.shape:
        raise Refused(
            f"{label} changes the shape of the field.", given=f"{tuple(field.shape)} → {tuple(tensor.shape)}",
            allowed="a callable field → field of the same shape",
        )  # fmt: skip
    if not bool(torch.isfinite(torch.view_as_real(tensor) if tensor.is_complex() else tensor).all()):
        raise Refused(
            f"{label} gives NaN or infinity.", given=f"field of shape {tuple(field.shape)}", allowed="finite values"
        )
    return tensor
