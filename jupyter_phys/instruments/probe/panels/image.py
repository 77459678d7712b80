"""Inputs that are images: how their values lie, and how they are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jupyter_phys.figures.mark import Axis, Heat, Palette
from jupyter_phys.figures.panel import Plot

Array = NDArray[np.float64]
CHANNELS = (1, 3, 4)
AXES = {
    "rows": ("row", "column"), "channels first": ("channel", "row", "column"),
    "channels last": ("row", "column", "channel"),
}  # fmt: skip


def named(i: int, shape: tuple[int, ...]) -> str:
    """A coordinate by its place in the input."""
    place = np.unravel_index(int(i), shape) if shape else (int(i),)
    axes = AXES.get(layout(shape))
    if axes is None:
        return f"x[{', '.join(map(str, place))}]"
    return ", ".join(f"{axis} {at}" for axis, at in zip(axes, place, strict=True))


def layout(shape: tuple[int, ...]) -> str:
    """How an image lies in an input; nothing where it is none."""
    if len(shape) == 2:
        return "rows"
    if len(shape) == 3 and shape[0] in CHANNELS:
        return "channels first"
    return "channels last" if len(shape) == 3 and shape[2] in CHANNELS else ""


def _rows(values: Array, shape: tuple[int, ...]) -> Array | None:
    """Flat values as rows and columns, the mean of channels; None where an input is no image."""
    match layout(shape):
        case "rows":
            return values.reshape(shape)
        case "channels first":
            return values.reshape(shape).mean(0)
        case "channels last":
            return values.reshape(shape).mean(-1)
        case _:
            return None


def drawn(title: str, values: Array, shape: tuple[int, ...], color: Axis, row: str, palette: Palette) -> Plot:
    """A map of flat values of an image."""
    image = _rows(values, shape)
    assert image is not None
    rows, columns = image.shape
    heat = Heat(image, (0.0, columns - 1.0), (0.0, rows - 1.0), color, title, palette=palette)
    return Plot(title, Axis("column", "pixels"), Axis("row", "pixels", downward=True), [heat], row=row, square=True)
