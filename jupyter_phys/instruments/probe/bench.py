"""What is probed, all checked before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.attacks import attacked
from jupyter_phys.instruments.probe.attacks.attacked import Victims
from jupyter_phys.instruments.probe.functions import function_probed
from jupyter_phys.instruments.probe.networks import network_probed
from jupyter_phys.instruments.probe.probed import UNIT, Probed
from jupyter_phys.instruments.probe.settings import Inputs, Settings
from jupyter_phys.instruments.probe.subjects import Digits


@dataclass
class Bench:
    """All that stays fixed while subjects are measured."""

    probed: list[Probed]
    settings: Settings
    run: Run

    @property
    def victims(self) -> Victims | None:
        """The inputs that are attacked; those of all subjects are the same."""
        return self.probed[0].victims

    @property
    def classes(self) -> bool:
        """Whether targets are classes."""
        return self.victims is not None and self.victims.classes

    @property
    def unit(self) -> str:
        """Of a coordinate."""
        return UNIT

    @property
    def sizes(self) -> list[float]:
        """Sizes of perturbations, with 0; none where nothing is attacked."""
        if self.victims is None or self.settings.attack == "none":
            return []
        asked = self.run.whole.get("eps")
        if asked is None:
            n = self.settings.curve
            asked = [self.settings.eps * k / n for k in range(1, n + 1)]
        return sorted({0.0, *map(float, asked)})

    def coordinates(self) -> dict[str, Any]:
        """Coordinates of the dataset by dimension, with units and names."""
        longest = max((one.packets.names for one in self.probed), key=len)
        found: dict[str, tuple[Any, str, str]] = {
            "subject": ([one.name for one in self.probed], "", "network or function"),
            "label": (longest, "", "class, centre or packet"),
            "coordinate": (np.arange(max(one.model.d for one in self.probed)), "", "coordinate of an input, flat"),
        }
        if self.sizes:
            found["attack"] = (attacked.names(self.settings), "", "attack")
            found["eps"] = (self.sizes, "input range", "size of the perturbation")
        if self.victims is not None:
            found["sample"] = (np.arange(len(self.victims.x)), "", "input that is attacked and probed")
        places: dict[str, Any] = {
            name: (name, values, {"units": unit, "long_name": said}) for name, (values, unit, said) in found.items()
        }
        return places | self._own()

    def _own(self) -> dict[str, Any]:
        """What is known of each subject: where embeddings differ, so do window and range."""
        found: dict[str, tuple[list[float], str]] = {}
        if not any(one.packets.is_box for one in self.probed) and "s" not in self.run.swept:
            found["scale"] = [one.packets.scale for one in self.probed], "standard deviation of the window"
        if ranges := [one.victims.bounds for one in self.probed if one.victims is not None]:
            found["lowest"] = [low for low, _ in ranges], "lowest value of an input"
            found["highest"] = [high for _, high in ranges], "highest value of an input"
        return {name: ("subject", values, {"units": self.unit, "long_name": said})
                for name, (values, said) in found.items()}  # fmt: skip

    def title(self) -> str:
        """What was measured; what is swept stands in the table, and what differs between subjects below it."""
        one = self.probed[0]
        where = "box" if one.packets.is_box else "window"
        if (
            where == "window"
            and len(scales := {one.packets.scale for one in self.probed}) == 1
            and "s" not in self.run.swept
        ):
            where = f"window s = {scales.pop():g}"
        return f"Uncertainty relation, {where}, loss {one.loss}" if one.victims else f"Uncertainty relation, {where}"


def set_up(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> Bench:
    """Models, packets and inputs, checked.

    Raises:
        Refused: something cannot be probed as asked; the message names the cure.
    """
    bench = Bench([], settings, run)
    for name, value in subjects.items():
        builder = function_probed if _is_function(value, inputs) else network_probed
        bench.probed.append(builder(name, value, inputs, settings, run))
    if "s" in run.swept and any(one.packets.is_box for one in bench.probed):
        raise Refused(
            "s= belongs to a window, and this packet is a box.", given="a list for s=", instead="packet=window"
        )
    if "eps" in run.whole and any(one.victims is None for one in bench.probed):
        raise Refused("Nothing is attacked here: the subject itself is the loss.", given="eps=", instead="data=(x, y)")
    kinds = {(one.victims is None, one.model.shape) for one in bench.probed}
    if len(kinds) > 1:
        raise Refused("These subjects are not measured together: their inputs differ.",
                      given=", ".join(f"{one.name}: {list(one.model.shape)}" for one in bench.probed),
                      instead="one line each")  # fmt: skip
    return bench


def _is_function(value: Any, inputs: Inputs) -> bool:
    """Whether the subject itself is the loss or wave function."""
    if isinstance(value, Digits) or inputs.data is not None or inputs.loss is not None or inputs.label is not None:
        return False
    return inputs.domain is not None or not isinstance(value, nn.Module)
