"""Known answers of boost-invariant flow without a transverse one: Bjorken's, ideal and viscous."""

from __future__ import annotations

import functools

import torch

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import CLOSED, Kind, advanced, end, even, kind, on, still
from jupyter_phys.physics.hydro.eos import conformal
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.stress import cells_of
from jupyter_phys.physics.hydro.transport import Transport
from jupyter_phys.physics.hydro.viscous import Viscous, ViscousState

TAU0, WARM = 0.6, 30.38476  # fm; GeV/fm^3, 0.36 GeV
SOURCE = "its two differential equations, to 1e-11"
STEP = {1: 0.005, 2: 0.0125, 5: 0.025, 10: 0.05}  # fm, until those times
VISCOUS = {  # eta/s and tau_pipi: e and pi = -tau^2 pi^eta-eta in GeV/fm^3 at proper times in fm
    "Israel–Stewart, η/s = 0.08": (
        Transport(shear=0.08, tau_pipi=0.0),
        {1: (15.819055, 1.315335), 2: (6.622107, 0.420982), 5: (2.036369, 0.066322), 10: (0.822667, 0.016411)},
    ),
    "DNMR, η/s = 0.2": (
        Transport(shear=0.2),
        {1: (15.918824, 1.825167), 2: (6.910516, 0.877901), 5: (2.237003, 0.171645), 10: (0.926174, 0.044163)},
    ),
}


def _ideal(run: Run) -> float:
    """e at 6 fm over that at 0.6 fm."""
    e = torch.full((1, 5, 5), 30.0, dtype=run.dtype, device=run.device)
    fluid = end(Scheme(on(kind(run), conformal()), 0.2), still(e), even(TAU0, 6.0, 0.0025))
    return float(fluid[0, 0, 2, 2]) / 30


@functools.lru_cache(32)
def _viscous(name: str, tau: int, where: Kind) -> ViscousState:
    """At one of the times, from that before."""
    scheme = Viscous(on(where, conformal()), 0.2, VISCOUS[name][0])
    times = list(STEP)
    if tau == times[0]:
        e = torch.full((1, 2, 2), WARM, dtype=torch.float64).to(*where)
        return advanced(scheme, scheme.begin(still(e), TAU0), even(TAU0, tau, STEP[tau]))
    before = times[times.index(tau) - 1]
    return advanced(scheme, _viscous(name, before, where), even(before, tau, STEP[tau]))


def _energy(name: str, tau: int, run: Run) -> float:
    return float(_viscous(name, tau, kind(run)).fluid[0, 0, 0, 0])


def _stress(name: str, tau: int, run: Run) -> float:
    return -float(cells_of(_viscous(name, tau, kind(run)).cells).shear().eta[0, 0, 0])


def _cases() -> list[Case]:
    cases: list[Case] = []
    for name, (_, wanted) in VISCOUS.items():
        for tau, both in wanted.items():
            for symbol, compute, expected in zip(("e", "π"), (_energy, _stress), both, strict=True):
                cases.append(Case(f"{symbol} at {tau} fm, Bjorken, {name}", functools.partial(compute, name, tau),
                                  expected, 1e-4 * expected, SOURCE, tolerance32=2e-4 * expected, slow=tau > 2,
                                  unit="GeV/fm³"))  # fmt: skip
    return cases


CASES = [
    Case("e(6 fm)/e(0.6 fm), ideal Bjorken", _ideal, 0.1 ** (4 / 3), 1e-6 * 0.1 ** (4 / 3), CLOSED,
         tolerance32=1e-4 * 0.1 ** (4 / 3), unit=""),
    *_cases(),
]  # fmt: skip
