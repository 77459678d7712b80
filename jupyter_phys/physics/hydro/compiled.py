"""The ideal scheme for one CPU core, compiled by numba to SIMD loops over rows: an event at a time stays in its cache.

The formulas of `ideal` and `surface`: equal to 1e-13 after a step. What lets LLVM vectorise the loops over a row:
arrays are promised not to overlap, indices are unsigned, tables are read at 32-bit places, and every number comes as
an argument of the arrays' type, as a literal would raise float32 to float64.
"""

# pyright: basic
# (numba's functions have no types that Python knows)

import math
from typing import Any

import numba
import numpy as np
import torch
from numba.core.compiler import Compiler
from numpy.typing import NDArray

from jupyter_phys.physics.hydro.ideal import VACUUM, Scheme

Array = NDArray[Any]
PAD, WIDTH = 2, 7  # cells beyond each edge; numbers in a row of a surface


class _Apart(Compiler):
    """Arrays of a function do not overlap where one is written: numba has no option for it, LLVM needs to know."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.state.flags = self.state.flags.copy()
        self.state.flags.noalias = True


MATH = {"nnan", "ninf", "nsz", "contract", "arcp"}  # no reordering of sums
HOW: dict[str, Any] = {"fastmath": MATH, "error_model": "numpy", "boundscheck": False, "nogil": True, "cache": True}
_rows: Any = numba.njit(**HOW, pipeline_class=_Apart)
_whole: Any = numba.njit(**HOW)
_inline: Any = numba.njit(**HOW | {"cache": False, "inline": "always"})


@_inline
def _slope(before, here, after, theta, half, zero):
    back, ahead = here - before, after - here
    a, b, c = theta * back, theta * ahead, half * (back + ahead)
    return half * (max(min(min(a, b), c), zero) + min(max(max(a, b), c), zero))


@_inline
def _place(e, steps, last, one):
    """Row of a table, as a place and as a number, and how far on to the next."""
    place = math.sqrt(math.sqrt(e)) * steps
    row = min(np.floor(place), last)
    return np.int32(row), row, min(place - row, one)


@_inline
def _side(e, u, w, p, sound2, one, zero):
    """Energy, momentum along u and along w, speed of the flow along u, and of the fastest wave."""
    u2, w2 = u * u, w * w
    u02 = one + (u2 + w2)
    u0 = math.sqrt(u02)
    heat = (e + p) * u0
    inside = max((u02 - u2 - (u02 - u2 - one) * sound2) * sound2, zero)
    fastest = (u0 * abs(u) * (one - sound2) + math.sqrt(inside)) / (u02 - (u02 - one) * sound2)
    return (e + p) * u02 - p, heat * u, heat * w, u / u0, fastest


@_rows
def _faces(e, u, w, at, step, theta, half, one, zero, ratio, rise, sound2, quicker, steps, last, f, fu, fw):
    """Fluxes through a row of faces, from cells `at` on to the next along u, which lies `step` further in the field."""
    for i in range(np.uintp(len(f))):
        a, b, c, d = at + i - step, at + i, at + i + step, at + i + step + step
        eb, ub, wb, ec, uc, wc = e[b], u[b], w[b], e[c], u[c], w[c]
        el, er = eb + _slope(e[a], eb, ec, theta, half, zero), ec - _slope(eb, ec, e[d], theta, half, zero)
        ul, ur = ub + _slope(u[a], ub, uc, theta, half, zero), uc - _slope(ub, uc, u[d], theta, half, zero)
        wl, wr = wb + _slope(w[a], wb, wc, theta, half, zero), wc - _slope(wb, wc, w[d], theta, half, zero)

        row, _, rest = _place(el, steps, last, one)
        p = el * (ratio[row] + rest * rise[row])
        q, qu, qw, speed, fast = _side(el, ul, wl, p, sound2[row] + rest * quicker[row], one, zero)
        g, gu, gw = speed * (q + p), speed * qu + p, speed * qw

        row, _, rest = _place(er, steps, last, one)
        p = er * (ratio[row] + rest * rise[row])
        r, ru, rw, speed, other = _side(er, ur, wr, p, sound2[row] + rest * quicker[row], one, zero)
        fast = max(fast, other)
        f[i] = half * (g + speed * (r + p) - fast * (r - q))
        fu[i] = half * (gu + (speed * ru + p) - fast * (ru - qu))
        fw[i] = half * (gw + speed * rw - fast * (rw - qw))


@_inline
def _better(e, energy, momentum2, p, slope, one, floor):
    """One of Newton's steps on e = E - M^2/(E + p(e))."""
    over = one / (energy + p)
    v2 = momentum2 * over * over
    return min(max(e - (e - energy + momentum2 * over) / (one - v2 * slope), floor), energy)


@_rows
def _cells(c0, c1, c2, s0, s1, s2, kept, e_now, p_now, x0, x1, x2, y0, y1, y2, y0n, y1n, y2n, at,
           share, source, over_volume, floor, cut, tiny, quarter, one, ratio, rise, steps, last,
           o0, o1, o2, e_out, ux_out, uy_out, p_out):  # fmt: skip
    """A row of cells from the fluxes through their faces: conserved fields, then the fluid by Newton's method."""
    for i in range(np.uintp(len(o0))):
        k, n = at + i, i + np.uintp(1)
        energy = c0[i] + share * ((x0[i] - x0[n]) + (y0[i] - y0n[i])) - source * p_now[i]
        mx = c1[i] + share * ((x1[i] - x1[n]) + (y1[i] - y1n[i]))
        my = c2[i] + share * ((x2[i] - x2[n]) + (y2[i] - y2n[i]))
        energy = kept * s0[i] + (one - kept) * energy
        mx = kept * s1[i] + (one - kept) * mx
        my = kept * s2[i] + (one - kept) * my
        o0[i], o1[i], o2[i] = energy, mx, my
        energy, mx, my = max(energy * over_volume, floor), mx * over_volume, my * over_volume
        less = min(cut * energy / math.sqrt(mx * mx + my * my + tiny), one)
        mx, my = mx * less, my * less
        momentum2 = mx * mx + my * my
        e = max(min(e_now[k], energy), floor)
        row, base, rest = _place(e, steps, last, one)
        here = ratio[row] + rest * rise[row]
        e = _better(e, energy, momentum2, e * here, here + (base + rest) * rise[row] * quarter, one, floor)
        row, base, rest = _place(e, steps, last, one)
        here = ratio[row] + rest * rise[row]
        e = _better(e, energy, momentum2, e * here, here + (base + rest) * rise[row] * quarter, one, floor)
        row, base, rest = _place(e, steps, last, one)
        here = ratio[row] + rest * rise[row]
        e = _better(e, energy, momentum2, e * here, here + (base + rest) * rise[row] * quarter, one, floor)
        row, _, rest = _place(e, steps, last, one)
        p = e * (ratio[row] + rest * rise[row])
        flow = one / math.sqrt((energy + p) * (e + p))
        e_out[k], ux_out[k], uy_out[k], p_out[i] = e, mx * flow, my * flow, p


@_whole
def _edges(fluid):
    """Repeat the outermost cells into the padding of [3, y + 4, x + 4]."""
    for field in range(3):
        one = fluid[field]
        one[:, 0] = one[:, 2]
        one[:, 1] = one[:, 2]
        one[:, -1] = one[:, -3]
        one[:, -2] = one[:, -3]
        one[0] = one[2]
        one[1] = one[2]
        one[-1] = one[-3]
        one[-2] = one[-3]


@_whole
def _stage(conserved, fluid, pressure, start, kept, tau, tau_next, dt, scheme, constants, table, out, fluid_out,
           pressure_out, across, below, above):  # fmt: skip
    """kept start + (1 - kept) (conserved + dt change): as `ideal.Scheme._stage`, a row at a time."""
    theta, over_dx, source = scheme
    half, one, zero, quarter, floor, cut, tiny, last = constants
    ratio, rise, sound2, quicker, steps = table
    e, x, y = fluid[0].ravel(), fluid[1].ravel(), fluid[2].ravel()
    e_out, x_out, y_out = fluid_out[0].ravel(), fluid_out[1].ravel(), fluid_out[2].ravel()
    volume = tau if source > zero else one
    volume_next = tau_next if source > zero else one
    share = volume * dt * over_dx
    width = np.uintp(fluid.shape[2])
    for j in range(-1, pressure.shape[0]):
        at = np.uintp(j + 2) * width + np.uintp(2)
        _faces(e, y, x, at, width, theta, half, one, zero, ratio, rise, sound2, quicker, steps, last,
               above[0], above[2], above[1])  # fmt: skip
        if j >= 0:
            _faces(e, x, y, at - np.uintp(1), np.uintp(1), theta, half, one, zero,
                   ratio, rise, sound2, quicker, steps, last, across[0], across[1], across[2])  # fmt: skip
            _cells(conserved[0, j], conserved[1, j], conserved[2, j], start[0, j], start[1, j], start[2, j], kept,
                   e, pressure[j], across[0], across[1], across[2], below[0], below[1], below[2],
                   above[0], above[1], above[2], at, share, dt * source, one / volume_next, floor, cut, tiny, quarter,
                   one, ratio, rise, steps, last, out[0, j], out[1, j], out[2, j],
                   e_out, x_out, y_out, pressure_out[j])  # fmt: skip
        below, above = above, below
    _edges(fluid_out)


@_whole
def _crossing(rows, count, one, other, y, x, yy, xx, early, late, level, axis, area):
    """Write the crossing between two neighbours, if it is one, as row `count`; returns the number of rows."""
    first, second = one[0, y, x] - level, other[0, yy, xx] - level
    if (first > 0) == (second > 0):
        return count
    share = first / (first - second)
    tau = early + share * (late - early)
    row = rows[count]
    row[:] = 0
    row[1] = tau
    row[2] = one[1, y, x] + share * (other[1, yy, xx] - one[1, y, x])
    row[3] = one[2, y, x] + share * (other[2, yy, xx] - one[2, y, x])
    row[4 + axis] = (area if first > 0 else -area) * tau
    return count + 1


@_whole
def _crossings(before, after, middle, early, late, level, dx, half, rows, count):
    """As `surface.crossings`, on padded fields; the rows grow as they fill."""
    tau = half * (early + late)
    _, height, width = after.shape
    for y in range(PAD, height - PAD):
        if count + 3 * width > len(rows):
            more = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
            more[:count] = rows[:count]
            rows = more
        for x in range(PAD, width - PAD):
            count = _crossing(rows, count, before, after, y, x, y, x, early, late, level, 0, dx * dx)
            if x < width - PAD - 1:
                count = _crossing(rows, count, middle, middle, y, x, y, x + 1, tau, tau, level, 1, dx * (late - early))
            if y < height - PAD - 1:
                count = _crossing(rows, count, middle, middle, y, x, y + 1, x, tau, tau, level, 2, dx * (late - early))
    return rows, count


@_whole
def _march(conserved, fluid, pressure, times, every, level, dx, scheme, constants, table):
    """Evolve one event in place through `times`: rows of its surface, and at which time it was cold, or the last."""
    half, zero = constants[0], constants[2]
    ny, nx = pressure.shape
    other, fluid1, pressure1 = np.empty_like(conserved), np.empty_like(fluid), np.empty_like(pressure)
    third = np.empty_like(conserved)
    across, below = np.empty((3, nx + 1), fluid.dtype), np.empty((3, nx), fluid.dtype)
    above = np.empty((3, nx), fluid.dtype)
    before, at = fluid.copy(), 0
    rows, count = np.empty((32 * (nx + ny), WIDTH), fluid.dtype), 0
    for k in range(1, len(times)):
        tau, tau_next = times[k - 1], times[k]
        dt = tau_next - tau
        _stage(conserved, fluid, pressure, conserved, zero, tau, tau_next, dt, scheme, constants, table,
               other, fluid1, pressure1, across, below, above)  # fmt: skip
        _stage(other, fluid1, pressure1, conserved, half, tau_next, tau_next, dt, scheme, constants, table,
               third, fluid, pressure, across, below, above)  # fmt: skip
        conserved[:] = third
        if every and (k % every == 0 or k == len(times) - 1):
            rows, count = _crossings(before, fluid, half * (before + fluid), times[at], tau_next, level, dx, half,
                                     rows, count)  # fmt: skip
            before[:], at = fluid, k
            if fluid[0].max() <= level:
                return rows[:count], k
    return rows[:count], len(times) - 1


class Compiled:
    """What `_march` takes of a scheme, once for all events of a type (float32 or float64)."""

    def __init__(self, scheme: Scheme, dtype: Any) -> None:
        matter = scheme.matter.to("cpu", torch.float64)
        tables = [one.numpy() for one in (matter.ratio, matter.sound2)]
        rises = [np.append(np.diff(one), 0.0) for one in tables]
        self.table = (
            *(np.ascontiguousarray(one, dtype) for one in (tables[0], rises[0], tables[1], rises[1])),
            dtype(1 / matter.step),
        )
        numbers = (0.5, 1.0, 0.0, 0.25, VACUUM, 1 - 1e-6, 1e-30, len(tables[0]) - 2)
        self.constants = tuple(map(dtype, numbers))
        self.scheme = dtype(scheme.theta), dtype(1 / scheme.dx), dtype(scheme.expanding)
        self.dx, self.dtype = dtype(scheme.dx), dtype

    def march(
        self, conserved: Array, fluid: Array, pressure: Array, times: Array, every: int, level: float
    ) -> tuple[Array, int]:
        """Evolve an event in place: conserved [3, y, x], fluid [3, y + 4, x + 4] with its edges, pressure [y, x].

        Returns rows of the surface at `level`, looked for at every `every`-th of the `times` (0: nowhere), and at which
        time all was cold, or the last.
        """
        given = times.astype(self.dtype), every, self.dtype(level), self.dx
        try:
            return _march(conserved, fluid, pressure, *given, self.scheme, self.constants, self.table)
        except SystemError as reason:  # of an interrupt that came while numba was at work
            if isinstance(reason.__cause__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            raise
