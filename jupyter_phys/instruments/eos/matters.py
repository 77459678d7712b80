"""Subjects as the matter that hydrodynamics takes: tables that are checked before they are used."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run, numbers
from jupyter_phys.core.shadow import shadow
from jupyter_phys.instruments.eos.subjects import Conformal, Crossover, FirstOrder, HotQCD
from jupyter_phys.physics.hydro.eos import conformal, named
from jupyter_phys.physics.hydro.matter import HIGHEST, Matter, tabulated
from jupyter_phys.physics.units import HBARC

NAMES = {Crossover: "crossover", HotQCD: "hotqcd", FirstOrder: "first_order"}
ROWS, LOWEST = 4000, 1e-3  # where a function is asked, GeV/fm^3
INCONSISTENT = 0.02  # of ln T between p and T: where e, p and T do not belong to one equation of state
DEGREES = 0.1, 500.0  # bosons; quarks and gluons have 42
INSTEAD = "rows in increasing e, with T ds = de, dp = s dT"


def matter(name: str, value: Any, run: Run) -> Matter:
    """The equation of state of a subject.

    Raises:
        Refused: a table or function that is none, or whose e, p and T contradict one another.
    """
    if isinstance(value, Conformal):
        return conformal(value.degrees)
    if type(value) in NAMES:
        return named(NAMES[type(value)])
    e, p, t = _asked(name, value) if callable(value) else _columns(name, value)
    try:
        found = tabulated(name, e, p, t)
    except ValueError as reason:
        raise Refused(f"{name} is no equation of state: {reason}.", given=f"{len(e)} rows", instead=INSTEAD) from None
    off = _inconsistency(e, p, t)
    if off > INCONSISTENT:
        raise Refused(f"{name}: e, p and T contradict one another: d ln T = dp/(e + p) is missed by {off:.2g}.",
                      given=f"e = {float(e[0]):.3g} … {float(e[-1]):.3g} GeV/fm³", instead=INSTEAD)  # fmt: skip
    degrees = float(e[-1] / t[-1] ** 4) * HBARC**3 * 30 / math.pi**2
    if not DEGREES[0] < degrees < DEGREES[1]:
        run.warn(f"{name}: at its highest temperature it has as much energy as {degrees:.2g} massless degrees of "
                 "freedom. Are e and p in GeV/fm³, and T in GeV?")  # fmt: skip
    if off > INCONSISTENT / 10:
        run.warn(f"{name}: T and p agree within {off:.1g} of ln T only.")
    return found


def _columns(name: str, value: Any) -> tuple[Tensor, Tensor, Tensor]:
    try:
        given = numbers(value)
        given = np.ascontiguousarray(given) if isinstance(given, np.ndarray) else given  # it may be read backwards
        table = torch.as_tensor(given)
        if table.is_complex():
            raise TypeError("they are complex")
        table = table.to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError) as reason:
        raise Refused(f"{name} is not a table of numbers: {reason}.", given=type(value).__name__) from None
    if table.dim() != 2 or table.shape[1] != 3 or len(table) < 4:
        raise Refused(f"{name} is no table of an equation of state.", given=list(table.shape),
                      allowed="[rows, 3]: e, p in GeV/fm³ and T in GeV; 4 rows or more")  # fmt: skip
    return table[:, 0].contiguous(), table[:, 1].contiguous(), table[:, 2].contiguous()


def _asked(name: str, value: Callable[[Tensor], Any]) -> tuple[Tensor, Tensor, Tensor]:
    """p and T of a function, asked for energy densities up to where tables end."""
    e = torch.logspace(-3, 3, ROWS, dtype=torch.float64) * (HIGHEST / 1000)
    mine: Any = shadow(value)
    try:
        with torch.no_grad():
            p, t = (torch.as_tensor(numbers(one)).to("cpu", torch.float64) for one in mine(e.clone()))
    except Exception as reason:  # whatever a stranger's function raises
        raise Refused(f"{name} gives no p and T: {type(reason).__name__}: {str(reason)[:200]}",
                      given=f"e [{ROWS}] in GeV/fm³", allowed="a pair p (GeV/fm³), T (GeV) like e",
                      instead="lambda e: (e / 3, 0.16 * e**0.25)") from None  # fmt: skip
    if p.shape != e.shape or t.shape != e.shape:
        raise Refused(f"{name} gives p and T of another shape.", given=f"{list(p.shape)}, {list(t.shape)}",
                      allowed=f"[{ROWS}] as e")  # fmt: skip
    return e, p, t


def _inconsistency(e: Tensor, p: Tensor, t: Tensor) -> float:
    """Largest distance between ln T and the integral of dp/(e + p) from the first row."""
    slope = p.diff() / e.diff()  # of lines between rows, whose integral is exact
    rise = slope / (1 + slope) * torch.log((e + p)[1:] / (e + p)[:-1])
    return float((torch.log(t / t[0])[1:] - rise.cumsum(0)).abs().max())
