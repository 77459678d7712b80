"""Which way a packet is measured: by quadrature, or from samples."""

from __future__ import annotations

import math
from collections.abc import Iterator

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import GIB, Run
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.instruments.probe.packets.integrated import HIGHEST, integral
from jupyter_phys.instruments.probe.packets.packet import Found, Packets, nowhere
from jupyter_phys.instruments.probe.packets.sampled import samples
from jupyter_phys.instruments.probe.settings import Settings
from jupyter_phys.physics.moments import BLOCKS

TOGETHER = 2**25  # values that the windows of several labels share: an interrupt keeps what came before
SUMS = 6  # arrays of the size of an input in every block


def measured(model: Model, packets: Packets, settings: Settings, run: Run) -> Iterator[Found]:
    """The sums of all packets, a few labels at a time; windows share nothing but their draws.

    Raises:
        Refused: an integral without a value, a box without a volume, or a loss that is zero everywhere.
    """
    if packets.is_box and model.d <= HIGHEST:
        yield integral(model, packets, run)
        return
    if packets.is_box and not all(math.isfinite(high - low) for low, high in packets.sides):
        raise Refused("A box of more than two dimensions is sampled evenly, so it has to end.",
                      given=str(packets.sides[0]), instead="a finite domain=, or centre= and s=")  # fmt: skip
    of_label = (BLOCKS * SUMS + 40) * model.d * 8 * (1.4 if model.is_complex else 1)
    at_once = max(1, int(run.memory / 3 // of_label))
    if not packets.is_box:
        at_once = min(at_once, max(1, TOGETHER // (settings.samples * model.d)))
    if of_label > run.memory / 2:
        need = f"{2 * of_label / GIB:.3g}"
        raise Refused(f"Block sums of {model.d} coordinates do not fit.", given=f"memory={run.memory / GIB:g}",
                      instead=f"memory={need}")  # fmt: skip
    somewhere = False
    for start in range(0, len(packets.names), at_once):
        found = samples(model, packets, slice(start, min(start + at_once, len(packets.names))), settings, run)
        somewhere = somewhere or not found.is_nowhere
        yield found
    if not somewhere:
        raise nowhere(model)


def steps(model: Model, packets: Packets, settings: Settings) -> int:
    """Passes that `measured` takes, about."""
    if packets.is_box and model.d <= HIGHEST:
        return 1000
    return settings.samples * (1 if packets.is_box else len(packets.names))
