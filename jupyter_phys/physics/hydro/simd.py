"""How numba makes SIMD loops of this package's functions, for one CPU core, and what the loops share.

What lets LLVM vectorise the loops over a row: arrays are promised not to overlap, indices are unsigned, tables are
read at 32-bit places, and every number comes as an argument of the arrays' type, as a literal would raise float32 to
float64.
"""

# pyright: basic
# (numba's functions have no types that Python knows)

import math
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from numba.core.compiler import Compiler
from numpy.typing import NDArray

Array = NDArray[Any]
Rows = tuple[Array, ...]
Trials = tuple[Rows, ...]
Numbers = tuple[float, ...]
Places = tuple[Any, ...]
Table = tuple[Array, Array, float, float]  # rows, rises, rows per e^(1/4), the last but one
PAD = 2  # cells beyond each edge


class _Apart(Compiler):
    """Arrays of a function do not overlap where one is written: numba has no option for it, LLVM needs to know."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.state.flags = self.state.flags.copy()
        self.state.flags.noalias = True


MATH = {"nnan", "ninf", "nsz", "contract", "arcp"}  # no reordering of sums
HOW: dict[str, Any] = {"fastmath": MATH, "error_model": "numpy", "boundscheck": False, "nogil": True, "cache": True}
INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # called by compiled functions only
STAMP = sorted((one.name, one.stat().st_mtime, one.stat().st_size) for one in Path(__file__).parent.glob("*.py"))


def _kept(**how: Any) -> Any:
    """As numba.njit; what is kept on disk holds while no file of this folder changes: numba looks at the caller's."""

    def made(function: Any) -> Any:
        found = numba.njit(**how)(function)
        cache: Any = getattr(found, "_cache", None)
        if hasattr(cache, "_cache_file"):
            cache._cache_file._source_stamp = STAMP
        return found

    return made


by_rows: Any = _kept(**HOW, **INNER, pipeline_class=_Apart)
inner: Any = _kept(**HOW, **INNER)
whole: Any = _kept(**HOW)
inlined: Any = numba.njit(**HOW | {"cache": False, "inline": "always"})


@inlined
def minmod(a: float, b: float, c: float, zero: float) -> float:
    """The smallest of three of one sign, else 0."""
    return max(min(min(a, b), c), zero) + min(max(max(a, b), c), zero)


@inlined
def between(
    a: float, b: float, c: float, d: float, bound: float, sixth: float, half: float, zero: float
) -> tuple[float, float]:
    """A field on both sides of the face between b and c, as `ideal.sides`."""
    back, here, ahead = b - a, c - b, d - c
    one, other = half * (here - back), half * (ahead - here)
    bend = max(min(one, other), zero) + min(max(one, other), zero)
    left = minmod(bound * (back + bend), bound * (here - bend), sixth * (back + (here + here)), zero)
    right = minmod(bound * (here + bend), bound * (ahead - bend), sixth * ((here + here) + ahead), zero)
    return b + left, c - right


@inlined
def placed(e: float, steps: float, last: float, one: float) -> tuple[Any, float, float]:
    """Row of a table, as a place and as a number, and how far on to the next."""
    return rooted(math.sqrt(math.sqrt(e)), steps, last, one)


@inlined
def rooted(root: float, steps: float, last: float, one: float) -> tuple[Any, float, float]:
    """The same of e^(1/4)."""
    place = root * steps
    row = min(np.floor(place), last)
    there = max(np.int32(row), np.int32(0))  # NaN has no place: not one outside the table
    return np.uint32(there), row, min(place - row, one)


@inner
def repeat_edges(cells: Array, ny: int, nx: int) -> None:
    """Repeat the outermost of [field, y, x] cells into their padding, which may be wider behind."""
    for field in range(cells.shape[0]):
        one = cells[field]
        for y in range(PAD, ny + PAD):
            one[y, :PAD] = one[y, PAD]
            one[y, nx + PAD :] = one[y, nx + PAD - 1]
        for y in range(PAD):
            one[y] = one[PAD]
            one[ny + PAD + y] = one[ny + PAD - 1]


def table_of(values: torch.Tensor, dtype: Any) -> tuple[Array, Array]:
    """A table's rows, and what is added up to the next."""
    rows = values.to("cpu", torch.float64).numpy()
    return np.ascontiguousarray(rows, dtype), np.ascontiguousarray(np.append(np.diff(rows), 0.0), dtype)
