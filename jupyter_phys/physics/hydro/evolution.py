"""From initial states to freeze-out surfaces: many events, in torch or compiled for a CPU core."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.physics.hydro import eos as tables
from jupyter_phys.physics.hydro.ideal import VACUUM, Scheme
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.surface import crossings
from jupyter_phys.physics.hydro.transport import Ratio, Transport
from jupyter_phys.physics.hydro.viscous import Viscous, ViscousState

Backend = Literal["torch", "compiled"]
CFL, GROWTH = 0.3, 0.1  # largest dt, in dx and in tau
EVERY = 2  # steps between looks at the surface: more looks are no better
PART = 5 * EVERY  # steps between two chances to stop, and between looks at the edge of the grid
HOTTEST, FASTEST = 1e6, 100.0  # GeV/fm^3 and u^x, u^y that may be given: beyond, float32 runs over


class Moment(NamedTuple):
    """The fluid [event, 3, y, x] (e, u^x, u^y) at a proper time."""

    tau: float
    fluid: Tensor


@dataclass
class Evolved:
    """What became of some events: rows of their surfaces as in `spectra`, and the fluid at some times."""

    surface: Tensor  # of viscous fluids with columns pi^xx, pi^xy, pi^yy, Pi behind
    moments: list[Moment]
    frozen: Tensor  # tau at which all of an event was cold [event]; inf where it never was
    steps: int  # of the longest event
    backend: Backend
    level: float  # energy density of the surface, GeV/fm^3
    regulated: Tensor | None = None  # shares of hot energy [event, 4] where a viscous scheme did not go by the letter:
    # shear cut, bulk cut, tau_pi and tau_Pi not resolved
    outside: Tensor | None = None  # whether an event [event] was hot at the edge of the grid: of it a part is missing


@dataclass(frozen=True)
class Course:
    """How to evolve: the scheme, proper times in fm, the surface's energy density, and which moments to keep."""

    scheme: Scheme | Viscous
    times: Sequence[float]
    level: float
    keep: Sequence[int] = ()  # places in `times`
    every: int = EVERY
    tick: Callable[[int], None] = field(default=lambda steps: None)  # called with the cell-steps done

    def parts(self) -> list[tuple[int, int]]:
        """Stretches between places in `times`, each ending where a moment is kept or somebody may want to stop."""
        ends = sorted({len(self.times) - 1, *self.keep, *range(PART, len(self.times), PART)} - {0})
        return list(zip([0, *ends[:-1]], ends, strict=True))


def proper_times(tau0: float, tau_end: float, dx: float, cfl: float = CFL, longest: float = math.inf) -> list[float]:
    """Steps from tau0 to tau_end, in fm: cfl dx, no more than `longest`, and at first no more than a tenth of tau."""
    times = [tau0]
    while times[-1] < tau_end - 1e-9:
        times.append(min(times[-1] + min(cfl * dx, longest, GROWTH * times[-1]), tau_end))
    return times


def evolve(
    energy: Any, *, eos: str | Matter = "crossover", dx: float, tau0: float, tau_end: float = 40.0,
    eta_over_s: float | Ratio = 0.0, zeta_over_s: float | Ratio = 0.0, freeze_out: float = 0.137,
    flow: Any = None, theta: float = 1.8, keep: int = 0, backend: Backend | None = None,
    tick: Callable[[int], None] | None = None,
) -> Evolved:  # fmt: skip
    """Hydrodynamics of events from proper time tau0 until all is colder than `freeze_out`, or tau_end.

    energy: densities [event, y, x] or [y, x] in GeV/fm^3, float32 or float64, a tensor on any device or an array;
    dx: cell in fm; flow: u^x, u^y [event, 2, y, x], none: at rest; freeze_out: T in GeV; keep: moments that are kept.
    eta_over_s, zeta_over_s: viscosities over the entropy density, numbers or functions of T; with 0 it is ideal.
    The compiled backend runs on the CPU, and is taken there where numba is installed. It reads viscosities that are
    functions of T from fine tables.

    Raises ValueError for energies or viscosities that are negative or not finite, flow that is not finite, a grid or
    times that make no sense, and a freeze-out temperature outside the equation of state's table.
    """
    energy = _tensor(energy)
    fluid = initial_fluid(energy, None if flow is None else _tensor(flow))
    if not (dx > 0 and 0 < tau0 < tau_end):
        raise ValueError(f"dx={dx}, tau0={tau0}, tau_end={tau_end}: needs dx > 0 and 0 < tau0 < tau_end, in fm")
    found = tables.named(eos) if isinstance(eos, str) else eos
    times = proper_times(tau0, tau_end, dx)
    looks = (len(times) - 1) // EVERY
    kept = sorted({EVERY * round(k * looks / max(keep - 1, 1)) for k in range(keep)})
    if not 1 <= theta <= 2:
        raise ValueError(f"theta={theta}: needs 1 (most diffusion) ... 2")
    scheme: Scheme | Viscous = Scheme(found, dx, theta)
    if eta_over_s != 0 or zeta_over_s != 0:
        transport = Transport(eta_over_s, zeta_over_s)
        transport.check(found)
        scheme = Viscous(found, dx, transport, theta)
    course = Course(scheme, times, found.energy(freeze_out), kept, tick=tick or (lambda steps: None))
    fast = energy.device.type == "cpu" and has_numba()
    if backend not in (None, "torch", "compiled"):
        raise ValueError(f"backend={backend!r}: torch or compiled")
    chosen = backend or ("compiled" if fast else "torch")
    return compiled_course(fluid, course) if chosen == "compiled" else torch_course(fluid, course)


def initial_fluid(energy: Tensor, flow: Tensor | None) -> Tensor:
    """e, u^x, u^y [event, 3, y, x]; raises as `evolve`."""
    energy = energy[None] if energy.dim() == 2 else energy
    if energy.dim() != 3 or min(energy.shape[1:]) < 5 or not energy.is_floating_point():
        raise ValueError(f"energy densities {list(energy.shape)} {energy.dtype}: floats [event, y, x], 5 cells or more")
    low, high = energy.aminmax()  # NaN where there is any; no copy of all events
    if not (low >= 0 and high <= HOTTEST):
        raise ValueError(f"energy densities are finite and not negative, {HOTTEST:g} GeV/fm^3 at most")
    flow = energy.new_zeros(len(energy), 2, *energy.shape[1:]) if flow is None else flow.to(energy)
    if flow.shape != (len(energy), 2, *energy.shape[1:]) or not flow.abs().max() <= FASTEST:
        raise ValueError(f"flow {list(flow.shape)}: finite u^x, u^y [event, 2, y, x] (u = v/sqrt(1 - v^2)), within "
                         f"-{FASTEST:g} ... {FASTEST:g}")  # fmt: skip
    return torch.cat([energy[:, None], flow], 1)


def _tensor(given: Any) -> Tensor:
    """Also of arrays that are read backwards."""
    found = given if isinstance(given, Tensor) else torch.as_tensor(np.ascontiguousarray(given))
    return found if found.is_floating_point() or found.is_complex() else found.double()


def _reaches(energy: Tensor, level: float) -> Tensor:
    """Whether the edge of fields [..., y, x] is hot [...]."""
    rim = torch.cat([energy[..., 0, :], energy[..., -1, :], energy[..., 0], energy[..., -1]], -1)
    return rim.amax(-1) > level


def torch_course(fluid: Tensor, course: Course) -> Evolved:
    """All events together, on any device; those that are cold are left out from then on."""
    scheme: Any = replace(course.scheme, matter=course.scheme.matter.to(fluid.device, fluid.dtype))
    state, times, level = scheme.begin(fluid, course.times[0]), course.times, course.level
    alive = torch.arange(len(fluid), device=fluid.device)
    rows, moments = list[Tensor](), list[Moment]()
    tally = fluid.new_zeros(len(fluid), 5)
    frozen, whole, looked, k = torch.full((len(fluid),), torch.inf, dtype=torch.float64), fluid.clone(), 0, 0
    before, outside = state.cells, _reaches(fluid[:, 0], level)
    if 0 in course.keep:
        moments.append(Moment(times[0], fluid.clone()))
    for k in range(1, len(times)):
        state = scheme.step(state, times[k] - times[k - 1])
        if k in course.keep:
            whole[alive] = state.fluid
            moments.append(Moment(times[k], whole.clone()))
        if k % course.every and k < len(times) - 1:
            continue
        part = crossings(before, state.cells, (times[looked], times[k]), level, scheme.dx)
        part[:, 0] = alive[part[:, 0].long()].to(part)
        rows.append(part)
        course.tick((k - looked) * len(alive) * fluid[0, 0].numel())
        if isinstance(state, ViscousState):
            tally[alive] = state.tally
        outside[alive] |= _reaches(state.fluid[:, 0], level)
        before, looked, hot = state.cells, k, state.fluid[:, 0].flatten(1).amax(1) > level
        if not hot.all():
            whole[alive], frozen[alive[~hot].cpu()] = state.fluid, times[k]
            alive, before = alive[hot], before[hot]
            state = state._replace(**{name: one[hot] for name, one in state._asdict().items() if name != "tau"})
            if len(alive) == 0:
                break
    moments += [Moment(times[later], whole.clone()) for later in course.keep if later > k]
    shares = _shares(tally) if isinstance(scheme, Viscous) else None
    return Evolved(torch.cat(rows), moments, frozen, k, "torch", level, shares, outside)


def compiled_course(fluid: Tensor, course: Course) -> Evolved:
    """One event after the other on this core: each stays in its cache."""
    from jupyter_phys.physics.hydro.compiled import Compiled
    from jupyter_phys.physics.hydro.compiled_viscous import CompiledViscous

    fluid, scheme = fluid.cpu().contiguous(), course.scheme
    kind: Any = Compiled if isinstance(scheme, Scheme) else CompiledViscous
    compiled = kind(scheme, np.float32 if fluid.dtype == torch.float32 else np.float64)
    times, stretches = np.asarray(course.times), course.parts()
    start = replace(scheme, matter=scheme.matter.to("cpu", fluid.dtype)).begin(fluid, course.times[0])
    padded, carried = torch.nn.functional.pad(start.cells, (2, 2, 2, 2), mode="replicate"), compiled.carried(start)
    rows = list[Tensor]()
    frozen, longest = torch.full((len(fluid),), torch.inf, dtype=torch.float64), 0
    shown, outside = {k: fluid.clone() for k in course.keep}, _reaches(fluid[:, 0], course.level)
    for event in range(len(fluid)):
        given = [one[event].numpy() for one in (start.conserved, padded, carried)]
        field = given[1]
        for first, last in stretches:
            try:
                part, done = compiled.march(*given, times[first : last + 1], course.every, course.level)
            except SystemError as reason:  # of an interrupt that came while numba was at work
                if isinstance(reason.__cause__, KeyboardInterrupt):
                    raise KeyboardInterrupt from None
                raise
            course.tick(done * fluid[0, 0].numel())
            part[:, 0] = event
            rows.append(torch.from_numpy(part))
            longest, is_cold = max(longest, first + done), bool(field[0].max() <= course.level)
            outside[event] |= _reaches(torch.from_numpy(field[0, 2:-2, 2:-2]), course.level)
            if is_cold:
                frozen[event] = float(times[first + done])
            for k in course.keep:
                if k == first + done or (is_cold and k > first + done):
                    shown[k][event] = torch.from_numpy(field[:3, 2:-2, 2:-2].copy())
            if is_cold:
                break
    moments = [Moment(course.times[k], one) for k, one in shown.items()]
    shares = _shares(carried) if isinstance(start, ViscousState) else None
    return Evolved(torch.cat(rows), moments, frozen, longest, "compiled", course.level, shares, outside)


def _shares(tally: Tensor) -> Tensor:
    """What `Evolved.regulated` tells, of tallies [event, 5]."""
    return tally[:, 1:] / tally[:, :1].clamp_min(VACUUM)


def has_numba() -> bool:
    """Whether the compiled backend can be taken."""
    import importlib.util

    return importlib.util.find_spec("numba") is not None
