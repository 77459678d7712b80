"""What %eos measures: equations of state, by name or as the user's tables and functions; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.settings import Settings, option
from jupyter_phys.core.subject import Subjects

ACCEPTS = (
    "crossover, hotqcd, first_order, conformal, a table with rows e, p (GeV/fm³), T (GeV), or a function of e that "
    "gives p and T"
)


class Crossover(Settings):
    """s95p-v1: lattice QCD above, a hadron resonance gas below, and no transition between."""


class HotQCD(Settings):
    """The fit of HotQCD (2014), with the hadrons of s95p-v1."""


class FirstOrder(Settings):
    """EOS-Q: hadrons and a bag of quarks and gluons, between them a mixed phase of constant pressure."""


class Conformal(Settings):
    """p = e/3."""

    degrees: float = option(42.25, "massless degrees of freedom", low=1, high=100)


def measurable(value: Any) -> bool:
    """Whether a notebook variable looks like an equation of state; imports nothing."""
    shape = getattr(value, "shape", None)
    is_table = isinstance(shape, tuple) and len(shape) == 2 and shape[1] == 3 and shape[0] > 3  # pyright: ignore
    return isinstance(value, (Crossover, HotQCD, FirstOrder, Conformal)) or bool(is_table)


def read(value: Any) -> Mapping[str, Any]:
    """A table or function under its name.

    Raises:
        Refused: neither.
    """
    if callable(value) and not isinstance(value, type):
        name = getattr(value, "__name__", type(value).__name__)
        return {"function" if name == "<lambda>" else name: value}
    if hasattr(value, "__array__") or hasattr(value, "detach"):
        return {"table": value}
    given = value.__name__ if isinstance(value, type) else type(value).__name__
    raise Refused("This is no equation of state.", given=given, allowed=ACCEPTS, instead="%eos crossover")


SUBJECTS = Subjects(
    ACCEPTS, read, default=(Crossover(),),
    named={"crossover": Crossover, "hotqcd": HotQCD, "first_order": FirstOrder, "conformal": Conformal},
    measurable=measurable, keyword="eos",
)  # fmt: skip
