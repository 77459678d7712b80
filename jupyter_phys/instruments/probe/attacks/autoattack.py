"""AutoAttack (Croce, Hein, arXiv:2003.01690) by its authors' code, from the optional package pyautoattack."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor, nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.models import losses
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.physics.attack import Attacked, Objective, Threat

NORMS = {"linf": "Linf", "l2": "L2"}
PASSES = 7000  # of an input that stands every attack
FEW, SMALLEST = 4, 5  # classes that the targeted attacks need, and pixels along a side the square one in the 2-norm
STANDARD, UNTARGETED = ["apgd-ce", "apgd-t", "fab-t", "square"], ["apgd-ce", "fab", "square"]


class _Scores(nn.Module):
    """The model on images [n, c, h, w] in [0, 1]; each call is a step of the measurement."""

    def __init__(self, model: Model, threat: Threat, run: Run) -> None:
        super().__init__()
        self.model, self.threat, self.measurement = model, threat, run

    def forward(self, images: Tensor) -> Tensor:
        """Scores [n, classes]."""
        self.measurement.advance(len(images))
        low, high = self.threat.low, self.threat.high
        return losses.logits(self.model.answers((low + (high - low) * images).to(self.model.dtype)))


def attack(model: Model, objective: Objective, x: Tensor, y: Tensor, threat: Threat, run: Run) -> Attacked:
    """The standard ensemble, or with fewer than four classes its attacks that take so few.

    Raises:
        Refused: the package is not installed.
    """
    try:
        from pyautoattack import AutoAttack
    except ImportError as reason:
        raise Refused("AutoAttack comes with pyautoattack.", given="attack=autoattack",
                      instead="pip install 'jupyter-phys[attacks]'") from reason  # fmt: skip
    scores = _Scores(model, threat, run)
    width = threat.high - threat.low
    images = ((x - threat.low) / width).view(len(x), *_image(model.shape)).float().contiguous()  # its own precision
    y = y.to(model.device)
    tracing = sys.gettrace()
    try:
        suite = _suite(AutoAttack, scores, images, threat, run)
        adversarial, _ = suite.run_standard_evaluation(images, y, batch_size=len(x))
    finally:
        sys.settrace(tracing)  # it ends every trace, also that of a debugger
    worst = threat.project((threat.low + width * adversarial).view_as(x).to(x.dtype), x)
    with torch.no_grad():
        loss, broken = objective(worst, torch.arange(len(x), device=model.device))
    return Attacked(worst, loss, broken)


def _suite(kind: Any, scores: _Scores, images: Tensor, threat: Threat, run: Run) -> Any:
    with torch.no_grad():
        classes = scores(images[:1]).shape[1]
    options: dict[str, Any] = {
        "norm": NORMS[threat.norm], "eps": threat.eps / (threat.high - threat.low), "device": run.device,
        "seed": run.seed,
    }  # fmt: skip
    attacks = STANDARD
    if classes < FEW:
        run.note(f"AutoAttack without its targeted attacks, which {classes} classes are too few for.")
        attacks = UNTARGETED
    if threat.norm == "l2" and min(images.shape[-2:]) < SMALLEST:
        run.note(f"AutoAttack without its square attack, which takes no inputs of {_said(images)} in the 2-norm.")
        attacks = [one for one in attacks if one != "square"]
    if attacks == STANDARD:
        suite = kind(scores, version="standard", **options)
    else:
        suite = kind(scores, version="custom", attacks=attacks, **options)
    suite.apgd_targeted.n_target_classes = suite.fab.n_target_classes = min(9, classes - 1)
    suite.verbose = False
    return suite


def _said(images: Tensor) -> str:
    return " × ".join(map(str, images.shape[-2:]))


def _image(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Channels, rows and columns; a vector is one row."""
    return (*[1] * (3 - len(shape)), *shape) if len(shape) <= 3 else (1, shape[0], int(torch.tensor(shape[1:]).prod()))
