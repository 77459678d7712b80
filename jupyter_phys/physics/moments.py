"""Position and gradient widths of a packet psi ~ l(x): the uncertainty relation of a positive function.

After Zhang et al., arXiv:2205.01493; definitions, norm form and estimators are ours. With psi^2 ~ l^2 on a domain,
<x_i> and Delta x_i are mean and width of x_i under psi^2, Delta p_i^2 = int (d_i psi)^2 dx - <p_i>^2 with
<p_i> = int psi d_i psi dx, and c_i = int (x_i - <x_i>) psi d_i psi dx. Delta x_i Delta p_i >= |c_i| always
(Cauchy-Schwarz, for samples too); |c_i| = 1/2 where psi vanishes at the edge of the domain.

Samples x_k = reference + u_k have weights a_k = 1/q(x_k), losses l_k and slopes G_k: the gradient of l in a box, with
a Gaussian window of scale s around the reference (x drawn from it, a = 1) `windowed` of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import torch
from torch import Tensor

BLOCKS = 20  # independent parts of the samples, whose scatter gives the errors


def windowed(loss: Tensor, gradient: Tensor, offset: Tensor, scale: float) -> Tensor:
    """The slope of a packet l(x) exp(-|u|^2 / 4 s^2) over its window: g - l u / 2 s^2, like `gradient` [n, d]."""
    return gradient - loss[:, None] * offset / (2 * scale**2)


@dataclass(frozen=True)
class Sums:
    """Sums over samples, by label and block, [label, block] or [label, block, d]: they add across chunks and devices.

    float64 where the device has it. Eight arrays, of which six have the size of an input a block.
    """

    l2: Tensor  # S = sum a l^2
    l4: Tensor  # Q = sum (a l^2)^2
    u: Tensor  # A = sum a l^2 u
    uu: Tensor  # B = sum a l^2 u^2
    gg: Tensor  # C = sum a G^2
    g4: Tensor  # H = sum (a G^2)^2
    lg: Tensor  # D = sum a l G
    lug: Tensor  # E = sum a l u G

    @classmethod
    def empty(cls, labels: int, d: int, *, blocks: int = BLOCKS, device: torch.device | str = "cpu") -> Self:
        """Sums of nothing, for `labels` packets of `d` coordinates."""
        dtype = accumulator(device)
        whole = [torch.zeros(labels, blocks, dtype=dtype, device=device) for _ in range(2)]
        return cls(*whole, *(torch.zeros(labels, blocks, d, dtype=dtype, device=device) for _ in range(6)))

    def add(self, label: int, block: int, loss: Tensor, slope: Tensor, offset: Tensor, weight: Tensor) -> None:
        """Count samples in place: loss and weight [n], slope and offset [n, d], the last two in the sums' precision."""
        where = label, block
        loss, slope = loss.to(self.l2.dtype), slope.to(self.l2.dtype)
        density, steep = weight * loss**2, weight[:, None] * slope**2
        self.l2[where] += density.sum()
        self.l4[where] += (density**2).sum()
        self.u[where] += density @ offset
        self.uu[where] += density @ offset**2
        self.gg[where] += steep.sum(0)
        self.g4[where] += (steep**2).sum(0)
        self.lg[where] += (weight * loss) @ slope
        self.lug[where] += (weight * loss) @ (offset * slope)

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def total(self) -> Self:
        """All blocks together, as one."""
        return type(self)(*(getattr(self, one.name).sum(1, keepdim=True) for one in fields(self)))

    def without_each(self) -> Iterator[Self]:
        """The sums of all blocks but one, for each block."""
        whole = [getattr(self.total(), one.name) for one in fields(self)]
        for block in range(self.l2.shape[1]):
            parts = (getattr(self, one.name)[:, block : block + 1] for one in fields(self))
            yield type(self)(*(all_ - part for all_, part in zip(whole, parts, strict=True)))


class Moments(NamedTuple):
    """Of packets, [label, d]; units are those of the input, and one over it for p. `ess` is [label]."""

    mean_x: Tensor  # from the reference
    delta_x: Tensor
    mean_p: Tensor
    delta_p: Tensor
    correlation: Tensor  # c_i; the product is at least its modulus
    product: Tensor
    ess: Tensor  # effective number of samples of psi^2, S^2/Q
    ess_p: Tensor  # of Delta p: it sees rare steep regions, which psi^2 does not; NaN where all slopes are 0


def moments(sums: Sums) -> Moments:
    """Moments of each label's packet over all blocks; NaN where the packet is zero or not finite."""
    s = sums.total()
    l2 = s.l2[:, 0, None]
    x, p = s.u[:, 0] / l2, s.lg[:, 0] / l2
    delta_x = (s.uu[:, 0] / l2 - x**2).clamp_min(0).sqrt()
    delta_p = (s.gg[:, 0] / l2 - p**2).clamp_min(0).sqrt()
    correlation = s.lug[:, 0] / l2 - x * p
    ess = s.l2[:, 0] ** 2 / s.l4[:, 0]
    ess_p = s.gg[:, 0] ** 2 / s.g4[:, 0]
    return Moments(x, delta_x, p, delta_p, correlation, delta_x * delta_p, ess, ess_p)


class Errors(NamedTuple):
    """Standard errors of `Moments`, [label, d]."""

    delta_x: Tensor
    delta_p: Tensor
    product: Tensor
    correlation: Tensor


def jackknife(sums: Sums) -> Errors:
    """Block jackknife: SE^2 = (K - 1)/K sum_b (theta_b - mean)^2 with block b of K left out."""
    count, mean, square = 0, None, None
    for part in map(moments, sums.without_each()):
        now = torch.stack([getattr(part, name) for name in Errors._fields])
        count += 1
        if mean is None or square is None:
            mean, square = now, torch.zeros_like(now)
            continue
        step = now - mean  # Welford: no K arrays, no cancellation
        mean = mean + step / count
        square = square + step * (now - mean)
    assert square is not None
    return Errors(*((count - 1) / count * square).sqrt())


def accumulator(device: torch.device | str) -> torch.dtype:
    """float64 where the device has it."""
    return torch.float32 if torch.device(device).type == "mps" else torch.float64


KERNELS = (moments, jackknife)  # pure: no checks, nothing leaves the device
