"""Panels of every kind of mark, as hard to draw as they come: shared by the tests of the page and its benchmark."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from jupyter_phys.figures.mark import Axis, Band, Bars, Heat, Line, Movie, Points
from jupyter_phys.figures.panel import Note, Panel, PhaseSpace, Plot, Table
from jupyter_phys.figures.payload import payload

MARKUP = "<img src=x onerror=window.hacked=1>"
TITLE = "Every mark"


def panels(shift: float = 0.0) -> list[Panel]:
    plots = [lines(), ranking(), scatter(), *maps(shift), diverging(), confusion(), movie()]
    return [table(), *plots, space(), nothing()]


def reading(shift: float = 0.0) -> dict[str, Any]:
    """``shift`` is added to the maps of the row, so that two readings differ."""
    notes = [Note("warning", f"A warning with {MARKUP} in it."), Note("note", "A note with $formula$ and **stars**.")]
    return payload(TITLE, panels(shift), notes, instrument="probe")


def table() -> Table:
    rows = [
        ["full", "0.5023(12)", 1, None],
        [MARKUP, "−0.0310(45)", 12, "yes"],
        ["Gauß, p = 2", "1.23(45)e-07", 3, "no"],
    ]
    return Table("Numbers", ["subject", "ΔS (nat)", "copies", MARKUP], rows, note="Errors in brackets.")


def lines() -> Plot:
    x = np.geomspace(1, 100, 60)
    wave = np.exp(-x / 40) * (1.2 + np.sin(np.log(x) * 3))
    few = np.geomspace(2, 80, 9)
    marks = [
        Line(x, wave, "measured"),
        Band(x, wave - 0.12, wave + 0.12),
        Line(few, 0.6 + 0.1 * np.sqrt(few) / 3, MARKUP),
        Line(np.array([1.0, 100.0]), np.full(2, math.log(2)), "ln M, M = 2", dashed=True),
        Line(np.array([1.0, 100.0]), np.full(2, math.log(4)), "ln M, M = 4", dashed=True),
        Band(np.array([8.0, 20.0]), label="crossover", quiet=True),
        Points(few[:5], np.array([1.9, 2.0, np.nan, 1.4, 0.8]), "calibration", y_se=np.full(5, 0.12)),
    ]
    axes = Axis("window scale s", "samples", log=True), Axis("entropy change ΔS", "nat")
    return Plot("ΔS against window scale", *axes, marks, note="In the crossover the order of masks changes sign.")


def ranking() -> Plot:
    names = ("regular, M = 4", "variable density, p = 2", "uniform random", "low-pass", MARKUP)
    value = np.array([1.21, 0.34, -0.52, np.nan, 0.8])
    bars = [Bars(value, "before", se=np.full(5, 0.06)), Bars(value * 0.7, "after", se=np.full(5, 0.1))]
    return Plot("Order by |ΔS|", Axis("entropy change ΔS", "nat"), Axis("subject", categories=names), bars)


def scatter() -> Plot:
    rng = np.random.default_rng(1)
    z, n = np.meshgrid(np.arange(8, 100), np.arange(8, 150), indexing="ij")
    near = np.abs(n - z * (1 + 0.0055 * z)) < 8
    z, n = z[near].astype(float), n[near].astype(float)
    residual = 0.6 * np.sin(n / 7) + rng.normal(0, 0.2, n.size)
    names = tuple(f"Z={int(a)} N={int(b)}" for a, b in zip(z, n, strict=True))
    marks = [
        Points(n, residual, "nuclei", names=names),
        Points(n[:6], residual[:6] + 1.2, "named", x_se=np.full(6, 3.0), y_se=np.full(6, 0.3), names=names[:6]),
    ]
    return Plot("Mass residuals", Axis("neutron number N"), Axis("residual", "MeV"), marks)


def maps(shift: float = 0.0) -> list[Panel]:
    rows, columns = np.mgrid[0:64, 0:64]
    field = np.exp(-((rows - 24) ** 2 + (columns - 36) ** 2) / 250) + 0.2 * np.cos(rows / 3) + shift
    holes = np.where((rows - 44) ** 2 + (columns - 20) ** 2 < 80, np.nan, field)
    color = Axis("magnitude", "T")
    axes = Axis("column", "samples"), Axis("row", "samples", downward=True)

    def one(title: str, values: Any) -> Plot:
        heat = Heat(values, (0, 63), (0, 63), color, "field", palette="grey")
        return Plot(title, *axes, [heat], row="Before and after", square=True)

    return [one("before", field), one("after", holes), one(MARKUP, field * 0.5)]


def diverging() -> Plot:
    x, y = np.meshgrid(np.linspace(-3, 3, 80), np.geomspace(1, 1000, 50))
    heat = Heat(np.sin(x * 2) * np.log10(y), (-3, 3), (1, 1000), Axis("curl", "1/s"), palette="diverging")
    marks = [heat, Line(np.linspace(-3, 3, 40), np.geomspace(2, 500, 40), "path")]
    return Plot("Rotation", Axis("x", "fm"), Axis("energy", "MeV", log=True), marks)


def confusion() -> Plot:
    names = ("crossover", "first order")
    heat = Heat(np.array([[0.94, 0.06], [0.11, 0.89]]), (0, 1), (0, 1), Axis("share", low=0, high=1))
    return Plot("Confusion", Axis("said", categories=names), Axis("true", categories=names, downward=True), [heat])


def movie() -> Plot:
    x, y = np.meshgrid(np.linspace(-8, 8, 46), np.linspace(-8, 8, 46))
    time = np.linspace(0.6, 12, 20)
    frames = np.stack([300 * np.exp(-(x**2 / (3 + t) + y**2 / (6 + t))) / t + 1e-3 for t in time])
    color = Axis("energy density", "GeV/fm³", log=True, low=1e-2)
    mark = Movie(frames, time, Axis("time τ", "fm/c"), (-8, 8), (-8, 8), color)
    return Plot("Fireball", Axis("x", "fm"), Axis("y", "fm"), [mark], square=True, note="Transverse plane.")


def space() -> PhaseSpace:
    """Two waves, of ν₁ = −0.28 in the left half and of ν₁ = 0.28 in the right; after, of both everywhere."""
    y, x, v, u = np.meshgrid(*[np.arange(n) for n in (8, 8, 8, 16)], indexing="ij")
    u, v = (u - 7.5) / 16, (v - 3.5) / 8
    wave = np.where(x < 4, -0.28125, 0.28125)  # in the middle of a band
    before = 1e-6 + 0.5 * np.exp(-((u - wave) ** 2 + (v - 0.0625) ** 2) * 200) + 0 * y
    after = np.maximum(before, before[..., ::-1]) / 2
    column = np.arange(64)
    tone = np.cos(2 * np.pi * np.where(column < 32, -0.28125, 0.28125) * column)[None].repeat(64, 0)
    names = "two waves", f"sampled {MARKUP}"
    at, across, up = (3.5, 59.5), (-0.46875, 0.46875), (-0.4375, 0.4375)
    places = Axis("column", "samples"), Axis("row", "samples", downward=True)
    bands = Axis("frequency ν₁", "cycles/sample"), Axis("frequency ν₀", "cycles/sample")
    share = Axis("energy share", log=True, low=1e-6, high=0.5)

    def map_of(title: str, axes: tuple[Axis, Axis], values: Any, ends: Any, color: Axis) -> Plot:
        heat = Heat(values, *ends, color, palette="sequential" if color.log else "grey")
        return Plot(title, *axes, [heat], row=color.label, square=True)

    both = np.stack([before, after])
    whole = (0, 63), (0, 63)
    pictures = [map_of(name, places, tone * k, whole, Axis("field")) for name, k in zip(names, (1, 0.5), strict=True)]
    spectra = [map_of(name, bands, one[2, 2], (across, up), share) for name, one in zip(names, both, strict=True)]
    return PhaseSpace("Two waves", pictures, spectra, both, (at, at), (across, up), (18.0, 18.0), note="Halves differ.")


def nothing() -> Plot:
    unknown = Line(np.arange(3.0), np.full(3, np.nan))
    return Plot("Not measured yet", Axis("eps", "input range"), Axis("accuracy"), [unknown])


def hard() -> list[Panel]:
    """What painters stumble over: nothing, one, constant, enormous, logarithms of zero, names without end."""
    nan, four = np.nan, np.array([-1.0, 0.0, 1.0, 10.0])
    x, y, log = Axis("x"), Axis("y"), Axis("x", log=True)
    color = Axis("v", "T")
    steps = np.arange(5.0)
    many = Bars(np.linspace(-1, 9, 120), "many", se=np.ones(120))
    names = tuple(f"a rather long name of number {i}" for i in range(120))
    plots = {
        "no mark": Plot("", x, y, []),
        "no point": Plot("", x, y, [Line(np.empty(0), np.empty(0), "none"), Points(np.empty(0), np.empty(0))]),
        "one": Plot("", x, y, [Line(np.ones(1), np.ones(1), "one"), Band(np.ones(1), label="here", quiet=True)]),
        "constant": Plot("", x, y, [Line(steps, np.full(5, 3.3))]),
        "far off": Plot("", x, y, [Line(steps, 1e9 + 1e-3 * steps)]),
        "enormous": Plot("", x, y, [Line(np.array([1e300, -1e300, 0]), np.array([1e-300, 1e308, nan]))]),
        "logarithms": Plot("", log, Axis("y", log=True), [Line(four, four), Points(four, four, y_se=np.full(4, 5.0))]),
        "no cell": Plot("", x, y, [Heat(np.empty((0, 5)), (0, 1), (0, 1), color)]),
        "one cell": Plot("", x, y, [Heat(np.ones((1, 1)), (0, 0), (0, 0), color)], square=True),
        "no number": Plot("", x, y, [Heat(np.full((3, 4), nan), (0, 3), (0, 2), color)]),
        "backwards": Plot("", x, y, [Heat(np.arange(12.0).reshape(3, 4), (3, 0), (2, 0), color)]),
        "no bar": Plot("", x, y, [Bars(np.empty(0))]),
        "many bars": Plot("", x, Axis("s", categories=names), [many]),
        "no frame": Plot("", x, y, [Movie(np.empty((0, 3, 3)), np.empty(0), Axis("t"), (0, 2), (0, 2), color)]),
        "many series": Plot("", x, y, [Line(steps, steps + i, f"series {i}") for i in range(24)]),
        "x" * 300: Plot("", Axis("l" * 200, "u" * 80), Axis("m " * 200), [Line(steps, steps, "y" * 300)]),
    }
    panels: list[Panel] = [replace(plot, title=title) for title, plot in plots.items()]
    return [*panels, Table("none", ["a", "b"], []), Table("", ["a"], [["b" * 500], [None], [1e300]])]
