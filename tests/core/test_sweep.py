"""Jobs put together: what is said of a subject survives sharing out, and so does what was not measured."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.measure import Plan, plan
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.reading import Reading
from jupyter_phys.core.sweep import Outcome, Sweep, assemble

SMALL: dict[str, Any] = {"curve": 0, "pictures": 0, "draws": 1, "progress": False}
SIGNAL = np.random.default_rng(0).random((64, 64))
MASKS = np.random.default_rng(1).random((2, 64, 64)) < 0.4


def told(reading: Reading) -> dict[str, list[Any]]:
    return {str(name): one.values.tolist() for name, one in reading.data.coords.items()}


@pytest.mark.parametrize("axes", [{}, {"kind": ["image", "mri"], "scale": [3, 4]}], ids=str)
def test_the_same_reading_whatever_the_engine(axes: dict[str, Any]):
    subjects = ["periodic", "random", MASKS[0]]
    inline, threads = (
        jp.entropy(subjects, signal=SIGNAL, engine=engine, workers=2, **axes, **SMALL)
        for engine in ("inline", "threads")
    )
    xr.testing.assert_allclose(inline.data, threads.data, rtol=1e-12)
    assert repr(told(inline)) == repr(told(threads))
    assert told(inline)["family"] == ["periodic", "random", "mask"]
    assert [panel.title for panel in inline.panels()] == [panel.title for panel in threads.panels()]


@pytest.fixture(scope="module")
def shared() -> tuple[Plan, dict[int, Outcome]]:
    """Two masks at three scales, each a job of its own, all done."""
    options = {"signal": SIGNAL, "scale": [2, 3, 4], "engine": "threads", "workers": 2, **SMALL}
    asked = plan(jp.entropy.task(), {"one": MASKS[0], "two": MASKS[1]}, options)
    sweep = Sweep(asked.jobs(), Meter("", shown=False))
    for index in range(len(sweep.jobs)):
        sweep.here(index)
    return asked, sweep.done


@pytest.mark.parametrize("done", [[0], [5], [0, 3], [2, 5], [1, 2, 4], [3, 4, 5], [0, 1, 2, 3, 4, 5]], ids=str)
def test_any_part_of_the_jobs_makes_a_reading(shared: tuple[Plan, dict[int, Outcome]], done: list[int]):
    asked, outcomes = shared
    jobs = asked.jobs()
    assert [(job.point, list(job.subjects)) for job in jobs[:3]] == [((0,), ["one"]), ((0,), ["two"]), ((1,), ["one"])]
    data = assemble(asked.task, asked.swept, jobs, {i: outcomes[i] for i in done}, asked.subjects)
    assert data["subject"].values.tolist() == ["one", "two"] and data["scale"].values.tolist() == [2, 3, 4]
    measured = np.isfinite(data["delta_S"].transpose("scale", "subject", "signal").values).ravel()
    assert np.flatnonzero(measured).tolist() == done
    known = [any(i % 2 == place for i in done) for place in (0, 1)]
    assert data["family"].values.tolist() == ["mask" if one else "" for one in known]
    assert np.isfinite(data["crossover_low"].values).tolist() == known


def test_a_reading_without_a_number_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    def wrong(*args: Any) -> Any:
        raise ZeroDivisionError

    kept = jp.entropy(MASKS[0], signal=SIGNAL, **SMALL)
    monkeypatch.setattr("jupyter_phys.instruments.entropy.compute._fill_before", wrong)
    with pytest.raises(ZeroDivisionError) as caught:
        jp.entropy(lambda field: field, signal=SIGNAL, **SMALL)
    assert jp.last() is kept and not getattr(caught.value, "__notes__", [])


def test_the_devices_of_a_cluster_are_its_own():
    task = jp.entropy.task()
    assert plan(task, MASKS[0], {"device": "cuda:99", "engine": "dask"}).how["device"] == "cuda:99"
    with pytest.raises(Refused, match="no device"):
        plan(task, MASKS[0], {"device": "cuda:99"})


def test_a_built_in_sample_stands_in_the_record_and_comes_again():
    reading = jp.entropy("periodic", signal="head", **SMALL)
    assert reading.record.samples == {"signal": "head"} and len(reading.record.inputs["signal"]) == 16
    again = reading.again(progress=False)
    assert again.record.inputs == reading.record.inputs and not [n for n in again.notes if "Not the same" in n.text]
    assert jp.entropy("periodic", **SMALL).record.samples == {"signal": "camera"}
    assert jp.entropy("periodic", signal=SIGNAL, **SMALL).record.samples == {}
