"""From a reading of %entropy to panels: the numbers, the ranking, ΔS along axes and against window scale."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import Axis, Band, Bars, Cell, Line, Mark, Panel, PhaseSpace, Plot, Points, Table
from jupyter_phys.instruments.entropy.subjects import FAMILIES
from jupyter_phys.instruments.entropy.views import views

ABSENT = "–"
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
    return data.isel(subject=order)


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
    units = {name: one.attrs.get("units", "") for name, one in data.data_vars.items()}
    columns = [*swept, "subject", "family", f"ΔS ({units['delta_S']})", "|ΔS| (nat)", "S before (nat)", "S after (nat)",
               "ln M − ΔS (nat)", "rate", "retained energy", "PSNR (dB)"]  # fmt: skip
    flat = data.drop_dims([name for name in data.dims if name not in ("subject", "signal", *swept)])
    points = itertools.product(*(range(flat.sizes[name]) for name in swept))
    cuts = [ranked(flat.isel(dict(zip(swept, point, strict=True)))) for point in points]
    rows = [_cells_of(cut.isel(subject=i), swept) for cut in cuts for i in range(cut.sizes["subject"])]
    where = f", at each {' and '.join(swept)}" if swept and len(data["subject"]) > 1 else ""
    return Table(_heading(data) + where, columns, rows, note=_averaged(data))


def _cells_of(row: xr.Dataset, swept: list[str]) -> list[Cell]:
    def mean(name: str) -> float | None:
        values = row[name].values if name in row else np.array([])
        return float(np.nanmean(values)) if np.isfinite(values).any() else None

    def told(name: str) -> str:
        value = mean(name)
        if value is None:
            return ABSENT
        return number(value, mean(f"{name}_se")) if abs(value) > TINY else "0"

    return [
        *(_place(row[name].item()) for name in swept), str(row["subject"].item()), str(row["family"].item()),
        told("delta_S_mean"), told("abs_delta_S"), told("S_before"), told("S_after"), told("alias_deficit"),
        told("rate"), told("retained_energy"), told("psnr"),
    ]  # fmt: skip


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
