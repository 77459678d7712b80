"""Nodes and weights of composite Gauss-Legendre quadrature on boxes, whose sides may be infinite."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

ORDER = 16  # nodes of a panel: exact for polynomials up to degree 31
Side = tuple[float, float]


def legendre(order: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights on (-1, 1): eigenvalues of the Jacobi matrix (Golub, Welsch, Math. Comp. 23, 221 (1969))."""
    k = torch.arange(1, order, dtype=torch.float64)
    beside = k / (4 * k**2 - 1).sqrt()
    nodes, vectors = torch.linalg.eigh(beside.diag(1) + beside.diag(-1))
    return nodes, 2 * vectors[0] ** 2


def laguerre(order: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights for integrals over (0, inf) with the weight e^-x, in the same way."""
    k = torch.arange(order, dtype=torch.float64)
    nodes, vectors = torch.linalg.eigh((2 * k + 1).diag() + k[1:].diag(1) + k[1:].diag(-1))
    return nodes, vectors[0] ** 2


def line(side: Side, panels: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights, float64 [16 panels], of one side (low, high); either end may be infinite.

    An infinite side is mapped from a finite one, x = t/(1 - t^2) on (-1, 1) or x = low + (1 + t)/(1 - t), so that
    integrands falling off like x^-2 or faster are integrated; panels meet at x = 0 (or low + 1) if `panels` is even.

    Raises ValueError for a side that has no length, and for no panels.
    """
    low, high = side
    if not low < high:
        raise ValueError(f"a side goes from its low to its high end, not from {low} to {high}")
    if panels < 1:
        raise ValueError(f"panels={panels}: at least 1")
    ends = (low, high) if math.isfinite(low) and math.isfinite(high) else (-1.0, 1.0)
    nodes, weights = legendre(ORDER)
    edges = torch.linspace(*ends, panels + 1, dtype=torch.float64)
    half = edges.diff()[:, None] / 2
    t = ((edges[:-1, None] + half) + half * nodes).flatten()
    weight = (half * weights).flatten()
    if math.isfinite(low) and math.isfinite(high):
        return t, weight
    if math.isinf(low) and math.isinf(high):
        return t / (1 - t**2), weight * (1 + t**2) / (1 - t**2) ** 2
    x, weight = (1 + t) / (1 - t), weight * 2 / (1 - t) ** 2
    return (low + x, weight) if math.isinf(high) else (high - x, weight)


def box(sides: Sequence[Side], panels: int) -> tuple[Tensor, Tensor]:
    """Nodes [n, d] and weights [n], float64, of the product rule on a box with `d` sides; n = (16 panels)^d.

    Raises as `line`.
    """
    nodes, weights = zip(*(line(side, panels) for side in sides), strict=True)
    grid = torch.cartesian_prod(*nodes).view(-1, len(sides))
    return grid, torch.cartesian_prod(*weights).view(-1, len(sides)).prod(1)
