"""Known answers of radial flow: Gubser's, ideal and with the equations of Israel and Stewart."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import Kind, advanced, end, even, kind, on
from jupyter_phys.physics.hydro.eos import conformal
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.initial.shapes import gubser
from jupyter_phys.physics.hydro.stress import cells_of
from jupyter_phys.physics.hydro.transport import Transport
from jupyter_phys.physics.hydro.viscous import Viscous
from jupyter_phys.physics.units import HBARC

IDEAL, ISRAEL = "Gubser, arXiv:1006.0006", "Marrochio et al., arXiv:1307.6130"
START, END, NEAR = 1.0, 2.0, 3.0  # fm; errors are those within a radius of 3 fm
STEFAN, RATIO, WARMTH = 42.25 * math.pi**2 / 30, 0.2, 1.2  # e/T^4, eta/s, and T tau/hbarc at rho = 0
STEPS = 100  # of Runge and Kutta's method to each cell: 1e-8
ANCHORS = {  # tau, x in fm, y = 0: T in GeV, u^x, pi^xx and tau^2 pi^eta-eta in GeV/fm^3; files of MUSIC
    (1.2, 2.0): (0.136720, 1.117985, -0.216840, 0.192756), (1.5, 3.0): (0.085581, 1.082982, -0.056035, 0.051578),
    (2.0, 1.0): (0.109944, 0.894427, -0.007893, 0.008770), (2.0, 3.0): (0.081659, 1.664101, -0.046895, 0.024883),
}  # fmt: skip


@dataclass(frozen=True)
class Flow:
    """e, u^x, u^y [1, 3, y, x], pi^xx, pi^xy, pi^yy [1, 3, y, x] and tau^2 pi^eta-eta [y, x]."""

    fluid: Tensor
    shear: Tensor
    eta: Tensor


def viscous(x: Tensor, y: Tensor, tau: float) -> Flow:
    """Of q = 1/fm, eta/s = 0.2, tau_pi = 5 eta/(e + p) at places in fm, float64."""
    r2 = x**2 + y**2
    t, pi = _cooled(-torch.asinh((1 - tau**2 + r2) / (2 * tau)))
    e = STEFAN * t**4 * HBARC / tau**4
    rise = 2 * tau / (1 + 2 * (tau**2 + r2) + (tau**2 - r2) ** 2).sqrt()  # u^r/r
    ux, uy, eta = rise * x, rise * y, pi * 4 / 3 * e
    # the same along x and y in fluid at rest: -eta/2 of delta^ij + u^i u^j
    shear = -eta / 2 * torch.stack([1 + ux * ux, ux * uy, 1 + uy * uy])
    return Flow(torch.stack([e, ux, uy])[None], shear[None], eta)


def _cooled(rho: Tensor) -> tuple[Tensor, Tensor]:
    """T tau/hbarc and pi/(sT) at de Sitter times, from 1.2 and 0 at rho = 0: to each in as many steps."""

    def rates(at: Tensor, now: Tensor) -> Tensor:
        t, pi = now
        return torch.stack([t * at.tanh() * (pi - 2) / 3,
                            at.tanh() * (4 / 15 - 4 / 3 * pi**2) - t * pi / (5 * RATIO)])  # fmt: skip

    h, now = rho / STEPS, torch.stack([torch.full_like(rho, WARMTH), torch.zeros_like(rho)])
    for k in range(STEPS):
        at = k * h
        a = rates(at, now)
        b = rates(at + h / 2, now + h / 2 * a)
        c = rates(at + h / 2, now + h / 2 * b)
        now = now + h / 6 * (a + 2 * b + 2 * c + rates(at + h, now + h * c))
    return now[0], now[1]


def _anchor(place: tuple[float, float], which: int, run: Run) -> float:
    at = torch.tensor([[place[1]]], dtype=torch.float64)
    flow = viscous(at, 0 * at, place[0])
    warm = conformal().temperature(flow.fluid[0, 0])
    return float((warm, flow.fluid[0, 1], flow.shear[0, 0], flow.eta)[which])


# --- errors of the solvers


@functools.lru_cache(16)
def _ideal(n: int, where: Kind) -> dict[str, float]:
    """At 2 fm: largest of e, relative, and of u^x; the mean of e."""
    cells = Grid(n, 10 / (n - 1))
    fluid = end(
        Scheme(on(where, conformal()), cells.dx), gubser(cells, START).to(*where), even(START, END, cells.dx / 5)
    )
    exact, (x, y) = gubser(cells, END)[0], cells.plane()
    near = x**2 + y**2 < NEAR**2
    off = (fluid[0] - exact).abs()
    return {"e": float((off[0] / exact[0])[near].max()), "ux": float(off[1][near].max()),
            "mean": float(off[0][near].mean())}  # fmt: skip


@functools.lru_cache(16)
def _israel(n: int, where: Kind) -> dict[str, float]:
    """Of T, relative, u^x, tau^2 pi^eta-eta and pi^xx, over their largest; the mean of e, and what was cut."""
    cells = Grid(n, 10 / (n - 1))
    x, y = cells.plane()
    start, exact, near = viscous(x, y, START), viscous(x, y, END), x**2 + y**2 < NEAR**2
    scheme = Viscous(on(where, conformal()), cells.dx, Transport(shear=RATIO, tau_pipi=0.0))
    state = scheme.begin(start.fluid.to(*where), START, start.shear.to(*where))
    state = advanced(scheme, state, even(START, END, cells.dx / 5))
    fluid, shear, eta = (one.double().cpu() for one in (state.fluid, state.shear, cells_of(state.cells).shear().eta))
    warm = (fluid[0, 0] / exact.fluid[0, 0]) ** 0.25

    def largest(off: Tensor, of: Tensor | None = None) -> float:
        return float(off[near].abs().max() / (1 if of is None else of[near].abs().max()))

    return {
        "T": largest(warm - 1), "ux": largest((fluid - exact.fluid)[0, 1]),
        "eta": largest(eta[0] - exact.eta, exact.eta),
        "xx": largest((shear - exact.shear)[0, 0], exact.shear[0, 0]),
        "mean": float((fluid - exact.fluid)[0, 0][near].abs().mean()), "cut": float(state.regulated.max()),
    }  # fmt: skip


def _of(errors: Callable[[int, Kind], dict[str, float]], n: int, name: str, run: Run) -> float:
    return errors(n, kind(run))[name]


def _order(errors: Callable[[int, Kind], dict[str, float]], coarse: int, fine: int, run: Run) -> float:
    """Power of dx with which the mean error of e falls."""
    return math.log2(errors(coarse, kind(run))["mean"] / errors(fine, kind(run))["mean"])


def _bound(
    name: str, errors: Callable[[int, Kind], dict[str, float]], n: int, what: str, most: float, source: str,
    *, slow: bool = False, most32: float | None = None,
) -> Case:  # fmt: skip
    return Case(f"{name}, cells of {10 / (n - 1):g} fm", functools.partial(_of, errors, n, what), 0.0, most, source,
                tolerance32=most32 or most, bound="below", slow=slow, unit="")  # fmt: skip


def _anchors() -> list[Case]:
    cases: list[Case] = []
    for place, row in ANCHORS.items():
        told = zip(("T", "u^x", "π^xx", "τ²π^ηη"), row, ("GeV", "", "GeV/fm³", "GeV/fm³"), strict=True)
        for which, (symbol, expected, unit) in enumerate(told):
            size = (2e-4 * abs(expected), 2e-6, 1e-3 * abs(expected), 1e-3 * abs(expected))[which]
            cases.append(Case(f"{symbol} of viscous Gubser at τ = {place[0]:g}, x = {place[1]:g} fm, exact",
                              functools.partial(_anchor, place, which), expected, size, "files of MUSIC",
                              unit=unit))  # fmt: skip
    return cases


def _viscous(n: int, most: dict[str, float], *, slow: bool = False) -> list[Case]:
    names = {"T": "T", "ux": "u^x", "eta": "τ²π^ηη over its largest", "xx": "π^xx over its largest"}
    return [_bound(f"error of {names[one]}, viscous Gubser", _israel, n, one, value, ISRAEL, slow=slow)
            for one, value in most.items()]  # fmt: skip


CASES = [
    _bound("relative error of e, ideal Gubser", _ideal, 101, "e", 1.3e-2, IDEAL),
    _bound("error of u^x, ideal Gubser", _ideal, 101, "ux", 1e-2, IDEAL),
    _bound("relative error of e, ideal Gubser", _ideal, 201, "e", 4e-3, IDEAL),
    _bound("error of u^x, ideal Gubser", _ideal, 201, "ux", 2e-3, IDEAL),
    Case("order in dx of the mean error of e, ideal Gubser", functools.partial(_order, _ideal, 101, 201), 1.8, 0.0,
         IDEAL, tolerance32=0.0, bound="above", unit=""),
    *_anchors(),
    *_viscous(101, {"T": 4e-3, "ux": 1.2e-2, "eta": 0.025, "xx": 0.03}),
    _bound("share of hot energy where the stress was cut, viscous Gubser", _israel, 101, "cut", 0.0, ISRAEL),
    Case("order in dx of the mean error of e, viscous Gubser", functools.partial(_order, _israel, 51, 101), 1.8, 0.0,
         ISRAEL, tolerance32=0.0, bound="above", unit=""),
    *_viscous(201, {"T": 3e-3, "ux": 5e-3, "eta": 0.02, "xx": 0.02}, slow=True),
]  # fmt: skip
