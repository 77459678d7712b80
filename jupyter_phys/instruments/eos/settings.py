"""Every option of %eos, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from jupyter_phys.core import inputs
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.inputs import given
from jupyter_phys.core.settings import Settings as Base
from jupyter_phys.core.settings import option

NO_CLASS = "none"
Class = Literal[
    "none", "0-5", "5-10", "10-20", "20-30", "30-40", "40-50", "50-60", "60-70", "70-80",
    "0-10", "0-20", "20-40", "40-60", "60-80", "0-100",
]  # fmt: skip
FINEST = {"b": 0.1, "entropy": 1.0}  # percent, the narrowest class by each


class Settings(Base):
    """Evolve collisions of two nuclei until they freeze out, and count particles."""

    system: Literal["PbPb", "AuAu"] = option(
        "PbPb", "nuclei: lead at 2.76 TeV with a cross section of 64 mb, or gold at 200 GeV with 40 mb"
    )
    initial: Literal["optical", "glauber", "reduced"] = option(
        "optical", "initial state: smooth optical Glauber, Glauber by Monte Carlo, or reduced thickness (TRENTo's)"
    )
    b: float = option(6.0, "impact parameter", low=0, high=20, unit="fm")
    centrality: Class | str = option(
        NO_CLASS, 'in place of b: percent of all collisions, of which each event is one; others as "17-23"'
    )
    centrality_by: Literal["b", "entropy"] = option(
        "b", "what centrality goes by: impact parameter, or the entropy that lumpy initial states hold"
    )
    events: int = option(1, "events; a smooth initial state at one b gives all the same", low=1, high=1_000_000,
                         log=True, single=True)  # fmt: skip
    peak: float = option(
        30.0,
        "energy density in the middle of a smooth collision with b = 0",
        low=0.5,
        high=500,
        unit="GeV/fm³",
        log=True,
    )
    p: float = option(0.0, "of reduced thickness: 1 arithmetic, 0 geometric, -1 harmonic mean", low=-3, high=3)
    gamma: float = option(1.4, "of lumpy states: fluctuations of a nucleon's weight have the variance 1/gamma",
                          low=0.1, high=100, log=True)  # fmt: skip
    width: float = option(0.5, "of lumpy states: Gaussian width of a nucleon", low=0.15, high=2, unit="fm")
    tau0: float = option(0.6, "proper time at which hydrodynamics begins", low=0.05, high=5, unit="fm", log=True)
    eta_over_s: float = option(0.0, "shear viscosity over the entropy density; 0: an ideal fluid", low=0, high=1)
    zeta_over_s: Literal["none", "denicol", "duke", "ip_glasma"] = option(
        "none", "bulk viscosity over the entropy density, as parametrised by Denicol et al., Duke or IP-Glasma"
    )
    freeze_out: float = option(0.137, "temperature at which it ends", low=0.1, high=0.16, unit="GeV")
    tau_end: float = option(40.0, "proper time at which it is given up", low=0.1, high=100, unit="fm", single=True)
    dx: float = option(0.2, "size of a cell", low=0.02, high=1, unit="fm", log=True)
    extent: float = option(10.0, "from the middle of the grid to its edge", low=1, high=40, unit="fm")
    pt_nodes: int = option(15, "nodes in pT, of Gauss–Laguerre", low=4, high=32, single=True)
    phi_nodes: int = option(48, "nodes in azimuth, of Gauss–Legendre", low=8, high=128, single=True)
    pt_scale: float = option(12.0, "what those nodes are divided by to be momenta", low=2, high=50, unit="1/GeV",
                             single=True)  # fmt: skip
    solver: Literal["auto", "torch", "compiled"] = option(
        "auto", "auto: compiled on a CPU, torch on a GPU", single=True
    )
    pictures: int = option(12, "moments of the first event that are shown (0: none)", low=0, high=60, single=True)

    @field_validator("centrality", mode="before")
    @classmethod
    def _class(cls, given: Any) -> str:
        """As LOW-HIGH, also of a pair of numbers."""
        if given == NO_CLASS:
            return NO_CLASS
        parts = given.replace("%", "").replace("–", "-").split("-") if isinstance(given, str) else given
        try:
            low, high = map(float, parts)
        except (TypeError, ValueError):
            raise _no_class(given) from None
        if not 0 <= low < high <= 100:
            raise _no_class(given)
        return f"{low:g}-{high:g}"

    @model_validator(mode="after")
    def _one_centrality(self) -> Self:
        if self.centrality == NO_CLASS:
            return self
        is_typed = "b" in self.model_fields_set and len(self.model_fields_set) < len(self.options())  # a record has all
        if is_typed or "b" in self.changed():
            raise Refused("A class of centrality has impact parameters of its own.",
                          given=f"b={self.b} and centrality={self.centrality}", instead="one of the two")  # fmt: skip
        low, high = self.percents
        if high - low < FINEST[self.centrality_by] * (1 - 1e-9):
            raise Refused("This class of centrality is too narrow.", given=f"centrality={self.centrality}",
                          allowed=f"{FINEST[self.centrality_by]:g} % or more by {self.centrality_by}")  # fmt: skip
        return self

    @property
    def percents(self) -> tuple[float, float]:
        """Ends of the class of centrality."""
        low, high = map(float, self.centrality.split("-"))
        return low, high


def _no_class(given: Any) -> Refused:
    # 20-30 without quotes is a number of Python's, but for the classes that are offered
    return Refused("This is no class of centrality.", given=f"centrality={given!r}",
                   allowed='LOW-HIGH within 0 … 100 %: 20-30, "17-23", (17, 23)',
                   instead='centrality="17-23"')  # fmt: skip


@dataclass(frozen=True)
class Inputs(inputs.Inputs):
    """What %eos begins with."""

    energy: Any = given(
        "energy densities at tau0 in place of nuclei, GeV/fm³", accepts="[y, x] or [event, y, x], on cells of dx"
    )
    flow: Any = given("flow u^x, u^y at tau0; none: at rest", accepts="[2, y, x] or [event, 2, y, x], beside energy=")
