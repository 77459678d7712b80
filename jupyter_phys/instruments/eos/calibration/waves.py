"""Known answers without expansion along the beam: shock tubes; what is conserved, mirrored, and the same compiled."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import CLOSED, IDENTITY, Kind, end, even, kind, on, still
from jupyter_phys.physics.hydro.eos import conformal, named
from jupyter_phys.physics.hydro.evolution import Course, compiled_course, has_numba, torch_course
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.transport import Transport
from jupyter_phys.physics.hydro.viscous import Viscous

RIEMANN = "exact Riemann solution"
TUBES = ((1.0, 0.1), (5.43, 0.339), (1.0, 0.01))  # p left and right, GeV/fm^3
CELLS, DX, TIME, DT = 400, 0.05, 4.0, 0.01
SOUND = 1 / math.sqrt(3)


@dataclass(frozen=True)
class Tube:
    """What follows from p left and right of fluid at rest, p = e/3: rarefaction left, shock right."""

    left: float
    right: float

    @functools.cached_property
    def pressure(self) -> float:
        """Between the waves: where both give the same velocity."""
        low, high = self.right, self.left
        for _ in range(200):
            middle = (low + high) / 2
            rarefied = math.tanh(math.sqrt(3) / 4 * math.log(self.left / middle))  # d rapidity = -dp/(4 p c_s)
            low, high = (middle, high) if self.shocked(middle) < rarefied else (low, middle)
        return (low + high) / 2

    def shocked(self, p: float) -> float:
        """Velocity behind a shock into the right side: Taub's adiabat."""
        return math.sqrt((p - self.right) * 3 * (p - self.right) / ((3 * self.right + p) * (3 * p + self.right)))

    @functools.cached_property
    def speed(self) -> float:
        """Velocity between the waves."""
        return self.shocked(self.pressure)

    @property
    def front(self) -> float:
        """Velocity of the shock: momentum over energy that it adds."""
        gamma2 = 1 / (1 - self.speed**2)
        return 4 * self.pressure * gamma2 * self.speed / (4 * self.pressure * gamma2 - self.pressure - 3 * self.right)

    @property
    def tail(self) -> float:
        """Velocity of the rarefaction's end."""
        return (self.speed - SOUND) / (1 - self.speed * SOUND)

    def energy(self, xi: Tensor) -> Tensor:
        """e at x/t."""
        behind = torch.where(xi < self.front, 3 * self.pressure, 3 * self.right)
        return torch.where(xi < self.tail, 3 * self.left * rarefied(xi), behind)


def rarefied(xi: Tensor) -> Tensor:
    """e at x/t over e of fluid at rest that expands, until its end: 1 where the wave has not come."""
    xi = xi.clamp(-SOUND, 1 - 1e-15)
    speed = (SOUND + xi) / (1 + SOUND * xi)
    return ((1 - speed) / (1 + speed)) ** (2 / math.sqrt(3))


def _tube(left: Tensor, right: Tensor, where: Kind) -> tuple[Tensor, Tensor]:
    """x and the fluid [event, 3, x] after some time, from energy densities [event]."""
    x = (torch.arange(CELLS, dtype=torch.float64) + 0.5 - CELLS / 2) * DX
    e = torch.where(x < 0, left[:, None], right[:, None])[:, None].expand(-1, 5, -1).contiguous()
    scheme = Scheme(on(where, conformal()), DX, theta=1.1, expanding=False)
    return x, end(scheme, still(e.to(*where)), even(0.0, TIME, DT))[:, :, 2]


@functools.lru_cache(4)
def _tubes(where: Kind) -> list[dict[str, float]]:
    """Relative errors of each tube: largest of p and v on the plateau but for its ends, L1 of e."""
    sides = 3 * torch.tensor(TUBES, dtype=torch.float64)
    x, fluid = _tube(sides[:, 0], sides[:, 1], where)
    found: list[dict[str, float]] = []
    for pair, (e, ux, _) in zip(TUBES, fluid, strict=True):
        tube, xi = Tube(*pair), x / TIME
        middle = (xi > 0.7 * tube.tail + 0.3 * tube.front) & (xi < 0.3 * tube.tail + 0.7 * tube.front)
        exact = tube.energy(xi)
        found.append({
            "p*": float((e[middle] / 3 / tube.pressure - 1).abs().max()),
            "v*": float((ux / (1 + ux**2).sqrt() / tube.speed - 1)[middle].abs().max()),
            "e": float((e - exact).abs().sum() / exact.sum()),
        })  # fmt: skip
    return found


def _of_tube(which: int, name: str, run: Run) -> float:
    return _tubes(kind(run))[which][name]


def _into_vacuum(run: Run) -> float:
    """L1 error of e, relative."""
    one = torch.ones(1, dtype=torch.float64)
    x, fluid = _tube(one, 0 * one, kind(run))
    exact = torch.where(x < TIME, rarefied(x / TIME), 0)
    return float((fluid[0, 0] - exact).abs().sum() / exact.sum())


# --- what is conserved, mirrored, and the same


def _lumps(run: Run, n: int = 61, dx: float = 0.3) -> Tensor:
    """A fireball of lumps [1, 3, y, x], at rest."""
    draw, (x, y) = torch.Generator().manual_seed(0), Grid(n, dx).plane()
    e = torch.full((n, n), 1e-4, dtype=torch.float64)
    for _ in range(12):
        a, b = (2 * torch.randn(2, dtype=torch.float64, generator=draw)).tolist()
        e = e + 8 * torch.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.8)
    return still(e[None]).to(*kind(run))


def _kept(run: Run) -> float:
    """Largest change of energy or momentum in a step, over the energy; without expansion along the beam."""
    scheme = Scheme(on(kind(run), named("crossover")), 0.3, expanding=False)
    before = scheme.step(scheme.begin(_lumps(run), 0.6), 0.06)
    return _change(before.conserved, scheme.step(before, 0.06).conserved)


def _kept_viscous(run: Run) -> float:
    """The same with viscosity."""
    scheme = Viscous(on(kind(run), named("crossover")), 0.3, Transport(shear=0.08), expanding=False)
    before = scheme.step(scheme.begin(_lumps(run), 0.6), 0.06)
    return _change(before.conserved, scheme.step(before, 0.06).conserved)


def _change(before: Tensor, after: Tensor) -> float:
    one, other = (conserved.double().sum((2, 3)) for conserved in (before, after))
    return float((other - one).abs().max() / one[:, 0].sum())


def _budget(run: Run) -> float:
    """Change of tau T^tau-tau in a step and the work of p along the beam, over all of it.

    That work is a trapezoid's, whose error falls with dt^3: hence a small step.
    """
    matter, dt = on(kind(run), named("crossover")), 2e-4
    scheme = Scheme(matter, 0.3)
    before = scheme.step(scheme.begin(_lumps(run), 0.6), 0.06)
    after = scheme.step(before, dt)
    start, late = (one.conserved[:, 0].double().sum() for one in (before, after))
    work = sum(float(matter.pressure(one.fluid[:, 0]).double().sum()) for one in (before, after)) / 2 * dt
    return float((late - start + work).abs() / start)


def _mirrored(run: Run) -> float:
    """Largest difference when x and y change places, over the largest value, after ten steps."""
    fluid, times = _lumps(run), even(0.6, 1.2, 0.06)
    scheme = Scheme(on(kind(run), named("crossover")), 0.3)
    swap = [0, 2, 1]
    one, other = end(scheme, fluid, times), end(scheme, fluid.transpose(2, 3)[:, swap].contiguous(), times)
    return float((other.transpose(2, 3)[:, swap] - one).abs().max() / one.abs().max())


def _apart(name: str, run: Run) -> float:
    """Largest difference of the two solvers after a step, over the largest value; 0 where there is only one."""
    if not has_numba():
        return 0.0
    fluid = _lumps(run)
    fluid[:, 1:] = 0.1 * fluid[:, :1] / fluid[:, 0].max()
    course = Course(Scheme(named(name), 0.3), [1.0, 1.09], 0.0, keep=[1])
    one, other = (solve(fluid, course).moments[-1].fluid.double().cpu() for solve in (torch_course, compiled_course))
    return float((one - other).abs().max() / one.abs().max())


def _shocks() -> list[Case]:
    most = {"p*": 1e-2, "v*": 1e-2, "e": 2e-2}
    said = {"p*": "error of p* between the waves", "v*": "error of v* between the waves", "e": "L1 error of e"}
    return [
        Case(f"{said[name]}, shock tube {left:g} | {right:g}", functools.partial(_of_tube, which, name), 0.0,
             most[name], RIEMANN, tolerance32=most[name], bound="below", unit="")
        for which, (left, right) in enumerate(TUBES) for name in most
    ]  # fmt: skip


def _below(name: str, compute: Callable[[Run], float], most: float, most32: float, source: str = IDENTITY) -> Case:
    return Case(name, compute, 0.0, most, source, tolerance32=most32, bound="below", unit="")


CASES = [
    *_shocks(),
    _below("L1 error of e, rarefaction into vacuum", _into_vacuum, 1e-2, 1e-2, CLOSED),
    _below("energy and momentum gained in a step, of all energy", _kept, 1e-13, 1e-6),
    _below("the same, viscous", _kept_viscous, 1e-13, 1e-6),
    _below("τT^ττ gained in a step, but for the work of p", _budget, 1e-10, 1e-6),
    _below("difference when x and y change places", _mirrored, 1e-12, 1e-5),
    *(_below(f"difference of the compiled solver, {name}", functools.partial(_apart, name), 1e-13, 1e-5,
             "the same formulas in torch") for name in ("crossover", "first_order")),
]  # fmt: skip
