"""The phase-space portrait: widths in x against widths in the conjugate gradient, beside the hyperbola of the bound."""

from __future__ import annotations

import numpy as np
import xarray as xr

from jupyter_phys.figures.mark import Axis, Line, Mark, Points
from jupyter_phys.figures.panel import Plot
from jupyter_phys.instruments.probe.panels.image import Layout, over_labels

MOST = 400  # points of a portrait, those of the largest products


def portraits(data: xr.Dataset, layout: Layout, *, box: bool) -> list[Plot]:
    """Δx against Δp of every coordinate (mean over labels), and of every label (mean over coordinates)."""
    unit = data["delta_x"].attrs["units"]
    axes = Axis("Δx", unit), Axis("Δp", f"1/{unit}")
    plots: list[Plot] = []
    if data.sizes["coordinate"] > 1:
        marks = [_coordinates(data.isel(subject=i), layout) for i in range(data.sizes["subject"])]
        note = f"Each point is a coordinate of the input, {over_labels(data)}."
        if data.sizes["coordinate"] > MOST:
            note += f" Shown are the {MOST} with the largest products."
        plots.append(_portrait("every coordinate", axes, marks, note, box=box))
    if data.sizes["label"] > 1:
        marks = [_labels(data.isel(subject=i)) for i in range(data.sizes["subject"])]
        plots.append(_portrait("every label", axes, marks, "Each point is a label, mean over coordinates.", box=box))
    if data.sizes["label"] == 1 and data.sizes["coordinate"] == 1 and data.sizes["subject"] > 1:
        marks = [_labels(data.isel(subject=i)) for i in range(data.sizes["subject"])]
        plots.append(_portrait("every packet", axes, marks, "", box=box))
    return [plot for plot in plots if len(plot.marks) > 1]


def _coordinates(one: xr.Dataset, layout: Layout) -> Points:
    x, p, product, bound = (one[n].mean("label").values for n in ("delta_x", "delta_p", "product", "bound"))
    kept = np.argsort(np.nan_to_num(-product, nan=np.inf), kind="stable")[:MOST]
    kept = kept[np.isfinite(product[kept])]
    names = tuple(f"{layout.named(i)}: Δx·Δp = {product[i]:.4g}, |c| = {bound[i]:.4g}" for i in kept)
    return Points(x[kept], p[kept], str(one["subject"].item()), names=names)


def _labels(one: xr.Dataset) -> Points:
    values = {n: one[f"{n}_mean"].values for n in ("delta_x", "delta_p")}
    errors = {n: np.nan_to_num(one[f"{n}_mean_se"].values) for n in values}
    kept = np.isfinite(values["delta_x"])
    product, bound = one["product_mean"].values, one["bound_mean"].values
    names = tuple(f"{label}: Δx·Δp = {product[k]:.4g}, |c| = {bound[k]:.4g}"
                  for k, label in enumerate(one["label"].values) if kept[k])  # fmt: skip
    return Points(values["delta_x"][kept], values["delta_p"][kept], str(one["subject"].item()),
                  x_se=errors["delta_x"][kept], y_se=errors["delta_p"][kept], names=names)  # fmt: skip


def _portrait(title: str, axes: tuple[Axis, Axis], points: list[Points], note: str, *, box: bool) -> Plot:
    x = np.concatenate([one.x for one in points])
    y = np.concatenate([one.y for one in points])
    if not x.size:
        return Plot(title, *axes, [])
    marks: list[Mark] = list(points)
    low, high = x.min(), x.max()
    pad = 0.08 * (high - low) or 0.1 * high
    grid = np.linspace(max(low - pad, 0.02 * high), high + pad, 80)
    bound = 0.5 / grid
    if not box or bound.min() < 3 * y.max():
        marks.append(Line(grid, bound, "Δx·Δp = ½", dashed=True))
    else:
        note = f"{note} The hyperbola Δx·Δp = ½ lies far above: on this box it is no bound.".strip()
        product = float(np.median(x * y))
        marks.append(Line(grid, product / grid, f"Δx·Δp = {product:.3g}, the median", dashed=True))
    return Plot(title, *axes, marks, row="Phase-space portrait", note=note)
