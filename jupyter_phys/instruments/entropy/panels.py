"""From a reading of %entropy to panels: the numbers, the ranking, ΔS along axes and against window scale."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.mark import Axis, Band, Bars, Line, Mark, Points
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import Cell, Panel, PhaseSpace, Plot, Table
from jupyter_phys.instruments.entropy.subjects import FAMILIES
from jupyter_phys.instruments.entropy.views import views

ABSENT = "–"
TOLD = ("delta_S_mean", "abs_delta_S", "S_before", "S_after", "alias_deficit", "rate", "retained_energy", "psnr")
SAME_RATE = 0.02  # of the largest: less is how counts of samples round
TINY = 1e-6  # nat: far below every grid error
VERDICT = "Ranking by |ΔS| within one family"
ORDER = "Order by |ΔS|, not a verdict: the families differ"
RATES = "Order by |ΔS|, not a verdict: the rates differ"
UNKNOWN = "Order by |ΔS|, not a verdict: whether they are of one family is not known"


def panels(reading: Reading) -> list[Panel]:
    """Numbers first, then what they mean in pictures."""
    data = ranked(reading.data)
    swept = [str(name) for name in data["delta_S"].dims if name not in ("subject", "signal")]
    if swept:
        return [table(data, swept), *_sweeps(data, swept), *_at_first(data, swept)]
    return [table(data, swept), ranking(data), *_families(data, reading), *scale_curve(data), *views(data)]


def _at_first(data: xr.Dataset, swept: list[str]) -> list[Panel]:
    """Curves and pictures, which show one point of the axes: the first."""
    first = data.isel(dict.fromkeys(swept, 0))
    where = ", ".join(f"{name}={_place(first[name].item())}" for name in swept)
    shown = (*scale_curve(first), *views(first))
    return [_placed(panel, where) for panel in shown if not isinstance(panel, Table)]


def _placed(panel: Plot | PhaseSpace, where: str) -> Panel:
    if isinstance(panel, Plot):
        return _said(panel, where)
    pictures, spectra = ([_said(plot, where) for plot in row] for row in (panel.pictures, panel.spectra))
    return replace(panel, title=f"{panel.title} ({where})", pictures=pictures, spectra=spectra)


def _said(plot: Plot, where: str) -> Plot:
    if plot.row:
        return replace(plot, row=f"{plot.row} ({where})")
    return replace(plot, title=f"{plot.title} ({where})")


def ranked(data: xr.Dataset) -> xr.Dataset:
    """Subjects sorted by |ΔS|, smallest first; the unmeasured last. Of swept axes the mean counts."""
    size = data["abs_delta_S"]
    order = size.mean([name for name in size.dims if name != "subject"]).argsort().values
    return data if np.array_equal(order, np.arange(len(order))) else data.isel(subject=order)


def _heading(data: xr.Dataset) -> str:
    families = set(map(str, data["family"].values)) - {""}  # nothing is known yet of the unmeasured
    if len(data["subject"]) == 1:
        return "Entropy change"
    if len(families) > 1:
        return ORDER
    if not families <= set(FAMILIES):
        return UNKNOWN
    rates = data["rate"].values[np.isfinite(data["rate"].values)]
    return VERDICT if not rates.size or np.ptp(rates) <= SAME_RATE * rates.max() else RATES


def table(data: xr.Dataset, swept: list[str]) -> Table:
    """ΔS with its error beside S and the trivial baselines; sorted anew at each point of swept axes."""
    unit = data["delta_S"].attrs.get("units", "")
    columns = [*swept, "subject", "family", f"ΔS ({unit})", "|ΔS| (nat)", "S before (nat)", "S after (nat)",
               "ln M − ΔS (nat)", "rate", "retained energy", "PSNR (dB)"]  # fmt: skip
    flat = data[[name for one in TOLD for name in (one, f"{one}_se") if name in data]]
    points = itertools.product(*(range(flat.sizes[name]) for name in swept))
    cuts = [ranked(flat.isel(dict(zip(swept, point, strict=True)))) if swept else flat for point in points]
    rows = [row for cut in cuts for row in _rows_of(cut, swept)]
    where = f", at each {' and '.join(swept)}" if swept and len(data["subject"]) > 1 else ""
    return Table(_heading(data) + where, columns, rows, note=_averaged(data))


def _rows_of(cut: xr.Dataset, swept: list[str]) -> list[list[Cell]]:
    means = {name: _means(cut.variables[name]) for name in cut.data_vars}
    places = [_place(cut[name].item()) for name in swept]
    names = zip(map(str, cut["subject"].values), map(str, cut["family"].values), strict=True)
    return [[*places, *name, *(_told(means, one, i) for one in TOLD)] for i, name in enumerate(names)]


def _means(one: xr.Variable) -> list[float]:
    """By subject, over what of it is known; NaN where nothing is, or nothing finite."""
    values = one.transpose("subject", ...).values
    flat = values.reshape(len(values), -1)
    known = ~np.isnan(flat)
    sums = np.where(np.isfinite(flat).any(1), np.where(known, flat, 0.0).sum(1), np.nan)
    return (sums / np.maximum(known.sum(1), 1)).tolist()


def _told(means: dict[Any, list[float]], name: str, i: int) -> str:
    value = means[name][i] if name in means else math.nan
    if math.isnan(value):
        return ABSENT
    error = means.get(f"{name}_se", [math.nan] * (i + 1))[i]
    return number(value, None if math.isnan(error) else error) if abs(value) > TINY else "0"


def _place(value: float | str) -> str:
    """Where on an axis: a number, or a choice."""
    return value if isinstance(value, str) else f"{value:g}"


def _averaged(data: xr.Dataset) -> str:
    n = data.sizes["signal"]
    over = f"Mean over {n} signals." if n > 1 else "One signal."
    if not np.isfinite(data["delta_S_mean_se"].values).any():
        return over
    drawn = np.isfinite(data["delta_S_se"].values).any()
    what = " and ".join(part for part, counts in (("the masks drawn", drawn), ("the signals", n > 1)) if counts)
    return f"{over} The error in brackets is one standard error over {what}."


def ranking(data: xr.Dataset) -> Plot:
    """Bars of signed ΔS in order of |ΔS|."""
    labels = tuple(map(str, data["subject"].values))
    # a fixed mask on one signal has no spread: no error bar, and not an unknown one
    bars = Bars(data["delta_S_mean"].values, se=np.nan_to_num(data["delta_S_mean_se"].values))
    x = Axis("entropy change ΔS", "nat")
    return Plot(_heading(data), x, Axis("subject", categories=labels), [bars], note=_averaged(data))


def _families(data: xr.Dataset, reading: Reading) -> list[Panel]:
    """ΔS against the exponent p of variable-density masks that differ in nothing else."""
    own = [reading.record.subjects[str(label)].get("settings", {}) for label in data["subject"].values]
    others = [{name: value for name, value in one.items() if name != "p"} for one in own]
    if len(own) < 2 or any("p" not in one for one in own) or any(one != others[0] for one in others):
        return []
    exponents = np.array([one["p"] for one in own], dtype=float)
    order = np.argsort(exponents)
    x, y, se = exponents[order], data["delta_S_mean"].values[order], data["delta_S_mean_se"].values[order]
    best = int(np.argmin(np.abs(y)))
    marks: list[Mark] = [Line(x, y, "ΔS"), Points(x, y, "ΔS", y_se=se)]
    marks.append(Points(x[[best]], y[[best]], "smallest |ΔS|"))
    axes = Axis("density exponent p"), Axis("entropy change ΔS", "nat")
    note = "The reference needs fully sampled examples: zero training is not zero data."
    return [Plot("ΔS of variable-density masks", *axes, marks, note=note)]


def _sweeps(data: xr.Dataset, swept: list[str]) -> list[Panel]:
    """ΔS along each swept axis, one line a subject, at the first value of the other axes."""
    plots: list[Panel] = []
    for name in swept:
        others = {other: 0 for other in swept if other != name}
        cut = data.isel(others)
        if cut[name].dtype.kind not in "fiu":
            continue
        x = cut[name].values.astype(float)
        marks = [_curve(cut.sel(subject=label), x) for label in cut["subject"].values]
        axis = Axis(name, str(data[name].attrs.get("units", "")))
        plots.append(Plot(f"ΔS against {name}", axis, Axis("entropy change ΔS", "nat"), marks))
    return plots


def _curve(one: xr.Dataset, x: Any) -> Line:
    return Line(x, one["delta_S_mean"].values, str(one["subject"].item()))


def scale_curve(data: xr.Dataset) -> list[Panel]:
    """ΔS of one draw against window scale, with ln M of periodic masks and the crossover."""
    if "curve" not in data:
        return []
    x = data["window_scale"].values
    marks: list[Mark] = []
    for label in data["shown"].values:
        one = data.sel(shown=label, subject=label)
        marks.append(Line(x, np.ravel(one["curve"].values), str(label)))
        copies = float(one["copies"])
        if math.isfinite(copies):
            marks.append(Line(x[[0, -1]], np.full(2, math.log(copies)), f"ln M, M = {copies:g}", dashed=True))
    low, high = (data[name].values[np.isfinite(data[name].values)] for name in ("crossover_low", "crossover_high"))
    if low.size and low.min() < x[-1] and high.max() > x[0]:
        marks.append(Band(np.clip([low.min(), high.max()], x[0], x[-1]), label="crossover", quiet=True))
    axes = Axis("window scale s", "samples", log=True), Axis("entropy change ΔS", "nat")
    note = "The whole valid range of s, for the first signal and draw; errors up to 2e-2 nat."
    if any(isinstance(mark, Band) for mark in marks):
        note += " In the crossover the order of periodic and random masks changes sign."
    return [Plot("ΔS against window scale", *axes, marks, note=note)]
