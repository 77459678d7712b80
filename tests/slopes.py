"""Spectra of two classes that differ in slope, for whatever learns from them or reads them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import xarray as xr

from jupyter_phys.physics.hydro.spectra import Momenta


def spectra(n: int, grid: Momenta, temperature: Any, v2: Any = 0.05, number: Any = 200.0, seed: int = 0) -> np.ndarray:
    """Exponential in pT, with an elliptic flow in a plane of its own: [n, pT, phi] of that dN/dy."""
    draw = np.random.default_rng(seed)
    temperature, v2, number = (
        np.broadcast_to(np.asarray(one, float), n)[:, None, None] for one in (temperature, v2, number)
    )
    pt, phi = grid.pt.numpy()[:, None], grid.phi.numpy()
    plane = draw.uniform(0, math.pi, n)[:, None, None]
    wobble = draw.normal(0.15, 0.003, n)[:, None, None]
    rho = np.exp(-pt / (temperature * wobble / 0.15)) * (1 + 2 * v2 * np.tanh(2 * pt) * np.cos(2 * (phi - plane)))
    return rho * number / grid.integral(torch.from_numpy(rho)).numpy()[:, None, None]


def dataset(cold: np.ndarray, hot: np.ndarray, grid: Momenta, names: tuple[str, str]) -> xr.Dataset:
    """Both classes as events of two equations of state."""
    return xr.Dataset(
        {"spectrum": (("subject", "event", "pT", "phi"), np.stack([cold, hot]))},
        {"subject": list(names), "pT": grid.pt.numpy(), "phi": grid.phi.numpy()},
    )
