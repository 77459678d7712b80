"""What a reader must know of the numbers, and what is recorded beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from jupyter_phys.instruments.eos.bench import Bench, Medium
from jupyter_phys.physics.hydro.evolution import CFL, EVERY, Evolved

CONVERGED = 0.2  # fm, cells with which smooth spectra of a crossover are within 2 % of finer ones
PLATEAU = 1e-3  # c_s² of a mixed phase
DIRECT = "Particles come straight from the surface: no resonances decay into them, and none scatter afterwards."
SHEARED = (
    "Shear and bulk pressure change the spectra at freeze-out, without a cut where |δf| exceeds f: above pT = 2 GeV "
    "they are not to be trusted."
)
BULK = (
    "δf of bulk pressure has one relaxation time and hydrodynamics' own β_Π, no sum over hadrons: pions, kaons and "
    "protons do not add up to Π."
)
SOFT, HARD = 2.0, 3.0  # GeV, up to which a cut should change little, and up to which spectra are shown
MUCH = 0.05  # of a soft spectrum
CUT = 0.001  # share of hot energy that is told
HELD = 0.01  # share of what flows through a surface


def facts(bench: Bench) -> dict[str, Any]:
    """What the numbers depend on beside settings."""
    has_one = bench.meetings.has_class and not bench.run.swept & {"centrality", "centrality_by", "system", "initial"}
    met = {"centrality": bench.meetings.told()} if has_one else {}
    return {
        "solver": bench.backend, "cells": bench.grid.n, "cfl": CFL, "look_every": EVERY,
        "levels": dict[str, float](),
        "definition": "boost-invariant; Cooper-Frye of pi+, K+, p without decays of resonances", **met,
    }  # fmt: skip


def mind(bench: Bench, data: xr.Dataset, i: int) -> None:
    """Say what flags the numbers of an equation of state."""
    medium, run = bench.medium(i), bench.run
    run.note(DIRECT)
    if bench.meetings.has_class:
        run.note(bench.meetings.note())
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
        _mind_spectra(bench, data, i)
    mind_cells(bench, medium, lumpy=bench.given is not None or bench.settings.initial != "optical")


def _mind_spectra(bench: Bench, data: xr.Dataset, i: int) -> None:
    """Say how far δf can be trusted."""
    name, run, pt = bench.names[i], bench.run, data["pT"].values
    if bench.medium(i).stiffness > 0:
        run.note(BULK)
    most = data["uncut"].values[i].max(0)
    if np.isnan(most).any():
        run.note(SHEARED)
    else:
        soft, hard = (np.max(most[pt < high], initial=0.0) for high in (SOFT, HARD))
        say = run.warn if soft > MUCH else run.note
        say(f"{name}: spectra are not cut where |δf| exceeds f. That would change them by up to {soft:.1%} below pT = "
            f"{SOFT:g} GeV, and {hard:.1%} below {HARD:g} GeV (a sample of the first event's surface).")  # fmt: skip
    spoilt = (data["spectrum"].values[i] <= 0).any((0, 1, 3)) & (data["dN_dy"].values[i] > 0).any()
    if spoilt.any():
        run.warn(f"{name}: from pT = {pt[spoilt].min():.2g} GeV on, some spectra are negative: δf exceeds f there.")


def mind_ends(bench: Bench, medium: Medium, energy: Tensor, found: Evolved) -> None:
    """Say where a fireball [event, y, x] goes on beyond the grid, or is hotter than the equation of state is known."""
    if found.outside is not None and bool(found.outside.any()):
        cure = "A larger extent= has" if bench.given is None or bench.drawn else "Zeros around energy= have"
        bench.run.warn(f"{medium.name}: the fireball reaches the edge of the grid, and what lies beyond is missing. "
                       f"{cure} room for it.")  # fmt: skip
    if float(energy.max()) > medium.matter.known[1] * (1 + 1e-6):
        bench.run.warn(f"{medium.name}: collisions begin hotter than the last row, e = {medium.matter.known[1]:.3g} "
                       "GeV/fm³: p/e is taken to stay from there on.")  # fmt: skip


def mind_held(bench: Bench, medium: Medium, rows: Tensor, held: Tensor) -> None:
    """Say if much of what flows through a surface [element, 11] is slowed down to what spectra have bins for."""
    u = torch.stack([(1 + rows[:, 2] ** 2 + rows[:, 3] ** 2).sqrt(), rows[:, 2], rows[:, 3]], 1)
    through = (u * rows[:, 4:7]).sum(1).abs()
    much = bool(through[held].sum() > HELD * through.sum())
    say, part = (bench.run.warn, "more") if much else (bench.run.note, "less")
    say(f"{medium.name}: on {part} than {HELD:.0%} of some surfaces the flow's rapidity is held to "
        f"{bench.bins.highest:g}{': what comes from there is too slow' * much}.")  # fmt: skip


def mind_cells(bench: Bench, medium: Medium, *, lumpy: bool) -> None:
    """Say where the grid is too coarse for 2 %."""
    is_mixed = bool((medium.matter.sound2 < PLATEAU).sum() > 3)  # pressure stands still over some energy densities
    if bench.grid.dx > CONVERGED + 1e-9 or (is_mixed and lumpy):
        why = "a mixed phase on lumpy states is not converged even with dx = 0.15 fm" if is_mixed and lumpy else (
            f"cells of more than {CONVERGED:g} fm"
        )  # fmt: skip
        bench.run.warn(f"{medium.name}: spectra and v2 may be off by more than 2 % ({why}).")
