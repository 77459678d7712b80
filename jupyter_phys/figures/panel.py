"""Panels: what a reading shows, as plain data. They carry units and alt text; painters only draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Span = tuple[float, float]
Cell = str | float | int | bool | None


@dataclass(frozen=True)
class Note:
    """A sentence the reader needs beside the numbers; a ``warning`` says that they may mislead."""

    level: Literal["note", "warning"]
    text: str


def _array(value: ArrayLike, ndim: int, what: str) -> Array:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{what} has {array.ndim} dimensions, a panel wants {ndim}")
    return array


def _same_length(owner: object, *names: str) -> None:
    lengths = {name: len(getattr(owner, name)) for name in names if getattr(owner, name) is not None}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{type(owner).__name__} got series of different lengths: {lengths}")


def _no_negative(owner: object, *names: str) -> None:
    for name in names:
        errors = getattr(owner, name)
        if errors is not None and (errors < 0).any():
            raise ValueError(f"{type(owner).__name__}.{name} holds a negative error: {errors.min():g}")


@dataclass(frozen=True)
class Axis:
    """A quantity with its unit. ``unit=""`` says that it has none; ``low``/``high`` fix the range shown."""

    label: str
    unit: str = ""
    _: KW_ONLY
    log: bool = False
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()  # names of positions 0, 1, 2, ...
    downward: bool = False  # image rows grow downward

    @property
    def title(self) -> str:
        """Label and unit, as an axis title: ``window scale s (samples)``."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, eq=False)
class Line:
    """A curve y(x). ``dashed`` marks what is a reference and not a measurement."""

    x: Array
    y: Array
    label: str = ""
    _: KW_ONLY
    dashed: bool = False

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            object.__setattr__(self, name, _array(getattr(self, name), 1, f"Line.{name}"))
        _same_length(self, "x", "y")


@dataclass(frozen=True, eq=False)
class Band:
    """A shaded region between ``low`` and ``high`` over x; None reaches the edge of the plot.

    With both None it shades the whole height between the first and the last x.
    """

    x: Array
    low: Array | None = None
    high: Array | None = None
    label: str = ""
    _: KW_ONLY
    quiet: bool = False  # background region (a validity range) and not an uncertainty

    def __post_init__(self) -> None:
        for name in ("x", "low", "high"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _array(getattr(self, name), 1, f"Band.{name}"))
        _same_length(self, "x", "low", "high")


@dataclass(frozen=True, eq=False)
class Points:
    """Markers with error bars (one standard error); ``names`` are shown on hover."""

    x: Array
    y: Array
    label: str = ""
    _: KW_ONLY
    x_se: Array | None = None
    y_se: Array | None = None
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("x", "y", "x_se", "y_se"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _array(getattr(self, name), 1, f"Points.{name}"))
        _same_length(self, "x", "y", "x_se", "y_se", "names")
        _no_negative(self, "x_se", "y_se")


@dataclass(frozen=True, eq=False)
class Bars:
    """Horizontal bars, one a category of the plot's y axis (its ``categories``), from the top down."""

    value: Array
    label: str = ""
    _: KW_ONLY
    se: Array | None = None

    def __post_init__(self) -> None:
        for name in ("value", "se"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _array(getattr(self, name), 1, f"Bars.{name}"))
        _same_length(self, "value", "se")
        _no_negative(self, "se")


Palette = Literal["sequential", "diverging", "grey"]


@dataclass(frozen=True, eq=False)
class Heat:
    """A map ``values[y, x]`` of cells; ``x``/``y`` are the centres of the first and the last cell."""

    values: Array
    x: tuple[float, float]
    y: tuple[float, float]
    color: Axis
    label: str = ""
    _: KW_ONLY
    palette: Palette = "sequential"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _array(self.values, 2, "Heat.values"))


@dataclass(frozen=True, eq=False)
class Movie:
    """Heat maps ``frames[t, y, x]`` along ``time``; paper shows a few of them, the page plays them."""

    frames: Array
    time: Array
    clock: Axis
    x: tuple[float, float]
    y: tuple[float, float]
    color: Axis
    label: str = ""
    _: KW_ONLY
    palette: Palette = "sequential"

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", _array(self.frames, 3, "Movie.frames"))
        object.__setattr__(self, "time", _array(self.time, 1, "Movie.time"))
        _same_length(self, "frames", "time")

    def frame(self, index: int) -> Heat:
        """One frame as a still map."""
        return Heat(self.frames[index], self.x, self.y, self.color, self.label, palette=self.palette)


Mark = Line | Band | Points | Bars | Heat | Movie


@dataclass(frozen=True, eq=False)
class Plot:
    """Marks over one pair of axes. Plots with the same ``row`` stand side by side under that heading."""

    title: str
    x: Axis
    y: Axis
    marks: Sequence[Mark]
    _: KW_ONLY
    row: str = ""
    note: str = ""  # what the reader must know to read it right
    square: bool = False  # equal lengths on both axes, as an image wants

    @property
    def alt(self) -> str:
        """One paragraph that says what the plot shows, for who cannot see it."""
        said = "; ".join(describe(mark) for mark in self.marks) or "nothing measured yet"
        axes = f"Horizontal: {self.x.title}. Vertical: {self.y.title}."
        return " ".join(part for part in (f"{self.title}.", axes, f"Shows {said}.", self.note) if part)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of text and numbers. A cell that is a number with error comes as text, already formatted."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    _: KW_ONLY
    note: str = ""
    row: str = field(default="", init=False)

    def __post_init__(self) -> None:
        for cells in self.rows:
            if len(cells) != len(self.columns):
                raise ValueError(f"a row of {len(cells)} cells in a table of {len(self.columns)} columns")
        plain = [[cell.item() if isinstance(cell, np.generic) else cell for cell in cells] for cells in self.rows]
        object.__setattr__(self, "rows", plain)  # numpy's own scalars are no cells

    @property
    def alt(self) -> str:
        """Size and columns of the table; its text is readable by itself."""
        return f"Table: {self.title}. {len(self.rows)} rows; columns {', '.join(self.columns)}."


@dataclass(frozen=True, eq=False)
class PhaseSpace:
    """A density over places and frequencies, explored one cut at a time, before and after something was done.

    Each stage has two plots with one map each: a picture over places, and the spectrum at ``place``. Their titles
    name the stage; all pictures share their axes, and so do all spectra, whose colour axis is that of the density.
    ``density[stage, y, x, v, u]`` holds all cuts, coarsely; ``places`` and ``frequencies`` are the centres of its
    first and last cell, along the horizontal axis and along the vertical one.
    """

    title: str
    pictures: Sequence[Plot]
    spectra: Sequence[Plot]
    density: Array
    places: tuple[Span, Span]
    frequencies: tuple[Span, Span]
    place: Span  # (x, y) of the spectra
    _: KW_ONLY
    note: str = ""
    row: str = field(default="", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "density", _array(self.density, 5, "PhaseSpace.density"))
        _same_length(self, "pictures", "spectra", "density")
        for plot in self.plots:
            if not any(isinstance(mark, Heat) for mark in plot.marks):
                raise ValueError(f"the plot {plot.title!r} of a PhaseSpace has no map")

    @property
    def plots(self) -> list[Plot]:
        """What stands still on paper: the pictures, then the spectra."""
        return [*self.pictures, *self.spectra]

    @property
    def alt(self) -> str:
        """One paragraph that says what it shows, for who cannot see it."""
        return " ".join(part for part in (f"{self.title}.", *(plot.alt for plot in self.plots), self.note) if part)


Panel = Plot | Table | PhaseSpace


def plots(panels: Sequence[Panel]) -> list[Plot]:
    """Every plot among the panels, in order, those of a PhaseSpace too."""
    parts = ([] if isinstance(it, Table) else [it] if isinstance(it, Plot) else it.plots for it in panels)
    return [plot for part in parts for plot in part]


def spoken(panels: Sequence[Panel]) -> str:
    """The alt text of one picture of all plots among the panels."""
    return " ".join(panel.alt for panel in panels if not isinstance(panel, Table))


def _span(values: Array) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "no finite values"
    return f"{finite.min():.4g} to {finite.max():.4g}"


def describe(mark: Mark) -> str:
    """A mark in words: its kind, name and range."""
    named = f" of {mark.label}" if mark.label else ""
    match mark:
        case Line() | Points():
            kind = "a line" if isinstance(mark, Line) else f"{len(mark.x)} points"
            return f"{kind}{named} from {_span(mark.y)} over {_span(mark.x)}"
        case Band():
            return f"a shaded region{named} over {_span(mark.x)}"
        case Bars():
            return f"{len(mark.value)} bars{named} from {_span(mark.value)}"
        case Heat():
            shape = " × ".join(str(n) for n in mark.values.shape)
            return f"a {shape} map{named}, {mark.color.title} from {_span(mark.values)}"
        case Movie():
            return f"{len(mark.time)} frames{named}, {mark.color.title} from {_span(mark.frames)}"
