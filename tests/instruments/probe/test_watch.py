"""A training that is watched goes on as if nobody looked, and leaves a reading however it ends."""

from __future__ import annotations

import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from torch import nn
from traitlets.config import Config

import jupyter_phys as jp
from jupyter_phys.core import screen
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.instruments.probe.watch import Watch

QUICK: dict[str, Any] = {"samples": 400, "images": 20, "steps": 2, "eps": 0.05, "progress": False}


def data() -> tuple[Any, Any]:
    draw = np.random.default_rng(0)
    y = np.arange(60) % 2
    return 0.3 + 0.3 * draw.random((60, 6)) + 0.2 * y[:, None], y


class Training:
    """A network with dropout and batch norm, its optimizer and data in an order drawn from torch's global state."""

    def __init__(self, optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam) -> None:
        torch.manual_seed(3)
        random.seed(3)
        np.random.seed(3)
        self.net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))
        self.optimizer = optimizer(self.net.parameters(), lr=1e-2)
        self.x, self.y = (torch.from_numpy(one) for one in data())
        self.x = self.x.float()

    def step(self, part: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        noisy = self.x[part] + 0.01 * random.random() + 0.01 * np.random.rand()
        nn.functional.cross_entropy(self.net(noisy), self.y[part]).backward()
        self.optimizer.step()

    def epoch(self) -> None:
        for part in torch.randperm(60).split(20):
            self.step(part)

    def bits(self) -> list[bytes]:
        state = [*self.net.state_dict().values(), *(p.grad for p in self.net.parameters() if p.grad is not None)]
        return [one.numpy().tobytes() for one in state] + [torch.get_rng_state().numpy().tobytes()]


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
def test_the_weights_are_the_same_to_the_bit(optimizer: Any):
    alone, seen = Training(optimizer), None
    for _ in range(3):
        alone.epoch()
    after = alone.bits()
    seen = Training(optimizer)
    with jp.probe.watch(seen.net, data(), every=2, **QUICK) as w:
        for _ in range(3):
            seen.epoch()
            w.epoch()
    assert seen.bits() == after and seen.net.training
    assert w.reading.data["step"].values.tolist() == [0, 2, 4, 6, 8, 9]
    assert w.reading.data["epoch"].values.tolist() == [
        0,
        0,
        1,
        1,
        2,
        3,
    ]  # of a measurement in the last step of an epoch, before it is told


def test_epochs_alone():
    training = Training()
    with jp.probe.watch(training.net, data(), every=0, **QUICK) as w:
        for _ in range(2):
            training.epoch()
            w.epoch()
    reading = w.reading
    assert reading.complete and reading is jp.last()
    assert reading.data["step"].values.tolist() == [0, 3, 6]
    assert np.isfinite(reading.data["product"].values).all() and (reading.data["product"] >= 0.5 - 1e-12).all()
    assert reading.data["accuracy"].dims == ("subject", "attack", "moment")
    assert list(reading.data["attack"].values) == ["clean", "fgsm", "pgd"]
    alone = jp.probe(training.net, data(), **QUICK, curve=1, pictures=0)
    last = reading.data.isel(moment=-1)
    assert float(last["product"][0]) == float(alone.data["product_grand"][0])
    assert float(last["accuracy"].sel(attack="pgd")[0]) == float(alone.data["accuracy"].sel(attack="pgd")[0, -1])


def test_other_networks_do_not_count():
    training, other = Training(), Training()
    with jp.probe.watch(training.net, data(), every=1, **QUICK) as w:
        other.epoch()
        training.step(torch.arange(20))
    other.epoch()
    training.epoch()
    assert w.reading.data["step"].values.tolist() == [0, 1]


def test_several_networks_together():
    one, two = Training(), Training(torch.optim.SGD)
    with jp.probe.watch({"adam": one.net, "sgd": two.net}, data(), every=3, **QUICK) as w:
        one.epoch()
        two.epoch()
    assert list(w.reading.data["subject"].values) == ["adam", "sgd"]
    assert w.reading.data["step"].values.tolist() == [0, 3, 6]
    assert w.reading.panels()[0].title == "Over training"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_measured_is_kept_when_the_block_is_left(error: type[BaseException]):
    training = Training()
    with pytest.raises(error), jp.probe.watch(training.net, data(), every=1, **QUICK) as w:
        training.step(torch.arange(20))
        raise error
    assert w.reading is jp.last() and not w.reading.complete
    assert w.reading.data["step"].values.tolist() == [0, 1]
    before = len(jp.taken())
    training.step(torch.arange(20))  # the hook is gone
    assert len(jp.taken()) == before


def test_a_reading_of_a_training_survives_files(tmp_path: Any):
    training = Training()
    with jp.probe.watch(training.net, data(), every=1, **QUICK) as w:
        training.step(torch.arange(20))
    for suffix in (".nc", ".json"):
        back = jp.load(w.reading.save(tmp_path / f"w{suffix}"))
        assert back.data.identical(w.reading.data) and repr(back) == repr(w.reading)
    assert all(panel.alt for panel in w.reading.panels())
    w.reading.export(tmp_path / "w.svg")


def test_regression_and_no_attack():
    draw = np.random.default_rng(0)
    x = draw.random((40, 3))
    net = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for options in ({}, {"attack": "none"}):
        with jp.probe.watch(net, (x, x.sum(1)), every=1, **QUICK, **options) as w:
            (net(torch.from_numpy(x).float())[:, 0] - torch.from_numpy(x).sum(1)).square().mean().backward()
            optimizer.step()
        assert ("deviation" in w.reading.data) is (options == {})
        assert w.reading.panels() and "accuracy" not in w.reading.data


def test_a_measurement_that_is_refused_does_not_end_the_training():
    training = Training()
    with jp.probe.watch(training.net, data(), every=1, **QUICK) as w:
        training.step(torch.arange(20))
        with torch.no_grad():
            training.net[4].weight.fill_(torch.nan)
        training.step(torch.arange(20, 40))
        done = True
    assert done and w.reading.data["step"].values.tolist() == [0, 1]
    assert any("Not measured at step 2" in note.text for note in w.reading.notes)


def test_what_cannot_be_watched_is_refused():
    net = Training().net
    for subject, options in (
        (lambda x: x, {}), (nn.Flatten(), {}), (net, {"eps": [0.1, 0.2]}), (net, {"every": -1}), ("digits", {}),
    ):  # fmt: skip
        with pytest.raises(Refused), jp.probe.watch(subject, data(), **QUICK | options):
            pass
    with pytest.raises(Refused, match="data"), jp.probe.watch(net, **QUICK):
        pass


def test_a_screen_follows_and_is_cleared():
    seen: list[int] = []
    closed: list[bool] = []

    class Screen:
        def show(self, reading: Reading) -> None:
            seen.append(reading.data.sizes["moment"])

        def close(self) -> None:
            closed.append(True)

    training = Training()
    screen.show_on(Screen)
    try:
        with jp.probe.watch(training.net, data(), every=1, **QUICK | {"progress": True}):
            training.step(torch.arange(20))
        with jp.probe.watch(training.net, data(), every=1, **QUICK):  # progress=False: nothing is shown
            pass
    finally:
        screen.show_on()
    assert seen == [1, 2] and closed == [True, True]


# --- the cell magic


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    quiet = Config({"HistoryManager": {"enabled": False}})
    running = InteractiveShell(config=quiet, ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    running.run_line_magic("load_ext", "jupyter_phys")
    yield running
    running.run_line_magic("unload_ext", "jupyter_phys")


LINE = "net data=data every=2 samples=400 images=20 steps=2 progress=False"


@pytest.mark.parametrize("line", [LINE, f"watch {LINE}"])
def test_a_training_cell_under_the_magic(shell: InteractiveShell, line: str):
    training = Training()
    shell.user_ns |= {"net": training.net, "data": data(), "training": training}
    reading = shell.run_cell_magic("probe", line, "n = 0\nfor _ in range(2):\n    training.epoch()\n    n += 1")
    assert reading.record.task == "watch" and reading.data["step"].values.tolist() == [0, 2, 4, 6]
    assert list(reading.data["subject"].values) == ["net"] and shell.user_ns["n"] == 2


def test_an_interrupted_cell_shows_what_there_is(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]):
    training = Training()
    shell.user_ns |= {"net": training.net, "data": data(), "training": training}
    with pytest.raises(KeyboardInterrupt):
        shell.run_cell_magic("probe", LINE, "training.epoch()\nraise KeyboardInterrupt")
    assert "interrupted" in capsys.readouterr().out and jp.last().data["step"].values.tolist() == [0, 2]


def test_tracebacks_show_the_line_of_the_cell(shell: InteractiveShell):
    training = Training()
    shell.user_ns |= {"net": training.net, "data": data(), "training": training}
    with pytest.raises(ZeroDivisionError) as caught:
        shell.run_cell_magic("probe", LINE, "training.epoch()\nloss = 1 / 0")
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "loss = 1 / 0"


def test_a_cell_that_is_none(shell: InteractiveShell):
    shell.user_ns |= {"net": Training().net, "data": data()}
    with pytest.raises(UsageError, match="while code runs"):
        shell.run_line_magic("probe", f"watch {LINE}")
    with pytest.raises(SyntaxError):
        shell.run_cell_magic("probe", LINE, "for")
    with pytest.raises(ZeroDivisionError):
        shell.run_cell_magic("probe", LINE, "1/0")
    with pytest.raises(UsageError, match="is None"):
        shell.run_cell_magic("probe", "data=data", "print()")
    with pytest.raises(UsageError, match="in the line and in the body"):
        shell.run_cell_magic("entropy", "random", "x = 1")


# --- interrupts


def test_a_hundred_interrupts_at_random_moments_change_no_training(monkeypatch: pytest.MonkeyPatch):
    """Each comes while a measurement runs, somewhere between its first and its last moment."""
    training = Training()
    states = [training.bits()]
    for part in torch.arange(60).split(20):
        training.step(part)
        states.append(training.bits())
    moments, measuring = random.Random(5), Watch._measure
    began = time.perf_counter()
    with jp.probe.watch(training.net, data(), every=0, **QUICK):
        pass
    whole = time.perf_counter() - began

    def alarmed(self: Watch) -> None:
        signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.0005, 1.5 * whole))
        try:
            measuring(self)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(Watch, "_measure", alarmed)
    flags = torch.is_grad_enabled(), signal.getsignal(signal.SIGINT), torch.get_num_threads()
    caught, seen = 0, set[int]()
    try:
        for _ in range(100):
            training = Training()
            try:
                with jp.probe.watch(training.net, data(), every=1, **QUICK):
                    for part in torch.arange(60).split(20):
                        training.step(part)
            except KeyboardInterrupt:
                caught += 1
            now = training.bits()
            assert now in states and training.net.training
            seen.add(states.index(now))
            assert (torch.is_grad_enabled(), signal.getsignal(signal.SIGINT), torch.get_num_threads()) == flags
    finally:
        signal.signal(signal.SIGALRM, before)
    assert caught > 30 and len(seen) >= 2
