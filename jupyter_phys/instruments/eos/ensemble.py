"""Every option of %eos generate; what differs between its events is drawn for each of them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from jupyter_phys.core import inputs
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.settings import Option, option
from jupyter_phys.instruments.eos import settings

Drawn = float | tuple[float, ...]
PARAMETERS = {
    "b": ("fm", "impact parameter"), "peak": ("GeV/fm³", "energy density that a smooth central collision would have"),
    "tau0": ("fm", "proper time at which hydrodynamics began"), "eta_over_s": ("", "shear viscosity over entropy"),
    "freeze_out": ("GeV", "temperature at which it ended"),
}  # fmt: skip
TEMPERATURES = 8  # between two limits: each needs tables of its own
HOW = "; two numbers: each event's lies between, three or more: it is one of them"


class Settings(settings.Settings):
    """Evolve many collisions of two nuclei, and put what freezes out of each into a store on disk."""

    store: str = option(
        "events.zarr",
        "folder of the store; a line that was stopped, run again, goes on with it, and with more events it grows",
    )
    events: int = option(100, "events of each equation of state, which all see the same initial states", low=1,
                         high=1_000_000, log=True)  # fmt: skip
    chunk: int = option(25, "events that are written together, or not at all", low=1, high=10_000, log=True)
    initial: Literal["optical", "glauber", "reduced"] = option(
        "glauber", "initial state: smooth optical Glauber, Glauber by Monte Carlo, or reduced thickness (TRENTo's)"
    )
    b: Drawn = option((0.0, 8.0), "impact parameter, drawn like the area b db" + HOW, low=0, high=20, unit="fm")  # pyright: ignore[reportIncompatibleVariableOverride]
    peak: Drawn = option(30.0, "energy density in the middle of a smooth collision with b = 0" + HOW,  # pyright: ignore[reportIncompatibleVariableOverride]
                         low=0.5, high=500, unit="GeV/fm³", log=True)  # fmt: skip
    tau0: Drawn = option(0.6, "proper time at which hydrodynamics begins" + HOW, low=0.05, high=5, unit="fm", log=True)  # pyright: ignore[reportIncompatibleVariableOverride]
    eta_over_s: Drawn = option(0.0, "shear viscosity over the entropy density" + HOW, low=0, high=1)  # pyright: ignore[reportIncompatibleVariableOverride]
    freeze_out: Drawn = option(  # pyright: ignore[reportIncompatibleVariableOverride]
        0.137, f"temperature at which it ends{HOW}; between two numbers {TEMPERATURES} are taken", low=0.1, high=0.16,
        unit="GeV",
    )  # fmt: skip
    pictures: ClassVar[int] = 0  # pyright: ignore[reportIncompatibleVariableOverride]  # of a store there are none

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Every declared option; none takes a list, as a store holds events of one kind."""
        return {name: one._replace(single=True) for name, one in super().options().items()}

    @field_validator("store")
    @classmethod
    def _anywhere(cls, store: str) -> str:
        # workers may have another folder, and a reading tells where its events lie
        return os.path.abspath(os.path.expanduser(store))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in PARAMETERS:
            value = getattr(self, name)
            if isinstance(value, tuple) and (len(value) < 2 or (len(value) == 2 and not value[0] < value[1])):
                raise Refused(f"{name} has no room to be drawn in.", given=f"{name}={value}",
                              allowed="a number; (low, high); three numbers or more, to take one")  # fmt: skip
        return self

    @property
    def chunks(self) -> int:
        """Into how many chunks the events of an equation of state are cut."""
        return -(-self.events // self.chunk)

    def rows(self, chunk: int) -> range:
        """The events of a chunk."""
        return range(chunk * self.chunk, min((chunk + 1) * self.chunk, self.events))

    def drawn(self, shares: Iterator[float]) -> dict[str, float]:
        """The parameters of an event, made from as many numbers in [0, 1) as there are parameters.

        Of a class of centrality b is another: see `meetings`.
        """
        pairs = zip(PARAMETERS, shares, strict=True)
        return {name: _between(name, getattr(self, name), share) for name, share in pairs}

    def single(self, **parameters: float) -> settings.Settings:
        """The settings of a collision with these parameters, and else the highest that may be drawn."""
        told: dict[str, Any] = {name: getattr(self, name) for name in settings.Settings.options()}
        told |= {name: max(told[name]) for name in PARAMETERS if isinstance(told[name], tuple)}
        if self.centrality != settings.NO_CLASS:
            del told["b"]
        told.update(parameters)
        return settings.Settings(**told)


@dataclass(frozen=True)
class Inputs(inputs.Inputs):
    """None: a store can be made again from its settings alone."""


def _between(name: str, value: Drawn, share: float) -> float:
    if not isinstance(value, tuple):
        return value
    if len(value) > 2:
        return value[int(share * len(value))]
    low, high = min(value), max(value)
    if name == "b":
        return math.sqrt(low**2 + share * (high**2 - low**2))
    if name == "freeze_out":
        share = int(share * TEMPERATURES) / (TEMPERATURES - 1)
    return low + share * (high - low)
