"""Initial states of %eos: energy densities of the nuclei that are asked for, or the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.meetings import SYSTEMS, Meeting
from jupyter_phys.instruments.eos.settings import NO_CLASS, Inputs, Settings
from jupyter_phys.physics.hydro.evolution import initial_fluid
from jupyter_phys.physics.hydro.initial import glauber, reduced
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.matter import Matter

NUCLEAR = {"system", "initial", "b", "centrality_by", "events", "peak", "p", "gamma", "width", "extent"}
DRAFT = 0.5  # fm, largest cells of a draft


@dataclass(frozen=True)
class Given:
    """The user's energy densities [event, y, x] and flow [event, 2, y, x], if any."""

    energy: Tensor
    flow: Tensor | None

    def fluid(self, events: range) -> Tensor:
        """e, u^x, u^y [event, 3, y, x] of some events."""
        rows = slice(events.start, events.stop)
        return initial_fluid(self.energy[rows], None if self.flow is None else self.flow[rows])


def given(inputs: Inputs, settings: Settings, run: Run) -> Given | None:
    """``energy=`` and ``flow=``; None where nuclei are asked for.

    Raises:
        Refused: no energy densities, flow that does not belong to them, or a centrality, which they have none of.
    """
    if inputs.energy is None:
        if inputs.flow is not None:
            raise Refused("flow= belongs to energy=, of which there is none.", given="flow=", instead="energy=")
        return None
    if settings.centrality != NO_CLASS:
        raise Refused("energy= stands for nuclei, and has no centrality.",
                      given=f"energy= and centrality={settings.centrality}", instead="one of the two")  # fmt: skip
    if idle := settings.changed() & NUCLEAR:
        run.note(f"energy= stands for the nuclei: {settings.said(idle)} decides nothing.")
    energy = _numbers(inputs.energy, "energy=", run)
    energy = energy[None] if energy.dim() == 2 else energy
    flow = None if inputs.flow is None else _numbers(inputs.flow, "flow=", run)
    flow = flow[None] if flow is not None and flow.dim() == 3 else flow
    found = Given(energy, flow)
    try:
        if not energy.numel():
            raise ValueError("there are no energy densities")
        if energy.dim() == 3 and flow is not None and len(flow) != len(energy):
            raise ValueError(f"{len(energy)} energy densities and {len(flow)} flows")
        found.fluid(range(1))
        low, high = energy.aminmax()
        if not (low >= 0 and high < torch.inf):
            raise ValueError("energy densities are finite and not negative")
    except (ValueError, IndexError, RuntimeError) as reason:
        raise Refused(f"No initial state: {reason}.", given=f"energy {list(energy.shape)}",
                      instead="energy densities [event, y, x] in GeV/fm³") from None  # fmt: skip
    if energy.shape[1] != energy.shape[2]:
        raise Refused("The grid is square.", given=list(energy.shape), instead="zeros beside what is narrower")
    return found


def _numbers(value: Any, name: str, run: Run) -> Tensor:
    try:
        return run.tensor(value, complex_too=False)
    except (TypeError, ValueError, RuntimeError) as reason:
        raise Refused(f"{name} is not an array of numbers: {reason}.", given=type(value).__name__) from None


def grid(settings: Settings, run: Run) -> Grid:
    """Cells of the settings; an odd number, so that one lies in the middle. For a draft they are larger."""
    dx = settings.dx
    if run.draft:
        widest = DRAFT if settings.initial == "optical" else settings.width  # what lumps still fit on
        dx = max(dx, min(2 * dx, widest))
    return Grid(2 * round(settings.extent / dx) + 1, dx, run.device, run.dtype)


def fluid_of(
    settings: Settings, events: Sequence[int], matter: Matter, run: Run, met: Sequence[Meeting], *,
    peak: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """e, u^x, u^y [event, 3, y, x] of some events, at rest, that met so; peak [event] stands for that of the settings.

    Raises:
        Refused: cells that are too large for the nucleons, or nuclei that do not meet.
    """
    system, cells = SYSTEMS[settings.system], grid(settings, run)
    whole = torch.ones(len(events), dtype=torch.float64, device=run.device)
    b = torch.tensor([one.b for one in met], dtype=torch.float64, device=run.device)
    peaks = (whole * settings.peak if peak is None else peak)[:, None, None]

    numbers = range(len(events))  # as they stand here

    def draws(row: int) -> torch.Generator:
        return met[row].draws(run, events[row])

    try:
        if settings.initial == "optical":
            some, place = b.unique(return_inverse=True)
            top = glauber.top(system)
            energy = glauber.optical(system, some, cells, peak=top)[place] * (peaks / top)
        elif settings.initial == "glauber":
            found = glauber.monte_carlo(system, b, draws, cells, events=numbers, width=settings.width,
                                        gamma=settings.gamma)  # fmt: skip
            energy = found.density * (peaks / glauber.top(system))
        else:
            found = reduced.reduced_thickness(system, b, draws, cells, events=numbers, width=settings.width,
                                              p=settings.p, gamma=settings.gamma)  # fmt: skip
            # a smooth collision with b = 0 would have the entropy of `peak` where half of its wounded nucleons lie
            full = matter.to(run.device, torch.float64).entropy(peaks)
            energy = matter.energy_of_entropy(found.density * (full / (glauber.top(system, share=1.0) / 2)))
    except ValueError as reason:
        raise Refused(f"No initial state: {reason}.", given=f"initial={settings.initial}",
                      instead="a smaller dx=, or a larger width=") from None  # fmt: skip
    return initial_fluid(energy.to(run.device, run.dtype).contiguous(), None)
