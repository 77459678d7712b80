"""Watch a network while it is trained: its packets and its accuracy every few steps of its optimizer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from jupyter_phys.core.around import Around
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.attacks.attacked import WORST
from jupyter_phys.instruments.probe.compute import WIDTHS, measure

MEANS = [f"{name}_grand{se}" for name in WIDTHS for se in ("", "_se")]
CLEAN = "clean"


class Watch(Around):
    """Measures the networks before the first step, after every so many of their own steps, and at the end.

    Training goes on as if it were not there: what is measured are shadows, and no random number is taken.
    """

    def begin(self) -> None:
        """Hear of every optimizer step in this process from now on; those of other networks are left out."""
        self._hook: Any = None
        self.steps = self.epochs = 0
        self._moments: list[xr.Dataset] = []
        self._said = set[str]()
        for name, net in self.asked.subjects.items():
            if not isinstance(net, nn.Module) or not any(one.requires_grad for one in net.parameters()):
                raise Refused(f"{name} is nothing that is trained.", given=type(net).__name__,
                              allowed="torch.nn.Module with parameters that want a gradient")  # fmt: skip
        own = [one for net in self.asked.subjects.values() for one in net.parameters()]
        self._own = {id(one) for one in own}
        self._measure()
        self._hook = register_optimizer_step_post_hook(self._stepped)

    def end(self, *, whole: bool) -> None:
        """Hear no more; measure where the training has ended."""
        if self._hook is not None:
            self._hook.remove()
        if whole and self.steps == 0:
            self.run.warn("No optimizer has moved these networks: a network that is made inside the block is another.")
        if whole and (not self._moments or self._moments[-1]["step"].item() != self.steps):
            self._measure()

    def epoch(self) -> None:
        """Say that an epoch has ended; with ``every=0`` these are the moments that are measured."""
        self.epochs += 1
        if self.settings.every == 0:
            self._measure()

    def _stepped(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not any(id(one) in self._own for group in optimizer.param_groups for one in group["params"]):
            return
        self.steps += 1
        if self.settings.every and self.steps % self.settings.every == 0:
            self._measure()

    def _measure(self) -> None:
        run = Run(self._sweep.jobs[0].how, Meter("", shown=False))
        try:
            with self.measuring():
                found = measure(self.asked.subjects, self.inputs, self.settings, run)
        except Refused as refusal:
            if not self._moments:
                raise
            self.run.warn(f"Not measured at step {self.steps}: {refusal.what}")  # and the training goes on
            return
        self.run.facts |= run.facts
        for note in run.notes:
            kind = re.sub(r"[\d.e+-]+", "", note.text)
            if kind not in self._said:  # the same with other numbers at every moment would be a long list
                self._said.add(kind)
                self.run.notes.append(replace(note, text=f"{note.text} (first at step {self.steps})"))
        self._moments.append(_moment(found, self.steps, self.epochs))
        self.put(_together(self._moments))


def _moment(found: xr.Dataset, step: int, epoch: int) -> xr.Dataset:
    """What is kept of one measurement: means over coordinates and labels, and the accuracy at the largest size."""
    kept = {name.replace("_grand", ""): found[name] for name in MEANS}
    kept["ess"] = found["ess"].min("label").assign_attrs(units="", long_name="fewest effective samples of a label")
    cc = found["cc"].mean("sample") if "cc" in found else found["ess"].min("label") * np.nan
    kept["cc"] = cc.assign_attrs(units="", long_name="conjugate correlation, mean over inputs")
    for name in {"accuracy", "accuracy_se", "deviation", "deviation_se"} & set(found.data_vars):
        clean = found[name].isel(eps=0, attack=0, drop=True).expand_dims(attack=[CLEAN], axis=1)
        under = found[name].isel(eps=-1, drop=True).sel(attack=[one for one in found["attack"].values if one != WORST])
        joined = xr.concat([clean, under], "attack")
        kept[name] = joined.assign_attrs(found[name].attrs)
    when = {"step": (step, "steps of the optimizer"), "epoch": (epoch, "epochs that have ended")}
    places = {name: ("moment", [value], {"units": "", "long_name": said}) for name, (value, said) in when.items()}
    return xr.Dataset(kept).reset_coords(drop=True).expand_dims("moment", axis=-1).assign_coords(places)


def _together(moments: list[xr.Dataset]) -> xr.Dataset:
    data = xr.concat(moments, "moment", combine_attrs="override")
    if "attack" in data.coords:
        data["attack"].attrs.update(units="", long_name="attack")
    return data.assign_attrs(title="Uncertainty relation over training")
