"""How figures look: colours and type sizes as plain data, and which mark gets which colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_phys.figures.mark import Band, Heat, Line, Mark, Movie, Palette

ThemeName = Literal["light", "dark"]


# Text of one width at every resolution: hinted letters grow and shrink by whole dots, and then overflow.
UNHINTED = {"text.hinting": "none"}


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb. ``series`` are those of Okabe and Ito, the best seen on this paper first."""

    paper: str
    ink: str  # text
    faint: str  # captions and references
    rule: str  # axes and ticks
    grid: str
    missing: str  # cells that were not measured, and the hatch upon them
    hatch: str
    series: tuple[str, ...]
    quiet: tuple[tuple[str, float], ...]  # background regions: colour, opacity
    diverging: tuple[str, ...]  # stops at equal distances, the middle one is neutral

    def rc(self) -> dict[str, Any]:
        """Matplotlib settings on top of its defaults; sizes in points."""
        return {
            **UNHINTED,
            "font.size": 8,
            "text.color": self.ink,
            "axes.labelcolor": self.ink,
            "axes.labelsize": 8.5,
            "axes.labelpad": 3.5,
            "axes.facecolor": self.paper,
            "axes.edgecolor": self.rule,
            "axes.linewidth": 0.7,
            "axes.titlesize": 9.5,
            "axes.titlelocation": "left",
            "axes.axisbelow": True,
            "axes.formatter.limits": (-4, 5),
            "axes.formatter.useoffset": False,
            "figure.facecolor": self.paper,
            "figure.edgecolor": self.paper,
            "grid.color": self.grid,
            "grid.linewidth": 0.6,
            "hatch.color": self.hatch,
            "hatch.linewidth": 0.6,
            "legend.fontsize": 8,
            "legend.frameon": False,
            "xtick.color": self.rule,
            "ytick.color": self.rule,
            "xtick.labelcolor": self.ink,
            "ytick.labelcolor": self.ink,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "xtick.major.width": 0.7,
            "ytick.major.width": 0.7,
            "xtick.minor.width": 0.5,
            "ytick.minor.width": 0.5,
            "lines.linewidth": 1.6,
            "lines.solid_capstyle": "round",
            "lines.solid_joinstyle": "round",
        }


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        paper="#ffffff",
        ink="#1b1f24",
        faint="#5b636d",
        rule="#7a828c",
        grid="#e7e9ec",
        missing="#dfe2e6",
        hatch="#b3b9c1",
        series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"),
        quiet=(("#7a828c", 0.13), ("#e69f00", 0.22), ("#56b4e9", 0.20)),
        diverging=("#053061", "#2f79b5", "#9bc9e0", "#f7f7f7", "#f5aa89", "#c4463f", "#67001f"),
    ),
    "dark": Theme(
        paper="#111111",
        ink="#e8eaed",
        faint="#a3abb5",
        rule="#8b939d",
        grid="#2b3037",
        missing="#3a4047",
        hatch="#5f6771",
        series=("#56b4e9", "#e69f00", "#00b383", "#e08dba", "#f0e442", "#ee7b30", "#ffffff"),
        quiet=(("#a3abb5", 0.16), ("#e69f00", 0.24), ("#56b4e9", 0.22)),
        diverging=("#b9e0ff", "#5aa7df", "#24608f", "#22262b", "#8f4a24", "#df8b4f", "#ffdcb5"),
    ),
}

# Maps by their matplotlib names; the diverging one is the theme's own.
COLOR_MAPS: dict[Palette, str] = {"sequential": "viridis", "grey": "gray", "diverging": ""}


def series(marks: Sequence[Mark]) -> list[int | None]:
    """Which colour of ``Theme.series`` each mark takes; None for maps, background regions and references.

    Marks of one label share a colour. A band without a label takes that of the mark before it, or of the one
    after it when it is the first. A dashed line is a reference and stays neutral, unless it bears the label of a
    measured one.
    """
    taken: dict[str, int] = {}
    chosen: list[int | None] = []
    last: int | None = None
    used = 0
    for mark in marks:
        index: int | None = None
        if isinstance(mark, Band) and not mark.label and not mark.quiet:
            index = used if last is None else last
        elif _is_series(mark):
            index = taken.get(mark.label) if mark.label else None
            if index is None and not _is_reference(mark):
                index, used = used, used + 1
                taken[mark.label] = index
            last = last if index is None else index
        chosen.append(index)
    return chosen


def _is_series(mark: Mark) -> bool:
    return not isinstance(mark, Heat | Movie) and not (isinstance(mark, Band) and mark.quiet)


def _is_reference(mark: Mark) -> bool:
    return isinstance(mark, Line) and mark.dashed
