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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jupyter_phys.figures.mark import Array
from jupyter_phys.figures.packed import SHORT, Packed, decode, rounded
from jupyter_phys.figures.panel import Note, Panel, PhaseSpace, Table, plots
from jupyter_phys.figures.scale import settle
from jupyter_phys.figures.thin import shape
from jupyter_phys.figures.writer import FEWEST, JSON, SCHEMA, SPACE, Limits, Writer

__all__ = ["SCHEMA", "buffered", "decode", "payload"]

_TRIES = 8
_LETTERS = (1000, 100, 30)  # what texts are cut to: harmless at first, the rest when marks cannot give more


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

    def write(limits: Limits) -> tuple[JSON, int]:
        written = Writer(limits).reading(title, settled, notes, instrument)
        return written, len(json.dumps(written, allow_nan=False))

    # A number takes more than a byte, so nobody needs to see how long the JSON of more than these would be.
    most = min(2 * budget, max((_cells(panel) for panel in settled), default=0))
    written, size = write(Limits(most, sys.maxsize, len(settled)))
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

    whole = Limits(sys.maxsize, sys.maxsize, len(panels))
    return Writer(whole, pack_beside).reading(title, settle(panels), notes, instrument), buffers


def _stages(panels: int) -> Iterator[Limits]:
    """What is given up, one after the other, with the marks as thin as they get."""
    for letters in _LETTERS:
        yield Limits(FEWEST, letters, panels)
    for halvings in range(1, panels.bit_length() + 1):
        yield Limits(FEWEST, _LETTERS[-1], panels >> halvings)


def _fullest(write: Callable[[Limits], tuple[JSON, int]], limits: Limits, most: int, budget: int) -> JSON:
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
    space = math.ceil(panel.density.size / SPACE) if isinstance(panel, PhaseSpace) else 0
    return max([space, *(math.prod(shape(mark)) for plot in plots([panel]) for mark in plot.marks)])
