"""Cooper-Frye on surfaces whose spectra are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pretended import Crossings, Pretend
from scipy import integrate, special
from torch import Tensor
from torch._subclasses import FakeTensorMode

from jupyter_phys.physics.hydro.spectra import (
    PION,
    PROTON,
    Momenta,
    Species,
    Stress,
    cooper_frye,
    cut_cooper_frye,
    gaussian_momenta,
)
from jupyter_phys.physics.hydro.transport import Transport
from jupyter_phys.physics.quadrature import laguerre, legendre
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


W = 0.2  # e + p, GeV/fm^3


def lively(n: int = 40) -> tuple[Tensor, Tensor]:
    """Elements in all directions with flow up to 1.5 or so, and pi^(mu nu) of some per cent of e + p."""
    generator = torch.Generator().manual_seed(1)
    rows, pi = (torch.randn(n, k, generator=generator, dtype=torch.float64) for k in (7, 4))
    rows[:, 0], rows[:, 1], rows[:, 2:4], rows[:, 4] = 0, 5, 0.5 * rows[:, 2:4], rows[:, 4].abs() + 3
    return rows, 0.03 * W * pi


def all_around() -> Momenta:
    """Up to 8 GeV, for integrals that are sharp to six digits."""
    x, weight = legendre(64)
    momenta = at(0.0, phi=64)
    return momenta._replace(pt=4 * (1 + x), pt_weight=4 * weight)


@pytest.mark.parametrize("species", [PION, PROTON])
def test_without_shear_there_is_no_change(species: Species):
    rows, pi = lively()
    momenta, none = at(0.1, 1.0, 2.5), Stress(torch.zeros_like(pi), W)
    ideal = cooper_frye(rows, 1, T, momenta, species)
    assert torch.equal(cooper_frye(rows, 1, T, momenta, species, none), ideal)
    torch.testing.assert_close(cut_cooper_frye(rows, 1, T, momenta, species, none), ideal, rtol=1e-9, atol=0)
    only_bulk = Stress(torch.tensor([0.0, 0, 0, 0.01]).expand(40, 4), W)
    assert torch.equal(cooper_frye(rows, 1, T, momenta, species, only_bulk), ideal)


@pytest.mark.parametrize("species", [PION, PROTON])
@pytest.mark.parametrize("flow", [(0.0, 0.0), (0.7, -0.4)])
@pytest.mark.parametrize("strength", [0.01, 0.3])
def test_shear_of_one_element(species: Species, flow: tuple[float, float], strength: float):
    """Against scipy's integral over eta with all of pi^(mu nu), boosted from where the fluid is at rest."""
    rest = torch.tensor([[0, 0, 0, 0], [0, 1, 0.5, 0], [0, 0.5, -0.2, 0], [0, 0, 0, -0.8]], dtype=torch.float64)
    u = torch.tensor([math.sqrt(1 + flow[0] ** 2 + flow[1] ** 2), *flow, 0], dtype=torch.float64)
    boost = torch.eye(4, dtype=torch.float64) + torch.outer(u, u) / (1 + u[0])
    boost[0], boost[:, 0] = u, u
    pi = strength * W * boost @ rest @ boost.T
    normal = [3.0, 0.8, -0.5]
    rows = torch.tensor([[0, TAU, *flow, *normal]], dtype=torch.float64)
    stress = Stress(torch.stack([pi[1, 1], pi[1, 2], pi[2, 2], pi[0, 0]])[None], W)
    momenta, sign = at(0.2, 1.3, phi=3), 1 if species.boson else -1
    metric = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64)
    lower = (metric[:, None] * pi * metric).numpy()
    flowing = (metric * u).numpy()
    for found, most in ((cooper_frye, math.inf), (cut_cooper_frye, 1.0)):
        spectrum = found(rows, 1, T, momenta, species, stress)[0]
        for i, j in ((0, 0), (1, 1), (1, 2)):
            pt, phi = float(momenta.pt[i]), float(momenta.phi[j])
            mt, px, py = math.hypot(pt, species.mass), pt * math.cos(phi), pt * math.sin(phi)

            def emitted(eta: float, mt: float = mt, px: float = px, py: float = py, most: float = most) -> float:
                p = np.array([mt * math.cosh(eta), px, py, mt * math.sinh(eta)])
                wave = math.exp(-p @ flowing / T)
                f = wave / (1 - sign * wave)
                change = (1 + sign * f) * (p @ lower @ p) / (2 * T**2 * W)
                change = max(-most, min(most, change))
                return (p[0] * normal[0] + px * normal[1] + py * normal[2]) * f * (1 + change)

            expected = 2 * integrate.quad(emitted, 0, 5, epsabs=0, epsrel=1e-9, limit=400)[0]
            expected *= species.degeneracy / (2 * math.pi * HBARC) ** 3
            assert float(spectrum[i, j]) == pytest.approx(expected, rel=1e-7 if most > 1 else 2e-3)


@pytest.mark.parametrize("species", [PION, PROTON])
def test_shear_makes_no_particles(species: Species):
    """Int p^mu delta f d^3p/E has nothing to be made of but pi^mu_mu and u_nu pi^(mu nu)."""
    rows, pi = lively()
    momenta = all_around()
    ideal = cooper_frye(rows, 1, T, momenta, species)
    change = cooper_frye(rows, 1, T, momenta, species, Stress(pi, W)) - ideal
    assert float(momenta.integral(change.abs())) > 0.01 * float(momenta.integral(ideal))
    assert abs(float(momenta.integral(change))) < 5e-6 * float(momenta.integral(ideal))


def test_shear_carries_its_momentum():
    """Of a Boltzmann gas with its own e + p = m^3 T K3(m/T)/(2 pi^2): Int p^x p.dS delta f d^3p/E = pi^(x mu) dS_mu."""
    heavy = Species(1.5)
    enthalpy = heavy.mass**3 * T * special.kn(3, heavy.mass / T) / (2 * math.pi**2 * HBARC**3)
    momenta = all_around()
    rows = torch.tensor([[0, TAU, 0.6, 0.3, 2.0, 1.0, 0.5]], dtype=torch.float64)
    xx, xy, yy = 0.03 * enthalpy, -0.02 * enthalpy, 0.01 * enthalpy
    stress = Stress(torch.tensor([[xx, xy, yy, 0]], dtype=torch.float64), enthalpy)
    change = cooper_frye(rows, 1, T, momenta, heavy, stress) - cooper_frye(rows, 1, T, momenta, heavy)
    u0 = math.sqrt(1 + 0.6**2 + 0.3**2)
    expected = 2.0 * (0.6 * xx + 0.3 * xy) / u0 + 1.0 * xx + 0.5 * xy
    found = momenta.integral(change * torch.outer(momenta.pt, momenta.phi.cos()))
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_a_stress_is_of_its_surface():
    rows, pi = lively()
    with pytest.raises(ValueError, match="40 elements of a surface and 39 of its stress"):
        cooper_frye(rows, 1, T, at(0.5), PION, Stress(pi[:39], W))


def test_single_precision_and_nothing_leaves_the_device():
    rows, pi = lively()
    momenta = at(0.1, 1.0, 2.0)
    double = cooper_frye(rows, 1, T, momenta, PION, Stress(pi, W))
    single = cooper_frye(rows.float(), 1, T, momenta, PION, Stress(pi.float(), W))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=0)
    with FakeTensorMode(), Pretend(), Crossings() as crossings:
        pt = torch.ones(3)
        momenta = Momenta(pt, pt, pt, pt)
        rows, stress = torch.ones(5, 7, device="cuda"), Stress(torch.ones(5, 4, device="cuda"), W)
        found = cooper_frye(rows, 2, T, momenta, PION, stress)
        assert momenta.integral(found).device.type == "cuda"
    assert crossings.count > 50 and found.device.type == "cuda"


# --- bulk pressure


def own(species: Species) -> tuple[float, float]:
    """c_s^2 and beta_Pi of a gas of one kind: with its own, delta f has no energy, and the pressure Pi."""
    sign = 1 if species.boson else -1

    def over_momenta(weigh: Callable[[float, float], float]) -> float:
        def inside(k: float) -> float:
            energy = math.hypot(k, species.mass)
            wave = math.exp(-energy / T)
            f = wave / (1 - sign * wave)
            return k**2 * f * (1 + sign * f) * weigh(k, energy)

        found = integrate.quad(inside, 0, 6, epsabs=0, epsrel=1e-11, limit=200)[0]
        return found * species.degeneracy / (2 * math.pi**2 * HBARC**3)

    sound2 = over_momenta(lambda k, energy: k**2 / 3) / over_momenta(lambda k, energy: energy**2)
    return sound2, over_momenta(lambda k, energy: k**2 * (k**2 / (3 * energy) - sound2 * energy) / energy) / (3 * T)


@pytest.mark.parametrize("species", [PION, PROTON])
@pytest.mark.parametrize("flow", [(0.0, 0.0), (0.7, -0.4)])
def test_bulk_pressure_of_one_element(species: Species, flow: tuple[float, float]):
    """Against scipy's integral over eta; with a shear beside it."""
    ux, uy = flow
    u0, sound2, beta, bulk, xx = math.sqrt(1 + ux**2 + uy**2), 0.16, 0.09, -0.008, 0.01 * W
    rows = torch.tensor([[0, TAU, ux, uy, 3.0, 0.8, -0.5]], dtype=torch.float64)
    momenta, sign = at(0.2, 1.3, 2.5, phi=3), 1 if species.boson else -1
    sheared, both = (Stress(torch.tensor([[xx, 0, 0, bulk]], dtype=torch.float64), W, sound2, k) for k in (0.0, beta))
    change = cooper_frye(rows, 1, T, momenta, species, both) - cooper_frye(rows, 1, T, momenta, species, sheared)
    cut = cut_cooper_frye(rows, 1, T, momenta, species, both)[0]
    whole = cooper_frye(rows, 1, T, momenta, species, both)[0]
    assert float((cut / whole - 1).abs()[:2].max()) < 2e-3  # where |delta f| hardly exceeds f
    for i, j in ((0, 0), (1, 1), (2, 2)):
        pt, phi = float(momenta.pt[i]), float(momenta.phi[j])
        mt, px, py = math.hypot(pt, species.mass), pt * math.cos(phi), pt * math.sin(phi)

        def emitted(eta: float, mt: float = mt, px: float = px, py: float = py) -> float:
            energy = u0 * mt * math.cosh(eta) - px * ux - py * uy
            wave = math.exp(-energy / T)
            f = wave / (1 - sign * wave)
            pull = sound2 * energy - (energy**2 - species.mass**2) / (3 * energy)
            through = 3.0 * mt * math.cosh(eta) + 0.8 * px - 0.5 * py
            return through * f * (1 + sign * f) * -bulk / (beta * T) * pull

        expected = 2 * integrate.quad(emitted, 0, 5, epsabs=0, epsrel=1e-10, limit=400)[0]
        expected *= species.degeneracy / (2 * math.pi * HBARC) ** 3
        assert float(change[0, i, j]) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("species", [PION, PROTON, Species(1.5)])
def test_bulk_pressure_carries_its_momentum(species: Species):
    """Of a gas alone: Int p^x p.dS delta f d^3p/E = Pi (u^x u^mu - g^(x mu)) dS_mu, with no energy in it."""
    sound2, beta = own(species)
    momenta, bulk, (ux, uy) = all_around(), -0.02 * beta, (0.6, 0.3)
    rows = torch.tensor([[0, TAU, ux, uy, 2.0, 1.0, 0.5]], dtype=torch.float64)
    stress = Stress(torch.tensor([[0, 0, 0, bulk]], dtype=torch.float64), W, sound2, beta)
    change = cooper_frye(rows, 1, T, momenta, species, stress) - cooper_frye(rows, 1, T, momenta, species)
    u0 = math.sqrt(1 + ux**2 + uy**2)
    expected = bulk * (2.0 * u0 * ux + 1.0 * (1 + ux**2) + 0.5 * ux * uy)
    found = momenta.integral(change * torch.outer(momenta.pt, momenta.phi.cos()))
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_the_solvers_stiffness_is_that_of_small_masses():
    """beta_Pi = Int f (c_s^2 E - k^2/(3 E))^2/T of a Boltzmann gas of m = T/200, against what Transport has."""
    mass, k = 1 / 200, torch.linspace(0, 45, 400_001, dtype=torch.float64)
    energy = (k**2 + mass**2).sqrt()

    def over_momenta(weight: Tensor) -> float:
        return float(torch.trapezoid(k**2 * torch.exp(-energy) * weight, k))

    softness = mass**2 / 3 * over_momenta(torch.ones_like(k)) / over_momenta(energy**2)  # 1/3 - c_s^2
    beta = over_momenta((mass**2 / (3 * energy) - softness * energy) ** 2)
    enthalpy = over_momenta(energy + k**2 / (3 * energy))
    expected = Transport(bulk=0.1).by_bulk(torch.tensor(1 / 3 - softness, dtype=torch.float64))
    assert beta / enthalpy == pytest.approx(float(expected), rel=0.02)


def test_expansion_takes_hard_particles_and_none_of_massless_ones():
    momenta, row = at(0.1, 0.5, 1.0, 2.0), torch.tensor([[0.0, 0, 0, -0.005]], dtype=torch.float64)
    ideal = cooper_frye(still(), 1, T, momenta, PROTON)
    change = cooper_frye(still(), 1, T, momenta, PROTON, Stress(row, W, 0.16, 0.09)) / ideal - 1
    assert (change[0, :, 0].diff() < 0).all() and float(change[0, 0, 0]) > 0 > float(change[0, 3, 0])
    light = Species(1e-3)
    ideal = cooper_frye(still(), 1, T, momenta, light)
    change = cooper_frye(still(), 1, T, momenta, light, Stress(row, W, 1 / 3, 0.09)) / ideal - 1
    assert float(change.abs().max()) < 1e-4
