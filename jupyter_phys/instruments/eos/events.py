"""Chunks of events: parameters drawn, evolved, and read off. An event is the same in any chunk and on any worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.bench import Bench, Medium, medium_of, set_up
from jupyter_phys.instruments.eos.collisions import Given, fluid_of
from jupyter_phys.instruments.eos.compute import EVENTS, PARTICLES, REGULATED, empty, measure_events
from jupyter_phys.instruments.eos.ensemble import PARAMETERS, Settings
from jupyter_phys.instruments.eos.meetings import Meeting
from jupyter_phys.instruments.eos.settings import Inputs

DRAW = 1  # kind of draws; 0 are those of the initial state
Group = tuple[float, float, float]  # tau0, eta/s, temperature at freeze-out


@dataclass
class Ensemble:
    """What all chunks share: checked settings, and equations of state with what they freeze out into."""

    bench: Bench
    settings: Settings
    run: Run
    media: dict[tuple[int, float, bool], Medium] = field(default_factory=dict[tuple[int, float, bool], Medium])

    @staticmethod
    def of(subjects: Mapping[str, Any], settings: Settings, run: Run) -> Ensemble:
        """Checked before anything is evolved.

        Raises:
            Refused: as a single collision would be.
        """
        return Ensemble(set_up(subjects, Inputs(), settings.single(), run), settings, run)

    def parameters(self, event: int) -> dict[str, float]:
        """Those of an event; what one of them is set to moves no other."""
        draws = torch.rand(len(PARAMETERS), generator=self.run.generator(DRAW, event), dtype=torch.float64)
        found = self.settings.drawn(iter(draws.tolist()))
        meetings = self.bench.meetings
        if meetings.is_ranked:
            found["b"] = meetings.of([event])[0].b
        elif meetings.has_class:
            found["b"] = float(meetings.at(draws[:1]))  # the number that b is always made from
        return found

    def evolved(self, subject: int, events: range) -> dict[str, np.ndarray]:
        """All that is stored of some events of an equation of state [event, ...] in float64."""
        drawn = [self.parameters(event) for event in events]
        found = {name: np.array([one[name] for one in drawn]) for name in PARAMETERS}
        groups: dict[Group, list[int]] = {}
        for row, one in enumerate(drawn):
            groups.setdefault((one["tau0"], one["eta_over_s"], one["freeze_out"]), []).append(row)
        for group, rows in groups.items():
            for batch in self.run.batches(len(rows), self.bench.cost()):
                with batch as some:
                    self._evolve(subject, group, events, rows[some], drawn, found)
        return found

    def _evolve(
        self, subject: int, group: Group, events: range, rows: Sequence[int],
        drawn: Sequence[Mapping[str, float]], found: dict[str, np.ndarray],
    ) -> None:  # fmt: skip
        """One evolution of events that differ in their initial states only."""
        mine = self._bench(subject, group)
        peak = torch.tensor([drawn[row]["peak"] for row in rows], dtype=torch.float64, device=self.run.device)
        one, numbers, meetings = mine.medium(0), [events[row] for row in rows], self.bench.meetings
        met = meetings.of(numbers) if meetings.is_ranked else [Meeting(drawn[row]["b"]) for row in rows]
        mine.given = Given(fluid_of(mine.settings, numbers, one.matter, self.run, met, peak=peak)[:, 0], None)
        data = empty(mine)
        measure_events(mine, data, 0, one, range(len(rows)))
        for name in ("spectrum", *PARTICLES, *EVENTS, *REGULATED):
            if name in data:
                values = data[name].values[0]
                found.setdefault(name, np.full((len(events), *values.shape[1:]), np.nan))[rows] = values
        self.run.advance(len(rows))

    def _bench(self, subject: int, group: Group) -> Bench:
        tau0, eta_over_s, freeze_out = group
        settings = self.settings.single(tau0=tau0, eta_over_s=eta_over_s, freeze_out=freeze_out)
        key = subject, freeze_out, eta_over_s > 0
        if key not in self.media:
            shared = self.bench.medium(subject)
            self.media[key] = medium_of(shared.name, shared.matter, settings, self.run)
        # a stop is heard at every look, but events are counted, not steps
        one = {"names": [self.media[key].name], "subjects": [None], "media": [self.media[key]]}
        return replace(self.bench, **one, settings=settings, drawn=True, tick=lambda steps: self.run.advance(0))
