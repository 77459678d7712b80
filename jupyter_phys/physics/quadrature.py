"""Nodes and weights of composite Gauss-Legendre quadrature on boxes, in cells that split; sides may be infinite."""

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
    nodes, weights = in_cells([side], cells([side], panels))
    return nodes.flatten(), weights.flatten()


def cells(sides: Sequence[Side], panels: int) -> Tensor:
    """Low and high ends [cell, 2, d], float64, of `panels` a side: of infinite sides in the coordinate t of `line`."""
    edges = [torch.linspace(*_ends(side), panels + 1, dtype=torch.float64) for side in sides]
    low, high = (torch.cartesian_prod(*parts).view(-1, len(sides)) for parts in (
        [one[:-1] for one in edges], [one[1:] for one in edges]))  # fmt: skip
    return torch.stack([low, high], 1)


def split(parents: Tensor) -> Tensor:
    """Each cell in halves along every side: [cell 2^d, 2, d], the children of a cell one after the other."""
    d = parents.shape[2]
    low, high = parents[:, :1], parents[:, 1:]
    middle = (low + high) / 2
    corner = torch.cartesian_prod(*[torch.arange(2, device=parents.device)] * d).view(1, -1, d).bool()
    halves = torch.where(corner, middle, low), torch.where(corner, high, middle)
    return torch.stack(halves, 2).flatten(0, 1)


def in_cells(sides: Sequence[Side], parts: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes [cell, 16^d, d] and weights [cell, 16^d] in some cells, where these are."""
    d = len(sides)
    nodes, weights = (one.to(parts) for one in legendre(ORDER))
    grid = torch.cartesian_prod(*[nodes] * d).view(-1, d)
    weight = torch.cartesian_prod(*[weights] * d).view(-1, d)
    half = (parts[:, 1] - parts[:, 0])[:, None] / 2
    x = (parts[:, 0][:, None] + half) + half * grid
    weight = half * weight
    for i, side in enumerate(sides):
        x[..., i], slope = _mapped(x[..., i], side)
        weight[..., i] = weight[..., i] * slope
    return x, weight.prod(-1)


def _ends(side: Side) -> Side:
    return side if math.isfinite(side[0]) and math.isfinite(side[1]) else (-1.0, 1.0)


def _mapped(t: Tensor, side: Side) -> tuple[Tensor, Tensor]:
    """x(t) and dx/dt."""
    low, high = side
    if math.isfinite(low) and math.isfinite(high):
        return t, torch.ones_like(t)
    if math.isinf(low) and math.isinf(high):
        return t / (1 - t**2), (1 + t**2) / (1 - t**2) ** 2
    x, slope = (1 + t) / (1 - t), 2 / (1 - t) ** 2
    return (low + x, slope) if math.isinf(high) else (high - x, slope)


def box(sides: Sequence[Side], panels: int) -> tuple[Tensor, Tensor]:
    """Nodes [n, d] and weights [n], float64, of the product rule on a box with `d` sides; n = (16 panels)^d.

    Raises as `line`.
    """
    nodes, weights = zip(*(line(side, panels) for side in sides), strict=True)
    grid = torch.cartesian_prod(*nodes).view(-1, len(sides))
    return grid, torch.cartesian_prod(*weights).view(-1, len(sides)).prod(1)
