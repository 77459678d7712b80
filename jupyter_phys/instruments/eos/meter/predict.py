"""Read spectra of the user's with a trained meter: which equation of state, how sure, and whether it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.core.run import Run
from jupyter_phys.figures.mark import Axis, Line, Mark, Points
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import Cell, Panel, Plot, Table
from jupyter_phys.instruments.eos.meter.bins import Counts, Numbered, in_words, is_same, momenta_of
from jupyter_phys.instruments.eos.meter.examples import Array, Spectra, has_particles, of_arrays, of_dataset, opened
from jupyter_phys.instruments.eos.meter.judged import BINS
from jupyter_phys.instruments.eos.meter.reader import Reader, load
from jupyter_phys.instruments.eos.meter.settings import Grid, Predict
from jupyter_phys.instruments.eos.meter.training import PIXEL

SHOWN = 50  # rows


def measure(subjects: Mapping[str, Any], inputs: Grid, settings: Predict, run: Run) -> xr.Dataset:
    """Probability of every class, and how such answers fared on events held out, for every spectrum.

    Raises:
        Refused: no meter, spectra on another grid, or none that is like anything in training.
    """
    reader = load(settings.meter)
    if settings.species not in ("", species := reader.how["species"]):
        raise Refused(f"This meter has learnt from {species}.", given=f"species={settings.species}",
                      instead=f'%eos meter ... species="{settings.species}" save="other.pt"')  # fmt: skip
    asked = {name: _asked(name, value, inputs, species, reader) for name, value in subjects.items()}
    for name, one in asked.items():
        _refuse_grid(name, one, reader)
    longest = max(map(len, asked.values()))
    data = run.keep(_empty(list(asked), longest, reader))
    run.facts |= {"limit": reader.likeness.limit, "classes": list(reader.classes)}
    run.expect(sum(map(len, asked.values())))
    for i, (name, one) in enumerate(asked.items()):
        _read(reader, data, i, name, one, run)
    run.note("Probabilities hold for equations of state, initial states and a model like those in training; a third "
             "equation of state gets one of these names too.")  # fmt: skip
    return data


def _read(reader: Reader, data: xr.Dataset, i: int, name: str, of: Spectra, run: Run) -> None:
    """Distances first: where none is near enough, nothing is answered."""
    distance = data["distance"].values[i, : len(of)]
    for batch in run.batches(len(of), of.rho[0].size * PIXEL):
        with batch as items:
            distance[items] = reader.likeness.distance(reader.inputs(of.part(items))).numpy()
    limit = reader.likeness.limit
    strange = ~(distance <= limit)
    if strange.all():
        raise Refused(f"{name}: no spectrum is like anything that the meter has learnt from.",
                      given=f"distance {np.min(distance):.3g} at least", allowed=f"up to {limit:.3g}",
                      instead="a meter that is trained on such collisions")  # fmt: skip
    if strange.any():
        run.warn(
            f"{name}: {int(strange.sum())} of {len(of)} spectra get no answer: they are unlike anything in training."
        )
    rows = np.flatnonzero(~strange)
    for batch in run.batches(len(rows), of.rho[0].size * PIXEL):
        with batch as items:
            _answer(reader, data, i, rows[items], of.part(rows[items]), run)
    if strange.any():
        run.advance(int(strange.sum()))


def _answer(reader: Reader, data: xr.Dataset, i: int, rows: NDArray[Any], of: Spectra, run: Run) -> None:
    """Probabilities, and how answers of such a probability fared on events held out."""
    p = reader.probabilities(reader.inputs(of), run).numpy()
    if reader.reliability is not None:
        least = 1 / len(reader.classes)
        which = np.clip(((p.max(1) - least) / (1 - least) * BINS).astype(int), 0, BINS - 1)
        n, right = reader.reliability.answers[which], reader.reliability.right[which]
        hits = np.nan_to_num(right * n)
        se = np.sqrt((hits + 1) * (n - hits + 1) / ((n + 2) ** 2 * (n + 3)))
        data["right"].values[i, rows] = np.where(n == 0, np.nan, right)
        data["right_se"].values[i, rows] = np.where(n == 0, np.nan, se)
    data["probability"].values[i, rows] = p
    run.advance(len(rows))


def _asked(name: str, value: Any, inputs: Grid, species: str, reader: Reader) -> Spectra:
    """Spectra without labels; pixels of an array are what those are that the meter has learnt from.

    Raises:
        Refused: none, or an array whose grid nobody gave.
    """
    value = opened(value, "test")
    if isinstance(value, xr.Dataset):
        found = of_dataset(name, value, species)
        rho = found.values.reshape(-1, *found.shape[2:]).astype(float)
        momenta = momenta_of(name, rho.shape, {"pT": found["pT"].values, "phi": found["phi"].values}, counts=False)
    elif isinstance(value, Mapping):
        rho, momenta = of_arrays(name, {str(key): one for key, one in value.items()})
    else:
        if (inputs.pT is None or inputs.phi is None) and not isinstance(reader.momenta, Numbered):
            raise Refused(f"{name}: where are these spectra given?", given="no pT= or phi=",
                          instead=f"%eos predict {name} pT=pT phi=phi")  # fmt: skip
        kind = "counts" if isinstance(reader.momenta, Counts) else "rho"
        rho, momenta = of_arrays(name, {kind: value, "pT": inputs.pT, "phi": inputs.phi})
    whole = has_particles(rho)
    if not whole.all():
        raise Refused(f"{name}: some spectra hold NaN, or no particles.", given=f"{int((~whole).sum())} of {len(rho)}",
                      instead="those that are whole")  # fmt: skip
    nobody = np.zeros(len(rho), np.int64)
    return Spectra(rho, nobody, np.arange(len(rho)), ("unknown",), momenta)


def _refuse_grid(name: str, of: Spectra, reader: Reader) -> None:
    if not is_same(of.momenta, reader.momenta):
        same = "no pT=: nobody has said where the meter's bins lie" if isinstance(reader.momenta, Numbered) else (
            "spectra at the meter's nodes: its coordinates pT and phi")  # fmt: skip
        raise Refused(f"{name}: the meter was trained on another grid.", given=in_words(of.momenta),
                      allowed=in_words(reader.momenta), instead=same)  # fmt: skip


def _empty(names: list[str], longest: int, reader: Reader) -> xr.Dataset:
    found: dict[str, Any] = {}
    for variable, dims, said in (
        ("probability", ("subject", "event", "class"), "probability of an equation of state"),
        ("distance", ("subject", "event"), "distance from training, in what is usual there"),
        ("right", ("subject", "event"), "share right among held-out answers of such confidence"),
        ("right_se", ("subject", "event"), "standard error of right"),
    ):
        shape = [len(names), longest, len(reader.classes)][: len(dims)]
        found[variable] = (dims, np.full(shape, np.nan), {"units": "", "long_name": said})
    coords = {
        name: (name, values, {"units": "", "long_name": said})
        for name, values, said in (
            ("subject", names, "spectra that are read"), ("event", np.arange(longest), "event"),
            ("class", list(reader.classes), "equation of state"),
        )
    }  # fmt: skip
    return xr.Dataset(found, coords, {"title": "Equation of state, as the meter reads it"})


def panels(reading: Reading) -> list[Panel]:
    """A row for each spectrum, and probabilities against the distance from training."""
    data = reading.data
    rows: list[list[Cell]] = []
    classes = list(map(str, data["class"].values))
    for subject, event in np.ndindex(data.sizes["subject"], data.sizes["event"]):
        one = data.isel(subject=subject, event=event)
        p: Array = one["probability"].values
        if np.isnan(one["distance"]) or len(rows) >= SHOWN:
            continue
        told = [str(data["subject"].values[subject]), event, f"{float(one['distance']):.3g}"]
        if np.isnan(p).any():
            rows.append([*told, "no answer: unlike training", "–", "–"])
            continue
        held = "–" if np.isnan(one["right"]) else number(one["right"], one["right_se"])
        rows.append([*told, classes[int(p.argmax())], f"{p.max():.3f}", held])
    limit = float(reading.record.facts["limit"])
    note = (
        f"Nothing is answered beyond a distance of {limit:.3g}. Last column: how often answers of such a probability "
        "were right on events held out."
    )
    head = ["spectra", "event", "distance", "equation of state", "probability", "held-out share right"]
    marks: list[Mark] = []
    for k, name in enumerate(classes):
        x, y = data["distance"].values.ravel(), data["probability"].values[..., k].ravel()
        kept = np.isfinite(y)
        marks.append(Points(x[kept], y[kept], name))
    marks.append(Line(np.array([limit, limit]), np.array([0.0, 1.0]), "limit", dashed=True))
    axes = Axis("distance from training"), Axis("probability", low=0.0, high=1.0)
    return [Table("Which equation of state", head, rows, note=note), Plot("Probability and distance", *axes, marks)]
