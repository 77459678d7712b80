"""Sums over packets on boxes of up to two dimensions by quadrature, to convergence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import GIB, Run
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.instruments.probe.packets.packet import SAMPLES_AT_ONCE, Found, Packets, finite, nowhere
from jupyter_phys.physics.moments import Moments, Sums, accumulator, moments
from jupyter_phys.physics.quadrature import ORDER, box

HIGHEST = 2  # dimensions
PANELS = {1: (8, 1024), 2: (2, 32)}  # a side, first and last
CONVERGED = {torch.float64: 1e-10, torch.float32: 1e-4}
AGREES = 1e-3  # change with the doubling before the last, which may not have hit the same values by chance
ROUNDING, UNSTEADY = 1e-9, 1e-3  # changes that tell nothing of the next, and that may go up and down
DIVERGES = 1e-2  # relative error of an integral that is given no value


def integral(model: Model, packets: Packets, run: Run) -> Found:
    """With twice as many panels until widths no longer move."""
    panels, most = PANELS[model.d]
    converged = CONVERGED[torch.float64 if model.dtype is torch.float64 else torch.float32]
    before, changes = None, [math.inf, math.inf]
    while True:
        sums, count = _quadrature(model, packets, panels, run)
        now = moments(sums)
        finite(model, sums)
        if before is not None:
            changes.append(_moved(before, now))
        too_large = (2 * panels * ORDER) ** model.d * 8 * (model.d + 1) * 4 > run.memory / 4
        if (changes[-1] < converged and changes[-2] < AGREES) or panels >= most or too_large:
            break
        before, panels = now, 2 * panels
    if (sums.l2 == 0).all():
        raise nowhere(model)
    error = _left(changes)
    if error > DIVERGES:
        if panels < most:
            raise Refused(
                f"The integrals of {model.name} need more nodes than the {count} that fit.",
                given=f"memory={run.memory / GIB:g}",
                instead=f"memory={16 * run.memory / GIB:.3g}",
            )
        raise Refused(f"The integrals of {model.name} have no value on this domain, or too sharp a structure: "
                      f"they are off by {error:.1g} still.", given=str(list(packets.sides)),
                      instead="a smaller domain=, or centre= and s= for a window")  # fmt: skip
    return Found(slice(0, len(packets.names)), sums, count, True, error)


def _left(changes: list[float]) -> float:
    """Relative error after the last of some changes, if they go on falling as they did (a geometric series)."""
    *_, first, last = changes
    falls = last / first if math.isfinite(first) and first > 0 else 0.0
    if last < ROUNDING or falls >= 1:
        return last if last < UNSTEADY else math.inf
    return last * max(1.0, falls / (1 - falls))


def _quadrature(model: Model, packets: Packets, panels: int, run: Run) -> tuple[Sums, int]:
    nodes, weights = (one.to(run.device, accumulator(run.device)) for one in box(packets.sides, panels))
    reference = packets.reference.to(nodes)
    sums = Sums.empty(len(packets.names), model.d, blocks=1, device=run.device, is_complex=model.is_complex)
    for batch in run.batches(len(nodes), model.each(run, 64 * SAMPLES_AT_ONCE)):
        with batch as where:
            sums.put(_part(model, packets, nodes[where], weights[where], reference), 0)
            run.advance(1)
    return sums, len(nodes)


def _part(model: Model, packets: Packets, nodes: Tensor, weights: Tensor, reference: Tensor) -> Sums:
    part = Sums.empty(len(packets.names), model.d, blocks=1, device=nodes.device, is_complex=model.is_complex)
    for label, (loss, slope) in enumerate(model.packets(nodes.to(model.dtype), packets.targets)):
        part.add(label, 0, loss, slope, nodes - reference, weights)
    return part


def _moved(before: Moments, now: Moments) -> float:
    """Largest relative change of the widths; that of Δp beside the least it can be."""
    x = (now.delta_x - before.delta_x).abs() / now.delta_x
    p = (now.delta_p - before.delta_p).abs() / torch.maximum(now.delta_p, 0.5 / now.delta_x)
    return float(torch.maximum(x, p).nan_to_num(math.inf).max())
