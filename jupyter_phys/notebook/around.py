"""A cell under a magic that measures while it runs, and the one display that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.display import display

from jupyter_phys.core import instrument, screen
from jupyter_phys.core.errors import Interrupted, Refused

if TYPE_CHECKING:
    from jupyter_phys.core.reading import Reading


class Display:
    """One output that always shows the newest reading, and nothing in the end."""

    _handle: Any = None

    def show(self, reading: Reading) -> None:
        """Show this one in place of the one before."""
        if self._handle is None:
            self._handle = display(reading, display_id=True)
        else:
            self._handle.update(reading)

    def close(self) -> None:
        """Take away what was shown."""
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)


def show() -> None:
    """Follow what measures while code runs on the page, from now on."""
    screen.show_on(Display)


def hide() -> None:
    """Follow it no longer."""
    screen.show_on()


def around_of(found: instrument.Instrument, task: instrument.BoundTask) -> instrument.BoundTask:
    """The task that a body runs under: the one asked for, or the instrument's first of that kind.

    Raises:
        Refused: the instrument has none.
    """
    if task.task.around:
        return task
    for name, one in found.card.tasks.items():
        if one.around:
            return found.task(name)
    raise Refused(
        "The subject stands in the line and in the body.", given=f"%%{found.card.name}", allowed="one of them"
    )


def run(shell: Any, task: instrument.BoundTask, cell: str | None, subject: Any, options: dict[str, Any]) -> Any:
    """Run the body in the notebook's names and measure meanwhile.

    Raises:
        Refused: there is no body, or nothing that can be watched.
        Interrupted: stopped; ``.reading`` holds what was measured.
    """
    magic = f"%%{task.instrument.card.name}"
    if cell is None or not cell.strip():
        raise Refused("This measures while code runs.", given="no code", instead=f"{magic} net data=(x, y), code below")
    body = shell.transform_cell(cell)
    code = shell.compile(body, shell.compile.cache(body, shell.execution_count, cell), "exec")  # tracebacks show it
    watch = task(subject, **options)
    try:
        with watch:
            exec(code, shell.user_ns)
    except KeyboardInterrupt:
        raise Interrupted(watch.reading) from None
    return watch.reading
