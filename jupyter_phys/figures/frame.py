"""What stands around the marks: scales, ticks, titles, legend, colour bar. Imports matplotlib, like ink.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from jupyter_phys.figures.ink import Drawn
from jupyter_phys.figures.lettering import plain, set_ticks, wrapped
from jupyter_phys.figures.mark import Axis, Bars, Heat
from jupyter_phys.figures.panel import Plot
from jupyter_phys.figures.scale import ends
from jupyter_phys.figures.theme import Theme

_EXTEND = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
_BAR_GAP, _BAR_WIDTH = 0.06, 0.10  # inches between the axes and the colour bar, and its width


def set_axes(ax: Axes, plot: Plot, theme: Theme, width: float) -> None:
    """Scales, limits, ticks, labels, grid and spines of a settled plot; ``width`` in inches is about its own."""
    is_map = any(isinstance(mark, Heat) for mark in plot.marks)
    has_bars = any(isinstance(mark, Bars) for mark in plot.marks)
    ax.set_xlabel(wrapped(plot.x.title, width, 8.5))
    ax.set_ylabel(wrapped(plot.y.title, min(width, 2.2) if plot.square else 2.2, 8.5))
    _scale(ax, "x", plot.x)
    _scale(ax, "y", plot.y)
    if plot.y.downward or has_bars:
        ax.invert_yaxis()
    if plot.x.downward:
        ax.invert_xaxis()
    set_ticks(ax.xaxis, plot.x, int(2 + 1.2 * width), width / 6)
    set_ticks(ax.yaxis, plot.y, min(5, int(2 + 1.2 * width)), width / 3)
    _slant_crowded(ax, plot.x, width)
    ax.tick_params(length=2.5, which="major")
    ax.tick_params(length=1.5, which="minor")
    if is_map:
        return
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x" if has_bars else "both")
    if has_bars:
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        if not plot.x.log:
            ax.axvline(0, color=theme.rule, linewidth=0.9, zorder=2.2)


def aspect(plot: Plot) -> float | None:
    """Height over width for equal lengths on both axes of a settled plot; None where it is free."""
    (left, right), (bottom, top) = ends(plot.x), ends(plot.y)
    if not plot.square:
        return None
    if plot.x.log or plot.y.log:
        return 1.0  # lengths on logarithmic axes do not compare: a square frame
    ratio = (top - bottom) / (right - left)
    return ratio if 0.2 < ratio < 5 else 1.0  # a sliver shows nothing


def add_title(ax: Axes, text: str, pad: float, overhangs: bool) -> None:
    """A title ``pad`` points above the axes; one that ``overhangs`` takes room upwards and none sideways."""
    if not overhangs:
        ax.set_title(text, pad=pad)
        return
    ax.set_title(_blank(text), pad=pad)
    look: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": 9.5}
    ax.annotate(text, (0, 1), (0, pad), **look).set_in_layout(False)


def add_caption(ax: Axes, text: str, theme: Theme, overhangs: bool) -> None:
    """A small note under the label of the x axis; one that ``overhangs`` takes room downwards, none sideways."""
    if not text:
        return
    look: dict[str, Any] = {"fontsize": 7.5, "color": theme.faint, "linespacing": 1.25, "va": "top"}
    place: dict[str, Any] = {"xycoords": ("axes fraction", ax.xaxis.label), "textcoords": "offset points"}
    ax.annotate(text, (0, 0), (0, -5), annotation_clip=False, **place, **look).set_in_layout(not overhangs)
    if overhangs:
        ax.annotate(_blank(text), (0, 0), (0, -5), annotation_clip=False, **place, **look)


def _blank(text: str) -> str:
    return "\n".join(" " for _ in text.split("\n"))


def add_color_bar(ax: Axes, maps: Sequence[Drawn], color: Axis) -> None:
    """A bar as high as the axes, at their right, for all the ``maps`` on that scale."""
    shown = [drawn for drawn in maps if drawn.colors is not None]
    if not shown or shown[0].colors is None:
        return
    edge = ScaledTranslation(1, 0, ax.transAxes)  # pyright: ignore[reportArgumentType] (it is affine)
    place = blended_transform_factory(ax.figure.dpi_scale_trans + edge, ax.transAxes)
    box = ax.inset_axes((_BAR_GAP, 0, _BAR_WIDTH, 1), transform=place)
    beyond = any(drawn.below for drawn in shown), any(drawn.above for drawn in shown)
    bar = ax.figure.colorbar(shown[0].colors, cax=box, extend=_EXTEND[beyond])
    bar.set_label(wrapped(color.title, 2.0, 8.5), fontsize=8.5)
    bar.outline.set_linewidth(0.5)
    if all(drawn.two_valued for drawn in shown):
        bar.set_ticks(ends(color))
    else:
        set_ticks(box.yaxis, color, 5, 1.0)
    box.yaxis.set_minor_locator(NullLocator())
    box.tick_params(length=2)


def add_legend(ax: Axes, drawn: Drawn, width: float) -> float:
    """Legend above the axes, in as many columns as fit ``width`` inches; returns its height in points."""
    if not drawn.legend:
        return 0.0
    labels = [plain(label) for label in drawn.legend]
    over = ax.transAxes + ScaledTranslation(0, 5 / 72, ax.figure.dpi_scale_trans)
    handles = list(drawn.legend.values())
    look: dict[str, Any] = {"borderpad": 0, "borderaxespad": 0, "handlelength": 1.6, "columnspacing": 1.6}
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "bbox_transform": over}
    columns = len(labels)
    legend = ax.legend(handles, labels, ncols=columns, **place, **look)
    while columns > 1 and legend.get_window_extent().width > width * ax.figure.dpi:
        columns -= 1
        legend = ax.legend(handles, labels, ncols=columns, **place, **look)
    return legend.get_window_extent().height * 72 / ax.figure.dpi + 5


def add_stamp(ax: Axes, text: str, above: float) -> float:
    """A small text ``above`` points over the axes; returns its height in points."""
    ax.annotate(plain(text), (0, 1), (0, 3 + above), xycoords="axes fraction", textcoords="offset points", fontsize=8)
    return 11.0


def _scale(ax: Axes, which: Literal["x", "y"], axis: Axis) -> None:
    if axis.log:
        getattr(ax, f"set_{which}scale")("log", nonpositive="clip")
    getattr(ax, f"set_{which}lim")(axis.low, axis.high)


def _slant_crowded(ax: Axes, axis: Axis, width: float) -> None:
    longest = max((len(name) for name in axis.categories), default=0)
    if longest and longest * 0.075 * len(axis.categories) > width:
        ax.tick_params(axis="x", rotation=35)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
