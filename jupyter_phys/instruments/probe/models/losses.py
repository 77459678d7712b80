"""Losses of one input each, by name or by the user's own callable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from jupyter_phys.core.errors import Refused, unknown
from jupyter_phys.core.shadow import shadow

Loss = Callable[[Tensor, Tensor], Tensor]


def logits(answers: Tensor) -> Tensor:
    """Scores [n, classes]; one score an input is that of class 1 against class 0."""
    if answers.dim() == 1 or (answers.dim() == 2 and answers.shape[1] == 1):
        return torch.stack([torch.zeros_like(answers.reshape(-1)), answers.reshape(-1)], 1)
    return answers


def cross_entropy(answers: Tensor, y: Tensor) -> Tensor:
    """−log of the probability of the label."""
    return nn.functional.cross_entropy(logits(answers), y, reduction="none")


def one_minus_p(answers: Tensor, y: Tensor) -> Tensor:
    """1 − probability of the label."""
    return 1 - logits(answers).softmax(1).gather(1, y[:, None])[:, 0]


def squared(answers: Tensor, y: Tensor) -> Tensor:
    """|f(x) − y|²."""
    return (answers - y.view_as(answers)).reshape(len(y), -1).square().sum(1)


def absolute(answers: Tensor, y: Tensor) -> Tensor:
    """Sum of |f(x) − y| over the values of an answer."""
    return (answers - y.view_as(answers)).reshape(len(y), -1).abs().sum(1)


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy, "one_minus_p": one_minus_p, "squared": squared, "absolute": absolute,
}  # fmt: skip
OF_CLASSES = ("cross_entropy", "one_minus_p")


def chosen(given: Any, *, classes: bool) -> tuple[str, Loss]:
    """Name and function of ``loss=``.

    Raises:
        Refused: no such name, a loss of classes for values or the other way round, or nothing to call.
    """
    if given is None:
        given = "cross_entropy" if classes else "squared"
    if isinstance(given, str):
        if given not in LOSSES:
            raise unknown("loss", given, LOSSES)
        if classes is not (given in OF_CLASSES):
            what = "whole numbers, classes" if classes else "values"
            raise Refused(f"The loss {given} does not go with these targets.", given=f"targets that are {what}",
                          allowed=", ".join(name for name in LOSSES if (name in OF_CLASSES) is classes))  # fmt: skip
        return given, LOSSES[given]
    if not callable(given) or isinstance(given, type):
        raise Refused("A loss is a name or is called with answers and targets.", given=given,
                      allowed=", ".join(LOSSES), instead="loss=cross_entropy")  # fmt: skip
    mine: Any = shadow(given)
    if isinstance(mine, nn.Module) and hasattr(mine, "reduction"):
        object.__setattr__(mine, "reduction", "none")  # torch's own give the mean of a batch
    return getattr(given, "__name__", type(given).__name__), mine
