"""Known answers of centrality: impact parameters within which so many collisions lie."""

from __future__ import annotations

import functools

import torch

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import IDENTITY
from jupyter_phys.instruments.eos.meetings import SYSTEMS, Meetings
from jupyter_phys.instruments.eos.settings import Settings
from jupyter_phys.physics.hydro.initial.centrality import AU_CENTRALITY, PB_CENTRALITY, percentile

EDGES = {"PbPb": (PB_CENTRALITY, 0.03), "AuAu": (AU_CENTRALITY, 0.06)}  # given to 0.01 and to 0.1 fm
CLVISC = "edges of classes in CLVisc"
COUNT = 2000


def _edge(system: str, percent: float, run: Run) -> float:
    return float(percentile(SYSTEMS[system], torch.tensor(percent, dtype=torch.float64)))


def _inside(run: Run) -> float:
    """Of events of 20-40 %, the share within the b of 30 %."""
    found = Meetings(Settings(centrality="20-40"), run).of(range(COUNT))
    return sum(one.b < _edge("PbPb", 30.0, run) for one in found) / COUNT


CASES = [
    *(
        Case(f"b within which {percent:g} % of {system} lie", functools.partial(_edge, system, percent),
             table.between(0, percent)[1], most, CLVISC, tolerance32=most, unit="fm")
        for system, (table, most) in EDGES.items() for percent in (5, 20, 40, 60)
    ),
    Case("share of events of 20–40 % that lie within 30 %", _inside, 0.5, 0.04, IDENTITY, tolerance32=0.04, unit=""),
]  # fmt: skip
