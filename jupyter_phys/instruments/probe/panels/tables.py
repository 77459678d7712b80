"""Numbers of %probe in tables, at each point of swept axes."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.record import Record
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import Cell, Table
from jupyter_phys.instruments.probe.panels import attacked
from jupyter_phys.instruments.probe.panels.image import is_box
from jupyter_phys.instruments.probe.panels.maps import HALF
from jupyter_phys.instruments.probe.probed import OWN

ABSENT = "–"
TINY = 1e-12  # of rounding
RESOLVED = 1e-5  # relative errors below it are not shown: nobody reads so many digits


def products(data: xr.Dataset, swept: list[str], record: Record) -> Table:
    """One row a label and one for their mean, at each point of swept axes."""
    box = is_box(record) or "covariance" in data  # a bound of its own, and not just ½
    several = data.sizes["coordinate"] > 1
    mean = "mean over coordinates, " if several else ""
    unit = data["delta_x"].attrs["units"]
    last = ["|c|", "Δx·Δp/|c|"] if box else ["excess over ½"]
    widths = [f"Δx ({unit})", f"Δp (1/{unit})", "Δx·Δp", *last]
    columns = [*swept, "subject", "label", *widths, "ESS", "samples"]
    # along axes that only attacks depend on there is one row
    swept_here = [name for name in swept if name in data["product_grand"].dims]
    rows: list[list[Cell]] = []
    for point in itertools.product(*(range(data.sizes[name]) for name in swept_here)):
        cut = data.isel(dict(zip(swept_here, point, strict=True)))
        places = [place(cut[name].item()) if name in swept_here else ABSENT for name in swept]
        for i in range(data.sizes["subject"]):
            rows += [[*places, *row] for row in _rows(cut.isel(subject=i), box=box)]
    said = "The bound is ½; what says something about the loss is the excess over it."
    if "covariance" in data:
        said = "The bound is |c|; where ψ vanishes at the edge that is √(¼ + Cov²), with the covariance of x and p."
    elif box:
        said = "The bound is |c|; it is ½ only where the loss vanishes at the edge of the domain."
    brackets = f"Errors in brackets are standard errors{' of the mean' if several else ''}."
    note = f"{_depends(data, record)} {said}"
    if np.isfinite(data["product_mean_se"].values).any():
        note = f"{note} {brackets}"
    return Table(f"Uncertainty relation ({mean}Δx·Δp ≥ {'|c|' if box else '½'})", columns, rows, note=note)


def _depends(data: xr.Dataset, record: Record) -> str:
    """What every number depends on."""
    facts, said = record.facts, list[str]()
    if facts["loss"] != OWN:
        said.append(f"loss {facts['loss']}")
    if "domain" in facts:
        said.append(f"box {facts['domain']}")
    if "scale" in data.coords:
        said.append(f"window scale {_of_each(data, '{:.4g}', 'scale')}")
    if "lowest" in data.coords:
        said.append(f"input range {_of_each(data, '{:.4g} … {:.4g}', 'lowest', 'highest')}")
    first, *rest = [*said, f"seed {record.seed}"]
    return ", ".join([first[0].upper() + first[1:], *rest]) + "."


def _of_each(data: xr.Dataset, form: str, *names: str) -> str:
    """What all subjects have in common, or what each has."""
    values = [form.format(*one) for one in zip(*(data[name].values for name in names), strict=True)]
    if len(set(values)) == 1:
        return values[0]
    return ", ".join(f"{value} ({subject})" for subject, value in zip(data["subject"].values, values, strict=True))


def _rows(one: xr.Dataset, *, box: bool) -> list[list[Cell]]:
    names = list(map(str, one["label"].values))
    subject = str(one["subject"].item())
    rows = [[subject, label, *_widths(one.isel(label=k), "_mean", box=box), *_samples(one.isel(label=k))]
            for k, label in enumerate(names)]  # fmt: skip
    if len(names) > 1:
        rows.append([subject, "mean", *_widths(one, "_grand", box=box), ABSENT, ABSENT])
    return rows


def _widths(one: xr.Dataset, suffix: str, *, box: bool) -> list[Cell]:
    values = {name: float(one[f"{name}{suffix}"]) for name in ("delta_x", "delta_p", "product", "bound")}
    errors = {name: float(one[f"{name}{suffix}_se"]) for name in values}
    cells: list[Cell] = [told(values[name], errors[name]) for name in values if box or name != "bound"]
    if box:
        ratio = values["product"] / values["bound"] if values["bound"] > 1e-12 else math.nan
        return [*cells, told(ratio, math.nan)]
    return [*cells, told(values["product"] - HALF, errors["product"])]


def _samples(one: xr.Dataset) -> list[Cell]:
    return [told(round(float(one["ess"])) if np.isfinite(one["ess"]) else math.nan, math.nan),
            told(float(one["samples"]), math.nan)]  # fmt: skip


def told(value: float, error: float) -> str:
    """A number with its standard error, as far as anybody reads."""
    if math.isnan(value):
        return ABSENT
    if abs(value) < TINY and not abs(value) > 5 * error:
        return "0"
    if value == round(value) and math.isnan(error):
        return str(round(value))
    known = error > RESOLVED * abs(value)
    return number(value, error if known else None, digits=4 if known else 6 if abs(value) >= 0.1 else 5)


def under_attack(data: xr.Dataset, name: str, swept: list[str], record: Record) -> Table:
    """Accuracy (or deviation of values) by attack and size."""
    here = [one for one in swept if one in data[name].dims]
    sizes = data["eps"].values
    columns = [*here, "subject", "attack", *("clean" if eps == 0 else f"ε = {eps:.4g}" for eps in sizes)]
    rows: list[list[Cell]] = []
    for point in itertools.product(*(range(data.sizes[axis]) for axis in here)):
        cut = data.isel(dict(zip(here, point, strict=True)))
        places = [place(cut[axis].item()) for axis in here]
        for i, a in itertools.product(range(data.sizes["subject"]), range(data.sizes["attack"])):
            one = cut.isel(subject=i, attack=a)
            cells = [share(float(v), float(e)) for v, e in zip(one[name].values, one[f"{name}_se"].values, strict=True)]
            rows.append([*places, str(one["subject"].item()), attacked.ATTACKS[str(one["attack"].item())], *cells])
    title = attacked.heading(data) if name == "accuracy" else "Change of the answer under attack"
    return Table(title, columns, rows, note=f"{_attacked_how(data, record)} Errors in brackets are standard errors.")


def _attacked_how(data: xr.Dataset, record: Record) -> str:
    """Without which nobody can compare: the inputs, the norm, and how PGD went."""
    asked, swept = record.settings, record.axes
    norm = "norm as listed" if "norm" in swept else {"linf": "L∞", "l2": "L2"}[asked["norm"]]
    count = (
        "Inputs as listed" if "images" in swept else f"{data.sizes['sample']} input{'s' * (data.sizes['sample'] > 1)}"
    )
    said = f"{count}; ε in units of the input range, {norm}."
    if asked["attack"] in ("pgd", "autoattack"):
        steps = "steps as listed" if "steps" in swept else f"{asked['steps']} steps"
        length = "2.5 ε/steps" if asked["step"] is None else f"{asked['step']:.3g}"
        start = f"{asked['restarts']} random start{'s' * (asked['restarts'] > 1)}"
        start = start if asked["start"] == "random" else "from the input"
        said += f" PGD: {steps} of {'lengths as listed' if 'step' in swept else length}, "
        said += f"{'starts as listed' if swept.keys() & {'restarts', 'start'} else start}."
    return said


def share(value: float, error: float) -> str:
    """A share of inputs with its error, also none and all."""
    if math.isnan(value):
        return ABSENT
    return number(value, error) if error > 0 else number(value)


def place(value: Any) -> str:
    """Where on an axis: a number, or a choice."""
    return str(value) if isinstance(value, (str, np.str_)) else f"{value:g}"
