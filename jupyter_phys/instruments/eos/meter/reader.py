"""A trained meter: from spectra to probabilities of classes; kept in a file that holds tensors and words alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.meter.bins import KINDS
from jupyter_phys.instruments.eos.meter.examples import Spectra
from jupyter_phys.instruments.eos.meter.inputs import Likeness, Scaling, normalised
from jupyter_phys.instruments.eos.meter.judged import Reliability
from jupyter_phys.instruments.eos.meter.networks import network
from jupyter_phys.instruments.eos.meter.training import probabilities
from jupyter_phys.physics.hydro.spectra import Momenta

SCHEMA = 2
HOW = ("network", "around", "normalise", "highest", "species")  # settings without which a network is not the same
INSTEAD = '%eos meter "events.zarr" save="meter.pt"'


@dataclass
class Reader:
    """A network with all that belongs to its answers."""

    net: nn.Module
    scaling: Scaling
    likeness: Likeness
    classes: tuple[str, ...]
    momenta: Momenta
    how: dict[str, Any]
    reliability: Reliability | None = None  # over events held out

    def inputs(self, of: Spectra) -> Tensor:
        """What the network sees [n, pT, phi]."""
        return self.scaling(normalised(of, self.how["normalise"], self.how["highest"]))

    def probabilities(self, x: Tensor, run: Run) -> Tensor:
        """Of classes [n, class], float64, of what :meth:`inputs` gives."""
        return probabilities(self.net, x, run)

    def save(self, path: str | Path) -> None:
        """Into a file.

        Raises:
            Refused: it cannot be written.
        """
        told: dict[str, Any] = {
            "jupyter_phys meter": SCHEMA, "classes": list(self.classes), "how": self.how,
            "pixels": next(name for name, kind in KINDS.items() if type(self.momenta) is kind),
            "momenta": [one.cpu() for one in self.momenta],
            "scaling": [self.scaling.mean.cpu(), self.scaling.spread.cpu(), self.scaling.power],
            "likeness": dict(vars(self.likeness)),
            "net": {name: one.cpu().clone() for name, one in self.net.state_dict().items()},
        }  # fmt: skip
        if self.reliability is not None:
            *bins, error = self.reliability
            told["reliability"] = [*(torch.from_numpy(one) for one in bins), error]
        try:
            torch.save(told, path)
        except (OSError, RuntimeError) as reason:
            raise Refused(f"The meter cannot be written: {reason}", given=path, instead='save="~/meter.pt"') from None


def load(path: str | Path) -> Reader:
    """A meter from its file, which can run no code.

    Raises:
        Refused: none there, or no meter of ours.
    """
    path = Path(path).expanduser()
    try:
        told: Any = torch.load(path, map_location="cpu", weights_only=True)
        if told.pop("jupyter_phys meter") != SCHEMA:
            raise ValueError("another version")
        return _read(told)
    except FileNotFoundError:
        raise Refused("There is no meter here.", given=path, instead=INSTEAD) from None
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as reason:  # whatever a strange file makes torch raise
        raise Refused("This file holds no meter.", given=f"{path}: {type(reason).__name__}", instead=INSTEAD) from None


def _read(told: Any) -> Reader:
    how = {name: told["how"][name] for name in HOW}
    mean, spread, power = told["scaling"]
    rows, columns = mean.shape
    with torch.random.fork_rng(devices=[]):  # first weights are drawn, then replaced
        net = network(how["network"], rows, columns, len(told["classes"]), how["around"])
    net.load_state_dict(told["net"])
    found = told.get("reliability")
    mine = None if found is None else Reliability(found[0].numpy(), found[1].numpy(), found[2].numpy(), float(found[3]))
    return Reader(
        net.eval().requires_grad_(False), Scaling(mean, spread, float(power)), Likeness(**told["likeness"]),
        tuple(map(str, told["classes"])), KINDS[told["pixels"]](*told["momenta"]), how, mine,
    )  # fmt: skip
