"""Equations of state of strongly interacting matter, by name.

Conformal: e = 3p = g pi^2/30 T^4. Crossover: s95p-v1, Huovinen, Petreczky, arXiv:0912.2541. HotQCD: arXiv:1407.6387,
Eq. 16. First order: EOS-Q, a hadron resonance gas and a bag with a Maxwell construction between them.
"""

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.matter import HIGHEST, Matter, linear, tabulated
from jupyter_phys.physics.units import HBARC

DEGREES = 42.25  # massless gluons and 2.5 flavours of quarks
BAG, CRITICAL, HADRONIC = 0.36420964, 0.1645863, 0.48562  # EOS-Q: B and e_H in GeV/fm^3, T_c in GeV


def conformal(degrees: float = DEGREES) -> Matter:
    """e = 3p = g pi^2/30 T^4/hbarc^3."""
    third, warmth = 1 / 3, (degrees * math.pi**2 / 30 / HBARC**3) ** -0.25
    rows = torch.ones(2, dtype=torch.float64)
    return Matter("conformal", HIGHEST**0.25, third * rows, third * rows, warmth * rows)


def crossover() -> Matter:
    """s95p-v1, from 70 MeV on; below it p/e stays."""
    t = torch.linspace(0.070, 1.2, 40_001, dtype=torch.float64)
    e, p = thermodynamics(t, s95p)
    return tabulated("crossover", e, p, t)


Anomaly = Callable[[Tensor], tuple[Tensor, Tensor]]  # p/T^4 and (e - 3p)/T^4 at temperatures in GeV


def thermodynamics(t: Tensor, of: Anomaly) -> tuple[Tensor, Tensor]:
    """e and p in GeV/fm^3 at temperatures in GeV."""
    pressure, anomaly = of(t)
    unit = t**4 / HBARC**3
    return (anomaly + 3 * pressure) * unit, pressure * unit


def s95p(t: Tensor) -> tuple[Tensor, Tensor]:
    """p/T^4 and (e - 3p)/T^4 of s95p-v1, T >= 0.070 GeV; p by integrating I/T^5 from p/T^4 = 0.1661 there."""
    join = torch.tensor(0.1838, dtype=t.dtype, device=t.device)

    def cold(t: Tensor) -> tuple[Tensor, Tensor]:
        a1, a2, a3, a4 = 4.654, -879.0, 8081.0, -7039000.0
        anomaly = a1 * t + a2 * t**3 + a3 * t**4 + a4 * t**10
        return anomaly, a1 * t + a2 * t**3 / 3 + a3 * t**4 / 4 + a4 * t**10 / 10

    def hot(t: Tensor) -> tuple[Tensor, Tensor]:
        d2, d4, c1, c2 = 0.2660, 2.403e-3, -2.809e-7, 6.073e-23
        anomaly = d2 * t**-2 + d4 * t**-4 + c1 * t**-10 + c2 * t**-30
        return anomaly, -d2 * t**-2 / 2 - d4 * t**-4 / 4 - c1 * t**-10 / 10 - c2 * t**-30 / 30

    start = 0.1661 - cold(torch.full_like(join, 0.070))[1]
    middle = start + cold(join)[1]
    is_hot = t >= join
    anomaly = torch.where(is_hot, hot(t)[0], cold(t)[0])
    return torch.where(is_hot, middle + hot(t)[1] - hot(join)[1], start + cold(t)[1]), anomaly


def hotqcd(t: Tensor) -> tuple[Tensor, Tensor]:
    """p/T^4 and (e - 3p)/T^4 of the HotQCD fit, 0.13 <= T <= 0.40 GeV."""
    u = t / 0.154
    numerator = 95 * math.pi**2 / 180 - 8.7704 / u + 3.9200 / u**2 + 0.3419 / u**4
    denominator = 1 - 1.2600 / u + 0.8425 / u**2 - 0.0475 / u**4
    falling = torch.tanh(3.8706 * (u - 0.9761))
    pressure = (1 + falling) / 2 * numerator / denominator
    # T d/dT of each factor
    rise_n = 8.7704 / u - 2 * 3.9200 / u**2 - 4 * 0.3419 / u**4
    rise_d = 1.2600 / u - 2 * 0.8425 / u**2 + 4 * 0.0475 / u**4
    rise = u * 3.8706 * (1 - falling**2) / (1 + falling) + rise_n / numerator - rise_d / denominator
    return pressure, pressure * rise


JOIN = (0.165, 0.200)  # GeV, between which hadrons go over into the lattice's fit


def lattice() -> Matter:
    """HotQCD above 0.200 GeV, the hadrons of s95p-v1 below 0.165 GeV; I/T^4 between is a cubic, p its integral."""
    t = torch.linspace(0.070, 0.60, 40_001, dtype=torch.float64)
    _, hadrons = s95p(t)
    quarks = hotqcd(t.clamp_min(0.13))[1]
    ends = torch.tensor(JOIN, dtype=torch.float64)
    width, small = JOIN[1] - JOIN[0], 1e-6
    value = [float(of(end)[1]) for of, end in zip((s95p, hotqcd), ends, strict=True)]
    slope = [float(of(end + small)[1] - of(end - small)[1]) / (2 * small)
             for of, end in zip((s95p, hotqcd), ends, strict=True)]  # fmt: skip
    u = ((t - JOIN[0]) / width).clamp(0, 1)
    between = (
        (1 + 2 * u) * (1 - u) ** 2 * value[0] + u * (1 - u) ** 2 * width * slope[0]
        + u**2 * (3 - 2 * u) * value[1] - u**2 * (1 - u) * width * slope[1]
    )  # fmt: skip
    anomaly = torch.where(t < JOIN[0], hadrons, torch.where(t > JOIN[1], quarks, between))
    rise = torch.cumulative_trapezoid(anomaly / t, t)
    pressure = 0.1661 + torch.cat([rise.new_zeros(1), rise])
    unit = t**4 / HBARC**3
    return tabulated("hotqcd", (anomaly + 3 * pressure) * unit, pressure * unit, t)


@functools.cache
def named(name: str) -> Matter:
    """One of these equations of state; raises ValueError for another name."""
    if name not in NAMED:
        raise ValueError(f"there is no equation of state {name!r}, but {', '.join(NAMED)}")
    return NAMED[name]()


def first_order() -> Matter:
    """EOS-Q: hadron resonance gas below e_H, p constant up to e_Q = 3 p_c + 4B, then a bag, p = (e - 4B)/3."""
    e_h = torch.tensor([0.005, 0.055, 0.105, 0.205, 0.305, 0.405, 0.455], dtype=torch.float64)
    p_h = torch.tensor(
        [0.0011669, 0.0109595, 0.0195314, 0.0356017, 0.0510511, 0.0661939, 0.0736931], dtype=torch.float64
    )
    t_h = torch.tensor([0.08157, 0.12223, 0.13419, 0.14704, 0.15496, 0.16078, 0.16321], dtype=torch.float64)
    stefan = DEGREES * math.pi**2 / 90 / HBARC**3
    p_c = stefan * CRITICAL**4 - BAG
    e_q = 3 * p_c + 4 * BAG
    fine = torch.linspace(0, 1, 400, dtype=torch.float64)[1:]
    rows_e, rows_p, rows_t = (torch.cat([rows, torch.tensor([end], dtype=torch.float64)])
                              for rows, end in ((e_h, HADRONIC), (p_h, p_c), (t_h, CRITICAL)))  # fmt: skip
    hadrons = _refined(rows_e, rows_p)
    # where p = ce + d between two rows, d ln T = dp/(e + p) makes ln T linear in ln(e + p)
    warm = torch.exp(linear((hadrons[0] + hadrons[1]).log(), (rows_e + rows_p).log(), rows_t.log()))
    mixed = HADRONIC + (e_q - HADRONIC) * fine
    quarks = e_q * (HIGHEST / e_q) ** fine
    e = torch.cat([hadrons[0], mixed, quarks])
    p = torch.cat([hadrons[1], torch.full_like(mixed, p_c), (quarks - 4 * BAG) / 3])
    t = torch.cat([warm, torch.full_like(mixed, CRITICAL), ((quarks - BAG) / (3 * stefan)) ** 0.25])
    return tabulated("first_order", e, p, t)


def _refined(e: Tensor, p: Tensor, between: int = 50) -> tuple[Tensor, Tensor]:
    """More points on the straight lines between these."""
    steps = torch.arange(between, dtype=torch.float64) / between
    fine = torch.cat([(e[:-1, None] + steps * e.diff()[:, None]).flatten(), e[-1:]])
    return fine, linear(fine, e, p)


NAMED = {"crossover": crossover, "hotqcd": lattice, "first_order": first_order, "conformal": conformal}
