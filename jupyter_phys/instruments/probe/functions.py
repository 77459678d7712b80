"""Subjects that are themselves the loss or the wave function, (n, d) → (n,)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.models.data import array
from jupyter_phys.instruments.probe.models.model import function
from jupyter_phys.instruments.probe.models.sound import TRIED, sound
from jupyter_phys.instruments.probe.packets.packet import Packets
from jupyter_phys.instruments.probe.probed import Probed
from jupyter_phys.instruments.probe.settings import Inputs, Settings
from jupyter_phys.physics.quadrature import Side


def function_probed(name: str, value: Any, inputs: Inputs, settings: Settings, run: Run) -> Probed:
    """A function with its box or window, tried.

    Raises:
        Refused: no place for its packet, or nothing that can be probed.
    """
    if inputs.domain is None and inputs.centre is None:
        raise Refused(f"{name} needs a domain, a window, or data.", given="neither domain=, centre= nor data=",
                      instead="domain=(-6, 6), or data=(x, y) for a network")  # fmt: skip
    if inputs.domain is not None and settings.packet != "window":
        sides = domain(inputs.domain)
        found = function(name, value, len(sides), run)
        packets = Packets(["packet"], [None], sides=sides)
        middle = [(max(low, -1.0) + min(high, 1.0)) / 2 if math.isinf(high - low) else (low + high) / 2
                  for low, high in sides]  # fmt: skip
        width = [min(high - low, 2.0) if math.isinf(high - low) else high - low for low, high in sides]
    else:
        if inputs.domain is not None:
            run.note("domain= is not used: this packet is a window.")
        if inputs.centre is None or settings.packet == "box":
            raise Refused("This packet has no place.", given=f"packet={settings.packet}",
                          instead="domain= for a box, centre= for a window")  # fmt: skip
        centres = array(inputs.centre, "centre=").to(torch.float64)
        centres = centres.reshape(1, -1) if centres.dim() < 2 else centres.flatten(1)
        found = function(name, value, centres.shape[1], run)
        names = ["packet"] if len(centres) == 1 else [f"centre {i}" for i in range(len(centres))]
        scale = settings.s * (settings.bounds[1] - settings.bounds[0] if settings.bounds else 1.0)
        packets = Packets(names, [None] * len(names), centres, scale)
        middle, width = centres[0].tolist(), [2 * scale] * found.d
    # evenly over the domain, and from no generator: a trial
    steps = torch.linspace(-0.45, 0.45, TRIED, dtype=torch.float64)[:, None]
    trial = torch.tensor(middle, dtype=torch.float64) + steps * torch.tensor(width, dtype=torch.float64)
    sound(found, trial.to(run.device, found.dtype), None, run)
    return Probed(name, found, packets)


def domain(given: Any, d: int | None = None) -> list[Side]:
    """The sides of ``domain=``: (low, high), numbers for one coordinate (or all ``d``) or sequences.

    Raises:
        Refused: not two ends, of the same length, the low one below the high one.
    """
    said = repr(given)[:80]
    try:
        low, high = (np.atleast_1d(np.asarray(end, dtype=np.float64)) for end in given)
    except (TypeError, ValueError):
        raise Refused("domain= is a lowest and a highest input.", given=said,
                      instead="domain=(-6, 6), or domain=((-6, -6), (6, 6)) in two dimensions") from None  # fmt: skip
    if low.ndim > 1 or low.shape != high.shape or (d is not None and len(low) not in (1, d)):
        raise Refused("The ends of the domain do not go together.", given=said,
                      allowed="two numbers, or two sequences with a value a coordinate")  # fmt: skip
    if d is not None and len(low) == 1:
        low, high = low.repeat(d), high.repeat(d)
    if not (low < high).all():
        raise Refused("The domain has no volume.", given=said, allowed="low < high in every coordinate",
                      instead="the low ends first: domain=((-5, -5), (5, 5))")  # fmt: skip
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
