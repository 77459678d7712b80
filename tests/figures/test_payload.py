"""The JSON for the page: plain, within its budget, and as exact as it says."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from jupyter_phys.figures.mark import Axis, Band, Bars, Heat, Line, Movie, Points
from jupyter_phys.figures.packed import COARSE_TOP, TOP, decode, pack
from jupyter_phys.figures.panel import Note, PhaseSpace, Plot, Table
from jupyter_phys.figures.payload import payload
from jupyter_phys.figures.scale import cell_edges

FINITE = st.floats(-1e300, 1e300)
X, Y, C = Axis("x", "fm"), Axis("y"), Axis("ε", "GeV/fm³", log=True)


def size(written) -> int:
    return len(json.dumps(written, allow_nan=False))


def marks(plots) -> list[dict]:
    written = payload("t", plots, [], instrument="probe")
    return [mark for panel in written["panels"] for mark in panel["marks"]]


def test_the_whole_has_the_documented_shape():
    plot = Plot("Curve", X, Y, [Line([0.0, 1.0], [1.0, math.nan], "a")], row="r", note="n", square=True)
    table = Table("Masks", ["mask", "ΔS"], [["random", 0.123456], [None, True]], note="m")
    written = payload("Entropy", [plot, table], [Note("warning", "careful")], instrument="entropy")
    assert {key: written[key] for key in ("schema", "instrument", "title", "notes")} == {
        "schema": 1,
        "instrument": "entropy",
        "title": "Entropy",
        "notes": [{"level": "warning", "text": "careful"}],
    }
    drawn, listed = written["panels"]
    assert drawn["type"] == "plot" and drawn["alt"] == plot.alt and drawn["square"] is True and drawn["row"] == "r"
    assert drawn["x"] == {
        **{"label": "x", "unit": "fm", "log": False, "low": -0.03, "high": 1.03},
        **{"categories": [], "downward": False},
    }
    assert drawn["marks"] == [
        {"type": "line", "label": "a", "series": 0, "x": [0.0, 1.0], "y": [1.0, None], "dashed": False}
    ]
    assert listed["rows"] == [["random", 0.1235], [None, "yes"]] and listed["alt"] == table.alt


def test_every_kind_of_mark_is_written():
    values = np.arange(6.0).reshape(2, 3) + 1
    kinds = [
        Band([0.0, 1.0], quiet=True),
        Points([0.0], [1.0], y_se=[0.1], names=("Pb",)),
        Bars([1.0], se=[0.2]),
        Heat(values, (0, 2), (0, 1), C),
        Movie(values[None], [0.5], Axis("τ", "fm/c"), (0, 2), (0, 1), C),
    ]
    band, points, bars, heat, movie = marks([Plot("p", X, Y, [kind]) for kind in kinds])
    assert band["low"] is None and band["quiet"] and band["series"] is None
    assert points["names"] == ["Pb"] and points["y_se"] == [0.1] and points["x_se"] is None
    assert bars["value"] == [1.0] and bars["se"] == [0.2]
    assert heat["x"] == [0.0, 2.0] and heat["color"]["unit"] == "GeV/fm³" and heat["values"]["shape"] == [2, 3]
    assert movie["frames"]["shape"] == [1, 2, 3] and movie["time"] == [0.5] and movie["clock"]["unit"] == "fm/c"


@given(arrays(float, array_shapes(min_dims=2, max_dims=3, max_side=6), elements=FINITE | st.just(math.nan)))
def test_linear_codes_are_off_by_half_a_step_at_most(values):
    read = decode(json.loads(json.dumps(pack(values), allow_nan=False)))
    assert read.shape == values.shape and np.array_equal(np.isnan(read), np.isnan(values))
    known = values[~np.isnan(values)]
    if known.size:
        step = (known.max() / TOP) - (known.min() / TOP)
        rounding = 1e-15 * np.abs(known).max() + np.finfo(float).smallest_subnormal  # below which there is no number
        assert np.all(np.abs(read[~np.isnan(read)] - known) <= step / 2 * (1 + 1e-9) + rounding)


@given(arrays(float, st.tuples(st.integers(1, 5), st.just(3)), elements=st.floats(1e-200, 1e200) | st.just(-1.0)))
def test_logarithmic_codes_are_off_by_half_a_step_of_ratio(values):
    read = decode(pack(values, log=True))
    above = values > 0
    assert np.all(read[~above] == 0)
    if above.any():
        bound = np.ptp(np.log(values[above])) / TOP / 2
        assert np.all(np.abs(np.log(read[above] / values[above])) <= bound * (1 + 1e-6) + 1e-12)


@given(arrays(float, st.integers(0, 128), elements=FINITE | st.sampled_from([math.nan, math.inf, -math.inf])))
def test_short_series_keep_seven_digits(values):
    packed = pack(values)
    assert isinstance(packed, list)
    known = np.isfinite(values)
    read = decode(json.loads(json.dumps(packed, allow_nan=False)))
    assert np.array_equal(np.isfinite(read), known)
    np.testing.assert_allclose(read[known], values[known], rtol=5.1e-7)


def test_digits_that_tell_neighbours_apart_are_kept():
    values = 1e6 + np.array([0.0, 1e-3, 2e-3])
    assert np.ptp(decode(pack(values))) == pytest.approx(2e-3, rel=1e-3)


@given(arrays(float, st.tuples(st.integers(1, 5), st.just(3)), elements=st.floats(1e-200, 1e200) | st.just(-1.0)))
def test_eight_bits_are_off_by_half_a_step_too(values):
    packed = pack(values, log=True, coarse=True)
    read, above = decode(packed), values > 0
    assert packed["dtype"] == "u1" and np.all(read[~above] == 0)
    bound = np.ptp(np.log(values[above])) / COARSE_TOP / 2 if above.any() else 0
    assert np.all(np.abs(np.log(read[above] / values[above])) <= bound * (1 + 1e-6) + 1e-12)
    assert np.isnan(decode(pack(np.array([[1.0, math.nan]]), coarse=True))).tolist() == [[False, True]]


def phase_space(stages: int, side: int, *, peak: tuple[int, ...] = (0, 3, 4, 5, 6)) -> PhaseSpace:
    color = Axis("Q", log=True, low=1e-6, high=1.0)
    plot = Plot("stage", X, Y, [Heat(np.ones((side, side)), (0, side - 1), (0, side - 1), color)], square=True)
    density = np.full((stages, *[16] * 4), 1e-3)
    density[peak] = 1.0
    ends = (0.0, 15.0)
    return PhaseSpace("Space", [plot] * stages, [plot] * stages, density, (ends, ends), (ends, ends), (7, 7))


def test_a_phase_space_is_written_whole_where_it_fits():
    panel = phase_space(1, 20)
    (written,) = payload("t", [panel], [], instrument="probe")["panels"]
    assert written["type"] == "phase_space" and "thinned" not in written and written["place"] == [7, 7]
    assert [plot["type"] for plot in written["pictures"] + written["spectra"]] == ["plot"] * 2
    assert written["density"]["dtype"] == "u1" and written["places"] == {"x": [0, 15], "y": [0, 15]}
    np.testing.assert_allclose(decode(written["density"]), panel.density, rtol=0.02)


def test_a_thinned_phase_space_keeps_the_largest_values_where_they_are():
    written = payload("t", [phase_space(5, 200)], [], instrument="probe")
    assert size(written) <= 256_000
    (panel,) = written["panels"]
    density, (before, after) = decode(panel["density"]), panel["thinned"]
    assert before == [5, 16, 16, 16, 16] and after == list(density.shape) and 6 < after[1] < 16
    assert density.max() == 1 and len({*after[1:]}) == 1
    _, y, x, _, u = np.unravel_index(density.argmax(), density.shape)
    for axes, name, index, place in (("places", "x", x, 4), ("places", "y", y, 3), ("frequencies", "x", u, 6)):
        first, last = panel[axes][name]
        step = (last - first) / (after[1] - 1)
        assert abs(first + step * index - place) <= step, "within the cell, or beside its edge"
    assert panel["pictures"][0]["marks"][0]["values"]["shape"][0] > 40, "pictures stay pictures"


def curve(n: int) -> Line:
    return Line(np.arange(n), np.sin(np.arange(n) / 50), "wave")


def test_what_fits_is_not_thinned():
    assert not any("thinned" in mark for mark in marks([Plot("p", X, Y, [curve(20_000)])]))


def test_thinned_curves_keep_ends_and_extremes_and_say_so():
    line = curve(200_000)
    line.y[123_456] = 7.0
    line.y[77_777] = -9.0
    (mark,) = marks([Plot("p", X, Y, [line])])
    x, y = decode(mark["x"]), decode(mark["y"])
    before, after = mark["thinned"]
    assert before == [200_000] and after == [len(x)] and len(x) > 10_000
    assert y.max() == pytest.approx(7) and y.min() == pytest.approx(-9)
    assert x[0] == 0 and x[-1] == 199_999


def test_thinned_maps_keep_the_mean_the_place_and_what_was_not_measured():
    rng = np.random.default_rng(0)
    values = rng.random((600, 800)) + np.linspace(0, 5, 800)
    values[:60] = np.nan
    (mark,) = marks([Plot("p", X, Y, [Heat(values, (0, 799), (0, 599), Axis("c"))])])
    small = decode(mark["values"])
    assert mark["thinned"] == [[600, 800], list(small.shape)]
    assert np.nanmean(small) == pytest.approx(np.nanmean(values), rel=1e-3)
    assert np.isnan(small[0]).all() and not np.isnan(small[-1]).any()
    assert cell_edges(tuple(mark["x"]), small.shape[1]) == pytest.approx((-0.5, 799.5))
    assert cell_edges(tuple(mark["y"]), small.shape[0]) == pytest.approx((-0.5, 599.5))


def test_thinned_movies_keep_first_and_last_frame():
    frames = np.ones((200, 64, 64)) * np.arange(200)[:, None, None]
    movie = Movie(frames, np.arange(200), Axis("t", "s"), (0, 63), (0, 63), Axis("c"))
    (mark,) = marks([Plot("p", X, Y, [movie])])
    time, small = decode(mark["time"]), decode(mark["frames"])
    assert time[0] == 0 and time[-1] == 199 and len(time) == len(small) > 10
    np.testing.assert_allclose(small[:, 0, 0], time, atol=0.01)


def test_long_tables_keep_their_first_rows():
    table = Table("Nuclei", ["Z", "name"], [[z, "nucleus " * 3] for z in range(20_000)])
    written = payload("t", [table], [], instrument="nuclei")
    (panel,) = written["panels"]
    assert panel["thinned"] == [[20_000, 2], [len(panel["rows"]), 2]] and len(panel["rows"]) > 1000
    assert [row[0] for row in panel["rows"]] == list(range(len(panel["rows"])))
    assert size(written) <= 256_000


def test_panels_that_cannot_be_kept_are_counted():
    table = Table("t", ["a"], [["x"]])
    written = payload("t", [table] * 1000, [Note("note", "n")] * 1000, instrument="x", budget=5_000)
    assert size(written) <= 5_000
    kept = len(written["panels"])
    assert written["notes"][0] == {
        "level": "warning",
        "text": f"{1000 - kept} of 1000 panels are too big to be kept here.",
    }
    with pytest.raises(ValueError, match="999"):
        payload("t", [], [], instrument="x", budget=999)


words = st.text(max_size=300)
lengths = st.integers(0, 3000)


@st.composite
def plots(draw):
    n, rows, columns = draw(lengths), draw(st.integers(0, 80)), draw(st.integers(0, 80))
    values = np.random.default_rng(n).normal(size=(3, rows, columns))
    x = np.arange(n, dtype=float)
    names = tuple(draw(words) for _ in range(3)) * (n // 3)
    choices = [
        Line(x, x, draw(words)),
        Band(x, -x, None),
        Points(x, x, y_se=x),
        Points(x[: len(names)], x[: len(names)], names=names),
        Bars(x, se=x),
        Heat(values[0], (0, 1), (0, 1), draw(st.sampled_from([C, Axis("c", draw(words))]))),
        Movie(values, [0, 1, 2], Axis("t"), (0, 1), (0, 1), C),
    ]
    axis = Axis(draw(words), log=draw(st.booleans()), categories=names[: draw(lengths)])
    return Plot(draw(words), axis, axis, draw(st.lists(st.sampled_from(choices), max_size=4)), note=draw(words))


tables = st.builds(lambda text, n: Table(text, [text, "b"], [[text, n / 3]] * n), words, lengths)

spaces = st.builds(phase_space, st.integers(1, 3), st.integers(1, 60), peak=st.just((0, 0, 0, 0, 0)))


@settings(max_examples=40, deadline=None)
@given(st.lists(plots() | tables | spaces, max_size=5), words, st.integers(1000, 60_000))
def test_never_over_budget(panels, text, budget):
    written = payload(text, panels, [Note("note", text)], instrument=text, budget=budget)
    assert size(written) <= budget
    for panel in written["panels"]:
        for mark in panel.get("marks", []):
            if "names" in mark and mark["names"] is not None:
                assert len(mark["names"]) == decode(mark["x"]).size
