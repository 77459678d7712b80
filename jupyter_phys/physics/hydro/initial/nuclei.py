"""Nuclei of Woods-Saxon density rho_0/(1 + exp((r - R)/d)), normalised to A nucleons. fm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Generator, Tensor

from jupyter_phys.physics.hydro.initial.draws import inverse, uniforms
from jupyter_phys.physics.quadrature import line

ROWS = 4096
EDGE = 30.0  # diffusenesses beyond the radius at which a nucleus ends: e^-30


@dataclass(frozen=True)
class Nucleus:
    """Mass number A, radius R and diffuseness d in fm.

    Raises ValueError where there are no nucleons, or R or d are not positive.
    """

    name: str
    mass_number: int
    radius: float
    diffuseness: float

    def __post_init__(self) -> None:
        if self.mass_number < 1 or not (0 < self.radius < math.inf and 0 < self.diffuseness < math.inf):
            raise ValueError(f"{self}: choose at least 1 nucleon, and a positive radius and diffuseness in fm")

    @property
    def reach(self) -> float:
        """Radius beyond which there is nothing, fm."""
        return self.radius + EDGE * self.diffuseness

    @cached_property
    def central_density(self) -> float:
        """rho_0 in fm^-3, from the normalisation: 0.17 is right for gold, 6 % too much for lead."""
        r, weight = line((0.0, self.reach), 64)
        return self.mass_number / float((4 * math.pi * r**2 * self._profile(r) * weight).sum())

    def density(self, r: Tensor) -> Tensor:
        """Nucleons per fm^3 at distances r from the centre."""
        return self.central_density * self._profile(r)

    def _profile(self, r: Tensor) -> Tensor:
        return torch.sigmoid((self.radius - r) / self.diffuseness)


# Radii as in CLVisc.
AU, PB = Nucleus("Au", 197, 6.38, 0.535), Nucleus("Pb", 208, 6.62, 0.546)


@dataclass(frozen=True)
class Thickness:
    """T_A(r) = int dz rho, in fm^-2: a table in even steps of r, linear between them, 0 beyond."""

    step: float
    values: Tensor  # [row]

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Thickness":
        """The same table on that device, in that precision."""
        return Thickness(self.step, self.values.to(device, dtype))

    def __call__(self, r: Tensor) -> Tensor:
        """At transverse distances r >= 0 from the centre, fm."""
        place = (r / self.step).clamp(max=len(self.values) - 1)
        row = place.to(torch.int64).clamp(max=len(self.values) - 2)
        low = self.values[row]
        return low + (place - row) * (self.values[row + 1] - low)


@lru_cache
def thickness(nucleus: Nucleus) -> Thickness:
    """Of a nucleus; float64, on the CPU."""
    r = torch.linspace(0, nucleus.reach, ROWS, dtype=torch.float64)
    z, weight = line((0.0, nucleus.reach), 32)
    values = 2 * nucleus.density((r[:, None] ** 2 + z**2).sqrt()) @ weight
    values[-1] = 0
    return Thickness(float(r[1]), values)


def positions(nucleus: Nucleus, draws: Sequence[Generator], device: torch.device | str = "cpu") -> Tensor:
    """x, y, z of independent nucleons [event, A, 3], float64; three numbers a nucleon of each event's generator.

    The centre of mass of the nucleons is not moved to 0, and no two nucleons keep a distance.
    """
    u, v, w = uniforms(draws, nucleus.mass_number, 3).to(device).unbind(-1)
    share, at = (one.to(device) for one in _radial(nucleus))
    r = inverse(share, at, u)
    cosine, angle = 2 * v - 1, 2 * math.pi * w
    across = r * (1 - cosine.square()).sqrt()
    return torch.stack([across * angle.cos(), across * angle.sin(), r * cosine], -1)


@lru_cache
def _radial(nucleus: Nucleus) -> tuple[Tensor, Tensor]:
    """Share of the nucleons within r, and r [row]."""
    r = torch.linspace(0, nucleus.reach, ROWS, dtype=torch.float64)
    middle = (r[1:] + r[:-1]) / 2

    def shell(r: Tensor) -> Tensor:
        return r**2 * nucleus.density(r)

    cells = (shell(r[1:]) + shell(r[:-1]) + 4 * shell(middle)) / 6  # Simpson
    cumulative = torch.cat([cells.new_zeros(1), cells.cumsum(0)])
    return cumulative / cumulative[-1], r
