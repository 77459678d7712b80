"""One run on one device: precision, draws, batches that fit, notes, and what is kept when it is stopped."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import numpy as np
import torch
import xarray as xr

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.states import clear, drawing
from jupyter_phys.core.states import untouched as untouched
from jupyter_phys.figures.panel import Note

GIB = 2**30
LEAST = 2**20  # bytes of work memory with which a single item is still tried


class Run:
    """Given to ``measure``: where and how to compute, and where to put what was found."""

    def __init__(
        self, how: Mapping[str, Any], meter: Meter,
        wanted: tuple[frozenset[str], ...] = (), whole: Mapping[str, tuple[Any, ...]] | None = None, first: int = 0,
        swept: frozenset[str] = frozenset(), units: range = range(0),
    ) -> None:  # fmt: skip
        self.device = find_device(how["device"])
        self.dtype = _real(how["precision"], self.device)
        self.complex_dtype = torch.complex64 if self.dtype is torch.float32 else torch.complex128
        self.seed: int = how["seed"]
        self.draft: bool = how.get("draft", False)  # a quick look: coarser grids will do, the measurement follows
        self.memory = int(how["memory"] * GIB)
        self.notes: list[Note] = []
        self.facts: dict[str, Any] = {}
        self.kept: xr.Dataset | None = None
        self.batch: int | None = None
        self.whole = dict(whole or {})  # the axes that measure takes whole, with all their values
        self.first = first  # place of this run's first subject among all that are measured
        self.swept = swept  # the settings that differ between the runs of this measurement
        self.units = units  # those of all units that this run has to see to, in a task that is cut into them
        self._meter, self._wanted = meter, wanted
        self._steps, self._counted = 0, 0.0

    def wants(self, variable: str) -> bool:
        """Whether this run must fill ``variable``; a sweep measures what an axis does not touch only once."""
        return all(variable in group for group in self._wanted)

    def keep(self, data: xr.Dataset) -> xr.Dataset:
        """Register the Dataset that is being filled in place: an interrupt keeps it (NaN where unmeasured)."""
        self.kept = data
        return data

    def generator(self, *index: int) -> torch.Generator:
        """A CPU generator whose draws depend on the seed and the item's index alone."""
        name = ",".join(map(str, (self.seed, *index))).encode()
        number = int.from_bytes(hashlib.sha256(name).digest()[:8], "big") >> 1
        return torch.Generator().manual_seed(number)

    def drawing(self, *index: int) -> contextlib.AbstractContextManager[None]:
        """Global random states that depend on seed and index alone, for what draws from them; see :func:`drawing`."""
        return drawing(self.generator(*index).initial_seed(), self.device)

    def note(self, text: str) -> None:
        """Say something that the reader of the reading should know."""
        self._say(Note("note", text))

    def warn(self, text: str) -> None:
        """Say something without which the numbers would be misread."""
        self._say(Note("warning", text))

    def _say(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def expect(self, steps: int) -> None:
        """How many steps this run will take in all, for the progress meter."""
        self._steps = max(1, steps)

    def advance(self, steps: int = 1) -> None:
        """Count steps; the place where a stop takes effect."""
        share = steps / self._steps if self._steps else 0.0
        share = min(share, 1.0 - self._counted)
        self._counted += share
        self._meter.advance(share)

    def finish(self) -> None:
        """Count what is left of this job."""
        self._meter.advance(1.0 - self._counted)
        self._counted = 1.0

    def tensor(self, value: Any, *, complex_too: bool = True) -> torch.Tensor:
        """``value`` on this run's device in this run's precision, perhaps in the user's memory; complex stays complex.

        Raises:
            TypeError, ValueError, RuntimeError: not an array of numbers.
        """
        array = numbers(value)
        tensor = array if isinstance(array, torch.Tensor) else _from_numpy(array)
        keeps = complex_too and tensor.is_complex()
        return tensor.to(self.device, self.complex_dtype if keeps else self.dtype).resolve_conj().resolve_neg()

    def batches(self, n: int, cost: float) -> Iterator[Batch]:
        """Slices of ``range(n)`` that fit the memory setting at ``cost`` bytes an item.

        Use each as ``with batch as items:``; when the device runs out of memory inside, the slice and
        ``memory`` are halved and it comes again.
        """
        if n == 0:
            return
        size = max(1, int(self.memory // max(cost, 1.0)))  # items at a time, at most
        self.batch = size if self.batch is None else min(self.batch, size)
        waiting = [slice(start, min(start + size, n)) for start in range(0, n, size)][::-1]
        while waiting:
            yield Batch(self, waiting.pop(), waiting)


class Batch:
    """A slice of items; see :meth:`Run.batches`."""

    def __init__(self, run: Run, items: slice, waiting: list[slice]) -> None:
        self._run, self._items, self._waiting = run, items, waiting

    def __enter__(self) -> slice:
        return self._items

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not is_out_of_memory(error):
            return False
        start, stop = self._items.start, self._items.stop
        traceback.clear_frames(trace)  # what they hold lies on the device
        clear()
        self._run.memory //= 2
        if stop - start == 1 and self._run.memory < LEAST:
            raise Refused(
                "One item alone does not fit on the device.",
                given=str(self._run.device),
                instead="a smaller field" if self._run.device.type == "cpu" else "device=cpu, or a smaller field",
            ) from error.with_traceback(None)  # fmt: skip
        middle = (start + stop + 1) // 2
        self._waiting += [part for part in (slice(middle, stop), slice(start, middle)) if part.start < part.stop]
        self._run.batch = min(self._run.batch or middle - start, middle - start)
        return True


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a device or in the computer (where torch says so in words only)."""
    told = isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    return told or isinstance(error, (torch.OutOfMemoryError, MemoryError))


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()


def find_device(name: str) -> torch.device:
    """The device of that name; ``auto`` takes CUDA where there is one.

    Raises:
        Refused: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as reason:
        here = ", ".join(["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))])
        raise Refused(f"There is no device {name!r} here.", allowed=f"auto, {here}") from reason
    return device


def _real(precision: str, device: torch.device) -> torch.dtype:
    if precision == "float64" and device.type == "mps":
        raise Refused("This device has no float64.", given=str(device), instead="precision=float32")
    return torch.float64 if precision == "float64" else torch.float32


def numbers(value: Any) -> Any:
    """``value`` as a dense tensor or numpy array of numbers, in its own memory, precision and place.

    Raises:
        TypeError, ValueError, RuntimeError: not an array of numbers.
    """
    if isinstance(value, torch.Tensor):
        if value.is_meta:
            raise RuntimeError("a tensor on the meta device has no values")
        return value.detach() if value.layout is torch.strided else value.detach().to_dense()
    if np.ma.is_masked(value):
        raise TypeError("some values are masked out")
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{array.dtype} is not a number")
    return array


def _from_numpy(array: np.ndarray[Any, Any]) -> torch.Tensor:
    # torch knows neither long doubles, foreign byte orders, negative strides nor read-only memory
    widest = np.complex128 if array.dtype.kind == "c" else np.float64
    return torch.from_numpy(np.require(array, array.dtype if array.dtype in KNOWN else widest, ["C", "W"]))


KNOWN = tuple(np.dtype(name) for name in ("f2", "f4", "f8", "c8", "c16"))
