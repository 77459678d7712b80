"""The viscous solver against the flow of Gubser with the equations of Israel and Stewart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from jupyter_phys.physics.hydro.eos import DEGREES, conformal
from jupyter_phys.physics.hydro.stress import cells_of
from jupyter_phys.physics.hydro.transport import Transport
from jupyter_phys.physics.hydro.viscous import Viscous
from jupyter_phys.physics.units import HBARC

ISRAEL = Transport(shear=0.2, tau_pipi=0.0)  # Israel, Stewart


def square(n: int, dx: float) -> tuple[Tensor, Tensor]:
    at = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * dx
    y, x = torch.meshgrid(at, at, indexing="ij")
    return x, y


def gubser(x: Tensor, y: Tensor, tau: float) -> tuple[Tensor, Tensor, Tensor]:
    """Fluid [1, 3, y, x], shear [1, 3, y, x], tau^2 pi^eta-eta: arXiv:1307.6130; q = 1/fm, eta/s = 0.2."""

    def rise(rho: float, now: np.ndarray) -> list[float]:
        t, pi = now
        tanh = math.tanh(rho)
        return [t * tanh * (pi / 3 - 2 / 3), 4 / 15 * tanh - t * pi / (5 * 0.2) - 4 / 3 * pi**2 * tanh]

    r2 = x**2 + y**2
    rho = -torch.asinh((1 - tau**2 + r2) / (2 * tau))
    both = [
        solve_ivp(rise, (0, end), [1.2, 0], rtol=1e-10, atol=1e-12, dense_output=True).sol(side.flatten().numpy())
        for end, side in ((float(rho.min()) - 1e-3, rho.clamp(max=0)), (1.0, rho.clamp(0, 1)))
    ]
    t, pi = torch.from_numpy(np.where(rho.flatten() < 0, *both)).reshape(2, *x.shape)
    e = math.pi**2 / 30 * DEGREES * t**4 * HBARC / tau**4
    v = 2 * tau / (1 + tau**2 + r2)
    gamma = 1 / (1 - v**2 * r2).sqrt()
    ux, uy, eta = gamma * v * x, gamma * v * y, pi * 4 / 3 * e
    # the same along x and y in fluid at rest: -eta/2 of delta^ij + u^i u^j
    shear = -eta / 2 * torch.stack([1 + ux * ux, ux * uy, 1 + uy * uy])
    return torch.stack([e, ux, uy])[None], shear[None], eta


def test_gubser_itself():
    """T, u^x, pi^xx, tau^2 pi^eta-eta of the files of MUSIC."""
    rows = {
        (1.2, 2): (0.136720, 1.117985, -0.216840, 0.192756),
        (1.5, 3): (0.085581, 1.082982, -0.056035, 0.051578),
        (2.0, 1): (0.109944, 0.894427, -0.007893, 0.008770),
        (2.0, 3): (0.081659, 1.664101, -0.046895, 0.024883),
    }
    for (tau, x), (t, ux, pxx, eta) in rows.items():
        at = torch.tensor([[float(x)]], dtype=torch.float64)
        fluid, shear, found = gubser(at, 0 * at, tau)
        assert float(conformal().temperature(fluid[0, 0])) == pytest.approx(t, rel=2e-4)
        assert float(fluid[0, 1]) == pytest.approx(ux, abs=2e-6)
        assert float(shear[0, 0]) == pytest.approx(pxx, rel=1e-3)
        assert float(found) == pytest.approx(eta, rel=1e-3)


def off_gubser(n: int, dx: float, dt: float) -> dict[str, float]:
    """Largest errors at tau = 2 fm, r < 3 fm, begun at 1 fm; the mean one of e."""
    x, y = square(n, dx)
    scheme, (fluid, shear, _) = Viscous(conformal(), dx, ISRAEL), gubser(x, y, 1.0)
    state = scheme.begin(fluid, 1.0, shear)
    for _ in range(round(1 / dt)):
        state = scheme.step(state, dt)
    (fluid, shear, eta), near = gubser(x, y, 2.0), x**2 + y**2 < 9
    warm = scheme.matter.temperature(state.fluid[0, 0]) / scheme.matter.temperature(fluid[0, 0])
    off = cells_of(state.cells).shear().eta[0] - eta, state.shear[0, 0] - shear[0, 0]
    assert float(state.regulated.max()) == 0
    return {
        "T": float((warm - 1)[near].abs().max()),
        "u": float((state.fluid - fluid)[0, 1][near].abs().max()),
        "eta": float(off[0][near].abs().max() / eta[near].abs().max()),
        "xx": float(off[1][near].abs().max() / shear[0, 0][near].abs().max()),
        "mean": float((state.fluid - fluid)[0, 0][near].abs().mean()),
    }


def test_gubser_and_its_order():
    """With dx = 0.05 fm, dt = 0.01 fm: T 7.0e-4, u^x 2.9e-3, tau^2 pi^eta-eta 0.5 %, pi^xx 0.8 %."""
    coarse, fine = off_gubser(51, 0.2, 0.04), off_gubser(101, 0.1, 0.02)
    assert fine["T"] < 3e-3 and fine["u"] < 1e-2 and fine["eta"] < 0.02 and fine["xx"] < 0.025
    assert math.log2(coarse["mean"] / fine["mean"]) > 1.8
