"""A reading's panels as the JSON that the page draws from. Arrays are written as packed.py says.

The whole: schema (1), instrument, title, notes [{level, text}], panels. A panel is one of

- table: title, columns, rows (text, numbers and null), note, alt
- plot: title, x, y (axes), marks, row, note, alt, square

- phase_space: title, pictures and spectra (plots, one a stage, named by their titles; each has one map), density
  [stage, y, x, v, u] of what the spectra show, places and frequencies (each {x, y}: the centres of the density's first
  and last cell along that axis), place (x, y of the spectra), note, alt

An axis: label, unit, log, low, high, categories, downward; low and high are always given. A mark has its type,
its label, and series: the number of its colour, null for maps, references and background regions. Further

- line: x, y, dashed                          - points: x, y, x_se, y_se (or null), names (or null)
- band: x, low, high (or null), quiet         - bars: value, se (or null)
- heat: values [y, x], x, y (centres of the first and the last cell), color (an axis), palette
- movie: frames [t, y, x], time, clock (an axis), and x, y, color, palette as a map has them

What was made smaller to fit says so in ``thinned``: [shape before, shape after].

A live widget gets the same in full, its arrays beside it: {dtype: "f4", shape, buffer: the number of its buffer}.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np

from jupyter_phys.figures.number import cell
from jupyter_phys.figures.packed import SHORT, Packed, decode, pack, rounded
from jupyter_phys.figures.panel import (
    Array,
    Axis,
    Band,
    Bars,
    Cell,
    Heat,
    Line,
    Mark,
    Movie,
    Note,
    Panel,
    PhaseSpace,
    Plot,
    Points,
    Span,
    Table,
    plots,
)
from jupyter_phys.figures.scale import settle
from jupyter_phys.figures.theme import series
from jupyter_phys.figures.thin import shape, thin, thin_space

__all__ = ["SCHEMA", "buffered", "decode", "payload"]

SCHEMA = 1
_FEWEST = 16  # no mark is thinned to fewer points, bars or cells
_TRIES = 8
_SPACE = 20  # times the cells of a map: what a density over places and frequencies may have, at a byte each
_LETTERS = (1000, 100, 30)  # what texts are cut to: harmless at first, the rest when marks cannot give more

JSON = dict[str, Any]


@dataclass(frozen=True)
class _Limits:
    cells: int  # a mark; a table has a quarter, as its cells take about four times the bytes
    letters: int  # a text
    panels: int


def payload(
    title: str, panels: Sequence[Panel], notes: Sequence[Note], *, instrument: str, budget: int = 256_000
) -> JSON:
    """Plain JSON of at most ``budget`` bytes, which has to be 1000 or more.

    Where all would take more, curves keep the extremes of equal stretches, maps are averaged over larger cells,
    movies keep even steps of time, and long tables their first rows. If that does not do, texts are cut, and at
    last panels and notes left out, which a warning says.
    """
    if budget < 1000:
        raise ValueError(f"the budget is {budget} bytes; a reading without any panel takes up to 1000")
    settled = settle(panels)

    def write(limits: _Limits) -> tuple[JSON, int]:
        written = _Writer(limits).reading(title, settled, notes, instrument)
        return written, len(json.dumps(written, allow_nan=False))

    # A number takes more than a byte, so nobody needs to see how long the JSON of more than these would be.
    most = min(2 * budget, max((_cells(panel) for panel in settled), default=0))
    written, size = write(_Limits(most, sys.maxsize, len(settled)))
    if size <= budget:
        return written
    for limits in _stages(len(settled)):
        written, size = write(limits)
        if size <= budget:
            return _fullest(write, limits, most, budget)
    return written


def buffered(
    title: str, panels: Sequence[Panel], notes: Sequence[Note], *, instrument: str
) -> tuple[JSON, list[bytes]]:
    """The JSON for a live page, nothing thinned, and the buffers that hold its longer arrays as float32."""
    buffers: list[bytes] = []

    def pack_beside(values: Array, *, log: bool = False, coarse: bool = False) -> Packed:
        if values.ndim == 1 and values.size <= SHORT:
            return rounded(values)
        buffers.append(values.astype("<f4").tobytes())
        return {"dtype": "f4", "shape": list(values.shape), "buffer": len(buffers) - 1}

    whole = _Limits(sys.maxsize, sys.maxsize, len(panels))
    return _Writer(whole, pack_beside).reading(title, settle(panels), notes, instrument), buffers


def _stages(panels: int) -> Iterator[_Limits]:
    """What is given up, one after the other, with the marks as thin as they get."""
    for letters in _LETTERS:
        yield _Limits(_FEWEST, letters, panels)
    for halvings in range(1, panels.bit_length() + 1):
        yield _Limits(_FEWEST, _LETTERS[-1], panels >> halvings)


def _fullest(write: Callable[[_Limits], tuple[JSON, int]], limits: _Limits, most: int, budget: int) -> JSON:
    """What ``write`` gives for as many cells as fit, found between ``limits``, which do, and ``most``."""
    best, below = write(limits)
    few, many = limits.cells, max(most, limits.cells)
    written, above = write(replace(limits, cells=many))
    if above <= budget:
        return written
    straight = True
    for _ in range(_TRIES):
        cells = few + int((many - few) * (budget - below) / (above - below)) if straight else math.isqrt(few * many)
        written, size = write(replace(limits, cells=cells))
        straight = size <= budget or not straight  # what is small already stays as it is: the straight line overshoots
        if size > budget:
            many, above = cells, size
        else:
            best, few, below = written, cells, size
        if 0.9 * budget < below or few + 1 >= many:
            break
    return best


def _cells(panel: Panel) -> int:
    if isinstance(panel, Table):
        return 4 * len(panel.rows) * len(panel.columns)
    space = math.ceil(panel.density.size / _SPACE) if isinstance(panel, PhaseSpace) else 0
    return max([space, *(math.prod(shape(mark)) for plot in plots([panel]) for mark in plot.marks)])


@dataclass(frozen=True)
class _Writer:
    limits: _Limits
    pack: Callable[..., Packed] = pack

    def reading(self, title: str, panels: Sequence[Panel], notes: Sequence[Note], instrument: str) -> JSON:
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
        small = thin_space(panel, _SPACE * max(_FEWEST, self.limits.cells))
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
        names = axis.categories[: max(_FEWEST, self.limits.cells)]
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
        small = thin(plot, mark, max(_FEWEST, self.limits.cells))
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
