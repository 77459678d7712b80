"""The kernel's side of live sliders: whose turn it is, what is begun, what is said; no page, no comm."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from sliders import Told, wait_for

import jupyter_phys as jp
from jupyter_phys.instruments.entropy.subjects import Polynomial
from jupyter_phys.notebook import live as live_module
from jupyter_phys.notebook import turns as hooks
from jupyter_phys.notebook.live import Call
from jupyter_phys.notebook.turns import Turns
from jupyter_phys.notebook.worker import Worker

MASK = np.tile([1.0, 0.0], (32, 16))
FIELD = np.random.default_rng(1).normal(size=(32, 32))
LIGHT: dict[str, Any] = {"pictures": 0, "curve": 0}


# --- the worker


def test_of_many_requests_the_first_and_the_last_are_done():
    done, gate = list[int](), threading.Event()

    def work(number: int, worker: Worker[int]) -> None:
        gate.wait(10)
        done.append(number)

    worker = Worker[int](work)
    worker.ask(0)
    wait_for(lambda: not worker.superseded)
    for number in range(1, 10):
        worker.ask(number)
    gate.set()
    wait_for(lambda: done == [0, 9])
    worker.close()
    worker.join(5)


def test_work_that_yields_is_asked_to_stop_by_something_newer():
    stopped = list[int]()

    def work(number: int, worker: Worker[int]) -> None:
        worker.yields = True
        if number == 0 and worker.stopping.wait(10):
            stopped.append(number)

    worker = Worker[int](work)
    worker.ask(0)
    wait_for(lambda: worker.yields)
    worker.ask(1)
    wait_for(lambda: stopped == [0])
    worker.close()
    worker.join(5)
    assert not any(one.name == "jupyter_phys live" for one in threading.enumerate() if one is worker._thread)


def test_cancel_forgets_what_waits():
    done, gate = list[int](), threading.Event()

    def work(number: int, worker: Worker[int]) -> None:
        gate.wait(10)
        done.append(number)

    worker = Worker[int](work)
    worker.ask(0)
    wait_for(lambda: not worker.superseded)
    worker.ask(1)
    worker.cancel()
    assert worker.stopping.is_set() and not worker.superseded
    gate.set()
    wait_for(lambda: done == [0])
    worker.ask(2)
    wait_for(lambda: done == [0, 2])
    worker.close()


# --- whose turn it is


def test_a_cell_waits_until_a_live_measurement_has_stepped_aside():
    turns, stopping, told = Turns(cells=0), threading.Event(), list[str]()

    def measure() -> None:
        with turns.turn(stopping):
            told.append("measures")
            stopping.wait(10)
            told.append("stops")

    thread = threading.Thread(target=measure)
    thread.start()
    wait_for(lambda: told == ["measures"])
    turns.cell_begins()
    told.append("cell")
    thread.join(5)
    assert told == ["measures", "stops", "cell"] and not turns.is_free


def test_a_cell_inside_a_cell_ends_nothing():
    turns = Turns(cells=1)
    turns.cell_begins()
    turns.cell_ends()
    assert not turns.is_free
    turns.cell_ends()
    turns.cell_ends()  # an empty cell ends without having begun
    assert turns.is_free


def test_who_stops_a_waiting_cell_does_not_want_it_to_run(shell: InteractiveShell, opened: Callable[..., Told]):
    begun = threading.Event()

    def slow(x: Any) -> Any:
        begun.set()
        time.sleep(1)
        return x * 0.5

    sliders = opened(slow)
    begun.clear()
    sliders.measure(1, scale=2.2)
    assert begun.wait(10)
    threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()
    ran = shell.run_cell("ran_at_all = True")
    assert not ran.success and "ran_at_all" not in shell.user_ns
    assert shell.run_cell("ran_at_all = True").success
    wait_for(lambda: sliders.finals() == [1])


def test_a_live_measurement_waits_for_the_end_of_a_cell():
    turns, told = Turns(cells=1), list[str]()

    def measure() -> None:
        with turns.turn(threading.Event()):
            told.append("measures")

    thread = threading.Thread(target=measure)
    thread.start()
    time.sleep(0.05)
    assert told == []
    turns.cell_ends()
    thread.join(5)
    assert told == ["measures"]


# --- what is said


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    yield made
    hooks.forget(made)


@pytest.fixture
def opened(shell: InteractiveShell) -> Iterator[Callable[..., Told]]:
    found: list[Told] = []

    def open_(subject: Any = MASK, texts: dict[str, str] | None = None, **options: Any) -> Told:
        task = jp.entropy.task()
        options = {"signal": FIELD, **LIGHT, **options}
        call = Call(task, subject, options, "mask", {"signal": "FIELD", **(texts or {})})
        made = Told(shell, call, task(subject, progress=False, **options))
        hooks.turns(shell).cell_ends()
        found.append(made)
        return made

    yield open_
    for one in found:
        one.close()


def test_a_page_that_comes_is_told_all_it_needs(opened: Callable[..., Told]):
    sliders = opened("polynomial", p=[0.0, 2.0], rate=0.3)
    sliders._hear(None, {"type": "hello", "view": "v"}, [])
    controls, reading = sliders.told[0][0], sliders.told[1][0]
    assert controls["call"] == {"magic": "entropy", "task": "", "subject": "mask", "fixed": "signal=FIELD"}
    names = list(controls["schema"]["properties"])
    assert names[:2] == ["rate", "centre"] and "p" not in names and "scale" in names, "a list is no slider"
    assert controls["values"] == {**LIGHT, "rate": 0.3}
    assert reading["settled"]["scale"] == pytest.approx({"value": 2, "low": 2, "high": 32 / (4 * np.pi)})
    assert reading["payload"]["panels"]


def test_a_draft_comes_first_and_then_the_measurement(opened: Callable[..., Told]):
    sliders = opened(pictures=1)
    sliders.measure(1, scale=2.5, place=[0.25, 0.5], pictures=1)
    wait_for(lambda: sliders.finals() == [1])
    readings = [(said, buffers) for said, buffers in sliders.told if said["type"] == "reading"]
    assert [said["draft"] for said, _ in readings] == [True, False]
    said, buffers = readings[-1]
    exact = jp.entropy(MASK, signal=FIELD, scale=2.5, place=(0.25, 0.5), curve=0, pictures=1)
    assert said["payload"]["title"] == exact.title and said["values"]["scale"] == 2.5
    heats = [mark for panel in said["payload"]["panels"] for mark in panel.get("marks", ()) if mark["type"] == "heat"]
    assert heats and all(isinstance(one["values"]["buffer"], int) for one in heats)
    assert len(buffers[heats[0]["values"]["buffer"]]) == 4 * np.prod(heats[0]["values"]["shape"])


def test_the_session_remembers_no_reading_of_a_slider(opened: Callable[..., Told]):
    sliders = opened()
    before = len(jp.taken())
    sliders.measure(1, scale=2.2, **LIGHT)
    wait_for(lambda: sliders.finals() == [1])
    assert len(jp.taken()) == before


def test_what_cannot_be_measured_is_said(opened: Callable[..., Told]):
    sliders = opened()
    sliders.measure(1, scale=99.0)
    wait_for(lambda: bool(sliders.of("error")))
    assert "outside the valid range" in sliders.of("error")[0]["text"]
    sliders.measure(2, nonsense=1)
    wait_for(lambda: len(sliders.of("error")) == 2)
    sliders.measure(3, scale=2.1)
    wait_for(lambda: sliders.finals() == [3])


def test_a_stranger_s_error_is_said_too(opened: Callable[..., Told]):
    class Broken:
        good = True

        def __call__(self, x: Any) -> Any:
            return x if Broken.good else 1 / 0

    sliders = opened(Broken())
    Broken.good = False
    sliders.measure(1)
    wait_for(lambda: bool(sliders.of("error")))
    assert "ZeroDivisionError" in sliders.of("error")[0]["text"]


def test_a_cell_that_begins_goes_first_and_the_measurement_comes_after(
    opened: Callable[..., Told], shell: InteractiveShell
):
    begun, turns = threading.Event(), hooks.turns(shell)

    def slow(x: Any) -> Any:
        begun.set()
        time.sleep(0.01)
        return x * 0.5

    sliders = opened(slow, signal=np.stack([FIELD] * 30))
    begun.clear()
    sliders.measure(1, scale=2.2)
    assert begun.wait(10)
    turns.cell_begins()
    assert sliders.finals() == []
    wait_for(lambda: bool(sliders.of("waiting")))
    turns.cell_ends()
    wait_for(lambda: sliders.finals() == [1])


def test_a_subject_s_own_values_are_those_of_the_sliders(opened: Callable[..., Told]):
    sliders = opened(Polynomial(p=4.0, rate=0.3))
    sliders._hear(None, {"type": "hello", "view": "v"}, [])
    assert sliders.of("controls")[0]["values"] == {"p": 4.0, "rate": 0.3, **LIGHT}
    sliders.measure(1, p=2.0, rate=0.3, **LIGHT)
    wait_for(lambda: sliders.finals() == [1])
    (measured,) = sliders._reading.record.subjects.values()
    assert measured["settings"]["p"] == 2.0
    unlike = opened([Polynomial(p=4.0), Polynomial(p=1.0)])
    assert "p" not in unlike._call.schema["properties"], "no slider shows two values"


def test_a_page_whose_wish_came_too_late_is_told(opened: Callable[..., Told]):
    begun, go = threading.Event(), threading.Event()

    def slow(x: Any) -> Any:
        begun.set()
        go.wait(10)
        return x * 0.5

    go.set()
    sliders = opened(slow)
    go.clear()
    begun.clear()
    sliders.measure(1, scale=2.2)
    assert begun.wait(10)
    sliders.measure(2, scale=2.3)
    sliders.measure(3, scale=2.4)
    go.set()
    wait_for(lambda: sliders.finals() == [3])
    wait_for(lambda: {said["number"] for said in sliders.of("dropped")} == {1, 2})


def test_cancel_takes_a_draft_back(opened: Callable[..., Told]):
    sliders = opened()
    sliders.measure(1, scale=2.5, **LIGHT)
    wait_for(lambda: bool(sliders.of("reading")))
    sliders._hear(None, {"type": "cancel", "view": "v"}, [])
    wait_for(lambda: bool(sliders.of("stopped")))
    shown = sliders.of("reading")[-1]
    assert not shown.get("draft") and shown["payload"]["title"].endswith("scale 2 samples")


def test_the_same_cell_opens_its_sliders_once(opened: Callable[..., Told], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_module, "_cell", lambda shell: "cell")
    monkeypatch.setattr(live_module, "display", lambda *_, **__: None)
    first, second = opened(), opened()
    first.show()
    second.show()
    assert first.comm is None and not first._worker._thread.is_alive() and second._worker._thread.is_alive()
    assert {"cell": second} == live_module._OPEN


def test_closing_ends_the_threads(opened: Callable[..., Told]):
    sliders = opened()
    threads = [worker._thread for worker in (sliders._worker, sliders._guide)]
    assert all(thread.is_alive() for thread in threads)
    sliders.close()
    assert not any(thread.is_alive() for thread in threads) and sliders.comm is None
