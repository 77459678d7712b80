"""Cooper-Frye on surfaces whose spectra are known."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import special
from torch import Tensor

from jupyter_phys.physics.hydro.spectra import PION, PROTON, Momenta, cooper_frye, gaussian_momenta
from jupyter_phys.physics.quadrature import laguerre
from jupyter_phys.physics.units import HBARC

TAU, RADIUS, T = 10.0, 5.0, 0.137


def at(*pt: float, phi: int = 8) -> Momenta:
    momenta = torch.tensor(pt, dtype=torch.float64)
    angles = torch.arange(phi, dtype=torch.float64) * 2 * math.pi / phi
    return Momenta(momenta, torch.ones_like(momenta), angles, torch.full_like(angles, 2 * math.pi / phi))


def still() -> Tensor:
    """A static boost-invariant cylinder in one element."""
    return torch.tensor([[0, TAU, 0, 0, TAU * math.pi * RADIUS**2, 0, 0]], dtype=torch.float64)


@pytest.mark.parametrize(("pt", "rho"), [(0.1, 70.075139), (0.5, 6.910392), (1.0, 0.2539314), (2.0, 2.447759e-4)])
def test_a_static_cylinder(pt: float, rho: float):
    found = cooper_frye(still(), 1, T, at(pt))
    torch.testing.assert_close(found, torch.full_like(found, rho), rtol=1e-6, atol=0)


def test_its_yield():
    momenta = gaussian_momenta()
    assert momenta.pt[0] == pytest.approx(0.00778, abs=5e-6) and momenta.pt[-1] == pytest.approx(4.00217, abs=5e-6)
    assert momenta.phi[0] == pytest.approx(0.00386, abs=5e-6) and momenta.phi[-1] == pytest.approx(6.27932, abs=5e-6)
    found = momenta.integral(cooper_frye(still(), 1, T, momenta))
    assert float(found) == pytest.approx(23.475733, rel=1e-6)


def test_nodes_of_laguerre():
    x, weight = laguerre(15)
    for power in range(12):
        assert float((weight * x**power).sum()) == pytest.approx(math.factorial(power), rel=1e-10)


def test_a_cylinder_that_expands():
    """Flow rapidity 0.8 r/R, in rings and sectors, against an integral over r with I0 and K1."""
    rings, sectors = 60, 48
    node, weight = (
        torch.from_numpy(special.roots_legendre(rings)[0]),
        torch.from_numpy(special.roots_legendre(rings)[1]),
    )
    r, dr = RADIUS / 2 * (1 + node), RADIUS / 2 * weight
    angle = torch.arange(sectors, dtype=torch.float64) * 2 * math.pi / sectors
    u = torch.sinh(0.8 * r / RADIUS)
    area = (TAU * r * dr * 2 * math.pi / sectors)[:, None].expand(rings, sectors).flatten()
    ux, uy = ((u[:, None] * one).flatten() for one in (angle.cos(), angle.sin()))
    zero = torch.zeros_like(area)
    surface = torch.stack([zero, zero + TAU, ux, uy, area, zero, zero], 1)
    momenta = at(0.2, 0.8, 1.6, phi=16)
    found = cooper_frye(surface, 1, T, momenta)[0]
    for pt, row in zip(momenta.pt.tolist(), found, strict=True):
        mt, total = math.hypot(pt, PION.mass), 0.0
        for k, step in zip(r.tolist(), dr.tolist(), strict=True):
            rapidity = 0.8 * k / RADIUS
            total += sum(
                special.kve(1, n * mt * math.cosh(rapidity) / T) * special.ive(0, n * pt * math.sinh(rapidity) / T)
                * math.exp(-n * (mt * math.cosh(rapidity) - pt * math.sinh(rapidity)) / T) for n in range(1, 40)
            ) * k * step  # fmt: skip
        expected = TAU * 2 * mt * 2 * math.pi * total / (2 * math.pi * HBARC) ** 3
        torch.testing.assert_close(row, torch.full_like(row, expected), rtol=1e-6, atol=0)


def test_fermions_and_classical_limits():
    """At high momenta both statistics are Boltzmann's; at rest bosons crowd and fermions avoid."""
    light, heavy = (cooper_frye(still(), 1, T, at(0.01, 3.0), one)[0, :, 0] for one in (PION, PROTON))
    volume = 2 * TAU * math.pi * RADIUS**2 / (2 * math.pi * HBARC) ** 3
    masses = [(one, math.hypot(pt, one.mass)) for one in (PION, PROTON) for pt in (0.01, 3.0)]
    boltzmann = [one.degeneracy * volume * mt * special.k1(mt / T) for one, mt in masses]
    assert float(light[0]) > 1.1 * boltzmann[0] and float(light[1]) == pytest.approx(boltzmann[1], rel=1e-8)
    assert float(heavy[0]) < boltzmann[2] and float(heavy[1]) == pytest.approx(boltzmann[3], rel=1e-8)


def test_events_and_turns():
    """Elements go to their events; a surface that is turned gives a spectrum that is turned."""
    quarter = torch.tensor(
        [[0, 8, 0.6, 0.0, 3, 2, 0.5], [1, 8, 0.0, 0.6, 3, -0.5, 2], [1, 8, 0.0, 0.6, 0, 0, 0]], dtype=torch.float64
    )
    found = cooper_frye(quarter, 3, T, at(0.3, 1.0, phi=8))
    torch.testing.assert_close(found[1], found[0].roll(2, 1), rtol=1e-12, atol=0)
    assert float(found[2].abs().max()) == 0
