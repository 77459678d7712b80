"""The Dataset of a reading of %eos meter: every variable with its dimensions, NaN as yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.instruments.eos.meter.baselines import NAMES
from jupyter_phys.instruments.eos.meter.bins import Numbered, rows_read
from jupyter_phys.instruments.eos.meter.course import HELD, TURNED, Course
from jupyter_phys.instruments.eos.meter.judged import BINS, Share
from jupyter_phys.instruments.eos.meter.settings import Settings

NETWORK = "network"
SMOOTH = "smooth"
NULLS = ("dN/dy alone, as given", "dN/dy alone", "one equation of state, network", "one equation of state, logistic")
SHARES = {
    "": "{}",
    "_se": "standard error of {}",
    "_low": "95 % of {}: lower limit",
    "_high": "95 % of {}: upper limit",
}
JUDGED = ("subject", "classifier", "group")
BINNED = ("subject", "group", "bin")


def empty(courses: list[Course], settings: Settings) -> xr.Dataset:
    """Everything that will be filled."""
    coords, found = _coordinates(courses, settings), dict[str, Any]()

    def add(name: str, dims: tuple[str, ...], units: str, said: str) -> None:
        found[name] = (
            dims,
            np.full([len(coords[one][1]) for one in dims], np.nan),
            {"units": units, "long_name": said},
        )

    def add_share(name: str, dims: tuple[str, ...], said: str) -> None:
        for end, form in SHARES.items():
            add(name + end, dims, "", form.format(said if not end else name))

    add_share("accuracy", JUDGED, "share of spectra whose equation of state is read right")
    add("accuracy_spread", ("subject", "group"), "", "standard deviation of the network's accuracy over repeats")
    add("spectra", ("subject", "group"), "", "spectra in the group")
    add("learnt", ("subject", "part"), "", "spectra that are learnt from")
    add("unlike", ("subject", "group"), "", "share of spectra that are unlike anything in training")
    add("loss", ("subject", "repeat", "part", "epoch"), "", "cross-entropy, natural logarithm")
    add("confidence", BINNED, "", "mean probability of the network's answers")
    add("right", BINNED, "", "share of those answers that is right")
    add("in_bin", BINNED, "", "answers")
    add("calibration_error", ("subject", "group"), "", "expected calibration error of the network")
    add("confusion", ("subject", "group", "truth", "answer"), "", "answers of the network")
    if settings.nulls:
        add_share("null", ("subject", "test"), "share that is right where nothing can be told")
    if settings.sampled:
        add_share("accuracy_sampled", ("subject", "classifier", "level"), "share right, of averages of finite numbers")
    if settings.importance:
        add("importance", ("subject", "pT", "phi"), "", "weight of evidence for the right class, of all")
        add("importance_gradient", ("subject", "pT", "phi"), "", "modulus of the gradient, of all")
    return xr.Dataset(found, coords, {"title": "Equation-of-state meter"})


def _coordinates(courses: list[Course], settings: Settings) -> dict[str, Any]:
    first = courses[0]
    momenta = first.whole.momenta
    rows = rows_read(momenta, settings.highest)
    classes = list(first.whole.classes)
    found: dict[str, tuple[Any, str, str]] = {
        "subject": ([one.name for one in courses], "", "events that are learnt from"),
        "classifier": ([NETWORK, *(NAMES if settings.baselines else ())], "", "classifier"),
        "group": ([HELD, TURNED, *first.groups], "", "group of events"),
        "repeat": (np.arange(settings.repeats), "", "network"),
        "part": (["training", "set aside"], "", "part of the events"),
        "epoch": (np.arange(1, settings.epochs + 1), "", "pass through the training events"),
        "bin": (np.arange(BINS), "", "bin of confidence"),
        "truth": (classes, "", "equation of state"), "answer": (classes, "", "equation of state that is read"),
    }  # fmt: skip
    if settings.nulls:
        found["test"] = (list(NULLS), "", "test")
    if settings.sampled:
        found["level"] = ([*map(str, settings.sampled), SMOOTH], "", "collisions that are averaged")
    if settings.importance:
        known = not isinstance(momenta, Numbered)
        along = "transverse momentum" if known else "bin in transverse momentum"
        found["pT"] = (momenta.pt[:rows].numpy(), "GeV" if known else "", along)
        found["phi"] = (momenta.phi.numpy(), "rad", "azimuth")
    return {name: (name, values, {"units": unit, "long_name": said}) for name, (values, unit, said) in found.items()}


def write_share(data: xr.Dataset, name: str, at: tuple[Any, ...], found: Share) -> None:
    """A share with its error and limits into the four variables of that name."""
    for end, value in zip(SHARES, found, strict=True):
        data.variables[name + end][at] = value
