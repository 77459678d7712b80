"""What range every axis and every colour bar covers. It is decided here, once, for paper and page alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from jupyter_phys.figures.mark import Array, Axis, Band, Bars, Heat, Line, Mark, Movie, Palette, Points
from jupyter_phys.figures.panel import Panel, PhaseSpace, Plot, Table, plots

Range = tuple[float, float]

_NONE = np.empty(0)
_HUGE = 1e100  # painters compute with ranges and their logarithms: room for that
_DOTTED_BELOW = 25  # points of a line
_SAME = 1e-12  # ranges narrower than this part of their ends hold one value
ColorKey = tuple[object, Axis, Palette]


def settle(panels: Sequence[Panel]) -> list[Panel]:
    """The panels with ``low`` and ``high`` of every axis set.

    Maps of one row that show the same quantity (an equal ``color`` axis) in the same palette share one scale,
    so that before and after can be compared. A diverging map is symmetric about 0 (about 1 when logarithmic)
    unless its axis fixes both ends: then its neutral colour is their middle.
    """
    colors = _color_ranges(plots(panels))
    return [_with_ranges(panel, colors) for panel in panels]


def ends(axis: Axis) -> Range:
    """The low and high end of a settled axis."""
    if axis.low is None or axis.high is None:
        raise ValueError(f"the axis of {axis.label!r} has open ends: settle() closes them")
    return axis.low, axis.high


def has_dots(line: Line) -> bool:
    """Whether a measured line is of so few points that it shows where they are."""
    count = int((np.isfinite(line.x) & np.isfinite(line.y)).sum())
    return count == 1 or (count < _DOTTED_BELOW and not line.dashed)


def cell_edges(centres: Range, cells: int, log: bool = False) -> Range:
    """The outer edges of ``cells`` cells whose first and last centres are given; the last may be the lower."""
    first, last = (math.log(c) if c > 0 else math.nan for c in centres) if log else centres
    step = (last - first) / (cells - 1) if cells > 1 and last != first else 1.0
    edges = first - step / 2, first + (cells - 0.5) * step
    return (math.exp(edges[0]), math.exp(edges[1])) if log else edges


def recut(centres: Range, cells: int, fewer: int, log: bool = False) -> Range:
    """The centres of the first and the last of ``fewer`` cells on the stretch that ``cells`` cells cover."""
    low, high = cell_edges(centres, cells, log)
    low, high = (math.log(low), math.log(high)) if log else (low, high)
    half = (high - low) / fewer / 2
    return (math.exp(low + half), math.exp(high - half)) if log else (low + half, high - half)


def _with_ranges(panel: Panel, colors: dict[ColorKey, Range]) -> Panel:
    match panel:
        case Table():
            return panel
        case Plot():
            return _settled(panel, colors)
        case PhaseSpace():
            pictures, spectra = ([_settled(plot, colors) for plot in row] for row in (panel.pictures, panel.spectra))
            return replace(panel, pictures=pictures, spectra=spectra)


def _settled(plot: Plot, colors: dict[ColorKey, Range]) -> Plot:
    marks = [_with_color(plot, mark, colors) for mark in plot.marks]
    is_map = any(isinstance(mark, Heat | Movie) for mark in marks)
    dots = any(isinstance(mark, Points) or (isinstance(mark, Line) and has_dots(mark)) for mark in marks)
    bars = any(isinstance(mark, Bars) for mark in marks)
    plot = replace(plot, x=_countable(plot.x), y=_countable(plot.y, bars))
    wide, high = (0.0 if is_map or not (dots or bars) else 0.03), (0.0 if is_map or bars else 0.05)
    x = _fixed(plot.x, [_along_x(mark, plot.x.log) for mark in marks], wide, rooted=bars)
    y = _fixed(plot.y, [_along_y(mark, plot.y.log) for mark in marks], high)
    return replace(plot, x=x, y=y, marks=marks)


def _countable(axis: Axis, bars: bool = False) -> Axis:
    """Categories stand at 0, 1, 2, ...: their axis cannot be logarithmic."""
    return replace(axis, log=False) if axis.categories or bars else axis


def _fixed(axis: Axis, data: Iterable[Array], pad: float, *, rooted: bool = False) -> Axis:
    """The axis with both ends: those fixed already, else around the data and a part ``pad`` more.

    What is ``rooted`` at zero, as bars are, gets no room beyond it.
    """
    if axis.categories:
        found = -0.5, len(axis.categories) - 0.5
    else:
        low, high = _extremes(data, axis.log)
        found = _padded((low, high), pad, axis.log)
        if rooted:
            found = (low if low == 0 else found[0]), (high if high == 0 else found[1])
    low, high = _ordered(axis, found)
    return replace(axis, low=low, high=high)


def _ordered(axis: Axis, found: Range) -> Range:
    """The ends the user fixed, else those found; always one below the other and fit for a logarithm."""
    low, high = (None if end is None or not _usable(end, axis.log) else end for end in (axis.low, axis.high))
    if low is not None and high is not None:
        found = min(low, high), max(low, high)
    elif low is not None:
        found = low, max(low, found[1])
    elif high is not None:
        found = min(high, found[0]), high
    return _widened(found, axis.log)


def _usable(end: float, log: bool) -> bool:
    return 1 / _HUGE <= end <= _HUGE if log else abs(end) <= _HUGE


def _outermost(values: Array, log: bool) -> Array:
    """The smallest and the largest value that an axis can show, or nothing."""
    kept = values[np.isfinite(values)]
    if log:
        kept = kept[kept > 0]
    if not kept.size:
        return _NONE
    return np.clip([kept.min(), kept.max()], 1 / _HUGE if log else -_HUGE, _HUGE)


def _extremes(data: Iterable[Array], log: bool) -> Range:
    outermost = np.concatenate([_NONE, *(_outermost(values, log) for values in data)])
    if not outermost.size:
        return (1.0, 10.0) if log else (0.0, 1.0)
    return _widened((float(outermost.min()), float(outermost.max())), log)


def _widened(found: Range, log: bool) -> Range:
    """A range around a constant, so that it can be drawn."""
    low, high = found
    size = max(abs(low), abs(high))
    if high - low > max(_SAME * size, 1e-300):
        return found
    if log:
        return low / 2, high * 2
    return low - 0.1 * (size or 10), high + 0.1 * (size or 10)


def _padded(found: Range, pad: float, log: bool) -> Range:
    low, high = (math.log(found[0]), math.log(found[1])) if log else found
    more = pad * (high - low)
    return (math.exp(low - more), math.exp(high + more)) if log else (low - more, high + more)


def _along_x(mark: Mark, log: bool) -> Array:
    match mark:
        case Line() | Band():
            return mark.x
        case Points():
            return _spread(mark.x, mark.x_se)
        case Bars():
            return np.append(_spread(mark.value, mark.se), _NONE if log else 0.0)
        case Heat() | Movie():
            cells = _cells(mark)
            return np.array(cell_edges(mark.x, cells[1], log)) if cells[1] else _NONE


def _along_y(mark: Mark, log: bool) -> Array:
    match mark:
        case Line():
            return mark.y
        case Points():
            return _spread(mark.y, mark.y_se)
        case Band():
            return np.concatenate([_NONE, *(edge for edge in (mark.low, mark.high) if edge is not None)])
        case Bars():
            return np.array([-0.5, len(mark.value) - 0.5]) if len(mark.value) else _NONE
        case Heat() | Movie():
            cells = _cells(mark)
            return np.array(cell_edges(mark.y, cells[0], log)) if cells[0] else _NONE


def _cells(mark: Heat | Movie) -> tuple[int, ...]:
    return mark.values.shape if isinstance(mark, Heat) else mark.frames.shape[1:]


def drawable(values: Array) -> Array:
    """The values as painters can compute with them: infinite ones are left out, enormous ones are bounded."""
    return np.clip(np.where(np.isfinite(values), values, np.nan), -_HUGE, _HUGE)


def _spread(values: Array, error: Array | None) -> Array:
    if error is None:
        return values
    values, reach = drawable(values), np.nan_to_num(drawable(error))
    return np.concatenate([values - reach, values, values + reach])


def _color_key(plot: Plot, mark: Heat | Movie) -> ColorKey:
    return plot.row or id(plot), mark.color, mark.palette


def _color_ranges(plots: Sequence[Plot]) -> dict[ColorKey, Range]:
    shown: dict[ColorKey, list[Array]] = {}
    for plot in plots:
        for mark in plot.marks:
            if isinstance(mark, Heat | Movie):
                values = mark.values if isinstance(mark, Heat) else mark.frames
                shown.setdefault(_color_key(plot, mark), []).append(values)
    return {key: _color_range(key[1], key[2], maps) for key, maps in shown.items()}


def _color_range(axis: Axis, palette: Palette, maps: list[Array]) -> Range:
    low, high = _ordered(axis, _extremes(maps, axis.log))
    if palette != "diverging" or (axis.low is not None and axis.high is not None):
        return low, high
    if axis.log:
        reach = max(high, 1 / low)
        return 1 / reach, reach
    reach = max(abs(low), abs(high))
    return -reach, reach


def _with_color(plot: Plot, mark: Mark, colors: dict[ColorKey, Range]) -> Mark:
    if not isinstance(mark, Heat | Movie):
        return mark
    low, high = colors[_color_key(plot, mark)]
    color = replace(mark.color, low=low, high=high)
    if isinstance(mark, Heat):
        return replace(mark, color=color)
    return replace(mark, color=color, clock=_fixed(mark.clock, [mark.time], 0.0))
