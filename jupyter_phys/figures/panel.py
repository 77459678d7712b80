"""Panels: what a reading shows, as plain data. They carry units and alt text; painters only draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal

import numpy as np

from jupyter_phys.figures.mark import Array, Axis, Heat, Mark, Span, array, describe, same_length

Cell = str | float | int | bool | None


@dataclass(frozen=True)
class Note:
    """A sentence the reader needs beside the numbers; a ``warning`` says that they may mislead."""

    level: Literal["note", "warning"]
    text: str


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
        object.__setattr__(self, "density", array(self.density, 5, "PhaseSpace.density"))
        same_length(self, "pictures", "spectra", "density")
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
