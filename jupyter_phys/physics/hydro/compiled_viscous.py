"""The viscous scheme for one CPU core, compiled by numba to SIMD loops over rows, an event at a time.

The formulas of `viscous`, `stress` and `transport`: equal to 1e-13 after a step. Viscosities that are functions of T
become tables over e^(1/4), linear between VISCOSITIES rows: fluids agree to 1e-7, and to 1e-6 for `denicol`, which has
steps. A row has whole SIMD registers of cells: what lies behind its last cell is computed along, and repeated over.
"""

# pyright: basic
# (numba's functions have no types that Python knows)

from typing import Any

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.physics.hydro.compiled_flow import FIELDS, X, Y, faces, flows, roots, sides, spaced
from jupyter_phys.physics.hydro.compiled_recovery import guessed, recovered, settled, stored
from jupyter_phys.physics.hydro.compiled_stress import conserved, medium, solved, trials
from jupyter_phys.physics.hydro.compiled_surface import looked
from jupyter_phys.physics.hydro.ideal import COLD, VACUUM
from jupyter_phys.physics.hydro.matter import HIGHEST, Matter
from jupyter_phys.physics.hydro.simd import PAD, Array, Table, inlined, inner, repeat_edges, table_of, whole
from jupyter_phys.physics.hydro.stress import SOLVABLE
from jupyter_phys.physics.hydro.transport import CAUSAL, RESOLVED, Ratio
from jupyter_phys.physics.hydro.viscous import SLOWER, Viscous, ViscousState
from jupyter_phys.physics.units import HBARC

VISCOSITIES = 32769  # rows of a viscosity that is a function
REGISTER = 64  # bytes


@inlined
def _eight(rows):
    """Rows as functions take them that may know they are apart."""
    return rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]


@inlined
def _line(now, start, at, place, grid, kept, clock, numbers, tables, flow, own, more, changes, change, new, tally):
    """A row of cells from the fluxes around it: all that `new` has of them, and what counts."""
    count, width, plane, size, _ = grid
    dt, hubble, share, loss, shortest, over_volume = clock
    _, _, in_medium, in_trials, in_solved, in_recovered, _ = numbers
    _, table, eta, zeta = tables
    cells, one, floor = now[1], in_solved[0], in_recovered[5]
    pressure, slopes, shear_rate, bulk_rate, grown, thinned, mixing, rubbed = own
    swelled, hot, energies, momenta_x, momenta_y, cut_bulk, _, _ = more
    none, first, second, push = changes
    e, vx, vy, xx, xy, yy, bulk, _, c0, c1, c2 = new
    medium(cells, at, plane, count, in_medium, shortest, table, eta, zeta,
           (pressure, slopes, shear_rate, bulk_rate, grown, thinned, mixing, rubbed, swelled, hot),
           (tally[0], tally[3], tally[4]))  # fmt: skip
    trials(cells, at, plane, width, count, in_trials, hubble, (grown, thinned, mixing, rubbed, swelled),
           (none, first, second))  # fmt: skip
    conserved(cells, at, plane, now[0], start[0], place, size, count, kept, one, (hubble, share, loss), pressure,
              flow, push, (c0, c1, c2))  # fmt: skip
    solved(cells, at, plane, count, in_solved, dt, pressure, slopes, (shear_rate, bulk_rate), flow, push,
           (none, first, second), change)  # fmt: skip
    held, work = change[7], (e, vx, vy, xx, xy, yy, bulk, energies, momenta_x, momenta_y, cut_bulk)
    guessed(cells, start[1], at, plane, count, kept, dt, one, floor, over_volume, (c0, c1, c2), change, work)
    recovered(work, held, count, in_recovered, (table[0], table[1]))
    recovered(work, held, count, in_recovered, (table[0], table[1]))
    settled((vx, vy, cut_bulk), count, one, hot, held, tally[1], tally[2])


@inner
def _stage(now, start, kept, tau, tau_next, dt, expanding, grid, ny, nx, numbers, tables, tally, out):
    """kept start + (1 - kept) (now + dt change): as `Viscous._stage`, a row at a time, of flat fields."""
    count, width, plane, size, stride = grid
    in_sides, in_faces, in_solved, resolved = numbers[0], numbers[1], numbers[4], numbers[6]
    cells, one, step, none = now[1], in_solved[0], np.uintp(1), np.uintp(0)
    root, others = np.empty(plane, cells.dtype), FIELDS - step
    roots(cells, plane, root)
    hubble, volume, after = (one / tau, tau, tau_next) if expanding else (one - one, one, one)
    clock = dt, hubble, dt * volume, hubble / volume, resolved * dt, one / after
    rows = np.zeros((13, 8, stride), cells.dtype)
    across, below, above, left, right = (
        rows[0].ravel(), rows[1].ravel(), rows[2].ravel(), rows[3].ravel(), rows[4].ravel()
    )  # fmt: skip
    flow, found, fields = rows[5].ravel(), rows[6].ravel(), rows[7].ravel()
    through, here, there, parts = _eight(rows[0]), _eight(rows[1]), _eight(rows[2]), _eight(rows[5])
    a, b, own, more, change = _eight(rows[8]), _eight(rows[9]), _eight(rows[10]), _eight(rows[11]), _eight(rows[12])
    new = *_eight(rows[6]), rows[7, 0], rows[7, 1], rows[7, 2]
    changes = (a[0], a[1], a[2], a[3]), (a[4], a[5], a[6], a[7]), (b[0], b[1], b[2], b[3]), (b[4], b[5], b[6])
    along_x, along_y = spaced(none, stride, X), spaced(none, stride, Y)
    for j in range(-1, ny):
        at = np.uintp(j + PAD) * width + np.uintp(PAD)
        below, above, here, there = above, below, there, here
        sides(root, at, width, plane, step, count, in_sides, left, right, none, stride)
        sides(cells, at + plane, width, plane, others, count, in_sides, left, right, stride, stride)
        faces(left, right, along_y, count, in_faces, tables[0],
              (there[0], there[2], there[1], there[5], there[4], there[3], there[6], there[7]))  # fmt: skip
        if j < 0:
            continue
        sides(root, at - step, step, plane, step, count, in_sides, left, right, none, stride)
        sides(cells, at - step + plane, step, plane, others, count, in_sides, left, right, stride, stride)
        faces(left, right, along_x, count, in_faces, tables[0], through)
        flows(cells, at, plane, count, across, below, above, stride, flow)
        place = np.uintp(j) * count
        _line(now, start, at, place, grid, kept, clock, numbers, tables, parts, own, more, changes, change, new, tally)
        stored(found, stride, FIELDS, count, out[1], at, plane)
        stored(fields, stride, np.uintp(3), count, out[0], place, size)
    repeat_edges(out[1].reshape((7, ny + 2 * PAD, -1)), ny, nx)


@whole
def _march(fields, cells, tally, nx, times, every, level, dx, expanding, numbers, tables):
    """Evolve one event in place through `times`: rows of its surface, and at which time it was cold, or the last."""
    one, half = numbers[3][0], numbers[3][1]
    _, ny, wide = fields.shape
    count, width = np.uintp(wide), np.uintp(cells.shape[2])
    grid = count, width, np.uintp(ny + 2 * PAD) * width, np.uintp(ny) * count, count + np.uintp(8)
    start = fields.ravel(), cells.ravel()
    first = np.empty_like(start[0]), np.empty_like(start[1])
    sums = tally[0], tally[1], tally[2], tally[3], tally[4]
    seen, at = cells[:, :, : nx + 2 * PAD], 0
    before, rows, found = seen.copy(), np.empty((32 * (nx + ny), 11), cells.dtype), np.intp(0)
    for k in range(1, len(times)):
        tau, after = times[k - 1], times[k]
        _stage(start, start, one - one, tau, after, after - tau, expanding, grid, ny, nx, numbers, tables, sums, first)
        _stage(first, start, half, after, after, after - tau, expanding, grid, ny, nx, numbers, tables, sums, start)
        if every and (k % every == 0 or k == len(times) - 1):
            rows, found, is_cold = looked(before, seen, times[at], after, level, dx, half, rows, found)
            at = k
            if is_cold:
                return rows[:found], k
    return rows[:found], len(times) - 1


def _viscosity(ratio: float | Ratio, matter: Matter, dtype: Any) -> Table:
    """Over s, at even steps of e^(1/4)."""
    if callable(ratio):
        x = torch.linspace(0, HIGHEST**0.25, VISCOSITIES, dtype=torch.float64)
        values = torch.as_tensor(ratio(matter.temperature(x**4)))
        values[0] = values[1]  # no cell is as cold as T = 0, where there may be no value
    else:
        values = torch.tensor([ratio, ratio], dtype=torch.float64)
    last = len(values) - 2
    return *table_of(values, dtype), dtype((last + 1) / HIGHEST**0.25), dtype(last)


def _numbers(scheme: Viscous) -> tuple[tuple[float, ...], ...]:
    """What sides, faces, medium, trials, solved and recovered know of a scheme."""
    transport, dx = scheme.transport, scheme.dx
    by_shear = 0.0 if transport.shear == 0 else 4 / 3 / transport.relaxation
    steps, last, room = 1 / scheme.matter.step, len(scheme.matter.ratio) - 2, CAUSAL - by_shear
    return (
        (scheme.theta / 2, 1 / 6, 1 / 2, 0),
        (1, 0, 1 / 4, 1 / 3, 15, by_shear, transport.bulk != 0, room, 1 / (2 * dx), COLD, steps, last),
        (1, 0, 1 / 4, 1 / 3, 15, 1e-9, scheme.level, room, transport.relaxation * HBARC, HBARC,
         1 / transport.relaxation, transport.delta_pipi, transport.tau_pipi, transport.shear_of_bulk,
         transport.bulk_of_expansion, transport.bulk_of_shear, steps, last),
        (1, 1 / 2, 1 / 3, 8 / (12 * dx), 1 / (12 * dx)),
        (1, SOLVABLE, 1e-30),
        (1, 1 / 4, 3, scheme.most, scheme.dilute, VACUUM, VACUUM**2, SLOWER, 1e-30, steps, last),
    )  # fmt: skip


class CompiledViscous:
    """What `_march` takes of a scheme, once for all events of a type (float32 or float64)."""

    def __init__(self, scheme: Viscous, dtype: Any) -> None:
        matter, transport = scheme.matter.to("cpu", torch.float64), scheme.transport
        self.numbers = *(tuple(map(dtype, group)) for group in _numbers(scheme)), dtype(RESOLVED)
        ratio, sound2, warmth = (table_of(one, dtype) for one in (matter.ratio, matter.sound2, matter.warmth))
        viscosities = (_viscosity(one, matter, dtype) for one in (transport.shear, transport.bulk))
        self.tables = ratio + sound2, ratio + warmth, *viscosities
        self.dx, self.dtype, self.expanding = dtype(scheme.dx), dtype, scheme.expanding

    def carried(self, start: ViscousState) -> Tensor:
        """What `march` takes beside conserved fields and cells: the tally [event, 5]."""
        return start.tally

    def march(
        self, conserved: Array, cells: Array, tally: Array, times: Array, every: int, level: float
    ) -> tuple[Array, int]:
        """Evolve an event in place: conserved [3, y, x], cells [7, y + 4, x + 4] with their edges, tally [5].

        Returns rows of the surface at `level`, looked for at every `every`-th of the `times` (0: nowhere), and at which
        time all was cold, or the last.
        """
        given = times.astype(self.dtype), every, self.dtype(level), self.dx, self.expanding
        nx = conserved.shape[2]
        lanes = REGISTER // conserved.itemsize
        count = (nx + lanes) // lanes * lanes  # of nx + 1 faces
        sides = (0, 0), (0, 0), (0, count - nx)
        wide, fields = (np.pad(one, sides, mode="edge") for one in (cells, conserved))
        tallies = np.zeros((5, count), self.dtype)
        found = _march(fields, wide, tallies, nx, *given, self.numbers, self.tables)
        cells[:], conserved[:] = wide[:, :, : nx + 2 * PAD], fields[:, :, :nx]
        tally += tallies[:, :nx].sum(1)
        return found
