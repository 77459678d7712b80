"""Gradient attacks: the worst input within a distance of a given one, by one step (FGSM) or many (PGD).

FGSM: Goodfellow, Shlens, Szegedy, arXiv:1412.6572. PGD: Madry et al., arXiv:1706.06083. What is attacked is an
`Objective`: of inputs x [n, ...] and their indices in the data [n] it gives the loss of each, which is driven up, and
whether each is broken already (misclassified, say); a broken input is not attacked any further.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.batch import column

Objective = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Noise = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True)
class Threat:
    """All inputs within `eps` of the given one in a norm, and within the range of inputs [low, high]."""

    norm: Literal["linf", "l2"]
    eps: float
    low: float = 0.0
    high: float = 1.0

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """The nearest input [n, ...] within `eps`, then within the range."""
        step = x - origin
        if self.norm == "linf":
            step = step.clamp(-self.eps, self.eps)
        else:
            step = step * (self.eps / length(step).clamp_min(self.eps)) if self.eps else torch.zeros_like(step)
        return (origin + step).clamp(self.low, self.high)

    def steepest(self, gradient: Tensor) -> Tensor:
        """The step [n, ...] of unit norm that raises the loss most; none where the gradient is zero."""
        if self.norm == "linf":
            return gradient.sign()
        return gradient / length(gradient).clamp_min(torch.finfo(gradient.dtype).tiny)

    def start(self, origin: Tensor, noise: Tensor) -> Tensor:
        """A random input around `origin` [n, ...], evenly spread over the ball, from `noise` [n, ..., +1] in [0, 1).

        The last value of each item's flat noise sets the radius in the 2-norm; the others set the direction.
        """
        flat, d = noise.flatten(1)[:, :-1], math.prod(origin.shape[1:])
        if self.norm == "linf":
            return self.project(origin + self.eps * (2 * flat - 1).view_as(origin), origin)
        tiny = torch.finfo(noise.dtype).eps
        normal = torch.special.ndtri(flat.clamp(tiny, 1 - tiny)).view_as(origin)
        radius = self.eps * noise.flatten(1)[:, -1] ** (1 / d)
        return self.project(origin + normal / length(normal) * column(radius, origin.dim()), origin)


class Attacked(NamedTuple):
    """The worst inputs found [n, ...], their losses [n] and whether they are broken [n]."""

    x: Tensor
    loss: Tensor
    broken: Tensor


def fgsm(objective: Objective, x: Tensor, threat: Threat) -> Attacked:
    """One step of length eps along the steepest direction; inputs that are broken before stay as they are."""
    return pgd(objective, x, threat, steps=1, size=threat.eps)


def pgd(
    objective: Objective, x: Tensor, threat: Threat, *, steps: int, size: float, restarts: int = 1,
    noise: Noise | None = None, tick: Callable[[], object] = lambda: None,
) -> Attacked:  # fmt: skip
    """Steps of length `size`, each followed by a projection, from x [n, ...] or from random starts.

    noise: of (restart, items [m]) gives values in [0, 1) [m, number of coordinates + 1] on x's device; without it
        the first restart begins at x and more than one would be the same again.
    tick: called before every step; may raise to stop.

    Raises ValueError for several restarts without noise, and for no steps.
    """
    if steps < 1 or restarts < 1 or (restarts > 1 and noise is None):
        raise ValueError(f"steps={steps}, restarts={restarts}: at least 1, and restarts differ by noise only")
    items = torch.arange(len(x), device=x.device)
    with torch.no_grad():
        worst = Attacked(x.clone(), *objective(x, items))
    for restart in range(restarts):
        left = (~worst.broken).nonzero().flatten()
        if len(left) == 0:
            break
        begin = x[left] if noise is None else threat.start(x[left], noise(restart, left))
        _climb(objective, x, begin, left, worst, threat, steps, size, tick)
    return worst


def _climb(
    objective: Objective, origin: Tensor, now: Tensor, left: Tensor, worst: Attacked, threat: Threat, steps: int,
    size: float, tick: Callable[[], object],
) -> None:  # fmt: skip
    """One restart on the items `left`: `worst` is improved in place, broken items are left behind."""
    for step in range(steps + 1):
        tick()
        is_last = step == steps
        now = now.detach().requires_grad_(not is_last)
        with torch.set_grad_enabled(not is_last):
            loss, broken = objective(now, left)
            total = loss.sum()
        _keep(worst, left, now.detach(), loss.detach(), broken)
        if is_last:
            return
        (gradient,) = torch.autograd.grad(total, now)
        on = (~broken).nonzero().flatten()
        if len(on) == 0:
            return
        if len(on) < len(left):
            now, gradient, left = now[on], gradient[on], left[on]
        now = threat.project(now.detach() + size * threat.steepest(gradient), origin[left])


def _keep(worst: Attacked, items: Tensor, x: Tensor, loss: Tensor, broken: Tensor) -> None:
    """What is broken counts more than any loss."""
    better = broken | (loss > worst.loss[items])
    chosen = items[better]
    worst.x[chosen], worst.loss[chosen], worst.broken[chosen] = x[better], loss[better], broken[better]


def length(x: Tensor) -> Tensor:
    """2-norm of every item of [n, ...], [n, 1, ...]."""
    return column(torch.linalg.vector_norm(x.flatten(1), dim=1), x.dim())
