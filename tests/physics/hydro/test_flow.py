"""Observables of spectra that are known, and the statistics of sampled ones."""

from __future__ import annotations

import math

import pytest
import torch
from pretended import Crossings, Pretend
from torch import Tensor
from torch._subclasses import FakeTensorMode

from jupyter_phys.physics.hydro.flow import flow, mean_pt, sampled
from jupyter_phys.physics.hydro.spectra import Momenta, gaussian_momenta

WARMTH = 0.25  # GeV


def spectrum(momenta: Momenta, v2: float = 0.06, v3: float = 0.02) -> Tensor:
    """300 exp(-pT/T) with v_n ~ pT/T, so that v_n = 2 v_n(T), towards 0.7 and -0.4."""
    pt, phi = momenta.pt[:, None], momenta.phi
    round_about = 1 + 2 * pt / WARMTH * (v2 * (2 * (phi - 0.7)).cos() + v3 * (3 * (phi + 0.4)).cos())
    return (300 * torch.exp(-pt / WARMTH) * round_about)[None]


def test_of_a_known_spectrum():
    momenta = gaussian_momenta()
    rho = torch.cat([spectrum(momenta), spectrum(momenta, 0.03, 0.0)])
    found = flow(rho, momenta, (1, 2, 3))
    assert float(momenta.integral(rho)[0]) == pytest.approx(300 * 2 * math.pi * WARMTH**2, rel=1e-6)
    assert mean_pt(rho, momenta).tolist() == pytest.approx([2 * WARMTH] * 2, rel=1e-6)
    assert found.v.shape == (2, 3) and found.v_of_pt.shape == (2, 3, 15)
    assert found.v[0].tolist() == pytest.approx([0, 0.12, 0.04], abs=1e-6)
    assert found.v[1].tolist() == pytest.approx([0, 0.06, 0], abs=1e-6)
    assert found.plane[0, 1:].tolist() == pytest.approx([0.7, -0.4], abs=1e-6)
    torch.testing.assert_close(found.v_of_pt[0, 1], 0.06 * momenta.pt / WARMTH, rtol=1e-6, atol=1e-8)


def test_flow_across_the_plane_is_negative():
    momenta = gaussian_momenta()
    rho = spectrum(momenta)
    rho[:, :4] = spectrum(momenta, -0.06, 0.02)[:, :4]
    assert bool((flow(rho, momenta).v_of_pt[0, 0, :4] < 0).all())


def test_of_one_event_and_in_single_precision():
    momenta = gaussian_momenta()
    rho = spectrum(momenta)[0].float()
    found = flow(rho, momenta)
    assert found.v.dtype == torch.float32 and found.v.tolist() == pytest.approx([0.12, 0.04], abs=1e-5)
    assert float(mean_pt(rho, momenta)) == pytest.approx(0.5, rel=1e-5)


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_counts_are_poissonian():
    momenta, events = gaussian_momenta(), 2000
    rho = spectrum(momenta, 0.02, 0.01).expand(events, -1, -1)
    found = sampled(rho, momenta, generators(*range(events)))
    mean = rho[0] * momenta.cells(rho)
    off = ((found.counts.mean(0) - mean) / (mean / events).sqrt())[mean * events > 5]
    assert float(off.pow(2).mean()) == pytest.approx(1, abs=6 * math.sqrt(2 / off.numel()))
    total = found.counts.sum((1, 2))
    assert float(total.var() / total.mean()) == pytest.approx(1, abs=6 * math.sqrt(2 / events))
    torch.testing.assert_close(found.rho * momenta.cells(rho), found.counts)
    assert torch.equal(found.counts, found.counts.round())


def test_oversamples_come_closer():
    momenta = gaussian_momenta()
    rho = spectrum(momenta, 0.02, 0.01)
    found = sampled(rho, momenta, generators(0), oversamples=10**8)
    assert float(found.counts.sum()) == pytest.approx(1e8 * float(momenta.integral(rho)), rel=1e-3)
    torch.testing.assert_close(found.rho[:, :8], rho[:, :8], rtol=0.05, atol=0)
    assert flow(found.rho, momenta).v[0].tolist() == pytest.approx([0.04, 0.02], abs=1e-4)


def test_an_event_is_drawn_from_its_own_generator():
    momenta = gaussian_momenta()
    rho = spectrum(momenta).expand(2, -1, -1)
    first, second = sampled(rho, momenta, generators(1, 2)).counts
    assert torch.equal(sampled(rho, momenta, generators(2, 1)).counts, torch.stack([second, first]))
    assert torch.equal(sampled(rho[:1].float(), momenta, generators(1)).counts[0].double(), first)


def test_nothing_is_drawn_where_there_is_less_than_nothing_and_what_cannot_be():
    momenta = gaussian_momenta()
    rho = -spectrum(momenta)
    assert float(sampled(rho, momenta, generators(0)).counts.abs().max()) == 0
    with pytest.raises(ValueError, match="1 events and 2 generators"):
        sampled(rho, momenta, generators(0, 1))
    with pytest.raises(ValueError, match="oversamples=0"):
        sampled(rho, momenta, generators(0), 0)


def test_nothing_leaves_the_device():
    with FakeTensorMode(), Pretend(), Crossings() as crossings:
        pt, phi = torch.ones(3), torch.ones(4)
        momenta, rho = Momenta(pt, pt, phi, phi), torch.ones(2, 3, 4, device="cuda")
        found = flow(rho, momenta)
        assert found.v.is_cuda and found.plane.is_cuda and found.v_of_pt.is_cuda and mean_pt(rho, momenta).is_cuda
    assert crossings.count > 10
