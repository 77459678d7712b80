"""From a reading of %eos to panels: numbers, the equations of state, the movie, spectra and flow."""

from __future__ import annotations

import itertools
import math

import numpy as np
import xarray as xr

from jupyter_phys.core.reading import Reading
from jupyter_phys.core.record import Record
from jupyter_phys.figures.mark import Axis, Heat, Line, Mark, Movie, Points
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import Cell, Panel, Plot, Table
from jupyter_phys.instruments.eos.settings import NO_CLASS

NUMBERS = {"dN_dy": "dN/dy", "mean_pT": "⟨pT⟩ (GeV)", "v2": "v2", "v3": "v3"}
ABSENT = "–"
DEPENDS = {
    "freeze_out": "T = {:g} GeV at freeze-out", "eta_over_s": "η/s = {:g}", "zeta_over_s": "ζ/s {}",
    "tau0": "τ0 = {:g} fm", "dx": "cells of {:g} fm",
}  # fmt: skip
ROUNDING = 1e-7  # of what symmetry makes zero
HIGHEST = 3.0  # GeV, pT up to which spectra are drawn


def panels(reading: Reading) -> list[Panel]:
    """Numbers first; along swept axes pictures are those of their first point."""
    data = reading.data
    swept = [str(name) for name in data["dN_dy_mean"].dims if name not in ("subject", "species")]
    first = data.isel(dict.fromkeys(swept, 0))
    shown: list[Panel] = [_particles(data, swept, reading.record), _events(data, swept, reading.record)]
    shown += _against(data, swept)
    shown += [*_thermal(first), *_movie(first, reading.record), *_spectra(first), *_flow(first)]
    return shown


def _points(data: xr.Dataset, swept: list[str]) -> list[tuple[list[str], xr.Dataset]]:
    """The data at every point of the swept axes, with where that is."""
    found: list[tuple[list[str], xr.Dataset]] = []
    for point in itertools.product(*(range(data.sizes[name]) for name in swept)):
        cut = data.isel(dict(zip(swept, point, strict=True)))
        found.append(([_place(cut[name].item()) for name in swept], cut))
    return found


def _place(value: object) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def told(one: xr.Dataset, name: str) -> str:
    """The mean of a number with its standard error."""
    value, error = float(one[f"{name}_mean"]), float(one[f"{name}_mean_se"])
    if math.isnan(value):
        return ABSENT
    if abs(value) < ROUNDING and not error > 0:
        return "0"
    return number(value, error if math.isfinite(error) else None)


def _particles(data: xr.Dataset, swept: list[str], record: Record) -> Table:
    rows: list[list[Cell]] = []
    for places, cut in _points(data, swept):
        for subject, species in itertools.product(data["subject"].values, data["species"].values):
            one = cut.sel(subject=subject, species=species)
            rows.append([*places, str(subject), str(species), *(told(one, name) for name in NUMBERS)])
    count, asked = data.sizes["event"], record.settings
    said = [f"{count} event{'s' * (count > 1)}"]
    said += [form.format(asked[name]) for name, form in DEPENDS.items() if name not in swept]
    solver = "" if {"eta_over_s", "zeta_over_s"} & set(swept) else f", {record.facts['solver']} solver"
    note = f"{', '.join(said)}{solver}, seed {record.seed}."
    if count > 1:
        note += " Errors in brackets are standard errors over events."
    return Table(
        "Particles at freeze-out", [*swept, "equation of state", "particle", *NUMBERS.values()], rows, note=note
    )


def _events(data: xr.Dataset, swept: list[str], record: Record) -> Table:
    names = {"lifetime": "cold at τ (fm)", "eccentricity_2": "ε2", "eccentricity_3": "ε3", "energy_0": "E (GeV/fm)"}
    if "centrality" in swept or record.settings["centrality"] != NO_CLASS:
        names["impact_parameter"] = "b (fm)"
    rows: list[list[Cell]] = []
    for places, cut in _points(data, swept):
        for subject in data["subject"].values:
            one = cut.sel(subject=subject)
            rows.append([*places, str(subject), *(told(one, name) for name in names)])
    note = "ε: eccentricities of the initial energy density; E: its integral over the plane."
    return Table("Fireball", [*swept, "equation of state", *names.values()], rows, note=note)


def _against(data: xr.Dataset, swept: list[str]) -> list[Plot]:
    """Pions along each swept number."""
    plots: list[Plot] = []
    for name in swept:
        if data[name].dtype.kind not in "fiu":
            continue
        axis = Axis(name, str(data[name].attrs.get("units", "")))
        cut = data.isel({other: 0 for other in swept if other != name}).isel(species=0)
        for quantity in ("dN_dy", "v2"):
            marks: list[Mark] = []
            for subject in map(str, data["subject"].values):
                one = cut.sel(subject=subject)
                y, se = one[f"{quantity}_mean"].values, np.nan_to_num(one[f"{quantity}_mean_se"].values)
                marks += [Line(one[name].values, y, subject), Points(one[name].values, y, subject, y_se=se)]
            plots.append(Plot(f"π+ {NUMBERS[quantity]} against {name}", axis, Axis(NUMBERS[quantity]), marks))
    return plots


def _thermal(data: xr.Dataset) -> list[Plot]:
    """Over the energy density, along which a mixed phase has an extent, and over the temperature."""
    plots: list[Plot] = []
    for name, along, label in (("sound2", "e", "cₛ²"), ("pressure", "T", "p/T⁴")):
        axis = Axis(along, str(data[along].attrs["units"]), log=along == "e")
        lines = [Line(data[along].values, data[name].values[i], str(subject))
                 for i, subject in enumerate(data["subject"].values)]  # fmt: skip
        plots.append(Plot(label, axis, Axis(label, low=0.0), lines, row="Equation of state"))
    return plots


def _movie(data: xr.Dataset, record: Record) -> list[Plot]:
    """Temperature over time, and where it is still fluid."""
    if "temperature" not in data:
        return []
    plots: list[Plot] = []
    x, y = ((float(data[n].values[0]), float(data[n].values[-1])) for n in ("x", "y"))
    high = float(np.nanmax(data["temperature"].values, initial=0.0))
    low = float(record.settings["freeze_out"])
    for i, subject in enumerate(data["subject"].values):
        warm = data["temperature"].values[i]
        hot = np.nan_to_num(warm).max((1, 2)) > low
        shown = np.isfinite(warm).all((1, 2)) & (hot | np.roll(hot, 1))  # until nothing is fluid any more
        if not shown.any():
            continue
        # what is colder has frozen out: it takes the colour of the end of the scale
        frames = np.maximum(warm[shown], low)
        movie = Movie(frames, data["frame"].values[shown], Axis("τ", "fm"), x, y, Axis("T", "GeV", low=low, high=high))
        plots.append(Plot(str(subject), Axis("x", "fm"), Axis("y", "fm"), [movie], square=True,
                          row="Temperature of the first event",
                          note=f"Colder than {low:g} GeV nothing is fluid any more."))  # fmt: skip
    return plots


def _spectra(data: xr.Dataset) -> list[Plot]:
    """Pions over momentum and azimuth, then every kind of particle against pT; means over events."""
    rho = _mean_over_events(data["spectrum"])
    keep = data["pT"].values <= HIGHEST
    subjects = [(i, str(one)) for i, one in enumerate(data["subject"].values) if np.isfinite(rho[i]).all()]
    plots = [_map(data, name, rho[i, 0][keep]) for i, name in subjects]
    # nodes of Gauss-Legendre lie so that a plain mean over them is not the mean over azimuth
    phi = data["phi"].values
    around = np.trapezoid(rho, phi, axis=-1) / (phi[-1] - phi[0])
    axes = Axis("pT", "GeV"), Axis("dN/(dY pT dpT dφ)", "1/GeV²", log=True)
    for s, species in enumerate(map(str, data["species"].values)):
        lines = [Line(data["pT"].values[keep], around[i, s][keep], name) for i, name in subjects]
        if lines:
            plots.append(Plot(species, *axes, lines, row="Spectra, mean over azimuth"))
    return plots


def _map(data: xr.Dataset, subject: str, rho: np.ndarray) -> Plot:
    """Relative to the mean over azimuth, as a fall over five decades hides everything else."""
    relative = rho / rho.mean(1, keepdims=True) - 1
    reach = float(np.abs(relative).max()) or 1e-12
    heat = Heat(relative, (float(data["phi"].values[0]), float(data["phi"].values[-1])), (0.0, len(rho) - 1.0),
                Axis("ρ/⟨ρ⟩ − 1", low=-reach, high=reach), subject, palette="diverging")  # fmt: skip
    return Plot(subject, Axis("φ", "rad"), Axis("node in pT"), [heat], row="π+ over azimuth: ρ(pT, φ)/⟨ρ⟩ − 1",
                note="Nodes in pT from 0.008 GeV upwards; over azimuth they are not quite even.")  # fmt: skip


def _flow(data: xr.Dataset) -> list[Plot]:
    keep = data["pT"].values <= HIGHEST
    v2, plots = _mean_over_events(data["v2_pT"]), list[Plot]()
    for s, species in enumerate(map(str, data["species"].values)):
        lines = [Line(data["pT"].values[keep], v2[i, s][keep], str(subject))
                 for i, subject in enumerate(data["subject"].values) if np.isfinite(v2[i, s]).all()]  # fmt: skip
        if lines:
            row = "Elliptic flow v2(pT), against each event's own plane"
            plots.append(Plot(species, Axis("pT", "GeV"), Axis("v2"), lines, row=row))
    return plots


def _mean_over_events(values: xr.DataArray) -> np.ndarray:
    return values.mean("event", skipna=True).values
