"""Known answers of the equations of state: published tables, closed forms, and thermodynamics itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import CLOSED, IDENTITY
from jupyter_phys.physics.hydro.eos import NAMED, hotqcd, named, s95p, thermodynamics
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.units import HBARC

FIT, TABLE = "arXiv:1407.6387, Eq. 16", "table of s95p-v1, arXiv:0912.2541"
DENSITY = "GeV/fm³"
HOTQCD = {  # T in GeV: p/T^4, I/T^4, e/T^4, s/T^3, c_s^2, e in GeV/fm^3
    0.130: (0.44132, 1.02082, 2.34477, 2.78609, 0.16074, 0.08716),
    0.150: (0.65598, 2.10842, 4.07637, 4.73235, 0.14468, 0.26858),
    0.165: (0.90418, 3.09428, 5.80682, 6.71100, 0.15893, 0.56016),
    0.200: (1.62236, 4.04756, 8.91465, 10.53701, 0.21958, 1.85637),
    0.400: (3.79014, 1.99901, 13.36943, 17.15957, 0.30358, 44.5445),
}
S95P = {  # T in GeV: e, p in GeV/fm^3, s in fm^-3
    0.130: (0.0840490, 0.0159736, 0.769404), 0.150: (0.239978, 0.0408655, 1.87229),
    0.165: (0.501353, 0.0801569, 3.52430), 0.200: (2.152804, 0.338161, 12.45482),
    0.300: (14.463986, 3.695059, 60.53015), 0.400: (47.803365, 13.986573, 154.47485),
}  # fmt: skip
HADRONS = {0.055: (0.0109595, 0.12223), 0.205: (0.0356017, 0.14704), 0.405: (0.0661939, 0.16078)}  # EOS-Q, e: p, T
# EOS-Q from its constants alone, so that a wrong one in the package shows
BAG, CRITICAL, HADRONIC, STEFAN = 0.36420964, 0.1645863, 0.48562, 42.25 * math.pi**2 / 90 / HBARC**3
PLATEAU = STEFAN * CRITICAL**4 - BAG
QUARKS = 3 * PLATEAU + 4 * BAG
BESIDE = 0.01  # GeV/fm^3, more than a row of the tables there: at a kink between two rows they are less sharp


def _number(run: Run, value: float) -> Tensor:
    return torch.tensor([value], dtype=run.dtype, device=run.device)


def _matter(run: Run, name: str) -> Matter:
    return named(name).to(run.device, run.dtype)


def _read(name: str, what: str, e: float, run: Run) -> float:
    """`what` (pressure, temperature, entropy, speed2) at an energy density."""
    return float(getattr(_matter(run, name), what)(_number(run, e)))


def _energy(name: str, temperature: float, run: Run) -> float:
    return _matter(run, name).energy(temperature)


def _case(
    name: str, compute: Callable[[Run], float], expected: float, relative: float, source: str, unit: str = "",
    relative32: float | None = None,
) -> Case:  # fmt: skip
    size = abs(expected)
    return Case(name, compute, expected, relative * size, source,
                tolerance32=max(relative, relative32 or 1e-5) * size, unit=unit)  # fmt: skip


# --- HotQCD


def _fit(column: int, temperature: float, run: Run) -> float:
    t = _number(run, temperature)
    pressure, anomaly = hotqcd(t)
    return float((pressure, anomaly, anomaly + 3 * pressure, anomaly + 4 * pressure)[column])


def _fit_energy(temperature: float, run: Run) -> float:
    return float(thermodynamics(_number(run, temperature), hotqcd)[0])


def _fit_sound(temperature: float, run: Run) -> float:
    """dp/de by central differences."""
    small = 1e-5
    e, p = thermodynamics(torch.tensor([temperature - small, temperature + small], dtype=torch.float64), hotqcd)
    return float(p.diff() / e.diff())


def _hotqcd() -> list[Case]:
    cases: list[Case] = []
    for t, row in HOTQCD.items():
        for k, symbol in enumerate(("p/T⁴", "I/T⁴", "e/T⁴", "s/T³")):
            cases.append(Case(f"{symbol} of HotQCD's fit at {t:g} GeV", functools.partial(_fit, k, t), row[k], 1e-5,
                              FIT, tolerance32=1e-4, unit=""))  # fmt: skip
        cases.append(Case(f"c_s² of HotQCD's fit at {t:g} GeV", functools.partial(_fit_sound, t), row[4], 1e-5, FIT,
                          unit=""))  # fmt: skip
        cases.append(_case(f"e of HotQCD's fit at {t:g} GeV", functools.partial(_fit_energy, t), row[5], 1e-4, FIT,
                           DENSITY))  # fmt: skip
    return cases


# --- s95p-v1


def _crossover() -> list[Case]:
    cases: list[Case] = []
    for t, (e, p, s) in S95P.items():
        tolerance = 5e-3 if t < 0.184 else 3e-4  # of the fit to the table
        for what, expected, unit in (("pressure", p, DENSITY), ("temperature", t, "GeV"), ("entropy", s, "1/fm³")):
            cases.append(_case(f"{what} of the crossover at {e:g} {DENSITY}",
                               functools.partial(_read, "crossover", what, e), expected, tolerance, TABLE,
                               unit))  # fmt: skip
        cases.append(_case(f"e of the crossover at {t:g} GeV", functools.partial(_energy, "crossover", t), e, tolerance,
                           TABLE, DENSITY))  # fmt: skip
    for t, e in {0.137: 0.12227, 0.154: 0.29342}.items():
        cases.append(_case(f"e of the crossover at {t:g} GeV", functools.partial(_energy, "crossover", t), e, 5e-4,
                           "integral of its fit", DENSITY))  # fmt: skip
    for t, expected in {0.15: 0.62023, 0.2: 1.62391, 0.3: 3.50506, 0.5: 4.51079}.items():
        cases.append(_case(f"p/T⁴ of the crossover at {t:g} GeV", functools.partial(_ratio, t), expected,
                           5e-3 if t < 0.184 else 3e-4, TABLE))  # fmt: skip
    return cases


def _ratio(temperature: float, run: Run) -> float:
    return float(s95p(_number(run, temperature))[0])


# --- EOS-Q


def _mixed_sound(run: Run) -> float:
    """Largest c_s^2 between the ends of the mixed phase: a row of it is a difference over two."""
    e = torch.linspace(HADRONIC + 3 * BESIDE, QUARKS - 3 * BESIDE, 200, dtype=run.dtype, device=run.device)
    return float(_matter(run, "first_order").speed2(e).max())


def _mixed_pressure(run: Run) -> float:
    """Largest relative distance from p_c there."""
    e = torch.linspace(HADRONIC + BESIDE, QUARKS - BESIDE, 200, dtype=run.dtype, device=run.device)
    return float((_matter(run, "first_order").pressure(e) / PLATEAU - 1).abs().max())


def _first_order() -> list[Case]:
    def read(what: str, e: float) -> Callable[[Run], float]:
        return functools.partial(_read, "first_order", what, e)

    maxwell, told = "Maxwell's construction", "rows of EOS-Q's hadrons"
    cases = [
        _case("p_c of EOS-Q in its mixed phase", read("pressure", 1.0), PLATEAU, 1e-4, maxwell, DENSITY),
        _case("p of EOS-Q at e_H, between rows", read("pressure", HADRONIC), PLATEAU, 1e-3, maxwell, DENSITY),
        _case("p of EOS-Q at e_Q, between rows", read("pressure", QUARKS), PLATEAU, 1e-2, maxwell, DENSITY),
        _case("T of EOS-Q at e_H", read("temperature", HADRONIC), CRITICAL, 1e-4, maxwell, "GeV"),
        _case("T of EOS-Q at e_Q, between rows", read("temperature", QUARKS), CRITICAL, 5e-4, maxwell, "GeV"),
        _case("p of EOS-Q beyond e_H", read("pressure", HADRONIC + BESIDE), PLATEAU, 1e-4, maxwell, DENSITY),
        _case("p of EOS-Q before e_Q", read("pressure", QUARKS - BESIDE), PLATEAU, 1e-4, maxwell, DENSITY),
        _case("p of EOS-Q beyond e_Q", read("pressure", QUARKS + BESIDE), PLATEAU + BESIDE / 3, 1e-4, maxwell, DENSITY),
        _case("T of EOS-Q beyond e_H", read("temperature", HADRONIC + BESIDE), CRITICAL, 1e-4, maxwell, "GeV"),
        _case("T of EOS-Q before e_Q", read("temperature", QUARKS - BESIDE), CRITICAL, 1e-4, maxwell, "GeV"),
        _case("T of EOS-Q beyond e_Q", read("temperature", QUARKS + BESIDE), ((PLATEAU + BESIDE / 3 + BAG) / STEFAN)
              ** 0.25, 1e-4, maxwell, "GeV"),
        Case("c_s² in the mixed phase of EOS-Q", _mixed_sound, 0.0, 1e-9, maxwell, 1e-4, bound="below", unit=""),
        Case("p/p_c − 1 in the mixed phase of EOS-Q", _mixed_pressure, 0.0, 1e-4, maxwell, 1e-4, bound="below",
             unit=""),
    ]  # fmt: skip
    for e in (2.0, 5.0, 50.0):
        cases.append(_case(f"p of EOS-Q at {e:g} {DENSITY}", read("pressure", e), (e - 4 * BAG) / 3, 1e-4, CLOSED,
                           DENSITY))  # fmt: skip
        cases.append(_case(f"T of EOS-Q at {e:g} {DENSITY}", read("temperature", e),
                           ((e - BAG) / (3 * STEFAN)) ** 0.25, 1e-4, CLOSED, "GeV"))  # fmt: skip
    for e, (p, t) in HADRONS.items():
        cases.append(_case(f"p of EOS-Q at {e:g} {DENSITY}", read("pressure", e), p, 1e-3, told, DENSITY))
        cases.append(_case(f"T of EOS-Q at {e:g} {DENSITY}", read("temperature", e), t, 1e-3, told, "GeV"))
    return cases


# --- all of them


def _inconsistency(name: str, run: Run) -> float:
    """Largest distance between ln T and the integral of dp/(e + p) from 0.055 to 100 GeV/fm^3."""
    e = torch.logspace(math.log10(0.055), 2, 20_001, dtype=torch.float64)
    matter = _matter(run, name)
    p, t = (of(e.to(run.device, run.dtype)).double().cpu() for of in (matter.pressure, matter.temperature))
    slope = p.diff() / e.diff()
    rise = slope / (1 + slope) * ((e + p)[1:] / (e + p)[:-1]).log()  # of lines between points, exact
    return float(((t / t[0]).log()[1:] - rise.cumsum(0)).abs().max())


def _conformal() -> list[Case]:
    def read(what: str, e: float) -> Callable[[Run], float]:
        return functools.partial(_read, "conformal", what, e)

    e = 42.25 * math.pi**2 / 30 * 0.36**4 / HBARC**3
    return [
        _case("p of conformal matter", read("pressure", e), e / 3, 1e-14, CLOSED, DENSITY, 1e-6),
        _case("T of conformal matter", read("temperature", e), 0.36, 1e-12, CLOSED, "GeV", 1e-6),
        _case("s of conformal matter", read("entropy", e), 4 * e / 3 / 0.36, 1e-12, CLOSED, "1/fm³", 1e-6),
        _case("c_s² of conformal matter", read("speed2", e), 1 / 3, 1e-14, CLOSED, "", 1e-6),
    ]


# EOS-Q: between the few rows of its hadrons ln T is a line in p, and below 0.055 GeV/fm^3 off by up to 0.09
CONSISTENT = {"crossover": 2e-4, "hotqcd": 2e-4, "first_order": 2e-3, "conformal": 2e-6}
CASES = [
    *_hotqcd(), *_crossover(), *_first_order(), *_conformal(),
    *(Case(f"ln T − ∫dp/(e + p) of {name}", functools.partial(_inconsistency, name), 0.0, CONSISTENT[name], IDENTITY,
           CONSISTENT[name], bound="below", unit="") for name in NAMED),
]  # fmt: skip
