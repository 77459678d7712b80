"""Panels on paper: matplotlib figures, and PNG, SVG or PDF files of them.

Figures are built without pyplot and leave nothing global behind: while drawing, matplotlib's settings are its
defaults with the theme on top, whatever the user has set. Tables are not drawn; text and html show them.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import IO, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.style import context

from jupyter_phys.figures import frame
from jupyter_phys.figures.indexed import few_colors
from jupyter_phys.figures.ink import Drawn, Ink
from jupyter_phys.figures.lettering import families, wrapped
from jupyter_phys.figures.mark import Axis, Bars, Heat, Palette
from jupyter_phys.figures.panel import Panel, Plot, plots, spoken
from jupyter_phys.figures.scale import settle
from jupyter_phys.figures.stills import Still, stills
from jupyter_phys.figures.theme import THEMES, UNHINTED, Theme, ThemeName

Format = Literal["png", "svg", "pdf"]

WIDTH = 7.2  # inches: two columns of a journal, and what a notebook shows without shrinking
SCREEN = 144  # dots an inch: sharp where a notebook shows them smaller, and what the layout is measured at
_ABREAST = 4  # plots side by side
_MAPS_ABREAST = 6  # maps need less room
_MARGIN = 0.1  # inches left of headings
_HEAVY = 240_000  # bytes: more would weigh on every notebook that holds the picture
_MISSING = "Hatched: not measured."
_STEADY = {"svg.fonttype": "none", "svg.hashsalt": "jupyter_phys", "pdf.fonttype": 42}
_CLOSE = 0.02  # inches between the height that axes want and the one they have
_TALLEST = 3.4  # inches: what a map grows to


@dataclass
class _Pane:
    still: Still
    sub: SubFigure
    ax: Axes
    drawn: Drawn
    ratio: float | None  # height over width, None where free

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height that the layout gave; axes of a fixed ratio may fill less of it."""
        box = self.ax.get_position(original=True)
        whole, dpi = self.sub.bbox, self.sub.dpi
        return box.width * whole.width / dpi, box.height * whole.height / dpi


@dataclass
class _Row:
    heading: str
    stills: list[Still]
    places: int  # columns, some of them empty where the row above is longer
    panes: list[_Pane] = field(default_factory=list[_Pane])


def draw(panels: Sequence[Panel], *, title: str = "", theme: ThemeName = "light", width: float = WIDTH) -> Figure:
    """The plots among ``panels`` as a figure ``width`` inches wide and as high as they need.

    Plots of one ``row`` stand side by side under that heading. The figure's label (``get_label()``) is the alt
    text of all of them. With no plot to draw it raises ValueError.
    """
    rows = _rows(plots(settle(panels)))
    if not rows:
        raise ValueError("there is no plot among these panels, so nothing to draw; text and html show tables")
    look = THEMES[theme]
    with context(["default", look.rc(), {"font.family": families()}]):
        spaced = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.03, hspace=0.05)
        figure = Figure(figsize=(width, 3.4 * len(rows)), dpi=SCREEN, layout=spaced)
        FigureCanvasAgg(figure)
        figure.set_label(spoken(panels))
        if title:
            _heading(figure, title, 12, width)
        grid = GridSpec(len(rows), 1, figure=figure)
        for index, row in enumerate(rows):
            _fill(figure.add_subfigure(grid[index]), row, look, width)
        spaced.execute(figure)
        for row in rows:
            _annotate(row, look, width)
        _fit(figure, spaced, grid, rows)
    return figure


def save(figure: Figure, target: str | os.PathLike[str] | IO[bytes], format: Format, *, dpi: float = 200) -> None:
    """Writes a figure that ``draw`` made; the same figure always gives the same bytes.

    Text stays text in SVG and PDF. ``dpi`` is that of a PNG, and of pictures inside the other two.
    """
    title, alt = figure.get_suptitle().replace("\n", " ").replace(r"\$", "$"), str(figure.get_label())
    metadata: dict[Format, dict[str, Any]] = {
        "png": {"Title": title, "Description": alt, "Software": None},
        "svg": {"Title": title, "Description": alt, "Date": None},
        "pdf": {"Title": title, "Subject": alt, "CreationDate": None},
    }
    with context(["default", UNHINTED, _STEADY]):
        figure.savefig(target, format=format, dpi=dpi, metadata=metadata[format])


def png(
    panels: Sequence[Panel],
    *,
    title: str = "",
    theme: ThemeName = "light",
    width: float = WIDTH,
    dpi: float = SCREEN,
) -> bytes:
    """The plots as the bytes of a PNG of ``dpi`` dots an inch; a heavy one comes in 256 colours."""
    buffer = io.BytesIO()
    save(draw(panels, title=title, theme=theme, width=width), buffer, "png", dpi=dpi)
    return buffer.getvalue() if buffer.tell() <= _HEAVY else few_colors(buffer)


def _rows(shown: Sequence[Plot]) -> list[_Row]:
    """Plots of one row together, in the order in which rows first appear; long rows go on below."""
    groups: dict[object, list[Plot]] = {}
    for plot in shown:
        groups.setdefault(plot.row or id(plot), []).append(plot)
    return [line for group in groups.values() for line in _lines(group)]


def _lines(group: list[Plot]) -> list[_Row]:
    """A row broken evenly into lines; a movie has a line for its stills."""
    shown = [stills(plot) for plot in group]
    movies = any(len(one) > 1 for one in shown)
    maps = all(any(isinstance(mark, Heat) for mark in plot.marks) for plot in group)
    most = 1 if movies else _MAPS_ABREAST if maps else _ABREAST
    each = math.ceil(len(group) / math.ceil(len(group) / most))
    chunks = [shown[start : start + each] for start in range(0, len(shown), each)]
    headings = [group[0].row, *[""] * (len(chunks) - 1)]
    flat = [[still for one in chunk for still in one] for chunk in chunks]
    return [_Row(heading, line, max(each, len(line))) for heading, line in zip(headings, flat, strict=True)]


def _heading(figure: Figure | SubFigure, text: str, size: float, width: float) -> None:
    figure.suptitle(
        wrapped(text, width - 2 * _MARGIN, size, "bold"), x=_MARGIN / width, ha="left", fontsize=size, fontweight="bold"
    )


def _fill(sub: SubFigure, row: _Row, look: Theme, width: float) -> None:
    if row.heading:
        _heading(sub, row.heading, 10, width)
    ratios = [1.0] * row.places
    if len(ratios) == 1 and row.stills[0].plot.square:
        ratios.append(0.8)  # a map alone would grow too tall
    columns = sub.add_gridspec(1, len(ratios), width_ratios=ratios)
    for column, still in enumerate(row.stills):
        ax = sub.add_subplot(columns[column])
        frame.set_axes(ax, still.plot, look, width / row.places - 0.5)
        drawn = Ink(ax, still.plot, look).put()
        row.panes.append(_Pane(still, sub, ax, drawn, frame.aspect(still.plot)))
    for left, right in pairwise(row.panes):
        if _same_height(left, right):
            right.ax.tick_params(axis="y", labelleft=False)
            right.ax.set_ylabel("")
    for pane in row.panes:
        if not pane.still.leads:
            pane.ax.set_xlabel("")
    for scale, panes in groupby(row.panes, key=_color_scale):
        same = list(panes)
        if scale is not None:
            frame.add_color_bar(same[-1].ax, [pane.drawn for pane in same], scale[0])


def _same_height(left: _Pane, right: _Pane) -> bool:
    return left.still.plot.y == right.still.plot.y and left.ratio == right.ratio


def _color_scale(pane: _Pane) -> tuple[Axis, Palette] | None:
    return next(((mark.color, mark.palette) for mark in pane.still.plot.marks if isinstance(mark, Heat)), None)


def _annotate(row: _Row, look: Theme, width: float) -> None:
    """Adds the words that have to know how wide the layout made the axes."""
    leaders = [pane for pane in row.panes if pane.still.leads]
    alone = len(leaders) == 1
    heights = [frame.add_legend(pane.ax, pane.drawn, width - 1 if alone else pane.inches[0]) for pane in leaders]
    above = max(heights)
    if any(pane.still.stamp for pane in row.panes):
        above += max(frame.add_stamp(pane.ax, pane.still.stamp, above) for pane in row.panes)
    for pane in leaders:
        room = width - 1 if alone else pane.inches[0]
        overhangs = alone and (len(row.panes) > 1 or pane.still.plot.square)
        frame.add_title(pane.ax, wrapped(pane.still.plot.title, room, 9.5), 5 + above, overhangs)
        note = " ".join(part for part in (pane.still.plot.note, _MISSING if pane.drawn.missing else "") if part)
        room = width * (1 - pane.ax.get_position().x0) - _MARGIN if alone else pane.inches[0]
        frame.add_caption(pane.ax, wrapped(note, room, 7.5), look, overhangs)


def _wanted(row: _Row) -> float:
    """Inches of height that the axes of a row want."""
    return max(_wanted_by(pane, alone=len(row.panes) == 1) for pane in row.panes)


def _wanted_by(pane: _Pane, alone: bool) -> float:
    if pane.ratio is not None:
        return min(pane.inches[0] * pane.ratio, _TALLEST)
    bars = [len(mark.value) for mark in pane.still.plot.marks if isinstance(mark, Bars)]
    if bars:
        return float(np.clip(0.1 + max(bars) * (0.1 + 0.15 * len(bars)), 0.5, 7))
    return 2.3 if alone else 1.9


def _fit(figure: Figure, layout: ConstrainedLayoutEngine, grid: GridSpec, rows: Sequence[_Row]) -> None:
    """Makes every row as high as its axes want to be, then holds the layout."""
    for _ in range(4):
        layout.execute(figure)
        more = [_wanted(row) - row.panes[0].inches[1] for row in rows]
        if max(map(abs, more)) < _CLOSE:
            break
        heights = [row.panes[0].sub.bbox.height / figure.dpi for row in rows]
        rest = figure.get_figheight() - sum(heights)
        heights = [height + change for height, change in zip(heights, more, strict=True)]
        grid.set_height_ratios(heights)
        figure.set_figheight(rest + sum(heights))
    figure.set_layout_engine("none")
    for pane in (pane for row in rows for pane in row.panes):
        pane.ax.set_anchor("NW")
        pane.ax.set_box_aspect(pane.ratio)  # not before: the layout misjudges axes that fill less than their cell
