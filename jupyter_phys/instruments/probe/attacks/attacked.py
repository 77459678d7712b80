"""Attacks on the answers of a model: which inputs break at which size, and the worst inputs found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.attacks import autoattack
from jupyter_phys.instruments.probe.models import losses
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.instruments.probe.settings import Settings
from jupyter_phys.physics.attack import Attacked, Noise, Objective, Threat, fgsm, pgd

ATTACK = 4  # kind of draws
INPUTS_AT_ONCE = 250  # inputs at a time on a CPU
ALIVE = 3  # copies of what a pass keeps
WORST = "worst"


@dataclass(frozen=True)
class Victims:
    """Inputs of a model [n, *shape], in its precision, with their targets, and the range of inputs."""

    model: Model
    x: Tensor
    y: Tensor
    classes: bool
    bounds: tuple[float, float]

    def objective(self, items: slice) -> Objective:
        """Loss, and whether the answer is wrong; values are never wrong."""
        y = self.y[items].to(self.model.device)

        def of(x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
            answers = self.model.answers(x)
            loss = self.model.losses(answers, y[chosen])
            wrong = predicted(answers) != y[chosen] if self.classes else torch.zeros_like(loss, dtype=torch.bool)
            return loss, wrong

        return of

    def threat(self, settings: Settings, eps: float) -> Threat:
        """All inputs within ``eps``, in parts of the input range."""
        low, high = self.bounds
        return Threat(settings.norm, eps * (high - low), low, high)


@dataclass(frozen=True)
class Outcome:
    """What an attack of one size came to, of every input: [n], and the inputs themselves [n, *shape]."""

    attack: str
    eps: float
    broken: Tensor
    deviation: Tensor  # |f(x') − f(x)|
    loss: Tensor
    x: Tensor


def predicted(answers: Tensor) -> Tensor:
    """The class that is answered."""
    return losses.logits(answers).argmax(1)


def names(settings: Settings) -> list[str]:
    """The attacks of these settings, weakest first, and the worst case over them."""
    order = ["none", "fgsm", "pgd", "autoattack"]
    return [*order[1 : order.index(settings.attack) + 1], WORST] if settings.attack != "none" else []


def attacked(victims: Victims, settings: Settings, eps: float, run: Run) -> Iterator[Outcome]:
    """Every attack of the settings at one size, then the worst case over them, of each input."""
    worst: Outcome | None = None
    for name in names(settings)[:-1]:
        found = _outcome(victims, settings, name, eps, run)
        yield found
        worst = found if worst is None else _worse(worst, found)
    assert worst is not None
    yield Outcome(WORST, eps, worst.broken, worst.deviation, worst.loss, worst.x)


def steps(settings: Settings, sizes: int, inputs: int) -> int:
    """Passes that `attacked` takes at all sizes together, at most."""
    passes = {"fgsm": 2, "pgd": settings.restarts * (settings.steps + 1), "autoattack": autoattack.PASSES}
    return sum(passes[name] for name in names(settings)[:-1]) * sizes * inputs


def _outcome(victims: Victims, settings: Settings, name: str, eps: float, run: Run) -> Outcome:
    n = len(victims.x)
    zero = torch.zeros(n, dtype=torch.float64)
    found = Outcome(name, eps, zero.bool(), zero.clone(), zero.clone(), victims.x.clone())
    cost = victims.model.each(run, INPUTS_AT_ONCE, ALIVE)
    for batch in run.batches(n, cost):
        with batch as where:
            worst, deviation = _batch(victims, settings, name, eps, run, where)
            run.advance(2 * len(worst.x) if name == "fgsm" else 0)
            found.broken[where], found.loss[where] = worst.broken.cpu(), worst.loss.double().cpu()
            found.deviation[where], found.x[where] = deviation.cpu(), worst.x.to(found.x.device)
    return found


def _batch(
    victims: Victims, settings: Settings, name: str, eps: float, run: Run, where: slice
) -> tuple[Attacked, Tensor]:
    """The worst of some inputs, and how far their answers moved."""
    x = victims.x[where].to(victims.model.device)
    worst = _attack(victims, settings, name, eps, run, where)(x)
    with torch.no_grad():
        change = victims.model.answers(worst.x) - victims.model.answers(x)
    return worst, torch.linalg.vector_norm(change.reshape(len(x), -1).double(), dim=1)


def _attack(
    victims: Victims, settings: Settings, name: str, eps: float, run: Run, where: slice
) -> Callable[[Tensor], Attacked]:
    objective, threat = victims.objective(where), victims.threat(settings, eps)
    count = where.stop - where.start
    if name == "fgsm" or eps == 0:
        return lambda x: fgsm(objective, x, threat)
    if name == "autoattack":
        return lambda x: autoattack.attack(victims.model, objective, x, victims.y[where], threat, run)
    size = 2.5 * threat.eps / settings.steps
    if settings.step is not None:
        size = settings.step * (threat.high - threat.low)
    noise = _noise(victims.model, where.start, run) if settings.start == "random" else None
    restarts = settings.restarts if noise else 1
    return lambda x: pgd(
        objective, x, threat, steps=settings.steps, size=size, restarts=restarts, noise=noise,
        tick=lambda: run.advance(count),
    )  # fmt: skip


def _noise(model: Model, first: int, run: Run) -> Noise:
    """Draws of every input by its place among all of them, whatever the batch."""

    def of(restart: int, items: Tensor) -> Tensor:
        drawn = [torch.rand(model.d + 1, dtype=torch.float64, generator=run.generator(ATTACK, restart, first + i))
                 for i in items.tolist()]  # fmt: skip
        return torch.stack(drawn).to(model.device, model.dtype)

    return of


def _worse(one: Outcome, other: Outcome) -> Outcome:
    """Of each input the attack that broke it, or raised its loss most."""
    better = (other.broken & ~one.broken) | ((other.broken == one.broken) & (other.loss > one.loss))
    x = torch.where(better.view(-1, *[1] * (one.x.dim() - 1)).to(one.x.device), other.x, one.x)
    return Outcome(WORST, one.eps, one.broken | other.broken, torch.maximum(one.deviation, other.deviation),
                   torch.where(better, other.loss, one.loss), x)  # fmt: skip
