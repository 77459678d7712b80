"""A subject as it is probed."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_phys.instruments.probe.attacks.attacked import Victims
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.instruments.probe.packets.packet import Packets

OWN = "its own value"  # the loss of what is a loss itself
UNIT = "input"  # of x: what an input is measured in, which nobody has said


@dataclass(frozen=True)
class Probed:
    """A subject with its packets, and the inputs that are attacked (none: a function)."""

    name: str
    model: Model
    packets: Packets
    victims: Victims | None = None
    loss: str = OWN
