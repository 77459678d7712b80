"""Initial states in closed form, and the eccentricities of any."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.initial.grid import Grid


def still(e: Tensor) -> Tensor:
    """e, u^x, u^y [event, 3, y, x] of a fluid at rest with energy density e [event, y, x]."""
    return torch.stack([e, torch.zeros_like(e), torch.zeros_like(e)], 1)


def gubser(grid: Grid, tau: float, *, q: float = 1.0, e0: float = 1.0) -> Tensor:
    """e, u^x, u^y [1, 3, y, x] of the ideal conformal flow of Gubser, arXiv:1006.0006, at proper time tau, fm.

    q in 1/fm; e0 is in GeV/fm^3 what the solution calls e_0, not e in the middle. Raises ValueError where tau, q or e0
    is not positive.
    """
    _positive(tau=tau, q=q, e0=e0)
    x, y = grid.plane()
    r2 = x**2 + y**2
    root2 = 1 + 2 * q**2 * (tau**2 + r2) + q**4 * (tau**2 - r2) ** 2
    flow = 2 * q**2 * tau / root2.sqrt()  # u^r/r; (1 + q^2 tau^2 + q^2 r^2)^2 (1 - v^2) is root2
    e = e0 * (2 * q) ** (8 / 3) / (tau * root2) ** (4 / 3)
    return torch.stack([e, flow * x, flow * y])[None]


def shock_tube(grid: Grid, left: float, right: float) -> Tensor:
    """e, u^x, u^y [1, 3, y, x] of fluid at rest, of energy density `left` where x < 0 and `right` where x > 0.

    Raises ValueError for energy densities that are not positive.
    """
    _positive(left=left, right=right)
    x, _ = grid.plane()
    e = torch.where(x < 0, left, torch.where(x > 0, right, (left + right) / 2))  # a cell may be half in each
    return still(e.to(grid.dtype)[None])


def spot(
    grid: Grid, peak: float, width: float | tuple[float, float], centre: tuple[float, float] = (0.0, 0.0)
) -> Tensor:
    """A Gaussian energy density [1, y, x] with its peak, GeV/fm^3, and widths along x and y, fm.

    Raises ValueError for a peak or a width that is not positive.
    """
    wx, wy = width if isinstance(width, tuple) else (width, width)
    _positive(peak=peak, width=min(wx, wy))
    x, y = grid.plane()
    return peak * torch.exp(-(((x - centre[0]) / wx) ** 2 + ((y - centre[1]) / wy) ** 2) / 2)[None]


class Eccentricity(NamedTuple):
    """eps_n [event], 0 ... 1, and the angle Phi_n [event] of the participant plane in -pi/n ... pi/n."""

    size: Tensor
    angle: Tensor


def eccentricity(field: Tensor, grid: Grid, n: int = 2) -> Eccentricity:
    """eps_n e^(i n Phi_n) = -<r^n e^(i n phi)>/<r^n> about the centre of mass of a density [event, y, x].

    Phi_n points along the short axis, whither the fluid flows. An empty event has none: NaN.

    Raises ValueError for n < 2 (about the centre of mass, n = 1 vanishes) and fields that do not fit the grid.
    """
    if n < 2:
        raise ValueError(f"n = {n}: choose 2 (elliptic), 3 (triangular) or more")
    if field.ndim != 3 or field.shape[1:] != (grid.n, grid.n):
        raise ValueError(f"a field {tuple(field.shape)}: give [event, {grid.n}, {grid.n}], such as fluid[:, 0]")
    axis = grid.axis.to(field)
    total = field.sum((1, 2))
    x, y = (axis - ((field.sum(other) @ axis) / total)[:, None] for other in (1, 2))
    z = torch.complex(x[:, None].expand_as(field), y[..., None].expand_as(field))
    power = z
    for _ in range(n - 1):
        power = power * z
    moment = torch.complex((field * power.real).sum((1, 2)), (field * power.imag).sum((1, 2)))
    return Eccentricity(moment.abs() / (field * power.abs()).sum((1, 2)), torch.angle(-moment) / n)


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} = {value}: choose a positive number")
