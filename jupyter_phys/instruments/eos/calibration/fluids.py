"""How calibrations evolve fluids: with the solver that a measurement takes there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from jupyter_phys.core.run import Run
from jupyter_phys.physics.hydro.evolution import Course, Evolved, compiled_course, has_numba, torch_course
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.viscous import Viscous, ViscousState

CLOSED, IDENTITY = "closed form", "identity"
Kind = tuple[torch.device, torch.dtype]  # where, and in which precision: by these runs are kept for several cases


def kind(run: Run) -> Kind:
    """Of a run."""
    return run.device, run.dtype


def still(e: Tensor) -> Tensor:
    """e, u^x, u^y [event, 3, y, x] of fluid at rest with e [event, y, x]."""
    return torch.stack([e, torch.zeros_like(e), torch.zeros_like(e)], 1)


def even(start: float, end: float, dt: float) -> list[float]:
    """Times from start to end."""
    return [start + k * dt for k in range(round((end - start) / dt) + 1)]


def evolved(scheme: Scheme, fluid: Tensor, times: Sequence[float], level: float = 0.0) -> Evolved:
    """An ideal fluid to the last time, which is kept; compiled on a CPU."""
    course = Course(scheme, times, level, keep=[len(times) - 1])
    is_fast = fluid.device.type == "cpu" and has_numba()
    return compiled_course(fluid, course) if is_fast else torch_course(fluid, course)


def end(scheme: Scheme, fluid: Tensor, times: Sequence[float]) -> Tensor:
    """The fluid [event, 3, y, x] at the last time, float64 on the CPU."""
    return evolved(scheme, fluid, times).moments[-1].fluid.double().cpu()


def advanced(scheme: Viscous, state: ViscousState, times: Sequence[float]) -> ViscousState:
    """A viscous fluid at the last time."""
    for before, after in itertools.pairwise(times):
        state = scheme.step(state, after - before)
    return state


def on(where: Kind, matter: Matter) -> Matter:
    """Its tables there."""
    return matter.to(*where)
