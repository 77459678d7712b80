"""Whose turn it is: live measurements run between cells only, for both may use the global random states."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


class Turns:
    """Cells go first: a live measurement waits while one runs, and steps aside at its next step when one begins."""

    def __init__(self, *, cell_runs: bool) -> None:
        self._changed = threading.Condition()
        self._cell_runs = cell_runs
        self._running: set[threading.Event] = set()

    def cell_begins(self, _: Any = None) -> None:
        """Ask live measurements to stop, and wait until they have; an interrupt ends the waiting."""
        with self._changed:
            self._cell_runs = True
            for stopping in self._running:
                stopping.set()
            self._changed.wait_for(lambda: not self._running)

    def cell_ends(self, _: Any = None) -> None:
        """Let live measurements go on."""
        with self._changed:
            self._cell_runs = False
            self._changed.notify_all()

    @property
    def is_free(self) -> bool:
        """Whether no cell runs."""
        return not self._cell_runs

    def nudge(self) -> None:
        """Let those that wait look again whether they are to stop."""
        with self._changed:
            self._changed.notify_all()

    @contextmanager
    def turn(self, stopping: threading.Event) -> Generator[None, None, None]:
        """A live measurement's own turn; a cell that begins sets ``stopping``."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_free or stopping.is_set())
            self._running.add(stopping)
        try:
            yield
        finally:
            with self._changed:
                self._running.discard(stopping)
                self._changed.notify_all()


_TURNS: dict[Any, Turns] = {}


def turns(shell: Any) -> Turns:
    """The turns of a shell, made in a running cell: the one that opens the first live widget."""
    if shell not in _TURNS:
        made = _TURNS[shell] = Turns(cell_runs=True)
        shell.events.register("pre_run_cell", made.cell_begins)
        shell.events.register("post_run_cell", made.cell_ends)
    return _TURNS[shell]


def forget(shell: Any) -> None:
    """Take the hooks away from a shell."""
    if (made := _TURNS.pop(shell, None)) is not None:
        shell.events.unregister("pre_run_cell", made.cell_begins)
        shell.events.unregister("post_run_cell", made.cell_ends)
