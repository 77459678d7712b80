"""Known answers of spectra under bulk pressure: a cylinder at rest with the same Π all over, and what Π itself is."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import IDENTITY, kind
from jupyter_phys.instruments.eos.calibration.freeze_out import TAU, VOLUME, WARM
from jupyter_phys.physics.hydro.binned import Bins, Response
from jupyter_phys.physics.hydro.spectra import PION, PROTON, Momenta, Species, Stress, cooper_frye
from jupyter_phys.physics.quadrature import legendre
from jupyter_phys.physics.units import HBARC

SOUND2, STIFFNESS, BULK = 0.1628, 0.0631, -0.003  # the crossover's at 0.137 GeV; a Π; GeV/fm³
PT = (0.1, 1.0, 2.0)
INTEGRAL = "integral over rapidity"


def _momenta() -> Momenta:
    pt, phi = torch.tensor(PT, dtype=torch.float64), torch.tensor([0.3, 2.0], dtype=torch.float64)
    return Momenta(pt, torch.ones_like(pt), phi, torch.ones_like(phi))


def _cylinder(run: Run) -> tuple[Tensor, Stress]:
    rows = torch.tensor([[0, TAU, 0, 0, VOLUME, 0, 0]], dtype=torch.float64)
    stress = torch.tensor([[0, 0, 0, BULK]], dtype=torch.float64)
    return rows.to(*kind(run)), Stress(stress.to(*kind(run)), 0.1446, SOUND2, STIFFNESS)


def _expected(pt: float, species: Species) -> float:
    """rho by trapezoids in space-time rapidity."""
    eta = torch.linspace(-7, 7, 1401, dtype=torch.float64)
    energy = math.hypot(pt, species.mass) * eta.cosh()
    sign = 1 if species.boson else -1
    f = 1 / (torch.exp(energy / WARM) - sign)
    pull = SOUND2 * energy - (energy**2 - species.mass**2) / (3 * energy)
    change = -BULK / (STIFFNESS * WARM) * (1 + sign * f) * pull
    total = float((energy * f * (1 + change)).sum()) * 0.01
    return species.degeneracy * VOLUME * total / (2 * math.pi * HBARC) ** 3


def _direct(which: int, species: Species, run: Run) -> float:
    rows, stress = _cylinder(run)
    return float(cooper_frye(rows, 1, WARM, _momenta(), species, stress)[0, which, 0])


@functools.lru_cache(2)
def _response(species: Species) -> Response:
    return Response.of(Bins(), WARM, _momenta(), species, sound2=SOUND2)


def _binned(which: int, species: Species, run: Run) -> float:
    rows, stress = _cylinder(run)
    weights = Bins().weights(rows, 1, stress)
    return float(_response(species).to(weights).spectra(weights)[0, which, 0])


def _pressure(run: Run) -> float:
    """What pions would carry of Π across a side of the cylinder, over Π, if the gas were of them alone.

    Then c_s² and β_Π are sums over pions, and δf has no energy.
    """
    x, weight = legendre(96)
    k, step = 4 * (1 + x), 4 * weight
    energy = (k**2 + PION.mass**2).sqrt()
    f = 1 / torch.expm1(energy / WARM)
    many = k**2 * f * (1 + f) * step / (2 * math.pi**2 * HBARC**3)
    sound2 = float((many * k**2).sum() / (3 * many * energy**2).sum())
    beta = float((many * k**2 * (k**2 / (3 * energy) - sound2 * energy) / energy).sum()) / (3 * WARM)
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    momenta = Momenta(k, step, angle, torch.full_like(angle, math.pi / 4))
    rows = torch.tensor([[0, TAU, 0, 0, 0, VOLUME, 0]], dtype=torch.float64).to(*kind(run))
    stress = Stress(torch.tensor([[0, 0, 0, 1.0]], dtype=torch.float64), 0.1446, sound2, beta)
    change = cooper_frye(rows, 1, WARM, momenta, PION, stress) - cooper_frye(rows, 1, WARM, momenta)
    return float(momenta.integral(change.cpu().double() * torch.outer(k, angle.cos()))) / VOLUME


def _case(name: str, compute: Callable[[Run], float], rho: float, most: float, most32: float) -> Case:
    return Case(name, compute, rho, most * rho, INTEGRAL, tolerance32=most32 * rho, unit="1/GeV²")


CASES = [
    *(
        _case(f"ρ of {name} at {pt:g} GeV, static cylinder under bulk pressure{told}",
              functools.partial(compute, which, species), _expected(pt, species), most, most32)
        for name, species in (("π+", PION), ("p", PROTON)) for which, pt in enumerate(PT)
        for told, compute, most, most32 in (("", _direct, 1e-6, 1e-5), (", in bins", _binned, 1e-3, 1e-3))
    ),
    Case("Π that a gas of pions carries over Π", _pressure, 1.0, 1e-5, IDENTITY, tolerance32=1e-4, unit=""),
]  # fmt: skip
