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

net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
with torch.no_grad():
    for parameter in net.parameters(): parameter.fill_(0.25)
VALUES = [table, Faded(2.), inner, outer, recursive, functools.partial(outer, times=3), Faded(1.).__call__,
          lambda f: f * LEVEL, np.fft.fft2, torch.fft.fft2, net, np.float32(2), torch.ones(2).bfloat16(), Faded]
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
