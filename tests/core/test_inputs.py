"""Fingerprints: the same content gives the same text, in any process; other content another."""

from __future__ import annotations

import copy
import functools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import jupyter_phys
from jupyter_phys.core.inputs import fingerprint

CELL = """
import functools, numpy as np, torch
LEVEL, WORDS = 0.5, {"b", "a", "c", "long", "words"}
table = {"one": np.arange(3.), "two": [1, (2, None)], "set": WORDS}

class Faded:
    def __init__(self, by): self.by, self.own = by, {"x": np.ones(2)}
    def __call__(self, field): return field * self.by

def inner(field): return np.roll(field, 1) * LEVEL if "a" in WORDS else field
def outer(field, times=2, *, name="n"):
    def helper(x): return inner(x) * times
    return helper(field)
def recursive(n): return 1 if n < 1 else n * recursive(n - 1)

class Own(torch.nn.Module):
    gain, table = 2.0, {"a": [1]}
    def __init__(self):
        super().__init__()
        self.lstm, self.drop = torch.nn.LSTM(2, 2), torch.nn.Dropout(0.1)
        self.handle = self.drop.register_forward_hook(lambda *args: None)
        for parameter in self.parameters(): torch.nn.init.constant_(parameter, 0.5)
    @staticmethod
    def scaled(x): return x * LEVEL
    @property
    def level(self): return LEVEL
    def forward(self, x): return [self.scaled(one) for one in x if LEVEL]

net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
with torch.no_grad():
    for parameter in net.parameters(): parameter.fill_(0.25)
VALUES = [table, Faded(2.), inner, outer, recursive, functools.partial(outer, times=3), Faded(1.).__call__,
          lambda f: f * LEVEL, np.fft.fft2, torch.fft.fft2, net, np.float32(2), torch.ones(2).bfloat16(),
          Faded, Own(), Own, Own().eval().forward]
"""


def in_a_process(seed: int, prefix: str = "") -> list[str]:
    code = prefix + CELL + "\nfrom jupyter_phys.core.inputs import fingerprint\nprint(*map(fingerprint, VALUES))"
    home = Path(jupyter_phys.__file__).parents[1]
    env = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_fingerprints_are_the_same_in_every_process():
    """Whatever the order of sets is there, and wherever in a notebook the cell stands."""
    first = in_a_process(1)
    assert first == in_a_process(2, prefix="\n\n# another place\nunused = 3\n")
    assert len(set(first)) == len(first)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (np.zeros(3), np.zeros(4)), (np.zeros(3), np.zeros((1, 3))), (np.zeros(3), np.zeros(3, np.float32)),
        ([1, 2], [2, 1]), ([1, [2]], [[1], 2]), ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), (1, 1.0), (True, 1),
        ("1", 1), (None, "None"), (b"a", "a"), (torch.zeros(2), torch.ones(2)), (lambda x: x, lambda x: x + 1),
        (functools.partial(int, 1), functools.partial(int, 2)),
        (np.array([1, "a"], object), np.array([2, "a"], object)), (torch.nn.Linear(2, 2), torch.nn.Linear(2, 3)),
        (torch.nn.ReLU(), torch.nn.GELU()), ({1, 2}, {1, 3}), (random.Random(1), random.Random(2)), (0.0, -0.0),
    ],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_other_content_has_another_fingerprint(one: Any, two: Any):
    assert fingerprint(one) != fingerprint(two)
    assert fingerprint(one) == fingerprint(one)


def test_a_function_is_what_it_does_and_what_it_uses():
    def made(by: float, extra: Any = None) -> Any:
        def scaled(x: Any) -> Any:
            return x * by

        return scaled

    assert fingerprint(made(2.0)) == fingerprint(made(2.0)) != fingerprint(made(3.0))
    assert fingerprint(made(np.ones(2))) != fingerprint(made(np.zeros(2)))


def test_weights_are_the_content_of_a_model():
    net = torch.nn.Linear(3, 2)
    before = fingerprint(net)
    assert fingerprint(copy.deepcopy(net)) == before
    with torch.no_grad():
        net.weight[0, 0] += 1
    assert fingerprint(net) != before


def conv(**changes: Any) -> torch.nn.Module:
    return torch.nn.Conv2d(1, 1, 3, **changes).requires_grad_(False)


def filled(*modules: torch.nn.Module) -> torch.nn.Module:
    net = torch.nn.Sequential(*modules)
    with torch.no_grad():
        for one in net.parameters():
            one.fill_(0.5)
    return net


class Attributed(torch.nn.Module):
    gain = 1.0

    @staticmethod
    def scaled(x: Any) -> Any:
        return x * 2

    def forward(self, x: Any) -> Any:
        return self.scaled(x) * self.gain


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (filled(torch.nn.Linear(2, 2), torch.nn.ReLU()), filled(torch.nn.Linear(2, 2), torch.nn.Tanh())),
        (torch.nn.Dropout(0.1), torch.nn.Dropout(0.9)), (filled(conv()), filled(conv(dilation=2))),
        (torch.nn.ReLU().train(), torch.nn.ReLU().eval()), (filled(conv()).train(), filled(conv()).eval()),
    ],
    ids=["activation", "dropout", "dilation", "mode", "mode of all"],
)  # fmt: skip
def test_modules_with_the_same_weights(one: torch.nn.Module, two: torch.nn.Module):
    assert fingerprint(one) != fingerprint(two)
    assert fingerprint(one) == fingerprint(copy.deepcopy(one)) and fingerprint(two) == fingerprint(copy.deepcopy(two))


def test_hooks_count_and_their_numbers_do_not():
    def hook(*args: Any) -> None:
        return None

    nets = [torch.nn.ReLU() for _ in range(2)]
    bare = fingerprint(nets[0])
    nets[0].handle = nets[0].register_forward_hook(hook)
    nets[1].handle = nets[1].register_forward_hook(hook)
    assert fingerprint(nets[0]) == fingerprint(nets[1]) != bare


LEVEL = 1.0


def test_what_is_looked_up_from_inside_counts(monkeypatch: pytest.MonkeyPatch):
    inside = [
        lambda x: [LEVEL * one for one in x],
        lambda x: (lambda y: y * LEVEL)(x),
        lambda x: dict.fromkeys(x, LEVEL),
    ]
    before = list(map(fingerprint, inside))
    monkeypatch.setitem(globals(), "LEVEL", 2.0)
    assert not set(before) & set(map(fingerprint, inside))


def test_what_a_class_says_counts(monkeypatch: pytest.MonkeyPatch):
    net = Attributed()
    prints = [fingerprint(net)]
    monkeypatch.setattr(Attributed, "gain", 2.0)
    prints.append(fingerprint(net))
    monkeypatch.setattr(Attributed, "scaled", staticmethod(lambda x: x * 3))
    prints.append(fingerprint(net))
    monkeypatch.setattr(Attributed, "level", property(lambda self: 3), raising=False)
    prints.append(fingerprint(net))
    assert len(set(prints)) == 4


def test_order_of_memory_and_place_do_not_matter():
    array = np.random.default_rng(0).normal(size=(4, 5))
    same = [
        np.asfortranarray(array), array[::-1].copy()[::-1], torch.from_numpy(array),
        torch.from_numpy(array).requires_grad_(), torch.from_numpy(array.T.copy()).T,
        torch.from_numpy(array).to_sparse(),
    ]  # fmt: skip
    assert {fingerprint(one) for one in same} == {fingerprint(array)}


def test_what_has_no_content_still_has_a_kind():
    import threading

    for one in (threading.Lock(), (x for x in ()), torch.empty(3, device="meta"), open(os.devnull), sys):  # noqa: SIM115
        assert len(fingerprint(one)) == 16
    nested: list[Any] = []
    nested.append(nested)
    assert len(fingerprint(nested)) == 16


@given(hnp.arrays(st.sampled_from(["f8", "i4", "c16", "?"]), hnp.array_shapes(min_side=0)))
def test_any_array(array: Any):
    before = array.tobytes()
    assert fingerprint(array) == fingerprint(array.copy()) == fingerprint(np.asfortranarray(array))
    assert array.tobytes() == before
