"""Hydrodynamics compiled beside torch, binned Cooper-Frye beside the direct sum, and what coarse cells cost.

CPU time of one thread; rates in million cell-steps (both stages of a step) a CPU second. Gates: ideal compiled at least
10 times eager, viscous at least 5 times, binned spectra at least 50 times at 3e-3 below pT = 2 GeV. A peer of yours:
JUPYTER_PHYS_HYDRO_PEER='command {initial} {dx} {tau0}' runs it on the same energy density (text, [y, x], GeV/fm^3); its
last printed word is the number of its steps.
"""

import os
import resource
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

import jupyter_phys as jp
from jupyter_phys.physics.hydro.binned import Bins, Response
from jupyter_phys.physics.hydro.eos import named
from jupyter_phys.physics.hydro.evolution import Evolved, evolve
from jupyter_phys.physics.hydro.flow import flow, mean_pt
from jupyter_phys.physics.hydro.initial import glauber, reduced
from jupyter_phys.physics.hydro.initial.collision import PB_PB
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.spectra import cooper_frye, gaussian_momenta

TAU0, FREEZE = 0.6, 0.137
MOMENTA = gaussian_momenta()
ROUNDS = 3


def lumpy(events: int, n: int, dx: float, seed: int = 0) -> Tensor:
    """Energy densities [event, y, x] of reduced thickness, b = 6 fm; a smooth one has 30 GeV/fm^3 at b = 0."""
    grid, matter = Grid(n, dx), named("crossover")

    def draws(event: int) -> torch.Generator:
        return torch.Generator().manual_seed(1000 * seed + event)

    b = torch.full((events,), 6.0, dtype=torch.float64)
    found = reduced.reduced_thickness(PB_PB, b, draws, grid, width=0.5).density
    full = float(matter.entropy(torch.tensor(30.0, dtype=torch.float64)))
    return matter.energy_of_entropy(found * (full / (glauber.top(PB_PB, share=1.0) / 2)))


def cpu(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start


def rate(energy: Tensor, steps: list[int], **how: object) -> float:
    """Million cell-steps a CPU second, surfaces found too."""

    def task() -> None:
        steps.clear()
        evolve(energy, dx=0.2, tau0=TAU0, freeze_out=FREEZE, tick=steps.append, **how)  # type: ignore[arg-type]

    seconds = cpu(task)
    return sum(steps) / seconds / 1e6


def line(name: str, value: str, gate: str = "", met: bool | None = None) -> None:
    said = "" if met is None else f"  {gate}: {'met' if met else 'not met'}"
    print(f"  {name:48} {value}{said}")


def solvers() -> None:
    energy = lumpy(8, 65, 0.2)
    print("65², float64, 8 lumpy events of a crossover until cold, dx 0.2 fm, surfaces included:")
    for kind, viscosity, least in (("ideal", 0.0, 10), ("viscous, η/s 0.12", 0.12, 5)):
        rates: dict[str, list[float]] = {"torch": [], "compiled": []}
        steps: list[int] = []
        for backend in rates:
            try:
                evolve(energy[:1], dx=0.2, tau0=TAU0, tau_end=1.0, eta_over_s=viscosity, backend=backend)  # type: ignore[arg-type]
            except ValueError as reason:
                print(f"  {kind}, {backend}: {reason}")
        for _ in range(ROUNDS):
            for backend, found in rates.items():
                try:
                    found.append(rate(energy, steps, eta_over_s=viscosity, backend=backend))
                except ValueError:
                    continue
        eager = median(rates["torch"])
        line(f"{kind}, eager", f"{eager:6.2f} M/s")
        if rates["compiled"]:
            ratio = median(b / a for a, b in zip(rates["torch"], rates["compiled"], strict=True))
            line(f"{kind}, compiled", f"{median(rates['compiled']):6.2f} M/s, {ratio:.1f} times eager",
                 f"at least {least}", ratio >= least)  # fmt: skip
    evolve(energy[:1].float(), dx=0.2, tau0=TAU0, tau_end=1.0, backend="compiled")  # compiled anew for float32
    single = rate(energy.float(), [], backend="compiled")
    line("ideal, compiled, float32", f"{single:6.2f} M/s")
    peer(energy[0])


def peer(energy: Tensor) -> None:
    command = os.environ.get("JUPYTER_PHYS_HYDRO_PEER")
    if not command:
        line("a peer", "none named")
        return
    with tempfile.TemporaryDirectory() as folder:
        initial = Path(folder) / "initial.dat"
        np.savetxt(initial, energy.numpy())
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = subprocess.run(shlex.split(command.format(initial=initial, dx=0.2, tau0=TAU0)), cwd=folder, check=True,
                              capture_output=True, text=True).stdout  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    line("the peer", f"{int(said.split()[-1]) * energy.numel() / seconds / 1e6:6.2f} M/s")


def spectra() -> None:
    smooth = glauber.optical(PB_PB, torch.tensor([6.0], dtype=torch.float64), Grid(101, 0.2))
    bins = Bins()
    response = Response.of(bins, FREEZE, MOMENTA)
    print("Cooper-Frye, pions, 15 x 48, an event:")
    for name, energy in (("smooth", smooth), ("lumpy", lumpy(1, 101, 0.2))):
        surface = evolve(energy, dx=0.2, tau0=TAU0, freeze_out=FREEZE).surface
        exact, direct = torch.empty(0), 0.0
        start = time.process_time()
        exact = cooper_frye(surface, 1, FREEZE, MOMENTA)
        direct = time.process_time() - start
        task = lambda surface=surface: response.spectra(bins.weights(surface, 1))  # noqa: E731
        quick = median(cpu(task) for _ in range(2 * ROUNDS + 1))
        low = MOMENTA.pt < 2
        off = float((task()[:, low] / exact[:, low] - 1).abs().max())
        said = (
            f"{1e3 * direct:7.0f} ms direct, {1e3 * quick:5.1f} ms binned, {direct / quick:.0f} times, off by {off:.0e}"
        )
        met = direct / quick >= 50 and off < 3e-3
        line(f"{name}, {len(surface)} elements", said, "at least 50 at 3e-3", met)


def ensemble() -> None:
    start, wall = time.process_time(), time.perf_counter()
    count = 24
    jp.eos("crossover", initial="reduced", events=count, b=6, pictures=0, progress=False)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    minutes = 2000 * seconds / count / 2 / 60
    print(f"%eos of {count} lumpy events, 101², dx 0.2 fm, spectra of three kinds included:")
    line("a CPU second an event", f"{seconds / count:6.2f} s ({wall / count:.2f} s by the clock)")
    line("2,000 events on two cores would take", f"{minutes:6.1f} min", "at most 10", minutes <= 10)


def read(found: Evolved, events: int) -> dict[str, Tensor]:
    bins = Bins()
    rho = Response.of(bins, FREEZE, MOMENTA).spectra(bins.weights(found.surface, events))
    low = MOMENTA.pt < 2
    around = (rho[:, low] * MOMENTA.phi_weight).sum(-1)
    return {
        "N": MOMENTA.integral(rho),
        "<pT>": mean_pt(rho, MOMENTA),
        "v2": flow(rho, MOMENTA).v[:, 0],
        "spectrum": around,
    }


def convergence() -> None:
    print(
        "Against dx 0.1 fm (one initial state, sampled on each grid), worst of 4; % of N, <pT>, v2, spectrum < 2 GeV:"
    )
    for eos in ("crossover", "first_order"):
        for name in ("smooth", "lumpy"):
            found: dict[float, dict[str, Tensor]] = {}
            for dx in (0.1, 0.15, 0.2, 0.3, 0.4):
                n = 2 * round(10 / dx) + 1
                b = torch.tensor([3.0, 5.0, 7.0, 9.0], dtype=torch.float64)
                energy = glauber.optical(PB_PB, b, Grid(n, dx)) if name == "smooth" else lumpy(4, n, dx, 1)
                found[dx] = read(evolve(energy, eos=eos, dx=dx, tau0=TAU0, freeze_out=FREEZE), 4)
            for dx in (0.15, 0.2, 0.3, 0.4):
                off = {k: 100 * float((found[dx][k] / found[0.1][k] - 1).abs().max()) for k in found[dx]}
                worst = max(off.values())
                line(f"{eos}, {name}, dx {dx:g}", "  ".join(f"{k} {v:5.2f}" for k, v in off.items()), "2 %", worst <= 2)


def main() -> None:
    torch.set_num_threads(1)
    solvers()
    spectra()
    ensemble()
    convergence()


if __name__ == "__main__":
    main()
