"""Particle spectra from a freeze-out surface: Cooper, Frye, Phys. Rev. D 10, 186 (1974). GeV and fm.

A surface is rows [element, 7]: event, tau, u^x, u^y, and the covariant normal dS_tau, dS_x, dS_y, which points outward,
holds the factor tau and leaves out d eta. At mid-rapidity
rho = dN/(dY pT dpT dphi) = g/(2 pi)^3 Int p.dS f(p.u/T); the integral over space-time rapidity gives Bessel functions
of every term of f = sum_n (+-)^(n+1) exp(-n p.u/T).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.quadrature import laguerre, legendre
from jupyter_phys.physics.units import HBARC

TERMS = 20  # of the sum; the last weighs exp(-20 m/T) against the first
CHUNK = 2**21  # numbers of a block [element, pT, phi]


class Species(NamedTuple):
    """Mass in GeV, number of spin states, and whether it is a boson."""

    mass: float
    degeneracy: float = 1.0
    boson: bool = True


PION, KAON, PROTON = Species(0.13957), Species(0.49368), Species(0.93827, 2.0, boson=False)


class Momenta(NamedTuple):
    """Nodes and weights in transverse momentum [n], GeV, and in azimuth [m]."""

    pt: Tensor
    pt_weight: Tensor  # of an integral over pT
    phi: Tensor
    phi_weight: Tensor

    def integral(self, rho: Tensor) -> Tensor:
        """dN/dY [...] of rho [..., pT, phi]."""
        return torch.einsum("...pf,p,f->...", rho, self.pt_weight * self.pt, self.phi_weight)


def gaussian_momenta(pt_count: int = 15, phi_count: int = 48, scale: float = 12.0) -> Momenta:
    """Gauss-Laguerre nodes over `scale` (1/GeV) in pT, Gauss-Legendre nodes in phi: integrals of spectra are sharp."""
    x, weight = laguerre(pt_count)
    t, around = legendre(phi_count)
    return Momenta(x / scale, weight * x.exp() / scale, math.pi * (1 + t), math.pi * around)


def cooper_frye(surface: Tensor, events: int, temperature: float, momenta: Momenta, species: Species = PION) -> Tensor:
    """rho [event, pT, phi] in 1/GeV^2, element by element."""
    pt, phi = momenta.pt.to(surface), momenta.phi.to(surface)
    mt = (pt**2 + species.mass**2).sqrt()
    found = torch.zeros(events, len(pt), len(phi), dtype=surface.dtype, device=surface.device)
    for part in surface.split(max(1, CHUNK // (len(pt) * len(phi)))):
        found.index_add_(0, part[:, 0].long(), _elements(part, temperature, pt, mt, phi, species.boson))
    return species.degeneracy / (2 * math.pi * HBARC) ** 3 * found


def _elements(part: Tensor, temperature: float, pt: Tensor, mt: Tensor, phi: Tensor, boson: bool) -> Tensor:
    """Each element's part [element, pT, phi], without g/(2 pi hbar)^3."""
    _, _, ux, uy, st, sx, sy = part.T[:, :, None]
    z = mt * (1 + ux**2 + uy**2).sqrt() / temperature
    n = torch.arange(1, TERMS + 1, dtype=part.dtype, device=part.device)
    k0 = torch.special.scaled_modified_bessel_k0(z[..., None] * n)
    k1 = torch.special.scaled_modified_bessel_k1(z[..., None] * n)
    along = (ux * phi.cos() + uy * phi.sin()) / temperature
    factor = torch.exp(pt[:, None] * along[:, None] - z[..., None])
    if not boson:
        factor = -factor
    flow = pt[:, None] * (sx * phi.cos() + sy * phi.sin())[:, None]
    rise, still = torch.zeros_like(factor), torch.zeros_like(factor)
    for k in range(TERMS - 1, -1, -1):  # Horner, in powers of the factor
        rise = (rise + (mt * st)[..., None] * k1[..., k : k + 1]) * factor
        still = (still + k0[..., k : k + 1]) * factor
    total = 2 * (rise + flow * still)
    return total if boson else -total
