"""Inputs that are images or embeddings: how their values lie, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jupyter_phys.core.record import Record
from jupyter_phys.figures.mark import Axis, Heat, Palette
from jupyter_phys.figures.panel import Plot

Array = NDArray[np.float64]
CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Layout:
    """The shape of an input, and whether it is a text's embeddings."""

    shape: tuple[int, ...] = ()
    of_text: bool = False

    @property
    def axes(self) -> tuple[str, ...]:
        """What its axes mean; nothing where nobody knows."""
        if self.of_text and len(self.shape) == 2:
            return "token", "feature"
        if len(self.shape) == 2:
            return "row", "column"
        if len(self.shape) == 3 and self.shape[0] in CHANNELS:
            return "channel", "row", "column"
        return ("row", "column", "channel") if len(self.shape) == 3 and self.shape[2] in CHANNELS else ()

    def named(self, i: int) -> str:
        """A coordinate by its place in the input."""
        place = np.unravel_index(int(i), self.shape) if self.shape else (int(i),)
        if not self.axes:
            return f"x[{', '.join(map(str, place))}]"
        return ", ".join(f"{axis} {at}" for axis, at in zip(self.axes, place, strict=True))

    def drawn(self, title: str, values: Array, color: Axis, row: str, palette: Palette) -> Plot:
        """A map of flat values, the mean of channels."""
        image = values.reshape(self.shape)
        if "channel" in self.axes:
            image = image.mean(self.axes.index("channel"))
        rows, columns = image.shape
        down, right = (one for one in self.axes if one != "channel")
        unit = "" if self.of_text else "pixels"
        heat = Heat(image, (0.0, columns - 1.0), (0.0, rows - 1.0), color, title, palette=palette)
        return Plot(title, Axis(right, unit), Axis(down, unit, downward=True), [heat], row=row, square=not self.of_text)


def layout(record: Record) -> Layout:
    """Of the inputs of a reading."""
    return Layout(tuple(record.facts.get("shape", ())), bool(record.facts.get("embeddings")))


def over_labels(data: xr.Dataset) -> str:
    """Which labels a mean is over: those of which there are numbers."""
    known = np.asarray(np.isfinite(data["product"].values).any((0, 2)))
    if known.all():
        return "mean over labels"
    names = [str(name) for name, there in zip(data["label"].values, known, strict=True) if there]
    return f"mean over {len(names)} of {len(known)} labels ({', '.join(names[:8])}{', …' if len(names) > 8 else ''})"


def is_box(record: Record) -> bool:
    """Whether packets lie on a box, where every coordinate has a bound of its own."""
    return record.facts.get("packet") == "box"
