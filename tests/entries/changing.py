"""What networks of the table have in common: they change, in every way a module can, whenever they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn


class Stats:
    """A plain object, shown by what it holds."""

    n = 0

    def __repr__(self) -> str:
        return f"Stats({self.n})"


class Changing(nn.Module):
    """A buffer, plain tensors, lists, arrays, objects and a generator; ``count`` changes them all."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.seen, self.history, self.draws = torch.zeros(3), [1], np.random.default_rng(0)
        self.stats, self.nested, self.array = Stats(), {"deep": [Stats()]}, np.ones(2)

    def watch(self, module: nn.Module, given: Any, answer: torch.Tensor) -> None:
        """A forward hook."""
        self.history.append(answer.detach().mean().item())

    def count(self) -> None:
        self.calls += 1
        self.seen.add_(torch.rand(3))
        self.array *= 2
        for stats in (self.stats, self.nested["deep"][0]):
            stats.n += 1
        self.draws.normal()
