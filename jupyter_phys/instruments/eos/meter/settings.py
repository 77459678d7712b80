"""Every option of %eos meter and %eos predict."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import field_validator

from jupyter_phys.core import inputs
from jupyter_phys.core.inputs import given
from jupyter_phys.core.settings import Settings as Base
from jupyter_phys.core.settings import option

GRID = (
    "[n, pT, phi] with a label each as (rho, label); a dict with rho (or counts), label, pT, phi; a Dataset; a store; "
    "or an .npz file of such arrays"
)


class Settings(Base):
    """Train networks and classical methods to tell equations of state from spectra of one collision."""

    network: Literal["reference", "two"] = option(
        "reference", "three convolutions and a layer of 128, after the reference network of pd4ml; or two of them"
    )
    epochs: int = option(100, "passes through the training events, at most", low=1, high=100, log=True)
    patience: int = option(20, "passes without a lower loss on events set aside, after which training ends",
                           low=1, high=100)  # fmt: skip
    rate: float = option(1e-3, "learning rate of Adamax; the reference has 1e-4 and 100 times as many events",
                         low=1e-6, high=1, log=True)  # fmt: skip
    batch: int = option(32, "spectra of a step", low=4, high=4096, log=True)
    around: Literal["circle", "zeros"] = option(
        "circle", "what lies beyond the ends of azimuth: the other end, or zeros as in the reference"
    )
    turned: bool = option(True, "turn and mirror every spectrum at random in each pass")
    normalise: Literal["peak", "number"] = option("peak", "spectra are divided by their largest value, or by dN/dy")
    power: float = option(
        0.25, "pixels are raised to this power before they are standardised, for all classifiers; 1: as published",
        low=0.05, high=1,
    )  # fmt: skip
    highest: float = option(100.0, "momentum above which nothing is read; 100: all are read", low=0.2, high=100,
                            unit="GeV", log=True)  # fmt: skip
    species: str = option("π+", "kind of particle that is read, where a Dataset holds several", single=True)
    events: int = option(20_000, "events that are taken at most, drawn at random, of every subject and every group",
                         low=100, high=10_000_000, log=True)  # fmt: skip
    balance: float = option(
        0.05, "classes are given the same numbers in every bin of ln dN/dy of this width; 0: they are left as they are",
        low=0, high=2,
    )  # fmt: skip
    validation: float = option(0.2, "share of events set aside to end the training", low=0.05, high=0.5)
    held: float = option(0.2, "share of events kept for the group `held out`", low=0.05, high=0.5)
    repeats: int = option(1, "networks that are trained, each with weights of its own; their spread is told",
                          low=1, high=50)  # fmt: skip
    baselines: bool = option(True, "beside them logistic regression, support vector machines and a random forest",
                             single=True)  # fmt: skip
    nulls: bool = option(True, "train where nothing can be told: one equation of state under all labels", single=True)
    sampled: tuple[int, ...] = option(
        (1, 20), "collisions whose finitely many particles are averaged: trained and judged anew for each; (): none",
        low=1, high=100_000, single=True,
    )  # fmt: skip
    importance: int = option(24, "held-out events over which importance is averaged (0: none)", low=0, high=10_000,
                             log=False, single=True)  # fmt: skip
    occlude: Literal["conditional", "marginal"] = option(
        "conditional", "hidden patches are drawn as training events have them, given what is around them or not",
        single=True,
    )  # fmt: skip
    save: str = option("", "file into which the first network is put, for %eos predict; empty: none", single=True)

    @field_validator("save")
    @classmethod
    def _anywhere(cls, save: str) -> str:
        return os.path.abspath(os.path.expanduser(save)) if save else save  # workers may have another folder


@dataclass(frozen=True)
class Inputs(inputs.Inputs):
    """What %eos meter is tested on beside the events it keeps back."""

    tests: Any = given(
        "events of other initial states, viscosities, times, temperatures or cells, by name", accepts=f"dict: {GRID}"
    )


class Predict(Base):
    """Say from which equation of state spectra come, as a trained meter reads them."""

    meter: str = option("meter.pt", 'file of a meter, from %eos meter ... save="meter.pt"', single=True)
    species: str = option("", "kind of particle that is read, where a Dataset holds several; empty: the meter's own",
                         single=True)  # fmt: skip

    @field_validator("meter")
    @classmethod
    def _anywhere(cls, meter: str) -> str:
        return os.path.abspath(os.path.expanduser(meter))


@dataclass(frozen=True)
class Grid(inputs.Inputs):
    """Where the spectra are given."""

    pT: Any = given("transverse momenta of spectra that are an array, GeV; or edges of bins", accepts="[pT]")
    phi: Any = given("azimuths of spectra that are an array, rad; or edges of bins", accepts="[phi]")
