"""The fully sampled fields that are put through an acquisition, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.inputs import BuiltIn
from jupyter_phys.core.run import Run, is_out_of_memory, numbers
from jupyter_phys.instruments.entropy.samples import DEFAULT, sample
from jupyter_phys.instruments.entropy.settings import Settings
from jupyter_phys.instruments.entropy.source import Source

SHOWN = 8  # numbers named in a refusal


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
