"""Put readings and pages on the notebook's page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from IPython.display import display

from jupyter_phys.core.reading import Reading
from jupyter_phys.figures import html, text
from jupyter_phys.figures.panel import Note, Panel


@dataclass(frozen=True, eq=False)
class Page:
    """Tables and notes that are no measurement: what ``%phys`` shows."""

    title: str
    panels: Sequence[Panel]
    notes: Sequence[Note] = field(default=())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": html.render(self.title, self.panels, self.notes, None)}

    def __repr__(self) -> str:
        return text.render(self.title, self.panels, self.notes)


class Strip(io.StringIO):
    """A line on the page that is rewritten in place, for progress: it leaves nothing in the saved notebook."""

    encoding = "utf-8"  # lets the bar be drawn in fine steps
    _handle: Any = None

    def write(self, text: str) -> int:
        """Show what stands after the last carriage return."""
        line = {"text/plain": text.rpartition("\r")[2].rstrip()}
        if self._handle is not None:
            self._handle.update(line, raw=True)
        elif line["text/plain"]:
            self._handle = display(line, raw=True, display_id=True)
        return len(text)


def show(reading: Reading) -> None:
    """Display a reading at once, as an interrupted measurement must."""
    display(reading)
