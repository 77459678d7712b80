"""Binned Cooper-Frye against known spectra and against the sum over elements."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from pretended import Crossings, Pretend
from scipy import special
from torch import Tensor
from torch._subclasses import FakeTensorMode

from jupyter_phys.physics.hydro.binned import Bins, Response
from jupyter_phys.physics.hydro.eos import crossover
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.spectra import (
    KAON,
    PION,
    PROTON,
    Momenta,
    Species,
    Stress,
    cooper_frye,
    gaussian_momenta,
)
from jupyter_phys.physics.hydro.surface import crossings
from jupyter_phys.physics.units import HBARC

T, W = 0.137, 0.14460  # s95p-v1
LEVEL, SOUND2, STIFFNESS = 0.12227, 0.1628, 0.0631
BINS = Bins()
SOFT = slice(0, 11)  # pT < 2 GeV


@cache
def response(species: Species = PION, viscous: bool = False) -> Response:
    return Response.of(BINS, T, gaussian_momenta(), species, viscous)


@cache
def fireballs() -> tuple[Tensor, Tensor]:
    """Surface of a lumpy event and of a smooth one, on a coarse grid, and a pi^(mu nu) of some per cent there."""
    at = (torch.arange(41, dtype=torch.float64) - 20) * 0.3
    y, x = torch.meshgrid(at, at, indexing="ij")
    spots = torch.randn(12, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    lumps = sum(torch.exp(-((x - 1.3 * a) ** 2 + (y - 1.3 * b) ** 2) / 0.7) for a, b in spots.tolist())
    e = torch.stack([torch.as_tensor(lumps) / torch.as_tensor(lumps).max(), torch.exp(-(x**2) / 5 - y**2 / 9)])
    fluid = torch.stack([30 * e + 1e-4, 0 * e, 0 * e], 1)
    scheme = Scheme(crossover(), 0.3)
    state, rows = scheme.begin(fluid, 0.6), []
    while float(state.fluid[:, 0].max()) > LEVEL:
        after = scheme.step(state, 0.1)
        rows.append(crossings(state.fluid, after.fluid, (state.tau, after.tau), LEVEL, 0.3))
        state = after
    surface = torch.cat(rows)
    pi = torch.randn(len(surface), 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    return surface, (0.02 + 0.05 * pi) * W


@pytest.mark.parametrize("species", [PION, KAON, PROTON])
@pytest.mark.parametrize("viscous", [False, True])
def test_equals_the_sum_over_elements(species: Species, viscous: bool):
    surface, pi = fireballs()
    surface, pi = surface[::4], pi[::4]  # as hard a test, and sooner done
    stress = Stress(pi, W) if viscous else None
    assert len(surface) > 3000
    direct = cooper_frye(surface, 2, T, gaussian_momenta(), species, stress)
    found = response(species, viscous).spectra(BINS.weights(surface, 2, stress))
    torch.testing.assert_close(found[:, SOFT], direct[:, SOFT], rtol=2e-4, atol=0)
    height = direct.abs().amax(-1, keepdim=True)
    assert float(((found - direct) / height).abs().max()) < 3e-3
    if viscous:
        change = direct - cooper_frye(surface, 2, T, gaussian_momenta(), species)
        assert float((change / height)[:, SOFT].abs().max()) > 0.05


@pytest.mark.parametrize("species", [PION, PROTON])
def test_bulk_pressure_equals_the_sum_over_elements(species: Species):
    surface, pi = (one[::16] for one in fireballs())
    stress = Stress(pi, W, SOUND2, STIFFNESS)
    some = Response.of(BINS, T, gaussian_momenta(), species, sound2=SOUND2)
    weights = BINS.weights(surface, 2, stress)
    direct, found = cooper_frye(surface, 2, T, gaussian_momenta(), species, stress), some.spectra(weights)
    torch.testing.assert_close(found[:, SOFT], direct[:, SOFT], rtol=3e-4, atol=0)
    sheared = some.spectra(weights[:12])
    assert float((found / sheared - 1)[:, SOFT].abs().max()) > 0.05
    torch.testing.assert_close(sheared, response(species, True).spectra(weights[:12]), rtol=1e-12, atol=0)


def test_a_static_cylinder():
    surface = torch.tensor([[0, 10, 0, 0, 10 * math.pi * 25, 0, 0]], dtype=torch.float64)
    pt = torch.tensor([0.1, 0.5, 1.0, 2.0], dtype=torch.float64)
    some = Response.of(BINS, T, Momenta(pt, pt, torch.arange(8, dtype=torch.float64), pt))
    expected = torch.tensor([70.075139, 6.910392, 0.2539314, 2.447759e-4], dtype=torch.float64)
    found = some.spectra(BINS.weights(surface, 1))
    torch.testing.assert_close(found, expected[None, :, None].expand(1, 4, 8), rtol=1e-3, atol=0)


def test_its_yield():
    surface = torch.tensor([[0, 10, 0, 0, 10 * math.pi * 25, 0, 0]], dtype=torch.float64)
    found = gaussian_momenta().integral(response().spectra(BINS.weights(surface, 1)))
    assert float(found) == pytest.approx(23.475733, rel=1e-5)


def test_a_cylinder_that_expands():
    """Flow rapidity 0.8 r/R; an integral over r with I0 and K1 (as in test_spectra)."""
    r, dr = (torch.arange(400, dtype=torch.float64) + 0.5) / 80, 1 / 80
    angle = torch.arange(48, dtype=torch.float64) * 2 * math.pi / 48
    u = torch.sinh(0.8 * r / 5)[:, None]
    zero = torch.zeros(400, 48, dtype=torch.float64)
    area = zero + (10 * r * dr * 2 * math.pi / 48)[:, None]
    surface = torch.stack([zero, zero + 10, u * angle.cos(), u * angle.sin(), area, zero, zero], -1).view(-1, 7)
    momenta = gaussian_momenta()
    found = response().spectra(BINS.weights(surface, 1))[0]
    for i in (2, 7, 9):
        pt = float(momenta.pt[i])
        mt = math.hypot(pt, PION.mass)
        far, near = (mt / T * torch.cosh(0.8 * r / 5)).numpy(), (pt / T * torch.sinh(0.8 * r / 5)).numpy()
        terms = [special.kve(1, n * far) * special.ive(0, n * near) * np.exp(n * (near - far)) for n in range(1, 40)]
        rings = torch.from_numpy(np.sum(terms, 0)) * r * dr
        expected = 10 * 2 * mt * 2 * math.pi * float(rings.sum()) / (2 * math.pi * HBARC) ** 3
        torch.testing.assert_close(found[i], torch.full_like(found[i], expected), rtol=1e-4, atol=0)


def test_a_turned_event_has_a_turned_spectrum():
    surface, pi = fireballs()
    surface, pi, turn = surface[surface[:, 0] == 0], pi[surface[:, 0] == 0], 0.4321
    matrix = torch.tensor([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], dtype=torch.float64)
    turned = surface.clone()
    turned[:, 2:4], turned[:, 5:7] = surface[:, 2:4] @ matrix, surface[:, 5:7] @ matrix
    tensor = pi[:, [0, 1, 1, 2]].view(-1, 2, 2)
    pulled = pi.clone()
    pulled[:, :3] = (matrix.T @ tensor @ matrix).flatten(1)[:, [0, 1, 3]]
    momenta = gaussian_momenta()
    ahead = Response.of(BINS, T, momenta._replace(phi=momenta.phi + turn), viscous=True)
    one = response(viscous=True).spectra(BINS.weights(surface, 1, Stress(pi, W)))
    other = ahead.spectra(BINS.weights(turned, 1, Stress(pulled, W)))
    torch.testing.assert_close(other[:, SOFT], one[:, SOFT], rtol=2e-4, atol=0)


def test_weights_add_up_over_parts_and_know_their_events():
    surface, _ = fireballs()
    whole = BINS.weights(surface, 3)
    torch.testing.assert_close(BINS.weights(surface[:999], 3) + BINS.weights(surface[999:], 3), whole)
    alone = surface[surface[:, 0] == 1].clone()
    alone[:, 0] = 0
    torch.testing.assert_close(BINS.weights(alone, 1)[:, 0], whole[:, 1])
    assert float(whole[:, 2].abs().max()) == 0
    assert BINS.weights(surface[:0], 2).shape == (3, 2, BINS.knots, BINS.azimuths)


def test_single_precision():
    surface, pi = fireballs()
    some = response(viscous=True)
    double = some.spectra(BINS.weights(surface, 2, Stress(pi, W)))
    single = some.to(surface.float()).spectra(BINS.weights(surface.float(), 2, Stress(pi.float(), W)))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single[:, SOFT].double(), double[:, SOFT], rtol=1e-4, atol=0)


def test_what_cannot_be():
    surface, pi = fireballs()
    fast = surface[:2].clone()
    fast[1, 2] = 7.0
    with pytest.raises(ValueError, match=r"flow of rapidity 2\.64, and bins up to 2\.5"):
        BINS.weights(fast, 2)
    fast[1, 2] = math.nan
    with pytest.raises(ValueError, match="flow of rapidity nan"):
        BINS.weights(fast, 2)
    with pytest.raises(ValueError, match="elements of a surface and 3 of its stress"):
        BINS.weights(surface, 2, Stress(pi[:3], W))
    with pytest.raises(ValueError, match="weights of 12 channels"):
        response().spectra(BINS.weights(surface, 2, Stress(pi, W)))
    with pytest.raises(ValueError, match="not of these bins"):
        response().spectra(Bins(azimuths=32).weights(surface, 2))
    with pytest.raises(ValueError, match="even number"):
        Response.of(Bins(azimuths=33), T, gaussian_momenta())


def test_nothing_leaves_the_device():
    some = response(viscous=True)
    with FakeTensorMode(), Pretend(), Crossings() as crossings:
        kinds = (torch.empty(one.shape, dtype=torch.complex64, device="cuda") for one in (some.kernel, some.around))
        moved = Response(BINS, *kinds)
        weights = torch.zeros(12, 5, BINS.knots, BINS.azimuths, device="cuda")
        assert moved.spectra(weights).shape == (5, 15, 48)
    assert crossings.count > 5
