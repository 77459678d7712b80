"""Whose turn it is: live measurements run between cells only, for both may use the global random states."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from IPython.core.error import InputRejected

from jupyter_phys.core.errors import Interrupted


class Turns:
    """Cells go first: a live measurement waits while one runs, and steps aside at its next step when one begins.

    Of live measurements one runs at a time: they share the random states and the memory too.
    """

    def __init__(self, *, cells: int, refuse: Callable[[], None] = lambda: None) -> None:
        self._changed = threading.Condition()
        self._cells = cells  # a cell may run another
        self._refuse = refuse
        self._running: threading.Event | None = None

    def cell_begins(self, _: Any = None) -> None:
        """Ask live measurements to stop, and wait until they have; who interrupts the waiting wants no cell either."""
        with self._changed:
            self._cells += 1
            if self._running is not None:
                self._running.set()
            try:
                self._changed.wait_for(lambda: self._running is None)
            except KeyboardInterrupt:
                self._refuse()

    def cell_ends(self, _: Any = None) -> None:
        """Let live measurements go on after the outermost cell; an empty one ends without having begun."""
        with self._changed:
            self._cells = max(0, self._cells - 1)
            self._changed.notify_all()

    @property
    def is_free(self) -> bool:
        """Whether no cell runs."""
        return self._cells == 0

    def nudge(self) -> None:
        """Let those that wait look again whether they are to stop."""
        with self._changed:
            self._changed.notify_all()

    @contextmanager
    def turn(self, stopping: threading.Event, waits: Callable[[], None] = lambda: None) -> Generator[None, None, None]:
        """A live measurement's own turn; a cell that begins sets ``stopping``. ``waits`` is told that one runs.

        Raises:
            Interrupted: ``stopping`` was set before its turn came.
        """
        with self._changed:
            if not self.is_free:
                waits()
            self._changed.wait_for(lambda: stopping.is_set() or (self.is_free and self._running is None))
            if stopping.is_set():
                raise Interrupted
            self._running = stopping
        try:
            yield
        finally:
            with self._changed:
                self._running = None
                self._changed.notify_all()


class _Refusal(ast.NodeTransformer):
    """Keeps the next cell from running, once."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def visit(self, node: ast.AST) -> ast.AST:
        self._shell.ast_transformers.remove(self)
        raise InputRejected("Interrupted before it began, while live sliders were stepping aside.")


_TURNS: dict[Any, Turns] = {}


def turns(shell: Any) -> Turns:
    """The turns of a shell, made in a running cell: the one that opens the first live widget."""
    if shell not in _TURNS:
        made = _TURNS[shell] = Turns(cells=1, refuse=lambda: shell.ast_transformers.append(_Refusal(shell)))
        shell.events.register("pre_run_cell", made.cell_begins)
        shell.events.register("post_run_cell", made.cell_ends)
    return _TURNS[shell]


def forget(shell: Any) -> None:
    """Take the hooks away from a shell."""
    if (made := _TURNS.pop(shell, None)) is not None:
        shell.events.unregister("pre_run_cell", made.cell_begins)
        shell.events.unregister("post_run_cell", made.cell_ends)
        made.cell_ends()  # nobody else will say so
