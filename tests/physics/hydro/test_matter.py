"""Equations of state against the published tables and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from jupyter_phys.physics.hydro.eos import (
    BAG,
    CRITICAL,
    DEGREES,
    HADRONIC,
    conformal,
    crossover,
    first_order,
    hotqcd,
    thermodynamics,
)
from jupyter_phys.physics.hydro.matter import Matter, tabulated
from jupyter_phys.physics.units import HBARC

EVERY: dict[str, Callable[[], Matter]] = {
    "conformal": conformal, "crossover": crossover, "first_order": first_order,
}  # fmt: skip


def of(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# T, p/T^4, I/T^4, e/T^4, s/T^3, e [GeV/fm^3]
HOTQCD = (
    (0.130, 0.44132, 1.02082, 2.34477, 2.78609, 0.08716), (0.150, 0.65598, 2.10842, 4.07637, 4.73235, 0.26858),
    (0.165, 0.90418, 3.09428, 5.80682, 6.71100, 0.56016), (0.200, 1.62236, 4.04756, 8.91465, 10.53701, 1.85637),
    (0.400, 3.79014, 1.99901, 13.36943, 17.15957, 44.5445),
)  # fmt: skip


@pytest.mark.parametrize("row", HOTQCD)
def test_the_fit_of_hotqcd(row: tuple[float, ...]):
    t = of(row[0])
    pressure, anomaly = hotqcd(t)
    told = pressure, anomaly, anomaly + 3 * pressure, anomaly + 4 * pressure
    for got, expected in zip(told, row[1:5], strict=True):
        assert float(got) == pytest.approx(expected, abs=1e-5)
    assert float(thermodynamics(t, hotqcd)[0]) == pytest.approx(row[5], rel=1e-4)


# T, e, p [GeV/fm^3], s [fm^-3]
S95P = (
    (0.130, 0.0840490, 0.0159736, 0.769404), (0.150, 0.239978, 0.0408655, 1.87229),
    (0.165, 0.501353, 0.0801569, 3.52430), (0.200, 2.152804, 0.338161, 12.45482),
    (0.300, 14.463986, 3.695059, 60.53015), (0.400, 47.803365, 13.986573, 154.47485),
)  # fmt: skip


@pytest.mark.parametrize("row", S95P)
def test_the_crossover_meets_the_published_table(row: tuple[float, ...]):
    t, e, p, s = row
    tolerance = 5e-3 if t < 0.184 else 3e-4
    matter = crossover()
    assert float(matter.pressure(of(e))) == pytest.approx(p, rel=tolerance)
    assert float(matter.temperature(of(e))) == pytest.approx(t, rel=tolerance)
    assert float(matter.entropy(of(e))) == pytest.approx(s, rel=tolerance)
    assert matter.energy(t) == pytest.approx(e, rel=tolerance)


def test_the_first_order_transition_is_maxwells():
    matter = first_order()
    critical = DEGREES * math.pi**2 / 90 * CRITICAL**4 / HBARC**3 - BAG
    end = 3 * critical + 4 * BAG
    mixed = torch.linspace(HADRONIC + 0.01, end - 0.01, 50, dtype=torch.float64)
    torch.testing.assert_close(matter.pressure(mixed), torch.full_like(mixed, critical), rtol=1e-4, atol=0)
    torch.testing.assert_close(matter.temperature(mixed), torch.full_like(mixed, CRITICAL), rtol=1e-4, atol=0)
    assert float(matter.speed2(mixed[5:-5]).max()) < 1e-10
    above = of(2.0, 5.0, 50.0)
    torch.testing.assert_close(matter.pressure(above), (above - 4 * BAG) / 3, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", EVERY)
def test_thermodynamics_is_consistent(name: str):
    """dp = s dT, and dT/T = dp/(e + p), over all energies of a collision; T rises except in a mixed phase."""
    matter = EVERY[name]()
    e = torch.logspace(-2, 2, 4001, dtype=torch.float64)
    p, t = matter.pressure(e), matter.temperature(e)
    assert (p.diff() > -1e-5 * p[1:]).all() and (t.diff() > -1e-6 * t[1:]).all() and (p < e).all()
    between = (e[1:] + e[:-1]) / 2
    worked = matter.entropy(between) * t.diff()
    scale = p.diff().clamp_min(1e-4 * p[1:])
    assert float(((p.diff() - worked).abs() / scale).median()) < 0.02


def test_conformal_matter_is_exact():
    matter = conformal()
    e = of(1e-4, 0.3, 30.38476, 900.0)
    torch.testing.assert_close(matter.pressure(e), e / 3, rtol=1e-15, atol=0)
    assert float(matter.temperature(of(30.38476))) == pytest.approx(0.36, rel=1e-6)
    pressure, slope = matter.pressure_and_slope(e)
    torch.testing.assert_close(slope, torch.full_like(e, 1 / 3), rtol=1e-14, atol=0)
    assert pressure.shape == e.shape


def test_the_slope_is_that_of_the_table():
    for make in EVERY.values():
        matter = make()
        e = of(0.12, 0.7, 3.3, 27.0).requires_grad_()
        (slope,) = torch.autograd.grad(matter.pressure(e).sum(), e)
        torch.testing.assert_close(matter.pressure_and_slope(e.detach())[1], slope, rtol=1e-9, atol=1e-12)


WRONG = {
    "not increasing": (of(1, 1, 2), of(0.1, 0.2, 0.3), of(1, 2, 3)),
    "negative": (of(-1, 1, 2), of(0.1, 0.2, 0.3), of(1, 2, 3)),
    "falling pressure": (of(1, 2, 3), of(0.3, 0.2, 0.4), of(1, 2, 3)),
    "more than all energy": (of(1, 2, 3), of(0.3, 2.2, 2.4), of(1, 2, 3)),
    "cooling": (of(1, 2, 3), of(0.3, 0.4, 0.5), of(1, 0.9, 3)),
    "not a number": (of(1, 2, math.nan), of(0.3, 0.4, 0.5), of(1, 2, 3)),
}


@pytest.mark.parametrize("name", WRONG)
def test_tables_that_are_no_matter_are_refused(name: str):
    with pytest.raises(ValueError, match="must"):
        tabulated(name, *WRONG[name])
    with pytest.raises(ValueError, match="lies outside"):
        conformal().energy(1e9)
