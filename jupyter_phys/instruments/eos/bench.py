"""Equations of state, grid and momenta, all checked before anything is evolved."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.collisions import Given, fluid_of, given, grid
from jupyter_phys.instruments.eos.matters import matter
from jupyter_phys.instruments.eos.meetings import Meetings
from jupyter_phys.instruments.eos.settings import Inputs, Settings
from jupyter_phys.physics.hydro.binned import Bins, Response
from jupyter_phys.physics.hydro.evolution import CFL, EVERY, Course, has_numba, proper_times
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.spectra import KAON, PION, PROTON, Momenta, Species, Stress, gaussian_momenta
from jupyter_phys.physics.hydro.transport import RESOLVED, Ratio, Transport, denicol, duke, ip_glasma
from jupyter_phys.physics.hydro.viscous import Viscous
from jupyter_phys.physics.units import HBARC

SPECIES = {"π+": PION, "K+": KAON, "p": PROTON}
BULK: dict[str, float | Ratio] = {
    "none": 0.0, "denicol": denicol, "duke": duke(most=0.05, at=0.18, width=0.02), "ip_glasma": ip_glasma,
}  # fmt: skip
TEMPERATURES, ENERGIES = (0.100, 0.400, 61), (0.05, 50.0, 121)  # GeV, GeV/fm³: where it is shown
RELAXATION = 5.0  # τ_π T/(η/s)
LIFETIME = 15.0  # fm, for progress
SURFACE = 2**23  # bytes of an event's surface
SOFT = 1e-3  # β_Π/(e + p), below which matter is conformal: τ_Π = ζ/β_Π then means nothing


@dataclass(frozen=True)
class Medium:
    """An equation of state with the answers of its freeze-out surface to each kind of particle."""

    name: str
    matter: Matter
    level: float  # energy density at freeze-out, GeV/fm³
    enthalpy: float  # e + p there
    sound2: float  # c_s² there
    stiffness: float  # β_Π = ζ/τ_Π there, GeV/fm³; 0 without bulk viscosity
    responses: Mapping[str, Response]

    def stress(self, rows: Tensor) -> Stress:
        """Of rows [element, 4] of a surface: π^xx, π^xy, π^yy, Π."""
        return Stress(rows, self.enthalpy, self.sound2, self.stiffness)


@dataclass
class Bench:
    """All that stays fixed while events are evolved."""

    names: list[str]
    subjects: list[Any]
    media: list[Medium | None]
    grid: Grid
    momenta: Momenta
    settings: Settings
    run: Run
    given: Given | None  # what the user begins with
    meetings: Meetings
    bins: Bins = field(default_factory=Bins)
    tick: Callable[[int], None] | None = None  # hears of cell-steps; none: the run's meter
    drawn: bool = False  # whether what is given was drawn by these settings: then no event decides another's steps
    hbarc3: float = HBARC**3

    @property
    def count(self) -> int:
        """Number of events."""
        return self.settings.events if self.given is None else len(self.given.energy)

    def fluid(self, medium: Medium, events: range) -> Tensor:
        """e, u^x, u^y [event, 3, y, x] of some events."""
        if self.given is not None:
            return self.given.fluid(events)
        return fluid_of(self.settings, events, medium.matter, self.run, self.meetings.of(events))

    def medium(self, i: int) -> Medium:
        """The equation of state of a subject; a function is asked when its turn comes."""
        if self.media[i] is None:
            value = matter(self.names[i], self.subjects[i], self.run)
            self.media[i] = medium_of(self.names[i], value, self.settings, self.run)
        found = self.media[i]
        assert found is not None
        return found

    @property
    def backend(self) -> Literal["torch", "compiled"]:
        """Which solver the session chose."""
        if self.settings.solver != "auto":
            return self.settings.solver
        fast = self.run.device.type == "cpu" and has_numba()
        return "compiled" if fast else "torch"

    @property
    def is_viscous(self) -> bool:
        """Whether fluids have stresses."""
        return self.settings.eta_over_s > 0 or self.settings.zeta_over_s != "none"

    @functools.cached_property
    def times(self) -> list[float]:
        """Proper times of the steps, which resolve the relaxation time of shear where it is hot."""
        longest = math.inf
        if self.settings.eta_over_s > 0:
            matter = self.medium(0).matter.to("cpu", torch.float64)
            high = self.settings.peak if self.given is None or self.drawn else float(self.given.energy.max())
            hot = float(matter.temperature(torch.tensor(high, dtype=torch.float64)))
            longest = RELAXATION * self.settings.eta_over_s * HBARC / hot / RESOLVED
        return proper_times(self.settings.tau0, self.settings.tau_end, self.grid.dx, longest=longest)

    def course(self, medium: Medium, *, first: bool) -> Course:
        """How to evolve; moments are kept of the first event alone."""
        scheme: Scheme | Viscous = Scheme(medium.matter, self.grid.dx)
        if self.is_viscous:
            scheme = Viscous(medium.matter, self.grid.dx, transport_of(self.settings), level=medium.level)
        return Course(scheme, self.times, medium.level, self.kept if first else (), tick=self.tick or self.run.advance)

    @functools.cached_property
    def kept(self) -> list[int]:
        """Steps that are shown: from the beginning to about the time at which things are cold."""
        count = self.settings.pictures
        last = np.searchsorted(self.times, min(self.settings.tau_end, self.settings.tau0 + LIFETIME))
        looks = min(int(last), len(self.times) - 1) // EVERY
        return sorted({EVERY * round(k * looks / max(count - 1, 1)) for k in range(count)})

    def steps(self) -> int:
        """Cell-steps of all events, about."""
        span = min(LIFETIME, self.settings.tau_end - self.settings.tau0)
        return int(len(self.media) * self.count * self.grid.n**2 * max(1.0, span / (CFL * self.grid.dx)))

    def cost(self) -> float:
        """Bytes of an event."""
        size = 4 if self.run.dtype == torch.float32 else 8
        return SURFACE + size * self.grid.n**2 * (60 + 3 * len(self.kept))

    def coordinates(self) -> dict[str, Any]:
        """Coordinates of the dataset by dimension, with units and names."""
        found: dict[str, tuple[Any, str, str]] = {
            "subject": (self.names, "", "equation of state"),
            "event": (np.arange(self.count), "", "event"),
            "species": (list(SPECIES), "", "kind of particle"),
            "pT": (self.momenta.pt.double().cpu().numpy(), "GeV", "transverse momentum"),
            "phi": (self.momenta.phi.double().cpu().numpy(), "rad", "azimuth"),
            "T": (np.linspace(*TEMPERATURES), "GeV", "temperature"),
            "e": (np.geomspace(*ENERGIES), "GeV/fm³", "energy density"),
        }
        if self.kept:
            axis = self.grid.axis.double().cpu().numpy()
            found["frame"] = ([self.times[k] for k in self.kept], "fm", "proper time")
            found |= {"y": (axis, "fm", "across the impact parameter"), "x": (axis, "fm", "along the impact parameter")}
        return {
            name: (name, values, {"units": unit, "long_name": said}) for name, (values, unit, said) in found.items()
        }

    def title(self) -> str:
        """What was evolved; what is swept stands in the table."""
        if self.given is not None:
            return "Collision, given initial state"
        names = {"PbPb": "Pb–Pb", "AuAu": "Au–Au"}
        system = "Collision" if "system" in self.run.swept else names[self.settings.system]
        if self.run.swept & {"b", "centrality"}:
            return system
        shown = f"{self.settings.centrality.replace('-', '–')} %"
        return f"{system}, {shown if self.meetings.has_class else f'b = {self.settings.b:g} fm'}"


def set_up(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> Bench:
    """Equations of state, grid and momenta, checked.

    Raises:
        Refused: something cannot be evolved as asked; the message names the cure.
    """
    if settings.tau_end <= settings.tau0:
        raise Refused("There is no time to evolve.", given=f"tau0={settings.tau0:g}, tau_end={settings.tau_end:g}",
                      instead="tau_end=40")  # fmt: skip
    if settings.solver == "compiled" and run.device.type != "cpu":
        raise Refused("The compiled solver runs on the CPU.", given=f"device={run.device}", instead="solver=torch")
    if settings.solver == "compiled" and not has_numba():
        raise Refused("The compiled solver needs numba.", given="solver=compiled", instead="pip install numba")
    own, meetings = given(inputs, settings, run), Meetings(settings, run)
    cells = grid(settings, run) if own is None else Grid(own.energy.shape[-1], settings.dx, run.device, run.dtype)
    momenta = gaussian_momenta(settings.pt_nodes, settings.phi_nodes, settings.pt_scale)
    media = [None if callable(value) else medium_of(name, matter(name, value, run), settings, run)
             for name, value in subjects.items()]  # fmt: skip
    bench = Bench(list(subjects), list(subjects.values()), media, cells, momenta, settings, run, own, meetings)
    if own is None and media[0] is not None:  # an initial state that cannot be made is told before anything is evolved
        bench.fluid(media[0], range(1))
    return bench


def medium_of(name: str, found: Matter, settings: Settings, run: Run) -> Medium:
    """An equation of state with what it freezes out into.

    Raises:
        Refused: the temperature at which it does lies outside its table.
    """
    try:
        level = found.energy(settings.freeze_out)
    except ValueError as reason:
        raise Refused(f"{name}: {reason}.", given=f"freeze_out={settings.freeze_out:g}",
                      allowed="a temperature of its rows: e, p in GeV/fm³ and T in GeV") from None  # fmt: skip
    at = torch.tensor(level, dtype=torch.float64)
    heat, sound2, transport = level + float(found.pressure(at)), found.speed2(at), transport_of(settings)
    by_bulk = 0.0 if transport.bulk == 0 else float(transport.by_bulk(sound2))
    by_bulk = by_bulk if by_bulk > SOFT else 0.0
    responses = _responses(settings, run, float(sound2) if by_bulk else None)
    return Medium(name, found, level, heat, float(sound2), by_bulk * heat, responses)


def transport_of(settings: Settings) -> Transport:
    """The viscosities that are asked for."""
    return Transport(settings.eta_over_s, BULK[settings.zeta_over_s])


def _responses(settings: Settings, run: Run, sound2: float | None) -> dict[str, Response]:
    like = torch.empty(0, dtype=run.dtype, device=run.device)
    viscous = settings.eta_over_s > 0 or settings.zeta_over_s != "none"
    asked = settings.freeze_out, settings.pt_nodes, settings.phi_nodes, settings.pt_scale, viscous, sound2
    return {name: _response(asked, species).to(like) for name, species in SPECIES.items()}


@functools.lru_cache(64)
def _response(asked: tuple[float, int, int, float, bool, float | None], species: Species) -> Response:
    temperature, pt, phi, scale, viscous, sound2 = asked
    return Response.of(Bins(), temperature, gaussian_momenta(pt, phi, scale), species, viscous, sound2)
