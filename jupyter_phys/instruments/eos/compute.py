"""Evolve collisions under each equation of state, and read off what freezes out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos import advice, uncut
from jupyter_phys.instruments.eos.bench import Bench, Medium, set_up
from jupyter_phys.instruments.eos.settings import Inputs, Settings
from jupyter_phys.physics.hydro.evolution import Evolved, compiled_course, torch_course
from jupyter_phys.physics.hydro.flow import flow, mean_pt
from jupyter_phys.physics.hydro.initial.shapes import eccentricity
from jupyter_phys.physics.hydro.matter import HIGHEST

ORDERS = (2, 3)
PARTICLES = {
    "dN_dy": ("", "particles a unit of rapidity"), "mean_pT": ("GeV", "mean transverse momentum"),
    "v2": ("", "elliptic flow, integrated over pT"), "v3": ("", "triangular flow, integrated over pT"),
}  # fmt: skip
EVENTS = {
    "lifetime": ("fm", "proper time at which all was cold"), "eccentricity_2": ("", "initial ellipticity"),
    "eccentricity_3": ("", "initial triangularity"), "energy_0": ("GeV/fm", "initial energy dE/dη over τ0"),
}  # fmt: skip
MET = {"impact_parameter": ("fm", "impact parameter")}  # of nuclei
REGULATED = {
    "shear_cut": "share of hot energy where the shear stress was cut", "bulk_cut": "the same of the bulk pressure",
    "shear_unresolved": "share of hot energy where tau_pi was less than three steps, which stood for it",
    "bulk_unresolved": "the same of tau_Pi",
}  # fmt: skip
THERMAL = {
    "pressure": ("T", "", "pressure p/T⁴"), "energy_density": ("T", "GeV/fm³", "energy density"),
    "sound2": ("e", "", "square of the speed of sound"),
}  # fmt: skip


def measure(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> xr.Dataset:
    """Spectra of π, K and p of every event, what is read off them, and the equations of state themselves.

    Raises:
        Refused: an equation of state, an initial state or a grid that makes no sense; the message names the cure.
    """
    with torch.no_grad():
        bench = set_up(subjects, inputs, settings, run)
        data = run.keep(empty(bench))
        run.facts |= advice.facts(bench)
        run.expect(bench.steps())
        for i, name in enumerate(bench.names):
            medium = bench.medium(i)
            run.facts["levels"] = {**run.facts["levels"], name: medium.level}
            _write_thermal(bench, data, i, medium)
            try:
                for batch in run.batches(bench.count, bench.cost()):
                    with batch as where:
                        measure_events(bench, data, i, medium, range(where.start, where.stop))
            finally:
                advice.mind(bench, data, i)
        return data


def measure_events(bench: Bench, data: xr.Dataset, i: int, medium: Medium, events: range) -> None:
    """Evolve some events of an equation of state, and write what is found."""
    fluid = bench.fluid(medium, events)
    course = bench.course(medium, first=events.start == 0)
    evolve = compiled_course if bench.backend == "compiled" else torch_course
    found = evolve(fluid, course)
    into, rows = data.variables, slice(events.start, events.stop)
    ellipse = [eccentricity(fluid[:, 0], bench.grid, n) for n in ORDERS]
    for name, values in (
        ("lifetime", found.frozen), ("eccentricity_2", ellipse[0].size), ("eccentricity_3", ellipse[1].size),
        ("energy_0", fluid[:, 0].double().sum((1, 2)) * bench.grid.dx**2),
    ):  # fmt: skip
        into[name][i, rows] = values.double().cpu().numpy()
    if bench.given is None:
        into["impact_parameter"][i, rows] = [one.b for one in bench.meetings.of(events)]
    advice.mind_ends(bench, medium, fluid[:, 0], found)
    _write_particles(bench, data, i, medium, found, events)
    if found.regulated is not None:
        for name, share in zip(REGULATED, found.regulated.T, strict=True):
            into[name][i, rows] = share.double().cpu().numpy()
    if found.moments and events.start == 0:
        for k, moment in enumerate(found.moments[: data.sizes["frame"]]):
            warm = medium.matter.to(bench.run.device, bench.run.dtype).temperature(moment.fluid[0, 0])
            into["temperature"][i, k] = warm.double().cpu().numpy()
    _mean_over_events(data, i)


def _write_particles(bench: Bench, data: xr.Dataset, i: int, medium: Medium, found: Evolved, events: range) -> None:
    """Spectra, an event at a time: the same in every batch."""
    surface = found.surface
    order = surface[:, 0].argsort(stable=True)
    counts = torch.bincount(surface[:, 0].long(), minlength=len(events)).tolist()
    for event, rows, cold in zip(events, surface[order].split(counts), torch.isfinite(found.frozen), strict=True):
        if not cold:  # part of its particles would be missing
            continue
        rows = rows.clone()
        rows[:, 0] = 0
        fast = torch.hypot(rows[:, 2], rows[:, 3]) / (0.999 * math.sinh(bench.bins.highest))
        if bool((fast > 1).any()):  # spectra have no bins for it
            advice.mind_held(bench, medium, rows, fast > 1)
            rows[:, 2:4] /= fast.clamp_min(1)[:, None]
        stress = medium.stress(rows[:, 7:]) if bench.is_viscous else None
        weights = bench.bins.weights(rows[:, :7], 1, stress)
        if bench.is_viscous and event == 0 and not (bench.drawn or bench.run.draft):
            data.variables["uncut"][i] = uncut.shares(bench, medium, rows).double().cpu().numpy()
        for s, response in enumerate(medium.responses.values()):
            _write_spectrum(bench, data, (i, event, s), response.spectra(weights)[0])
        bench.run.advance(0)


def _write_spectrum(bench: Bench, data: xr.Dataset, at: tuple[int, int, int], rho: Tensor) -> None:
    into, momenta = data.variables, bench.momenta
    found = flow(rho, momenta, ORDERS)
    values = {
        "spectrum": rho, "dN_dy": momenta.integral(rho), "mean_pT": mean_pt(rho, momenta),
        "v2": found.v[0], "v3": found.v[1], "v2_pT": found.v_of_pt[0],
    }  # fmt: skip
    for name, value in values.items():
        into[name][at] = value.double().cpu().numpy()


def _mean_over_events(data: xr.Dataset, i: int) -> None:
    """Means and their standard errors over the events that are measured."""
    for name in (*PARTICLES, *EVENTS, *(MET.keys() & data.variables.keys())):
        data.variables[f"{name}_mean"][i], data.variables[f"{name}_mean_se"][i] = mean_and_error(data[name].values[i])


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis and its standard error, of what is finite; NaN where that is too little."""
    values = np.where(np.isfinite(values), values, np.nan)
    n = np.isfinite(values).sum(0)
    mean = np.where(n > 0, np.nansum(values, 0) / np.maximum(n, 1), np.nan)
    spread = np.sqrt(np.nansum((values - mean) ** 2, 0) / np.maximum(n - 1, 1) / np.maximum(n, 1))
    return mean, np.where(n > 1, spread, np.nan)


def _write_thermal(bench: Bench, data: xr.Dataset, i: int, medium: Medium) -> None:
    matter = medium.matter.to("cpu", torch.float64)
    ends = torch.tensor([matter.known[0], HIGHEST], dtype=torch.float64)
    low, high = matter.temperature(ends).tolist()
    known = (data["T"].values > low) & (data["T"].values < high)
    t = data["T"].values[known]  # soft matter hardly gets warmer: its table ends below
    e = torch.tensor([matter.energy(float(one)) for one in t], dtype=torch.float64)
    into = data.variables
    into["pressure"][i, known] = matter.pressure(e).numpy() / t**4 * bench.hbarc3
    into["energy_density"][i, known] = e.numpy()
    into["sound2"][i] = matter.speed2(torch.from_numpy(data["e"].values.copy())).numpy()


def empty(bench: Bench) -> xr.Dataset:
    """Everything that will be filled, NaN as yet."""
    coords, found = bench.coordinates(), dict[str, Any]()
    sizes = {name: len(values) for name, (_, values, _) in coords.items()}

    def add(name: str, dims: tuple[str, ...], units: str, said: str, **more: str) -> None:
        values = np.full([sizes[dim] for dim in dims], np.nan)
        found[name] = (dims, values, {"units": units, "long_name": said, **more})

    met = MET if bench.given is None else {}
    for names, dims in ((PARTICLES, ("subject", "event", "species")), (EVENTS | met, ("subject", "event"))):
        for name, (units, said) in names.items():
            add(name, dims, units, said)
            over = tuple(dim for dim in dims if dim != "event")
            add(f"{name}_mean", over, units, f"{said}, mean over events")
            add(f"{name}_mean_se", over, units, f"standard error of {name}_mean")
    if bench.is_viscous:
        for name, said in REGULATED.items():
            add(name, ("subject", "event"), "", said)
        add("uncut", ("subject", "species", "pT"), "", "share of the first event's spectrum that |δf| ≤ f would change")
    add("spectrum", ("subject", "event", "species", "pT", "phi"), "1/GeV²", "dN/(dY pT dpT dφ)")
    add("v2_pT", ("subject", "event", "species", "pT"), "", "elliptic flow of one pT, against the event's plane")
    for name, (along, units, said) in THERMAL.items():
        add(name, ("subject", along), units, said)
    if "frame" in sizes:
        add("temperature", ("subject", "frame", "y", "x"), "GeV", "temperature of the first event", role="picture")
    return xr.Dataset(found, coords, {"title": bench.title()})
