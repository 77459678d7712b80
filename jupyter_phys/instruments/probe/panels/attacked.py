"""Accuracy against the size of attacks, and the conjugate correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.record import Record
from jupyter_phys.figures.mark import Axis, Line, Mark, Points
from jupyter_phys.figures.panel import Plot
from jupyter_phys.instruments.probe.attacks.attacked import WORST

ATTACKS = {"fgsm": "FGSM", "pgd": "PGD", "autoattack": "AutoAttack", WORST: "worst of these"}
DEBATE = (
    "Zhang et al. (arXiv:2205.01493) see accuracy traded against safety from attack by an uncertainty relation; "
    "Yang et al. (arXiv:2003.02460) find that real data leave room for both. The product alone decides neither."
)
OPPOSITE = (
    "Zhang et al. (arXiv:2603.19562) read a strong correlation as fragile, Etmann et al. (arXiv:1905.04172) a strong "
    "alignment as far from the boundary: the same projection, read with opposite signs."
)


def heading(data: xr.Dataset) -> str:
    """The word "robust" only where AutoAttack has run."""
    return "Robust accuracy" if "autoattack" in data["attack"].values else "Accuracy under attack"


def against_eps(data: xr.Dataset, settings: Any) -> Plot:
    """Accuracy under each attack; of several subjects under the worst."""
    marks: list[Mark] = []
    several = data.sizes["subject"] > 1
    attacks = [WORST] if several else [str(one) for one in data["attack"].values if one != WORST]
    x = data["eps"].values.astype(float)
    for i, subject in enumerate(map(str, data["subject"].values)):
        for attack in attacks:
            one = data.isel(subject=i).sel(attack=attack)
            label = subject if several else ATTACKS[attack]
            y, se = one["accuracy"].values, np.nan_to_num(one["accuracy_se"].values)
            marks += [Line(x, y, label), Points(x, y, label, y_se=se)]
    norm = {"linf": "L∞", "l2": "L2"}[settings.norm]
    axes = Axis(f"ε ({norm})", "input range"), Axis("accuracy", low=0.0, high=1.0)
    note = DEBATE
    if "autoattack" not in data["attack"].values:
        note = f"Gradient attacks alone are weak evidence; AutoAttack asks more (attack=autoattack). {note}"
    return Plot(f"{heading(data)} against its size", *axes, marks, note=note)


def deviation(data: xr.Dataset) -> Plot:
    """How far values are moved by the worst input."""
    x = data["eps"].values.astype(float)
    marks: list[Mark] = []
    for i, subject in enumerate(map(str, data["subject"].values)):
        one = data.isel(subject=i, attack=-1)
        y, se = one["deviation"].values, np.nan_to_num(one["deviation_se"].values)
        marks += [Line(x, y, f"{subject}, mean"), Points(x, y, f"{subject}, mean", y_se=se)]
        marks.append(Line(x, one["largest_deviation"].values, f"{subject}, largest", dashed=True))
    return Plot("Change of the answer against ε", Axis("ε", "input range"), Axis("|f(x′) − f(x)|", "answer"), marks)


def correlation(data: xr.Dataset, record: Record, settings: Any) -> Plot:
    """Histograms of the conjugate correlation of inputs answered right and wrong, beside a random direction's."""
    base = float(record.facts.get("baseline", np.nan))
    cc = data["cc"].values
    edges = np.linspace(0.0, max(float(np.nanmax(cc)), 1.5 * base) * 1.02, 25)
    marks: list[Mark] = []
    highest = 0.0
    for label, chosen in _kinds(data).items():
        share = np.histogram(chosen, edges)[0] / len(chosen)
        highest = max(highest, float(share.max()))
        marks.append(Line(np.repeat(edges, 2)[1:-1], np.repeat(share, 2), f"{label} ({len(chosen)})"))
    marks.append(Line(np.full(2, base), np.array([0.0, highest]), "random direction, E|cos|", dashed=True))
    mean = float(np.nanmean(cc))
    note = (
        f"Mean CC {mean:.3g}, {mean / base:.2g} times that of a random direction; x counted from {settings.origin:g}. "
    )
    note += OPPOSITE
    align = data["alignment"].values
    if np.isfinite(align).any():
        note = f"Mean alignment {float(np.nanmean(align)):.3g}. {note}"
    return Plot("Conjugate correlation |cos(x, ∇L)|", Axis("CC"), Axis("share of inputs"), marks, note=note)


def _kinds(data: xr.Dataset) -> dict[str, Any]:
    """Correlations of right and of wrong answers; of several subjects one after the other, of values all."""
    cc, right = data["cc"].values, data["right"].values
    if len(cc) > 1:
        found = {str(name): one for name, one in zip(data["subject"].values, cc, strict=True)}
    elif np.isfinite(right).any():
        found = {"answered right": cc[right == 1], "answered wrong": cc[right == 0]}
    else:
        found = {"all inputs": cc}
    found = {name: one[np.isfinite(one)] for name, one in found.items()}
    return {name: one for name, one in found.items() if one.size}
