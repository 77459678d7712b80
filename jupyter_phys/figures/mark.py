"""Marks: what a plot draws over its axes, as plain data, with units and in words."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Span = tuple[float, float]


def array(value: ArrayLike, ndim: int, what: str) -> Array:
    """``value`` in float64; refused with other than ``ndim`` axes."""
    values = np.asarray(value, dtype=np.float64)
    if values.ndim != ndim:
        raise ValueError(f"{what} has {values.ndim} dimensions, a panel wants {ndim}")
    return values


def same_length(owner: object, *names: str) -> None:
    """Refuse series of different lengths."""
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
            object.__setattr__(self, name, array(getattr(self, name), 1, f"Line.{name}"))
        same_length(self, "x", "y")


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
                object.__setattr__(self, name, array(getattr(self, name), 1, f"Band.{name}"))
        same_length(self, "x", "low", "high")


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
                object.__setattr__(self, name, array(getattr(self, name), 1, f"Points.{name}"))
        same_length(self, "x", "y", "x_se", "y_se", "names")
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
                object.__setattr__(self, name, array(getattr(self, name), 1, f"Bars.{name}"))
        same_length(self, "value", "se")
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
        object.__setattr__(self, "values", array(self.values, 2, "Heat.values"))


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
        object.__setattr__(self, "frames", array(self.frames, 3, "Movie.frames"))
        object.__setattr__(self, "time", array(self.time, 1, "Movie.time"))
        same_length(self, "frames", "time")

    def frame(self, index: int) -> Heat:
        """One frame as a still map."""
        return Heat(self.frames[index], self.x, self.y, self.color, self.label, palette=self.palette)


Mark = Line | Band | Points | Bars | Heat | Movie


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
