"""Two readings over one another, and readings of a session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import REMEMBERED, Reading, remember
from jupyter_phys.figures.mark import Line, Points
from jupyter_phys.figures.panel import Plot, Table

OPTIONS: dict[str, Any] = {"kind": "signal", "signal": "tone", "progress": False, "draws": 2}


def measured(*subjects: Any, **options: Any) -> Reading:
    return jp.entropy(list(subjects), **{**OPTIONS, "pictures": 1, "curve": 3, **options})


def test_tables_curves_and_bars_are_laid_over_one_another():
    first, second = measured("periodic", "random"), measured("periodic", "jittered", seed=3)
    both = jp.compare(first, second)
    table = next(one for one in both.panels() if isinstance(one, Table))
    assert [row[0] for row in table.rows] == ["reading 1"] * 2 + ["reading 2"] * 2
    assert len(table.columns) == len(first.panels()[0].columns) + 1  # type: ignore[union-attr]
    bars = next(one for one in both.panels() if isinstance(one, Plot) and one.y.categories)
    assert set(bars.y.categories) == {"periodic", "random", "jittered"}
    marks = {mark.label: mark for mark in bars.marks if isinstance(mark, Points)}
    for name, reading in (("reading 1", first), ("reading 2", second)):
        shown = {bars.y.categories[int(y)]: x for x, y in zip(marks[name].x, marks[name].y, strict=True)}
        delta = zip(reading.data["subject"].values, reading.data["delta_S_mean"].values, strict=True)
        assert shown == pytest.approx({str(subject): float(value) for subject, value in delta})
    curve = next(one for one in both.panels() if one.title == "ΔS against window scale")
    assert isinstance(curve, Plot)
    labels = [mark.label for mark in curve.marks if isinstance(mark, Line) and not mark.dashed]
    assert {label.split(":")[0] for label in labels} == {"reading 1", "reading 2"}
    assert all(panel.alt for panel in both.panels()) and "reading 1" in repr(both)


def test_what_readings_do_not_share_is_said_of_each():
    one, other = (jp.probe(lambda x: 1 + x[:, 0], centre=[0.0], s=s, samples=400, progress=False) for s in (0.1, 0.2))
    table = next(one for one in jp.compare(one, other).panels() if isinstance(one, Table))
    assert "reading 1: Window scale 0.1" in table.note and "reading 2: Window scale 0.2" in table.note
    first = measured("periodic")
    shorter = jp.entropy("periodic", **OPTIONS | {"draws": [2, 3]})
    tables = [one for one in jp.compare(first, shorter).panels() if isinstance(one, Table)]
    assert sum(len(one.rows) for one in tables) == 3 and len(tables) == 2  # other columns, another table


def test_names_may_be_given():
    first, second = measured("periodic", pictures=0), measured("random", pictures=0)
    both = jp.compare(first, second, third=first)
    assert list(both.readings) == ["reading 1", "reading 2", "third"]
    assert "third" in both.title and set(both.notes)
    bundle = both._repr_mimebundle_()
    assert {"text/plain", "text/html", "image/png"} <= set(bundle)


def test_a_partial_reading_can_be_compared():
    whole = measured("periodic", "random", pictures=0)
    data = whole.data.copy(deep=True)
    for name in ("delta_S", "delta_S_mean", "delta_S_mean_se", "abs_delta_S", "S_after"):
        data[name].values[1:] = np.nan
    part = Reading(data, whole.settings, whole.record.model_copy(update={"complete": False}))
    assert all(panel.alt for panel in jp.compare(whole, part).panels())


def test_only_readings_are_compared():
    with pytest.raises(Refused, match="Only readings can be compared"):
        jp.compare(jp.entropy("periodic", kind="signal", curve=0, pictures=0), 3)  # type: ignore[arg-type]


def test_unlike_readings_are_refused():
    reading = measured("periodic", pictures=0)
    other = Reading(reading.data, reading.settings, reading.record.model_copy(update={"task": "check"}))
    with pytest.raises(Refused, match="same instrument and task"):
        jp.compare(reading, other)


def test_the_session_remembers_the_last_readings():
    reading = measured("periodic", pictures=0, curve=0)
    assert jp.last() is reading is jp.taken()[-1]
    for _ in range(REMEMBERED + 5):
        remember(reading)
    assert len(jp.taken()) == REMEMBERED
