"""Makes marks smaller and keeps what the eye needs: extremes of curves, means of maps, even steps of movies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jupyter_phys.figures.mark import Array, Band, Bars, Heat, Line, Mark, Movie, Points
from jupyter_phys.figures.panel import PhaseSpace, Plot
from jupyter_phys.figures.scale import recut

Index = NDArray[np.intp]

_SHORTEST = 32  # cells: the short side of a long map
_FEWEST_FRAMES = 12


def thin(plot: Plot, mark: Mark, cells: int) -> Mark:
    """``mark`` of ``plot`` with at most ``cells`` points, bars or cells; itself when it has no more."""
    match mark:
        case Line():
            kept = _kept(len(mark.x), [mark.y], cells)
            return replace(mark, x=mark.x[kept], y=mark.y[kept])
        case Band():
            edges = [edge for edge in (mark.low, mark.high) if edge is not None]
            kept = _kept(len(mark.x), edges or [mark.x], cells)
            return replace(mark, x=mark.x[kept], low=_at(mark.low, kept), high=_at(mark.high, kept))
        case Points():
            return _thin_points(mark, cells)
        case Bars():
            return replace(mark, value=mark.value[:cells], se=None if mark.se is None else mark.se[:cells])
        case Heat():
            return _thin_heat(plot, mark, cells)
        case Movie():
            return _thin_movie(plot, mark, cells)


def thin_space(panel: PhaseSpace, cells: int) -> PhaseSpace:
    """``panel`` with a density of at most ``cells`` cells: places and frequencies shrink alike, largest values stay."""
    density = panel.density
    part = (cells / max(1, density.size)) ** 0.25
    if part >= 1:
        return panel
    fewer = [max(1, int(n * part)) for n in density.shape[1:]]
    for axis, n in enumerate(fewer, start=1):
        starts = (np.arange(n) * density.shape[axis]) // n
        density = np.fmax.reduceat(density, starts, axis=axis)
    y, x, v, u = panel.density.shape[1:]
    places = recut(panel.places[0], x, fewer[1]), recut(panel.places[1], y, fewer[0])
    frequencies = recut(panel.frequencies[0], u, fewer[3]), recut(panel.frequencies[1], v, fewer[2])
    return replace(panel, density=density, places=places, frequencies=frequencies)


def shape(mark: Mark) -> list[int]:
    """How many points, bars, or cells along each dimension a mark has."""
    match mark:
        case Line() | Band() | Points():
            return [len(mark.x)]
        case Bars():
            return [len(mark.value)]
        case Heat():
            return list(mark.values.shape)
        case Movie():
            return list(mark.frames.shape)


def _at(values: Array | None, kept: Index) -> Array | None:
    return None if values is None else values[kept]


def _kept(count: int, curves: Sequence[Array], most: int) -> Index:
    """Indices of at most ``most`` points: of equal stretches of all curves, the lowest and the highest."""
    if count <= most:
        return np.arange(count)
    stretches = max(1, (most - 2) // (2 * len(curves)))
    length = math.ceil(count / stretches)
    starts = np.arange(0, count, length)
    found: list[Index] = [np.array([0, count - 1])]
    for curve in curves:
        for sign in (1, -1):
            values = np.full(len(starts) * length, np.inf)
            values[:count] = np.where(np.isfinite(curve), sign * curve, np.inf)
            found.append(starts + values.reshape(-1, length).argmin(axis=1))
    return np.unique(np.concatenate(found))[:most]


def _thin_points(mark: Points, cells: int) -> Points:
    kept = _kept(len(mark.x), [mark.y], cells)
    names = None if mark.names is None else tuple(mark.names[i] for i in kept)
    errors = {"x_se": _at(mark.x_se, kept), "y_se": _at(mark.y_se, kept)}
    return replace(mark, x=mark.x[kept], y=mark.y[kept], names=names, **errors)


def _fitting(rows: int, columns: int, cells: int) -> tuple[int, int]:
    """Rows and columns of a smaller map: both shrink alike, but a short side not below what shows its course."""
    if rows * columns <= cells:
        return rows, columns
    short, long = sorted((rows, columns))
    part = math.sqrt(cells / (rows * columns))
    short = max(int(short * part), min(short, _SHORTEST, math.isqrt(cells)))
    long = min(long, cells // short)
    return (short, long) if rows <= columns else (long, short)


def _thin_heat(plot: Plot, mark: Heat, cells: int) -> Heat:
    rows, columns = mark.values.shape
    down, across = _fitting(rows, columns, cells)
    if (down, across) == (rows, columns):
        return mark
    x, y = recut(mark.x, columns, across, plot.x.log), recut(mark.y, rows, down, plot.y.log)
    return replace(mark, values=_averaged(mark.values, down, across), x=x, y=y)


def _thin_movie(plot: Plot, mark: Movie, cells: int) -> Movie:
    count, rows, columns = mark.frames.shape
    if mark.frames.size <= cells:
        return mark
    frames = max(1, min(count, cells, max(_FEWEST_FRAMES, int(count * math.cbrt(cells / mark.frames.size)))))
    down, across = _fitting(rows, columns, cells // frames)
    kept = np.linspace(0, count - 1, frames).round().astype(np.intp)
    x, y = recut(mark.x, columns, across, plot.x.log), recut(mark.y, rows, down, plot.y.log)
    return replace(mark, frames=_averaged(mark.frames[kept], down, across), time=mark.time[kept], x=x, y=y)


def _averaged(maps: Array, down: int, across: int) -> Array:
    """``maps[..., y, x]`` averaged over the area of larger cells; one in which nothing was measured stays nan."""
    measured = np.isfinite(maps)
    left, right = _shares(maps.shape[-2], down), _shares(maps.shape[-1], across).T
    total = left @ np.where(measured, maps, 0.0) @ right
    weight = left @ measured.astype(np.float64) @ right
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _shares(cells: int, fewer: int) -> Array:
    """How much of each of ``cells`` cells lies in each of ``fewer`` cells on the same stretch."""
    wide = cells / fewer
    start = np.arange(fewer)[:, None] * wide
    cell = np.arange(cells)
    return np.clip(np.minimum(start + wide, cell + 1) - np.maximum(start, cell), 0.0, 1.0)
