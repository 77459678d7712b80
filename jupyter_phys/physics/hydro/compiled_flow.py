"""Fluxes of a viscous fluid, compiled to SIMD loops over a row: `viscous.Viscous._flow` and `_side`."""

# pyright: basic
# (numba's functions have no types that Python knows)

import math

import numpy as np

from jupyter_phys.physics.hydro.simd import Array, Numbers, Places, Rows, between, by_rows, inlined, rooted

FIELDS = np.uintp(7)
X, Y = (0, 1, 2, 3, 4, 5, 6), (0, 2, 1, 5, 4, 3, 6)  # e, u along, u across, and likewise the stresses


@inlined
def spaced(at: int, plane: int, order: Places) -> Places:
    """Places of the fields of a row."""
    return (at + np.uintp(order[0]) * plane, at + np.uintp(order[1]) * plane, at + np.uintp(order[2]) * plane,
            at + np.uintp(order[3]) * plane, at + np.uintp(order[4]) * plane, at + np.uintp(order[5]) * plane,
            at + np.uintp(order[6]) * plane)  # fmt: skip


@by_rows
def roots(cells: Array, count: int, out: Array) -> None:
    """e^(1/4) of cells."""
    for i in range(count):
        out[i] = math.sqrt(math.sqrt(cells[i]))


@by_rows
def sides(
    cells: Array, at: int, step: int, plane: int, fields: int, count: int, numbers: Numbers, left: Array, right: Array,
    to: int, stride: int,
) -> None:  # fmt: skip
    """Fields on both sides of the faces of a row of cells to the next ones."""
    bound, sixth, half, zero = numbers
    for field in range(fields):
        k, n = at + field * plane, to + field * stride
        for i in range(count):
            a, b, c, d = cells[k + i - step], cells[k + i], cells[k + i + step], cells[k + i + step + step]
            left[n + i], right[n + i] = between(a, b, c, d, bound, sixth, half, zero)


@inlined
def _side(e, u, w, uu, uw, ww, p, signal2, one, zero):
    """Energy and momenta with the flux of momenta along u; speed of the flow, and of the fastest wave."""
    u2 = u * u
    u02 = one + (u2 + w * w)
    u0 = math.sqrt(u02)
    below, wide = u02 - (u02 - one) * signal2, u02 - u2
    both = one / (u0 * below)
    over, enthalpy = below * both, (e + p) * u0
    v, vw = u * over, w * over
    tu, tw = uu * v + uw * vw, uw * v + ww * vw
    inside = max((wide - (wide - one) * signal2) * signal2, zero)
    fastest = (u0 * abs(u) * (one - signal2) + math.sqrt(inside)) * (u0 * both)
    flux, across = v * (enthalpy * u) + uu + p, v * (enthalpy * w) + uw
    return enthalpy * u0 - p + v * tu + vw * tw, enthalpy * u + tu, enthalpy * w + tw, flux, across, v, fastest


@inlined
def _signal2(slope, by_shear, has_bulk, fifteen, third, room, one, zero):
    sound2 = min(slope, one)
    off = third - sound2
    return sound2 + by_shear + has_bulk * min(fifteen * (off * off), max(room - sound2, zero))


@by_rows
def faces(left: Array, right: Array, slots: Places, count: int, numbers: Numbers, table: Rows, out: Rows) -> None:
    """Fluxes of the fields through a row of faces, and the flow's speed, from a row of cells to the next along u."""
    one, zero, quarter, third, fifteen, by_shear, has_bulk, room, over, cold, steps, last = numbers
    ratio, rise, _, _ = table
    f, fu, fw, fuu, fuw, fww, fbulk, speed = out
    h0, h1, h2, h3, h4, h5, h6 = slots
    for i in range(count):
        root, u, w = max(left[h0 + i], cold), left[h1 + i], left[h2 + i]
        uu, uw, ww, bulk = left[h3 + i], left[h4 + i], left[h5 + i], left[h6 + i]
        row, base, rest = rooted(root, steps, last, one)
        more = rise[row]
        part, e = ratio[row] + rest * more, (root * root) * (root * root)
        signal2 = _signal2(part + (base + rest) * more * quarter, by_shear, has_bulk, fifteen, third, room, one, zero)
        q, qu, qw, g, gw, v, fast = _side(e, u, w, uu, uw, ww, e * part + bulk, signal2, one, zero)

        root, u, w = max(right[h0 + i], cold), right[h1 + i], right[h2 + i]
        xx, xw, yy, b = right[h3 + i], right[h4 + i], right[h5 + i], right[h6 + i]
        row, base, rest = rooted(root, steps, last, one)
        more = rise[row]
        part, e = ratio[row] + rest * more, (root * root) * (root * root)
        signal2 = _signal2(part + (base + rest) * more * quarter, by_shear, has_bulk, fifteen, third, room, one, zero)
        r, ru, rw, h, hw, s, other = _side(e, u, w, xx, xw, yy, e * part + b, signal2, one, zero)
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
