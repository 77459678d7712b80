"""Sums over packets on boxes of up to two dimensions by quadrature, in cells that are split where they matter."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import GIB, Run
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.instruments.probe.packets.packet import SAMPLES_AT_ONCE, Found, Packets, finite, nowhere
from jupyter_phys.physics.moments import Sums, accumulator, moments
from jupyter_phys.physics.quadrature import ORDER, cells, in_cells, split

HIGHEST = 2  # dimensions
PANELS = {1: 64, 2: 4}  # a side, at first
NODES = {1: 2**16, 2: 2**18}  # at most, in all
DEEPEST = 50  # times that a cell is halved
CONVERGED = {torch.float64: {1: 1e-11, 2: 1e-9}, torch.float32: {1: 1e-5, 2: 1e-5}}
SLOWEST = 0.95  # fall of errors from one halving to the next; what has no value falls not at all
JUMPS = 1e-3  # of Delta p, by which the mean slope is off what is gained
DIVERGES = 1e-2  # relative error of an integral that is given no value
FIELDS = ("l2", "u", "uu", "gg", "lg", "lug")  # of Sums, which moments are made of


def integral(model: Model, packets: Packets, run: Run) -> Found:
    """Cells are split until halves say the same as the whole, those that are farthest off first.

    The error is the sum of what halves and wholes differ by: kinks and peaks are cut down, and what has no value shows.
    """
    most = min(NODES[model.d], int(run.memory / (64 * (model.d + 2) * len(packets.names))))
    done, count, error = _halved(model, packets, most, run)
    if torch.isinf(done.l2).any():
        error = math.inf
    else:
        finite(model, done)
    if (done.l2 == 0).all():
        raise nowhere(model)
    if error > DIVERGES:
        if most < NODES[model.d]:
            raise Refused(
                f"The integrals of {model.name} need more nodes than the {count} that fit.",
                given=f"memory={run.memory / GIB:g}",
                instead=f"memory={16 * run.memory / GIB:.3g}",
            )
        raise Refused(f"The integrals of {model.name} have no value on this domain, or too sharp a structure: with "
                      f"{count} nodes they are off by {error:.1g} of themselves.", given=str(list(packets.sides)),
                      instead="a smaller domain=, or centre= and s= for a window")  # fmt: skip
    if model.d == 1 and not model.is_complex:
        _mind_jumps(model, packets, done, error, run)
    return Found(slice(0, len(packets.names)), done, count, True, error)


def _halved(model: Model, packets: Packets, most: int, run: Run) -> tuple[Sums, int, float]:
    """Sums from at most so many nodes, how many they are, and the relative error of widths."""
    converged = CONVERGED[torch.float64 if model.dtype is torch.float64 else torch.float32][model.d]
    size = ORDER**model.d
    active = cells(packets.sides, PANELS[model.d]).to(run.device, accumulator(run.device))
    parents = _quadrature(model, packets, active, run)
    done = Sums.empty(len(packets.names), model.d, blocks=1, device=run.device, is_complex=model.is_complex)
    count, error, before = len(active) * size, 0.0, math.inf
    for depth in range(DEEPEST):
        children = split(active)
        halves = _quadrature(model, packets, children, run)
        count += len(children) * size
        both = halves.in_blocks_of(2**model.d)
        off = _off(parents, both, done.plus(both.total()))
        far = (off > converged / len(off)).nonzero()[:, 0]
        room = max(0, most - count) // (size * 4**model.d) if depth < DEEPEST - 1 else 0
        kept = far[off[far].argsort(descending=True, stable=True)][:room]
        settled = torch.ones_like(off, dtype=torch.bool)
        settled[kept] = False
        done = done.plus(both.chosen(settled).total())
        falls = min(float(off.sum()) / before, SLOWEST)  # as a geometric series goes on, what is left open would
        left = max(1.0, falls / (1 - falls))
        error += float(off[settled].sum()) * (left if len(far) > len(kept) else 1.0)
        if len(kept) == 0:
            break
        again = (~settled).repeat_interleave(2**model.d)
        active, parents, before = children[again], halves.chosen(again), float(off[kept].sum())
    return done, count, error / 2  # that of a width is half that of its square


def unseen(packets: Packets) -> float:
    """Width of a structure that the first nodes may miss, along the first side; inf on an infinite one."""
    low, high = packets.sides[0]
    return (high - low) / (2 * ORDER * PANELS[len(packets.sides)])


def _mind_jumps(model: Model, packets: Packets, sums: Sums, error: float, run: Run) -> None:
    """int psi psi' is half of what psi^2 gains from end to end, if psi' is its slope and nothing jumps."""
    ends = torch.tensor([end for end in packets.sides[0] if math.isfinite(end)], dtype=torch.float64)
    found = moments(sums)
    scale = torch.maximum(found.delta_p, 0.5 / found.delta_x)[:, 0]
    gain = torch.zeros_like(scale)
    if len(ends):
        x = ends[:, None].to(model.device, model.dtype)
        signs = torch.where(ends == packets.sides[0][1], 0.5, -0.5).to(gain)
        with torch.no_grad():
            answers = model.answers(x)
            losses = [model.losses(answers, target).to(gain) for target in packets.targets]
        gain = torch.stack([(signs * one.square()).sum() for one in losses]) / sums.l2[:, 0]
    if bool(((found.mean_p[:, 0] - gain).abs() > scale * max(10 * error, JUMPS)).any()):
        run.warn(
            f"{model.name} jumps, or its gradient is not that of its loss: the mean slope is not what it gains from "
            "end to end. Where it jumps Δp has no value."
        )


def _quadrature(model: Model, packets: Packets, parts: Tensor, run: Run) -> Sums:
    """Sums of every cell in a block of its own."""
    reference, found = packets.reference.to(parts), list[Sums]()
    cost = ORDER**model.d * model.each(run, 64 * SAMPLES_AT_ONCE)
    for batch in run.batches(len(parts), cost):
        with batch as where:
            found.append(_part(model, packets, *in_cells(packets.sides, parts[where]), reference))
            run.advance(1)
    return Sums.joined(found)


def _part(model: Model, packets: Packets, nodes: Tensor, weights: Tensor, reference: Tensor) -> Sums:
    """Nodes [cell, n, d], weights [cell, n]."""
    d, found = model.d, list[Sums]()
    for loss, slope in model.packets(nodes.view(-1, d).to(model.dtype), packets.targets):
        # where a packet has died out its gradient may be 0/0 or inf/inf
        slope = torch.where((loss == 0)[:, None] & ~torch.isfinite(slope), torch.zeros_like(slope), slope)
        found.append(Sums.of_blocks(loss.view(weights.shape), slope.view(nodes.shape), nodes - reference, weights))
    return Sums(*(torch.cat(parts) for parts in zip(*map(Sums.tensors, found), strict=True)))


def _off(parents: Sums, halves: Sums, whole: Sums) -> Tensor:
    """By what part of the moments [cell] halves differ from their parents, at most, over labels and coordinates."""
    found = moments(whole)
    l2 = whole.l2[..., None]
    dx, dp = found.delta_x[:, None], torch.maximum(found.delta_p, 0.5 / found.delta_x)[:, None]
    scales = dict(zip(FIELDS, (l2, l2 * dx, l2 * dx**2, l2 * dp**2, l2 * dp, l2 * dx * dp), strict=True))
    worst = torch.zeros_like(halves.l2[0])
    for name, scale in scales.items():
        change = (getattr(halves, name) - getattr(parents, name)).abs()
        share = (change if change.dim() == 3 else change[..., None]) / scale
        worst = torch.maximum(worst, share.nan_to_num(0.0).amax((0, 2)))
    return worst
