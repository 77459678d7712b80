"""Spectra turned and mirrored in azimuth.

Equal bins are turned by whole bins, which is exact. Nodes of Gauss–Legendre do not turn with the spectrum: a turn by an
angle evaluates, at the turned nodes, the Fourier series fitted to the values at the nodes: exact for a function of at
most `harmonics` of them. A mirror, phi -> -phi, is exact where it maps the nodes onto each other, as on both of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from jupyter_phys.instruments.eos.meter.bins import CIRCLE, SAME, gap, is_equal

ANGLES = 96  # at most, that are made ready; a turn is by one of them
AT_ONCE = 256  # spectra, each with a matrix of its own


def harmonics(phi: Tensor) -> int:
    """How many harmonics nodes carry: fewer than two nodes a wave, where they are farthest apart, is none."""
    return min(len(phi) // 4, int(math.pi / gap(phi)))


def turns(phi: Tensor, weight: Tensor, angles: Tensor) -> Tensor:
    """Matrices [angle, phi, phi], float64, that turn values at the nodes ``phi``: f(phi) becomes f(phi - angle)."""
    return _read_at(phi, weight, [phi - angle for angle in angles])


def _read_at(phi: Tensor, weight: Tensor, places: list[Tensor]) -> Tensor:
    count = harmonics(phi)
    root = weight.sqrt()[:, None]
    fit = torch.linalg.lstsq(root * _waves(phi, count), root * torch.eye(len(phi), dtype=phi.dtype)).solution
    return torch.stack([_waves(place, count) @ fit for place in places])


def _waves(phi: Tensor, count: int) -> Tensor:
    k = torch.arange(1, count + 1, dtype=phi.dtype)
    angle = torch.outer(phi, k)
    return torch.cat([torch.ones_like(phi)[:, None], angle.cos(), angle.sin()], 1)


def whole_turns(bins: int) -> Tensor:
    """Matrices [angle, bin, bin] that move values on by whole bins; by all of them, or by so many all around."""
    count = min(bins, ANGLES)
    one = torch.eye(bins, dtype=torch.float64)
    return torch.stack([one.roll(k * bins // count, 0) for k in range(count)])


def mirror(phi: Tensor, weight: Tensor) -> Tensor:
    """A matrix [phi, phi]: f(phi) becomes f(-phi). Equal bins that lie oddly mirror at the nearest edge or middle."""
    one = torch.eye(len(phi), dtype=torch.float64)
    if is_equal(phi):
        first = round(2 * float(phi[0]) * len(phi) / CIRCLE)
        return one[(-torch.arange(len(phi)) - first) % len(phi)]
    if torch.allclose(phi.flip(0), CIRCLE - phi, rtol=0, atol=SAME * 1e-2):
        return one.flip(0)
    return _read_at(phi, weight, [-phi])[0]


@dataclass(frozen=True)
class Turner:
    """Turns and mirrors every spectrum by itself, by one of its matrices [angle, phi, phi], of which half mirror."""

    matrices: Tensor

    @classmethod
    def of(cls, phi: Tensor, weight: Tensor) -> Turner:
        """For angles around the circle."""
        phi, weight = phi.cpu().double(), weight.cpu().double()
        if is_equal(phi):
            turned = whole_turns(len(phi))
        else:
            turned = turns(phi, weight, torch.arange(ANGLES, dtype=torch.float64) * (CIRCLE / ANGLES))
        return cls(torch.cat([turned, mirror(phi, weight) @ turned]))

    def to(self, like: Tensor) -> Turner:
        """Where a tensor is, and in its precision."""
        return Turner(self.matrices.to(like))

    def __call__(self, x: Tensor, draw: torch.Generator) -> Tensor:
        """x [n, pT, phi], turned; drawn on the CPU, so that devices turn alike."""
        half = len(self.matrices) // 2
        which = torch.randint(half, (len(x),), generator=draw)
        over = torch.rand(len(x), generator=draw, dtype=torch.float32) < 0.5
        parts = zip((which + half * over).to(x.device).split(AT_ONCE), x.split(AT_ONCE), strict=True)
        return torch.cat([torch.einsum("nij,npj->npi", self.matrices[turn], one) for turn, one in parts])
