"""Fill a store with events, a chunk at a time, and read off what all of them say together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from jupyter_phys.core.cut import Cut
from jupyter_phys.core.measure import describe
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos import advice, store
from jupyter_phys.instruments.eos.compute import EVENTS, PARTICLES, REGULATED, mean_and_error
from jupyter_phys.instruments.eos.ensemble import PARAMETERS, Inputs, Settings
from jupyter_phys.instruments.eos.events import Ensemble
from jupyter_phys.instruments.eos.layout import Layout

SPECTRUM = ("1/GeV²", "dN/(dY pT dpT dφ)")
NUMBERS = PARTICLES | EVENTS | PARAMETERS  # of an event


def measure(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> xr.Dataset:
    """See to it that the chunks of this run are in the store: how many events of each had to be made.

    Raises:
        Refused: nothing can be evolved as asked, or the store holds other events, or cannot be written.
    """
    with torch.no_grad():
        ensemble = Ensemble.of(subjects, settings, run)
        run.facts |= _facts(ensemble)
        shelf = store.prepared(Path(settings.store), _layout(ensemble, subjects), lambda: run.advance(0))
        made = np.full((len(subjects), settings.chunks), np.nan)
        coords = {"subject": list(subjects), "chunk": np.arange(settings.chunks)}
        data = run.keep(xr.Dataset({"made": (("subject", "chunk"), made)}, coords))
        places = [(unit % len(subjects), unit // len(subjects)) for unit in run.units]
        run.expect(sum(len(settings.rows(chunk)) for _, chunk in places))
        for at in places:
            _see_to(ensemble, shelf, at, data.variables["made"])
        _mind(ensemble)
        return data


def _see_to(ensemble: Ensemble, shelf: store.Store, at: store.Place, made: xr.Variable) -> None:
    subject, run = at[0], ensemble.run
    events = shelf.rows(at)
    kept = shelf.keep(at, lambda: ensemble.evolved(subject, events), lambda: run.advance(0))
    made[at] = 0 if kept == "found" else len(events)
    if kept == "found":
        run.advance(len(events))
    if kept == "mended":
        label = ensemble.bench.names[subject]
        run.note(f"{label}: events {events.start} to {events.stop - 1} were damaged on disk, and were made again.")


def _mind(ensemble: Ensemble) -> None:
    """Say what flags the numbers."""
    ensemble.run.note(advice.DIRECT)
    if ensemble.bench.meetings.has_class:
        ensemble.run.note(ensemble.bench.meetings.note())
    if ensemble.bench.is_viscous:
        ensemble.run.note(advice.SHEARED)
    if ensemble.settings.zeta_over_s != "none":
        ensemble.run.note(advice.BULK)
    for i in range(len(ensemble.bench.names)):
        advice.mind_cells(ensemble.bench, ensemble.bench.medium(i), lumpy=ensemble.settings.initial != "optical")


def _facts(ensemble: Ensemble) -> dict[str, Any]:
    told = advice.facts(ensemble.bench)
    del told["levels"]  # those of one temperature
    return told


def _layout(ensemble: Ensemble, subjects: Mapping[str, Any]) -> Layout:
    settings, run = ensemble.settings, ensemble.run
    coords = ensemble.bench.coordinates()
    nothing = set[str]() if ensemble.bench.meetings.has_class else {"centrality", "centrality_by"}  # decides nothing
    made = settings.model_dump(mode="json", exclude={"store", "events"} | nothing)
    variables = {"spectrum": (("species", "pT", "phi"), "float32", *SPECTRUM)}
    variables |= {name: (("species",), "float64", *told) for name, told in PARTICLES.items()}
    variables |= {name: ((), "float64", *told) for name, told in (EVENTS | PARAMETERS).items()}
    variables |= {name: ((), "float64", "", told) for name, told in REGULATED.items()}
    return Layout(
        settings.events, settings.chunk,
        {name: (coords[name][1], coords[name][2]["units"], coords[name][2]["long_name"])
         for name in ("species", "pT", "phi")},
        variables, {label: describe(one) for label, one in subjects.items()},
        made | {"seed": run.seed, "precision": str(run.dtype).removeprefix("torch.")},
    )  # fmt: skip


def joined(data: xr.Dataset, settings: Settings) -> xr.Dataset:
    """What the store holds, summed up for each equation of state: numbers of all events, their means, mean spectra.

    data: events ``made`` [subject, chunk] in this measurement, NaN where it did not come to be. Of a store that has
    grown, those that were asked for.
    """
    shelf = store.open(settings.store, check=False).isel(event=slice(settings.events))
    sealed = shelf["sealed"].values
    found: dict[str, Any] = {
        "made": ("subject", np.nansum(data["made"].values, 1), {"units": "", "long_name": "events made now"})
    }
    for name, (units, said) in NUMBERS.items():
        one = shelf[name]
        values = np.where(sealed.reshape(*sealed.shape, *[1] * (one.ndim - 2)), one.values, np.nan)
        mean, error = (np.stack(parts) for parts in zip(*map(mean_and_error, values), strict=True))
        over = tuple(dim for dim in map(str, one.dims) if dim != "event")
        found[name] = (one.dims, values, {"units": units, "long_name": said})
        found[f"{name}_mean"] = (over, mean, {"units": units, "long_name": f"{said}, mean over events"})
        found[f"{name}_mean_se"] = (over, error, {"units": units, "long_name": f"standard error of {name}_mean"})
    told = {"units": SPECTRUM[0], "long_name": f"{SPECTRUM[1]}, mean over events"}
    found["spectrum_mean"] = (("subject", "species", "pT", "phi"), _mean_spectra(shelf, settings), told)
    coords = {name: shelf.coords[name] for name in ("subject", "event", "species", "pT", "phi")}
    # whether an event is there is a number, so that it can be NaN where a reading is put together with others
    found["stored"] = (("subject", "event"), sealed.astype(float), {"units": "", "long_name": "1: it is in the store"})
    return xr.Dataset(found, coords, {"title": f"Events in {Path(settings.store).name}"})


def _mean_spectra(shelf: xr.Dataset, settings: Settings) -> np.ndarray:
    """Over the events that are there and have particles [subject, species, pT, phi], a chunk at a time."""
    spectrum, sealed = shelf["spectrum"], shelf["sealed"].values
    total = np.zeros((len(sealed), *spectrum.shape[2:]))
    count = np.zeros(len(sealed))
    for subject in range(len(sealed)):
        for rows in map(settings.rows, range(settings.chunks)):
            if sealed[subject, rows.start]:
                values = spectrum[subject, rows.start : rows.stop].values.astype(float)
                is_there = np.isfinite(values).all((1, 2, 3))
                total[subject] += values[is_there].sum(0)
                count[subject] += is_there.sum()
    return np.where(count > 0, total.T / np.maximum(count, 1), np.nan).T


CUT = Cut(
    units=lambda subjects, settings: len(subjects) * settings.chunks,
    joined=joined,
    items=lambda subjects, settings: (len(subjects) * settings.events, "events"),
)
