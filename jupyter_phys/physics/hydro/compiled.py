"""The ideal scheme for one CPU core, compiled by numba to SIMD loops over rows: an event at a time stays in its cache.

The formulas of `ideal` and `surface`: equal to 1e-13 after a step. How the loops become SIMD is told in `simd`.
"""

# pyright: basic
# (numba's functions have no types that Python knows)

import math
from typing import Any

import numpy as np
from torch import Tensor

from jupyter_phys.physics.hydro.compiled_surface import looked
from jupyter_phys.physics.hydro.ideal import COLD, VACUUM, Scheme, State
from jupyter_phys.physics.hydro.simd import (
    PAD,
    Array,
    between,
    by_rows,
    inlined,
    inner,
    repeat_edges,
    rooted,
    table_of,
    whole,
)


@inlined
def _side(root, u, w, part, sound2, one, zero):
    """Energy, momentum along u and along w, pressure, speed of the flow along u, and of the fastest wave."""
    e, u2, sound2 = (root * root) * (root * root), u * u, min(sound2, one)
    p, u02 = e * part, one + (u2 + w * w)
    u0, below, wide = math.sqrt(u02), u02 - (u02 - one) * sound2, u02 - u2
    over, heat = one / (u0 * below), (e + p) * u0
    inside = max((wide - (wide - one) * sound2) * sound2, zero)
    fastest = (u0 * abs(u) * (one - sound2) + math.sqrt(inside)) * (u0 * over)
    return (e + p) * u02 - p, heat * u, heat * w, p, u * (below * over), fastest


@by_rows
def _faces(x, u, w, at, step, bound, sixth, half, quarter, one, zero, cold, ratio, rise, steps, last, f, fu, fw):
    """Fluxes through a row of faces, from cells `at` on to the next along u, which lies `step` further in the field."""
    for i in range(np.uintp(len(f))):
        a, b, c, d = at + i - step, at + i, at + i + step, at + i + step + step
        xl, xr = between(x[a], x[b], x[c], x[d], bound, sixth, half, zero)
        ul, ur = between(u[a], u[b], u[c], u[d], bound, sixth, half, zero)
        wl, wr = between(w[a], w[b], w[c], w[d], bound, sixth, half, zero)

        root = max(xl, cold)
        row, base, rest = rooted(root, steps, last, one)
        more = rise[row]
        part = ratio[row] + rest * more
        q, qu, qw, p, speed, fast = _side(root, ul, wl, part, part + (base + rest) * more * quarter, one, zero)
        g, gu, gw = speed * (q + p), speed * qu + p, speed * qw

        root = max(xr, cold)
        row, base, rest = rooted(root, steps, last, one)
        more = rise[row]
        part = ratio[row] + rest * more
        r, ru, rw, p, speed, other = _side(root, ur, wr, part, part + (base + rest) * more * quarter, one, zero)
        fast = max(fast, other)
        f[i] = half * (g + speed * (r + p) - fast * (r - q))
        fu[i] = half * (gu + (speed * ru + p) - fast * (ru - qu))
        fw[i] = half * (gw + speed * rw - fast * (rw - qw))


@inlined
def _better(root, part, slope, energy, momentum2, more_of, less_of, cold):
    """One of Newton's steps on e = E - M^2/(E + p(e)), as `ideal.fluid_of`."""
    e = (root * root) * (root * root)
    d = energy + e * part
    d2 = d * d
    whole, off = (d2 - momentum2 * slope) * e, d2 * (e - energy) + d * momentum2
    return max(root * (whole - more_of * off) / (whole - less_of * off), cold)


@by_rows
def _cells(c0, c1, c2, s0, s1, s2, kept, e_now, p_now, x0, x1, x2, y0, y1, y2, y0n, y1n, y2n, at,
           share, source, over_volume, numbers, one, quarter, cold, ratio, rise, steps, last,
           o0, o1, o2, e_out, ux_out, uy_out, root_out, p_out):  # fmt: skip
    """A row of cells from the fluxes through their faces: conserved fields, then the fluid by Newton's method."""
    floor, cut, tiny, more_of, less_of = numbers
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
        momentum2 = mx * mx + my * my
        momentum = math.sqrt(momentum2 + tiny)
        over = one / (energy * momentum)
        less = min(cut * energy * (energy * over), one)
        mx, my, momentum2 = mx * less, my * less, momentum2 * less * less
        e = max(max(min(e_now[k], energy), energy - momentum2 * (momentum * over)), floor)
        root = math.sqrt(math.sqrt(e))
        row, base, rest = rooted(root, steps, last, one)
        part = ratio[row] + rest * rise[row]
        slope = part + (base + rest) * rise[row] * quarter
        root = _better(root, part, slope, energy, momentum2, more_of, less_of, cold)
        row, base, rest = rooted(root, steps, last, one)
        part = ratio[row] + rest * rise[row]
        slope = part + (base + rest) * rise[row] * quarter
        root = _better(root, part, slope, energy, momentum2, more_of, less_of, cold)
        row, base, rest = rooted(root, steps, last, one)
        part = ratio[row] + rest * rise[row]
        slope = part + (base + rest) * rise[row] * quarter
        root = _better(root, part, slope, energy, momentum2, more_of, less_of, cold)
        row, _, rest = rooted(root, steps, last, one)
        e = (root * root) * (root * root)
        p = e * (ratio[row] + rest * rise[row])
        flow = one / math.sqrt((energy + p) * (e + p))
        e_out[k], ux_out[k], uy_out[k], root_out[k], p_out[i] = e, mx * flow, my * flow, root, p


@inner
def _stage(conserved, cells, pressure, start, kept, tau, tau_next, dt, scheme, constants, numbers, table, out,
           cells_out, pressure_out, across, below, above):  # fmt: skip
    """kept start + (1 - kept) (conserved + dt change): as `ideal.Scheme._stage`, a row at a time."""
    bound, over_dx, source = scheme
    half, one, zero, quarter, sixth, cold, last = constants
    ratio, rise, steps = table
    e, x, y, root = cells[0].ravel(), cells[1].ravel(), cells[2].ravel(), cells[3].ravel()
    e_out, x_out, y_out, root_out = (
        cells_out[0].ravel(), cells_out[1].ravel(), cells_out[2].ravel(), cells_out[3].ravel()
    )  # fmt: skip
    volume = tau if source > zero else one
    volume_next = tau_next if source > zero else one
    share = volume * dt * over_dx
    width = np.uintp(cells.shape[2])
    for j in range(-1, pressure.shape[0]):
        at = np.uintp(j + PAD) * width + np.uintp(PAD)
        _faces(root, y, x, at, width, bound, sixth, half, quarter, one, zero, cold, ratio, rise, steps, last,
               above[0], above[2], above[1])  # fmt: skip
        if j >= 0:
            _faces(root, x, y, at - np.uintp(1), np.uintp(1), bound, sixth, half, quarter, one, zero, cold,
                   ratio, rise, steps, last, across[0], across[1], across[2])  # fmt: skip
            _cells(conserved[0, j], conserved[1, j], conserved[2, j], start[0, j], start[1, j], start[2, j], kept,
                   e, pressure[j], across[0], across[1], across[2], below[0], below[1], below[2],
                   above[0], above[1], above[2], at, share, dt * source, one / volume_next, numbers, one, quarter,
                   cold, ratio, rise, steps, last, out[0, j], out[1, j], out[2, j],
                   e_out, x_out, y_out, root_out, pressure_out[j])  # fmt: skip
        below, above = above, below
    repeat_edges(cells_out, *pressure.shape)


@whole
def _march(conserved, fluid, pressure, times, every, level, dx, scheme, constants, numbers, table):
    """Evolve one event in place through `times`: rows of its surface, and at which time it was cold, or the last."""
    half, zero = constants[0], constants[2]
    ny, nx = pressure.shape
    cells = np.empty((4, fluid.shape[1], fluid.shape[2]), fluid.dtype)
    cells[:3], cells[3] = fluid, np.sqrt(np.sqrt(fluid[0]))
    now, other, third = conserved.copy(), np.empty_like(conserved), np.empty_like(conserved)
    cells1, pressure1 = np.empty_like(cells), np.empty_like(pressure)
    across, below = np.empty((3, nx + 1), fluid.dtype), np.empty((3, nx), fluid.dtype)
    above = np.empty((3, nx), fluid.dtype)
    at, last = 0, len(times) - 1
    rows, count = np.empty((32 * (nx + ny), 7), fluid.dtype), np.intp(0)
    for k in range(1, len(times)):
        tau, tau_next = times[k - 1], times[k]
        dt = tau_next - tau
        _stage(now, cells, pressure, now, zero, tau, tau_next, dt, scheme, constants, numbers, table,
               other, cells1, pressure1, across, below, above)  # fmt: skip
        _stage(other, cells1, pressure1, now, half, tau_next, tau_next, dt, scheme, constants, numbers, table,
               third, cells, pressure, across, below, above)  # fmt: skip
        now, third = third, now
        if every and (k % every == 0 or k == len(times) - 1):
            rows, count, is_cold = looked(fluid, cells[:3], times[at], tau_next, level, dx, half, rows, count)
            at = k
            if is_cold:
                last = k
                break
    conserved[:], fluid[:] = now, cells[:3]
    return rows[:count], last


class Compiled:
    """What `_march` takes of a scheme, once for all events of a type (float32 or float64)."""

    def __init__(self, scheme: Scheme, dtype: Any) -> None:
        matter = scheme.matter
        self.table = *table_of(matter.ratio, dtype), dtype(1 / matter.step)
        self.constants = tuple(map(dtype, (1 / 2, 1, 0, 1 / 4, 1 / 6, COLD, len(matter.ratio) - 2)))
        self.numbers = tuple(map(dtype, (VACUUM, 1 - 1e-6, 1e-30, 5 / 8, 3 / 8)))
        self.scheme = dtype(scheme.theta / 2), dtype(1 / scheme.dx), dtype(scheme.expanding)
        self.dx, self.dtype, self.matter = dtype(scheme.dx), dtype, matter

    def carried(self, start: State) -> Tensor:
        """What `march` takes beside conserved fields and fluid: the pressure [event, y, x]."""
        return self.matter.to("cpu", start.fluid.dtype).pressure(start.fluid[:, 0])

    def march(
        self, conserved: Array, fluid: Array, pressure: Array, times: Array, every: int, level: float
    ) -> tuple[Array, int]:
        """Evolve an event in place: conserved [3, y, x], fluid [3, y + 4, x + 4] with its edges, pressure [y, x].

        Returns rows of the surface at `level`, looked for at every `every`-th of the `times` (0: nowhere), and at which
        time all was cold, or the last.
        """
        given = times.astype(self.dtype), every, self.dtype(level), self.dx
        return _march(conserved, fluid, pressure, *given, self.scheme, self.constants, self.numbers, self.table)
