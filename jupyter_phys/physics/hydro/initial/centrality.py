"""Impact parameters of a minimum-bias ensemble, and classes of centrality."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.initial.collision import Collision
from jupyter_phys.physics.hydro.initial.draws import Generators, generators, inverse, uniforms
from jupyter_phys.physics.hydro.initial.glauber import collisions

STEP = 0.25  # fm, between impact parameters at which nuclei are integrated over


def impact_parameters(events: Sequence[int], generator: Generators, b_max: float, b_min: float = 0.0) -> Tensor:
    """b [event] in fm, float64, distributed as b db between b_min and b_max.

    One number of each event's generator. That of its nucleons must be seeded otherwise, or the first nucleon and b
    come from one number.

    Raises ValueError where the interval is none, and for generators that events share.
    """
    if not 0 <= b_min < b_max < math.inf:
        raise ValueError(f"b from {b_min} to {b_max} fm: choose 0 <= b_min < b_max")
    u = uniforms(generators(generator, events))
    return (b_min**2 + u * (b_max**2 - b_min**2)).sqrt()


def percentile(collision: Collision, percent: Tensor) -> Tensor:
    """b in fm within which that many percent of all inelastic collisions lie, as the optical model has them.

    Their chance at b is 1 - (1 - sigma T_AB/(A B))^(A B). Raises ValueError out of 0 ... 100 %.
    """
    if not ((percent >= 0) & (percent <= 100)).all():
        raise ValueError(f"{percent.tolist()} % of all collisions: choose 0 ... 100")
    share, b2 = _inelastic(collision)
    return inverse(share, b2, percent.to(share) / 100).sqrt()


@lru_cache
def _inelastic(collision: Collision) -> tuple[Tensor, Tensor]:
    """Share of the cross section within b [row], and b^2 there, fm^2: over b^2 it is even until nuclei are rims."""
    reach = collision.first.reach + collision.second.reach
    b = torch.arange(0, reach, STEP, dtype=torch.float64)
    mean = collisions(collision, b) / collision.pairs  # of a pair
    chance = -torch.expm1(collision.pairs * torch.log1p(-mean))
    within = torch.cat([torch.zeros(1, dtype=b.dtype), torch.cumulative_trapezoid(chance, b**2)])
    known = torch.cat([torch.ones(1, dtype=torch.bool), within.diff() > 1e-9 * within[-1]])  # beyond, nothing meets
    return within[known] / within[known][-1], b[known] ** 2


@dataclass(frozen=True)
class Centrality:
    """Edges of classes: percent of all events, rising from 0, and the measure of centrality at each.

    The measure rises with the percent if it is an impact parameter, and falls if it is an entropy.

    Raises ValueError where the edges do not fit together.
    """

    percent: tuple[float, ...]
    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        p, at = torch.tensor(self.percent, dtype=torch.float64), torch.tensor(self.edges, dtype=torch.float64)
        rises = (p.diff() > 0).all() and ((at.diff() > 0).all() or (at.diff() < 0).all())
        if len(p) < 2 or len(p) != len(at) or not rises or p[0] < 0 or p[-1] > 100:
            raise ValueError("centrality needs as many edges as percents: rising percents in 0 ... 100, ordered edges")

    def __len__(self) -> int:
        return len(self.edges) - 1

    def of(self, measure: Tensor) -> Tensor:
        """The class of each event, int64: 0 is the most central, -1 none of them."""
        sign = -1.0 if self.edges[0] > self.edges[-1] else 1.0
        edges = sign * torch.tensor(self.edges, dtype=torch.float64, device=measure.device)
        found = torch.searchsorted(edges, sign * measure.to(torch.float64), right=True) - 1
        return torch.where(found < len(self), found, -1)

    def between(self, low: float, high: float) -> tuple[float, float]:
        """The measure at two of the percents.

        Raises ValueError for percents that are no edges.
        """
        if low not in self.percent or high not in self.percent or low >= high:
            raise ValueError(f"{low} ... {high} %: choose two of {', '.join(f'{one:g}' for one in self.percent)}")
        return self.edges[self.percent.index(low)], self.edges[self.percent.index(high)]


# Impact parameters in fm, as in CLVisc.
AU_CENTRALITY = Centrality((0, 5, 10, 15, 20, 30, 40, 50, 60, 70), (0, 3.3, 4.7, 5.8, 6.7, 8.2, 9.4, 10.6, 11.6, 12.5))
PB_CENTRALITY = Centrality((0, 5, 10, 15, 20, 30, 40, 50, 60), (0, 3.54, 5.0, 6.13, 7.08, 8.67, 10.01, 11.19, 12.26))


def by_entropy(total: Tensor, percent: Sequence[float] = AU_CENTRALITY.percent) -> Centrality:
    """Classes by percentiles of the total entropy [event] of minimum-bias events; empty ones are no collisions.

    The first edge is infinite: what is more central than all of the ensemble belongs to the first class.

    Raises ValueError for percents that do not rise from 0, for fewer than 100 events that are not empty, and where
    events are too few or too equal for the classes to differ.
    """
    seen = total[total > 0].to("cpu", torch.float64)
    if len(seen) < 100:
        raise ValueError(f"{len(seen)} events that are not empty: sample at least 100")
    if not percent or percent[0] != 0:
        raise ValueError(f"percents {tuple(percent)}: begin with 0, the most central")
    rank = torch.tensor(percent, dtype=torch.float64) / 100 * len(seen)
    falling = torch.cat([seen.sort(descending=True).values, torch.zeros(1, dtype=torch.float64)])
    edges = (math.inf, *falling[rank.round().long().clamp(0, len(seen))][1:].tolist())
    if len(set(edges)) < len(edges):
        raise ValueError(f"{len(seen)} events leave classes empty: sample more, or choose wider classes")
    return Centrality(tuple(percent), edges)
