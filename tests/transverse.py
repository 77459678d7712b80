"""The transverse plane of the tests of hydrodynamics, and fluids at rest in it."""

from __future__ import annotations

import torch
from torch import Tensor


def still(e: Tensor) -> Tensor:
    """e, u^x, u^y [..., 3, y, x] at rest."""
    return torch.stack([e, torch.zeros_like(e), torch.zeros_like(e)], -3)


def square(n: int, dx: float) -> tuple[Tensor, Tensor]:
    """x and y [y, x] of n cells a side around 0."""
    at = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * dx
    y, x = torch.meshgrid(at, at, indexing="ij")
    return x, y
