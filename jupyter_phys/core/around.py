"""Measure while code of the user's runs: ``with jp.probe.watch(net, data) as w:``, or a cell under its magic."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from types import TracebackType
from typing import Any, Self

import xarray as xr

from jupyter_phys.core import screen
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.instrument import BoundTask
from jupyter_phys.core.measure import plan, reading_of
from jupyter_phys.core.progress import Interrupts, Meter
from jupyter_phys.core.reading import Reading, remember
from jupyter_phys.core.run import Run, untouched
from jupyter_phys.core.sweep import Sweep, outcome

PATIENCE = 9  # times as long as showing takes, nothing is shown: it slows the block by a tenth at most


class Around(ABC):
    """A task that measures while a block runs; ``reading`` is there after the block, also if it was left by an error.

    A task names its class in ``Task.around``. It begins and ends in :meth:`begin` and :meth:`end`; whenever it wants to
    measure it does so inside :meth:`measuring` and puts what it has so far with :meth:`put`.
    """

    def __init__(self, task: BoundTask, subject: Any, options: Mapping[str, Any]) -> None:
        """Check everything before the block runs.

        Raises:
            Refused: an unknown name, a value that is not allowed, or a list, of which there can be none here.
        """
        self.asked = plan(task, subject, options)
        if self.asked.axes:
            name = next(iter(self.asked.axes))
            given = f"{name}={self.asked.axes[name]}"
            raise Refused("While code runs every setting has one value.", given=given, instead="one value")
        self.reading: Reading | None = None
        self._meter = Meter("", shown=False)
        self._sweep = Sweep(self.asked.jobs(), self._meter)
        self.run = Run(self._sweep.jobs[0].how, self._meter)
        self.inputs, self.settings = self._sweep.jobs[0].inputs, self._sweep.jobs[0].settings
        self._screen: screen.Screen = screen.Dark()
        self._next = 0.0  # when to show again

    @abstractmethod
    def begin(self) -> None:
        """Take hold of what is watched, and measure it before the block."""

    @abstractmethod
    def end(self, *, whole: bool) -> None:
        """Let go; ``whole`` where the block came to its end, so that there may be a last measurement."""

    @contextlib.contextmanager
    def measuring(self) -> Generator[None, None, None]:
        """Random states and flags are as before afterwards; an interrupt acts once, and inside only."""
        with Interrupts() as interrupts, untouched(), interrupts.through():
            yield

    def put(self, data: xr.Dataset) -> None:
        """What was measured so far, which an interrupt keeps and a screen shows."""
        self.run.keep(data)
        self._sweep.begun[0] = self.run
        began = time.monotonic()
        if not self.asked.how["progress"] or began < self._next:
            return
        if now := reading_of(self.asked, self._sweep, lambda reading: reading):
            self._screen.show(now)
        ended = time.monotonic()
        self._next = ended + PATIENCE * (ended - began)

    def __enter__(self) -> Self:
        self._screen = screen.opened()
        try:
            self.begin()
        except BaseException:
            self.end(whole=False)
            self._screen.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = error is None
        try:
            self.end(whole=whole)
        except BaseException:
            whole = False
            raise
        finally:
            self._screen.close()
            if whole and self.run.kept is not None:
                self._sweep.done[0] = outcome(self.run, self.run.kept)
                del self._sweep.begun[0]
            self.reading = reading_of(self.asked, self._sweep, remember)
        if self.reading and error is not None:
            error.add_note("What was measured before this is kept: jupyter_phys.last().")
