"""Puts the marks of a settled plot on matplotlib axes. Only paper.py imports it, when something is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.container import Container
from matplotlib.patches import Patch, Rectangle

from jupyter_phys.figures.mark import Array, Band, Bars, Heat, Line, Mark, Palette, Points
from jupyter_phys.figures.number import NOT_MEASURED, number
from jupyter_phys.figures.panel import Plot
from jupyter_phys.figures.scale import Range, cell_edges, drawable, ends, has_dots
from jupyter_phys.figures.theme import COLOR_MAPS, Theme, series

_DASHES = ((0, (4, 2.5)), (0, (1.2, 2)), (0, (7, 2, 1.2, 2)))
_RASTER_FROM = 20_000  # lines of so many points become a picture in SVG and PDF
_NUMBERED_CELLS = 64
_NAMED_BARS = 40  # so many bars have room for their numbers beside them


@dataclass
class Drawn:
    """What drawing left behind for the frame: legend entries by label, and what a colour bar explains."""

    legend: dict[str, Artist | Container]
    colors: ScalarMappable | None = None
    below: bool = False  # values lie beyond an end of the colour bar
    above: bool = False
    two_valued: bool = False  # a map of nothing but the two ends of its scale, as a mask is
    missing: bool = False  # a map with cells that were not measured


class Ink:
    """One plot being put on axes whose scales and limits are already set."""

    def __init__(self, ax: Axes, plot: Plot, theme: Theme) -> None:
        self.ax, self.plot, self.theme = ax, plot, theme
        self.drawn = Drawn({})
        self.references = self.regions = 0  # drawn so far, so that the next one looks different

    def put(self) -> Drawn:
        """Draws every mark of the plot."""
        bars = [mark for mark in self.plot.marks if isinstance(mark, Bars)]
        for mark, index in zip(self.plot.marks, series(self.plot.marks), strict=True):
            color = None if index is None else self.theme.series[index % len(self.theme.series)]
            match mark:
                case Line():
                    self._line(mark, color)
                case Band():
                    self._band(mark, color)
                case Points():
                    self._points(mark, color)
                case Bars():
                    self._bars(mark, color, bars.index(mark), len(bars))
                case Heat():
                    self._heat(mark)
                case _:
                    raise TypeError(f"paper shows stills, not a {type(mark).__name__}")
        if not any(_is_measured(mark) for mark in self.plot.marks):
            self._say_nothing_there()
        return self.drawn

    def _say_nothing_there(self) -> None:
        self.ax.text(
            0.5, 0.5, NOT_MEASURED, transform=self.ax.transAxes, ha="center", va="center", color=self.theme.faint
        )

    def _entry(self, label: str, artist: Artist | Container, *, weak: bool = False) -> None:
        """A line says more than the band around it, so a ``weak`` entry gives way."""
        if label and not (weak and label in self.drawn.legend):
            self.drawn.legend[label] = artist

    def _line(self, mark: Line, color: str | None) -> None:
        style: object = "-"
        if mark.dashed:
            style = _DASHES[self.references % len(_DASHES)]
            self.references += 1
        (line,) = self.ax.plot(
            drawable(mark.x),
            drawable(mark.y),
            color=color or self.theme.faint,
            linestyle=style,
            linewidth=1.2 if mark.dashed else 1.6,
            marker="o" if has_dots(mark) else "",
            markersize=3.2,
            rasterized=len(mark.x) > _RASTER_FROM,
            zorder=2.5 if mark.dashed else 3,
        )
        self._entry(mark.label, line)

    def _band(self, mark: Band, color: str | None) -> None:
        if not np.isfinite(mark.x).any():
            return
        alpha = 0.22
        if mark.quiet:
            color, alpha = self.theme.quiet[self.regions % len(self.theme.quiet)]
            self.regions += 1
        bottom, top = self.ax.get_ylim()
        x, low, high = mark.x, mark.low, mark.high
        if low is None and high is None:
            x = np.array([np.nanmin(x), np.nanmax(x)])
        self.ax.fill_between(
            x,
            np.full(len(x), bottom) if low is None else low,
            np.full(len(x), top) if high is None else high,
            color=color,
            alpha=alpha,
            linewidth=3 if len(np.unique(x)) == 1 else 0,
            zorder=0.5 if mark.quiet else 1.5,
        )
        self._entry(mark.label, Patch(facecolor=color or "", alpha=alpha, linewidth=0), weak=True)

    def _points(self, mark: Points, color: str | None) -> None:
        dots = self.ax.errorbar(
            drawable(mark.x),
            drawable(mark.y),
            xerr=None if mark.x_se is None else drawable(mark.x_se),
            yerr=None if mark.y_se is None else drawable(mark.y_se),
            fmt="o",
            color=color,
            markersize=4.6,
            markeredgecolor=self.theme.paper,
            markeredgewidth=0.6,
            elinewidth=1.1,
            rasterized=len(mark.x) > _RASTER_FROM,
            zorder=3.5,
        )
        self._entry(mark.label, dots)

    def _bars(self, mark: Bars, color: str | None, place: int, of: int) -> None:
        """``place`` counts the bars of one category from the top, ``of`` says how many share its height."""
        height = 0.62 / of
        y = np.arange(len(mark.value), dtype=np.float64) + (place - (of - 1) / 2) * height
        start = self.ax.get_xlim()[0] if self.plot.x.log else 0.0
        exact = None if mark.se is None else np.where(mark.se == 0, np.nan, mark.se)  # no error, no bar
        value, error = drawable(mark.value), None if exact is None else drawable(exact)
        drawn = self.ax.barh(y, value - start, left=start, height=height * 0.92, color=color, linewidth=0, zorder=2)
        if error is not None:
            self.ax.errorbar(
                value, y, xerr=error, fmt="none", ecolor=self.theme.ink, elinewidth=1.1, capsize=2.2, zorder=3
            )
        if of * len(mark.value) <= _NAMED_BARS:
            self._numbers(mark, y)
        self._entry(mark.label, drawn)

    def _numbers(self, mark: Bars, y: Array) -> None:
        errors = [None] * len(y) if mark.se is None else mark.se.tolist()
        for position, value, error in zip(y, mark.value, errors, strict=True):
            self.ax.text(
                1,
                position,
                f"  {number(value, error)}".replace("-", "−"),
                transform=self.ax.get_yaxis_transform(),
                va="center",
                fontsize=7.5,
                color=self.theme.faint if np.isnan(value) else self.theme.ink,
            )

    def _heat(self, mark: Heat) -> None:
        rows, columns = mark.values.shape
        if not rows or not columns:
            return
        x, y = cell_edges(mark.x, columns, self.plot.x.log), cell_edges(mark.y, rows, self.plot.y.log)
        if not np.isfinite([*x, *y]).all():
            return
        values, (low, high) = mark.values, ends(mark.color)
        missing = np.isnan(values)
        if missing.any():
            self._missing(x, y)
        # Infinite values, and zeros on a logarithmic scale, are measured: they take the colour of their end.
        shown = np.ma.masked_array(np.clip(values, low, high), missing)
        image = self._cells(shown, mark, x, y)
        if not missing.all():
            self.drawn.colors = image
            self.drawn.two_valued = bool(((values == low) | (values == high) | missing).all())
            self._numbers_in(mark, image)
        self.drawn.below, self.drawn.above = bool((values < low).any()), bool((values > high).any())

    def _cells(self, shown: np.ma.MaskedArray, mark: Heat, x: Range, y: Range) -> ScalarMappable:
        low, high = ends(mark.color)
        norm = LogNorm(low, high) if mark.color.log else Normalize(low, high)
        look: dict[str, Any] = {"cmap": _color_map(mark.palette, self.theme), "norm": norm, "zorder": 1}
        if self.plot.x.log or self.plot.y.log:
            rows, columns = shown.shape
            corners = _edges(x, columns, self.plot.x.log), _edges(y, rows, self.plot.y.log)
            return self.ax.pcolormesh(*corners, shown, rasterized=True, **look)
        limits = self.ax.axis()
        image = self.ax.imshow(shown, origin="lower", extent=(*x, *y), aspect="auto", **look)
        self.ax.axis(limits)  # imshow has set its own
        return image

    def _numbers_in(self, mark: Heat, image: ScalarMappable) -> None:
        """Maps of few named cells are tables as well."""
        if not (self.plot.x.categories and self.plot.y.categories) or mark.values.size > _NUMBERED_CELLS:
            return
        rows, columns = mark.values.shape
        for y, row in zip(np.linspace(*mark.y, rows), mark.values, strict=True):
            for x, value in zip(np.linspace(*mark.x, columns), row, strict=True):
                if np.isfinite(value):
                    red, green, blue, _ = image.to_rgba(value)
                    ink = "#000000" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "#ffffff"
                    text = number(value, digits=3).replace("-", "−")
                    self.ax.text(x, y, text, ha="center", va="center", fontsize=7.5, color=ink, zorder=1.2)

    def _missing(self, x: Range, y: Range) -> None:
        ground = Rectangle(
            (x[0], y[0]),
            x[1] - x[0],
            y[1] - y[0],
            facecolor=self.theme.missing,
            edgecolor=self.theme.hatch,
            hatch="//////",
            linewidth=0,
            zorder=0.8,
        )
        self.ax.add_patch(ground)
        self.drawn.missing = True


def _is_measured(mark: Mark) -> bool:
    match mark:
        case Line() | Points():
            return bool((np.isfinite(mark.x) & np.isfinite(mark.y)).any())
        case Bars():
            return bool(np.isfinite(mark.value).any())
        case Heat():
            return not np.isnan(mark.values).all()
        case _:
            return False


def _edges(outer: Range, cells: int, log: bool) -> Array:
    return np.geomspace(*outer, cells + 1) if log else np.linspace(*outer, cells + 1)


def _color_map(palette: Palette, theme: Theme) -> str | Colormap:
    if palette == "diverging":
        return LinearSegmentedColormap.from_list("jupyter-phys-diverging", theme.diverging)
    return COLOR_MAPS[palette]
