"""Every task keeps every promise of the design. To hold a new one to them, add a row to ENTRIES."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from entries import Entry, Named
from entries.entropy import ENTROPY
from entries.eos import EOS
from entries.generate import GENERATE
from entries.meter import METER, PREDICT
from entries.probe import PROBE
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.colors import to_rgba
from pretended import Crossings, Pretend
from sliders import Told, wait_for
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import jupyter_phys as jp
from jupyter_phys.core.calibration import PRECISIONS
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.instrument import BoundTask, find, packages
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.reading import Reading
from jupyter_phys.core.run import GIB, Run, untouched
from jupyter_phys.core.session import session
from jupyter_phys.figures.mark import Heat
from jupyter_phys.figures.panel import Plot, Table
from jupyter_phys.figures.theme import THEMES
from jupyter_phys.notebook import turns
from jupyter_phys.notebook.live import Call
from jupyter_phys.notebook.magic import run as run_line

ENTRIES = [ENTROPY, PROBE, EOS, GENERATE, METER, PREDICT]


# --- how the promises are tested


def promise(number: int, said: str, of: Callable[[Entry], object] = bool) -> pytest.MarkDecorator:
    """``of``: the rows that it is made for, where that is not all of them."""
    rows = [pytest.param(one, id=f"{one.label}-{number}-{said}") for one in ENTRIES if of(one)]
    return pytest.mark.parametrize("entry", rows)


def instruments(entry: Entry) -> bool:
    """Of what all tasks of an instrument have in common."""
    return not entry.task


def task_of(entry: Entry) -> BoundTask:
    return find(entry.name).task(entry.task)


def measured(entry: Entry, subjects: Any = None, options: Named | None = None, **how: Any) -> Reading:
    chosen = entry.anew((entry.options() if options is None else options) | how)
    return task_of(entry)(entry.subjects() if subjects is None else subjects, **{"progress": False} | chosen)


def stepped(entry: Entry, step: Callable[[], None], **how: Any) -> Reading:
    """A measurement in which ``step`` is called a dozen times, by its subjects or where progress is counted."""
    subjects, options = entry.steps(step)
    with heard(step) if not entry.is_heard else contextlib.nullcontext():
        return measured(entry, subjects, options, **how)


@contextlib.contextmanager
def heard(step: Callable[[], None]) -> Iterator[None]:
    advance = Meter.advance

    def calls(self: Meter, share: float) -> None:
        step()
        advance(self, share)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Meter, "advance", calls)
        yield


def same_bits(one: Reading, two: Reading) -> None:
    xr.testing.assert_identical(one.data, two.data)
    for name in one.data.variables:
        a, b = one.data[name].values, two.data[name].values
        assert a.dtype.kind in "OU" or a.tobytes() == b.tobytes(), name


def close(entry: Entry, one: xr.Dataset, two: xr.Dataset, rtol: float) -> None:
    for name in entry.numbers:
        assert one[name].dims == two[name].dims, name
        np.testing.assert_allclose(
            one[name].values, two[name].sel({entry.along: one[entry.along].values}).values,
            rtol=rtol, atol=rtol * entry.scale, err_msg=name,
        )  # fmt: skip


def bits(value: Any) -> Any:
    """Content to the bit, of arrays, tensors and models inside whatever was given."""
    match value:
        case nn.Module():
            return model_bits(value)
        case torch.Tensor():
            return bits(value.detach().resolve_conj().numpy()), value.requires_grad, bits(value.grad)
        case np.ndarray():
            return value.tobytes(), value.shape, value.dtype, value.strides, value.flags.writeable
        case dict():
            return {name: bits(one) for name, one in value.items()}
        case list() | tuple():
            return [bits(one) for one in value]
        case xr.Dataset():
            return {name: bits(one.values) for name, one in value.variables.items()}, repr(value)
        case np.random.Generator():
            return repr(value.bit_generator.state)
        case _:
            return repr(value)


def model_bits(net: nn.Module) -> Any:
    def own(module: nn.Module) -> Any:
        tensors = {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}
        plain = {n: bits(v) for n, v in vars(module).items() if not n.startswith("_")}
        hooks = [list(vars(module)[n].items()) for n in sorted(vars(module)) if "hook" in n and vars(module)[n]]
        return {n: bits(t) for n, t in tensors.items()}, {n: id(t) for n, t in tensors.items()}, plain, repr(hooks)

    return {name: own(module) for name, module in net.named_modules()}


def world() -> Any:
    """Global random states and flags that a measurement could leave changed."""
    kind, keys, *rest = np.random.get_state()
    return (
        torch.get_rng_state().numpy().tobytes(), kind, keys.tobytes(), rest, random.getstate(),
        torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.get_num_threads(), torch.is_anomaly_enabled(), torch.get_float32_matmul_precision(),
        torch.backends.cudnn.benchmark, np.geterr(), signal.getsignal(signal.SIGINT), str(torch.get_default_device()),
    )  # fmt: skip


@contextlib.contextmanager
def interrupt(seconds: float) -> Iterator[None]:
    """What Stop in Jupyter does, after that many seconds."""
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Bell:
    """A step that takes its time; at the n-th somebody presses Stop."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __deepcopy__(self, memo: Any) -> Any:
        return self  # it counts the calls of all twins

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)


class Watch(TorchDispatchMode):
    """Follows the memory of all tensors made inside; a small ``capacity`` makes it run out, as a device does."""

    def __init__(self, capacity: float = float("inf")) -> None:
        super().__init__()
        self.capacity, self.peak, self.largest, self.refused = capacity, 0, 0, 0
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **kwargs or {})
        self.alive = {key: pair for key, pair in self.alive.items() if not pair[0].expired()}
        given = {one.untyped_storage()._cdata for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)}
        for one in tree_leaves(answer):
            if isinstance(one, torch.Tensor) and one.untyped_storage()._cdata not in given:
                storage = one.untyped_storage()
                self.alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
                self.largest = max(self.largest, storage.nbytes())
        now = sum(size for _, size in self.alive.values())
        if now > self.capacity:
            self.refused += 1
            raise torch.OutOfMemoryError("out of memory, pretended")
        self.peak = max(self.peak, now)
        return answer


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_every_task_has_a_row():
    """But those that measure while code of the user's runs; see the tests of %probe watch."""
    assert sorted(task_of(entry).name for entry in ENTRIES) == sorted(
        name for one in packages() for name, task in find(one).card.tasks.items() if not task.around
    )
    assert {entry.name for entry in ENTRIES if not entry.task} == set(packages())


# --- 1: the subject comes back untouched, to the bit


@promise(1, "untouched")
def test_subjects_inputs_and_global_states_are_untouched(entry: Entry):
    subjects, options = entry.subjects(), entry.options()
    torch.manual_seed(5)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        before = bits(subjects), bits(options), world()
        measured(entry, subjects, options, **entry.pictures)
        assert (bits(subjects), bits(options), world()) == before
    finally:
        torch.use_deterministic_algorithms(False)


def takes_models(entry: Entry) -> bool:
    return entry.network is not None


@promise(1, "network", takes_models)
def test_a_model_in_training_is_untouched(entry: Entry):
    assert entry.network is not None
    net, options = entry.network()
    before = bits(net), world()
    first = measured(entry, {"net": net}, options)
    assert (bits(net), world()) == before
    assert before[0]["norm"][0]["running_mean"] != bits(torch.zeros(1))  # it was trained, so there is what to lose
    same_bits(first, measured(entry, {"net": net}, options))


@promise(1, "used-by-a-callable", takes_models)
def test_a_model_behind_a_callable_is_untouched(entry: Entry):
    assert entry.network is not None
    net, options = entry.network()
    options = {n: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for n, v in options.items()}
    before = bits(net)
    behind = {
        "closure": lambda field: net(field.float()), "method": net.forward, "default": lambda f, n=net: n(f.float()),
    }  # fmt: skip
    measured(entry, behind, options, precision="float32")
    assert bits(net) == before


@promise(1, "under-interrupts")
def test_thirty_interrupts_at_random_moments_leave_everything_clean(entry: Entry):
    net, options = entry.network() if entry.network else (None, entry.options())
    subjects = {n: one for n, one in entry.subjects().items() if not entry.one_by_one(one)}
    subjects = {"net": net, **subjects} if net else subjects
    whole = measured(entry, subjects, options)
    started = time.perf_counter()
    same_bits(whole, measured(entry, subjects, options))
    seconds = time.perf_counter() - started
    before = bits(subjects), bits(options), world()
    moments = random.Random(7)
    caught = kept = 0
    for _ in range(30):
        with contextlib.suppress(KeyboardInterrupt), interrupt(moments.uniform(0.001, 1.05 * seconds)):
            try:
                reading = measured(entry, subjects, options)
            except Interrupted as stop:
                caught += 1
                if stop.reading is not None:
                    kept += 1
                    partly(entry, stop.reading, whole)
                    assert jp.last() is stop.reading
            else:
                same_bits(reading, whole)
        assert (bits(subjects), bits(options), world()) == before
    assert caught >= 15 and kept >= 5
    same_bits(measured(entry, subjects, options), whole)


def partly(entry: Entry, reading: Reading, whole: Reading) -> None:
    """What is there is right, the rest is NaN."""
    for name in entry.numbers:
        part, all_of_it = reading.data[name].values, whole.data[name].values
        assert part.shape == all_of_it.shape
        there = np.isfinite(part)
        np.testing.assert_array_equal(part[there], all_of_it[there], err_msg=name)
        if reading.complete:
            np.testing.assert_array_equal(part, all_of_it, err_msg=name)


# --- 2: draws depend on seed and item index alone


@promise(2, "same-bits")
def test_the_same_call_gives_the_same_bits(entry: Entry):
    random.seed(1)
    one = measured(entry, **entry.pictures)
    random.seed(2)
    torch.manual_seed(3)
    np.random.seed(4)
    same_bits(one, measured(entry, **entry.pictures))
    other = measured(entry, seed=1)
    differ = [not np.array_equal(one.data[n].values, other.data[n].values) for n in entry.numbers]
    assert any(differ) == entry.draws


@pytest.mark.parametrize(("precision", "rtol"), [("float64", 1e-12), ("float32", 1e-5)])
@promise(2, "batch-and-engine")
def test_batch_and_engine_do_not_matter(entry: Entry, precision: str, rtol: float):
    together = {name: one for name, one in entry.subjects().items() if not entry.one_by_one(one)}
    many, few = (measured(entry, together, precision=precision, memory=memory) for memory in (1.0, 0.002))
    assert few.record.batch < many.record.batch
    close(entry, many.data, few.data, rtol)
    one = measured(entry, precision=precision)
    threads = measured(entry, precision=precision, engine="threads", workers=3)
    assert list(threads.data[entry.along].values) == list(one.data[entry.along].values)
    close(entry, one.data, threads.data, rtol)


@promise(2, "float32")
def test_float32_agrees_with_float64(entry: Entry):
    close(entry, measured(entry).data, measured(entry, precision="float32").data, 1e-5)


@promise(2, "other-subjects")
def test_other_subjects_and_their_order_do_not_matter(entry: Entry):
    subjects = entry.subjects()
    whole = measured(entry, subjects).data
    turned = measured(entry, dict(reversed(subjects.items()))).data
    assert list(turned[entry.along].values) == list(reversed(subjects))
    close(entry, whole, turned, 1e-12)
    for name in list(subjects)[::2]:
        alone = measured(entry, {name: subjects[name]}).data
        close(entry, alone, whole, 1e-12)


def repeated(entry: Entry, options: Named) -> Named:
    """The inputs among ``options``, which no reading keeps."""
    return {name: one for name, one in options.items() if name in task_of(entry).inputs.declared()}


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    yield made
    turns.forget(made)


@promise(2, "again")
def test_a_reading_is_measured_once_more(entry: Entry):
    options = entry.options()
    first = measured(entry, options=options)
    again = first.again(entry.subjects(), **repeated(entry, options))
    for name in entry.numbers:
        np.testing.assert_array_equal(again.data[name].values, first.data[name].values, err_msg=name)
    assert not any("Not the same" in note.text for note in again.notes)


@promise(2, "sweep", lambda entry: entry.axes)
def test_a_point_of_a_sweep_is_a_measurement(entry: Entry, readings: Readings):
    for index in (0, -1):
        alone = measured(entry, **{name: values[index] for name, values in entry.axes.items()})
        swept = readings[entry.label]["swept"].data.isel(dict.fromkeys(entry.axes, index))
        close(entry, swept.drop_vars(list(entry.axes)), alone.data, 1e-12)


@promise(2, "sliders")
def test_a_slider_measures_what_a_line_does(entry: Entry, shell: InteractiveShell):
    """Or, where a task fills files, there are none, and the line that would open them says what to type."""
    task, options = task_of(entry), entry.options()
    if task.task.writes:
        with pytest.raises(Refused, match="no live sliders") as refusal:
            run_line(shell, entry.name, f"{entry.task} -i")
        assert "without -i" in str(refusal.value.instead)
        return
    moved = {name: values[-1] for name, values in entry.axes.items()}
    subjects = dict(list(entry.subjects().items())[:1])
    call = Call(task, subjects, options, "x", {})
    sliders = Told(shell, call, measured(entry, subjects, options))
    try:
        turns.turns(shell).cell_ends()
        sliders.measure(1, **call.values | moved)
        wait_for(lambda: sliders.finals() == [1] or bool(sliders.of("error")))
        assert not sliders.of("error")
        found = sliders._reading
    finally:
        sliders.close()
    close(entry, found.data, measured(entry, subjects, options, **moved).data, 1e-12)


# --- 3: an interrupt keeps what was measured


@pytest.mark.parametrize("engine", ["inline", "threads"])
@promise(3, "kept")
def test_an_interrupt_keeps_what_was_measured(entry: Entry, engine: str):
    whole = stepped(entry, lambda: None)
    with pytest.raises(KeyboardInterrupt) as caught:
        stepped(entry, Bell(entry.late), engine=engine, workers=1)
    stop = caught.value
    assert isinstance(stop, Interrupted) and stop.reading is jp.last()
    reading = stop.reading
    assert not reading.complete and not reading.record.complete
    assert list(reading.data[entry.along].values) == list(whole.data[entry.along].values)
    partly(entry, reading, whole)
    for name in entry.numbers[:1]:
        assert np.isfinite(reading.data[name].values).any()
    assert any(np.isnan(reading.data[n].values).any() for n in entry.numbers)
    assert "interrupted" in repr(reading).splitlines()[0]
    assert all(panel.alt for panel in reading.panels())
    same_bits(stepped(entry, lambda: None), whole)


@promise(3, "in-vain")
def test_an_interrupt_before_anything_was_measured(entry: Entry):
    with pytest.raises(Interrupted) as caught:
        stepped(entry, Bell(1))
    assert caught.value.reading is None or not caught.value.reading.complete


@promise(3, "nothing-pinned")
def test_an_interrupt_that_is_kept_holds_no_tensors(entry: Entry):
    bell = Bell(entry.late)
    subjects, options = entry.steps(bell)
    user = {id(one) for one in tensors()}
    try:
        with heard(bell) if not entry.is_heard else contextlib.nullcontext():
            measured(entry, subjects, options)
    except KeyboardInterrupt as caught:
        stop = caught  # as IPython keeps the last exception
    assert isinstance(stop, Interrupted)
    assert not [tuple(one.shape) for one in tensors() if id(one) not in user and one.numel() > 100]


def tensors() -> list[torch.Tensor]:
    gc.collect()
    return [one for one in gc.get_objects() if issubclass(type(one), torch.Tensor)]


@promise(3, "calibration", instruments)
def test_an_interrupted_calibration_keeps_the_cases_that_were_run(entry: Entry):
    with pytest.raises(Interrupted) as caught, interrupt(0.4):
        jp.check(entry.name, progress=False)
    reading = caught.value.reading
    assert reading is jp.last() and not reading.complete
    assert all(panel.alt for panel in reading.panels()) and bool(reading.data["passed"].all())


# --- 4: memory is bounded by a setting


@promise(4, "bounded")
def test_memory_is_bounded_by_the_setting(entry: Entry):
    subjects, options, size = entry.many(1)
    measured(entry, subjects, options)
    peaks: list[float] = []
    for k, memory in ((1, entry.small), (3, entry.small), (3, 5 * entry.small)):
        subjects, options, size = entry.many(k)
        with Watch() as watch:
            measured(entry, subjects, options, memory=memory)
        assert watch.peak < memory * GIB, f"{watch.peak} bytes, inputs {size}"
        peaks.append(watch.peak)
    assert peaks[1] < 1.5 * peaks[0]


@promise(4, "out-of-memory")
def test_out_of_memory_halves_the_batch(entry: Entry):
    subjects, options, size = entry.many(1)
    with Watch() as free:
        whole = measured(entry, subjects, options)
    with Watch(capacity=size + (free.peak - size) / 3) as small:
        reading = measured(entry, subjects, options)
    assert small.refused > 0 and small.peak < free.peak
    assert reading.complete and reading.record.batch < whole.record.batch
    close(entry, whole.data, reading.data, 1e-12)


@promise(4, "far-too-little")
def test_a_device_too_small_for_one_item_is_told(entry: Entry):
    subjects, options, size = entry.many(1)
    with pytest.raises(Refused, match=r"does not fit|too little memory"), Watch(capacity=1.2 * size):
        measured(entry, subjects, options)


@promise(4, "nothing-stays")
def test_nothing_stays_after_a_measurement(entry: Entry):
    subjects, options = entry.subjects(), entry.options()
    measured(entry, subjects, options, **entry.pictures)
    user = {id(one) for one in tensors()}
    reading = measured(entry, subjects, options, **entry.pictures)
    assert not [one.shape for one in tensors() if id(one) not in user]
    assert all(isinstance(one.values, np.ndarray) for one in reading.data.variables.values())


# --- 5: what cannot be measured is refused; see also the instrument's own test_bad_input.py


@promise(5, "refused")
def test_what_cannot_be_measured_is_refused(entry: Entry):
    for subject, options in entry.refused:
        with pytest.raises(Refused) as caught:
            measured(entry, subject, entry.options() | options)
        refusal = caught.value
        assert len(refusal.what) > 10 and not refusal.what.isupper()
        assert refusal.given is not None or refusal.allowed is not None or refusal.instead, str(refusal)


# --- 6: progress after one second, which can be switched off


@promise(6, "progress")
def test_progress_appears_after_a_second_and_can_be_switched_off(entry: Entry, capsys: pytest.CaptureFixture[str]):
    stepped(entry, lambda: None, progress=True)
    assert capsys.readouterr().err == ""
    stepped(entry, lambda: time.sleep(0.15), progress=True)
    shown = capsys.readouterr().err
    assert re.search(r"\d+%.*\d\d:\d\d so far, \d\d:\d\d left", shown) and entry.label in shown
    stepped(entry, lambda: time.sleep(0.15), progress=False)
    assert capsys.readouterr() == ("", "")


@promise(6, "no-threads-left")
def test_progress_leaves_no_thread_behind(entry: Entry):
    import threading

    measured(entry)  # a library that writes files keeps a pool of threads from its first use on
    before = set(threading.enumerate())
    measured(entry, progress=True)
    assert not [one.name for one in set(threading.enumerate()) - before if not one.name.startswith("asyncio_")]


# --- 7: a reading survives save and load to the bit, and a file can run no code


def kinds(entry: Entry) -> dict[str, Reading]:
    with pytest.raises(Interrupted) as caught:
        stepped(entry, Bell(entry.late))
    found = {"complete": measured(entry, **entry.pictures), "partial": caught.value.reading}
    return found | ({"swept": measured(entry, **entry.axes)} if entry.axes else {})


def of_kinds(number: int, said: str) -> pytest.MarkDecorator:
    rows = [(one, kind) for one in ENTRIES for kind in ("complete", "partial", *["swept"] * bool(one.axes))]
    return pytest.mark.parametrize(
        ("entry", "kind"), [pytest.param(*row, id=f"{row[0].label}-{number}-{said}-{row[1]}") for row in rows]
    )


class Readings(dict[str, dict[str, Reading]]):
    """Those of a row by its label, measured when they are first looked at."""

    def __missing__(self, label: str) -> dict[str, Reading]:
        self[label] = kinds(next(entry for entry in ENTRIES if entry.label == label))
        return self[label]


@pytest.fixture(scope="module")
def readings() -> Readings:
    return Readings()


@pytest.mark.parametrize("suffix", [".nc", ".json"])
@of_kinds(7, "files")
def test_a_reading_survives_to_the_bit(entry: Entry, suffix: str, kind: str, readings: Any, tmp_path: Path):
    reading = readings[entry.label][kind]
    path = reading.save(tmp_path / f"r{suffix}")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    back = jp.load(path)
    same_bits(reading, back)
    assert back.data.attrs == reading.data.attrs
    assert {n: v.attrs for n, v in back.data.variables.items()} == {
        n: v.attrs for n, v in reading.data.variables.items()
    }
    assert back.settings == reading.settings and back.record == reading.record
    assert repr(back) == repr(reading)
    again = back.save(tmp_path / f"again{suffix}")
    same_bits(reading, jp.load(again))


class Canary:
    """Unpickled, it makes a file: then code has run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@promise(7, "strangers")
def test_a_file_from_a_stranger_runs_nothing(entry: Entry, readings: Any, tmp_path: Path):
    ran = tmp_path / "ran"
    good = json.loads(readings[entry.label]["complete"].save(tmp_path / "good.json").read_text())
    good.pop("content")
    evil = pickle.dumps(Canary(ran))
    name = good["record"]["instrument"]

    def with_record(**changes: Any) -> Any:
        return good | {"record": good["record"] | changes}

    def with_array(**changes: Any) -> Any:
        first = next(iter(good["data"]["variables"]))
        variables = good["data"]["variables"]
        return good | {"data": good["data"] | {"variables": variables | {first: variables[first] | changes}}}

    texts: dict[str, Any] = {
        "empty": {}, "list": [], "text": "reading", "null": None, "newer": good | {"schema": 2},
        "no record": {"schema": 1}, "no data": {n: v for n, v in good.items() if n != "data"},
        "other instrument": with_record(instrument="os"), "path": with_record(instrument="../../tmp/evil"),
        "dotted": with_record(instrument="jupyter_phys.core"), "other task": with_record(task="__class__"),
        "setting": with_record(settings={"__class__": "os.system"}), "typed": with_record(seed={"py/object": "os"}),
        "objects": with_array(dtype="O"), "void": with_array(dtype="V8"), "dates": with_array(dtype="M8[s]"),
        "struct": with_array(dtype=[["a", "f8"]]), "shape": with_array(dims=["a", "b", "c", "d", "e"]),
        "words": with_array(dtype="float64", values=[["__import__('os')"]]),
        "levels": with_record(notes=[{"level": "x"}]),
        "pickled": good | {"py/reduce": [{"py/function": "os.mkdir"}, [str(ran)]], "data": None},
    }  # fmt: skip
    files = {f"{n}.json": json.dumps(v).encode() for n, v in texts.items()}
    files |= {"deep.json": b"[" * 200_000, "nul.json": b"\0" * 100, "pickle.json": evil, "pickle.nc": evil}
    files |= {"text.nc": b"CDF\x01", "hdf.nc": b"\x89HDF\r\n\x1a\n" + b"\0" * 500, "empty.nc": b"", "zip.nc": b"PK\3\4"}
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
        with pytest.raises(Refused):
            jp.load(tmp_path / file)
    assert name in packages() and not ran.exists()


@promise(7, "hdf-objects", instruments)
def test_pickles_inside_hdf_are_data(entry: Entry, readings: Any, tmp_path: Path):
    import h5py

    ran, path = tmp_path / "ran", readings[entry.label]["complete"].save(tmp_path / "r.nc")
    evil = pickle.dumps(Canary(ran))
    with h5py.File(path, "a") as file:
        file.attrs["jupyter_phys"] = np.void(evil)
        file.attrs["more"] = np.void(evil)
    with pytest.raises(Refused):
        jp.load(path)
    assert not ran.exists()


@promise(7, "linked", instruments)
def test_a_file_does_not_reach_for_others(entry: Entry, readings: Any, tmp_path: Path):
    import h5py

    reading = readings[entry.label]["complete"]
    other, path = reading.save(tmp_path / "other.nc"), reading.save(tmp_path / "r.nc")
    name = entry.numbers[0]
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = h5py.ExternalLink(str(other), name)
    with pytest.raises(Refused):
        jp.load(path)


@pytest.mark.parametrize("suffix", [".nc", ".json"])
@promise(7, "damaged", instruments)
def test_damaged_files_are_refused_or_right(entry: Entry, suffix: str, readings: Any, tmp_path: Path):
    """In a process of its own: no damage may take the kernel with it."""
    path = readings[entry.label]["swept"].save(tmp_path / f"r{suffix}")
    code = f"""
import random, pathlib, warnings
import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
warnings.simplefilter("ignore")
path = pathlib.Path({str(path)!r})
whole, good = path.read_bytes(), jp.load(path)
draw, refused = random.Random(3), 0
def tried(content):
    global refused
    (path.parent / ("broken" + path.suffix)).write_bytes(content)
    try:
        back = jp.load(path.parent / ("broken" + path.suffix))
    except Refused:
        refused += 1
    else:
        assert back.data.identical(good.data) and back.record == good.record
for share in (0, .01, .3, .7, .95, .99):
    tried(whole[:int(share * len(whole))])
assert refused == 6, refused
for _ in range(60):
    place = draw.randrange(len(whole))
    tried(whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1:])
print("refused", refused)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) > 20


def test_no_source_unpickles():
    home = Path(jp.__file__).parent
    for path in home.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bpickle\.loads?\(|allow_pickle=True|weights_only=False", text), path
        loads = re.findall(r"torch\.load\(", text)
        assert len(loads) == len(re.findall(r"torch\.load\([^)]*weights_only=True", text)), path
        if "cloudpickle.loads" in text:
            assert path == home / "core" / "engines.py"  # what this process itself has sent to its workers


# --- 8: units, numbers with errors, alt text


@of_kinds(8, "units")
def test_everything_has_a_unit_or_says_that_it_has_none(entry: Entry, kind: str, readings: Any):
    reading = readings[entry.label][kind]
    for name, one in reading.data.variables.items():
        assert isinstance(one.attrs.get("units"), str), f"{name} has no units"
        assert one.attrs.get("long_name"), f"{name} has no long_name"
    panels = reading.panels()
    assert panels
    for panel in panels:
        assert panel.title and panel.title in panel.alt
        if isinstance(panel, Plot):
            assert panel.x.label and panel.y.label
            assert all(one.color.label for one in panel.marks if isinstance(one, Heat))
    assert isinstance(panels[0], Table)


@of_kinds(8, "numbers")
def test_numbers_are_printed_with_their_errors(entry: Entry, kind: str, readings: Any):
    reading = readings[entry.label][kind]
    cells = [str(one) for panel in reading.panels() if isinstance(panel, Table) for row in panel.rows for one in row]
    assert not [one for one in cells if re.search(r"\d\.\d{7,}|nan|±|\d{8,}", one)]
    if kind == "complete":
        assert any(re.fullmatch(r"-?\d+\.?\d*\([\d.]+\)(e[+-]\d+)?", one) for one in cells)


@of_kinds(8, "table")
def test_a_table_has_no_more_rows_than_there_are_numbers(entry: Entry, kind: str, readings: Any):
    reading = readings[entry.label][kind]
    frame = reading.to_dataframe().reset_index()
    numbers = {name: one for name, one in reading.data.data_vars.items() if one.attrs.get("role") != "picture"}
    assert set(numbers) <= set(frame.columns)
    assert len(frame) <= sum(one.size for one in numbers.values())
    for name in entry.numbers:
        known = reading.data[name].values[np.isfinite(reading.data[name].values)]
        assert set(known) == set(frame[name].dropna())


@promise(8, "dark", lambda entry: entry.task)
def test_every_plot_is_drawn_on_dark_paper_too(entry: Entry):
    """That of other instruments see test_paper.py and the pages."""
    reading = measured(entry, dict(list(entry.subjects().items())[:1]), **entry.pictures)
    assert any(isinstance(panel, Plot) for panel in reading.panels())
    assert reading.figure(theme="dark").get_facecolor() == to_rgba(THEMES["dark"].paper)


# --- 9: calibration and pure kernels


@pytest.mark.parametrize("precision", PRECISIONS)
@promise(9, "calibration", lambda entry: entry.cases)
def test_known_answers_of_a_few_cases(entry: Entry, precision: str):
    instrument = find(entry.name)
    cases = [one for one in instrument.part(instrument.card.calibration) if re.search(entry.cases, one.name)]
    cases = [one for one in cases if not one.slow and one.allowed(precision) is not None]
    assert len(cases) >= 5
    for case in cases:
        with untouched():
            got = float(case.compute(Run(session().how({"precision": precision}), Meter("", shown=False))))
        assert case.passes(got, precision), f"{case.name}: {got} instead of {case.expected}"


@promise(9, "pure-kernels", lambda entry: entry.kernels)
def test_kernels_stay_on_the_device(entry: Entry):
    assert entry.kernels is not None
    for name, kernel in entry.kernels("cuda").items():
        with FakeTensorMode(), Pretend(), Crossings() as crossings:
            found = [one for one in tree_leaves(kernel()) if isinstance(one, torch.Tensor)]
        assert crossings.count > 3, name
        assert found and all(one.device.type == "cuda" for one in found), name


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize(("precision", "rtol"), [("float64", 1e-12), ("float32", 1e-5)])
@promise(9, "whole-reading", lambda entry: entry.exact)
def test_a_whole_reading_on_the_device(entry: Entry, precision: str, rtol: float):
    cpu, cuda = (measured(entry, precision=precision, device=device) for device in ("cpu", "cuda"))
    close(entry, cpu.data, cuda.data, rtol)


def test_the_counter_sees_what_it_must():
    with FakeTensorMode(), Pretend(), Crossings():
        field = torch.ones(4, device="cuda")
        with pytest.raises(AssertionError, match="copies to the CPU"):
            field.cpu()
