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
def limited(before: float, here: float, after: float, theta: float, half: float, zero: float) -> float:
    """Half of what minmod lets a field rise over a cell."""
    back, ahead = here - before, after - here
    a, b, c = theta * back, theta * ahead, half * (back + ahead)
    return half * (max(min(min(a, b), c), zero) + min(max(max(a, b), c), zero))


@inlined
def placed(e: float, steps: float, last: float, one: float) -> tuple[Any, float, float]:
    """Row of a table, as a place and as a number, and how far on to the next."""
    place = math.sqrt(math.sqrt(e)) * steps
    row = min(np.floor(place), last)
    return np.int32(row), row, min(place - row, one)


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
