"""Sums over packets from independent samples, in blocks whose scatter gives the errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.models.model import Model
from jupyter_phys.instruments.probe.packets.packet import FEWEST, SAMPLES_AT_ONCE, Found, Packets, by, finite
from jupyter_phys.instruments.probe.settings import Settings
from jupyter_phys.physics.moments import BLOCKS, Sums, accumulator, jackknife, windowed

DRAWS = 3  # kind of draws
UNIT, VALUES = 32, 2**16  # samples drawn from one generator, and values at most, whatever the batch
CACHED = 2**16  # values that are worked on at a time on a CPU: they stay in its cache
DOUBLINGS = 6
ROUNDING = 1e-12


def samples(model: Model, packets: Packets, labels: slice, settings: Settings, run: Run) -> Found:
    """Sums over the packets of some labels; twice as many samples until the error is as small as asked for."""
    sampling = Sampling(model, packets, labels, run)
    sums = sampling.empty(BLOCKS)
    start, stop = 0, -(-settings.samples // BLOCKS)
    for doubling in range(DOUBLINGS + 1):
        sampling.add(sums, start, stop)
        finite(model, sums)
        if settings.rel_error is None or _is_known(sums, packets, settings.rel_error):
            break
        if doubling == DOUBLINGS:
            run.warn(f"rel_error={settings.rel_error:g} is not reached with {stop * BLOCKS} samples.")
            break
        start, stop = stop, 2 * stop
    return Found(labels, sums, stop * BLOCKS, packets.is_box)


def _is_known(sums: Sums, packets: Packets, rel_error: float) -> bool:
    """Whether the mean product, under a window its excess over the bound, has this relative error, or only rounding."""
    told = by(packets.is_box)
    found = told(sums)
    if (found.ess < FEWEST).any():
        return False
    error = float(jackknife(sums, lambda one: one.mean((-1, -2), keepdim=True), told).product)
    product = float(found.product.nanmean())
    return not error > max(rel_error * abs(product if packets.is_box else product - 0.5), ROUNDING)


@dataclass(frozen=True)
class Sampling:
    """Adds up samples of the packets of some labels, which share their draws."""

    model: Model
    packets: Packets
    labels: slice
    run: Run

    @property
    def count(self) -> int:
        """How many labels."""
        return self.labels.stop - self.labels.start

    def empty(self, blocks: int) -> Sums:
        """Sums of nothing."""
        return Sums.empty(
            self.count, self.model.d, blocks=blocks, device=self.run.device, is_complex=self.model.is_complex
        )

    def add(self, sums: Sums, start: int, stop: int) -> None:
        """Add the samples of these numbers in every block, drawn unit by unit whatever the batch."""
        size = max(1, min(UNIT, VALUES // self.model.d))
        units = [(block, unit) for block in range(BLOCKS) for unit in range(start // size, -(-stop // size))]
        is_cheap = self.model.loss is None and self.model.d <= SAMPLES_AT_ONCE
        at_once = max(size, SAMPLES_AT_ONCE * (64 if is_cheap else 1))
        for batch in self.run.batches(len(units), size * self.model.each(self.run, at_once)):
            with batch as where:
                # nothing but the part outlives its making: what a batch that did not fit has left would be in the way
                part, taken = self._part(units[where], size, start, stop)
                sums.put(part, units[where][0][0])
                self.run.advance(taken * (1 if self.packets.is_box else self.count))

    def _part(self, units: list[tuple[int, int]], size: int, start: int, stop: int) -> tuple[Sums, int]:
        """Sums over some units, from the first of their blocks on, and how many samples these hold."""
        first = units[0][0]
        part, sizes, drawn = self.empty(units[-1][0] - first + 1), [0] * (units[-1][0] - first + 1), list[Tensor]()
        for block, unit in units:
            drawn.append(self._draw(block, unit, size)[max(0, start - unit * size) : max(0, stop - unit * size)])
            sizes[block - first] += len(drawn[-1])
        offset = self._offset(torch.cat(drawn).to(self.run.device, accumulator(self.run.device)))
        drawn.clear()
        for label, (loss, slope) in enumerate(self._packets(offset)):
            begin = 0
            for block, many in enumerate(sizes):
                for rows in self._cached(begin, begin + many):
                    mine = self._steep(loss[rows], slope[rows], offset[rows])
                    part.add(label, block, loss[rows], mine, offset[rows], torch.ones_like(offset[rows, 0]))
                begin += many
        return part, len(offset)

    def _cached(self, start: int, stop: int) -> Iterator[slice]:
        """Rows from start to stop, a few at a time on a CPU."""
        step = max(1, CACHED // self.model.d) if self.run.device.type == "cpu" else max(1, stop - start)
        return (slice(begin, min(begin + step, stop)) for begin in range(start, stop, step))

    def _draw(self, block: int, unit: int, size: int) -> Tensor:
        """Standard normal or uniform numbers [size, d], float64."""
        draw = torch.rand if self.packets.is_box else torch.randn
        return draw(size, self.model.d, dtype=torch.float64, generator=self.run.generator(DRAWS, block, unit))

    def _offset(self, u: Tensor) -> Tensor:
        """Offsets from the reference of draws ``u`` [n, d], in their place."""
        if self.packets.centres is not None:
            return u.mul_(self.packets.scale)
        low, high = torch.tensor(list(self.packets.sides), dtype=torch.float64).T.to(u)
        return u.sub_(0.5).mul_(high - low)

    def _packets(self, offset: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Loss and gradient of every label at the same offsets [n, d]."""
        model, packets = self.model, self.packets
        if packets.centres is None:
            yield from model.packets(self._inputs(packets.reference[0], offset), packets.targets[self.labels])
            return
        for label in range(self.labels.start, self.labels.stop):
            yield from model.packets(self._inputs(packets.centres[label], offset), [packets.targets[label]])

    def _inputs(self, reference: Tensor, offset: Tensor) -> Tensor:
        """Inputs of the model [n, d], in its precision."""
        x = torch.empty(offset.shape, dtype=self.model.dtype, device=offset.device)
        reference = reference.to(offset)
        for rows in self._cached(0, len(x)):
            x[rows] = reference + offset[rows]
        return x

    def _steep(self, loss: Tensor, gradient: Tensor, offset: Tensor) -> Tensor:
        """The slope of the packet [n, d]."""
        if self.packets.is_box:
            return gradient
        precise = offset.dtype.to_complex() if self.model.is_complex else offset.dtype
        return windowed(loss.to(precise), gradient.to(precise), offset, self.packets.scale)
