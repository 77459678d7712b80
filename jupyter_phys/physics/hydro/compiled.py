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
from jupyter_phys.physics.hydro.ideal import VACUUM, Scheme, State
from jupyter_phys.physics.hydro.simd import (
    Array,
    by_rows,
    inlined,
    inner,
    limited,
    placed,
    repeat_edges,
    table_of,
    whole,
)


@inlined
def _side(e, u, w, p, sound2, one, zero):
    """Energy, momentum along u and along w, speed of the flow along u, and of the fastest wave."""
    u2, w2 = u * u, w * w
    u02 = one + (u2 + w2)
    u0 = math.sqrt(u02)
    heat = (e + p) * u0
    inside = max((u02 - u2 - (u02 - u2 - one) * sound2) * sound2, zero)
    fastest = (u0 * abs(u) * (one - sound2) + math.sqrt(inside)) / (u02 - (u02 - one) * sound2)
    return (e + p) * u02 - p, heat * u, heat * w, u / u0, fastest


@by_rows
def _faces(e, u, w, at, step, theta, half, one, zero, ratio, rise, sound2, quicker, steps, last, f, fu, fw):
    """Fluxes through a row of faces, from cells `at` on to the next along u, which lies `step` further in the field."""
    for i in range(np.uintp(len(f))):
        a, b, c, d = at + i - step, at + i, at + i + step, at + i + step + step
        eb, ub, wb, ec, uc, wc = e[b], u[b], w[b], e[c], u[c], w[c]
        el, er = eb + limited(e[a], eb, ec, theta, half, zero), ec - limited(eb, ec, e[d], theta, half, zero)
        ul, ur = ub + limited(u[a], ub, uc, theta, half, zero), uc - limited(ub, uc, u[d], theta, half, zero)
        wl, wr = wb + limited(w[a], wb, wc, theta, half, zero), wc - limited(wb, wc, w[d], theta, half, zero)

        row, _, rest = placed(el, steps, last, one)
        p = el * (ratio[row] + rest * rise[row])
        q, qu, qw, speed, fast = _side(el, ul, wl, p, sound2[row] + rest * quicker[row], one, zero)
        g, gu, gw = speed * (q + p), speed * qu + p, speed * qw

        row, _, rest = placed(er, steps, last, one)
        p = er * (ratio[row] + rest * rise[row])
        r, ru, rw, speed, other = _side(er, ur, wr, p, sound2[row] + rest * quicker[row], one, zero)
        fast = max(fast, other)
        f[i] = half * (g + speed * (r + p) - fast * (r - q))
        fu[i] = half * (gu + (speed * ru + p) - fast * (ru - qu))
        fw[i] = half * (gw + speed * rw - fast * (rw - qw))


@inlined
def _better(e, energy, momentum2, p, slope, one, floor):
    """One of Newton's steps on e = E - M^2/(E + p(e))."""
    over = one / (energy + p)
    v2 = momentum2 * over * over
    return min(max(e - (e - energy + momentum2 * over) / (one - v2 * slope), floor), energy)


@by_rows
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
        row, base, rest = placed(e, steps, last, one)
        here = ratio[row] + rest * rise[row]
        e = _better(e, energy, momentum2, e * here, here + (base + rest) * rise[row] * quarter, one, floor)
        row, base, rest = placed(e, steps, last, one)
        here = ratio[row] + rest * rise[row]
        e = _better(e, energy, momentum2, e * here, here + (base + rest) * rise[row] * quarter, one, floor)
        row, base, rest = placed(e, steps, last, one)
        here = ratio[row] + rest * rise[row]
        e = _better(e, energy, momentum2, e * here, here + (base + rest) * rise[row] * quarter, one, floor)
        row, _, rest = placed(e, steps, last, one)
        p = e * (ratio[row] + rest * rise[row])
        flow = one / math.sqrt((energy + p) * (e + p))
        e_out[k], ux_out[k], uy_out[k], p_out[i] = e, mx * flow, my * flow, p


@inner
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
    repeat_edges(fluid_out, *pressure.shape)


@whole
def _march(conserved, fluid, pressure, times, every, level, dx, scheme, constants, table):
    """Evolve one event in place through `times`: rows of its surface, and at which time it was cold, or the last."""
    half, zero = constants[0], constants[2]
    ny, nx = pressure.shape
    other, fluid1, pressure1 = np.empty_like(conserved), np.empty_like(fluid), np.empty_like(pressure)
    third = np.empty_like(conserved)
    across, below = np.empty((3, nx + 1), fluid.dtype), np.empty((3, nx), fluid.dtype)
    above = np.empty((3, nx), fluid.dtype)
    before, at = fluid.copy(), 0
    rows, count = np.empty((32 * (nx + ny), 7), fluid.dtype), np.intp(0)
    for k in range(1, len(times)):
        tau, tau_next = times[k - 1], times[k]
        dt = tau_next - tau
        _stage(conserved, fluid, pressure, conserved, zero, tau, tau_next, dt, scheme, constants, table,
               other, fluid1, pressure1, across, below, above)  # fmt: skip
        _stage(other, fluid1, pressure1, conserved, half, tau_next, tau_next, dt, scheme, constants, table,
               third, fluid, pressure, across, below, above)  # fmt: skip
        conserved[:] = third
        if every and (k % every == 0 or k == len(times) - 1):
            rows, count, is_cold = looked(before, fluid, times[at], tau_next, level, dx, half, rows, count)
            at = k
            if is_cold:
                return rows[:count], k
    return rows[:count], len(times) - 1


class Compiled:
    """What `_march` takes of a scheme, once for all events of a type (float32 or float64)."""

    def __init__(self, scheme: Scheme, dtype: Any) -> None:
        matter = scheme.matter
        self.table = *table_of(matter.ratio, dtype), *table_of(matter.sound2, dtype), dtype(1 / matter.step)
        numbers = (0.5, 1.0, 0.0, 0.25, VACUUM, 1 - 1e-6, 1e-30, len(matter.ratio) - 2)
        self.constants = tuple(map(dtype, numbers))
        self.scheme = dtype(scheme.theta), dtype(1 / scheme.dx), dtype(scheme.expanding)
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
        return _march(conserved, fluid, pressure, *given, self.scheme, self.constants, self.table)
