"""What %probe measures: networks, functions, and the built-in network; imports no torch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.settings import Settings, option
from jupyter_phys.core.subject import Subjects

ACCEPTS = (
    "a torch.nn.Module or a callable with data=, any callable (n, d) → (n,) that gives a loss or a wave function with "
    "domain= or centre=, or digits"
)


class Digits(Settings):
    """A network 64-128-10 (tanh), trained on scikit-learn's digits when it is first asked for."""

    epochs: int = option(20, "epochs of training", low=0, high=200)
    hidden: int = option(128, "hidden units", low=1, high=4096, log=True)
    rate: float = option(2e-3, "learning rate of Adam", low=1e-6, high=1, log=True)
    init: int = option(0, "seed of the initial weights and the order of training", low=0, high=1_000_000)


def measurable(value: Any) -> bool:
    """Whether a notebook variable looks like a network or a function; imports nothing."""
    if isinstance(value, Digits):
        return True
    if isinstance(value, type) or not callable(value):
        return False
    kind: Any = type(value)
    kinds = {f"{one.__module__}.{one.__name__}" for one in kind.__mro__}
    return "torch.nn.modules.module.Module" in kinds or (
        inspect.isfunction(value) and value.__module__ == "__main__" and not value.__name__.startswith("_")
    )


def read(value: Any) -> Mapping[str, Any]:
    """A network or function under its name.

    Raises:
        Refused: it cannot be called.
    """
    if isinstance(value, type) or not callable(value) or hasattr(value, "__array__"):
        given = value.__name__ if isinstance(value, type) else type(value).__name__
        cure = f"{given}()" if isinstance(value, type) else "%probe digits"
        if hasattr(value, "predict"):
            cure = "the same model as a torch.nn.Module: this one has no gradient"
        raise Refused("This cannot be probed: it is not called with inputs.", given=given, allowed=ACCEPTS,
                      instead=cure)  # fmt: skip
    name = getattr(value, "__name__", type(value).__name__)
    return {"packet" if name == "<lambda>" else name: value}


SUBJECTS = Subjects(ACCEPTS, read, default=(Digits(),), named={"digits": Digits}, measurable=measurable)
