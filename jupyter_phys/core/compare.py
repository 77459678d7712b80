"""Two readings over one another: ``jp.compare(before, after)``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading, figure, picture
from jupyter_phys.figures import html, text
from jupyter_phys.figures.mark import Bars, Line, Mark, Points
from jupyter_phys.figures.panel import Note, Panel, Plot, Table


@dataclass(frozen=True, eq=False)
class Comparison:
    """Readings of one instrument, overlaid; shows itself like a reading."""

    readings: dict[str, Reading]

    @property
    def title(self) -> str:
        """The heading above its panels."""
        return f"{next(iter(self.readings.values())).card.title}: {' · '.join(self.readings)}"

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of all readings."""
        return tuple(
            dict.fromkeys(Note(n.level, f"{name}: {n.text}") for name, r in self.readings.items() for n in r.notes)
        )

    def panels(self) -> list[Panel]:
        """Tables one under the other, curves and points in one plot; maps are left to the readings."""
        found: dict[tuple[Any, ...], dict[str, Panel]] = {}
        for name, reading in self.readings.items():
            for panel in reading.panels():
                columns = tuple(panel.columns) if isinstance(panel, Table) else ()
                found.setdefault((type(panel), panel.title, columns), {})[name] = panel
        join = {Table: _tables, Plot: _plots}  # what is all maps has nothing to overlay
        joined = [join[kind](parts) for (kind, *_), parts in found.items() if kind in join]
        return [panel for panel in joined if panel is not None]

    def figure(self, *, theme: Literal["light", "dark"] = "light") -> Any:
        """A matplotlib Figure of the overlaid plots."""
        return figure(self.panels(), self.title, theme)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        panels = self.panels()
        png = picture(panels, self.title)
        return {
            "text/plain": text.render(self.title, panels, self.notes),
            "text/html": html.render(self.title, panels, self.notes, png),
        } | ({"image/png": png} if png else {})

    def __repr__(self) -> str:
        return text.render(self.title, self.panels(), self.notes)


def compare(first: Reading, second: Reading, *others: Reading, **named: Reading) -> Comparison:
    """Overlay readings of the same instrument and task.

    Raises:
        Refused: something else than readings, or readings of different instruments or tasks.
    """
    readings = {f"reading {i}": r for i, r in enumerate((first, second, *others), 1)} | named
    if strange := [type(one).__name__ for one in readings.values() if not isinstance(one, Reading)]:  # pyright: ignore
        raise Refused("Only readings can be compared.", given=", ".join(strange), instead="jupyter_phys.load(path)")
    kinds = {(r.record.instrument, r.record.task) for r in readings.values()}
    if len(kinds) > 1:
        raise Refused("Only readings of the same instrument and task can be compared.", given=sorted(kinds))
    return Comparison(readings)


def _tables(parts: dict[str, Panel]) -> Table | None:
    tables = {name: part for name, part in parts.items() if isinstance(part, Table)}
    first = next(iter(tables.values()))
    rows = [[name, *row] for name, table in tables.items() for row in table.rows]
    notes = dict.fromkeys(table.note for table in tables.values())
    note = first.note if len(notes) == 1 else " ".join(f"{name}: {table.note}" for name, table in tables.items())
    return Table(first.title, ["reading", *first.columns], rows, note=note)


def _plots(parts: dict[str, Panel]) -> Plot | None:
    plots = {name: part for name, part in parts.items() if isinstance(part, Plot)}
    first = next(iter(plots.values()))
    if any(isinstance(mark, Bars) for mark in first.marks):
        return _bars(plots)
    marks = [
        _named(mark, name) for name, plot in plots.items() for mark in plot.marks if isinstance(mark, (Line, Points))
    ]
    return replace(first, marks=marks) if marks else None


def _named(mark: Line | Points, name: str) -> Mark:
    return replace(mark, label=f"{name}: {mark.label}" if mark.label else name)


def _bars(plots: dict[str, Plot]) -> Plot:
    """Bars side by side become points over the same categories."""
    categories = tuple(dict.fromkeys(c for plot in plots.values() for c in plot.y.categories))
    marks: list[Mark] = []
    for name, plot in plots.items():
        places = [float(categories.index(c)) for c in plot.y.categories]
        marks += [Points(m.value, places, name, x_se=m.se) for m in plot.marks if isinstance(m, Bars)]  # type: ignore[arg-type]
    first = next(iter(plots.values()))
    return replace(first, y=replace(first.y, categories=categories), marks=marks)
