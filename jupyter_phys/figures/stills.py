"""A movie on paper: a strip of stills."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jupyter_phys.figures.mark import Movie
from jupyter_phys.figures.panel import Plot

MOST = 6  # stills of a movie


@dataclass(frozen=True)
class Still:
    """A plot without movies. The one that ``leads`` the stills of a plot bears its title, labels and note."""

    plot: Plot
    stamp: str = ""  # the time, as a short text
    leads: bool = True


def stills(plot: Plot) -> list[Still]:
    """The plot itself, or up to six equally spaced frames of its movie; other marks appear on every one."""
    movie = next((mark for mark in plot.marks if isinstance(mark, Movie) and len(mark.time)), None)
    if movie is None:
        return [Still(replace(plot, marks=[mark for mark in plot.marks if not isinstance(mark, Movie)]))]
    count = len(movie.time)
    chosen = np.linspace(0, count - 1, min(MOST, count)).round().astype(int).tolist()
    titled = replace(plot, title=f"{plot.title}, {movie.clock.label} as marked")
    return [
        Still(_at(titled, index), f"{movie.time[index]:.3g} {movie.clock.unit}".strip(), index == chosen[0])
        for index in chosen
    ]


def _at(plot: Plot, index: int) -> Plot:
    """The plot with every movie stopped at a frame, the last one if it is shorter."""
    marks = [
        mark.frame(min(index, len(mark.time) - 1)) if isinstance(mark, Movie) else mark
        for mark in plot.marks
        if not (isinstance(mark, Movie) and not len(mark.time))
    ]
    return replace(plot, marks=marks)
