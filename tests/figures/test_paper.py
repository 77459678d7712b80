"""Figures on paper: what is on them, and that no data can break them. Nothing here compares pixels."""

import io
import subprocess
import sys
import warnings
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from PIL import Image

from jupyter_phys.figures import paper
from jupyter_phys.figures.mark import Axis, Band, Bars, Heat, Line, Movie, Points
from jupyter_phys.figures.panel import PhaseSpace, Plot, Table
from jupyter_phys.figures.theme import THEMES, series

X, Y = Axis("window scale s", "samples"), Axis("ΔS", "nats")


def axes(figure: Figure) -> list:
    """The axes of the plots, row by row; colour bars are their children."""
    return [ax for row in figure.subfigs for ax in row.axes]


def one(*marks, x=X, y=Y, **more):
    (ax,) = axes(paper.draw([Plot("Title", x, y, marks, **more)]))
    return ax


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def heat(values=((1.0, 2.0), (3.0, 4.0)), palette="sequential", **color) -> Heat:
    return Heat(np.array(values), (0, 1), (0, 1), Axis("intensity", "a.u.", **color), palette=palette)


def test_axes_say_quantity_and_unit_and_keep_their_ranges():
    ax = one(
        Line([1.0, 2.0], [0.0, 0.5]), x=Axis("s", "samples", low=0, high=4, log=False), y=Axis("ΔS", "nats", low=-1)
    )
    assert ax.get_xlabel() == "s (samples)" and ax.get_ylabel() == "ΔS (nats)" and ax.get_title(loc="left") == "Title"
    assert ax.get_xlim() == (0, 4) and ax.get_ylim()[0] == -1


def test_log_and_downward_axes():
    ax = one(Line([1.0, 64.0], [1e-9, 1.0]), x=Axis("s", log=True), y=Axis("Q", log=True, downward=True))
    assert ax.get_xscale() == ax.get_yscale() == "log" and ax.yaxis_inverted() and not ax.xaxis_inverted()


def test_rows_stand_side_by_side_under_their_heading():
    plots = [Plot(name, X, Y, [Line([0, 1], [0, 1])], row="One slice") for name in "abc"]
    figure = paper.draw([plots[0], Plot("alone", X, Y, []), *plots[1:]], title="Entropy")
    assert [len(row.axes) for row in figure.subfigs] == [3, 1]
    assert figure.subfigs[0].get_suptitle() == "One slice" and figure.get_suptitle() == "Entropy"
    tops = {round(ax.get_position().y1, 3) for ax in figure.subfigs[0].axes}
    assert len(tops) == 1
    many = paper.draw([Plot(str(i), X, Y, [], row="many") for i in range(9)])
    assert [len(row.axes) for row in many.subfigs] == [3, 3, 3]
    assert [row.get_suptitle() for row in many.subfigs] == ["many", "", ""]


def test_maps_stand_closer_and_keep_their_columns():
    maps = paper.draw([Plot(str(i), X, Y, [heat(low=0, high=4)], row="maps") for i in range(7)])
    assert [sum(bool(ax.get_title(loc="left")) for ax in row.axes) for row in maps.subfigs] == [4, 3]
    widths = [ax.get_position().width for row in maps.subfigs for ax in row.axes if ax.get_title(loc="left")]
    assert max(widths) - min(widths) < 0.02


def test_legend_only_where_there_are_labels_and_once_for_each():
    unlabelled = one(Line([0, 1], [0, 1]))
    x, y = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    labelled = one(
        Line(x, y, "random"), Band(x, y - 1, y + 1, "random"), Points(x, y, "_private"), Band(x, label="valid")
    )
    assert unlabelled.get_legend() is None
    assert [text.get_text() for text in labelled.get_legend().get_texts()] == ["random", "_private", "valid"]


def test_marks_of_one_label_share_a_colour_and_references_are_neutral():
    x = np.array([0.0, 1.0])
    marks = [Line(x, x, "a"), Band(x, x, x + 1), Line(x, x, "ln M", dashed=True), Points(x, x, "b"), Line(x, x, "a")]
    assert series(marks) == [0, 0, None, 1, 0]
    assert series([Band(x, x, x), Line(x, x, "a"), Band(x, quiet=True)]) == [0, 0, None]
    first, reference, *_ = one(*marks).get_lines()
    assert to_hex(first.get_color()) == THEMES["light"].series[0]
    assert to_hex(reference.get_color()) == THEMES["light"].faint and reference.get_linestyle() == "--"


def test_a_band_without_ends_spans_the_whole_height():
    ax = one(Line([0.0, 10.0], [0.0, 1.0]), Band([2.0, 4.0], quiet=True), Band([0.0, 10.0], np.array([0.5, 0.5]), None))
    span, upper = (collection.get_datalim(ax.transData) for collection in ax.collections)
    low, high = ax.get_ylim()
    assert (span.x0, span.x1, span.y0, span.y1) == (2, 4, low, high)
    assert (upper.y0, upper.y1) == (0.5, high)


def test_bars_run_from_the_top_with_names_errors_and_numbers():
    names = ("periodic", "a mask with a name so long that it has to be broken into lines")
    ax = one(Bars([0.5, np.nan], se=[0.012, 0.1]), x=Y, y=Axis("", categories=names))
    assert len(ax.patches) == 2 and ax.yaxis_inverted()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "periodic" and labels[1].replace("\n", " ") == names[1] and "\n" in labels[1]
    assert [text.strip() for text in texts(ax)][:2] == ["0.500(12)", "not measured"]


def test_bars_of_one_category_do_not_cover_each_other():
    ax = one(Bars([1.0, 2.0], "trained"), Bars([1.0, 2.0], "untrained"), y=Axis("", categories=("a", "b")))
    spans = sorted((patch.get_y(), patch.get_y() + patch.get_height()) for patch in ax.patches)
    assert all(top <= bottom for (_, top), (bottom, _) in pairwise(spans))


def test_maps_have_a_colour_bar_with_unit_and_one_for_equal_scales():
    before, after, mask = (
        heat(),
        heat([[0, 9], [1, 1]]),
        Heat(np.eye(2), (0, 1), (0, 1), Axis("sampled"), palette="grey"),
    )
    plots = [Plot(name, X, Y, [mark], row="r") for name, mark in (("m", mask), ("b", before), ("a", after))]
    drawn = axes(paper.draw(plots))
    assert [len(ax.child_axes) for ax in drawn] == [1, 0, 1]
    assert drawn[0].child_axes[0].get_ylabel() == "sampled"
    assert list(drawn[0].child_axes[0].get_yticks()) == [0, 1]
    assert drawn[2].child_axes[0].get_ylabel() == "intensity (a.u.)"
    assert [ax.images[0].get_clim() for ax in drawn] == [(0, 1), (0, 9), (0, 9)]
    assert [ax.images[0].get_cmap().name for ax in drawn] == ["gray", "viridis", "viridis"]


def test_logarithmic_colours_show_zero_as_the_lowest_and_nan_as_not_measured():
    ax = one(heat([[0.0, 1e-3], [np.nan, 10.0]], log=True))
    (image,) = ax.images
    assert isinstance(image.norm, LogNorm) and image.get_clim() == (1e-3, 10)
    assert image.get_array().mask.tolist() == [[False, False], [True, False]]
    assert image.get_array()[0, 0] == 1e-3
    assert any(patch.get_hatch() for patch in ax.patches)
    assert "Hatched: not measured." in texts(ax)


def test_diverging_maps_are_neutral_at_zero_in_both_themes():
    for name, theme in THEMES.items():
        (ax,) = axes(paper.draw([Plot("t", X, Y, [heat([[-1, 3]], "diverging")])], theme=name))
        assert ax.images[0].get_clim() == (-3, 3)
        neutral = np.array(ax.images[0].get_cmap()(0.5)[:3])
        middle = np.array([int(theme.diverging[3][i : i + 2], 16) / 255 for i in (1, 3, 5)])
        assert np.abs(neutral - middle).max() < 0.02


def test_maps_on_logarithmic_axes_keep_their_cells():
    ax = one(Heat(np.ones((2, 3)), (1, 100), (0, 1), Axis("c")), x=Axis("k", log=True))
    assert not ax.images and ax.get_xlim() == pytest.approx((10**-0.5, 10**2.5))


def test_small_named_maps_show_their_numbers():
    names = Axis("is", categories=("a", "b"))
    assert texts(one(heat([[0.25, -0.75], [np.nan, 1]]), x=names, y=names))[:3] == ["0.25", "−0.75", "1"]


def test_square_plots_have_equal_lengths_on_both_axes():
    ax = one(Heat(np.zeros((20, 40)), (0, 39), (0, 19), Axis("c")), square=True)
    assert ax.get_box_aspect() == pytest.approx(0.5)
    assert one(Line([0, 1], [0, 1])).get_box_aspect() is None


def test_a_movie_is_six_frames_with_their_times_and_one_colour_bar():
    frames = np.random.default_rng(0).random((40, 5, 5))
    movie = Movie(frames, np.linspace(0, 3.9, 40), Axis("time", "fm/c"), (0, 4), (0, 4), Axis("ε", "GeV/fm³"))
    drawn = axes(paper.draw([Plot("Event", X, Y, [movie], square=True)]))
    assert len(drawn) == 6 and [len(ax.child_axes) for ax in drawn] == [0, 0, 0, 0, 0, 1]
    assert "0 fm/c" in texts(drawn[0]) and "3.9 fm/c" in texts(drawn[-1])
    assert np.array_equal(drawn[0].images[0].get_array(), frames[0])
    assert {ax.images[0].get_clim() for ax in drawn} == {(frames.min(), frames.max())}
    assert any("Event" in text for text in texts(drawn[0]))


def test_a_phase_space_is_a_row_of_pictures_and_a_row_of_spectra():
    pictures, spectra = ([Plot(n, X, Y, [heat()], row=row) for n in ("before", "after")] for row in ("seen", "heard"))
    ends = (0.0, 1.0), (0.0, 1.0)
    panel = PhaseSpace("Space", pictures, spectra, np.ones((2, 2, 2, 2, 2)), ends, ends, (0, 0))
    figure = paper.draw([panel])
    assert [row.get_suptitle() for row in figure.subfigs] == ["seen", "heard"]
    assert [[ax.get_title(loc="left") for ax in row.axes] for row in figure.subfigs] == [["before", "after"]] * 2
    assert figure.get_label() == panel.alt


def test_notes_are_captions_and_the_figure_bears_the_alt_text():
    plot = Plot("Curve", X, Y, [Line([0, 1], [0, 1])], note="What the reader must know. " * 8)
    figure = paper.draw([plot])
    (ax,) = axes(figure)
    caption = next(text for text in texts(ax) if text.startswith("What the reader"))
    assert caption.replace("\n", " ") == plot.note.strip() and "\n" in caption
    assert figure.get_label() == plot.alt


def test_dollars_and_underscores_are_not_formulas():
    name = r"cost_$x^2$ \$ a_b"
    axis = Axis(name, "$", categories=(name, name))
    plot = Plot(name, axis, Axis(name), [Line([0, 1], [0, 1], name)], row=name, note=name)
    figure = paper.draw([plot], title=name)
    svg = io.BytesIO()
    paper.save(figure, svg, "svg")
    shown = svg.getvalue().decode()
    assert shown.count("x^2$ \\$ a_b") >= 8  # title, row, plot, both axes, categories, legend, note, as they stand


def test_tables_are_not_drawn_and_nothing_to_draw_is_an_error():
    table = Table("t", ["a"], [[1]])
    assert len(axes(paper.draw([table, Plot("p", X, Y, [])]))) == 1
    with pytest.raises(ValueError, match="nothing to draw"):
        paper.draw([table])


def test_plots_without_data_say_so():
    nothing = Line(np.array([]), np.array([]), "train")
    for marks in ([], [nothing], [heat([[np.nan, np.nan]])], [Bars([np.nan])], [Points([1.0], [np.nan])]):
        assert "not measured" in [text.strip() for text in texts(one(*marks))]


ANY = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=4, deadline=None)
@given(arrays(float, st.integers(0, 4), elements=ANY), st.booleans(), st.booleans())
def test_no_data_can_break_a_figure(values, log, square):
    x, y, n = Axis("x", log=log), Axis("y", log=log), np.arange(1.0, len(values) + 1)
    size = np.abs(values)
    every = [
        [Line(n, values, "a"), Line(values, n, dashed=True)],
        [Band(values, quiet=True), Band(n, values, None), Band(n, None, values)],
        [Points(values, values, x_se=size, y_se=size)],
        [Bars(values, se=size)],
        [Heat(np.tile(values, (2, 1)), (1, 3), (1, 2), Axis("c", log=log))],
        [Movie(np.tile(values, (2, 2, 1)), [0, 1], Axis("t"), (1, 3), (1, 2), Axis("c"), palette="diverging")],
    ]
    plots = [Plot("p", x, y, marks, square=square) for marks in every]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = paper.png(plots, dpi=40)
    assert picture.startswith(b"\x89PNG")


def test_the_users_matplotlib_settings_neither_matter_nor_change():
    plot = Plot("p", X, Y, [Line([0, 1], [0, 1], "a")])
    plain = paper.png([plot])
    with matplotlib.rc_context({"text.usetex": True, "axes.facecolor": "red", "lines.linewidth": 9, "font.size": 30}):
        before = dict(matplotlib.rcParams)
        assert paper.png([plot]) == plain
        assert dict(matplotlib.rcParams) == before


def test_pyplot_stays_out_and_matplotlib_until_something_is_drawn():
    code = """
import sys
from jupyter_phys.figures import html, number, packed, panel, payload, scale, stills, text, theme, thin
assert "matplotlib" not in sys.modules and "PIL" not in sys.modules
from jupyter_phys.figures import paper
axis = panel.Axis("x")
paper.png([panel.Plot("p", axis, axis, [])])
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_files_are_the_same_every_time(format, start, tmp_path):
    def write(target):
        marks = [Line([0, 1], [0, 1], "ΔS"), Band([0.2, 0.4], quiet=True), Points([0.5], [0.5])]
        figure = paper.draw([Plot("Curve", X, Y, marks), Plot("Map", X, Y, [heat([[np.nan, 1]])])], title="Title")
        paper.save(figure, target, format)

    buffer = io.BytesIO()
    write(buffer)
    write(tmp_path / "again")
    assert buffer.getvalue().startswith(start)
    assert buffer.getvalue() == (tmp_path / "again").read_bytes()
    if format == "svg":
        assert ">ΔS (nats)<" in buffer.getvalue().decode()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_heavy_picture_comes_in_few_colours_with_its_ground_unchanged(theme):
    noise = Heat(np.random.default_rng(0).random((300, 300)), (0, 1), (0, 1), Axis("c"))
    picture = paper.png([Plot("Noise", X, Y, [noise], square=True)], theme=theme, dpi=180)
    with Image.open(io.BytesIO(picture)) as image:
        assert image.mode == "P" and image.width == pytest.approx(paper.WIDTH * 180, abs=1)
        corner = image.convert("RGB").getpixel((1, 1))
    assert to_hex([level / 255 for level in corner]) == THEMES[theme].paper


def test_the_width_is_kept_and_the_height_follows():
    few, many = (
        paper.draw([Plot("b", X, Axis("", categories=("m",) * n), [Bars(np.ones(n))])], width=5) for n in (2, 20)
    )
    assert few.get_figwidth() == many.get_figwidth() == 5
    assert many.get_figheight() > few.get_figheight() + 3
