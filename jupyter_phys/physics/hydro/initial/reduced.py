"""Reduced thickness (TRENTo): Moreland, Bernhard, Bass, arXiv:1412.4708. Entropy is a generalised mean of T_A and T_B.

T_A sums Gaussians of the nucleons that take part, with Gamma weights. Two nucleons b apart collide with the chance
1 - exp(-sigma_gg T_nn(b)), T_nn = exp(-b^2/4w^2)/(4 pi w^2), the overlap of their Gaussians; sigma_gg follows from
sigma_NN = int d^2b [1 - exp(-sigma_gg T_nn)] = 4 pi w^2 Ein(sigma_gg/(4 pi w^2)), Ein(x) = int_0^x dt (1 - e^-t)/t.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.initial.collision import Collision, Fireballs, batches, joined, meet
from jupyter_phys.physics.hydro.initial.draws import Generators, gamma_weights, uniforms
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.quadrature import line

EULER = 0.5772156649015329
FAR = 40.0  # Ein(x) = ln x + gamma from here on, to e^-40
NEWTON = 60  # steps at most; a few are enough


def generalised_mean(ta: Tensor, tb: Tensor, p: float) -> Tensor:
    """((ta^p + tb^p)/2)^(1/p) of thicknesses >= 0; p = 1 arithmetic, 0 geometric, -1 harmonic mean.

    Written with the ratio of the two, so that small p and small thicknesses lose nothing.
    """
    high, low = torch.maximum(ta, tb), torch.minimum(ta, tb)
    if p == 0:
        return high.sqrt() * low.sqrt()
    ratio = torch.where(high > 0, low / high, 0)
    mean = torch.exp(torch.log1p(torch.expm1(abs(p) * ratio.log()) / 2) / abs(p))
    return high * mean if p > 0 else torch.where(low > 0, low / mean, 0)


@lru_cache
def partonic_cross_section(cross_section: float, width: float) -> float:
    """sigma_gg in fm^2 with which nucleons of that Gaussian width (fm) have that cross section (fm^2).

    Raises ValueError where the nucleons are too small for it: no sigma_gg of floating numbers is enough.
    """
    disc = 4 * math.pi * width**2
    wanted = cross_section / disc
    if wanted > 600:
        raise ValueError(f"nucleons of width {width} fm are too small for {cross_section} fm^2: choose them wider")
    log = max(math.log(wanted), wanted - EULER)  # not below the root: Ein is convex in ln x, so Newton goes down to it
    for _ in range(NEWTON):
        step = (ein(math.exp(log)) - wanted) / -math.expm1(-math.exp(log))
        log -= step
        if abs(step) < 1e-14 * max(1, abs(log)):
            break
    return disc * math.exp(log)


def ein(x: float) -> float:
    """Ein(x) = int_0^x dt (1 - e^-t)/t for x >= 0."""
    if x > FAR:
        return math.log(x) + EULER
    if x == 0:
        return 0.0
    t, weight = line((0.0, x), 4)
    return float((weight * -torch.expm1(-t) / t).sum())


def reduced_thickness(
    collision: Collision, b: Tensor, generator: Generators, grid: Grid, *, events: Sequence[int] | None = None,
    width: float = 0.5, p: float = 0.0, gamma: float | None = 1.4,
) -> Fireballs:  # fmt: skip
    """Entropy density [event, y, x] up to a norm: the generalised mean of both thicknesses, fm^-2.

    b: impact parameters [event], fm; events: their numbers, 0, 1, ... unless given. Weights of the nucleons have mean
    1 and variance 1/gamma; None: all 1. An event in which nothing collides is empty.

    Raises ValueError for b or events that do not fit, p that is not finite, gamma out of 0.1 ... 1e4, a width that the
    grid cannot hold or that is too small for the cross section, and generators that events share.
    """
    if not math.isfinite(p):
        raise ValueError(f"p = {p}: choose a finite power, such as 0 for the geometric mean")
    grid.check(width)
    chance = partonic_cross_section(collision.cross_section, width) / (4 * math.pi * width**2)
    parts: list[Fireballs] = []
    for some, draws in batches(collision, b, events, generator, grid.device):
        nucleons = meet(collision, some, draws, grid.device)
        sizes = [collision.first.mass_number, collision.second.mass_number]
        weight = torch.ones(len(some), sum(sizes), dtype=torch.float64, device=grid.device)
        if gamma is not None:
            weight = gamma_weights(uniforms(draws, sum(sizes)).to(weight), gamma)
        missed = nucleons.separation2().mul_(-0.25 / width**2).exp_().mul_(-chance).exp_()
        hit = uniforms(draws, *sizes).to(weight) >= missed
        part = hit.any(2), hit.any(1)
        weights = zip(weight.split(sizes, 1), part, strict=True)
        ta, tb = (grid.smeared(x, y, w * one, width) for x, y, (w, one) in zip(*nucleons, weights, strict=True))
        count = part[0].sum(1) + part[1].sum(1)
        parts.append(Fireballs(generalised_mean(ta, tb, p), count, hit.sum((1, 2))))
    return joined(parts)
