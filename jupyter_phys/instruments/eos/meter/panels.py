"""From a reading of %eos meter to panels: accuracy by group, reliability, nulls, learning curves, importance."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.mark import Axis, Heat, Line, Mark, Points
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import Cell, Panel, Plot, Table
from jupyter_phys.instruments.eos.meter.course import HELD
from jupyter_phys.instruments.eos.meter.table import NETWORK

ABSENT = "–"
SEEN = 5  # answers in a bin that is drawn
COLOURS = 7  # that are told apart
SHIFT = 0.12  # of points beside one another, in categories
MAPS = {"importance": "prediction difference", "importance_gradient": "gradient"}


def panels(reading: Reading) -> list[Panel]:
    """Numbers first; along swept axes those of their first point."""
    data = reading.data
    known = ("subject", "classifier", "group")
    data = data.isel({name: 0 for name in map(str, data["accuracy"].dims) if name not in known})
    shown: list[Panel] = []
    for i, subject in enumerate(map(str, data["subject"].values)):
        row = data.isel(subject=i)
        where = subject if data.sizes["subject"] > 1 else ""
        shown += [_accuracies(row, where, reading), *_nulls(row, where)]
        shown += [*_by_group(row, where), *_levels(row, where), *_reliability(row, where), *_losses(row, where)]
        shown += [*_maps(row, where), *_confusion(row, where)]
    return shown


def _titled(title: str, subject: str) -> str:
    return f"{title}, {subject}" if subject else title


def _told(row: xr.Dataset, name: str) -> str:
    value = float(row[name])
    return ABSENT if math.isnan(value) else number(value, float(row[f"{name}_se"]))


def _limits(row: xr.Dataset, name: str) -> str:
    low, high = (float(row[f"{name}_{end}"]) for end in ("low", "high"))
    return ABSENT if math.isnan(low) else f"{low:.3f} … {high:.3f}"


def _accuracies(row: xr.Dataset, subject: str, reading: Reading) -> Table:
    names = list(map(str, row["classifier"].values))
    rows: list[list[Cell]] = []
    for group in row["group"].values:
        one = row.sel(group=group)
        cells: list[Cell] = [_told(one.sel(classifier=name), "accuracy") for name in names]
        cells.insert(1, _limits(one.sel(classifier=NETWORK), "accuracy"))
        error = float(one["calibration_error"])
        rows.append([str(group), int(one["spectra"]) if one["spectra"] == one["spectra"] else ABSENT, *cells,
                     ABSENT if math.isnan(error) else f"{error:.3f}",
                     ABSENT if np.isnan(one["unlike"]) else f"{float(one['unlike']):.0%}"])  # fmt: skip
    learnt, aside = (ABSENT if np.isnan(one) else int(one) for one in row["learnt"].values)
    note = (f"Learnt from {learnt} spectra, {aside} set aside, seed {reading.record.seed}. In brackets standard "
            "errors, beside them the limits of 95 % of the network; spectra of one event count together where they are "
            "right together. ECE: expected calibration error.")  # fmt: skip
    head = ["group", "spectra", NETWORK, "95 %", *names[1:], "ECE", "unlike training"]
    return Table(_titled("Accuracy", subject), head, rows, note=note)


def _nulls(row: xr.Dataset, subject: str) -> list[Table]:
    if "null" not in row:
        return []
    chance = 1 / row.sizes["truth"]
    tests = row["test"].values
    rows: list[list[Cell]] = [
        [str(name), _told(row.sel(test=name), "null"), _limits(row.sel(test=name), "null")] for name in tests
    ]
    note = f"Chance is {chance:.3g}. The first is no test: it is what dN/dy gave away before classes were alike in it."
    return [Table(_titled("Null tests", subject), ["test", "right", "95 %"], rows, note=note)]


def _by_group(row: xr.Dataset, subject: str) -> list[Plot]:
    return _shares(row, "accuracy", "group", _titled("Accuracy by group", subject), "group of events")


def _levels(row: xr.Dataset, subject: str) -> list[Plot]:
    if "accuracy_sampled" not in row:
        return []
    return _shares(row, "accuracy_sampled", "level", _titled("Finite numbers of particles", subject),
                   "collisions averaged", "Trained and judged anew for each.")  # fmt: skip


def _shares(row: xr.Dataset, name: str, along: str, title: str, label: str, note: str = "") -> list[Plot]:
    marks: list[Mark] = []
    names = list(map(str, row["classifier"].values))
    places = np.arange(row.sizes[along], dtype=float)
    for k, classifier in enumerate(names):
        one = row.sel(classifier=classifier)
        kept = np.isfinite(one[name].values)
        if kept.any():
            x = places[kept] + SHIFT * (k - (len(names) - 1) / 2)
            marks.append(Points(x, one[name].values[kept], classifier, y_se=one[f"{name}_se"].values[kept]))
    chance = 1 / row.sizes["truth"]
    marks.append(Line([-0.5, len(places) - 0.5], [chance, chance], "chance", dashed=True))  # pyright: ignore[reportArgumentType]
    axis = Axis(label, categories=tuple(map(str, row[along].values)))
    return [Plot(title, axis, Axis("accuracy"), marks, note=f"Standard errors. {note}".strip())]


def _reliability(row: xr.Dataset, subject: str) -> list[Plot]:
    chance = 1 / row.sizes["truth"]
    marks: list[Mark] = [Line(np.array([chance, 1.0]), np.array([chance, 1.0]), "calibrated", dashed=True)]
    names = list(map(str, row["group"].values))
    curves = {name: [name] for name in names}
    if len(names) > COLOURS:  # more would look alike
        curves = {name: [name] for name in names[:2]} | {"all other groups": names[2:]}
    for label, groups in curves.items():
        some = row.sel(group=groups)
        count = some["in_bin"].sum("group").values
        right, sure = ((some[one] * some["in_bin"]).sum("group").values for one in ("right", "confidence"))
        kept = count >= SEEN
        if kept.any():
            n, hits = count[kept], right[kept]
            se = np.sqrt((hits + 1) * (n - hits + 1) / ((n + 2) ** 2 * (n + 3)))
            marks.append(Points(sure[kept] / n, hits / n, label, y_se=se))
    if len(marks) == 1:
        return []
    note = (f"On the dashed line a probability of 0.8 is right in 80 % of all cases. Bins of {SEEN} answers or more; a "
            "group whose answers are all sure has one or two.")  # fmt: skip
    axes = Axis("probability of the answer", low=chance, high=1.0), Axis("share right", low=0.0, high=1.0)
    return [Plot(_titled("Reliability of the network", subject), *axes, marks, note=note)]


def _losses(row: xr.Dataset, subject: str) -> list[Plot]:
    marks: list[Mark] = []
    for repeat, part in np.ndindex(row.sizes["repeat"], 2):
        loss = row["loss"].values[repeat, part]
        kept = np.isfinite(loss)
        if kept.any():
            label = str(row["part"].values[part]) + (f" {repeat + 1}" if row.sizes["repeat"] > 1 else "")
            marks.append(Line(row["epoch"].values[kept].astype(float), loss[kept], label))
    note = "Of training with dropout and turned spectra, of those set aside without dropout."
    axes = Axis("epoch"), Axis("cross-entropy", low=0.0)
    return [Plot(_titled("Learning curves", subject), *axes, marks, note=note)] if marks else []


def _maps(row: xr.Dataset, subject: str) -> list[Plot]:
    plots: list[Plot] = []
    for name, said in MAPS.items():
        if name not in row or np.isnan(row[name].values).any():
            continue
        values, phi = row[name].values, row["phi"].values
        where = _where(row["pT"], phi)
        reach = float(np.abs(values).max()) or 1e-12
        signed = name == "importance"
        color = Axis("share of all", low=-reach if signed else 0.0, high=reach)
        heat = Heat(values, (float(phi[0]), float(phi[-1])), (0.0, len(values) - 1.0), color, said,
                    palette="diverging" if signed else "sequential")  # fmt: skip
        note = "Positive: it speaks for the right class." if signed else "Modulus, by standard deviations of the input."
        plots.append(Plot(said, Axis("φ", "rad"), Axis("row in pT"), [heat], row=_titled("Importance", subject),
                          note=f"{note} {where}"))  # fmt: skip
    return plots


def _where(pt: xr.DataArray, phi: NDArray[np.float64]) -> str:
    around = "" if np.ptp(np.diff(phi)) < 1e-3 * np.ptp(phi) else "in azimuth nodes are closer near 0 and 2π; "
    if not pt.attrs["units"]:
        return f"By row: {around}nobody has said where these bins lie in pT."
    return f"By row: {around}in pT from {float(pt[0]):.3g} GeV to {float(pt[-1]):.3g} GeV."


def _confusion(row: xr.Dataset, subject: str) -> list[Table]:
    one = row["confusion"].sel(group=HELD)
    if np.isnan(one.values).any():
        return []
    rows: list[list[Cell]] = [[str(name), *map(int, one.sel(truth=name).values)] for name in one["truth"].values]
    head = ["equation of state", *map(str, one["answer"].values)]
    return [Table(_titled("Answers of the network, held out", subject), head, rows)]
