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
def _faces(cells, x, u, w, step, count, bound, numbers, ratio, rise, f, at_u, at_w):
    """Fluxes through a row of faces to the next cells along u, `step` further; x, u, w are where its fields begin."""
    half, one, zero, quarter, sixth, cold, steps, last = numbers
    for i in range(count):
        a, b, c, d = x + i - step, x + i, x + i + step, x + i + step + step
        xl, xr = between(cells[a], cells[b], cells[c], cells[d], bound, sixth, half, zero)
        a, b, c, d = u + i - step, u + i, u + i + step, u + i + step + step
        ul, ur = between(cells[a], cells[b], cells[c], cells[d], bound, sixth, half, zero)
        a, b, c, d = w + i - step, w + i, w + i + step, w + i + step + step
        wl, wr = between(cells[a], cells[b], cells[c], cells[d], bound, sixth, half, zero)

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
        f[at_u + i] = half * (gu + (speed * ru + p) - fast * (ru - qu))
        f[at_w + i] = half * (gw + speed * rw - fast * (rw - qw))


@inlined
def _better(root, part, slope, energy, momentum2, more_of, less_of, cold):
    """One of Newton's steps on e = E - M^2/(E + p(e)), as `ideal.fluid_of`."""
    e = (root * root) * (root * root)
    d = energy + e * part
    d2 = d * d
    whole, off = (d2 - momentum2 * slope) * e, d2 * (e - energy) + d * momentum2
    return max(root * (whole - more_of * off) / (whole - less_of * off), cold)


@by_rows
def _cells(conserved, start, pressure, place, size, count, kept, cells, at, plane, across, below, above, stride,
           share, source, over_volume, numbers, in_newton, ratio, rise, out, cells_out, pressure_out):  # fmt: skip
    """A row of cells from the fluxes through their faces: conserved fields, then the fluid by Newton's method."""
    _, one, _, quarter, _, cold, steps, last = numbers
    floor, cut, tiny, more_of, less_of = in_newton
    size2, plane2 = size + size, plane + plane
    for i in range(count):
        k, n, c = at + i, i + np.uintp(1), place + i
        energy = conserved[c] + share * ((across[i] - across[n]) + (below[i] - above[i])) - source * pressure[c]
        a, n = stride + i, stride + n
        mx = conserved[c + size] + share * ((across[a] - across[n]) + (below[a] - above[a]))
        a, n = stride + a, stride + n
        my = conserved[c + size2] + share * ((across[a] - across[n]) + (below[a] - above[a]))
        energy = kept * start[c] + (one - kept) * energy
        mx = kept * start[c + size] + (one - kept) * mx
        my = kept * start[c + size2] + (one - kept) * my
        out[c], out[c + size], out[c + size2] = energy, mx, my
        energy, mx, my = max(energy * over_volume, floor), mx * over_volume, my * over_volume
        momentum2 = mx * mx + my * my
        momentum = math.sqrt(momentum2 + tiny)
        over = one / (energy * momentum)
        less = min(cut * energy * (energy * over), one)
        mx, my, momentum2 = mx * less, my * less, momentum2 * less * less
        e = max(max(min(cells[k], energy), energy - momentum2 * (momentum * over)), floor)
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
        cells_out[k], cells_out[k + plane], cells_out[k + plane2] = e, mx * flow, my * flow
        cells_out[k + plane2 + plane], pressure_out[c] = root, p


@inner
def _stage(now, start, kept, tau, tau_next, dt, scheme, numbers, in_newton, table, grid, rows, out):
    """kept start + (1 - kept) (now + dt change): as `ideal.Scheme._stage`, a row at a time, of flat fields."""
    bound, over_dx, source = scheme
    ratio, rise = table
    ny, nx, width, plane, size, stride = grid
    across, below, above = rows
    conserved, cells, pressure = now
    one, step = numbers[1], np.uintp(1)
    volume, after = (tau, tau_next) if source > 0 else (one, one)
    share, root, count = volume * dt * over_dx, plane + plane + plane, nx + step
    for j in range(-1, ny):
        at = np.uintp(j + PAD) * width + np.uintp(PAD)
        below, above = above, below
        ux, uy = at + plane, at + plane + plane
        _faces(cells, at + root, uy, ux, width, nx, bound, numbers, ratio, rise, above, stride + stride, stride)
        if j < 0:
            continue
        _faces(cells, at + root - step, ux - step, uy - step, step, count, bound, numbers, ratio, rise, across, stride,
               stride + stride)  # fmt: skip
        _cells(conserved, start[0], pressure, np.uintp(j) * nx, size, nx, kept, cells, at, plane, across, below, above,
               stride, share, dt * source, one / after, numbers, in_newton, ratio, rise, out[0], out[1],
               out[2])  # fmt: skip
    repeat_edges(out[1].reshape((4, ny + 2 * PAD, -1)), ny, np.intp(nx))


@whole
def _march(conserved, fluid, pressure, times, every, level, dx, scheme, numbers, in_newton, table):
    """Evolve one event in place through `times`: rows of its surface, and at which time it was cold, or the last."""
    half, zero = numbers[0], numbers[2]
    _, height, wide = fluid.shape
    ny, nx = pressure.shape
    columns, width = np.uintp(nx), np.uintp(wide)
    grid = ny, columns, width, np.uintp(height) * width, np.uintp(ny) * columns, columns + np.uintp(1)
    fields = np.empty((4, height, wide), fluid.dtype)
    fields[:3], fields[3] = fluid, np.sqrt(np.sqrt(fluid[0]))
    seen, flux = fields[:3], np.empty((3, 3 * (nx + 1)), fluid.dtype)
    now = conserved.copy().ravel(), fields.ravel(), pressure.ravel()
    first = np.empty_like(now[0]), np.empty_like(now[1]), np.empty_like(now[2])
    third, at, last = np.empty_like(now[0]), 0, len(times) - 1
    rows, count = np.empty((32 * (nx + ny), 7), fluid.dtype), np.intp(0)
    fluxes = flux[0], flux[1], flux[2]
    for k in range(1, len(times)):
        tau, after = times[k - 1], times[k]
        dt = after - tau
        _stage(now, now, zero, tau, after, dt, scheme, numbers, in_newton, table, grid, fluxes, first)
        _stage(first, now, half, after, after, dt, scheme, numbers, in_newton, table, grid, fluxes,
               (third, now[1], now[2]))  # fmt: skip
        now, third = (third, now[1], now[2]), now[0]
        if every and (k % every == 0 or k == len(times) - 1):
            rows, count, is_cold = looked(fluid, seen, times[at], after, level, dx, half, rows, count)
            at = k
            if is_cold:
                last = k
                break
    conserved[:], fluid[:] = now[0].reshape(conserved.shape), seen
    return rows[:count], last


class Compiled:
    """What `_march` takes of a scheme, once for all events of a type (float32 or float64)."""

    def __init__(self, scheme: Scheme, dtype: Any) -> None:
        matter = scheme.matter
        self.table = table_of(matter.ratio, dtype)
        steps, last = 1 / matter.step, len(matter.ratio) - 2
        self.numbers = tuple(map(dtype, (1 / 2, 1, 0, 1 / 4, 1 / 6, COLD, steps, last)))
        self.in_newton = tuple(map(dtype, (VACUUM, 1 - 1e-6, 1e-30, 5 / 8, 3 / 8)))
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
        return _march(conserved, fluid, pressure, *given, self.scheme, self.numbers, self.in_newton, self.table)
