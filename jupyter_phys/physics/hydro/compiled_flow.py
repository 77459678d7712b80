"""Fluxes of a viscous fluid, compiled to SIMD loops over a row: `viscous.Viscous._flow` and `_side`."""

# pyright: basic
# (numba's functions have no types that Python knows)

import math

import numpy as np

from jupyter_phys.physics.hydro.simd import Array, Numbers, Places, Rows, by_rows, inlined, limited, placed

FIELDS = np.uintp(7)
X, Y = (0, 1, 2, 3, 4, 5, 6), (0, 2, 1, 5, 4, 3, 6)  # e, u along, u across, and likewise the stresses


@inlined
def spaced(at: int, plane: int, order: Places) -> Places:
    """Places of the fields of a row."""
    return (at + np.uintp(order[0]) * plane, at + np.uintp(order[1]) * plane, at + np.uintp(order[2]) * plane,
            at + np.uintp(order[3]) * plane, at + np.uintp(order[4]) * plane, at + np.uintp(order[5]) * plane,
            at + np.uintp(order[6]) * plane)  # fmt: skip


@by_rows
def halves(cells: Array, at: int, step: int, plane: int, count: int, numbers: Numbers, out: Array, stride: int) -> None:
    """Half of what each field rises over the cells of a row, limited."""
    theta, half, zero = numbers
    for field in range(FIELDS):
        k, to = at + field * plane, field * stride
        for i in range(count):
            out[to + i] = limited(cells[k + i - step], cells[k + i], cells[k + i + step], theta, half, zero)


@inlined
def _side(e, u, w, uu, uw, ww, p, signal2, one, zero):
    """Energy and momenta with the flux of momenta along u; speed of the flow, and of the fastest wave."""
    u2, w2 = u * u, w * w
    u02 = one + (u2 + w2)
    u0 = math.sqrt(u02)
    over = one / u0
    v, vw, enthalpy = u * over, w * over, (e + p) * u0
    tu, tw = uu * v + uw * vw, uw * v + ww * vw
    inside = max((u02 - u2 - (u02 - u2 - one) * signal2) * signal2, zero)
    fastest = (u0 * abs(u) * (one - signal2) + math.sqrt(inside)) / (u02 - (u02 - one) * signal2)
    flux, across = v * (enthalpy * u) + uu + p, v * (enthalpy * w) + uw
    return enthalpy * u0 - p + v * tu + vw * tw, enthalpy * u + tu, enthalpy * w + tw, flux, across, v, fastest


@inlined
def _signal2(sound2, by_shear, has_bulk, fifteen, third, room, zero):
    off = third - sound2
    return sound2 + by_shear + has_bulk * min(fifteen * (off * off), max(room - sound2, zero))


@by_rows
def faces(
    cells: Array, places: Places, step: int, low: Array, high: Array, slots: Places, shift: int, count: int,
    numbers: Numbers, table: Rows, out: Rows,
) -> None:  # fmt: skip
    """Fluxes of the fields through a row of faces, and the flow's speed, from a row of cells to the next along u."""
    one, zero, third, fifteen, by_shear, has_bulk, room, over, steps, last = numbers
    ratio, rise, sound2, quicker = table
    f, fu, fw, fuu, fuw, fww, fbulk, speed = out
    c0, c1, c2, c3, c4, c5, c6 = places
    h0, h1, h2, h3, h4, h5, h6 = slots
    for i in range(count):
        j, k = i + step, i + shift
        e, u, w = cells[c0 + i] + low[h0 + i], cells[c1 + i] + low[h1 + i], cells[c2 + i] + low[h2 + i]
        uu, uw, ww = cells[c3 + i] + low[h3 + i], cells[c4 + i] + low[h4 + i], cells[c5 + i] + low[h5 + i]
        bulk = cells[c6 + i] + low[h6 + i]
        row, _, rest = placed(e, steps, last, one)
        p = e * (ratio[row] + rest * rise[row]) + bulk
        signal2 = _signal2(sound2[row] + rest * quicker[row], by_shear, has_bulk, fifteen, third, room, zero)
        q, qu, qw, g, gw, v, fast = _side(e, u, w, uu, uw, ww, p, signal2, one, zero)

        e, u, w = cells[c0 + j] - high[h0 + k], cells[c1 + j] - high[h1 + k], cells[c2 + j] - high[h2 + k]
        xx, xw, yy = cells[c3 + j] - high[h3 + k], cells[c4 + j] - high[h4 + k], cells[c5 + j] - high[h5 + k]
        b = cells[c6 + j] - high[h6 + k]
        row, _, rest = placed(e, steps, last, one)
        p = e * (ratio[row] + rest * rise[row]) + b
        signal2 = _signal2(sound2[row] + rest * quicker[row], by_shear, has_bulk, fifteen, third, room, zero)
        r, ru, rw, h, hw, s, other = _side(e, u, w, xx, xw, yy, p, signal2, one, zero)
        fast = max(fast, other)
        f[i], fu[i] = over * (qu + ru - fast * (r - q)), over * (g + h - fast * (ru - qu))
        fw[i], speed[i] = over * (gw + hw - fast * (rw - qw)), over * (v + s)
        fuu[i] = over * (v * uu + s * xx - fast * (xx - uu))
        fuw[i] = over * (v * uw + s * xw - fast * (xw - uw))
        fww[i] = over * (v * ww + s * yy - fast * (yy - ww))
        fbulk[i] = over * (v * bulk + s * b - fast * (b - bulk))


@by_rows
def flows(
    cells: Array, at: int, plane: int, count: int, across: Array, below: Array, above: Array, stride: int,
    out: Array,
) -> None:  # fmt: skip
    """Minus the divergence of T^tau-tau, T^tau-x, T^tau-y; -v^i d_i of the stresses."""
    speed, one, tensor = FIELDS * stride, np.uintp(1), np.uintp(3)
    for field in range(FIELDS):
        k, n = at + field * plane, field * stride
        for i in range(count):
            a, b = n + i, speed + i
            flow = (across[a] - across[a + one]) + (below[a] - above[a])
            spread = (across[b + one] - across[b]) + (above[b] - below[b])
            out[a] = flow + cells[k + i] * spread if field >= tensor else flow
