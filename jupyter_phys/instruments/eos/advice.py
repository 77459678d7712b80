"""What a reader must know of the numbers, and what is recorded beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.instruments.eos.bench import Bench, Medium
from jupyter_phys.physics.hydro.evolution import CFL, EVERY

CONVERGED = 0.2  # fm, cells with which smooth spectra of a crossover are within 2 % of finer ones
PLATEAU = 1e-3  # c_s² of a mixed phase
DIRECT = "Particles come straight from the surface: no resonances decay into them, and none scatter afterwards."
SHEARED = (
    "Shear changes the spectra at freeze-out without a cut: above pT = 2 GeV they are not to be trusted. Bulk pressure "
    "acts on the flow alone."
)
CUT = 0.001  # share of hot energy that is told


def facts(bench: Bench) -> dict[str, Any]:
    """What the numbers depend on beside settings."""
    return {
        "solver": bench.backend, "cells": bench.grid.n, "cfl": CFL, "look_every": EVERY,
        "levels": dict[str, float](),
        "definition": "boost-invariant; Cooper-Frye of pi+, K+, p without decays of resonances",
    }  # fmt: skip


def mind(bench: Bench, data: xr.Dataset, i: int) -> None:
    """Say what flags the numbers of an equation of state."""
    medium, run = bench.medium(i), bench.run
    run.note(DIRECT)
    lifetimes = data["lifetime"].values[i]
    if np.isinf(lifetimes).any():
        count = int(np.isinf(lifetimes).sum())
        run.warn(f"{medium.name}: particles of {count} event{'s' * (count > 1)} are withheld: not cold at tau_end = "
                 f"{bench.settings.tau_end:g} fm.")  # fmt: skip
    if (data["dN_dy"].values[i, :, 0] <= 0).any():
        run.warn(f"{medium.name}: nothing is hot enough to be a fluid in some events: they have no particles.")
    if bench.is_viscous:
        for name, what in (("shear_cut", "the shear stress was cut"), ("bulk_cut", "the bulk pressure was cut"),
                           ("shear_unresolved", "τ_π is less than three steps"),
                           ("bulk_unresolved", "τ_Π is less than three steps")):  # fmt: skip
            share = float(np.nanmax(data[name].values[i], initial=0.0))
            if share > CUT:
                run.warn(f"{medium.name}: in up to {share:.1%} of the hot energy {what}.")
        run.note(SHEARED)
    if "temperature" in data:
        warm = data["temperature"].values[i]
        rim = np.concatenate([warm[:, 0], warm[:, -1], warm[:, :, 0], warm[:, :, -1]], 1)
        if np.nanmax(rim, initial=0.0) > bench.settings.freeze_out:
            run.warn(f"{medium.name}: the fireball reaches the edge of the grid. A larger extent= has room for it.")
    mind_cells(bench, medium, lumpy=bench.given is not None or bench.settings.initial != "optical")


def mind_cells(bench: Bench, medium: Medium, *, lumpy: bool) -> None:
    """Say where the grid is too coarse for 2 %."""
    is_mixed = bool((medium.matter.sound2 < PLATEAU).sum() > 3)  # pressure stands still over some energy densities
    if bench.grid.dx > CONVERGED + 1e-9 or (is_mixed and lumpy):
        why = "a mixed phase on lumpy states is not converged even with dx = 0.15 fm" if is_mixed and lumpy else (
            f"cells of more than {CONVERGED:g} fm"
        )  # fmt: skip
        bench.run.warn(f"{medium.name}: spectra and v2 may be off by more than 2 % ({why}).")
