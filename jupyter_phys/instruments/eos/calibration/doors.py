"""Known answers of whole measurements, through the door that users take: entropy and time until freeze-out."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import CLOSED, IDENTITY
from jupyter_phys.instruments.eos.calibration.freeze_out import DENSITY, WARM
from jupyter_phys.instruments.eos.compute import measure
from jupyter_phys.instruments.eos.settings import Inputs, Settings
from jupyter_phys.instruments.eos.subjects import Conformal, Crossover
from jupyter_phys.physics.hydro.eos import named
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.initial.shapes import spot

TAU0, PEAK, EVEN = 0.6, 30.0, 5.0  # fm; GeV/fm^3 in the middle of a fireball, and all over
MATTERS = {"conformal": Conformal(), "crossover": Crossover()}


def measured(run: Run, name: str, energy: Tensor, dx: float, **settings: Any) -> xr.Dataset:
    """The whole measurement of one equation of state."""
    chosen = Settings(tau0=TAU0, dx=dx, freeze_out=WARM, pictures=0, **settings)
    return measure({name: MATTERS[name]}, Inputs(energy=energy), chosen, run)


def _pions(data: xr.Dataset) -> float:
    return float(data["dN_dy"].values[0, 0, 0])


@functools.lru_cache(4)
def _fireball(n: int, dx: float) -> Tensor:
    return spot(Grid(n, dx), PEAK, 1.5)[0]


def _entropy(name: str, dx: float, run: Run) -> float:
    """Pions, of which each stands for the same entropy at freeze-out, over those of tau0 s where it is hot."""
    energy = _fireball(2 * round(7 / dx) + 1, dx)
    matter = named(name)
    level = torch.tensor(matter.energy(WARM), dtype=torch.float64)
    hot = energy[energy > level]
    expected = TAU0 * float(matter.entropy(hot).sum()) * dx**2 / float(matter.entropy(level)) * DENSITY
    return _pions(measured(run, name, energy, dx)) / expected


def _uniform(name: str, run: Run) -> xr.Dataset:
    """Without a transverse flow, everything freezes at tau0 s0/s."""
    return measured(run, name, torch.full((11, 11), EVEN, dtype=torch.float64), 0.2)


def _bjorken(name: str, run: Run) -> float:
    """Pions of uniform matter over n tau A."""
    matter = named(name)
    at = torch.tensor([EVEN, matter.energy(WARM)], dtype=torch.float64)
    first, last = matter.entropy(at).tolist()
    return _pions(_uniform(name, run)) / (DENSITY * TAU0 * first / last * (11 * 0.2) ** 2)


def _round(run: Run) -> float:
    """v2 of a round fireball."""
    return float(measured(run, "conformal", _fireball(71, 0.2), 0.2)["v2"].values[0, 0, 0])


def _pressure(run: Run) -> float:
    """Largest relative error of p/T^4 as it is shown."""
    data = _uniform("conformal", run)
    return float(abs(data["pressure"].values / (42.25 * math.pi**2 / 90) - 1).max())


CASES = [
    Case("entropy that freezes out of a conformal fireball, cells of 0.1 fm",
         functools.partial(_entropy, "conformal", 0.1), 1.0, 2e-3, IDENTITY, tolerance32=2e-3, unit=""),
    Case("entropy that freezes out of a crossover fireball, cells of 0.2 fm",
         functools.partial(_entropy, "crossover", 0.2), 1.0, 1e-2, IDENTITY, tolerance32=1e-2, unit=""),
    Case("pions of conformal matter without transverse flow over nτA", functools.partial(_bjorken, "conformal"), 1.0,
         2e-3, CLOSED, tolerance32=2e-3, unit=""),
    Case("pions of the crossover without transverse flow over nτA", functools.partial(_bjorken, "crossover"), 1.0,
         2e-3, CLOSED, tolerance32=2e-3, unit=""),
    Case("v2 of a round fireball", _round, 0.0, 1e-6, IDENTITY, tolerance32=1e-5, bound="below", unit=""),
    Case("error of p/T⁴ of conformal matter as shown", _pressure, 0.0, 1e-5, CLOSED, tolerance32=1e-5, bound="below",
         unit=""),
]  # fmt: skip
