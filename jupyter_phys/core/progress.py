"""Progress of a measurement, and the ways to stop it: an interrupt, or a word from another thread."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Generator
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

from tqdm import tqdm

FORMAT = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} so far, {remaining} left"
PATIENCE = 2  # interrupts held back at most; the next one acts at once, wherever it comes


class Stopped(Exception):
    """Somebody asked the measurement to stop (Cancel of a live widget, an interrupt in the main thread)."""


class _Bar(tqdm):  # pyright: ignore[reportMissingTypeArgument]  not subscriptable at run time
    monitor_interval = 0  # no watching thread that outlives the measurement


def _stderr() -> TextIO | None:
    return None


_open_output = _stderr


def write_to(open_output: Callable[[], TextIO | None] = _stderr) -> None:
    """Where bars are written from now on; None is stderr."""
    global _open_output
    _open_output = open_output


class Meter:
    """Counts finished jobs and the steps inside the running ones; shows itself after one second.

    ``told`` hears the part that is done, from 0 to 1; setting ``stopping`` is asking for a stop.
    """

    def __init__(
        self, title: str, jobs: int = 1, *, shown: bool = True,
        told: Callable[[float], None] | None = None, stopping: threading.Event | None = None,
    ) -> None:  # fmt: skip
        self.stopping = stopping or threading.Event()
        self.items: tuple[int, str] | None = None  # what is counted beside the part that is done, and its name
        self._title, self._told, self._jobs, self._done = title, told, jobs, 0.0
        self._lock = threading.Lock()
        self._bar: Any = _Bar(
            total=float(jobs), desc=title, file=_open_output(), disable=not shown,
            delay=1.0, mininterval=0.2, leave=False, bar_format=FORMAT,
        )  # fmt: skip

    def stop(self) -> None:
        """Ask every running job to end at its next step."""
        self.stopping.set()

    def advance(self, share: float) -> None:
        """Count a share of a job; raises Stopped where a stop was asked for."""
        with self._lock:
            share = min(share, self._jobs - self._done)  # shares may add up to a hair too much
            self._done += share
            if self.items:
                count, name = self.items
                done = math.floor(count * self._done / self._jobs + 1e-6)
                self._bar.set_description_str(f"{self._title}: {done} of {count} {name}", refresh=False)
            self._bar.update(share)
        if self._told:
            self._told(self._done / self._jobs)
        self.check()

    def check(self) -> None:
        """Raise Stopped where a stop was asked for."""
        if self.stopping.is_set():
            raise Stopped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


def seldom(told: Callable[[float], None], pause: float = 0.1) -> Callable[[float], None]:
    """``told``, called at most once in ``pause`` seconds."""
    last = time.monotonic()

    def tell(part: float) -> None:
        nonlocal last
        if time.monotonic() - last >= pause:
            last = time.monotonic()
            told(part)

    return tell


class Interrupts:
    """Lets one interrupt (Ctrl-C, Stop in Jupyter) through while the block of :meth:`through` runs.

    At all other moments it waits: what was borrowed is given back and what was measured is put together first.
    """

    def __init__(self) -> None:
        self._open = False
        self._count, self._held = 0, False
        self._before: Callable[[int, FrameType | None], Any] | None = None

    @property
    def waiting(self) -> bool:
        """Whether an interrupt came that has not been raised."""
        return self._held

    @contextlib.contextmanager
    def through(self) -> Generator[None, None, None]:
        """Where an interrupt may act: here it raises KeyboardInterrupt, once."""
        self._open = True
        try:
            if self._held:
                self._held = False
                raise KeyboardInterrupt
            yield
        finally:
            self._open = False

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._open or self._count > PATIENCE:
            self._open = False
            assert self._before is not None
            self._before(number, frame)
        else:
            self._held = True

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGINT)
        # only the main thread hears signals; a process that ignores them keeps on doing so
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._arrived)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            if self.waiting and error is None:
                raise KeyboardInterrupt
