"""How the nuclei of each event meet: at one impact parameter, or drawn from a class of centrality."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.settings import NO_CLASS, Settings
from jupyter_phys.physics.hydro.initial.centrality import by_entropy, percentile
from jupyter_phys.physics.hydro.initial.collision import AU_AU, PB_PB
from jupyter_phys.physics.hydro.initial.draws import uniforms
from jupyter_phys.physics.hydro.initial.glauber import left_behind
from jupyter_phys.physics.hydro.initial.grid import NARROWEST, Grid
from jupyter_phys.physics.hydro.initial.reduced import reduced_thickness

EVENT, MEETING = 0, 2  # kinds of draws; 1 are those of %eos generate
SYSTEMS = {"PbPb": PB_PB, "AuAu": AU_AU}
TABLE, SEED = 1000, 20_300  # collisions of all centralities whose entropies are ranked: edges hold to 1 % of all
MOST = 99.9  # percent of all collisions within the largest b that is tried
TRIES, MARGIN = 8, 1.5  # at a time; fm beyond the b that the table has in a class, where none of it is looked for
REACH = 12.0  # fm, of the grid that entropies are summed on


class Meeting(NamedTuple):
    """b in fm, and which of its tries an event took, where it had several."""

    b: float
    attempt: int | None = None

    def draws(self, run: Run, event: int) -> Generator:
        """Of the nucleons."""
        return run.generator(EVENT, event, *(() if self.attempt is None else (self.attempt,)))


class Kind(NamedTuple):
    """What decides the entropy of nuclei that meet at some b."""

    system: str
    initial: str
    width: float
    p: float
    gamma: float

    @staticmethod
    def of(settings: Settings) -> Kind:
        """Of these settings."""
        return Kind(*(getattr(settings, name) for name in Kind._fields))

    def total(self, b: Tensor, generator: Callable[[int], Generator]) -> Tensor:
        """Of events [event] up to a factor: of Glauber's model what is left behind, else integrals of the density."""
        system = SYSTEMS[self.system]
        if self.initial == "glauber":
            return left_behind(system, b, generator, gamma=self.gamma)
        dx = self.width / NARROWEST
        grid = Grid(2 * round(REACH / dx) + 1, dx)
        found = reduced_thickness(system, b, generator, grid, width=self.width, p=self.p, gamma=self.gamma)
        return found.density.sum((1, 2))


@lru_cache(16)
def ranked(kind: Kind) -> tuple[Tensor, Tensor]:
    """b and entropy of collisions of all centralities, at even steps of b^2."""
    b = furthest(kind.system) * ((torch.arange(TABLE, dtype=torch.float64) + 0.5) / TABLE).sqrt()
    return b, kind.total(b, lambda event: torch.Generator().manual_seed(SEED + event))


def furthest(system: str) -> float:
    """Largest b that is tried, fm."""
    return float(percentile(SYSTEMS[system], torch.tensor(MOST, dtype=torch.float64)))


@dataclass
class Meetings:
    """Of all events of a run; each depends on its number and the seed alone."""

    settings: Settings
    run: Run
    known: dict[int, Meeting] = field(default_factory=dict[int, Meeting])

    @property
    def has_class(self) -> bool:
        """Whether impact parameters are drawn."""
        return self.settings.centrality != NO_CLASS

    @property
    def is_ranked(self) -> bool:
        """Whether by entropy; of a smooth state that is by the impact parameter."""
        asked = self.settings
        return self.has_class and asked.centrality_by == "entropy" and asked.initial != "optical"

    def of(self, events: Sequence[int]) -> list[Meeting]:
        """Those of some events."""
        if not self.has_class:
            return [Meeting(self.settings.b)] * len(events)
        new = [event for event in events if event not in self.known]
        if new and self.is_ranked:
            self._try(new)
        elif new:
            u = uniforms([self.run.generator(MEETING, event) for event in new])
            self.known.update((event, Meeting(b)) for event, b in zip(new, self.at(u).tolist(), strict=True))
        return [self.known[event] for event in events]

    def at(self, shares: Tensor) -> Tensor:
        """b at shares 0 ... 1 of the events of a class."""
        low, high = self.settings.percents
        return percentile(SYSTEMS[self.settings.system], low + (high - low) * shares)

    def _try(self, events: Sequence[int]) -> None:
        """Collisions of all centralities, until each event has one of the class."""
        edges, (near, far) = self._edges, self._span
        kind, most = Kind.of(self.settings), furthest(self.settings.system)
        for start in itertools.count(0, TRIES):
            waiting = [event for event in events if event not in self.known]
            if not waiting:
                return
            tries = [(event, attempt) for event in waiting for attempt in range(start, start + TRIES)]
            u = uniforms([self.run.generator(MEETING, *one) for one in tries])
            b = most * u.sqrt()
            some = ((b > near - MARGIN) & (b < far + MARGIN)).nonzero()[:, 0].tolist()
            total = torch.zeros_like(b)
            if some:
                total[some] = kind.total(b[some], self._generator([tries[k] for k in some]))
            for k in ((total <= edges[0]) & (total > edges[1])).nonzero()[:, 0].tolist():
                self.known.setdefault(tries[k][0], Meeting(float(b[k]), tries[k][1]))
            self.run.advance(0)

    def _generator(self, tries: Sequence[tuple[int, int]]) -> Callable[[int], Generator]:
        return lambda k: self.run.generator(EVENT, *tries[k])

    @property
    def _edges(self) -> tuple[float, float]:
        """Entropies of a class, from above."""
        low, high = self.settings.percents
        table = by_entropy(ranked(Kind.of(self.settings))[1], sorted({0.0, low, high}))
        return table.between(low, high)

    @property
    def _span(self) -> tuple[float, float]:
        """Least and largest b of a class, by entropy among those that were ranked."""
        if not self.is_ranked:
            low, high = self.at(torch.tensor([0.0, 1.0], dtype=torch.float64)).tolist()
            return low, high
        (b, total), edges = ranked(Kind.of(self.settings)), self._edges
        inside = b[(total <= edges[0]) & (total > edges[1])]
        return float(inside.min()), float(inside.max())

    def told(self) -> dict[str, Any]:
        """For the record: the class, what it goes by, and its b in fm."""
        low, high = self._span
        by = "entropy" if self.is_ranked else "b"
        return {"percent": list(self.settings.percents), "by": by, "b": [round(low, 3), round(high, 3)]}

    def note(self) -> str:
        """The same in words."""
        low, high = self._span
        shown = self.settings.centrality.replace("-", "–")
        if self.is_ranked:
            return (f"Centrality {shown} % by the entropy of {self.settings.initial} initial states: b = {low:.1f} … "
                    f"{high:.1f} fm among {TABLE} collisions that were ranked.")  # fmt: skip
        return f"Centrality {shown} % of the inelastic cross section of optical Glauber: b = {low:.2f} … {high:.2f} fm."
