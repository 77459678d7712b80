"""The grid of phase space on which fields are measured: window scale, hop, window length and size, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import GIB, Run
from jupyter_phys.instruments.entropy.settings import Settings
from jupyter_phys.physics.entropy_stream import least_memory
from jupyter_phys.physics.phase_grid import Axis
from jupyter_phys.physics.phase_space import grid_rule, valid_scale

KEPT = 0.9  # least part of an axis that a crop to a fitting size may leave
# what is to be expected of S where the window is at least so many window scales long
SHORT = {
    6: "errors of S up to 4e-3 nat", 4: "errors of S up to 4e-2 nat", 2: "errors of S up to 0.3 nat",
    0: "S to mean nothing: errors of 0.5 to 2 nat",
}  # fmt: skip
DRAFT_STEP = 1.25  # largest hop of a draft in units of the window scale: up to 1e-2 nat off, four times as fast


@dataclass(frozen=True)
class Grid:
    """Window and grid per axis, in samples, and the size to which fields are cropped after the acquisition."""

    scale: tuple[float, ...]
    hop: tuple[int, ...]
    window_length: tuple[int, ...]
    valid: tuple[tuple[float, float], ...]
    size: tuple[int, ...]

    def crop(self, fields: Tensor) -> Tensor:
        """The middle of the fields [..., axes], of the grid's size."""
        for axis, n in enumerate(self.size, start=-len(self.size)):
            fields = fields.narrow(axis, (fields.shape[axis] - n) // 2, n)
        return fields

    @property
    def cells(self) -> int:
        """Cells of phase space of one field."""
        sides = zip(self.size, self.hop, self.window_length, strict=True)
        return math.prod(n // h * w for n, h, w in sides)

    def least_memory(self, run: Run) -> int:
        """Bytes without which no entropy can be computed."""
        axes = tuple(Axis(*one) for one in zip(self.size, self.scale, self.hop, self.window_length, strict=True))
        return least_memory(torch.empty(0, dtype=run.complex_dtype), axes)

    def options(self) -> dict[str, Any]:
        """Arguments of the phase-space functions."""
        return {"scale": self.scale, "hop": self.hop, "window_length": self.window_length, "ndim": len(self.size)}


def find_grid(shape: tuple[int, ...], settings: Settings, run: Run) -> Grid:
    """The window scale and the grid for fields of ``shape``.

    Raises:
        Refused: no valid scale at this size, or one asked for outside the valid range.
    """
    valid = [valid_scale(n) for n in shape]
    small = [n for n, (low, high) in zip(shape, valid, strict=True) if low > high]
    if small:
        raise Refused(
            "The field is too small for phase space: no window is both 2 samples wide and 2 bins sharp.",
            given=f"shape {shape}", allowed="at least 26 samples an axis",
        )  # fmt: skip
    scale = _scale(shape, settings, valid)
    size = tuple(n if settings.hop else _fitting(n, s) for n, s in zip(shape, scale, strict=True))
    if size != shape:
        run.note(f"{_times(shape)} has no hop within the grid rule: cropped to {_times(size)} after the acquisition.")
    step = DRAFT_STEP if run.draft else 0.5
    rule = [grid_rule(n, s, step) for n, s in zip(size, scale, strict=True)]
    hop = tuple(settings.hop or h for h, _ in rule)
    window = tuple(settings.window_length or w for _, w in rule)
    _check(size, scale, hop, window, rule, run)
    grid = Grid(scale, hop, window, tuple(valid_scale(n) for n in size), size)
    least = 2 * grid.least_memory(run)
    if least > run.memory:
        raise Refused(
            "A single window position does not fit into the memory of this run.",
            given=f"memory={run.memory / GIB:.3g} GiB", instead=f"memory={math.ceil(1000 * least / GIB) / 1000:g}",
        )  # fmt: skip
    return grid


def _scale(shape: tuple[int, ...], settings: Settings, valid: list[tuple[float, float]]) -> tuple[float, ...]:
    asked = settings.scale
    if asked is None:
        return tuple(min(max(n / 16, low), high) for n, (low, high) in zip(shape, valid, strict=True))
    scale = asked if isinstance(asked, tuple) else (asked,) * len(shape)
    if len(scale) != len(shape):
        raise Refused("One window scale, or one per axis.", given=f"scale={scale}, field {_times(shape)}")
    for s, n, (low, high) in zip(scale, shape, valid, strict=True):
        if not low <= s <= high:
            near = low if s < low else math.floor(high * 100) / 100
            raise Refused(
                "The window scale is outside the valid range of this field.", given=f"scale={s:g} samples on {n}",
                allowed=f"{low:g} … {math.floor(high * 1000) / 1000:g} samples", instead=f"scale={near:g}",
            )  # fmt: skip
    return scale


def _fitting(n: int, s: float) -> int:
    """The largest size up to n whose grid-rule hop is not needlessly small."""
    sizes = range(n, max(26, math.ceil(KEPT * n)) - 1, -1)
    fits = (size for size in sizes if s <= valid_scale(size)[1] and (grid_rule(size, s)[0] >= s / 4 or s < 4))
    return next(fits, n)


def _check(
    size: tuple[int, ...], scale: tuple[float, ...], hop: tuple[int, ...], window: tuple[int, ...],
    rule: list[tuple[int, int]], run: Run,
) -> None:  # fmt: skip
    for n, s, h, w, (best_h, best_w) in zip(size, scale, hop, window, rule, strict=True):
        if n % h or w > n:
            divisors = ", ".join(str(d) for d in range(1, n + 1) if n % d == 0)
            raise Refused(
                "The grid does not fit the field.", given=f"hop={h}, window_length={w} on {n} samples",
                allowed=f"hop one of {divisors}; window_length at most {n}",
            )  # fmt: skip
        if h > best_h:
            run.warn(
                f"hop={h} is {h / s:.2g} window scales, above the grid rule ({best_h}): expect errors of 3e-3 nat at "
                "one window scale, of 5e-2 at two."
            )
        if w < best_w:
            width = next(least for least in SHORT if w >= least * s)
            run.warn(
                f"window_length={w} is {w / s:.2g} window scales long, below the grid rule ({best_w}): "
                f"expect {SHORT[width]}."
            )


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
