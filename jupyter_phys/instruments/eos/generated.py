"""From a reading of %eos generate to panels: numbers, where they lie, how they are spread, mean spectra."""

from __future__ import annotations

import numpy as np
import xarray as xr

from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.mark import Axis, Line, Mark
from jupyter_phys.figures.panel import Cell, Panel, Plot, Table
from jupyter_phys.instruments.eos.ensemble import PARAMETERS
from jupyter_phys.instruments.eos.panels import HIGHEST, NUMBERS, told

BINS = 24  # at most


def panels(reading: Reading) -> list[Panel]:
    """Numbers first."""
    data = reading.data
    shown: list[Panel] = [_particles(data), _parameters(data), _work(reading)]
    shown += [_spread(data, name) for name in ("dN_dy", "v2") if np.isfinite(data[name].values).any()]
    return shown + _spectra(data)


def _particles(data: xr.Dataset) -> Table:
    rows: list[list[Cell]] = []
    for subject in data["subject"].values:
        count = int(data["stored"].sel(subject=subject).sum())
        for species in data["species"].values:
            one = data.sel(subject=subject, species=species)
            rows.append([str(subject), count, str(species), *(told(one, name) for name in NUMBERS)])
    return Table("Particles at freeze-out", ["equation of state", "events", "particle", *NUMBERS.values()], rows,
                 note="Means over events, with standard errors in brackets.")  # fmt: skip


def _parameters(data: xr.Dataset) -> Table:
    """What was drawn, from the least to the most; both equations of state see the same."""
    rows: list[list[Cell]] = []
    for name, (unit, said) in PARAMETERS.items():
        values = data[name].values[np.isfinite(data[name].values)]
        if values.size:
            rows.append([name, said, *(f"{one:.4g}" for one in (values.min(), values.mean(), values.max())), unit])
    return Table("Parameters of the events", ["name", "what it is", "least", "mean", "most", "unit"], rows)


def _work(reading: Reading) -> Table:
    data, record = reading.data, reading.record
    rows: list[list[Cell]] = []
    for i, subject in enumerate(data["subject"].values):
        late = int(np.isinf(data["lifetime"].values[i]).sum())
        counts = [int(data["stored"].values[i].sum()), data.sizes["event"], int(data["made"].values[i]), late]
        rows.append([str(subject), *counts])
    made = float(data["made"].sum())
    rate = f"{made / record.seconds:.3g} events a second ({made:.0f} in {record.seconds:.3g} s)" if made else (
        "nothing had to be made"
    )  # fmt: skip
    note = f"In {record.settings['store']}: {rate}, {record.facts['solver']} solver, seed {record.seed}."
    if data["lifetime"].values.size and np.isinf(data["lifetime"].values).any():
        note += f" Not cold at tau_end = {record.settings['tau_end']:g} fm: their particles are withheld."
    return Table("Store", ["equation of state", "in the store", "asked for", "made now", "not cold in time"], rows,
                 note=note)  # fmt: skip


def _spread(data: xr.Dataset, name: str) -> Plot:
    """How a number of pions is spread over events, in steps."""
    values = data[name].values[:, :, 0]
    known = values[np.isfinite(values)]
    edges = np.histogram_bin_edges(known, int(np.clip(2 * known.size ** (1 / 3), 5, BINS)))
    marks: list[Mark] = []
    for i, subject in enumerate(map(str, data["subject"].values)):
        count, _ = np.histogram(values[i][np.isfinite(values[i])], edges)
        marks.append(Line(edges.repeat(2), np.concatenate([[0], count.repeat(2), [0]]), subject))
    return Plot(f"π+ {NUMBERS[name]}", Axis(NUMBERS[name]), Axis("events", low=0), marks, row="Spread over events")


def _spectra(data: xr.Dataset) -> list[Plot]:
    """Over azimuth and events."""
    keep = data["pT"].values <= HIGHEST
    around = data["spectrum_mean"].integrate("phi") / float(xr.ones_like(data["phi"], float).integrate("phi"))
    marks: list[Mark] = [
        Line(data["pT"].values[keep], around.values[i, s][keep], f"{subject}, {species}", dashed=s > 0)
        for i, subject in enumerate(map(str, data["subject"].values))
        for s, species in enumerate(map(str, data["species"].values)) if np.isfinite(around.values[i, s]).all()
    ]  # fmt: skip
    axes = Axis("pT", "GeV"), Axis("dN/(dY pT dpT dφ)", "1/GeV²", log=True)
    return [Plot("Mean spectra", *axes, marks, note="Mean over azimuth and events.")] if marks else []
