"""Where a fluid crosses an energy density, compiled: `surface` for one event."""

# pyright: basic
# (numba's functions have no types that Python knows)

import numpy as np

from jupyter_phys.physics.hydro.simd import PAD, Array, inner


@inner
def _crossing(row, before, after, share_of_after, y, x, yy, xx, early, late, level, axis, area):
    """Whether two neighbours lie on both sides of the level; if so, their crossing fills the row.

    Neighbours in space are of the time at which what is after has this share; in time they are before and after.
    """
    s = share_of_after
    if axis == 0:
        first, second = before[0, y, x] - level, after[0, y, x] - level
    else:
        first = before[0, y, x] + s * (after[0, y, x] - before[0, y, x]) - level
        second = before[0, yy, xx] + s * (after[0, yy, xx] - before[0, yy, xx]) - level
    if (first > 0) == (second > 0):
        return False
    share = first / (first - second)
    tau = early + share * (late - early)
    for n in range(len(row)):
        row[n] = 0
    row[1] = tau
    for field in range(1, before.shape[0]):
        if axis == 0:
            one, other = before[field, y, x], after[field, y, x]
        else:
            one = before[field, y, x] + s * (after[field, y, x] - before[field, y, x])
            other = before[field, yy, xx] + s * (after[field, yy, xx] - before[field, yy, xx])
        row[field + (1 if field < 3 else 4)] = one + share * (other - one)
    row[4 + axis] = (area if first > 0 else -area) * tau
    return True


@inner
def looked(
    before: Array, after: Array, early: float, late: float, level: float, dx: float, half: float,
    rows: Array, count: int,
) -> tuple[Array, int, bool]:  # fmt: skip
    """As `surface.crossings`, on padded fields: rows, which grow as they fill, their number, and whether all is cold.

    What is before is then as after.
    """
    tau, hottest = half * (early + late), level - level
    _, height, width = before.shape
    for y in range(PAD, height - PAD):
        if count + 3 * width > len(rows):
            more = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
            for n in range(count):
                for m in range(rows.shape[1]):
                    more[n, m] = rows[n, m]
            rows = more
        # beyond the last row and column lies padding like them, which never differs
        old, new, old_up, new_up = before[0, y], after[0, y], before[0, y + 1], after[0, y + 1]
        for x in range(PAD, width - PAD):
            hottest = max(hottest, new[x])
            low = min(min(min(old[x], new[x]), min(old[x + 1], new[x + 1])), min(old_up[x], new_up[x]))
            high = max(max(max(old[x], new[x]), max(old[x + 1], new[x + 1])), max(old_up[x], new_up[x]))
            if low > level or high <= level:  # the common case: no neighbour is on the other side
                continue
            if _crossing(rows[count], before, after, half, y, x, y, x, early, late, level, 0, dx * dx):
                count += 1
            area = dx * (late - early)
            if x < width - PAD - 1 and _crossing(
                rows[count], before, after, half, y, x, y, x + 1, tau, tau, level, 1, area
            ):
                count += 1
            if y < height - PAD - 1 and _crossing(
                rows[count], before, after, half, y, x, y + 1, x, tau, tau, level, 2, area
            ):
                count += 1
    for field in range(before.shape[0]):
        for y in range(height):
            kept, now = before[field, y], after[field, y]
            for x in range(width):
                kept[x] = now[x]
    return rows, count, hottest <= level
