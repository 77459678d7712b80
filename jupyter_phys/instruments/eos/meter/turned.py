"""Spectra turned and mirrored in azimuth, on nodes of Gauss–Legendre, which do not turn with them.

A turn by an angle evaluates, at the turned nodes, the Fourier series fitted to the values at the nodes: exact for a
function of at most `harmonics` of them. A mirror, phi -> 2 pi - phi, maps the nodes onto each other and is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

ANGLES = 96  # that are made ready; a turn is by one of them


def harmonics(nodes: int) -> int:
    """How many harmonics so many nodes carry: fewer than two nodes a wave, where they are farthest apart, is none."""
    return nodes // 4


def turns(phi: Tensor, weight: Tensor, angles: Tensor) -> Tensor:
    """Matrices [angle, phi, phi], float64, that turn values at the nodes ``phi``: f(phi) becomes f(phi - angle)."""
    count = harmonics(len(phi))
    root = weight.sqrt()[:, None]
    fit = torch.linalg.lstsq(root * _waves(phi, count), root * torch.eye(len(phi), dtype=phi.dtype)).solution
    return torch.stack([_waves(phi - angle, count) @ fit for angle in angles])


def _waves(phi: Tensor, count: int) -> Tensor:
    k = torch.arange(1, count + 1, dtype=phi.dtype)
    angle = torch.outer(phi, k)
    return torch.cat([torch.ones_like(phi)[:, None], angle.cos(), angle.sin()], 1)


def mirrored(x: Tensor) -> Tensor:
    """x [..., phi] at 2 pi - phi."""
    return x.flip(-1)


@dataclass(frozen=True)
class Turner:
    """Turns and mirrors every spectrum by itself, by one of the angles of its matrices [angle, phi, phi]."""

    matrices: Tensor

    @classmethod
    def of(cls, phi: Tensor, weight: Tensor) -> Turner:
        """For ``ANGLES`` angles around the circle."""
        angles = torch.arange(ANGLES, dtype=torch.float64) * (2 * math.pi / ANGLES)
        return cls(turns(phi.cpu().double(), weight.cpu().double(), angles))

    def to(self, like: Tensor) -> Turner:
        """Where a tensor is, and in its precision."""
        return Turner(self.matrices.to(like))

    def __call__(self, x: Tensor, draw: torch.Generator) -> Tensor:
        """x [n, pT, phi], turned; drawn on the CPU, so that devices turn alike."""
        which = torch.randint(len(self.matrices), (len(x),), generator=draw)
        over = torch.rand(len(x), generator=draw, dtype=torch.float32) < 0.5
        found = torch.einsum("nij,npj->npi", self.matrices[which.to(x.device)], x)
        return torch.where(over.to(x.device)[:, None, None], mirrored(found), found)
