"""One declaration an option: checks, words, limits, lists."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.settings import Settings, option, plain


class Probe(Settings):
    """What a probe needs."""

    eps: float = option(0.1, "largest perturbation", low=0, high=1, unit="range", gives=["accuracy"])
    norm: Literal["linf", "l2"] = option("linf", "norm of eps")
    steps: int = option(20, "gradient steps", low=1, high=1000, log=True)
    size: float | tuple[float, float] | None = option(None, "one or one per axis", low=0.5, unit="samples")
    shown: bool = option(True, "whether it is shown", single=True)


def test_what_was_declared_can_be_read_back():
    eps, norm, steps, size, shown = Probe.options().values()
    assert (eps.default, eps.low, eps.high, eps.unit, eps.gives) == (0.1, 0, 1, "range", ("accuracy",))
    assert norm.choices == ("linf", "l2") and norm.allowed == "linf · l2"
    assert steps.log and steps.allowed == "whole number, 1 … 1000"
    assert eps.allowed == "number, 0 … 1 range"
    assert size.allowed == "number or tuple of 2 or None, 0.5 … ∞ samples"
    assert shown.single and not eps.single and shown.allowed == "True or False"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"eps": 2}, "0 … 1 range"), ({"eps": -1e-9}, "0 … 1"), ({"eps": math.nan}, "eps=nan"),
        ({"eps": math.inf}, "inf"), ({"eps": "much"}, "largest perturbation"), ({"eps": None}, "eps=None"),
        ({"norm": "l3"}, "linf · l2"), ({"steps": 0}, "whole number"), ({"steps": 2.5}, "whole number"),
        ({"size": (1.0, 0.1)}, "0.5 … ∞"), ({"size": (1.0, 1.0, 1.0)}, "tuple of 2"), ({"size": [1.0]}, "tuple of 2"),
        ({"epsilon": 0.1}, "Did you mean 'eps'?"), ({"eps": 0.1, "nom": "l2"}, "Did you mean 'norm'?"),
        ({"eps": 1 + 1j}, "number"), ({"steps": 10**9}, "1 … 1000"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_values_are_refused_with_what_is_allowed(values: dict[str, Any], words: str):
    with pytest.raises(Refused) as caught:
        Probe(**values)
    assert words in str(caught.value)


def test_numbers_of_numpy_and_torch_are_numbers():
    probe = Probe(eps=np.float32(0.5), steps=torch.tensor(7), size=np.array(2.0))
    assert (probe.eps, probe.steps, probe.size) == (0.5, 7, 2.0)
    assert type(probe.eps) is float and type(probe.steps) is int
    assert plain(np.ones(2)).shape == (2,)


def test_settings_are_frozen_equal_by_value_and_told_as_typed():
    probe = Probe(eps=0.25, norm="l2")
    with pytest.raises(ValueError, match="frozen"):
        probe.eps = 0.5  # type: ignore[misc]
    assert probe == Probe(norm="l2", eps=0.25) != Probe()
    assert probe.changed() == {"eps", "norm"} and Probe().changed() == set()
    assert probe.said(probe.changed()) == "eps=0.25 norm=l2" and probe.said(["steps"]) == "steps=20"
    assert Probe(**probe.model_dump(mode="json")) == probe


@given(
    st.floats(0, 1),
    st.integers(1, 1000),
    st.one_of(st.none(), st.floats(0.5, 1e9), st.tuples(*[st.floats(0.5, 9)] * 2)),
)
def test_whatever_is_allowed_survives_json(eps: float, steps: int, size: Any):
    probe = Probe(eps=eps, steps=steps, size=size)
    assert Probe(**Probe.model_validate_json(probe.model_dump_json()).model_dump()) == probe
