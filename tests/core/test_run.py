"""One run on one device: draws, numbers of any kind, batches that fit, global states."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest
import torch

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import GIB, Run, find_device, is_out_of_memory, untouched
from jupyter_phys.core.session import session


def run(**how: Any) -> Run:
    return Run(session().how(how), Meter("", shown=False))


def test_draws_depend_on_seed_and_index_alone():
    def draw(seed: int, *index: int) -> float:
        return float(torch.rand((), generator=run(seed=seed).generator(*index)))

    assert draw(0, 1) == draw(0, 1)
    assert (
        len({draw(0), draw(0, 0), draw(0, 1), draw(1, 0), draw(0, 0, 1), draw(0, 1, 0), draw(0, 10), draw(2**40, 0)})
        == 8
    )


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_numbers_of_every_kind(precision: str):
    one = run(precision=precision)
    array = np.arange(6).reshape(2, 3)
    forms = [
        array, array.astype("f4"), array.astype(">i2"), array.astype(np.longdouble), array[::-1][::-1], array.tolist(),
        torch.from_numpy(array), torch.from_numpy(array).to_sparse(),
        np.frombuffer(array.astype("f8").tobytes()).reshape(2, 3),
    ]  # fmt: skip
    for form in forms:
        found = one.tensor(form)
        assert found.dtype is one.dtype and found.tolist() == array.tolist() and not found.requires_grad
    turned = one.tensor(torch.tensor([1 + 2j]).conj())
    assert turned.dtype is one.complex_dtype and not turned.is_conj() and turned.item() == 1 - 2j
    for wrong in ("text", None, [None], object(), np.zeros(2, "M8[s]"), np.ma.masked_equal([1, 2], 1)):
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            one.tensor(wrong)


def test_batches_cover_everything_once_and_fit():
    for n, memory, cost in ((10, 0.01, 0.003), (1, 1.0, 1e-9), (7, 0.001, 5.0), (100, 1.0, 0.07)):
        one = run(memory=memory)
        slices = []
        for batch in one.batches(n, cost * GIB):
            with batch as items:
                slices.append(items)
        assert [i for part in slices for i in range(part.start, part.stop)] == list(range(n))
        assert one.batch == max(1, int(memory / cost))
        assert all(part.stop - part.start <= one.batch for part in slices)


def test_out_of_memory_halves_until_it_fits():
    one, done, tried = run(memory=1.0), [], []
    for batch in one.batches(13, GIB / 8):
        with batch as items:
            tried.append(items.stop - items.start)
            if items.stop - items.start > 2:
                raise torch.OutOfMemoryError("pretended")
            done += range(items.start, items.stop)
    assert done == list(range(13)) and max(tried) == 8 and one.batch <= 2 and one.memory < GIB


def test_one_item_that_does_not_fit_is_told():
    one = run(memory=1.0)
    with pytest.raises(Refused, match="does not fit on the device"):
        for batch in one.batches(3, GIB / 4):
            with batch:
                raise torch.OutOfMemoryError("pretended")
    assert one.memory < 2**20  # less and less was tried


def test_other_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        for batch in run().batches(3, 1.0):
            with batch:
                raise ZeroDivisionError


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "", "meta", "cpu:x"])
def test_devices_that_are_not_here(name: str):
    with pytest.raises(Refused, match="auto, cpu"):
        find_device(name)


def test_global_states_and_flags_are_given_back():
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        before = (
            torch.get_rng_state(),
            np.random.get_state()[1].copy(),
            random.getstate(),
            np.geterr(),
            torch.get_num_threads(),
        )
        with pytest.raises(KeyError), untouched():
            torch.manual_seed(1)
            np.random.seed(1)
            random.seed(1)
            torch.set_default_dtype(torch.float64)
            torch.use_deterministic_algorithms(False)
            torch.set_float32_matmul_precision("medium")
            torch.autograd.set_detect_anomaly(True)
            torch.set_grad_enabled(False)
            torch.set_num_threads(1)
            np.seterr(all="raise")
            raise KeyError
        assert torch.equal(torch.get_rng_state(), before[0]) and (np.random.get_state()[1] == before[1]).all()
        assert random.getstate() == before[2] and np.geterr() == before[3] and torch.get_num_threads() == before[4]
        assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()
        assert torch.are_deterministic_algorithms_enabled() and torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.get_float32_matmul_precision() == "highest" and not torch.is_anomaly_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


def test_memory_of_the_computer_counts_too():
    one, done = run(memory=1.0, device="cpu"), []
    for batch in one.batches(5, GIB / 8):
        with batch as items:
            if items.stop - items.start > 2:
                torch.empty(2**60)  # RuntimeError: ... DefaultCPUAllocator ...
            done += range(items.start, items.stop)
    assert done == list(range(5))
    with pytest.raises(Refused, match="does not fit"):
        for batch in one.batches(1, GIB):
            with batch:
                raise MemoryError
    assert not is_out_of_memory(RuntimeError("something else"))


def test_a_thread_does_not_rewind_what_the_main_thread_draws():
    begun, drawn = threading.Event(), threading.Event()

    def measuring() -> None:
        with untouched():
            torch.autograd.set_detect_anomaly(True)
            begun.set()
            drawn.wait(5)

    thread = threading.Thread(target=measuring)
    thread.start()
    begun.wait(5)
    first = torch.rand(1).item(), np.random.rand(), random.random()
    drawn.set()
    thread.join()
    assert all(
        one != two for one, two in zip(first, (torch.rand(1).item(), np.random.rand(), random.random()), strict=True)
    )
    assert not torch.is_anomaly_enabled()


def test_draws_from_the_global_states_begin_at_the_seed_and_leave_no_trace():
    before = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()

    def drawn(*index: int) -> Any:
        with run(seed=2).drawing(*index):
            return torch.rand(1).item(), np.random.rand(), random.random()

    assert drawn(0) == drawn(0) != drawn(1)
    assert torch.equal(torch.get_rng_state(), before[0]) and np.random.get_state()[1].tobytes() == before[1]
    assert random.getstate() == before[2]


def test_the_device_is_given_back(monkeypatch: pytest.MonkeyPatch):
    emptied: list[bool] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", list)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    with untouched():
        assert not emptied
    assert emptied
