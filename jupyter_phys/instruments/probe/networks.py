"""Subjects that are networks: their data, labels, input range, and where their packets lie."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe import samples
from jupyter_phys.instruments.probe.attacks.attacked import INPUTS_AT_ONCE, Victims, predicted
from jupyter_phys.instruments.probe.functions import domain
from jupyter_phys.instruments.probe.models import losses
from jupyter_phys.instruments.probe.models.data import Examples, array, examples, is_whole
from jupyter_phys.instruments.probe.models.model import Model, network
from jupyter_phys.instruments.probe.models.sound import TRIED, failed, sound
from jupyter_phys.instruments.probe.packets.packet import Packets
from jupyter_phys.instruments.probe.probed import Probed
from jupyter_phys.instruments.probe.settings import Inputs, Settings
from jupyter_phys.instruments.probe.subjects import Digits


def network_probed(name: str, value: Any, inputs: Inputs, settings: Settings, run: Run) -> Probed:
    """A network with its packets and the inputs that are attacked, tried.

    Raises:
        Refused: data, labels or a range that do not fit, or nothing that can be probed.
    """
    given = _given(name, value, inputs, run)
    if isinstance(value, Digits):
        value = samples.trained(value, run)
    if inputs.label is not None and inputs.centre is None:
        raise Refused(
            "label= is the label of centre=, of which there is none.", given="label= alone", instead="centre="
        )
    centre = None if inputs.centre is None else _batched(array(inputs.centre, "centre="), given)
    trial = given.x[:TRIED] if given is not None else centre
    assert trial is not None
    classes = _classes(given, inputs)
    said, loss = losses.chosen(inputs.loss, classes=classes)
    found = network(name, value, loss, inputs.normalise, trial, run)
    around = None if centre is None else Examples(centre, _labels(found, centre, inputs, run, classes=classes))
    given = given or around
    assert given is not None
    if classes:
        _check_classes(found, given.x, [one.y for one in (given, around) if one is not None])
    elif settings.attack == "autoattack":
        raise Refused("AutoAttack is for classes.", given="targets that are values", instead="attack=pgd")
    x = found.inputs(given.x[:TRIED])
    sound(found, x, given.y[:TRIED].to(run.device), run)
    chosen = given.drawn(settings.images, run)
    bounds = _bounds(found, given, settings)
    packets = _packets(found, given, around, inputs, settings, bounds, run)
    if classes and said in losses.OF_CLASSES:
        _mind_probabilities(found, value, x, run)
    victims = Victims(found, found.inputs(chosen.x), chosen.y, classes, bounds)
    return Probed(name, found, packets, victims, said)


def _given(name: str, value: Any, inputs: Inputs, run: Run) -> Examples | None:
    if inputs.data is not None:
        return examples(inputs.data, run)
    if isinstance(value, Digits):
        return examples("digits", run)
    if inputs.centre is None:
        raise Refused(f"{name} needs data.", given="neither data= nor centre=", instead="data=(x, y)")
    return None


def _classes(given: Examples | None, inputs: Inputs) -> bool:
    if given is not None:
        return given.are_classes
    if inputs.label is not None:
        return is_whole(array(inputs.label, "label="))
    if inputs.loss in ("squared", "absolute"):
        raise Refused("A loss of values needs a target.", given=f"loss={inputs.loss}", instead="label=")
    return True


def _batched(centre: Tensor, given: Examples | None) -> Tensor:
    """One input as a batch of one, which only data tell for sure: else three dimensions and less are one input."""
    if given is None:
        return centre if centre.dim() > 3 else centre[None]
    if centre.shape[1:] == given.x.shape[1:] and centre.dim() == given.x.dim():
        return centre
    if tuple(centre.shape) == given.shape:
        return centre[None]
    raise Refused("centre= has another shape than the inputs.", given=list(centre.shape), allowed=str(given.shape))


def _labels(found: Model, centre: Tensor, inputs: Inputs, run: Run, *, classes: bool) -> Tensor:
    if inputs.label is not None:
        return _given_labels(array(inputs.label, "label="), len(centre), classes=classes)
    if not classes:
        raise Refused("A centre of a network that gives values needs a target.", given="no label=", instead="label=")
    x = found.inputs(centre)
    try:
        with torch.no_grad():
            answers = found.answers(x)
    except RuntimeError as reason:
        raise failed(found, x, reason) from reason
    run.note(f"The label of centre= is what {found.name} answers.")
    return predicted(answers).cpu()


def _given_labels(label: Tensor, n: int, *, classes: bool) -> Tensor:
    """One for each of ``n`` centres; the target of one centre may have several values."""
    if classes and not is_whole(label):
        raise Refused("label= is a class, a whole number.", given=str(label.tolist())[:80])
    if label.dim() == 0 or (n == 1 and not classes and label.dim() == 1 and len(label) > 1):
        label = label[None]
    if len(label) != n:
        raise Refused("centre= and label= do not go together.", given=f"{n} centres and {len(label)} labels")
    return label.long() if classes else label


def _check_classes(found: Model, x: Tensor, labels: list[Tensor]) -> None:
    """Whether the answers are scores of all labels.

    Raises:
        Refused: labels out of range, or scores that are none.
    """
    try:
        with torch.no_grad():
            answers = found.answers(found.inputs(x[:2]))
    except Exception:  # whatever a stranger's model raises: `sound` tells it
        return
    if answers.dim() > 2:
        raise Refused(f"{found.name} gives more than one answer an input.", given=f"answers {list(answers.shape)}",
                      allowed="(n, classes)")  # fmt: skip
    if answers.dim() == 0 or len(answers) != len(x[:2]):
        given = f"answers {list(answers.shape)} to {len(x[:2])} inputs"
        raise Refused(f"{found.name} gives no loss for each input: its answers are no scores.", given=given,
                      allowed="(n, classes)")  # fmt: skip
    scores = losses.logits(answers)
    for one in labels:
        low, high = int(one.min()), int(one.max())
        if low < 0 or high >= scores.shape[1]:
            cure = "y.float(), if these are values and no classes" if answers.numel() == len(answers) else ""
            raise Refused("Labels are out of range.", given=f"{low} … {high}", allowed=f"0 … {scores.shape[1] - 1}",
                          instead=cure)  # fmt: skip


def _bounds(found: Model, given: Examples, settings: Settings) -> tuple[float, float]:
    reached = [float(end) for end in _reached(found, given.x)]
    low, high = settings.bounds or (reached if found.embedding is not None else (0.0, 1.0))
    if not low < high:
        raise Refused("bounds= are the lowest and the highest value of an input.", given=str((low, high)))
    if settings.attack != "none" and (reached[0] < low - 1e-6 or reached[1] > high + 1e-6):
        said = "inputs {:.3g} … {:.3g}".format(*reached)
        raise Refused("Inputs lie outside the input range, in which attacks are measured.", given=said,
                      allowed=f"{low:g} … {high:g}",
                      instead="bounds=(low, high), normalise=(mean, std) for what the network wants, or attack=none",
        )  # fmt: skip
    return low, high


def _mind_probabilities(found: Model, value: Any, x: Tensor, run: Run) -> None:
    """Say that answers look like probabilities, where scores are taken."""
    with torch.no_grad():
        answers = found.answers(x)
    several = answers.numel() > len(answers)
    sums = answers.float().sum(-1) if several else torch.ones(1)
    layers = list(value.modules()) if isinstance(value, nn.Module) else []
    inside = bool((answers >= 0).all()) and bool((answers <= 1).all())
    sure = several or (layers and isinstance(layers[-1], nn.Sigmoid))  # a single score may lie there by chance
    if inside and sure and len(x) > 1 and torch.allclose(sums, torch.ones_like(sums), atol=1e-2):
        last = "softmax" if several else "sigmoid"
        run.warn(f"The answers of {found.name} look like probabilities, but are taken for scores (logits): its loss "
                 f"is then not what it was trained with. Leave out its last {last}, or give a loss=.")  # fmt: skip


def _reached(found: Model, x: Tensor) -> tuple[float, float]:
    """Lowest and highest value of inputs, which are embeddings a few at a time."""
    if found.embedding is None:
        return float(x.min()), float(x.max())
    ends = [found.inputs(part).aminmax() for part in x.split(INPUTS_AT_ONCE)]
    return min(float(one.min) for one in ends), max(float(one.max) for one in ends)


def _packets(
    found: Model, given: Examples, around: Examples | None, inputs: Inputs, settings: Settings,
    bounds: tuple[float, float], run: Run,
) -> Packets:  # fmt: skip
    is_box = settings.packet == "box" or (settings.packet == "auto" and inputs.domain is not None)
    if inputs.domain is not None and not is_box:
        run.note("domain= is not used: this packet is a window.")
    sides = domain(inputs.domain, found.d) if inputs.domain is not None else [bounds] * found.d
    if around is not None:
        said = [f" (label {int(y)})" for y in around.y] if around.are_classes else [""] * len(around)
        names = [f"centre {i}{label}" for i, label in enumerate(said)]
        chosen = found.inputs(around.x[: settings.labels]).flatten(1).double().cpu()
        targets: list[Tensor | None] = [y[None].to(run.device) for y in around.y]
    elif given.are_classes:
        names, chosen, targets = _of_classes(found, given, settings, run)
    else:
        names, chosen = ["mean"], _mean(found, given.x)[None]
        targets = [given.y.to(torch.float64).mean(0, keepdim=True).to(run.device, found.dtype)]
    if len(names) > settings.labels:
        run.note(f"The first {settings.labels} of {len(names)} labels have a packet; labels= asks for more.")
        names, targets = names[: settings.labels], targets[: settings.labels]
    if is_box:
        return Packets(names, targets, sides=sides)
    return Packets(names, targets, chosen[: len(names)], settings.s * (bounds[1] - bounds[0]))


def _of_classes(
    found: Model, given: Examples, settings: Settings, run: Run
) -> tuple[list[str], Tensor, list[Tensor | None]]:
    """Every class in the data with the mean of its inputs."""
    labels = given.y.unique().tolist()
    means = [_mean(found, given.x[given.y == one]) for one in labels[: settings.labels]]
    targets: list[Tensor | None] = [torch.tensor([one], device=run.device) for one in labels]
    return [str(one) for one in labels], torch.stack(means), targets


def _mean(found: Model, x: Tensor) -> Tensor:
    """Mean [d] of inputs, float64 on the CPU, a few at a time."""
    total = torch.zeros(found.d, dtype=torch.float64)
    for part in x.split(INPUTS_AT_ONCE):
        total += found.inputs(part).flatten(1).double().sum(0).cpu()
    return total / len(x)
