"""Pictures of %entropy: masks, fields and phase space before and after every shown acquisition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from jupyter_phys.figures.mark import Axis, Heat, Line, Mark, Palette, Points
from jupyter_phys.figures.panel import Panel, PhaseSpace, Plot

DEPTH = 1e-6  # densities are shown six decades deep
TINY = 1e-30
SEEN = "Each colour is the part of the field's energy that one coherent packet at that place and frequency holds."


def views(data: xr.Dataset) -> list[Panel]:
    """Rows that show one quantity before and after every shown acquisition, on one scale."""
    if "shown" not in data.dims:
        return []
    if "position_1" not in data.dims:
        wigner = _row(data, "wigner", "Wigner distribution", _wigner) if "wigner_before" in data else []
        return [*_signals(data), *_row(data, "husimi", "Phase space", _husimi), *wigner, *_marginals(data)]
    return [
        *_masks(data),
        _space(data),
        *_row(data, "husimi", "Phase space along the row of that place", _husimi),
        *_row(data, "local_entropy", "Where the entropy sits", _share),
        *_marginals(data),
    ]


def _stages(data: xr.Dataset, name: str) -> dict[str, xr.Variable]:
    """A picture before and after each shown acquisition, by heading."""
    before, after = (data.variables[f"{name}_{when}"] for when in ("before", "after"))
    labels = enumerate(data["shown"].values)
    return {"before": before, **{str(label): after.isel(shown=i) for i, label in labels}}


Draw = Callable[[xr.Dataset, xr.Variable, float, float], Plot]


def _row(data: xr.Dataset, name: str, heading: str, draw: Draw) -> list[Plot]:
    stages = _stages(data, name)
    finite = np.concatenate([one.values[np.isfinite(one.values)] for one in stages.values()])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return [replace(draw(data, one, low, high), title=title, row=heading) for title, one in stages.items()]


def _masks(data: xr.Dataset) -> list[Panel]:
    k_space = data["mask"].attrs["sampled"] == "k-space"
    names, unit = (("k₁", "k₀"), "bins") if k_space else (("column", "row"), "samples")
    axes = Axis(names[0], unit), Axis(names[1], unit, downward=True)
    plots: list[Panel] = []
    for label, mask in zip(data["shown"].values, data["mask"].values, strict=True):
        if np.isfinite(mask).any():
            rows, columns = mask.shape
            color = Axis("weight", low=0.0, high=max(1.0, float(mask.max())))
            heat = Heat(mask, (0.0, columns - 1.0), (0.0, rows - 1.0), color, "mask", palette="grey")
            plots.append(Plot(str(label), *axes, [heat], row="Mask (first draw)", square=True))
    return plots


def _space(data: xr.Dataset) -> PhaseSpace:
    """Picture and local spectrum of every stage, and the coarse block from which the page cuts all others."""
    block = _stages(data, "overlap")
    density = np.stack([one.values for one in block.values()])
    high = max(float(one.values.max()) for one in (*block.values(), *_stages(data, "local_spectrum").values()))
    high = max(high, TINY)
    row, column = (float(p) for p in data["spectrum_at"].values)
    heading = f"Spectrum seen by the window at one place (column {column:g}, row {row:g})"
    return PhaseSpace(
        "Picture and local spectrum",
        _row(data, "picture", "What the acquisition leaves of the picture", _picture),
        _row(data, "local_spectrum", heading, lambda data, one, *_: _spectrum(data, one, high)),
        density.clip(min=high * DEPTH),
        (_ends(data.variables["place_1"]), _ends(data.variables["place_0"])),
        (_ends(data.variables["band_1"]), _ends(data.variables["band_0"])),
        (column, row),
        note=SEEN,
    )


def _picture(data: xr.Dataset, one: xr.Variable, low: float, high: float) -> Plot:
    return _map(data, one, Axis("magnitude", low=low, high=high), "grey")


def _share(data: xr.Dataset, one: xr.Variable, low: float, high: float) -> Plot:
    return _map(data, one, Axis("share of S", "nat", low=low, high=high))


def _spectrum(data: xr.Dataset, one: xr.Variable, high: float) -> Plot:
    return _map(data, _lifted(one, high), replace(_density(high), label="energy share"))


def _husimi(data: xr.Dataset, one: xr.Variable, low: float, high: float) -> Plot:
    place, frequency = one.dims
    return replace(_map(data, _lifted(one, high).transpose(frequency, place), _density(high)), square=False)


def _wigner(data: xr.Dataset, one: xr.Variable, low: float, high: float) -> Plot:
    place, pitch = one.dims
    strongest = max(-low, high)
    color = Axis("W", low=-strongest, high=strongest)
    return replace(_map(data, one.transpose(pitch, place), color, "diverging"), square=False)


def _lifted(one: xr.Variable, high: float) -> xr.Variable:
    return one.copy(data=np.maximum(one.values, high * DEPTH))


def _density(high: float) -> Axis:
    return Axis("Q", log=True, low=high * DEPTH, high=high)


def _map(data: xr.Dataset, one: xr.Variable, color: Axis, palette: Palette = "sequential") -> Plot:
    down, along = (data.variables[name] for name in one.dims)
    heat = Heat(one.values, _ends(along), _ends(down), color, str(one.attrs["long_name"]), palette=palette)
    return Plot("", _axis(along), _axis(down), [heat], square=True)


def _ends(coordinate: xr.Variable) -> tuple[float, float]:
    return float(coordinate.values[0]), float(coordinate.values[-1])


def _axis(coordinate: xr.Variable) -> Axis:
    """Rows of an image grow downward."""
    label = str(coordinate.attrs["long_name"])
    return Axis(label, str(coordinate.attrs["units"]), downward=label == "row")


def _signals(data: xr.Dataset) -> list[Panel]:
    """The field before, and the samples that each mask keeps of it."""
    plots: list[Panel] = []
    for title, one in _stages(data, "picture").items():
        n, values = data["position_0"].values, one.values
        mark: Mark = Line(n, values, "magnitude")
        if title != "before":
            mask = data["mask"].sel(shown=title).values
            kept = mask[(mask.size - n.size) // 2 :][: n.size] > 0
            mark = Points(n[kept], values[kept], "kept samples") if kept.any() else mark
        plots.append(Plot(title, Axis("position", "samples"), Axis("magnitude"), [mark], row="Field"))
    return plots


def _marginals(data: xr.Dataset) -> list[Panel]:
    """Energy by frequency and by position along the last axis, before and after."""
    last = max(str(name) for name in data.dims if str(name).startswith("frequency"))[-1]
    row = "Marginals of phase space" + (", along the rows" if last == "1" else "")
    bins, places = data.variables[f"frequency_{last}"], data.variables[f"window_{last}"]
    frequency = _overlaid(_stages(data, "frequency_density"), bins)
    position = _overlaid(_stages(data, "position_density"), places)
    share = Axis("share of the energy")
    return [
        Plot("by frequency", _axis(bins), replace(share, log=True), frequency, row=row),
        Plot("by position", replace(_axis(places), downward=False), share, position, row=row),
    ]


def _overlaid(stages: dict[str, xr.Variable], along: xr.Variable) -> list[Mark]:
    """One line a stage: the density summed over all but one axis, six decades deep."""
    summed = {label: one.values.sum(axis=_others(one, along)) for label, one in stages.items()}
    floor = DEPTH * max(float(np.nanmax(one)) for one in summed.values())
    return [
        Line(along.values, np.maximum(one, floor), label, dashed=label == "before") for label, one in summed.items()
    ]


def _others(one: xr.Variable, along: xr.Variable) -> tuple[int, ...]:
    return tuple(i for i, name in enumerate(one.dims) if name != along.dims[0])
