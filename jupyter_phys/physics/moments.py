"""Position and gradient widths of a packet psi ~ l(x): the uncertainty relation of a positive function.

After Zhang et al., arXiv:2205.01493; definitions, norm form and estimators are ours. With psi^2 ~ l^2 on a domain,
<x_i> and Delta x_i are mean and width of x_i under psi^2, Delta p_i^2 = int (d_i psi)^2 dx - <p_i>^2 with
<p_i> = int psi d_i psi dx, and c_i = int (x_i - <x_i>) psi d_i psi dx. Delta x_i Delta p_i >= |c_i| always
(Cauchy-Schwarz, for samples too); |c_i| = 1/2 where psi vanishes at the edge of the domain.

Samples x_k = reference + u_k have weights a_k = 1/q(x_k), losses l_k and slopes G_k: the gradient of l in a box, with
a Gaussian window of scale s around the reference (x drawn from it, a = 1) `windowed` of it.

psi may be complex, as in quantum mechanics: then <p_i> = int psi* d_i psi dx is i times the momentum, and
c_i = int (x_i - <x_i>) psi* d_i psi dx has the covariance of position and momentum as imaginary part, so that
Delta x_i Delta p_i >= |c_i| is the relation of Robertson and Schroedinger.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import torch
from torch import Tensor

BLOCKS = 20  # independent parts of the samples, whose scatter gives the errors


def windowed(loss: Tensor, gradient: Tensor, offset: Tensor, scale: float) -> Tensor:
    """The slope of a packet l(x) exp(-|u|^2 / 4 s^2) over its window: g - l u / 2 s^2, like `gradient` [n, d]."""
    return torch.addcmul(gradient, loss[:, None], offset, value=-1 / (2 * scale**2))


@dataclass(frozen=True)
class Sums:
    """Sums over samples, by label and block, [label, block] or [label, block, d]: they add across chunks and devices.

    float64 where the device has it. Eight arrays, of which six have the size of an input a block; with a complex psi
    the last two are complex.
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
    def empty(
        cls, labels: int, d: int, *, blocks: int = BLOCKS, device: torch.device | str = "cpu", is_complex: bool = False
    ) -> Self:
        """Sums of nothing, for `labels` packets of `d` coordinates."""
        real = accumulator(device)
        kinds = [real] * 4 + [real.to_complex() if is_complex else real] * 2
        whole = [torch.zeros(labels, blocks, dtype=real, device=device) for _ in range(2)]
        return cls(*whole, *(torch.zeros(labels, blocks, d, dtype=kind, device=device) for kind in kinds))

    def add(self, label: int, block: int, loss: Tensor, slope: Tensor, offset: Tensor, weight: Tensor) -> None:
        """Count samples in place: loss, weight [n], slope, offset [n, d]; weight and offset in the sums' precision."""
        where = label, block
        loss, slope = loss.to(self.lg.dtype), slope.to(self.lg.dtype)
        density, conjugate = weight * _square(loss), weight * loss.conj()
        self.l2[where] += density.sum()
        self.l4[where] += (density**2).sum()
        self.u[where] += density @ offset
        self.uu[where] += density @ offset.square()
        self.lg[where] += conjugate @ slope
        self.lug[where] += conjugate @ (offset * slope)
        steep = _square(slope)
        self.gg[where] += weight @ steep
        self.g4[where] += weight**2 @ steep.square_()

    def put(self, part: Self, block: int) -> None:
        """Count the sums of another, whose first block is our `block`, in place."""
        for one in fields(self):
            mine, its = getattr(self, one.name), getattr(part, one.name)
            mine[:, block : block + its.shape[1]] += its

    @classmethod
    def of_blocks(cls, loss: Tensor, slope: Tensor, offset: Tensor, weight: Tensor) -> Self:
        """Of one label, many small blocks at once: loss, weight [block, n], slope, offset [block, n, d]."""
        complete = slope.to(weight.dtype.to_complex() if slope.is_complex() else weight.dtype)
        loss = loss.to(complete.dtype)
        density, conjugate = weight * _square(loss), weight * loss.conj()
        steep = _square(complete)
        found = (
            density.sum(1), (density**2).sum(1), torch.einsum("bn,bnd->bd", density, offset),
            torch.einsum("bn,bnd->bd", density, offset.square()), torch.einsum("bn,bnd->bd", weight, steep),
            torch.einsum("bn,bnd->bd", weight**2, steep.square()), torch.einsum("bn,bnd->bd", conjugate, complete),
            torch.einsum("bn,bnd->bd", conjugate, offset * complete),
        )  # fmt: skip
        return cls(*(one[None] for one in found))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Blocks of several after one another."""
        return cls(*(torch.cat(several, 1) for several in zip(*(one.tensors() for one in parts), strict=True)))

    def tensors(self) -> list[Tensor]:
        """In the order of the fields."""
        return [getattr(self, one.name) for one in fields(self)]

    def plus(self, other: Self) -> Self:
        """Block by block."""
        return type(self)(*(a + b for a, b in zip(self.tensors(), other.tensors(), strict=True)))

    def in_blocks_of(self, count: int) -> Self:
        """So many neighbouring blocks as one."""
        return type(self)(*(one.unflatten(1, (-1, count)).sum(2) for one in self.tensors()))

    def chosen(self, blocks: Tensor) -> Self:
        """Those blocks of a mask."""
        return type(self)(*(one[:, blocks] for one in self.tensors()))

    def total(self) -> Self:
        """All blocks together, as one."""
        return type(self)(*(one.sum(1, keepdim=True) for one in self.tensors()))

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
    mean_p: Tensor  # complex if psi is
    delta_p: Tensor
    correlation: Tensor  # c_i, complex if psi is
    product: Tensor
    bound: Tensor  # |c_i|, which the product cannot fall below
    ess: Tensor  # effective number of samples of psi^2, S^2/Q
    ess_p: Tensor  # of Delta p: it sees rare steep regions, which psi^2 does not; NaN where all slopes are 0


def moments(sums: Sums) -> Moments:
    """Moments of each label's packet over all blocks; NaN where the packet is zero or not finite."""
    s = sums.total()
    l2 = s.l2[:, 0, None]
    x, p = s.u[:, 0] / l2, s.lg[:, 0] / l2
    delta_x = (s.uu[:, 0] / l2 - x**2).clamp_min(0).sqrt()
    delta_p = (s.gg[:, 0] / l2 - _square(p)).clamp_min(0).sqrt()
    correlation = s.lug[:, 0] / l2 - x * p
    ess = s.l2[:, 0] ** 2 / s.l4[:, 0]
    ess_p = s.gg[:, 0] ** 2 / s.g4[:, 0]
    return Moments(x, delta_x, p, delta_p, correlation, delta_x * delta_p, correlation.abs(), ess, ess_p)


def sharpened(found: Moments) -> Moments:
    """Moments under a Gaussian window, where the real part of c is -1/2 exactly: the product is at least 1/2.

    What the sampled one is off by comes from the same fluctuations of the window's own part of u^2 that move
    Delta x and Delta p, both by the same factor to first order; dividing it out leaves the error of what the loss adds.
    """
    twice = 2 * found.correlation.real.abs()
    factor = twice.sqrt()
    return found._replace(
        delta_x=found.delta_x / factor, delta_p=found.delta_p / factor, product=found.product / twice,
        bound=found.bound / twice,
    )  # fmt: skip


def _square(values: Tensor) -> Tensor:
    """|z|^2."""
    return values.real.square() + values.imag.square() if values.is_complex() else values.square()


class Errors(NamedTuple):
    """Standard errors of `Moments`, [label, d]."""

    delta_x: Tensor
    delta_p: Tensor
    product: Tensor
    bound: Tensor


def jackknife(
    sums: Sums, of: Callable[[Tensor], Tensor] = lambda values: values, by: Callable[[Sums], Moments] = moments
) -> Errors:
    """Block jackknife: SE^2 = (K - 1)/K sum_b (theta_b - mean)^2 with block b of K left out.

    of: what of each quantity [label, d] the error is asked for, a mean over coordinates, say; as it is by default.
    by: how the quantities come from sums.
    """
    count, mean, square = 0, None, None
    for now in _left_out(sums, of, by):
        count += 1
        if mean is None or square is None:
            mean, square = now, torch.zeros_like(now)
            continue
        step = now - mean  # Welford: no K arrays, no cancellation
        mean = mean + step / count
        square = square + step * (now - mean)
    assert square is not None
    return Errors(*((count - 1) / count * square).sqrt())


def replicates(
    sums: Sums, of: Callable[[Tensor], Tensor] = lambda values: values, by: Callable[[Sums], Moments] = moments
) -> Tensor:
    """What `of` makes of each of `Errors` [label, d] without each block, [block, quantity, ...], for `spread`."""
    return torch.stack(list(_left_out(sums, of, by)))


def spread(replicates: Tensor) -> Tensor:
    """Standard error as in `jackknife` of [block, ...]; of several packets with the same draws block by block too."""
    blocks = len(replicates)
    return ((blocks - 1) / blocks * (replicates - replicates.mean(0)).square().sum(0)).sqrt()


def _left_out(sums: Sums, of: Callable[[Tensor], Tensor], by: Callable[[Sums], Moments]) -> Iterator[Tensor]:
    for part in map(by, sums.without_each()):
        yield torch.stack([of(getattr(part, name)) for name in Errors._fields])


def slope_excess(sums: Sums) -> Tensor:
    """How many standard errors <p> is off zero, [label], along the direction v in which <x> is off the reference.

    Under a window <p> = 0 exactly, if the gradient is that of the loss. v = A/|A| comes from one half of the blocks
    and sum_i v_i D_i / S, over its scatter between blocks, from the other; of both ways round the smaller is given,
    as few effective samples have heavy tails. NaN with less than four blocks.
    """
    return torch.minimum(_slope_excess(sums, 0), _slope_excess(sums, 1))


def _slope_excess(sums: Sums, start: int) -> Tensor:
    v = sums.u[:, start::2].sum(1)
    v = v / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    along, l2 = (sums.lg[:, 1 - start :: 2].real * v[:, None]).sum(2), sums.l2[:, 1 - start :: 2]
    mean = along.sum(1, keepdim=True) / l2.sum(1, keepdim=True)
    blocks = l2.shape[1]
    scatter = (along - mean * l2).square().sum(1) * blocks / (blocks - 1) if blocks > 1 else torch.nan * l2.sum(1)
    return along.sum(1).abs() / scatter.sqrt()


def accumulator(device: torch.device | str) -> torch.dtype:
    """float64 where the device has it."""
    return torch.float32 if torch.device(device).type == "mps" else torch.float64


KERNELS = (moments, jackknife, replicates, slope_excess)  # pure: no checks, nothing leaves the device
