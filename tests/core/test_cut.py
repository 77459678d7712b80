"""Tasks that are cut into units: every unit is seen to once, whatever the engine."""

from __future__ import annotations

from typing import Any

import pytest

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.measure import plan
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.subject import Subjects


@pytest.mark.parametrize("how", [{}, {"engine": "threads", "workers": 2}, {"engine": "threads", "workers": 64}])
@pytest.mark.parametrize("events", [1, 26, 10_000])
def test_jobs_share_the_units_and_know_all_subjects(how: dict[str, Any], events: int):
    task = jp.eos.generate
    jobs = plan(task, ["crossover", "first_order"], {"events": events, **how}).jobs()
    units = [unit for job in jobs for unit in job.units]
    assert task.cut is not None and units == list(range(2 * -(-events // 25)))
    assert all(list(job.subjects) == ["crossover", "first_order"] and job.units for job in jobs)
    assert len(jobs) == (1 if not how else min(len(units), 8 * 4 * how["workers"]))


def test_other_tasks_have_no_units():
    jobs = plan(jp.eos.collision, ["crossover", "first_order"], {"engine": "threads", "workers": 2}).jobs()
    assert [list(job.units) for job in jobs] == [[], []]


def test_a_subject_may_have_a_keyword():
    known = Subjects("numbers", lambda value: {"number": value}, keyword="of")
    options = {"of": 3, "other": 4}
    assert known.given(None, options) == 3 and options == {"other": 4}
    assert known.given(5, options) == 5 and known.given(None, options) is None
    with pytest.raises(Refused, match="given twice"):
        known.given(5, {"of": 3})


def test_progress_may_count_items():
    meter = Meter("title", 4, shown=False)
    meter.items = (10, "events")
    said: list[str] = []
    meter._bar.set_description_str = lambda text, refresh: said.append(text)
    for _ in range(8):
        meter.advance(0.5)
    assert said == [f"title: {n} of 10 events" for n in (1, 2, 3, 5, 6, 7, 8, 10)]
