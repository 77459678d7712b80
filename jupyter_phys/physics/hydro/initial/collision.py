"""Two nuclei that meet, at x = b/2 and -b/2, and their nucleons."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from jupyter_phys.physics.hydro.initial.draws import Generators, generators
from jupyter_phys.physics.hydro.initial.nuclei import AU, PB, Nucleus, positions

CHUNK = {"cpu": 2**18}  # pairs of nucleons at a time: what a cache holds
CHUNK_ELSEWHERE = 2**24


@dataclass(frozen=True)
class Collision:
    """The nuclei, and the inelastic cross section of two nucleons in fm^2 (1 fm^2 = 10 mb).

    Raises ValueError where there is no cross section.
    """

    first: Nucleus
    second: Nucleus
    cross_section: float

    def __post_init__(self) -> None:
        if not 0 < self.cross_section < math.inf:
            raise ValueError(f"cross section {self.cross_section}: choose a positive one in fm^2, such as 4.0 or 6.4")

    @property
    def pairs(self) -> int:
        """Pairs of nucleons."""
        return self.first.mass_number * self.second.mass_number


# As in CLVisc, at 200 GeV and 2.76 TeV.
AU_AU, PB_PB = Collision(AU, AU, 4.0), Collision(PB, PB, 6.4)


class Fireballs(NamedTuple):
    """Densities [event, y, x], nucleons that take part [event] and collisions of two nucleons [event]."""

    density: Tensor
    participants: Tensor
    collisions: Tensor


class Nucleons(NamedTuple):
    """Transverse positions of the nucleons of both nuclei [event, A] and [event, B], float64, fm."""

    x: tuple[Tensor, Tensor]
    y: tuple[Tensor, Tensor]

    def separation2(self) -> Tensor:
        """Squares of the distances of the pairs [event, A, B], fm^2."""
        (ax, bx), (ay, by) = self
        across = (ay[:, :, None] - by[:, None]).square_()
        return (ax[:, :, None] - bx[:, None]).square_().add_(across)


def meet(collision: Collision, b: Tensor, draws: Sequence[Generator], device: torch.device | str) -> Nucleons:
    """Nucleons of both nuclei, drawn for impact parameters b [event]."""
    half = b.to(device, torch.float64)[:, None] / 2
    first = positions(collision.first, draws, device).unbind(-1)
    second = positions(collision.second, draws, device).unbind(-1)
    return Nucleons((first[0] + half, second[0] - half), (first[1].contiguous(), second[1].contiguous()))


def batches(
    collision: Collision, b: Tensor, events: Sequence[int] | None, generator: Generators, device: torch.device | str
) -> Iterator[tuple[Tensor, list[Generator]]]:
    """Impact parameters and generators of as many events as are worked on at a time; events: 0, 1, ... unless given.

    Raises ValueError where b and the events do not fit.
    """
    check(b)
    events = range(len(b)) if events is None else events
    if len(events) != len(b):
        raise ValueError(f"{len(events)} events and {len(b)} impact parameters: give each event one")
    size = max(1, CHUNK.get(torch.device(device).type, CHUNK_ELSEWHERE) // collision.pairs)
    for start in range(0, len(b), size):
        part = slice(start, start + size)
        yield b[part], generators(generator, events[part])


def check(b: Tensor) -> None:
    """Raises ValueError where b is not one finite number an event."""
    if b.ndim != 1 or not len(b) or not torch.isfinite(b).all():
        raise ValueError(f"impact parameters {tuple(b.shape)}: give finite ones in fm, [event], of at least one event")


def joined(parts: Sequence[Fireballs]) -> Fireballs:
    """The events of all parts."""
    return Fireballs(*(torch.cat(one) for one in zip(*parts, strict=True)))
