"""Matter without net baryons, as hydrodynamics needs it: p(e), dp/de and T(e) in tables. GeV and fm."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

ROWS = 4096
HIGHEST = 1000.0  # GeV/fm^3, end of the tables; beyond it p/e stays


@dataclass(frozen=True)
class Matter:
    """p/e and T/e^(1/4) over x = e^(1/4), which grows like a temperature: even steps of x, linear between them."""

    name: str
    step: float  # of x, (GeV/fm^3)^(1/4)
    ratio: Tensor  # p/e [rows]
    sound2: Tensor  # dp/de [rows]
    warmth: Tensor  # T/x [rows]
    known: tuple[float, float] = (0.0, HIGHEST)  # GeV/fm^3, between which rows were given

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Matter":
        """The same tables on that device, in that precision."""
        kept = {name: getattr(self, name).to(device, dtype) for name in ("ratio", "sound2", "warmth")}
        return replace(self, **kept)

    def pressure(self, e: Tensor) -> Tensor:
        """p of an energy density e >= 0, GeV/fm^3."""
        return e * _between(self.ratio, *self._places(e))

    def pressure_and_slope(self, e: Tensor) -> tuple[Tensor, Tensor]:
        """p, and dp/de of the interpolated table itself, which root finding needs."""
        ratio, slope = self.at(e.sqrt().sqrt())
        return e * ratio, slope

    def at(self, root: Tensor) -> tuple[Tensor, Tensor]:
        """p/e, and dp/de of the interpolated table itself, of e^(1/4)."""
        row, rest = self._between_rows(root)
        low = self.ratio[row]
        rise = self.ratio[row + 1] - low
        ratio = low + rest * rise
        return ratio, ratio + (row + rest) * rise / 4

    def speed2(self, e: Tensor) -> Tensor:
        """Square of the speed of sound."""
        return _between(self.sound2, *self._places(e))

    def temperature(self, e: Tensor) -> Tensor:
        """T in GeV."""
        return e.sqrt().sqrt() * _between(self.warmth, *self._places(e))

    def entropy(self, e: Tensor) -> Tensor:
        """s = (e + p)/T, fm^-3."""
        return (e + self.pressure(e)) / self.temperature(e)

    def energy(self, temperature: float) -> float:
        """The energy density at a temperature, GeV/fm^3; in a mixed phase its hadronic end.

        Raises ValueError outside the tables.
        """
        x = self.step * torch.arange(len(self.warmth), dtype=torch.float64)
        known = x * self.warmth.double().cpu()
        least = float(self.to("cpu", torch.float64).temperature(torch.tensor(self.known[0], dtype=torch.float64)))
        if not max(least * (1 - 1e-6), 0) < temperature < float(known[-1]):
            raise ValueError(f"T = {temperature} GeV lies outside {least:.3g} ... {float(known[-1]):.3g} GeV")
        row = max(1, int(torch.searchsorted(known, temperature)))
        rest = (temperature - float(known[row - 1])) / max(float(known[row] - known[row - 1]), 1e-300)
        return float(x[row - 1] + rest * self.step) ** 4

    def energy_of_entropy(self, entropy: Tensor) -> Tensor:
        """e in GeV/fm^3 of s >= 0 in fm^-3, like s; beyond the tables their last row."""
        x = self.step * torch.arange(len(self.warmth), dtype=torch.float64)
        whole = self.to("cpu", torch.float64)
        known = whole.entropy(x**4)
        known[0] = 0.0  # where it is 0/0
        root = entropy.to("cpu", torch.float64).clamp(0, float(known[-1])) ** (1 / 3)
        return (linear(root.flatten(), known ** (1 / 3), x) ** 4).view(entropy.shape).to(entropy)

    def _places(self, e: Tensor) -> tuple[Tensor, Tensor]:
        return self._between_rows(e.sqrt().sqrt())

    def _between_rows(self, root: Tensor) -> tuple[Tensor, Tensor]:
        place = root / self.step
        row = place.to(torch.int64).clamp(max=len(self.ratio) - 2)
        return row, (place - row).clamp(max=1)


def _between(values: Tensor, row: Tensor, rest: Tensor) -> Tensor:
    low = values[row]
    return low + rest * (values[row + 1] - low)


def tabulated(name: str, e: Tensor, p: Tensor, temperature: Tensor, *, rows: int = ROWS) -> Matter:
    """From rows e, p (GeV/fm^3) and T (GeV) [n], in increasing e; below them p/e stays, above them too.

    Raises ValueError where e or p do not increase, p does not lie in 0 ... e, or T falls.
    """
    e, p, temperature = (one.to(torch.float64) for one in (e, p, temperature))
    if not (torch.isfinite(e + p + temperature).all() and (e[0] > 0) and (e.diff() > 0).all()):
        raise ValueError("energy densities must be positive, finite and increasing")
    if (p <= 0).any() or (p >= e).any() or _falls(p) or _falls(temperature):
        raise ValueError("pressures must lie between 0 and e and not fall, temperatures must not fall")
    x = torch.linspace(0, HIGHEST**0.25, rows, dtype=torch.float64)
    grid = x**4
    pressure = linear(grid, e, p)
    below, above = grid < e[0], grid > e[-1]
    pressure = torch.where(below, grid * p[0] / e[0], torch.where(above, grid * p[-1] / e[-1], pressure))
    warm = torch.exp(linear(grid.clamp(e[0], e[-1]).log(), e.log(), temperature.log()))
    # dT/T = dp/(e + p): of p = ce, T ~ e^(c/(1+c))
    for chosen, end in ((below, 0), (above, -1)):
        c = p[end] / e[end]
        warm = torch.where(chosen, temperature[end] * (grid / e[end]) ** (c / (1 + c)), warm)
    ratio, warmth = pressure / grid, warm / x
    ratio[0], warmth[0] = ratio[1], warmth[1]
    sound2 = torch.gradient(pressure, spacing=(grid,))[0]
    sound2[0] = sound2[1]
    return Matter(name, float(x[1]), ratio, sound2.clamp(0, 1), warmth, (float(e[0]), float(e[-1])))


def _falls(values: Tensor) -> bool:
    """By more than rounding, as in a mixed phase."""
    return bool((values.diff() < -1e-12 * values[1:]).any())


def linear(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """y between the places x [n], in increasing order, and beyond them along the outermost lines."""
    row = (torch.searchsorted(x, at.contiguous(), right=True) - 1).clamp(0, len(x) - 2)
    return y[row] + (at - x[row]) / (x[row + 1] - x[row]) * (y[row + 1] - y[row])
