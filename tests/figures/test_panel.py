"""Panels: units, alt text, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest

from jupyter_phys.figures.mark import Axis, Band, Bars, Heat, Line, Movie, Points
from jupyter_phys.figures.panel import Note, PhaseSpace, Plot, Table, plots, spoken


def test_axis_title_says_the_unit_and_nothing_where_there_is_none():
    assert Axis("window scale s", "samples").title == "window scale s (samples)"
    assert Axis("accuracy").title == "accuracy"


def test_alt_text_names_axes_units_marks_ranges_and_note():
    plot = Plot(
        "Spectrum",
        Axis("p_T", "GeV"),
        Axis("yield", "1/GeV"),
        [Line(np.array([0.5, 2.0]), np.array([1.0, 8.0]), "EOS-L"), Points(np.array([1.0]), np.array([3.0]))],
        note="Central events only.",
    )
    for said in ("Spectrum", "p_T (GeV)", "yield (1/GeV)", "EOS-L", "from 1 to 8", "0.5 to 2", "1 points", "Central"):
        assert said in plot.alt


def test_alt_text_of_maps_and_movies_gives_shape_and_unit():
    color = Axis("energy density", "GeV/fm³")
    still = Heat(np.ones((3, 4)), (0, 3), (0, 2), color)
    movie = Movie(np.ones((5, 3, 4)), np.arange(5), Axis("time", "fm/c"), (0, 3), (0, 2), color)
    alt = Plot("Event", Axis("x", "fm"), Axis("y", "fm"), [still, movie]).alt
    assert "3 × 4 map" in alt and "5 frames" in alt and "energy density (GeV/fm³)" in alt


def test_alt_text_of_nothing_says_so():
    axis = Axis("x")
    assert "nothing measured yet" in Plot("Empty", axis, axis, []).alt
    assert "no finite values" in Plot("Gap", axis, axis, [Line(np.array([1.0]), np.array([np.nan]))]).alt


def test_a_frame_of_a_movie_is_a_map_of_the_same_scale():
    movie = Movie(np.arange(24.0).reshape(2, 3, 4), [0, 1], Axis("t"), (0, 3), (0, 2), Axis("c"), palette="grey")
    assert np.array_equal(movie.frame(1).values, movie.frames[1])
    assert movie.frame(1).palette == "grey" and movie.frame(1).color == movie.color


def space(density=None, **more) -> PhaseSpace:
    axis = Axis("x", "fm"), Axis("y", "fm")

    def one(name, level):
        heat = Heat(np.full((4, 6), level), (0, 5), (0, 3), Axis("Q", log=True))
        return Plot(name, *axis, [heat], row=f"row of {level:g}")

    pictures, spectra = ([one(name, level) for name in ("before", "after")] for level in (1.0, 2.0))
    density = np.ones((2, 3, 4, 5, 6)) if density is None else density
    return PhaseSpace("Space", pictures, spectra, density, ((0, 3), (0, 2)), ((0, 5), (0, 4)), (1, 1), **more)


def test_a_phase_space_is_its_plots_where_nothing_moves():
    panel, axis = space(note="Look."), Axis("x")
    alone = Plot("alone", axis, axis, [])
    table = Table("t", ["a"], [[1]])
    assert [plot.title for plot in plots([alone, panel, table])] == ["alone", "before", "after", "before", "after"]
    assert panel.alt.startswith("Space. before.") and panel.alt.endswith("Look.") and panel.alt.count("4 × 6 map") == 4
    assert spoken([alone, panel, table]) == f"{alone.alt} {panel.alt}"


@pytest.mark.parametrize(
    "build",
    [
        lambda: Line(np.zeros(2), np.zeros(3)),
        lambda: Line(np.zeros((2, 2)), np.zeros(2)),
        lambda: Band(np.zeros(2), np.zeros(3)),
        lambda: Points(np.zeros(2), np.zeros(2), y_se=np.zeros(1)),
        lambda: Points(np.zeros(2), np.zeros(2), names=("one",)),
        lambda: Points(np.zeros(1), np.zeros(1), x_se=np.array([-0.1])),
        lambda: Bars(np.zeros(1), se=np.array([-0.1])),
        lambda: Heat(np.zeros(3), (0, 1), (0, 1), Axis("c")),
        lambda: Movie(np.zeros((2, 3, 3)), np.zeros(3), Axis("t"), (0, 1), (0, 1), Axis("c")),
        lambda: Table("t", ["a", "b"], [[1]]),
        lambda: space(np.ones((3, 3, 4, 5, 6))),
        lambda: space(np.ones((2, 3, 4))),
        lambda: replace(space(), spectra=space().spectra[:1]),
        lambda: replace(space(), spectra=[Plot("p", Axis("x"), Axis("y"), [])] * 2),
    ],
)
def test_what_does_not_fit_together_is_refused(build):
    with pytest.raises(ValueError):
        build()


def test_lists_of_integers_become_floats():
    assert Line([1, 2], [3, 4]).y.dtype == np.float64


def test_notes_compare_by_what_they_say():
    assert Note("warning", "s is outside its range") == Note("warning", "s is outside its range")


def test_cells_from_numpy_become_ordinary_ones():
    (row,) = Table("t", ["a", "b", "c"], [[np.bool_(True), np.int64(2), np.float32(0.5)]]).rows
    assert row == [True, 2, 0.5] and [type(cell) for cell in row] == [bool, int, float]


def test_table_alt_gives_size_and_columns():
    assert Table("Masks", ["name", "ΔS (nats)"], [["random", "0.50(1)"]]).alt == (
        "Table: Masks. 1 rows; columns name, ΔS (nats)."
    )
