"""Where a fluid crosses an energy density, compiled: `surface` for one event."""

# pyright: basic
# (numba's functions have no types that Python knows)

import numpy as np

from jupyter_phys.physics.hydro.simd import PAD, Array, inner


@inner
def _crossing(rows, count, one, other, y, x, yy, xx, early, late, level, axis, area):
    """Write the crossing between two neighbours, if it is one, as row `count`; returns the number of rows."""
    first, second = one[0, y, x] - level, other[0, yy, xx] - level
    if (first > 0) == (second > 0):
        return count
    share = first / (first - second)
    tau = early + share * (late - early)
    row = rows[count]
    for n in range(len(row)):
        row[n] = 0
    row[1] = tau
    for field in range(1, one.shape[0]):
        found = one[field, y, x] + share * (other[field, yy, xx] - one[field, y, x])
        row[field + (1 if field < 3 else 4)] = found
    row[4 + axis] = (area if first > 0 else -area) * tau
    return count + 1


@inner
def looked(
    before: Array, after: Array, early: float, late: float, level: float, dx: float, half: float,
    rows: Array, count: int,
) -> tuple[Array, int, bool]:  # fmt: skip
    """As `surface.crossings`, on padded fields: rows, which grow as they fill, their number, and whether all is cold.

    What is before is then as after.
    """
    middle, tau, hottest = np.empty_like(before), half * (early + late), level - level
    for field in range(before.shape[0]):
        for y in range(before.shape[1]):
            for x in range(before.shape[2]):
                middle[field, y, x] = half * (before[field, y, x] + after[field, y, x])
    _, height, width = before.shape
    for y in range(PAD, height - PAD):
        if count + 3 * width > len(rows):
            more = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
            for n in range(count):
                for m in range(rows.shape[1]):
                    more[n, m] = rows[n, m]
            rows = more
        for x in range(PAD, width - PAD):
            hottest = max(hottest, after[0, y, x])
            count = _crossing(rows, count, before, after, y, x, y, x, early, late, level, 0, dx * dx)
            if x < width - PAD - 1:
                count = _crossing(rows, count, middle, middle, y, x, y, x + 1, tau, tau, level, 1, dx * (late - early))
            if y < height - PAD - 1:
                count = _crossing(rows, count, middle, middle, y, x, y + 1, x, tau, tau, level, 2, dx * (late - early))
    for field in range(before.shape[0]):
        for y in range(height):
            for x in range(width):
                before[field, y, x] = after[field, y, x]
    return rows, count, hottest <= level
