"""Maps over the input: where the packet is narrow and where its slope is spread; the worst inputs found."""

from __future__ import annotations

import numpy as np
import xarray as xr

from jupyter_phys.figures.mark import Axis
from jupyter_phys.figures.panel import Plot
from jupyter_phys.instruments.probe.panels.image import Layout, over_labels

MAPS = 4  # labels with a map of their own
HALF, EXCESS = 0.5, "Δx·Δp − ½"


def maps(data: xr.Dataset, layout: Layout, *, box: bool) -> list[Plot]:
    """Where in the input the packet is narrow and where its slope is spread; mean over labels, then by label."""
    if not layout.axes or data.sizes["coordinate"] < 2:
        return []
    unit = data["delta_x"].attrs["units"]
    plots: list[Plot] = []
    for i, subject in enumerate(map(str, data["subject"].values)):
        one = data.isel(subject=i)
        if not np.isfinite(one["product"].values).any():
            continue
        row = f"Over the input, {over_labels(data.isel(subject=[i]))}" + (
            f": {subject}" if data.sizes["subject"] > 1 else ""
        )
        colors = {"delta_x": Axis("Δx", unit), "delta_p": Axis("Δp", f"1/{unit}")}
        mean = one.mean("label")
        for name, color in colors.items():
            plots.append(layout.drawn(color.label, mean[name].values, color, row, "sequential"))
        plots.append(_product("", mean, layout, row, box=box))
    if data.sizes["label"] > 1:
        row = f"{'Δx·Δp' if box else EXCESS} over the input, by label"
        one = data.isel(subject=0)
        labels = [k for k in range(data.sizes["label"]) if np.isfinite(one["product"].values[k]).any()]
        plots += [_product(str(one["label"].values[k]), one.isel(label=k), layout, row, box=box)
                  for k in labels[:MAPS]]  # fmt: skip
    return plots


def _product(title: str, one: xr.Dataset, layout: Layout, row: str, *, box: bool) -> Plot:
    """Of a window what it has over its bound; on a box every coordinate has a bound of its own."""
    color = Axis("Δx·Δp") if box else Axis(EXCESS, low=0.0)
    return layout.drawn(title or color.label, one["product"].values - (0 if box else HALF), color, row, "sequential")


def worst(data: xr.Dataset, layout: Layout) -> list[Plot]:
    """Inputs, the perturbations that change their answer, and what comes of them."""
    if "worst_before" not in data or not layout.axes:
        return []
    one, plots = data.isel(subject=0), list[Plot]()
    for k in range(data.sizes["picture"]):
        before, after = (one[f"worst_{when}"].values[k] for when in ("before", "after"))
        if not np.isfinite(after).all():
            continue
        label, answer, later = (int(one[f"worst_{n}"].values[k]) for n in ("label", "answer", "answer_after"))
        whose = f" of {one['subject'].item()}" if data.sizes["subject"] > 1 else ""
        row = f"Worst input {k + 1}{whose}: label {label}, answered {answer}, under attack {later}"
        low, high = float(min(before.min(), after.min())), float(max(before.max(), after.max()))
        change = after - before
        reach = float(np.abs(change).max()) or 1e-12
        grey = Axis("value", data["worst_before"].attrs["units"], low=low, high=high)
        tint = Axis("change", data["worst_before"].attrs["units"], low=-reach, high=reach)
        plots += [
            layout.drawn("input", before, grey, row, "grey"),
            layout.drawn("perturbation", change, tint, row, "diverging"),
            layout.drawn("under attack", after, grey, row, "grey"),
        ]
    return plots
