"""Known answers of freeze-out: spectra of cylinders, densities, and what goes through a surface."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import CLOSED, IDENTITY, even, evolved, kind, on, still
from jupyter_phys.physics.hydro.binned import Bins, Response
from jupyter_phys.physics.hydro.eos import conformal
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.initial.shapes import gubser, spot
from jupyter_phys.physics.hydro.spectra import KAON, PION, PROTON, Momenta, Species, cooper_frye, gaussian_momenta
from jupyter_phys.physics.hydro.surface import crossings
from jupyter_phys.physics.quadrature import legendre
from jupyter_phys.physics.units import HBARC

TAU, RADIUS, WARM, RISE = 10.0, 5.0, 0.137, 0.8  # fm, fm, GeV, rapidity of the flow at the edge
VOLUME = TAU * math.pi * RADIUS**2
SUM, INTEGRAL = "sum of Bessel functions", "integral over r, φ and rapidity"
SPECTRUM = {0.1: 70.075139, 0.5: 6.910392, 1.0: 0.2539314, 2.0: 2.447759e-4}  # pT in GeV: rho in 1/GeV^2
DENSITY, YIELD = 0.0298902318, 23.475733  # of pions at 0.137 GeV, 1/fm^3, and dN/dY of the cylinder
RINGS, SECTORS = 24, 48


def _at(*pt: float) -> Momenta:
    """A few pT and azimuths."""
    momenta, phi = (torch.tensor(one, dtype=torch.float64) for one in (pt, [0.3, 2.0]))
    return Momenta(momenta, torch.ones_like(momenta), phi, torch.ones_like(phi))


def _element(run: Run, *numbers: float) -> Tensor:
    return torch.tensor([[0.0, TAU, *numbers]], dtype=torch.float64).to(*kind(run))


def _spectrum(pt: float, run: Run) -> float:
    return float(cooper_frye(_element(run, 0, 0, VOLUME, 0, 0), 1, WARM, _at(pt))[0, 0, 0])


def _yield(species: Species, run: Run) -> float:
    """Particles of the cylinder, with the fifteen nodes."""
    momenta = gaussian_momenta()
    return float(momenta.integral(cooper_frye(_element(run, 0, 0, VOLUME, 0, 0), 1, WARM, momenta, species)))


def _density(run: Run) -> float:
    return _yield(PION, run) / VOLUME


def thermal(species: Species) -> float:
    """Particles per fm^3 at rest at 0.137 GeV: int p^2 dp f/(2 pi^2), by Gauss and Legendre up to 8 GeV."""
    x, weight = legendre(200)
    p = 4 * (1 + x)
    f = 1 / (torch.exp((p**2 + species.mass**2).sqrt() / WARM) - (1 if species.boson else -1))
    return float((4 * weight * p**2 * f).sum()) * species.degeneracy / (2 * math.pi**2 * HBARC**3)


# --- a cylinder that flows


def _cylinder() -> Tensor:
    """In rings and sectors, with flow rapidity 0.8 r/R."""
    node, weight = legendre(RINGS)
    r, width = RADIUS / 2 * (1 + node), RADIUS / 2 * weight
    angle = torch.arange(SECTORS, dtype=torch.float64) * 2 * math.pi / SECTORS
    area = (TAU * r * width * 2 * math.pi / SECTORS)[:, None].expand(RINGS, SECTORS).flatten()
    u = torch.sinh(RISE * r / RADIUS)[:, None]
    ux, uy, zero = (u * angle.cos()).flatten(), (u * angle.sin()).flatten(), torch.zeros_like(area)
    return torch.stack([zero, zero + TAU, ux, uy, area, zero, zero], 1)


def _flowing(pt: float) -> float:
    """rho by direct integration: Legendre in r, trapezoids in azimuth and in space-time rapidity."""
    node, weight = legendre(40)
    r, width = RADIUS / 2 * (1 + node), RADIUS / 2 * weight
    phi = torch.arange(64, dtype=torch.float64) * 2 * math.pi / 64
    eta = torch.linspace(-7, 7, 281, dtype=torch.float64)
    mt, rise = math.hypot(pt, PION.mass), RISE * r / RADIUS
    energy = mt * torch.outer(rise.cosh(), eta.cosh())[:, None] - pt * torch.outer(rise.sinh(), phi.cos())[..., None]
    inside = (mt * eta.cosh() / torch.expm1(energy / WARM)).sum((1, 2)) * (2 * math.pi / 64 * 0.05)
    return float((inside * r * width).sum()) * TAU / (2 * math.pi * HBARC) ** 3


def _direct(pt: float, run: Run) -> float:
    return float(cooper_frye(_cylinder().to(*kind(run)), 1, WARM, _at(pt))[0, 0, 0])


@functools.lru_cache(1)
def _response() -> Response:
    return Response.of(Bins(), WARM, _at(0.2, 0.8, 1.6))


def _binned(which: int, run: Run) -> float:
    weights = Bins().weights(_cylinder().to(*kind(run)), 1)
    return float(_response().to(weights).spectra(weights)[0, which, 0])


# --- surfaces


def _shrinking(part: str, run: Run) -> float:
    """Sum of dS_tau, or of the outward dS_x of one side, of a fireball at rest that is hot where r < 4 - tau."""
    dx, dt = 0.1, 0.05
    x, y = Grid(101, dx).plane()

    def fluid(tau: float) -> Tensor:
        return still(1 + 0.5 * (4 - tau - torch.hypot(x, y))[None]).to(*kind(run))

    times = [1 + k * dt for k in range(61)]
    rows = torch.cat([crossings(fluid(a), fluid(b), (a, b), 1.0, dx) for a, b in itertools.pairwise(times)])
    return float((rows[:, 4] if part == "top" else rows[:, 5].clamp(min=0)).double().sum())


def _gubser(run: Run) -> float:
    """Entropy that leaves the exact flow of Gubser through a surface, over what is inside at 1 fm; looks at 0.02 fm."""
    cells, level = Grid(121, 0.1), 0.1

    def fluid(tau: float) -> Tensor:
        return gubser(cells, tau).to(*kind(run))

    rows = torch.cat([
        crossings(fluid(a), fluid(b), (a, b), level, cells.dx) for a, b in itertools.pairwise(even(1.0, 3.4, 0.02))
    ])  # fmt: skip
    e, ux, uy = fluid(1.0).double().unbind(1)
    inside = (e**0.75 * (1 + ux**2 + uy**2).sqrt())[e > level].sum() * cells.dx**2
    return float(outward(rows).sum() * level**0.75 / inside)


def outward(rows: Tensor) -> Tensor:
    """u.dS [element] of rows of a surface, float64."""
    _, _, ux, uy, st, sx, sy = rows[:, :7].double().T
    return (1 + ux**2 + uy**2).sqrt() * st + ux * sx + uy * sy


def _energy(run: Run) -> float:
    """Energy that leaves a conformal fireball through its surface, over what is inside at first; t, x, y."""
    cells, level = Grid(141, 0.1), 0.3
    fluid = still(spot(cells, 8.0, (math.sqrt(3), math.sqrt(2))) + 1e-3).to(*kind(run))
    scheme = Scheme(on(kind(run), conformal()), cells.dx, expanding=False)
    found = evolved(scheme, fluid, even(1.0, 9.0, 0.04), level)
    assert torch.isfinite(found.frozen).all()
    rows = found.surface[found.surface[:, 1] > 1 + 1e-5].double()  # not what closes it at the beginning
    u0 = (1 + rows[:, 2] ** 2 + rows[:, 3] ** 2).sqrt()
    flux = (level * (4 / 3 * u0 * outward(rows) - rows[:, 4] / 3) / rows[:, 1]).sum()  # no factor tau in t, x, y
    e = fluid[:, 0].double()
    return float(flux / (e[e > level].sum() * cells.dx**2))


def _case(
    name: str, compute: Callable[[Run], float], expected: float, relative: float, source: str, unit: str = "",
    relative32: float = 1e-5,
) -> Case:  # fmt: skip
    return Case(name, compute, expected, relative * expected, source, tolerance32=max(relative, relative32) * expected,
                unit=unit)  # fmt: skip


def _cylinders() -> list[Case]:
    cases = [_case(f"ρ at {pt:g} GeV, static cylinder", functools.partial(_spectrum, pt), rho, 1e-6, SUM, "1/GeV²")
             for pt, rho in SPECTRUM.items()]  # fmt: skip
    for which, pt in enumerate((0.2, 0.8, 1.6)):
        rho = _flowing(pt)
        cases.append(_case(f"ρ at {pt:g} GeV, flowing cylinder", functools.partial(_direct, pt), rho, 1e-6, INTEGRAL,
                           "1/GeV²"))  # fmt: skip
        cases.append(_case(f"ρ at {pt:g} GeV, flowing cylinder, in bins", functools.partial(_binned, which), rho, 1e-4,
                           INTEGRAL, "1/GeV²", 2e-4))  # fmt: skip
    return cases


CASES = [
    *_cylinders(),
    _case("dN/dY of the static cylinder, 15 nodes", functools.partial(_yield, PION), YIELD, 1e-6, SUM),
    _case("density of π+ at 0.137 GeV, 15 nodes", _density, DENSITY, 1e-6, SUM, "1/fm³"),
    *(_case(f"dN/dY of {name} of the static cylinder, 15 nodes", functools.partial(_yield, one),
            thermal(one) * VOLUME, 1e-5, "integral over momenta") for name, one in (("K+", KAON), ("p", PROTON))),
    _case("lid of a shrinking fireball", functools.partial(_shrinking, "top"), 18 * math.pi, 5e-3, CLOSED, "fm³"),
    _case("side of a shrinking fireball", functools.partial(_shrinking, "side"), 18.0, 5e-3, CLOSED, "fm³"),
    _case("entropy through the surface of Gubser's flow", _gubser, 1.0, 2e-3, IDENTITY),
    _case("energy through the surface of a fireball", _energy, 1.0, 1e-3, IDENTITY),
]  # fmt: skip
