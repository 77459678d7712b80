"""Viscosities and relaxation times of strongly interacting matter. GeV and fm.

Second-order coefficients of a gas in the 14-moment approximation (DNMR): Denicol, Niemi, Molnar, Rischke,
arXiv:1202.4555; Denicol, Jeon, Gale, arXiv:1403.0962.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.matter import HIGHEST, Matter
from jupyter_phys.physics.units import HBARC

Ratio = Callable[[Tensor], Tensor]  # of a viscosity to the entropy density, at temperatures in GeV
RESOLVED = 3.0  # steps that a relaxation time must take
CAUSAL = 0.95  # square of the fastest signal's speed that bulk pressure may make


class Relaxation(NamedTuple):
    """How fast a stress relaxes, 1/fm; tau over the resolved tau, at most 1; viscosity over tau, GeV/fm^3."""

    rate: Tensor
    resolved: Tensor
    stiffness: Tensor


@dataclass(frozen=True)
class Transport:
    """eta/s and zeta/s, each a number or a function of T in GeV, and the second-order coefficients.

    tau_pi = `relaxation` eta/(e + p), tau_Pi = zeta/(15 (1/3 - c_s^2)^2 (e + p)). Israel-Stewart: tau_pipi = 0. In the
    letters of arXiv:1403.0962 the last three are lambda_piPi, delta_PiPi and lambda_Pipi/(1/3 - c_s^2). Where
    c_s^2 < 0.13, as in a mixed phase, that tau_Pi would let signals outrun light: there it is longer.
    """

    shear: float | Ratio = 0.0
    bulk: float | Ratio = 0.0
    relaxation: float = 5.0
    delta_pipi: float = 4 / 3
    tau_pipi: float = 10 / 7
    shear_of_bulk: float = 6 / 5
    bulk_of_expansion: float = 2 / 3
    bulk_of_shear: float = 8 / 5

    def check(self, matter: Matter) -> None:
        """Raises ValueError where a viscosity is negative or not finite, at some temperature of the table."""
        t = matter.temperature(torch.linspace(0, HIGHEST**0.25, 200, dtype=torch.float64)[1:] ** 4)
        for name, one in (("eta_over_s", self.shear), ("zeta_over_s", self.bulk)):
            values = torch.as_tensor(one(t) if callable(one) else one)
            if not (torch.isfinite(values) & (values >= 0)).all():
                raise ValueError(
                    f"{name}: finite and not negative at all T = {float(t[0]):.2g} ... {float(t[-1]):.2g} GeV"
                )

    def signal2(self, sound2: Tensor) -> Tensor:
        """Square of the speed of the fastest wave in fluid at rest: c_s^2 + (4/3 eta/tau_pi + zeta/tau_Pi)/(e + p)."""
        fast = sound2 + self._by_shear()
        return fast if self.bulk == 0 else fast + self.by_bulk(sound2)

    def _by_shear(self) -> float:
        return 0.0 if self.shear == 0 else 4 / 3 / self.relaxation

    def by_bulk(self, sound2: Tensor) -> Tensor:
        """beta_Pi = zeta/tau_Pi over e + p."""
        return torch.minimum(15 * (1 / 3 - sound2) ** 2, (CAUSAL - self._by_shear() - sound2).clamp_min(0))

    def shearing(self, matter: Matter, e: Tensor, enthalpy: Tensor, dt: float) -> Relaxation:
        """Of the shear stress, where e + p is the enthalpy. A tau_pi below 3 dt becomes 3 dt, at the same eta."""
        tau = self.relaxation * HBARC * _ratio(self.shear, matter, e)
        return _resolved(tau, enthalpy / self.relaxation, dt)

    def bulking(self, matter: Matter, e: Tensor, enthalpy: Tensor, sound2: Tensor, dt: float) -> Relaxation:
        """Of the bulk pressure, likewise."""
        stiffness = self.by_bulk(sound2)
        tau = HBARC * _ratio(self.bulk, matter, e) / stiffness.clamp_min(1e-9)
        return _resolved(tau, stiffness * enthalpy, dt)


def _ratio(ratio: float | Ratio, matter: Matter, e: Tensor) -> Tensor:
    """Viscosity over s T, 1/GeV."""
    if ratio == 0:
        return torch.zeros_like(e)
    t = matter.temperature(e)
    return (ratio(t) if callable(ratio) else ratio) / t


def _resolved(tau: Tensor, stiffness: Tensor, dt: float) -> Relaxation:
    longer = tau.clamp_min(RESOLVED * dt)
    return Relaxation(1 / longer, tau / longer, stiffness)


def denicol(t: Tensor) -> Tensor:
    """zeta/s of arXiv:1502.01675: a peak of 0.33 at 0.18 GeV. At the joints of its pieces it steps by 1 %."""
    x = t / 0.18
    cold = 0.9 * torch.exp((x - 1) / 0.0025) + 0.22 * torch.exp((x - 1) / 0.022) + 0.03
    hot = 0.9 * torch.exp((1 - x) / 0.025) + 0.25 * torch.exp((1 - x) / 0.13) + 0.001
    return torch.where(x < 0.995, cold, torch.where(x > 1.05, hot, -13.77 * x * x + 27.55 * x - 13.45))


def duke(most: float, at: float, width: float) -> Ratio:
    """zeta/s with a peak of Cauchy's shape, at and width in GeV."""
    return lambda t: most / (1 + ((t - at) / width) ** 2)


def ip_glasma(t: Tensor) -> Tensor:
    """zeta/s of arXiv:2005.14682: 0.13 at 0.160 GeV, Gaussian, of width 0.01 GeV below and 0.12 GeV above."""
    off = t - 0.160
    return 0.13 * torch.exp(-(torch.where(off < 0, off / 0.01, off / 0.12) ** 2))
