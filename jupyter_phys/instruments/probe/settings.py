"""Every option of %probe, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jupyter_phys.core import inputs
from jupyter_phys.core.inputs import given
from jupyter_phys.core.settings import Settings as Base
from jupyter_phys.core.settings import option

WIDTHS = ("delta_x", "delta_p", "product", "bound")
PACKET = (
    *(f"{name}{which}{se}" for name in WIDTHS for which in ("", "_mean", "_grand") for se in ("", "_se")),
    "mean_x", "mean_p", "correlation", "covariance", "ess", "ess_p", "samples", "gradient_check", "bound_check",
)  # fmt: skip
ATTACKED = ("accuracy", "accuracy_se", "deviation", "deviation_se", "largest_deviation")
CONJUGATE = ("cc", "alignment", "right")


class Settings(Base):
    """Measure Δx·Δp of a network's loss and how far its answers survive attack."""

    packet: Literal["auto", "window", "box"] = option(
        "auto", "a Gaussian window around a point, or the box of domain=; auto: a box where there is a domain=",
        gives=PACKET, single=True,
    )  # fmt: skip
    s: float = option(
        0.1, "scale of the window, its standard deviation", low=1e-6, high=1e6, unit="input range", log=True,
        gives=PACKET,
    )  # fmt: skip
    samples: int = option(
        10_000, "samples of each packet; boxes of up to two dimensions are integrated instead",
        low=200, high=10_000_000, log=True, gives=PACKET,
    )  # fmt: skip
    rel_error: float | None = option(
        None, "relative standard error of the product, under a window of its excess: doubles samples up to 64 times",
        low=1e-4, high=1, log=True, gives=PACKET,
    )  # fmt: skip
    labels: int = option(10, "classes or centres with a packet of their own, at most", low=1, high=1000, gives=PACKET)
    attack: Literal["none", "fgsm", "pgd", "autoattack"] = option(
        "pgd", "strongest attack; the weaker ones are run beside it", gives=ATTACKED, single=True
    )
    eps: float = option(8 / 255, "largest perturbation", low=0, high=10, unit="input range", axis=True, gives=ATTACKED)
    curve: int = option(4, "sizes up to eps= at which accuracy is measured, if eps= is one number", low=1, high=40,
                        gives=ATTACKED, single=True)  # fmt: skip
    norm: Literal["linf", "l2"] = option("linf", "norm in which eps is measured", gives=ATTACKED)
    steps: int = option(20, "gradient steps of PGD", low=1, high=1000, log=True, gives=ATTACKED)
    step: float | None = option(
        None, "length of a step of PGD; none: 2.5 eps/steps", low=1e-6, high=10, unit="input range", gives=ATTACKED
    )
    restarts: int = option(1, "random starts of PGD", low=1, high=100, gives=ATTACKED)
    start: Literal["random", "input"] = option("random", "where PGD starts: in the ball, or at the input itself",
                                               gives=ATTACKED)  # fmt: skip
    images: int = option(200, "inputs that are attacked and probed, drawn from data=", low=1, high=1_000_000, log=True,
                         gives=(*ATTACKED, *CONJUGATE))  # fmt: skip
    bounds: tuple[float, float] | None = option(
        None, "lowest and highest value of an input; none: (0, 1), of embeddings what they reach", single=True
    )
    origin: float = option(0.0, "value of every coordinate from which x is counted in cos(x, ∇L)", gives=CONJUGATE)
    pictures: int = option(3, "inputs shown with their perturbation (0: none)", low=0, high=16, single=True)


class Watching(Settings):
    """Measure Δx·Δp and accuracy of a network while it is trained."""

    every: int = option(
        50, "steps of the optimizer between measurements; 0: at every w.epoch() alone", low=0, high=10_000_000,
        log=True, single=True,
    )  # fmt: skip
    samples: int = option(4000, "samples of each packet", low=200, high=10_000_000, log=True)
    curve: int = option(1, "sizes up to eps=, of which the largest is kept", low=1, high=40, single=True)
    pictures: int = option(0, "inputs shown with their perturbation; none here", low=0, high=0, single=True)


@dataclass(frozen=True)
class Inputs(inputs.Inputs):
    """What %probe measures on."""

    data: Any = given(
        "inputs with their labels or target values; none: what belongs to a built-in network",
        accepts="(x, y) as arrays or tensors, a Dataset or a DataLoader; whole numbers as y are classes",
        names=("digits",),
    )
    loss: Any = given(
        "loss of one input; none: cross_entropy of classes, squared of values",
        accepts="cross_entropy, one_minus_p, squared, absolute, or a callable (answers, y) → one value an input",
        names=("cross_entropy", "one_minus_p", "squared", "absolute"),
    )
    domain: Any = given(
        "box on which the loss is a packet", accepts="(low, high): numbers, or sequences with a value a coordinate"
    )
    centre: Any = given(
        "where the window lies; none: at the mean of each class", accepts="one input; beside data= also a batch of them"
    )
    label: Any = given("labels or target values of centre=; none: what the network answers", accepts="one or a batch")
    normalise: Any = given(
        "mean and standard deviation that are taken out of inputs before the network sees them",
        accepts="(mean, std): numbers, or sequences with a value a channel",
    )
