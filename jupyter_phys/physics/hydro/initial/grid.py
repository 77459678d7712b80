"""The square grid of the transverse plane, and Gaussians on it."""

from dataclasses import dataclass

import torch
from torch import Tensor

FAINTEST = -40.0  # exponent, from 9 widths on: smaller numbers and their products are no longer normal in float32, slow
ALIGNED = 8  # cells that rows are filled up to: else the last bit of a product depends on its place in the batch (MKL)
NARROWEST = 0.7  # width of a Gaussian in cells: the sum over cells is its integral to 1.3e-4, and to 1e-8 from 1 on


@dataclass(frozen=True)
class Grid:
    """n x n cells of dx fm, centred on 0: where fields live, and in which precision.

    Raises ValueError for no cells or cells without a size.
    """

    n: int
    dx: float
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float64

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 < self.dx < float("inf"):
            raise ValueError(f"n={self.n}, dx={self.dx}: choose at least 1 cell, and a positive size in fm")
        if not self.dtype.is_floating_point:
            raise ValueError(f"dtype {self.dtype}: choose a floating one, torch.float32 or torch.float64")

    @property
    def axis(self) -> Tensor:
        """Centres of the cells along x or y [n], fm."""
        return self._centres(self.n)

    def _centres(self, n: int) -> Tensor:
        return ((torch.arange(n, dtype=torch.float64) - (self.n - 1) / 2) * self.dx).to(self.device, self.dtype)

    def plane(self) -> tuple[Tensor, Tensor]:
        """x and y of the cells [y, x], fm."""
        axis = self.axis
        return axis.expand(self.n, self.n), axis[:, None].expand(self.n, self.n)

    def smeared(self, x: Tensor, y: Tensor, weight: Tensor, width: float) -> Tensor:
        """Sum of weight exp(-((x - x_i)^2 + (y - y_i)^2)/(2 width^2))/(2 pi width^2) [event, y, x], in 1/fm^2.

        x, y in fm and weight: [event, point]. Raises ValueError where the cells are too large for the width.
        """
        self.check(width)
        axis, over = self._centres(-(-self.n // ALIGNED) * ALIGNED), -0.5 / width**2
        along, across = ((axis - one.to(axis)[..., None]).square_().mul_(over) for one in (x, y))
        along, across = (one.clamp_min_(FAINTEST).exp_() for one in (along, across))
        across *= (weight.to(axis) / (2 * torch.pi * width**2))[..., None]
        return torch.bmm(across.transpose(1, 2), along)[:, : self.n, : self.n].contiguous()

    def check(self, width: float) -> None:
        """Raises ValueError where the cells are too large for Gaussians of that width."""
        if not NARROWEST * self.dx <= width < float("inf"):
            raise ValueError(
                f"Gaussians of width {width} fm on cells of {self.dx} fm: choose dx <= {width / NARROWEST:.3g}"
            )
