"""Rates of a viscous fluid and its recovery from conserved fields, compiled to SIMD loops over a row of cells.

The formulas of `stress` and of `viscous.Viscous`, where their names are explained; the three trials of `stress.rates`
are written out without what is zero in them. Loops, not one loop: what passes between them stays in the cache.
"""

# pyright: basic
# (numba's functions have no types that Python knows)

import math

import numpy as np

from jupyter_phys.physics.hydro.simd import Array, Numbers, Rows, Table, Trials, by_rows, inlined, placed


@inlined
def _strain(theta, ax, ay, ux, uy, one, half, third):
    """sigma^xx, sigma^xy, sigma^yy of an expansion and an acceleration."""
    part = third * theta
    sxy = part * (ux * uy) - half * (ux * ay + uy * ax)
    return part * (one + ux * ux) - ux * ax, sxy, part * (one + uy * uy) - uy * ay


@inlined
def _relaxing(theta, sxx, sxy, syy, ax, ay, ux, uy, vx, vy, xx, xy, yy, mxx, mxy, myx, myy, meta,
              grown, thinned, mixing, rubbed, swelled, over, one, half, third):  # fmt: skip
    """d_tau of pi^xx, pi^xy, pi^yy, Pi by expansion, shear and acceleration, as `stress._relaxing`."""
    nxx, nxy = mxx * sxx + mxy * sxy, mxx * sxy + mxy * syy
    nyx, nyy = myx * sxx + myy * sxy, myx * sxy + myy * syy
    cross, vxx, vxy, vyy = nxy + nyx, vx * vx, vx * vy, vy * vy
    seta = vxx * sxx + (vxy + vxy) * sxy + vyy * syy - sxx - syy
    work = nxx + nyy - vxx * nxx - vxy * cross - vyy * nyy + meta * seta
    qx, qy = mxx * ax + mxy * ay, myx * ax + myy * ay
    thin, part = thinned * theta, third * work
    dxx = grown * sxx - thin * xx + mixing * (nxx - part * (one + ux * ux)) + (ux + ux) * qx
    dxy = grown * sxy - thin * xy + mixing * (half * cross - part * (ux * uy)) + (ux * qy + uy * qx)
    dyy = grown * syy - thin * yy + mixing * (nyy - part * (one + uy * uy)) + (uy + uy) * qy
    return over * dxx, over * dxy, over * dyy, over * (rubbed * work - swelled * theta)


@inlined
def _moved(dxx, dxy, dyy, dbulk, du, dw, ux, uy, vx, vy, u0, u2, over, total, tx, ty, xx, xy, yy):
    """Change of T^tau-tau, T^tau-x, T^tau-y but for that of e."""
    du0 = vx * du + vy * dw
    dvx, dvy = (du - vx * du0) * over, (dw - vy * du0) * over
    sx, sy = dxx * vx + dxy * vy, dxy * vx + dyy * vy
    work, turned = total * u0 * du0, tx * dvx + ty * dvy
    energy = u2 * dbulk + (work + work) + vx * sx + vy * sy + (turned + turned)
    mx = u0 * ux * dbulk + total * (ux * du0 + u0 * du) + sx + xx * dvx + xy * dvy
    my = u0 * uy * dbulk + total * (uy * du0 + u0 * dw) + sy + xy * dvx + yy * dvy
    return energy, mx, my


@by_rows
def medium(
    cells: Array, at: int, plane: int, count: int, numbers: Numbers, shortest: float, table: Rows, eta: Table,
    zeta: Table, out: Rows, tally: Rows,
) -> None:  # fmt: skip
    """As `stress.medium_of`: p, dp/de, rates and coefficients of a row of cells; and which of their energy counts."""
    (one, zero, quarter, third, fifteen, least, level, room, fast, slow, over_relaxation,
     delta, tau_pipi, by_bulk, by_expansion, by_shear, steps, last) = numbers  # fmt: skip
    ratio, rises, warmth, warmer = table
    etas, more_eta, eta_steps, eta_last = eta
    zetas, more_zeta, zeta_steps, zeta_last = zeta
    p_out, slope_out, shear_rate, bulk_rate, grown, thinned, mixing, rubbed, swelled, hot = out
    counted, late_shear, late_bulk = tally
    to_ux, to_uy = at + plane, at + plane + plane
    to_bulk = to_uy + plane + plane + plane + plane
    for i in range(count):
        e, ux, uy, bulk = cells[at + i], cells[to_ux + i], cells[to_uy + i], cells[to_bulk + i]
        row, base, rest = placed(e, steps, last, one)
        rise = rises[row]
        part = ratio[row] + rest * rise
        p, slope = e * part, part + (base + rest) * rise * quarter
        cold = one / (math.sqrt(math.sqrt(e)) * (warmth[row] + rest * warmer[row]))
        row, _, rest = placed(e, eta_steps, eta_last, one)
        tau = fast * (etas[row] + rest * more_eta[row]) * cold
        rate = one / max(tau, shortest)
        shear = tau * rate
        stiff = (e + p) * over_relaxation
        p_out[i], slope_out[i], shear_rate[i] = p, slope, rate
        grown[i], thinned[i], mixing[i] = shear * (stiff + stiff + by_bulk * bulk), shear * delta, shear * tau_pipi
        off = third - slope
        stiff = min(fifteen * (off * off), max(room - slope, zero))
        row, _, rest = placed(e, zeta_steps, zeta_last, one)
        longer = slow * (zetas[row] + rest * more_zeta[row]) * cold / max(stiff, least)
        rate = one / max(longer, shortest)
        swell = longer * rate
        bulk_rate[i], rubbed[i] = rate, swell * (by_shear * off)
        swelled[i] = swell * (stiff * (e + p) + by_expansion * bulk)
        energy = e * math.sqrt(one + (ux * ux + uy * uy)) if e > level else zero
        hot[i] = energy
        counted[i] += energy
        late_shear[i] += energy if zero < tau < shortest else zero
        late_bulk[i] += energy if zero < longer < shortest else zero


@by_rows
def trials(
    cells: Array, at: int, plane: int, width: int, count: int, numbers: Numbers, hubble: float, medium: Rows,
    out: Trials,
) -> None:  # fmt: skip
    """What d_tau of pi^xx, pi^xy, pi^yy, Pi is by itself, and is for du^x/dtau and for du^y/dtau."""
    one, half, third, near, far = numbers
    grown, thinned, mixing, rubbed, swelled = medium
    none, first, second = out
    step, n = np.uintp(1), plane
    for i in range(count):
        a = at + i + n
        b = a + n
        ux, uy, xx, xy, yy = cells[a], cells[b], cells[b + n], cells[b + n + n], cells[b + n + n + n]
        u0 = math.sqrt(one + (ux * ux + uy * uy))
        over = one / u0
        vx, vy = ux * over, uy * over
        tx, ty = xx * vx + xy * vy, xy * vx + yy * vy
        mxx, mxy, myx, myy = xx - tx * vx, xy - tx * vy, xy - ty * vx, yy - ty * vy
        meta = -mxx - myy
        gxx = near * (cells[a + step] - cells[a - step]) - far * (cells[a + step + step] - cells[a - step - step])
        gxy = near * (cells[b + step] - cells[b - step]) - far * (cells[b + step + step] - cells[b - step - step])
        gyx = near * (cells[a + width] - cells[a - width]) - far * (cells[a + width + width] - cells[a - width - width])
        gyy = near * (cells[b + width] - cells[b - width]) - far * (cells[b + width + width] - cells[b - width - width])
        ax, ay, theta = ux * gxx + uy * gyx, ux * gxy + uy * gyy, u0 * hubble + gxx + gyy
        sxx, sxy, syy = _strain(theta, ax, ay, ux, uy, one, half, third)
        sxx, sxy, syy = sxx - gxx, sxy - half * (gxy + gyx), syy - gyy
        none[0][i], none[1][i], none[2][i], none[3][i] = _relaxing(
            theta, sxx, sxy, syy, ax, ay, ux, uy, vx, vy, xx, xy, yy, mxx, mxy, myx, myy, meta,
            grown[i], thinned[i], mixing[i], rubbed[i], swelled[i], over, one, half, third)  # fmt: skip
        zero = one - one  # LLVM knows it to be zero, of the arrays' type
        sxx, sxy, syy = _strain(vx, u0, zero, ux, uy, one, half, third)
        first[0][i], first[1][i], first[2][i], first[3][i] = _relaxing(
            vx, sxx, sxy, syy, u0, zero, ux, uy, vx, vy, xx, xy, yy, mxx, mxy, myx, myy, meta,
            grown[i], thinned[i], mixing[i], rubbed[i], swelled[i], over, one, half, third)  # fmt: skip
        sxx, sxy, syy = _strain(vy, zero, u0, ux, uy, one, half, third)
        second[0][i], second[1][i], second[2][i], second[3][i] = _relaxing(
            vy, sxx, sxy, syy, zero, u0, ux, uy, vx, vy, xx, xy, yy, mxx, mxy, myx, myy, meta,
            grown[i], thinned[i], mixing[i], rubbed[i], swelled[i], over, one, half, third)  # fmt: skip


@by_rows
def conserved(
    cells: Array, at: int, plane: int, now: Array, began: Array, here: int, size: int, count: int, kept: float,
    one: float, times: Numbers, pressure: Array, flow: Rows, push: Rows, out: Rows,
) -> None:  # fmt: skip
    """A row of conserved fields a step on, and what changes T^tau-tau, T^tau-x, T^tau-y in time."""
    hubble, share, loss = times
    p1, p2, h2 = plane, plane + plane, size + size
    p4 = p2 + p2
    for i in range(count):
        k, c = at + i, here + i
        ux, uy, xx, xy, yy = cells[k + p1], cells[k + p2], cells[k + p2 + p1], cells[k + p4], cells[k + p4 + p1]
        over = one / (one + (ux * ux + uy * uy))
        # tau^2 pi^eta-eta = -trace(pi h)
        eta = (ux * ux * xx + (ux + ux) * uy * xy + uy * uy * yy) * over - xx - yy
        g0 = flow[0][i] - hubble * (pressure[i] + cells[k + p4 + p2] + eta)
        g1, g2, n0, n1, n2 = flow[1][i], flow[2][i], now[c], now[c + size], now[c + h2]
        out[0][i] = kept * began[c] + (one - kept) * (n0 + share * g0)
        out[1][i] = kept * began[c + size] + (one - kept) * (n1 + share * g1)
        out[2][i] = kept * began[c + h2] + (one - kept) * (n2 + share * g2)
        push[0][i], push[1][i], push[2][i] = g0 - loss * n0, g1 - loss * n1, g2 - loss * n2


@by_rows
def solved(
    cells: Array, at: int, plane: int, count: int, numbers: Numbers, dt: float, pressure: Array, slopes: Array,
    rates: Rows, flow: Rows, push: Rows, changes: Trials, out: Rows,
) -> None:  # fmt: skip
    """Change of a row's cells in time, as `stress._solved`, and where it was held back."""
    one, solvable, tiny = numbers
    shear_rate, bulk_rate = rates
    none, first, second = changes
    p1, p2 = plane, plane + plane
    p3, p4 = p2 + p1, p2 + p2
    for i in range(count):
        k = at + i
        ux, uy, bulk, xx, xy, yy = (
            cells[k + p1], cells[k + p2], cells[k + p4 + p2], cells[k + p3], cells[k + p4], cells[k + p4 + p1]
        )  # fmt: skip
        u2 = ux * ux + uy * uy
        u02 = one + u2
        u0 = math.sqrt(u02)
        over = one / u0
        vx, vy = ux * over, uy * over
        tx, ty, total = xx * vx + xy * vy, xy * vx + yy * vy, cells[k] + pressure[i] + bulk
        rate, zero = shear_rate[i] * over, one - one
        dxx, dxy = none[0][i] - xx * rate + flow[3][i], none[1][i] - xy * rate + flow[4][i]
        dyy, d = none[2][i] - yy * rate + flow[5][i], none[3][i] - bulk * bulk_rate[i] * over + flow[6][i]
        ae, ax, ay = _moved(dxx, dxy, dyy, d, zero, zero, ux, uy, vx, vy, u0, u2, over, total, tx, ty, xx, xy, yy)
        be, bx, by = _moved(first[0][i], first[1][i], first[2][i], first[3][i], one, zero,
                            ux, uy, vx, vy, u0, u2, over, total, tx, ty, xx, xy, yy)  # fmt: skip
        ce, cx, cy = _moved(second[0][i], second[1][i], second[2][i], second[3][i], zero, one,
                            ux, uy, vx, vy, u0, u2, over, total, tx, ty, xx, xy, yy)  # fmt: skip
        by_e = one / (u02 + slopes[i] * u2)
        fx, fy = (one + slopes[i]) * u0 * ux * by_e, (one + slopes[i]) * u0 * uy * by_e
        bx, by, cx, cy = bx - fx * be, by - fy * be, cx - fx * ce, cy - fy * ce
        rx, ry = push[1][i] - fx * push[0][i] - (ax - fx * ae), push[2][i] - fy * push[0][i] - (ay - fy * ae)
        det, least = bx * cy - cx * by, solvable * total * total
        steep = one / max(det, least)
        dux, duy = steep * (rx * cy - ry * cx), steep * (ry * bx - rx * by)
        less = min(u0 / (dt * math.sqrt(dux * dux + duy * duy) + tiny), one)
        dux, duy = less * dux, less * duy
        out[0][i], out[1][i], out[2][i] = (push[0][i] - ae - dux * be - duy * ce) * by_e, dux, duy
        out[3][i] = dxx + dux * first[0][i] + duy * second[0][i]
        out[4][i] = dxy + dux * first[1][i] + duy * second[1][i]
        out[5][i] = dyy + dux * first[2][i] + duy * second[2][i]
        out[6][i] = d + dux * first[3][i] + duy * second[3][i]
        out[7][i] = one if det < least or less < one else zero
