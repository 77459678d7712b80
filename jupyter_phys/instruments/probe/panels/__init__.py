"""From a reading of %probe to panels: the products with their bounds, accuracy under attack, then pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.reading import Reading
from jupyter_phys.core.record import Record
from jupyter_phys.figures.mark import Axis, Line, Mark, Points
from jupyter_phys.figures.panel import Panel, Plot
from jupyter_phys.instruments.probe.panels import attacked, waves
from jupyter_phys.instruments.probe.panels.image import is_box, layout
from jupyter_phys.instruments.probe.panels.maps import EXCESS, HALF, maps, worst
from jupyter_phys.instruments.probe.panels.portrait import portraits
from jupyter_phys.instruments.probe.panels.tables import place, products, under_attack

OWN_AXES = ("subject", "label", "coordinate", "attack", "eps", "sample", "picture")


def panels(reading: Reading) -> list[Panel]:
    """Numbers first, then what they mean in pictures; along swept axes, then at their first point."""
    data = reading.data
    swept = [str(name) for name in data["product_grand"].dims if name != "subject"]
    attacked = [n for n in ("accuracy", "deviation") if n in data]
    beside = [*attacked, *(["cc"] if "cc" in data else [])]
    swept += [str(n) for one in beside for n in data[one].dims if n not in OWN_AXES and n not in swept]
    first = data.isel(dict.fromkeys(swept, 0))
    shown: list[Panel] = [products(data, swept, reading.record)]
    if attacked:
        shown.append(under_attack(data, attacked[0], swept, reading.record))
    shown += sweeps(data, swept, box=is_box(reading.record))
    where = ", ".join(f"{name}={place(data[name].values[0])}" for name in swept)
    pictures = [*views(first, reading.record, reading.settings), *waves.views(first)]
    return shown + [_said(plot, where) if where else plot for plot in pictures]


def _said(plot: Plot, where: str) -> Plot:
    if plot.row:
        return replace(plot, row=f"{plot.row} ({where})")
    return replace(plot, title=f"{plot.title} ({where})")


def views(data: xr.Dataset, record: Record, settings: Any) -> list[Plot]:
    """All that was measured, in pictures."""
    lies, box = layout(record), is_box(record)
    plots = [*portraits(data, lies, box=box), *maps(data, lies, box=box)]
    if "accuracy" in data:
        plots.append(attacked.against_eps(data, settings))
    elif "deviation" in data:
        plots.append(attacked.deviation(data))
    if "cc" in data and np.isfinite(data["cc"].values).any():
        plots.append(attacked.correlation(data, record, settings))
    return [*plots, *worst(data, lies)]


def sweeps(data: xr.Dataset, swept: list[str], *, box: bool) -> list[Plot]:
    """The mean product against each swept number, and the accuracy at the largest size."""
    plots: list[Plot] = []
    for name in swept:
        if data[name].dtype.kind not in "fiu":
            continue
        axis = Axis(name, str(data[name].attrs.get("units", "")))
        others = {other: 0 for other in swept if other != name}
        cut = data.isel(others)
        if name in data["product_grand"].dims:
            grand = cut[["product_grand", "product_grand_se"]]
            if not box:
                grand["product_grand"] = grand["product_grand"] - HALF
            plots.append(_curves(grand, axis, "product_grand", "Δx·Δp against", "Δx·Δp" if box else EXCESS))
        if "accuracy" in data and name in data["accuracy"].dims:
            worst = cut.isel(attack=-1, eps=-1)
            plots.append(_curves(worst, axis, "accuracy", "Accuracy under attack against", "accuracy"))
    return plots


def _curves(cut: xr.Dataset, axis: Axis, name: str, title: str, label: str) -> Plot:
    x = cut[axis.label].values.astype(float)
    marks: list[Mark] = []
    for one in cut["subject"].values:
        y = cut[name].sel(subject=one).transpose(axis.label).values
        se = cut[f"{name}_se"].sel(subject=one).transpose(axis.label).values
        marks += [Line(x, y, str(one)), Points(x, y, str(one), y_se=se)]
    return Plot(f"{title} {axis.label}", axis, Axis(label), marks)
