"""Training of a network: seeded, stopped early on events set aside, and stopped by the user between steps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.meter.inputs import Scaling
from jupyter_phys.instruments.eos.meter.networks import network, parameters
from jupyter_phys.instruments.eos.meter.settings import Settings
from jupyter_phys.instruments.eos.meter.turned import Turner

LEAST = 1e-4  # by which the loss must fall to count
PIXEL = 2500  # bytes of one pixel of an input with all that a network makes of it, and a share of its own weights


@dataclass(frozen=True)
class Lesson:
    """Inputs [n, pT, phi], normalised and not yet standardised, with classes [n]; and those set aside."""

    x: Tensor
    y: Tensor
    x_aside: Tensor
    y_aside: Tensor
    classes: int
    scaling: Scaling
    turner: Turner | None

    def to(self, device: torch.device) -> Lesson:
        """The same where it is learnt."""
        like = torch.empty(0, dtype=torch.float32, device=device)
        turner = None if self.turner is None else self.turner.to(like)
        x, y, x_aside, y_aside = (one.to(device) for one in (self.x, self.y, self.x_aside, self.y_aside))
        return Lesson(x, y, x_aside, y_aside, self.classes, self.scaling.to(like), turner)


def trained(
    lesson: Lesson, settings: Settings, run: Run, index: tuple[int, ...], told: Callable[[int, float, float], object]
) -> nn.Module:
    """A network as it was when its loss on events set aside was lowest; ``told`` hears epoch and both losses.

    Draws depend on the seed and ``index`` alone; float32, on the device of the run.
    """
    lesson = lesson.to(run.device)
    rows, columns = lesson.x.shape[1:]
    with run.drawing(*index, 0), torch.enable_grad():
        net = network(settings.network, rows, columns, lesson.classes, settings.around, run.generator(*index))
        net = net.to(run.device)
        best, lowest, since = copy.deepcopy(net.state_dict()), torch.inf, 0
    optimizer = torch.optim.Adamax(parameters(net), lr=settings.rate)
    for epoch in range(settings.epochs):
        with run.drawing(*index, epoch + 1), torch.enable_grad():  # dropout draws from the global states
            loss = _epoch(net, optimizer, lesson, settings.batch, run, run.generator(*index, epoch + 1))
        answer = answers(net, lesson.scaling(lesson.x_aside), settings.batch)
        aside = float(functional.cross_entropy(answer, lesson.y_aside))
        told(epoch, loss, aside)
        if aside < lowest - LEAST:
            best, lowest, since = copy.deepcopy(net.state_dict()), aside, 0
        elif (since := since + 1) >= settings.patience:
            run.advance((settings.epochs - epoch - 1) * len(lesson.x))
            break
    net.load_state_dict(best)
    return net.eval().requires_grad_(False)


def _epoch(
    net: nn.Module, optimizer: torch.optim.Optimizer, lesson: Lesson, batch: int, run: Run, draw: torch.Generator
) -> float:
    net.train()
    total, count = 0.0, 0
    for rows in torch.randperm(len(lesson.x), generator=draw).split(batch):
        if len(rows) < 2:  # of one there is no variance
            continue
        rows = rows.to(lesson.x.device)
        x = lesson.x[rows] if lesson.turner is None else lesson.turner(lesson.x[rows], draw)
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(lesson.scaling(x)), lesson.y[rows])
        loss.backward()
        optimizer.step()
        total, count = total + float(loss.detach()) * len(rows), count + len(rows)
        run.advance(len(rows))
    return total / max(count, 1)


def answers(net: nn.Module, x: Tensor, size: int) -> Tensor:
    """Logits [n, class] of standardised inputs [n, pT, phi], so many at a time whatever the memory: the same bits."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(part) for part in x.split(size)])


def cost(x: Tensor) -> int:
    """Bytes that one of the inputs [n, pT, phi] takes in a network, about."""
    return PIXEL * x[0].numel()


def probabilities(net: nn.Module, x: Tensor, run: Run) -> Tensor:
    """Of classes [n, class], on the CPU in float64, of standardised inputs anywhere; in the precision of the run."""
    mine = copy.deepcopy(net).to(run.device, run.dtype).eval()
    found: list[Tensor] = []
    for batch in run.batches(len(x), cost(x)):
        with batch as items, torch.no_grad():
            found.append(mine(x[items].to(run.device, run.dtype)).double().softmax(1).cpu())
    return torch.cat(found)
