"""Values of items against arrays of items."""

from torch import Tensor


def column(values: Tensor, dim: int) -> Tensor:
    """Values [n] as [n, 1, ...] with `dim` axes: they go with arrays [n, ...]."""
    return values.view(-1, *[1] * (dim - 1))
