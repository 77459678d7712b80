"""Packets of one model: where they lie, and what sums over them come to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.physics.moments import Errors, Moments, Sums, jackknife, moments, replicates, sharpened
from jupyter_phys.physics.quadrature import Side

FEWEST = 100  # effective samples without which a product is withheld: a convention of ours
SAMPLES_AT_ONCE = 256  # samples at a time on a CPU: more only costs its cache


@dataclass(frozen=True)
class Packets:
    """What packets there are of one model: their names, targets, and where they lie."""

    names: list[str]
    targets: list[Tensor | None]
    centres: Tensor | None = None  # [label, d] of windows, float64
    scale: float = math.nan
    sides: Sequence[Side] = ()  # of a box

    @property
    def is_box(self) -> bool:
        """Whether they lie on a box."""
        return self.centres is None

    @property
    def reference(self) -> Tensor:
        """What x is counted from, [label or 1, d], float64."""
        if self.centres is not None:
            return self.centres
        middle = [(low + high) / 2 if math.isfinite(high - low) else 0.0 for low, high in self.sides]
        return torch.tensor([middle], dtype=torch.float64)


@dataclass(frozen=True)
class Found:
    """Sums over the packets of some labels, and how many samples or nodes they hold."""

    labels: slice
    sums: Sums
    samples: int
    is_box: bool
    error: float | None = None  # relative, of widths from quadrature, as its convergence tells

    def moments(self) -> Moments:
        """Of these packets; under a window without the noise that its known bound tells."""
        return by(self.is_box)(self.sums)

    def errors(self) -> Errors:
        """Standard errors of the same, [label, d + 1] with means as in `with_mean`."""
        return jackknife(self.sums, with_mean, by(self.is_box))

    def replicates(self) -> Tensor:
        """Means over coordinates of `Errors` without each block, [block, quantity, label]."""
        return replicates(self.sums, lambda values: values.mean(-1), by(self.is_box))

    def off_bound(self) -> Tensor:
        """Standard errors by which the mean of c as sampled is off -1/2, [label]; under a window it is that exactly."""

        def mean(values: Tensor) -> Tensor:
            return values.mean(-1, keepdim=True)

        found = moments(self.sums)
        off = (found.correlation.real.abs().mean(-1) - 0.5).abs()
        bias = 1 / found.ess  # of a correlation from so few, which a mean over many coordinates would show
        return (off - bias).clamp_min(0) / jackknife(self.sums, mean).bound[:, 0]

    @property
    def is_nowhere(self) -> bool:
        """Whether the loss was zero wherever it was looked at."""
        return bool((self.sums.l2 == 0).all())

    @property
    def is_integral(self) -> bool:
        """Whether it comes from quadrature."""
        return self.error is not None


def by(is_box: bool) -> Callable[[Sums], Moments]:
    """How moments come from sums."""
    return moments if is_box else lambda sums: sharpened(moments(sums))


def with_mean(values: Tensor) -> Tensor:
    """[..., d] with the mean over coordinates in a last column."""
    return torch.cat([values, values.mean(-1, keepdim=True)], -1)


def finite(model: Model, sums: Sums) -> None:
    """Check what was added up.

    Raises:
        Refused: the loss or its gradient is not finite somewhere.
    """
    total = sums.l2.sum(1)
    if not torch.isfinite(total).all() or not torch.isfinite(sums.gg).all():
        raise Refused(f"The loss of {model.name} or its gradient is not finite somewhere: there is no packet.",
                      given=f"∫l² = {float(total.max()):g}", allowed="a finite loss on the whole domain")  # fmt: skip


def nowhere(model: Model) -> Refused:
    """The refusal of a loss that is zero in all its packets."""
    where = f"zero everywhere it was looked at, in {str(model.dtype).removeprefix('torch.')}"
    cure = "a larger s=, a smaller domain=" + ("" if model.dtype is torch.float64 else ", or float64")
    return Refused(f"The loss of {model.name} is {where}: there is no packet.", given="∫l² = 0", instead=cure)
