"""Writes panels as JSON, as payload.py says, no larger than its limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from jupyter_phys.figures.mark import Array, Axis, Band, Bars, Heat, Line, Mark, Movie, Points, Span
from jupyter_phys.figures.number import cell
from jupyter_phys.figures.packed import Packed, pack, rounded
from jupyter_phys.figures.panel import Cell, Note, Panel, PhaseSpace, Plot, Table
from jupyter_phys.figures.theme import series
from jupyter_phys.figures.thin import shape, thin, thin_space

SCHEMA = 1
FEWEST = 16  # no mark is thinned to fewer points, bars or cells
SPACE = 20  # times the cells of a map: what a density over places and frequencies may have, at a byte each

JSON = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a reading may take at most."""

    cells: int  # a mark; a table has a quarter, as its cells take about four times the bytes
    letters: int  # a text
    panels: int


@dataclass(frozen=True)
class Writer:
    """Panels as JSON within limits; ``pack`` writes the arrays."""

    limits: Limits
    pack: Callable[..., Packed] = pack

    def reading(self, title: str, panels: Sequence[Panel], notes: Sequence[Note], instrument: str) -> JSON:
        """The whole, of settled panels; a warning says what had to be left out."""
        kept = panels[: self.limits.panels]
        told = [{"level": note.level, "text": self._text(note.text)} for note in notes]
        if len(kept) < len(panels):
            left_out = f"{len(panels) - len(kept)} of {len(panels)} panels are too big to be kept here."
            told = [{"level": "warning", "text": left_out}, *told[: len(kept)]]
        return {
            "schema": SCHEMA,
            "instrument": self._text(instrument),
            "title": self._text(title),
            "notes": told,
            "panels": [self._panel(it) for it in kept],
        }

    def _panel(self, panel: Panel) -> JSON:
        match panel:
            case Table():
                return self._table(panel)
            case Plot():
                return self._plot(panel)
            case PhaseSpace():
                return self._space(panel)

    def _space(self, panel: PhaseSpace) -> JSON:
        small = thin_space(panel, SPACE * max(FEWEST, self.limits.cells))
        log = any(isinstance(mark, Heat) and mark.color.log for plot in panel.spectra for mark in plot.marks)
        written: JSON = {
            "type": "phase_space",
            "title": self._text(panel.title),
            "pictures": [self._plot(plot) for plot in panel.pictures],
            "spectra": [self._plot(plot) for plot in panel.spectra],
            "density": self.pack(small.density, log=log, coarse=True),
            "places": _ends(small.places),
            "frequencies": _ends(small.frequencies),
            "place": rounded(np.array(panel.place)),
            "note": self._text(panel.note),
            "alt": self._text(panel.alt),
        }
        before, after = list(panel.density.shape), list(small.density.shape)
        return written if before == after else {**written, "thinned": [before, after]}

    def _text(self, text: str) -> str:
        most = self.limits.letters
        return text if len(text) <= most else text[: most - 1] + "…"

    def _texts(self, texts: Iterable[str]) -> list[str]:
        return [self._text(text) for text in texts]

    def _table(self, table: Table) -> JSON:
        columns = self._texts(table.columns[: self.limits.cells])
        rows = table.rows[: max(4, self.limits.cells // (4 * max(1, len(columns))))]
        written: JSON = {
            "type": "table",
            "title": self._text(table.title),
            "columns": columns,
            "rows": [[self._cell(value) for value in row[: len(columns)]] for row in rows],
            "note": self._text(table.note),
            "alt": self._text(table.alt),
        }
        before, after = [len(table.rows), len(table.columns)], [len(rows), len(columns)]
        return written if before == after else {**written, "thinned": [before, after]}

    def _cell(self, value: Cell) -> str | float | None:
        """Numbers as tables print them, so that html and page agree; what JSON has no number for, as text."""
        if value is None or _is_exact(value):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return float(cell(value))
        return self._text(cell(value))

    def _plot(self, plot: Plot) -> JSON:
        colors = series(plot.marks)
        return {
            "type": "plot",
            "title": self._text(plot.title),
            "x": self._axis(plot.x),
            "y": self._axis(plot.y),
            "marks": [self._mark(plot, mark, color) for mark, color in zip(plot.marks, colors, strict=True)],
            "row": self._text(plot.row),
            "note": self._text(plot.note),
            "alt": self._text(plot.alt),
            "square": plot.square,
        }

    def _axis(self, axis: Axis) -> JSON:
        names = axis.categories[: max(FEWEST, self.limits.cells)]
        cut = len(names) < len(axis.categories)
        low, high = rounded(np.array([axis.low, axis.high], dtype=np.float64))
        return {
            "label": self._text(axis.label),
            "unit": self._text(axis.unit),
            "log": axis.log,
            "low": low,
            "high": len(names) - 0.5 if cut else high,
            "categories": self._texts(names),
            "downward": axis.downward,
        }

    def _mark(self, plot: Plot, mark: Mark, color: int | None) -> JSON:
        small = thin(plot, mark, max(FEWEST, self.limits.cells))
        written: JSON = {
            "type": type(mark).__name__.lower(),
            "label": self._text(mark.label),
            "series": color,
            **self._data(plot, small),
        }
        before, after = shape(mark), shape(small)
        return written if before == after else {**written, "thinned": [before, after]}

    def _data(self, plot: Plot, mark: Mark) -> JSON:
        x, y = plot.x.log, plot.y.log
        match mark:
            case Line():
                return {"x": self.pack(mark.x, log=x), "y": self.pack(mark.y, log=y), "dashed": mark.dashed}
            case Band():
                low, high = self._optional(mark.low, y), self._optional(mark.high, y)
                return {"x": self.pack(mark.x, log=x), "low": low, "high": high, "quiet": mark.quiet}
            case Points():
                names = None if mark.names is None else self._texts(mark.names)
                errors = {"x_se": self._optional(mark.x_se), "y_se": self._optional(mark.y_se)}
                return {"x": self.pack(mark.x, log=x), "y": self.pack(mark.y, log=y), **errors, "names": names}
            case Bars():
                return {"value": self.pack(mark.value, log=x), "se": self._optional(mark.se)}
            case Heat():
                return {"values": self.pack(mark.values, log=mark.color.log), **self._map(mark)}
            case Movie():
                frames = self.pack(mark.frames, log=mark.color.log)
                time = {"time": self.pack(mark.time, log=mark.clock.log), "clock": self._axis(mark.clock)}
                return {"frames": frames, **time, **self._map(mark)}

    def _optional(self, values: Array | None, log: bool = False) -> Packed | None:
        return None if values is None else self.pack(values, log=log)

    def _map(self, mark: Heat | Movie) -> JSON:
        places = {"x": rounded(np.array(mark.x)), "y": rounded(np.array(mark.y))}
        return {**places, "color": self._axis(mark.color), "palette": mark.palette}


def _ends(axes: tuple[Span, Span]) -> JSON:
    return {name: rounded(np.array(ends)) for name, ends in zip("xy", axes, strict=True)}


def _is_exact(value: Cell) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
