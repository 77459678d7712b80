"""What is drawn at random: every event from a generator of its own, so that it is the same in every batch.

Only uniform numbers are drawn, on the CPU, in float64; distributions follow from tables of their cumulative
distribution, on any device.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Generator, Tensor

Generators = Callable[[int], Generator]  # of an event's number: a fresh CPU generator
ROWS = 8192


def generators(generator: Generators, events: Sequence[int]) -> list[Generator]:
    """One for each event.

    Raises ValueError where two events would share one, and so take each other's numbers, and where one is not of the
    CPU.
    """
    draws = [generator(event) for event in events]
    if len({id(one) for one in draws}) < len(draws):
        raise ValueError("generator(event) must make a fresh generator, seeded by the event, at every call")
    if any(one.device.type != "cpu" for one in draws):
        raise ValueError("generator(event) must be a generator of the CPU, so that every device sees the same events")
    return draws


def uniforms(draws: Sequence[Generator], *shape: int) -> Tensor:
    """Numbers in [0, 1), float64 [event, *shape], the next of each generator."""
    found = torch.empty(len(draws), *shape, dtype=torch.float64)
    for row, draw in zip(found, draws, strict=True):
        row.uniform_(generator=draw)
    return found


def inverse(cumulative: Tensor, at: Tensor, u: Tensor) -> Tensor:
    """Where a cumulative distribution [row], from 0 to 1 and linear between its places `at` [row], takes values u."""
    row = (torch.searchsorted(cumulative, u.contiguous(), right=True) - 1).clamp(0, len(cumulative) - 2)
    low = cumulative[row]
    share = (u - low) / (cumulative[row + 1] - low)
    return at[row] + share * (at[row + 1] - at[row])


def gamma_weights(u: Tensor, shape: float) -> Tensor:
    """Uniform numbers made Gamma-distributed ones with mean 1 and variance 1/shape.

    Raises ValueError for a shape out of 0.1 ... 1e4.
    """
    if not 0.1 <= shape <= 1e4:
        raise ValueError(f"shape {shape} of the Gamma distribution: choose 0.1 ... 1e4, or None for no fluctuations")
    cumulative, at = (one.to(u) for one in _gamma(shape))
    return inverse(cumulative, at, u)


@lru_cache
def _gamma(shape: float) -> tuple[Tensor, Tensor]:
    """Cumulative distribution [row] and places in units of the mean, even in log near 0 where P(k, x) ~ x^k."""
    end = shape + 12 * shape**0.5 + 45
    low = end * torch.logspace(-14 / min(shape, 1), -1.5, ROWS, dtype=torch.float64)
    at = torch.cat([torch.zeros(1, dtype=torch.float64), low, torch.linspace(low[-1], end, ROWS, dtype=low.dtype)[1:]])
    cumulative = torch.special.gammainc(torch.full_like(at, shape), at)
    return cumulative / cumulative[-1], at / shape
