"""How measurements run unless a line says otherwise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from traitlets import TraitError

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.session import HOW, JupyterPhys, session


def test_there_is_one_session_and_a_call_overrides_it():
    assert session() is JupyterPhys.instance() is session()
    assert (
        set(session().how({})) == set(HOW) == {"device", "precision", "seed", "engine", "workers", "memory", "progress"}
    )
    how = session().how({"seed": 7, "precision": "float32"})
    assert (how["seed"], how["precision"], session().seed, session().precision) == (7, "float32", 0, "float64")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("precision", ["float16", 64, None]), ("seed", [-1, 1.5, "1", None]),
        ("engine", ["gpu", 3, object(), ThreadPoolExecutor]), ("workers", [-1, 0.5]),
        ("memory", [0, -1, float("nan"), float("inf"), "1"]), ("progress", ["no", 2]), ("device", [3, None]),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_with_what_is_allowed(name: str, values: list[Any]):
    before = session().how({})
    for value in values:
        with pytest.raises(Refused) as caught:
            session().how({name: value})
        refusal = caught.value
        assert name in refusal.what and f"{name}={value!r}" == refusal.given and refusal.allowed
        with pytest.raises(TraitError):
            setattr(session(), name, value)
    assert session().how({}) == before


def test_the_session_is_what_a_measurement_takes():
    options: dict[str, Any] = {
        "kind": "signal",
        "signal": "tone",
        "curve": 0,
        "pictures": 0,
        "progress": False,
        "draws": 1,
    }
    try:
        session().seed, session().precision = 11, "float32"
        record = jp.entropy("random", **options).record
        assert (record.seed, record.precision) == (11, "float32")
        record = jp.entropy("random", seed=3, precision=None, **options).record
        assert (record.seed, record.precision) == (3, "float32")
    finally:
        session().seed, session().precision = 0, "float64"


def test_an_executor_is_an_engine():
    with ThreadPoolExecutor(1) as pool:
        assert session().how({"engine": pool})["engine"] is pool
