"""Ranges: they hold the data, can be drawn, and are shared where maps have to be compared."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jupyter_phys.figures.mark import Axis, Bars, Heat, Line, Movie, Points
from jupyter_phys.figures.panel import Plot, Table
from jupyter_phys.figures.scale import cell_edges, ends, recut, settle

ANY = st.floats(allow_nan=True, allow_infinity=True)


def settled(x: Axis, y: Axis, *marks, **more) -> Plot:
    (plot,) = settle([Plot("p", x, y, marks, **more)])
    return plot


def heat(values, **color) -> Heat:
    palette = color.pop("palette", "sequential")
    return Heat(np.asarray(values, dtype=float), (0, 1), (0, 1), Axis("c", **color), palette=palette)


@given(arrays(float, st.integers(0, 5), elements=ANY), st.booleans(), st.sampled_from([None, -1.0, 0.0, 2.0, math.nan]))
def test_every_range_is_finite_open_and_fit_for_its_scale(values, log, low):
    plot = settled(Axis("x", log=log), Axis("y", log=log, low=low), Line(values, values), Points(values, values))
    for bottom, top in (ends(plot.x), ends(plot.y)):
        assert math.isfinite(bottom) and math.isfinite(top) and bottom < top
        assert not log or bottom > 0


@given(arrays(float, st.integers(1, 9), elements=st.floats(-1e9, 1e9)))
def test_ranges_hold_the_data(values):
    low, high = ends(settled(Axis("x"), Axis("y"), Line(np.arange(len(values)), values)).y)
    assert low <= values.min() and values.max() <= high


def test_error_bars_are_inside():
    plot = settled(Axis("x"), Axis("y"), Points([1.0], [2.0], x_se=[0.5], y_se=[4.0]))
    assert plot.x.low < 0.5 and plot.x.high > 1.5 and plot.y.low < -2 and plot.y.high > 6


def test_bars_stand_on_zero_and_their_axis_on_categories():
    plot = settled(Axis("ΔS"), Axis("", categories=("a", "b"), log=True), Bars([1.0, 2.0], se=[0.1, 0.1]))
    assert plot.x.low == 0 and plot.x.high > 2.1
    assert ends(plot.y) == (-0.5, 1.5) and not plot.y.log


def test_ends_that_the_instrument_fixed_are_kept():
    plot = settled(Axis("x", low=-3), Axis("y", low=0, high=1), Line([0.0, 5.0], [0.2, 7.0], dashed=True))
    assert plot.x.low == -3 and plot.x.high == 5 and ends(plot.y) == (0, 1)


def test_maps_fill_their_axes_to_the_outer_edges():
    plot = settled(Axis("x"), Axis("y"), Heat(np.zeros((4, 5)), (0, 4), (10, 40), Axis("c")))
    assert ends(plot.x) == (-0.5, 4.5) and ends(plot.y) == (5, 45)


def test_one_row_and_one_quantity_share_one_colour_scale():
    axis = Axis("x")
    before, after = heat([[1, 2], [3, 4]], unit="a.u."), heat([[0, 9], [np.nan, 1]], unit="a.u.")
    mask = heat([[0, 1], [1, 0]], unit="")
    row = settle([Plot(name, axis, axis, [mark], row="slice") for name, mark in (("a", before), ("b", after))])
    alone = settle([Plot("a", axis, axis, [before]), Plot("b", axis, axis, [after])])
    assert [ends(plot.marks[0].color) for plot in row] == [(0, 9), (0, 9)]
    assert [ends(plot.marks[0].color) for plot in alone] == [(1, 4), (0, 9)]
    both = settle([Plot("a", axis, axis, [before], row="slice"), Plot("m", axis, axis, [mask], row="slice")])
    assert [ends(plot.marks[0].color) for plot in both] == [(1, 4), (0, 1)]


@pytest.mark.parametrize(
    ("values", "color", "expected"),
    [
        ([[-1, 3]], {}, (-3, 3)),
        ([[1, 3]], {}, (-3, 3)),
        ([[-1, 3]], {"low": 0, "high": 1}, (0, 1)),  # centred at one half
        ([[0.5, 8]], {"log": True}, (0.125, 8)),
    ],
)
def test_diverging_maps_are_symmetric(values, color, expected):
    plot = settled(Axis("x"), Axis("y"), heat(values, palette="diverging", **color))
    assert ends(plot.marks[0].color) == pytest.approx(expected)


def test_a_movie_has_one_scale_for_all_frames_and_a_clock():
    frames = np.arange(8.0).reshape(2, 2, 2)
    movie = Movie(frames, [3, 5], Axis("t", "s"), (0, 1), (0, 1), Axis("c"))
    (mark,) = settled(Axis("x"), Axis("y"), movie).marks
    assert ends(mark.color) == (0, 7) and ends(mark.clock) == (3, 5)


def test_cells_on_logarithmic_axes_are_equal_in_ratio():
    assert cell_edges((1, 100), 3, log=True) == pytest.approx((10**-0.5, 10**2.5))
    assert cell_edges((7, 7), 1) == (6.5, 7.5)


@pytest.mark.parametrize("log", [False, True])
def test_fewer_cells_cover_the_same_stretch(log):
    fewer = recut((1, 12), 12, 5, log)
    assert cell_edges(fewer, 5, log) == pytest.approx(cell_edges((1, 12), 12, log))


def test_open_axes_are_named_and_tables_pass():
    with pytest.raises(ValueError, match="energy"):
        ends(Axis("energy"))
    table = Table("t", ["a"], [[1]])
    assert settle([table]) == [table]
