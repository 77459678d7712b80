"""From spectra to what classifiers see: divided by their peak or number, then by pixel to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from jupyter_phys.instruments.eos.meter.bins import rows_read
from jupyter_phys.instruments.eos.meter.examples import Spectra

Normalise = Literal["peak", "number"]
COPIES = 3  # turned copies of the training events, beside themselves, that a pixel's mean and variance are taken over
EXPLAINED = 0.999  # share of the variance that principal components keep
AT_ONCE = 256  # inputs that moments are taken of
MARGIN = 1.5  # beyond the largest distance of events set aside


def normalised(of: Spectra, how: Normalise, highest: float) -> Tensor:
    """[n, pT, phi], float32: every spectrum over its largest value, or over dN/dy; momenta up to ``highest``.

    Taking 1/2 away, as published, is left out: the mean of a pixel goes anyway, and with 1/2 taken away float32 would
    lose the tail, six orders below the peak.

    Raises:
        Refused: fewer than 4 momenta are left, or nobody knows.
    """
    rows = rows_read(of.momenta, highest)
    rho = torch.from_numpy(of.rho)
    scale = rho.amax((1, 2)) if how == "peak" else of.momenta.integral(rho)
    return (rho / scale[:, None, None])[:, :rows].float()


@dataclass
class Scaling:
    """A power of every pixel, and its mean and spread [pT, phi] over the training events.

    The power keeps signs. As fourth roots, a tail that falls over six orders fills no more than one and a half, and is
    not drowned by the few events that have most of it. Roots are taken of spectra that have been turned, and not
    turned: a root has more harmonics than what it is taken of, where that is nearly zero.
    """

    mean: Tensor
    spread: Tensor
    power: float

    @classmethod
    def of(cls, copies: Iterable[Tensor], power: float) -> Scaling:
        """Taken from all x [n, pT, phi] together; a pixel that never changes stays 0."""
        count, mean, off = 0, torch.zeros(()), torch.zeros(())
        for x in (raised(one, power) for one in pieces(copies)):  # T. F. Chan et al., Am. Stat. 37, 242 (1983)
            here = x.mean(0)
            n, step = len(x), here - mean
            off = off + (x - here).square().sum(0) + step**2 * (count * n / (count + n))
            mean, count = mean + step * (n / (count + n)), count + n
        spread = (off / (count - 1)).sqrt()
        steady = spread <= 1e-6 * mean.abs()
        return cls(mean.float(), torch.where(steady, torch.inf, spread).float(), power)

    def to(self, like: Tensor) -> Scaling:
        """Where a tensor is."""
        return Scaling(self.mean.to(like), self.spread.to(like), self.power)

    def __call__(self, x: Tensor) -> Tensor:
        """X [..., pT, phi] in standard deviations."""
        return (raised(x, self.power) - self.mean) / self.spread


def raised(x: Tensor, power: float) -> Tensor:
    """X to a power, with its signs."""
    return x if power == 1 else x.sign() * x.abs() ** power


@dataclass
class Likeness:
    """How far inputs lie from those of training: along principal components, and off all of them.

    The distance is the larger of two ratios: root mean square over components in their standard deviations, and over
    what components leave, in that of events set aside. Beyond ``limit`` an input is like nothing in training.
    """

    mean: Tensor
    components: Tensor
    spread: Tensor
    left: float
    limit: float

    @classmethod
    def of(cls, copies: Iterable[Tensor], aside: Tensor) -> Likeness:
        """From training inputs [n, pT, phi] in standard deviations, and the limit from others that were set aside."""
        count, total, square = 0, torch.zeros(()), torch.zeros(())
        for x in pieces(copies):
            flat = x.flatten(1)
            count, total, square = count + len(x), total + flat.sum(0), square + flat.T @ flat
        mean = total / count
        size, vectors = torch.linalg.eigh(square / count - torch.outer(mean, mean))
        size, vectors = size.flip(0).clamp(min=0), vectors.T.flip(0)  # the largest first
        share = size.cumsum(0) / size.sum().clamp(min=1e-300)
        kept = max(1, min(int((share < EXPLAINED).sum()) + 1, count // 5))
        spread = (size[:kept] * (count / max(count - 1, 1))).sqrt().clamp(min=1e-12)
        one = cls(mean.float(), vectors[:kept].float(), spread.float(), 1.0, torch.inf)
        off = torch.cat([one._parts(x)[1] for x in pieces([aside])])
        one.left = max(float(off.square().mean().sqrt()), 1e-6)
        one.limit = MARGIN * float(one.distance(aside).max())
        return one

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Root mean squares [n] of float64: of components in their standard deviations, and of all that is off them."""
        off = x.flatten(1) - self.mean.double()
        along = off @ self.components.double().T
        rest = off - along @ self.components.double()
        return (along / self.spread.double()).square().mean(1).sqrt(), rest.square().mean(1).sqrt()

    def distance(self, x: Tensor) -> Tensor:
        """Of inputs [n, pT, phi] in standard deviations [n], float64."""
        parts = map(self._parts, pieces([x]))
        return torch.cat([torch.maximum(along, off / self.left) for along, off in parts])


def pieces(copies: Iterable[Tensor]) -> Iterator[Tensor]:
    """All x [n, pT, phi], a few at a time, in float64 on the CPU."""
    for x in copies:
        yield from (part.cpu().double() for part in x.split(AT_ONCE))
