"""Every option of %entropy, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from jupyter_phys.core import inputs
from jupyter_phys.core.inputs import given
from jupyter_phys.core.settings import Settings as Base
from jupyter_phys.core.settings import option

ENTROPIES = ("S_before", "S_after", "delta_S", "delta_S_se", "delta_S_mean", "delta_S_mean_se", "abs_delta_S",
             "abs_delta_S_se", "alias_deficit")  # fmt: skip


class Settings(Base):
    """Measure the change ΔS of phase-space entropy that an acquisition causes."""

    kind: Literal["signal", "image", "mri"] = option(
        "image", "what the mask selects: samples of a 1-D signal, pixels of an image, or k-space of an MRI image"
    )
    field: Literal["complex", "magnitude"] = option("complex", "kind=mri: compare the complex picture or its magnitude")
    scale: float | tuple[float, float] | None = option(
        None, "window scale s (amplitude standard deviation), one or one per axis; none: n/16 within the valid range",
        low=0.5, unit="samples", log=True, gives=ENTROPIES,
    )  # fmt: skip
    hop: int | None = option(
        None, "step between window positions, a divisor of the size; none: the grid rule, at most s/2",
        low=1, unit="samples", gives=ENTROPIES,
    )  # fmt: skip
    window_length: int | None = option(
        None, "samples kept of the window; none: the grid rule, 8 s", low=1, unit="samples", gives=ENTROPIES
    )
    axis: Literal[-1, -2] = option(-1, "axis of the field along which a line mask selects (-1: columns, -2: rows)")
    dc: Literal["centre", "corner"] = option("centre", "where a k-space mask has its zero frequency")
    subtract_mean: bool = option(
        False, "take the field's mean away first; changes S itself by 0.4 to 1.2 nat on images"
    )
    draws: int = option(4, "masks drawn of each random family", low=1, high=1000)
    curve: int = option(6, "window scales in the curve of ΔS against s (0: no curve)", low=0, high=40, single=True)
    pictures: int = option(
        4, "subjects shown with their pictures and phase space (0: none)", low=0, high=16, single=True
    )
    wigner: bool = option(
        False, "kind=signal: show the Wigner distribution, which can be negative, beside Husimi's density", single=True
    )
    place: tuple[float, float] = option(
        (0.5, 0.5), "where the local spectrum is taken, as a fraction of each axis", low=0, high=1, single=True
    )


@dataclass(frozen=True)
class Inputs(inputs.Inputs):
    """What %entropy measures on."""

    signal: Any = given(
        "the fully sampled field or a batch of them; none: a built-in real sample of the kind",
        accepts="array or tensor (..., n) for kind=signal, (..., rows, columns) otherwise; real or complex",
        names=("tone", "packet", "camera", "head", "brain"),
    )

    def settled(self, subjects: Mapping[str, Any], settings: Settings) -> Self:
        """A signal that was not given gets the size of the masks, whichever worker they go to."""
        from jupyter_phys.instruments.entropy.fields import chosen

        signal = chosen(self.signal, settings, subjects.values())
        return self if signal is self.signal else replace(self, signal=signal)
