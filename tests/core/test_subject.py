"""From what a user gives to labelled subjects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.settings import Settings, option
from jupyter_phys.core.subject import Subjects, axis_values, points


class Comb(Settings):
    """Teeth."""

    period: int = option(2, "distance of teeth", low=1)
    width: float = option(0.5, "width of a tooth", low=0)


class Noise(Settings):
    """No teeth."""

    width: float = option(0.1, "spread", low=0)


def read(value: Any) -> Mapping[str, Any]:
    if isinstance(value, np.ndarray):
        return {"array": value} if value.ndim == 1 else {f"array[{i}]": one for i, one in enumerate(value)}
    raise Refused("This cannot be measured.", given=type(value).__name__)


SUBJECTS = Subjects("arrays", read, default=(Comb(), Noise()), named={"comb": Comb, "noise": Noise})
LINE = np.ones(3)


def labels(value: Any, **own: Any) -> list[str]:
    return list(SUBJECTS.resolve(value, own))


@pytest.mark.parametrize(
    ("value", "own", "expected"),
    [
        (None, {}, ["comb", "noise"]), ("comb", {}, ["comb"]), (Comb, {}, ["comb"]),
        (Comb(period=3), {}, ["comb period=3"]), ("comb", {"period": 3}, ["comb period=3"]),
        ("comb", {"period": 2}, ["comb"]), ("comb", {"period": [2, 3]}, ["comb period=2", "comb period=3"]),
        (["comb", "comb"], {}, ["comb", "comb #2"]),
        (["comb", "noise"], {"width": 1}, ["comb width=1", "noise width=1"]),
        (["comb", "noise"], {"period": 3}, ["comb period=3", "noise"]),
        ("comb", {"period": [2, 3], "width": [0, 1]}, [f"comb period={p} width={w}" for p in (2, 3) for w in (0, 1)]),
        ({"mine": "comb"}, {}, ["mine"]), ({"mine": Comb(period=3)}, {}, ["mine"]),
        ({"mine": "comb"}, {"period": 3}, ["mine"]),
        ({"mine": "comb"}, {"period": [2, 3]}, ["mine period=2", "mine period=3"]), (LINE, {}, ["array"]),
        ([LINE, LINE], {}, ["array", "array #2"]), ((LINE, "comb"), {}, ["array", "comb"]),
        (np.ones((2, 3)), {}, ["array[0]", "array[1]"]), ({"mine": np.ones((2, 3))}, {}, ["mine[0]", "mine[1]"]),
        ({1: LINE, "1": LINE}, {}, ["1", "1 #2"]), ({"": LINE}, {}, ["array"]),
        ("comb", {"period": range(2, 4)}, ["comb period=2", "comb period=3"]),
    ],
    ids=str,
)  # fmt: skip
def test_labels(value: Any, own: dict[str, Any], expected: list[str]):
    assert labels(value, **own) == expected


@pytest.mark.parametrize(
    ("value", "own", "words"),
    [
        ("cmb", {}, "Did you mean 'comb'?"), ([], {}, "nothing to measure"), ({}, {}, "nothing to measure"),
        (3, {}, "int"), ([None], {}, "NoneType"), ("noise", {"period": 3}, "width"), (LINE, {"period": 3}, "none"),
        ("comb", {"period": 0}, "1 … ∞"), ("comb", {"period": []}, "nothing to measure"), (["comb", 3], {}, "int"),
        ("comb", {"perod": 3}, "Did you mean 'period'?"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(value: Any, own: dict[str, Any], words: str):
    with pytest.raises(Refused) as caught:
        SUBJECTS.resolve(value, own)
    assert words in str(caught.value)


def test_labels_can_be_shown_and_saved():
    assert labels({"a\0b\nc\ud800": LINE, "ü 字 🙂": LINE}) == ["a�b�c�", "ü 字 🙂"]


def test_own_settings_go_on_top_of_those_given():
    found = SUBJECTS.resolve({"a": Comb(period=5)}, {"width": 0.25})
    assert list(found.values()) == [Comb(period=5, width=0.25)]


def test_a_list_is_an_axis_and_a_tuple_a_value():
    assert (
        axis_values([1, 2]) == [1, 2] and axis_values(range(2)) == [0, 1] and axis_values(np.arange(2.0)) == [0.0, 1.0]
    )
    assert axis_values((1, 2)) is None and axis_values(3) is None and axis_values(np.ones((2, 2))) is None
    assert axis_values("ab") is None and axis_values([]) == [] and axis_values([np.int64(3)]) == [3]
    assert points({"a": [1, 2], "b": (3, 4)}) == [{"a": 1, "b": (3, 4)}, {"a": 2, "b": (3, 4)}]
    assert points({}) == [{}]
