"""Many masks in one line: the same numbers inline, in threads, in processes and on a cluster; nothing is lost."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
import xarray as xr

import jupyter_phys as jp
from jupyter_phys.core import engines
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.instruments.entropy import compute
from jupyter_phys.instruments.entropy.subjects import Periodic, Polynomial, Random

pytestmark = pytest.mark.xdist_group("engines")

LIGHT: dict[str, Any] = {"pictures": 0, "curve": 0, "draws": 1, "progress": False}
NUMBERS = [name for name in compute.VARIABLES if name != "alias_deficit"]
NAMES = ["inline", "threads", "processes", "std processes", "std threads", "dask", "dask inside"]
AWAY = ["processes", "std processes", "dask"]


def pictures(n: int, size: int) -> Any:
    draw = np.random.default_rng(0)
    smooth = np.fft.ifft2(np.fft.fft2(draw.normal(size=(n, size, size))) / (1 + np.arange(size)), axes=(-2, -1))
    return smooth + 0.1j * draw.normal(size=(n, size, size))


def thirty(size: int) -> dict[str, Any]:
    draw = np.random.default_rng(1)
    masks: dict[str, Any] = {f"array {i}": draw.random((size, size)) < 0.1 + 0.05 * i for i in range(16)}
    masks |= {f"p {p}": Polynomial(p=p, geometry="lines", rate=0.3) for p in range(8)}
    masks |= {f"every {m}": Periodic(period=m) for m in (1, 2, 4)}
    return masks | {f"random {r:g}": Random(rate=r) for r in (0.2, 0.4, 0.6)}


HOUSE = contextlib.ExitStack()  # what takes seconds to start stays until the end of this file


@functools.cache
def spawned() -> ProcessPoolExecutor:
    return HOUSE.enter_context(ProcessPoolExecutor(2, multiprocessing.get_context("spawn")))


@functools.cache
def cluster() -> Any:
    from distributed import LocalCluster

    return HOUSE.enter_context(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0"))


@contextlib.contextmanager
def engine(name: str) -> Iterator[Any]:
    """What stands right of ``engine=``; a dask client is connected only inside."""
    match name:
        case "std processes":
            yield spawned()
        case "std threads":
            with ThreadPoolExecutor(2) as pool:
                yield pool
        case "dask":
            from distributed import Client

            with Client(cluster()):
                yield "dask"
        case "dask inside":
            from distributed import Client

            with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"):
                yield "dask"
        case _:
            yield name


def measured(subjects: Any, name: Any, **options: Any) -> Reading:
    return jp.entropy(subjects, **{**LIGHT, "engine": name, "workers": 2, **options})


def same(one: xr.Dataset, two: xr.Dataset, rtol: float = 1e-12) -> None:
    assert {str(v): (a.dims, a.attrs) for v, a in one.variables.items()} == {
        str(v): (a.dims, a.attrs) for v, a in two.variables.items()
    }
    for coordinate in one.coords:
        np.testing.assert_array_equal(one[coordinate].values, two[coordinate].values)
    for variable in one.data_vars:
        size = np.nanmax(np.abs(one["S_before"].values)) if "S_before" in one else 1.0
        np.testing.assert_allclose(two[variable].values, one[variable].values, rtol, rtol * size, err_msg=str(variable))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    HOUSE.close()
    from loky import get_reusable_executor

    get_reusable_executor(max_workers=1).shutdown(wait=True, kill_workers=True)


@pytest.fixture(scope="module")
def inline() -> Reading:
    return measured(thirty(64), "inline", signal=pictures(4, 64), kind="mri")


@pytest.mark.parametrize("name", NAMES[1:])
def test_thirty_masks_on_four_pictures(name: str, inline: Reading):
    with engine(name) as chosen:
        reading = measured(thirty(64), chosen, signal=pictures(4, 64), kind="mri")
    assert reading.complete and dict(reading.data.sizes) == {"subject": 30, "signal": 4}
    assert np.isfinite(reading.data["delta_S"].values).all()
    same(inline.data, reading.data)
    assert reading.record.subjects == inline.record.subjects and reading.record.inputs == inline.record.inputs
    assert set(reading.notes) == set(inline.notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES[1:])
def test_thirty_masks_on_four_large_pictures(name: str):
    whole = measured(thirty(128), "inline", signal=pictures(4, 128), kind="mri")
    with engine(name) as chosen:
        same(whole.data, measured(thirty(128), chosen, signal=pictures(4, 128), kind="mri").data)


@pytest.mark.parametrize("name", ["threads", "processes"])
def test_a_reading_with_pictures_is_the_same(name: str):
    subjects = [np.eye(32), "random", Periodic(period=4), Polynomial(p=1)]
    whole = measured(subjects, "inline", pictures=3, curve=2, draws=2)
    reading = measured(subjects, name, pictures=3, curve=2, draws=2)
    same(whole.data, reading.data)
    assert set(reading.notes) == set(whole.notes)
    assert [panel.alt for panel in reading.panels()] == [panel.alt for panel in whole.panels()]


@pytest.mark.parametrize("name", ["threads", *AWAY])
def test_the_built_in_signal_has_the_size_of_the_masks_in_every_worker(name: str):
    """A worker that gets no mask of its own must not fall back on another size."""
    subjects = [np.eye(40) + np.eye(40)[::-1], "random", "periodic"]
    whole = measured(subjects, "inline", draws=2)
    assert whole.record.facts["field_shape"] == [40, 40]
    with engine(name) as chosen:
        same(whole.data, measured(subjects, chosen, draws=2).data)


# --- what travels


CELL = """
from jupyter_phys.core.settings import option
from jupyter_phys.instruments.entropy.subjects import Family
import torch

LEAST = 0.3

class Stripes(Family):
    "Every other pair of columns, and some at random."
    random = True
    share: float = option(0.2, "share of the others", low=0, high=1)

    def draw(self, shape, axis, dc, generator):
        columns = torch.arange(shape[-1]) % 4 < 2
        return (columns | (torch.rand(shape[-1], generator=generator) < self.share)).expand(shape).clone()

class Faded:
    "A callable object."
    def __init__(self, by): self.by = by
    def __call__(self, field): return field * max(LEAST, self.by)

def halved(field): return field.copy() * LEAST
"""


@pytest.fixture
def cell() -> Iterator[dict[str, Any]]:
    """The names that a notebook cell defines: a ``__main__`` that no worker can import."""
    main, module = sys.modules["__main__"], types.ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(compile(CELL, "<ipython-input-1>", "exec"), vars(module))
    yield vars(module)
    sys.modules["__main__"] = main


@pytest.mark.parametrize("name", ["threads", *AWAY])
def test_what_a_cell_defines_travels(name: str, cell: dict[str, Any]):
    stripes, faded, net = cell["Stripes"], cell["Faded"](0.5), torch.nn.Linear(32, 32)
    subjects = {
        "stripes": stripes, "half": stripes(share=0.5), "object": faded, "function": cell["halved"],
        "lambda": lambda field: field[::-1].copy(), "net": net,
    }  # fmt: skip
    signal = pictures(2, 32).real
    whole = measured(subjects, "inline", signal=signal, draws=2)
    with engine(name) as chosen:
        same(whole.data, measured(subjects, chosen, signal=signal, draws=2).data)


@pytest.mark.parametrize("name", AWAY)
def test_what_cannot_travel_is_refused(name: str):
    lock = threading.Lock()

    def locked(field: Any) -> Any:
        with lock:
            return field

    with engine(name) as chosen, pytest.raises(Refused, match=r"(?s)cannot travel.*engine=threads"):
        measured({"locked": locked, "eye": np.eye(32)}, chosen, signal=pictures(1, 32))
    assert measured({"locked": locked}, "threads", signal=pictures(1, 32)).complete


def test_inputs_travel_once():
    """However many jobs a sweep has, its inputs are packed once."""
    signal = pictures(3, 32)
    packed: list[int] = []
    before = engines._Parcels.pack

    def counted(self: Any, one: Any) -> bytes:
        found = before(self, one)
        packed.append(len(found))
        return found

    engines._Parcels.pack = counted  # type: ignore[method-assign]
    try:
        measured({i: np.eye(32) for i in range(6)}, "processes", signal=signal, scale=[2.0, 2.2, 2.4])
    finally:
        engines._Parcels.pack = before  # type: ignore[method-assign]
    assert sum(size > signal.nbytes for size in packed) == 1 and len(packed) == 1 + 18


# --- axes


@pytest.mark.parametrize("name", ["inline", "threads", "processes"])
def test_axes_and_what_they_touch(name: str):
    subjects = [Random(rate=0.4), Periodic(period=2)]
    reading = measured(subjects, name, signal=pictures(2, 32), scale=[2.0, 2.3], draws=[1, 2, 3])
    data = reading.data
    assert data["delta_S"].sizes == {"scale": 2, "draws": 3, "subject": 2, "signal": 2}
    assert data["rate"].sizes == {"draws": 3, "subject": 2}
    assert data["psnr"].sizes == data["retained_energy"].sizes == {"draws": 3, "subject": 2, "signal": 2}
    assert data["scale"].attrs["units"] == "samples" and data["scale"].values.tolist() == [2.0, 2.3]
    assert reading.record.axes == {"scale": [2.0, 2.3], "draws": [1, 2, 3]}
    assert np.isfinite(data["delta_S"].values).all() and np.isfinite(data["psnr"].values).all()
    for scale in (2.0, 2.3):
        for draws in (1, 2, 3):
            single = measured(subjects, "inline", signal=pictures(2, 32), scale=scale, draws=draws).data
            point = data.sel(scale=scale, draws=draws).drop_vars(["scale", "draws"])
            for variable in NUMBERS:
                np.testing.assert_allclose(point[variable].values, single[variable].values, 1e-12, 1e-11)


def test_what_an_axis_does_not_touch_is_measured_once(monkeypatch: pytest.MonkeyPatch):
    counts = {"psnr": 0, "retained": 0, "entropy": 0}

    def counted(name: str, before: Any) -> Any:
        def call(*args: Any) -> Any:
            counts[name] += len(args[1])
            return before(*args)

        return call

    for name in ("psnr", "retained"):
        monkeypatch.setattr(compute, name, counted(name, getattr(compute, name)))
    monkeypatch.setattr(compute.Bench, "entropy", counted("entropy", compute.Bench.entropy))
    measured("random", "inline", signal=pictures(2, 32), draws=3, scale=[2.0, 2.1, 2.2])
    assert counts == {"psnr": 6, "retained": 6, "entropy": 3 * (2 + 6)}


def test_own_settings_as_lists_are_subjects():
    reading = measured("polynomial", "inline", signal=pictures(1, 32), p=[0, 2], rate=[0.3, 0.5], draws=1)
    assert reading.data["subject"].values.tolist() == [
        "polynomial p=0 rate=0.3", "polynomial p=0 rate=0.5", "polynomial p=2 rate=0.3", "polynomial p=2 rate=0.5",
    ]  # fmt: skip
    np.testing.assert_allclose(reading.data["rate"].values, [0.3, 0.5, 0.3, 0.5], atol=1e-3)
    alone = measured(Polynomial(p=2, rate=0.5), "inline", signal=pictures(1, 32), draws=1)
    np.testing.assert_allclose(alone.data["delta_S"].values[0], reading.data["delta_S"].values[3], 1e-12, 1e-11)
    both = measured(["polynomial", "random"], "inline", signal=pictures(1, 32), rate=[0.3, 0.5], draws=1)
    assert both.data.sizes["subject"] == 4


@pytest.mark.parametrize(
    "axis",
    [
        {"field": ["complex", "magnitude"]}, {"scale": [None, 2.2]}, {"scale": [(2.0, 2.1), (2.2, 2.2)]},
        {"axis": [-1, -2]}, {"subtract_mean": [False, True]}, {"kind": ["image", "mri"]}, {"draws": range(1, 3)},
        {"hop": np.array([1, 2])}, {"scale": np.linspace(2, 2.5, 2)}, {"window_length": [None, 16]},
        {"dc": ["centre", "corner"], "scale": [2.0, 2.2]}, {"draws": [2, 1], "scale": range(2, 3)},
    ],
    ids=str,
)  # fmt: skip
def test_a_setting_can_be_an_axis(axis: dict[str, Any], tmp_path: Path):
    options = {"pictures": 1, "curve": 1, "kind": "mri", **axis}
    reading = measured(["random", np.eye(32)], "inline", signal=pictures(2, 32), **options)
    assert all(reading.data.sizes[name] == len(values) for name, values in axis.items())
    assert all(panel.alt for panel in reading.panels()) and repr(reading)
    for suffix in (".nc", ".json"):
        back = jp.load(reading.save(tmp_path / f"r{suffix}"))
        xr.testing.assert_identical(back.data, reading.data)
        assert back.record == reading.record
    reading.export(tmp_path / "r.csv")
    again = reading.again(["random", np.eye(32)], signal=pictures(2, 32), pictures=0, curve=0)
    np.testing.assert_array_equal(again.data["delta_S"].values.ravel()[:2], reading.data["delta_S"].values.ravel()[:2])


@pytest.mark.parametrize(
    "axis", [{"pictures": [2, 0]}, {"curve": [2, 0]}, {"place": [(0.2, 0.2)]}, {"scale": []}], ids=str
)
def test_what_can_be_no_axis_is_refused(axis: dict[str, Any]):
    with pytest.raises(Refused, match=next(iter(axis))):
        measured("random", "inline", signal=pictures(1, 32), **axis)


# --- what goes wrong


def loky_workers() -> list[int]:
    lines = {one.pid: " ".join(cmdline(one)) for one in psutil.Process().children(recursive=True) if running(one)}
    return [pid for pid, line in lines.items() if "loky" in line and "resource_tracker" not in line]


def others() -> set[int]:
    """Processes below this one, besides those that only keep books."""
    found = psutil.Process().children(recursive=True)
    return {one.pid for one in found if "resource_tracker" not in " ".join(cmdline(one)) and running(one)}


def cmdline(one: psutil.Process) -> list[str]:
    try:
        return one.cmdline()
    except psutil.Error:
        return []


def running(one: psutil.Process) -> bool:
    try:
        return one.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class Deadly:
    """Kills the worker it runs in, once: afterwards the file is there."""

    def __init__(self, path: Path, parent: int) -> None:
        self.path, self.parent = path, parent

    def __call__(self, field: Any) -> Any:
        if not self.path.exists() and os.getpid() != self.parent:
            self.path.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return field * 0.5


def with_one_deadly(path: Path) -> dict[str, Any]:
    masks = list(thirty(32).items())[::3]
    return dict(masks[:5]) | {"deadly": Deadly(path, os.getpid())} | dict(masks[5:])


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_a_killed_worker_loses_nothing(name: str, tmp_path: Path):
    subjects = with_one_deadly(tmp_path / "killed")
    whole = measured(subjects, "inline", signal=pictures(2, 32))
    assert not (tmp_path / "killed").exists()
    with engine(name) as chosen:
        reading = measured(subjects, chosen, signal=pictures(2, 32))
    assert (tmp_path / "killed").exists() and reading.complete
    same(whole.data, reading.data)


def test_a_killed_worker_of_the_users_own_pool_loses_nothing_measured(tmp_path: Path):
    subjects = with_one_deadly(tmp_path / "killed")
    whole = measured(subjects, "inline", signal=pictures(2, 32))
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
        pytest.raises(Refused, match="engine=processes") as caught,
    ):
        measured(subjects, pool, signal=pictures(2, 32), workers=3)
    assert "jupyter_phys.last()" in "".join(caught.value.__notes__)
    kept = jp.last()
    there = np.isfinite(kept.data["delta_S_mean"].values)
    assert not kept.complete and 0 < there.sum() < len(subjects)
    np.testing.assert_allclose(
        kept.data["delta_S"].values[there], whole.data["delta_S"].values[there], rtol=1e-12, atol=1e-11
    )


def test_workers_that_keep_dying_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engines, "RETRIES", 1)
    parent = os.getpid()

    def deadly(field: Any) -> Any:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return field

    with pytest.raises(Refused, match=r"(?s)died.*engine=inline"):
        measured({"deadly": deadly}, "processes", signal=pictures(1, 32))
    assert measured(np.eye(32), "processes", signal=pictures(1, 32)).complete


class Slow:
    """Says that it has begun, and takes a second."""

    def __init__(self, diary: Path) -> None:
        self.diary = diary

    def __call__(self, field: Any) -> Any:
        import time
        import uuid

        (self.diary / uuid.uuid4().hex).touch()
        time.sleep(1)
        return field * 0.5


def when_begun(diary: Path, count: int) -> threading.Thread:
    """Interrupts the main thread, as Stop in Jupyter does, when so many slow ones have begun."""

    def wait() -> None:
        while len(list(diary.iterdir())) < count:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupt_keeps_what_is_finished_and_leaves_nothing_running(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    subjects = {**{f"quick {i}": np.eye(32) for i in range(4)}, **{f"slow {i}": Slow(tmp_path) for i in range(12)}}
    signal = pictures(1, 32)
    with engine(name) as chosen:
        measured(np.eye(32), chosen, signal=signal)  # the workers are up
        before, threads = others(), set(threading.enumerate())
        watching = when_begun(tmp_path, 3)
        with pytest.raises(Interrupted) as caught:
            measured(subjects, chosen, signal=signal)
        watching.join()
        reading = caught.value.reading
        assert reading is jp.last() and not reading.complete
        there = np.isfinite(reading.data["delta_S_mean"].values)
        assert there[:4].any() and not there.all()  # a cluster has an order of its own
        assert reading.data["subject"].values.tolist() == list(subjects)
        assert not any(sweep.busy for sweep in engines._AT_HOME.values()), "a job goes on in this process"
        if name not in ("std processes", "dask"):
            assert others() <= before
        if name == "threads":
            assert set(threading.enumerate()) <= threads
        if name == "processes":
            assert not loky_workers()
            assert "Traceback" not in capfd.readouterr().err
        again = measured(np.eye(32), chosen, signal=signal)
        np.testing.assert_allclose(reading.data["delta_S"].values[:4][there[:4]], again.data["delta_S"].values[0, 0])


@pytest.mark.parametrize("name", NAMES)
def test_an_exception_in_one_job_does_not_lose_the_others(name: str):
    subjects: dict[str, Any] = {f"eye {i}": np.eye(32) for i in range(10)}
    subjects["wrong"] = slow_and_wrong
    whole = measured({"eye": np.eye(32)}, "inline", signal=pictures(1, 32))
    with engine(name) as chosen:
        with pytest.raises(Refused, match="wrong raised ZeroDivisionError") as caught:
            measured(subjects, chosen, signal=pictures(1, 32), memory=0.002)
        assert "jupyter_phys.last()" in "".join(caught.value.__notes__)
        kept = jp.last()
        assert not kept.complete and kept.data["subject"].values.tolist() == list(subjects)
        found = kept.data["delta_S"].values[:, 0]
        assert np.isfinite(found[:4]).all() and np.isnan(found[-1])
        there = np.isfinite(found)
        np.testing.assert_allclose(found[there], whole.data["delta_S"].values[0, 0], rtol=1e-12, atol=1e-11)


def slow_and_wrong(field: Any) -> Any:
    import time

    time.sleep(0.5)
    return field / 0 if field.shape == () else 1 // 0


def test_threads_of_the_user_are_left_to_him():
    with ThreadPoolExecutor(2) as pool:
        measured(np.eye(32), pool, signal=pictures(1, 32))
        assert pool.submit(int, "3").result() == 3


def test_engines_that_are_not_there_are_refused(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Refused, match=r"(?s)No dask client.*Client\(\)"):
        measured(np.eye(32), "dask", signal=pictures(1, 32))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Refused, match=r"(?s)not installed.*jupyter-phys\[cluster\]"):
        measured(np.eye(32), "dask", signal=pictures(1, 32))
    for wrong in ("gpu", 3, ThreadPoolExecutor, object()):
        with pytest.raises(Refused, match="inline, threads, processes, dask"):
            measured(np.eye(32), wrong, signal=pictures(1, 32))


def test_a_foreign_executor_works():
    class Mine(Executor):
        """Runs at once, in this thread, as a test double would."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            from concurrent.futures import Future

            future: Future[Any] = Future()
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
            return future

    whole = measured(["random", np.eye(32)], "inline", signal=pictures(2, 32))
    reading = measured(["random", np.eye(32)], Mine(), signal=pictures(2, 32))
    same(whole.data, reading.data)
    assert reading.record.engine == "Mine"


def test_global_states_are_untouched_by_engines():
    for name in ("threads", "processes"):
        before = torch.get_rng_state(), np.random.get_state()[1].tobytes()
        measured(["random", lambda field: field * (np.random.rand(*field.shape) < 0.5)], name, signal=pictures(1, 32))
        assert torch.equal(torch.get_rng_state(), before[0]) and np.random.get_state()[1].tobytes() == before[1]


def test_progress_counts_every_job_once():
    from jupyter_phys.core.progress import Meter

    counted: list[float] = []
    advance = Meter.advance

    def watched(self: Meter, share: float) -> None:
        counted.append(share)
        advance(self, share)

    Meter.advance = watched  # type: ignore[method-assign]
    try:
        for name in ("inline", "threads", "processes"):
            counted.clear()
            started = time.time()
            reading = measured(thirty(32), name, signal=pictures(1, 32))
            jobs = 1 if name == "inline" else 8
            assert sum(counted) == pytest.approx(jobs)
            assert 0 <= reading.record.seconds <= time.time() - started + 1
    finally:
        Meter.advance = advance  # type: ignore[method-assign]


def states_there() -> Any:
    return torch.get_num_threads(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()


def test_workers_of_the_user_are_left_as_they_were():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(torch.set_num_threads, 2).result()
        before = pool.submit(states_there).result()
        measured({"draws": lambda field: field * (np.random.rand(*field.shape) < 0.5)}, pool, signal=pictures(1, 32))
        assert pool.submit(states_there).result() == before and before[0] == 2


class Careless(Random):
    """Draws from the global states."""

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: torch.Generator) -> torch.Tensor:
        return torch.rand(shape) < 0.2 + 0.2 * np.random.rand()


def test_a_family_that_ignores_its_generator_is_seeded_and_recorded():
    one, two = (measured(Careless(), name, signal=pictures(1, 32), draws=3) for name in ("inline", "threads"))
    same(one.data, two.data)
    assert one.data["delta_S_se"].values.item() > 0
    (told,) = one.record.subjects.values()
    assert len(told["fingerprint"]) == 16 and told["family"] == "careless"
