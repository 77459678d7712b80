"""Pictures of a packet of one coordinate: psi(x), the density of its momentum, and both in phase space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from jupyter_phys.figures.mark import Axis, Heat, Line, Mark
from jupyter_phys.figures.panel import Plot

EDGE = 0.05  # of psi, at which it does not vanish
SHOWN = 3  # subjects with a phase space of their own


def views(data: xr.Dataset) -> list[Plot]:
    """Those of every function that was measured."""
    if "husimi" not in data:
        return []
    known = [i for i in range(data.sizes["subject"]) if np.isfinite(data["wave"].values[i]).all()]
    if not known:
        return []
    plots = [_wave(data, known), _momentum(data, known)]
    for i in known[:SHOWN]:
        plots += [_husimi(data, i), _wigner(data, i)]
    return plots


def _wave(data: xr.Dataset, known: list[int]) -> Plot:
    marks: list[Mark] = []
    for i in known:
        x, (real, imaginary) = data["place"].values[i], data["wave"].values[i]
        name = str(data["subject"].values[i])
        if np.abs(imaginary).max() < 1e-12:
            marks.append(Line(x, real, name))
        else:
            marks += [Line(x, real, f"{name}, real part"), Line(x, imaginary, f"{name}, imaginary part", dashed=True)]
    unit = data["place"].attrs["units"]
    return Plot("ψ(x)", Axis("x", unit), Axis("ψ", f"1/√{unit}"), marks, row="The packet")


def _momentum(data: xr.Dataset, known: list[int]) -> Plot:
    cut = any(np.abs(data["wave"].values[i][:, [0, -1]]).max() > EDGE for i in known)
    unit = data["place"].attrs["units"]
    marks = [Line(data["momentum"].values[i], data["momentum_density"].values[i], str(data["subject"].values[i]))
             for i in known]  # fmt: skip
    note = "Where ψ does not vanish at the edge of a box, its jump there adds tails that Δp does not count."
    return Plot(
        "|φ(p)|²", Axis("p", f"1/{unit}"), Axis("|φ|²", unit), marks, row="The packet", note=note if cut else ""
    )


def _space(data: xr.Dataset, i: int, name: str) -> Plot:
    x, p = data["place"].values[i], data["momentum"].values[i]
    unit = data["place"].attrs["units"]
    heat = Heat(data[name].values[i].T, (float(x[0]), float(x[-1])), (float(p[0]), float(p[-1])), Axis("density"), name)
    row = f"Phase space: {data['subject'].values[i]}" if data.sizes["subject"] > 1 else "Phase space"
    return Plot("", Axis("x", unit), Axis("p", f"1/{unit}"), [heat], row=row)


def _husimi(data: xr.Dataset, i: int) -> Plot:
    plot = _space(data, i, "husimi")
    return replace(plot, title="Husimi density", note="Overlap with coherent states of the packet's own Δx.")


def _wigner(data: xr.Dataset, i: int) -> Plot:
    plot = _space(data, i, "wigner")
    (heat,) = plot.marks
    assert isinstance(heat, Heat)
    reach = float(np.abs(heat.values).max())
    color = Axis("density", low=-reach, high=reach)
    note = "Where it is negative no classical density has these widths."
    return replace(plot, title="Wigner function", marks=[replace(heat, color=color, palette="diverging")], note=note)
