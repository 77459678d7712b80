"""The user's fields as they lie in his memory, turned into the run's numbers a batch at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.core.run import Run

WHOLE = 32  # fields that together take less than one part in so many of the memory are turned at once, and kept


@dataclass(frozen=True)
class Source:
    """Fields ``source[items]`` [item, ...] on the run's device, in its precision, made when asked for."""

    given: Any  # numpy array or tensor (..., axes), as and where the user has it
    ndim: int
    run: Run
    complex_only: bool  # k-space has no real fields
    without_mean: bool
    whole: list[Tensor] = field(default_factory=list[Tensor])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one field."""
        return tuple(self.given.shape[self.given.ndim - self.ndim :])

    @property
    def dtype(self) -> torch.dtype:
        """In which the fields come."""
        kind = self.given.dtype
        complex_given = kind.is_complex if isinstance(kind, torch.dtype) else kind.kind == "c"
        return self.run.complex_dtype if complex_given or self.complex_only else self.run.dtype

    @property
    def cost(self) -> int:
        """Bytes of one field."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return math.prod(self.given.shape[: self.given.ndim - self.ndim])

    def __getitem__(self, items: slice | Sequence[int]) -> Tensor:
        if not self.whole and len(self) * self.cost <= self.run.memory // WHOLE:
            self.whole.append(self._made(range(len(self))))
        if self.whole:
            return self.whole[0][items]
        return self._made(range(len(self))[items] if isinstance(items, slice) else items)

    def _made(self, items: Sequence[int]) -> Tensor:
        lead = tuple(self.given.shape[: self.given.ndim - self.ndim])
        places = np.unravel_index(np.asarray(items, dtype=np.int64), lead) if lead else ()
        if isinstance(self.given, Tensor):
            places = tuple(torch.from_numpy(place).to(self.given.device) for place in places)
        values = self.run.tensor(self.given[places] if lead else self.given[None][: len(items)])
        if not lead and len(items) != 1:
            values = values.expand(len(items), *self.shape)
        if self.without_mean:
            values = values - values.flatten(1).mean(1).view(-1, *[1] * self.ndim)
        return values.to(self.dtype)
