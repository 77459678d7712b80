"""Particle spectra from a freeze-out surface: Cooper, Frye, Phys. Rev. D 10, 186 (1974). GeV and fm.

A surface is rows [element, 7]: event, tau, u^x, u^y, and the covariant normal dS_tau, dS_x, dS_y, which points outward,
holds the factor tau and leaves out d eta. At mid-rapidity
rho = dN/(dY pT dpT dphi) = g/(2 pi)^3 Int p.dS f(p.u/T); the integral over space-time rapidity gives Bessel functions
of every term of f = sum_n (+-)^(n+1) exp(-n p.u/T).

Shear adds delta f = f (1 +- f) p_mu p_nu pi^(mu nu) / (2 T^2 (e + p)), the 14-moment form, upper sign for bosons: e.g.
Teaney, Phys. Rev. C 68, 034913 (2003). It is f (1 +- f) = sum_n n (+-)^(n+1) exp(-n p.u/T) times a polynomial in
cosh eta of degree 2, so the same Bessel functions do.

Bulk pressure adds delta f = -Pi/(beta_Pi T) f (1 +- f) (c_s^2 E - k^2/(3 E)), E = p.u, k^2 = E^2 - m^2: first order of
Chapman and Enskog with one relaxation time, p.d f = -E delta f/tau, D T = -c_s^2 theta T, Pi = -beta_Pi tau theta. The
beta_Pi is hydrodynamics' own, of small masses, and no sum over hadrons: some kinds of particles do not add up to Pi.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.quadrature import laguerre, legendre
from jupyter_phys.physics.units import HBARC

TERMS = 20  # of the sum; the last weighs exp(-20 m/T) against the first
CHUNK = 2**21  # numbers of a block [element, pT, phi]
FAR, STEPS, CUT_STEPS = 40.0, 24, 64  # of the quadrature over space-time rapidity, smooth or cut


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

    def cells(self, like: Tensor) -> Tensor:
        """Measure pT dpT dphi [pT, phi] of every node in GeV^2, where a tensor is and in its precision."""
        return torch.outer(self.pt * self.pt_weight, self.phi_weight).to(like)

    def integral(self, rho: Tensor) -> Tensor:
        """dN/dY [...] of rho [..., pT, phi]."""
        return (rho * self.cells(rho)).sum((-2, -1))


class Stress(NamedTuple):
    """What is viscous on every element: rows [element, 4] of pi^xx, pi^xy, pi^yy, Pi, and the matter there; GeV/fm^3.

    The rest of pi^(mu nu) follows: it has no trace and u_mu pi^(mu nu) = 0.
    """

    rows: Tensor
    enthalpy: float  # e + p
    sound2: float = 1 / 3  # c_s^2
    stiffness: float = 0.0  # beta_Pi = zeta/tau_Pi; 0: Pi changes no f


def gaussian_momenta(pt_count: int = 15, phi_count: int = 48, scale: float = 12.0) -> Momenta:
    """Gauss-Laguerre nodes over `scale` (1/GeV) in pT, Gauss-Legendre nodes in phi: integrals of spectra are sharp."""
    x, weight = laguerre(pt_count)
    t, around = legendre(phi_count)
    return Momenta(x / scale, weight * x.exp() / scale, math.pi * (1 + t), math.pi * around)


def cooper_frye(
    surface: Tensor,
    events: int,
    temperature: float,
    momenta: Momenta,
    species: Species = PION,
    stress: Stress | None = None,
) -> Tensor:
    """rho [event, pT, phi] in 1/GeV^2, element by element; the delta f of a stress is not cut where it is large.

    Raises ValueError if surface and stress have different numbers of elements.
    """
    emission = Emission(temperature, momenta, species, surface, stress.sound2 if stress else 1 / 3)
    return _by_event(surface, events, momenta, stress, emission.viscous)


def cut_cooper_frye(
    surface: Tensor,
    events: int,
    temperature: float,
    momenta: Momenta,
    species: Species,
    stress: Stress,
) -> Tensor:
    """As `cooper_frye`, with |delta f| cut to f at each momentum: by quadrature over space-time rapidity, slowly."""
    emission = Emission(temperature, momenta, species, surface, stress.sound2)
    return _by_event(surface, events, momenta, stress, emission.cut)


def _by_event(
    surface: Tensor, events: int, momenta: Momenta, stress: Stress | None, emitted: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """Sums what is emitted by rows of a surface with their strains."""
    strains = strains_of(surface, stress)
    pt, phi = len(momenta.pt), len(momenta.phi)
    found = torch.zeros(events, pt, phi, dtype=surface.dtype, device=surface.device)
    size = max(1, CHUNK // (pt * phi))
    for part, strain in zip(surface.split(size), strains.split(size), strict=True):
        found.index_add_(0, part[:, 0].long(), emitted(part, strain))
    return found


def strains_of(surface: Tensor, stress: Stress | None) -> Tensor:
    """What changes f: pi^xx, pi^xy, pi^yy over e + p and, if Pi does, Pi over beta_Pi [element, 0, 3 or 4].

    Raises ValueError if the stress is not of the surface.
    """
    if stress is None:
        return surface[:, :0]
    rows = stress.rows.to(surface)
    if len(rows) != len(surface):
        raise ValueError(f"{len(surface)} elements of a surface and {len(rows)} of its stress: they go together")
    shear = rows[:, :3] / stress.enthalpy
    return torch.cat([shear, rows[:, 3:] / stress.stiffness], 1) if stress.stiffness > 0 else shear


class Emission:
    """What single elements emit [element, pT, phi] at one temperature and with one kind of particle."""

    def __init__(self, temperature: float, momenta: Momenta, species: Species, like: Tensor, sound2: float = 1 / 3):
        """In the precision of `like` and where it is; sound2: c_s^2, of which bulk pressure asks."""
        self.temperature, self.sound2 = temperature, sound2
        self.sign, self.mass = (1.0 if species.boson else -1.0), species.mass
        self.pt = momenta.pt.to(like)
        self.mt = (self.pt**2 + species.mass**2).sqrt()
        phi = momenta.phi.to(like)
        self.cos, self.sin = phi.cos(), phi.sin()
        self.density = species.degeneracy / (2 * math.pi * HBARC) ** 3

    def ideal(self, part: Tensor) -> Tensor:
        """Of rows [element, 7] with f in equilibrium."""
        still, rise = self._moments(part, 2, 0)
        along, ahead = self._through(part)
        return self.density * (ahead * rise + along * still)

    def viscous(self, part: Tensor, strain: Tensor) -> Tensor:
        """Of rows with f + delta f, for strains as of `strains_of`."""
        found = self.ideal(part)
        if strain.shape[1]:
            found = found + self.shear(part, strain[:, :3])
        return found + self.bulk(part, strain[:, 3]) if strain.shape[1] > 3 else found

    def shear(self, part: Tensor, shear: Tensor) -> Tensor:
        """Of rows with delta f alone, for pi^xx, pi^xy, pi^yy over e + p [element, 3]."""
        moments = self._moments(part, 4, 1)
        low, high = self._through(part)
        q0, q1, q2 = self._pull(part, shear)
        products = q0 * low, q1 * low + q0 * high, q2 * low + q1 * high, q2 * high  # in powers of cosh eta
        total = sum((one * moment for one, moment in zip(products, moments, strict=True)), torch.zeros_like(low))
        return self.density * total

    def bulk(self, part: Tensor, bulk: Tensor) -> Tensor:
        """Of rows with delta f alone, for Pi over beta_Pi [element]: of 1/E no Bessel functions make an integral."""
        total = torch.zeros_like(self._through(part)[0])
        for _, warmth, f, through in self._rapidities(part, STEPS):
            total = total + through * (1 + self.sign * f) * self._softening(warmth)
        return bulk[:, None, None] * total

    def cut(self, part: Tensor, strain: Tensor) -> Tensor:
        """Of rows with f + delta f, |delta f| <= f."""
        q0, q1, q2 = self._pull(part, strain[:, :3])
        bulk = strain[:, 3, None, None] if strain.shape[1] > 3 else 0.0
        total = torch.zeros_like(q0)
        for rise, warmth, f, through in self._rapidities(part, CUT_STEPS):
            pull = q0 + rise * (q1 + rise * q2) + bulk * self._softening(warmth)
            total = total + through * (1 + (pull * (1 + self.sign * f)).clamp(-1, 1))
        return total

    def _rapidities(self, part: Tensor, steps: int) -> Iterator[tuple[Tensor, ...]]:
        """cosh eta, p.u/T, f and what goes through; trapezoids in eta, over which the exponent grows by `FAR`."""
        low, high = self._through(part)
        z, exponent = self._exponent(part)
        step = (torch.acosh(1 + FAR / z) / steps)[..., None]
        for k in range(steps):
            rise = torch.cosh(k * step)
            warmth = z[..., None] * (rise - 1) - exponent
            f = 1 / (torch.exp(warmth) - self.sign)
            yield rise, warmth, f, (low + rise * high) * f * (self.density * step * (2 if k else 1))

    def _softening(self, warmth: Tensor) -> Tensor:
        """-(c_s^2 E - k^2/(3 E))/T at E/T."""
        return (1 / 3 - self.sound2) * warmth - (self.mass / self.temperature) ** 2 / (3 * warmth)

    def _exponent(self, part: Tensor) -> tuple[Tensor, Tensor]:
        """z = mT u^0/T [element, pT], and -p.u/T [element, pT, phi] at eta = 0."""
        ux, uy = part.T[2:4, :, None]
        z = self.mt * (1 + ux**2 + uy**2).sqrt() / self.temperature
        return z, self.pt[:, None] * ((ux * self.cos + uy * self.sin) / self.temperature)[:, None] - z[..., None]

    def _through(self, part: Tensor) -> tuple[Tensor, Tensor]:
        """p.dS = first + second cosh eta, [element, pT, phi] and [element, pT, 1]."""
        st, sx, sy = part.T[4:, :, None]
        return self.pt[:, None] * (sx * self.cos + sy * self.sin)[:, None], (self.mt * st)[..., None]

    def _pull(self, part: Tensor, shear: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """p_mu p_nu pi^(mu nu)/(2 T^2 (e + p)) as a polynomial in cosh eta: factors of its powers 0, 1, 2."""
        ux, uy = part.T[2:4, :, None]
        xx, xy, yy = shear.T[:, :, None] / (2 * self.temperature**2)
        u0 = (1 + ux**2 + uy**2).sqrt()
        tx, ty = (ux * xx + uy * xy) / u0, (ux * xy + uy * yy) / u0
        tt = (ux * tx + uy * ty) / u0
        beam = tt - xx - yy  # tau^2 pi^(eta eta)
        pt, mt = self.pt[:, None], self.mt[:, None]
        across = xx * self.cos**2 + 2 * xy * self.sin * self.cos + yy * self.sin**2
        along = tx * self.cos + ty * self.sin
        return (
            pt**2 * across[:, None] - mt**2 * beam[..., None],
            -2 * pt * mt * along[:, None],
            mt**2 * (tt + beam)[..., None],
        )

    def _moments(self, part: Tensor, count: int, power: int) -> list[Tensor]:
        """Int d eta cosh^k(eta) sum_n n^power (+-)^(n+1) exp(-n p.u/T) for k below `count`."""
        z, exponent = self._exponent(part)
        factor = self.sign * exponent.exp_()
        n = torch.arange(1, TERMS + 1, dtype=part.dtype, device=part.device)
        nz = z[..., None] * n
        k0 = torch.special.scaled_modified_bessel_k0(nz)
        k1 = torch.special.scaled_modified_bessel_k1(nz)
        terms = [k0, k1]
        if count > 2:  # K2 and K3 by their recurrence
            terms += [k0 + k1 / nz, k1 + (k0 + 2 * k1 / nz) / nz]
        found: list[Tensor] = []
        for term in terms:
            term = 2 * self.sign * term * n**power
            total = torch.zeros_like(factor)
            for k in range(TERMS - 1, -1, -1):  # Horner, in powers of the factor
                total = total.add_(term[..., k : k + 1]).mul_(factor)
            found.append(total)
        return found
