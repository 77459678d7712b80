"""Viscous cells from their conserved fields, compiled to SIMD loops over a row: `viscous.Viscous._recovered`."""

# pyright: basic
# (numba's functions have no types that Python knows)

import math

from jupyter_phys.physics.hydro.simd import Array, Numbers, Rows, by_rows, inlined, placed


@by_rows
def guessed(
    cells: Array, began: Array, at: int, plane: int, count: int, kept: float, dt: float, one: float,
    floor: float, over_volume: float, conserved: Rows, change: Rows, work: Rows,
) -> None:  # fmt: skip
    """First guess of a row's cells, with v for u, and T^tau-tau, T^tau-x, T^tau-y."""
    e_out, vx_out, vy_out, xx, xy, yy, bulk, energies, momenta_x, momenta_y, cut = work
    p1, p2 = plane, plane + plane
    p3, p4 = p2 + p1, p2 + p2
    other = one - kept
    for i in range(count):
        k, a, b, c, d = at + i, at + i + p1, at + i + p2, at + i + p3, at + i + p4
        e = kept * began[k] + other * (cells[k] + dt * change[0][i])
        ux = kept * began[a] + other * (cells[a] + dt * change[1][i])
        uy = kept * began[b] + other * (cells[b] + dt * change[2][i])
        xx[i] = kept * began[c] + other * (cells[c] + dt * change[3][i])
        xy[i] = kept * began[d] + other * (cells[d] + dt * change[4][i])
        yy[i] = kept * began[d + p1] + other * (cells[d + p1] + dt * change[5][i])
        bulk[i] = kept * began[d + p2] + other * (cells[d + p2] + dt * change[6][i])
        energy = max(conserved[0][i] * over_volume, floor)
        energies[i], momenta_x[i], momenta_y[i] = energy, conserved[1][i] * over_volume, conserved[2][i] * over_volume
        over = one / math.sqrt(one + (ux * ux + uy * uy))
        e_out[i], vx_out[i], vy_out[i] = max(min(e, energy), floor), ux * over, uy * over
        cut[i] = one - one


@inlined
def _newton(e, vx, vy, p, slope, energy, mx, my, xx, xy, yy, bulk, one, floor, floor2, slower, tiny):
    """One of Newton's steps in e, after one of the velocity with p and pi^tau-tau of the last."""
    inertia = energy + p + bulk - (vx * vx * xx + (vx + vx) * vy * xy + vy * vy * yy)
    ixx, iyy = inertia + xx, inertia + yy
    over = one / max(ixx * iyy - xy * xy, floor2)
    vx, vy = over * (iyy * mx - xy * my), over * (ixx * my - xy * mx)
    v2 = vx * vx + vy * vy
    less = min(slower / math.sqrt(v2 + tiny), one)
    vx, vy, v2 = less * vx, less * vy, less * less * v2
    rest = e - energy + vx * mx + vy * my
    return min(max(e - rest / (one - v2 * slope), floor), energy), vx, vy


@by_rows
def recovered(work: Rows, cut_shear: Array, count: int, numbers: Numbers, table: Rows) -> None:
    """Stresses of a row within their bounds, then two of Newton's steps; and where the stresses had to be cut."""
    one, quarter, three, most, dilute, floor, floor2, slower, tiny, steps, last = numbers
    es, vxs, vys, xxs, xys, yys, bulks, energies, momenta_x, momenta_y, cut_bulk = work
    ratio, rises = table
    for i in range(count):
        e, vx, vy, xx, xy, yy, bulk = es[i], vxs[i], vys[i], xxs[i], xys[i], yys[i], bulks[i]
        energy, mx, my = energies[i], momenta_x[i], momenta_y[i]
        row, base, rest = placed(e, steps, last, one)
        part = ratio[row] + rest * rises[row]
        p, slope = e * part, part + (base + rest) * rises[row] * quarter

        tx, ty = xx * vx + xy * vy, xy * vx + yy * vy
        mxx, myy = xx - tx * vx, yy - ty * vy
        eta, cross = -mxx - myy, (xy - tx * vy) * (xy - ty * vx)
        square = mxx * mxx + (cross + cross) + myy * myy + eta * eta
        share = most * e / (e + dilute)
        room = share * share * (e * e + three * p * p)
        less = math.sqrt(min(room / (square + tiny), one))
        bound = share * p
        within = max(min(bulk, bound), -bound)
        cut_shear[i] = one if square > room else cut_shear[i]
        cut_bulk[i] = one if within != bulk else cut_bulk[i]
        xx, xy, yy, bulk = less * xx, less * xy, less * yy, within

        e, vx, vy = _newton(e, vx, vy, p, slope, energy, mx, my, xx, xy, yy, bulk, one, floor, floor2, slower, tiny)
        row, base, rest = placed(e, steps, last, one)
        part = ratio[row] + rest * rises[row]
        p, slope = e * part, part + (base + rest) * rises[row] * quarter
        e, vx, vy = _newton(e, vx, vy, p, slope, energy, mx, my, xx, xy, yy, bulk, one, floor, floor2, slower, tiny)
        es[i], vxs[i], vys[i], xxs[i], xys[i], yys[i], bulks[i] = e, vx, vy, xx, xy, yy, bulk


@by_rows
def settled(
    work: Rows, count: int, one: float, hot: Array, cut_shear: Array, tally_shear: Array, tally_bulk: Array,
) -> None:  # fmt: skip
    """u for v, and the energy where stresses were cut."""
    vxs, vys, cut_bulk = work
    for i in range(count):
        vx, vy = vxs[i], vys[i]
        u0 = one / math.sqrt(one - vx * vx - vy * vy)
        vxs[i], vys[i] = vx * u0, vy * u0
        tally_shear[i] += hot[i] * cut_shear[i]
        tally_bulk[i] += hot[i] * cut_bulk[i]


@by_rows
def stored(work: Array, stride: int, fields: int, count: int, out: Array, at: int, plane: int) -> None:
    """Put a row of fields back."""
    for field in range(fields):
        k, n = at + field * plane, field * stride
        for i in range(count):
            out[k + i] = work[n + i]
