"""What a reader must know of the numbers, and what is recorded beside them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import GIB, Run
from jupyter_phys.instruments.eos.meter.bins import Counts, in_words, is_same
from jupyter_phys.instruments.eos.meter.course import HELD, TURNED, Course
from jupyter_phys.instruments.eos.meter.judged import Z95
from jupyter_phys.instruments.eos.meter.settings import Settings
from jupyter_phys.instruments.eos.meter.table import NETWORK, NULLS, SMOOTH
from jupyter_phys.instruments.eos.meter.training import PIXEL

UNLIKE = 0.2  # share of a group that is told
SURE = 0.1  # expected calibration error that is told
LEAST = int(Settings.options()["batch"].low or 1)  # spectra of a step
SIGMAS = 3  # by which a null test may be off
ENOUGH = 1100  # spectra with which a null test at 50 % is known within 3 %


def facts(course: Course) -> dict[str, Any]:
    """What the numbers depend on beside settings."""
    return {
        "dtype": "float32", "nodes": [len(course.whole.momenta.pt), len(course.whole.momenta.phi)],
        "grid": in_words(course.whole.momenta), "optimizer": "Adamax", "classes": list(course.whole.classes),
    }  # fmt: skip


def refuse_unlike(courses: list[Course]) -> None:
    """Subjects that do not fit one table.

    Raises:
        Refused: they have other equations of state or another grid.
    """
    first = courses[0].whole
    for one in courses[1:]:
        if one.whole.classes != first.classes or not is_same(one.whole.momenta, first.momenta):
            raise Refused("These events are not learnt from in one line: classes or grids differ.",
                          given=f"{courses[0].name}: {', '.join(first.classes)}; {one.name}: "
                          f"{', '.join(one.whole.classes)}", instead="one line each")  # fmt: skip


def refuse_folder(settings: Settings) -> None:
    """A file that could not be written after all the training.

    Raises:
        Refused: its folder is not there.
    """
    path = Path(settings.save)
    if settings.save and (path.is_dir() or not path.parent.is_dir()):
        raise Refused("The meter cannot be written there.", given=f"save={settings.save}",
                      allowed="a file in a folder that is there", instead='save="~/meter.pt"')  # fmt: skip


def refuse_step(course: Course) -> None:
    """Steps of training are never cut, as what they are made of decides the numbers.

    Raises:
        Refused: one does not fit the memory that is allowed.
    """
    size, memory = course.whole.rho[0].size * PIXEL, course.run.memory
    batch = course.settings.batch
    if batch * size > memory:
        fits = memory // size
        cure = (
            f"batch={fits}"
            if fits >= LEAST
            else f"memory={math.ceil(1000 * LEAST * size / GIB) / 1000:g} batch={LEAST}"
        )
        raise Refused("A step of training does not fit the memory that it may take.",
                      given=f"batch={batch}: about {batch * size / GIB:.2g} GiB, memory={memory / GIB:.2g}",
                      instead=cure)  # fmt: skip


def mind(course: Course, data: xr.Dataset, i: int) -> None:
    """Say what flags the numbers of a subject."""
    run, name = course.run, course.name
    counted = isinstance(course.whole.momenta, Counts)
    model = "the model that made these histograms" if counted else "this model: no decays, no rescattering"
    run.note(f"A meter tells the equations of state it was shown apart, in {model}, these initial states. It says "
             "nothing of measured collisions until all that is modelled is right, and a third equation of state gets "
             "one of these names too.")  # fmt: skip
    if counted and course.settings.sampled:
        run.note(f"{name}: finite numbers are drawn with these counts as their means, on top of the noise that these "
                 "have. Where they are particles of single collisions, sampled=() leaves that out.")  # fmt: skip
    row = data.isel(subject=i)
    network = row["accuracy"].sel(classifier=NETWORK)
    if np.isnan(network.sel(group=HELD)):
        return
    if not np.isnan(row["loss"].values[:, 1, -1]).all() and course.settings.epochs > 1:
        last = course.settings.epochs
        run.note(f"{name}: training ended after all {last} epochs; the loss may still have been falling.")
    for group, share in zip(row["group"].values, row["unlike"].values, strict=True):
        if share > UNLIKE:
            run.warn(f"{name}: {share:.0%} of the spectra of {group} are unlike anything in training: probabilities "
                     "mean little there.")  # fmt: skip
    for group in row["group"].values:
        mind_sureness(run, f"{name}: ", str(group), row.sel(group=group))
    straight, turned = (network.sel(group=group) for group in (HELD, TURNED))
    if abs(float(straight - turned)) > 0.02 + 2 * float(row["accuracy_se"].sel(classifier=NETWORK, group=TURNED)):
        run.warn(f"{name}: accuracy is {float(straight):.1%}, and {float(turned):.1%} of events turned at random: "
                 "what is read depends on the reaction plane.")  # fmt: skip
    _mind_nulls(course, row)
    if "accuracy_sampled" in row:
        _mind_levels(course, row)


def mind_sureness(run: Run, where: str, group: str, one: xr.Dataset) -> None:
    """Say if the network is right less often than it says of a group, or more often."""
    error = float(one["calibration_error"])
    too_sure = np.nansum(one["in_bin"].values * (one["confidence"].values - one["right"].values)) > 0
    if error > SURE and too_sure:
        run.warn(f"{where}the network is much surer of its answers to {group} than they are right: calibration "
                 f"error {error:.2f}. Distance from training need not show it: learn from events that vary in what "
                 "differs there.")  # fmt: skip
    elif error > SURE:
        run.note(f"{where}the network is right more often than its probabilities say of {group}: calibration error "
                 f"{error:.2f}. More events or a longer training make them sharper.")  # fmt: skip


def _mind_nulls(course: Course, row: xr.Dataset) -> None:
    if "null" not in row:
        return
    chance = 1 / len(course.whole.classes)
    for test in NULLS[1:]:
        one = row.sel(test=test)
        if abs(float(one["null"]) - chance) > SIGMAS * float(one["null_se"]):
            course.run.warn(f"{course.name}: the null test '{test}' gives {float(one['null']):.1%}, not {chance:.0%}: "
                            "something else than the equation of state can be read.")  # fmt: skip
    if len(course.parts.held) < ENOUGH:
        count = len(course.parts.held)
        within = Z95 * (chance * (1 - chance) / count) ** 0.5
        course.run.note(f"{course.name}: of {count} spectra held out, a share near {chance:.0%} is known within "
                        f"{within:.0%} (95 %) only.")  # fmt: skip


def _mind_levels(course: Course, row: xr.Dataset) -> None:
    levels = sorted(course.settings.sampled)
    shares = [row["accuracy_sampled"].sel(classifier=NETWORK, level=str(one)) for one in levels]
    shares.append(row["accuracy_sampled"].sel(classifier=NETWORK, level=SMOOTH))
    if (np.diff([float(one) for one in shares]) < 0).any():
        course.run.note(f"{course.name}: accuracy does not rise with the particles counted: too few events, or "
                        "too short a training.")  # fmt: skip
