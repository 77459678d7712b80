"""Every instrument found by name meets its known answers, in both precisions, on every device here.

Those that are quick are all run at once on the CPU, by `check`; the others are tests by themselves.
"""

import math

import pytest
import torch

from jupyter_phys.core.calibration import PRECISIONS, Case, check
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.instrument import find, packages
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run, untouched
from jupyter_phys.core.session import session

CASES: dict[str, list[Case]] = {name: find(name).part(find(name).card.calibration) for name in packages()}
DEVICES = ["cpu", *(f"cuda:{i}" for i in range(min(1, torch.cuda.device_count())))]


def asked() -> list:
    return [
        pytest.param(
            case, precision, device, id=f"{name}: {case.name} ({precision}, {device})",
            marks=[*[pytest.mark.slow] * case.slow, *[pytest.mark.cuda] * device.startswith("cuda")],
        )
        for name, cases in CASES.items()
        for case in cases
        for precision in PRECISIONS
        for device in DEVICES
        if case.allowed(precision) is not None and (case.slow or device != "cpu")
    ]  # fmt: skip


@pytest.mark.parametrize(("case", "precision", "device"), asked())
def test_known_answer(case: Case, precision: str, device: str):
    run = Run(session().how({"precision": precision, "device": device}), Meter("", shown=False))
    with untouched():
        got = float(case.compute(run))
    sign = {"equal": "±", "below": "at most, with", "above": "at least, with"}[case.bound]
    said = f"expected {case.expected:.12g} {case.unit} ({sign} {case.allowed(precision):g}), got {got:.12g}"
    assert case.passes(got, precision), f"{said}; source: {case.source}"


@pytest.mark.parametrize("name", CASES)
def test_cases_say_what_they_are(name):
    assert CASES[name], "an instrument without known answers"
    assert len({case.name for case in CASES[name]}) == len(CASES[name])
    for case in CASES[name]:
        assert math.isfinite(case.expected) and case.tolerance >= 0 and case.source and case.name


@pytest.mark.parametrize("name", CASES)
def test_check_runs_every_fast_case_in_both_precisions(name):
    reading = check(name, progress=False)
    fast = [case for case in CASES[name] if not case.slow]
    rows = sum(case.allowed(precision) is not None for case in fast for precision in PRECISIONS)
    assert reading.data.sizes["case"] == rows
    assert not list(reading.data["case"].values[~reading.data["passed"].values.astype(bool)])
    assert reading.record.complete and not reading.record.notes


def test_a_wrong_answer_is_told():
    case = Case("two and two", lambda run: math.nan, 4.0, 1.0, "counting")
    assert not case.passes(math.nan, "float64") and case.passes(4.5, "float64") and not case.passes(5.1, "float64")
    below = Case("few", lambda run: 0.0, 1.0, 0.1, "counting", bound="below")
    assert below.passes(-9.0, "float64") and not below.passes(1.2, "float64")
    above = Case("many", lambda run: 0.0, 1.0, 0.1, "counting", bound="above")
    assert above.passes(9.0, "float64") and not above.passes(0.8, "float64")


@pytest.mark.parametrize("name", ["engine", "workers", "scale"])
def test_what_a_calibration_does_not_take_is_refused(name: str):
    with pytest.raises(Refused, match=rf"(?s)takes no '{name}'.*device, seed"):
        check("entropy", **{name: "threads"})
