"""Glauber's model: Miller, Reygers, Sanders, Steinberg, nucl-ex/0701025; optical, and by Monte Carlo.

What is left behind is proportional to wounded nucleons and binary collisions, share Nw + (1 - share) Nb.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from jupyter_phys.physics.hydro.initial.collision import (
    Collision,
    Fireballs,
    Nucleons,
    batches,
    check,
    joined,
    meet,
)
from jupyter_phys.physics.hydro.initial.draws import Generators, gamma_weights, uniforms
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.initial.nuclei import thickness
from jupyter_phys.physics.quadrature import line

SHARE, PEAK = 0.95, 30.0  # CLVisc's: of the wounded nucleons; GeV/fm^3 in the middle at b = 0
BLOCK = 256  # collisions smeared at a time: of one size, for an event's sum not to depend on the others'


def wounded(collision: Collision, ta: Tensor, tb: Tensor) -> Tensor:
    """Wounded nucleons per fm^2, T_A (1 - (1 - sigma T_B/B)^B) and the other way, of thicknesses in fm^-2."""
    a, b, sigma = collision.first.mass_number, collision.second.mass_number, collision.cross_section
    # 1 - (1 - x)^n, also where x is lost beside 1
    hit_a = -torch.expm1(b * torch.log1p(-(sigma * tb / b).clamp(max=1)))
    hit_b = -torch.expm1(a * torch.log1p(-(sigma * ta / a).clamp(max=1)))
    return ta * hit_a + tb * hit_b


def optical(collision: Collision, b: Tensor, grid: Grid, *, share: float = SHARE, peak: float = PEAK) -> Tensor:
    """Energy density [event, y, x] in GeV/fm^3 for impact parameters b [event] in fm; `peak` is that of b = 0 at 0.

    Raises ValueError for b that are not finite, a share out of 0 ... 1, or a peak that is not positive.
    """
    check(b)
    _check_share(share)
    if not 0 < peak < math.inf:
        raise ValueError(f"peak {peak}: choose a positive energy density in GeV/fm^3, such as 30")
    x, y = grid.plane()
    density = _mixed(collision, *_thicknesses(collision, x, y, b.to(x)), share)
    return density * (peak / top(collision, share=share))


def top(collision: Collision, *, share: float = SHARE) -> float:
    """Sources per fm^2 in the middle of a smooth collision with b = 0: what `peak` is the energy density of."""
    middle = torch.zeros((), dtype=torch.float64)
    return float(_mixed(collision, *_thicknesses(collision, middle, middle, middle[None]), share))


def participants(collision: Collision, b: Tensor) -> Tensor:
    """Wounded nucleons [event] of the optical model for impact parameters b [event]. Raises as `optical`."""
    return _plane_sums(collision, b, 1.0)


def collisions(collision: Collision, b: Tensor) -> Tensor:
    """Binary collisions [event] of the optical model, sigma T_AB(b). Raises as `optical`."""
    return _plane_sums(collision, b, 0.0)


def _plane_sums(collision: Collision, b: Tensor, share: float) -> Tensor:
    """Over the smaller nucleus: elsewhere nothing meets."""
    check(b)
    side, small = min((0.5, collision.first), (-0.5, collision.second), key=lambda one: one[1].reach)
    (x, wx), (y, wy) = line((-small.reach, small.reach), 16), line((0.0, small.reach), 8)
    found: list[Tensor] = []
    for one in b.to("cpu", torch.float64):
        density = _mixed(collision, *_thicknesses(collision, x + side * one, y[:, None], one[None]), share)[0]
        found.append(2 * wy @ density @ wx)
    return torch.stack(found).to(b)


def _thicknesses(collision: Collision, x: Tensor, y: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    half = b.view(-1, *[1] * max(x.ndim, y.ndim)) / 2
    ta, tb = (thickness(one).to(x.device, x.dtype) for one in (collision.first, collision.second))
    return ta(((x - half) ** 2 + y**2).sqrt()), tb(((x + half) ** 2 + y**2).sqrt())


def _mixed(collision: Collision, ta: Tensor, tb: Tensor, share: float) -> Tensor:
    return share * wounded(collision, ta, tb) + (1 - share) * collision.cross_section * ta * tb


class Sources(NamedTuple):
    """Points of some weight [event, point]."""

    x: Tensor
    y: Tensor
    weight: Tensor


def monte_carlo(
    collision: Collision, b: Tensor, generator: Generators, grid: Grid, *, events: Sequence[int] | None = None,
    width: float = 0.4, share: float = SHARE, gamma: float | None = None, recentred: bool = True,
) -> Fireballs:  # fmt: skip
    """Nucleons that collide where d^2 < sigma/pi, smeared by Gaussians: density per fm^2, up to a norm.

    b: impact parameters [event], fm; events: their numbers, 0, 1, ... unless given. Wounded nucleons count at their
    places, collisions half-way between the two; each with a weight from a Gamma distribution of mean 1 and variance
    1/gamma, if given. recentred: the centre of mass of the density lies at 0. An event in which nothing
    collides is empty.

    Raises ValueError for b or events that do not fit, a share out of 0 ... 1, gamma out of 0.1 ... 1e4, a width that
    the grid cannot hold, and generators that events share.
    """
    _check_share(share)
    grid.check(width)
    parts: list[Fireballs] = []
    for some, draws in batches(collision, b, events, generator, grid.device):
        nucleons = meet(collision, some, draws, grid.device)
        hit, sources = _sources(collision, nucleons, share, draws, gamma)
        if recentred:
            sources = _recentred(sources)
        density = sum((grid.smeared(*one, width) for one in sources[1:]), grid.smeared(*sources[0], width))
        parts.append(Fireballs(density, hit.any(2).sum(1) + hit.any(1).sum(1), hit.sum((1, 2))))
    return joined(parts)


def left_behind(
    collision: Collision, b: Tensor, generator: Generators, *, events: Sequence[int] | None = None,
    share: float = SHARE, gamma: float | None = None,
) -> Tensor:  # fmt: skip
    """The integral [event] of the density of `monte_carlo` over all of the plane, of the same draws; no grid is needed.

    Raises ValueError as `monte_carlo`.
    """
    _check_share(share)
    found: list[Tensor] = []
    for some, draws in batches(collision, b, events, generator, b.device):
        _, sources = _sources(collision, meet(collision, some, draws, b.device), share, draws, gamma)
        found.append(torch.stack([one.weight.sum(1) for one in sources]).sum(0))
    return torch.cat(found)


def _sources(
    collision: Collision, nucleons: Nucleons, share: float, draws: Sequence[Generator], gamma: float | None
) -> tuple[Tensor, list[Sources]]:
    """Which pairs of nucleons collide [event, A, B], and what each leaves behind."""
    hit = nucleons.separation2() < collision.cross_section / math.pi
    sources = [_wounded(nucleons, hit.any(2), hit.any(1), share, draws, gamma)]
    return hit, sources + (_binary(nucleons, hit, 1 - share, draws, gamma) if share < 1 else [])


def _wounded(
    nucleons: Nucleons, first: Tensor, second: Tensor, share: float, draws: Sequence[Generator], gamma: float | None
) -> Sources:
    weight = share * torch.cat([first, second], 1).to(torch.float64)
    if gamma is not None:
        weight = weight * gamma_weights(uniforms(draws, weight.shape[1]).to(weight), gamma)
    return Sources(torch.cat(nucleons.x, 1), torch.cat(nucleons.y, 1), weight)


def _binary(
    nucleons: Nucleons, hit: Tensor, share: float, draws: Sequence[Generator], gamma: float | None
) -> list[Sources]:
    """Collisions in blocks [event, BLOCK], filled up with ones of no weight."""
    count = hit.sum((1, 2))
    counts: list[int] = count.tolist()
    size = -(-max(counts) // BLOCK) * BLOCK
    event, i, j = hit.nonzero(as_tuple=True)
    place = torch.arange(len(event), device=event.device) - (count.cumsum(0) - count)[event]
    x, y, weight = nucleons.x[0].new_zeros(3, len(hit), size).unbind(0)
    x[event, place] = (nucleons.x[0][event, i] + nucleons.x[1][event, j]) / 2
    y[event, place] = (nucleons.y[0][event, i] + nucleons.y[1][event, j]) / 2
    weight[event, place] = share
    if gamma is not None:
        u = torch.cat([uniforms([draw], n)[0] for draw, n in zip(draws, counts, strict=True)])
        weight[event, place] *= gamma_weights(u.to(weight), gamma)
    blocks = (one.split(BLOCK, 1) for one in (x, y, weight))
    return [Sources(*one) for one in zip(*blocks, strict=True)]


def _recentred(sources: list[Sources]) -> list[Sources]:
    x, y, total = torch.zeros(3, len(sources[0].weight), 1, dtype=torch.float64, device=sources[0].weight.device)
    for one in sources:
        total = total + one.weight.sum(1, keepdim=True)
        x = x + (one.weight * one.x).sum(1, keepdim=True)
        y = y + (one.weight * one.y).sum(1, keepdim=True)
    some = torch.where(total > 0, total, 1)
    return [Sources(one.x - x / some, one.y - y / some, one.weight) for one in sources]


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"share {share} of the wounded nucleons: choose 0 ... 1")
