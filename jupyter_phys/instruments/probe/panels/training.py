"""From a reading of %%probe over training to panels: accuracy and packets against the steps of the optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.mark import Axis, Line, Mark, Points
from jupyter_phys.figures.panel import Cell, Panel, Plot, Table
from jupyter_phys.instruments.probe.panels.attacked import ATTACKS, DEBATE
from jupyter_phys.instruments.probe.panels.image import is_box
from jupyter_phys.instruments.probe.panels.maps import EXCESS, HALF
from jupyter_phys.instruments.probe.panels.tables import share, told

MOST = 40  # rows of the table


def panels(reading: Reading) -> list[Panel]:
    """The numbers of every moment, then their curves."""
    data = reading.data
    box = is_box(reading.record)
    eps = float(reading.record.settings["eps"])
    shown: list[Panel] = [_table(data, eps, box=box)]
    if "accuracy" in data:
        shown.append(_accuracy(data, eps))
    elif "deviation" in data:
        shown.append(_deviation(data, eps))
    return shown + _widths(data, box=box)


def _table(data: xr.Dataset, eps: float, *, box: bool) -> Table:
    name = next((n for n in ("accuracy", "deviation") if n in data), None)
    attacks = [str(one) for one in data["attack"].values] if name else []
    unit = data["delta_x"].attrs["units"]
    columns = ["subject", "step", "epoch", f"Δx ({unit})", f"Δp (1/{unit})", "Δx·Δp",
               "|c|" if box else "excess over ½", *map(_called, attacks)]  # fmt: skip
    moments = np.unique(np.linspace(0, data.sizes["moment"] - 1, MOST).round().astype(int))
    rows: list[list[Cell]] = []
    for subject in data["subject"].values:
        for one in (data.sel(subject=subject).isel(moment=int(k)) for k in moments):
            widths = [told(float(one[n]), float(one[f"{n}_se"])) for n in ("delta_x", "delta_p", "product")]
            last = (told(float(one["bound"]), float(one["bound_se"])) if box
                    else told(float(one["product"]) - HALF, float(one["product_se"])))  # fmt: skip
            under = [share(float(one[name].sel(attack=a)), float(one[f"{name}_se"].sel(attack=a))) for a in attacks]
            rows.append([str(subject), int(one["step"]), int(one["epoch"]), *widths, last, *under])
    note = (
        f"Means over coordinates and labels; attacks at ε = {eps:.4g} of the input range. Errors are standard errors."
    )
    if name == "deviation":
        note += " Under attacks stands the change of the answer, |f(x′) − f(x)|."
    if len(moments) < data.sizes["moment"]:
        note += f" {len(moments)} of {data.sizes['moment']} moments are shown."
    return Table("Over training", columns, rows, note=note)


def _called(attack: str) -> str:
    return ATTACKS.get(attack, attack)


def _steps(data: xr.Dataset) -> tuple[Axis, Any]:
    return Axis("step of the optimizer"), data["step"].values.astype(float)


def _curves(data: xr.Dataset, name: str, label: str) -> list[Mark]:
    _, x = _steps(data)
    y, se = data[name].values, np.nan_to_num(data[f"{name}_se"].values)
    return [Line(x, y, label), Points(x, y, label, y_se=se)]


def _accuracy(data: xr.Dataset, eps: float) -> Plot:
    marks: list[Mark] = []
    for subject in data["subject"].values:
        for attack in data["attack"].values:
            one = data[["accuracy", "accuracy_se"]].sel(subject=subject, attack=attack)
            label = _called(str(attack)) + (f", {subject}" if data.sizes["subject"] > 1 else "")
            marks += _curves(one, "accuracy", label)
    axes = _steps(data)[0], Axis("accuracy", low=0.0, high=1.0)
    note = f"Attacks of ε = {eps:.4g} of the input range. {DEBATE}"
    return Plot("Accuracy over training", *axes, marks, row="Over training", note=note)


def _deviation(data: xr.Dataset, eps: float) -> Plot:
    marks: list[Mark] = []
    for subject in data["subject"].values:
        for attack in data["attack"].values[1:]:
            one = data[["deviation", "deviation_se"]].sel(subject=subject, attack=attack)
            marks += _curves(one, "deviation", f"{_called(str(attack))}, {subject}")
    axes = _steps(data)[0], Axis("|f(x′) − f(x)|", "answer")
    return Plot("Change of the answer under attack", *axes, marks, note=f"ε = {eps:.4g} of the input range.")


def _widths(data: xr.Dataset, *, box: bool) -> list[Panel]:
    unit = data["delta_x"].attrs["units"]
    quantity = "Δx·Δp" if box else EXCESS
    if not box:
        data = data.assign(product=data["product"] - HALF)
    plots: list[Panel] = []
    for name, title, axis in (
        ("product", f"{quantity} over training", Axis(quantity)), ("delta_x", "Δx over training", Axis("Δx", unit)),
        ("delta_p", "Δp over training", Axis("Δp", f"1/{unit}")),
    ):  # fmt: skip
        marks: list[Mark] = []
        for subject in data["subject"].values:
            several = data.sizes["subject"] > 1
            one = data.sel(subject=subject)
            marks += _curves(one, name, str(subject) if several or name != "product" else quantity)
            if name == "product" and box:
                label = "|c|"
                marks.append(Line(_steps(data)[1], one["bound"].values, f"{label}, {subject}" if several else label,
                                  dashed=True))  # fmt: skip
        row = "Widths over training" if name != "product" else "Over training"
        plots.append(Plot(title, _steps(data)[0], axis, marks, row=row))
    return plots
