"""How far an input points along the gradient of its own loss: the conjugate correlation, and Etmann's alignment.

CC = |cos(x, ∇L)| after Zhang et al., arXiv:2603.19562, and |⟨x, ∇z⟩|/|∇z| with the score z of the class that is
answered, after Etmann et al., arXiv:1905.04172, read the sign oppositely.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.instruments.probe.models import losses
from jupyter_phys.instruments.probe.models.model import Model, gradient


class Conjugate(NamedTuple):
    """Of each input [n]; NaN where a gradient is zero, or where there are no classes."""

    cc: Tensor
    alignment: Tensor
    right: Tensor


def baseline(d: int) -> float:
    """E|cos| between a fixed and a random direction in d dimensions: Γ(d/2) / (√π Γ((d+1)/2))."""
    return math.exp(math.lgamma(d / 2) - math.lgamma((d + 1) / 2)) / math.sqrt(math.pi)


def conjugate(model: Model, x: Tensor, y: Tensor, origin: float, *, classes: bool) -> Conjugate:
    """At inputs x [n, *shape] with targets y: one pass forward, two backward."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        answers = model.answers(x)
        loss = model.losses(answers, y)
        slope = gradient(loss, x, keep=True)
        score, right = _scores(answers, y, classes=classes)
        along = None if score is None else gradient(score, x)
    offset = (x.detach() - origin).flatten(1).double()
    cc = _projected(offset, slope) / torch.linalg.vector_norm(offset, dim=1)
    nothing = torch.full_like(cc, math.nan)
    return Conjugate(cc, nothing if along is None else _projected(offset, along), nothing if right is None else right)


def _scores(answers: Tensor, y: Tensor, *, classes: bool) -> tuple[Tensor | None, Tensor | None]:
    """The score that is answered, and whether it is that of the label."""
    if not classes:
        return (answers.reshape(-1), None) if answers.numel() == len(answers) else (None, None)
    if answers.numel() == len(answers):  # one score: that of class 1, and its negative that of class 0
        score = answers.reshape(-1)
        best, place = score.abs(), (score > 0).long()
    else:
        best, place = losses.logits(answers).max(1)
    return best, (place == y.to(place.device)).double()


def _projected(offset: Tensor, slope: Tensor) -> Tensor:
    """|⟨x, g⟩|/|g| [n]."""
    slope = slope.flatten(1).to(offset.dtype)
    return (offset * slope).sum(1).abs() / torch.linalg.vector_norm(slope, dim=1)
