"""Husimi entropy and its gradient in one pass over phase space, which is never stored."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from jupyter_phys.physics.batch import column
from jupyter_phys.physics.gabor import CACHE, analyse, multiplicity, power, synthesise_add
from jupyter_phys.physics.phase_grid import LIFT, Axis, coverage, gaussian, level

ARRAYS = 12  # real numbers alive for each coefficient of a block, gradient included


class Entropy(torch.autograd.Function):
    """S [items] of fields [items, *axes] and its gradient, made in the same pass and kept until it is asked for."""

    @staticmethod
    def forward(ctx: Any, field: Tensor, axes: tuple[Axis, ...], memory: int) -> Tensor:
        """Arguments as `entropy_pass`."""
        slope = field.new_zeros(field.shape)
        ctx.save_for_backward(slope)
        return entropy_pass(field, axes, memory, slope)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore
        """Slope of S times the gradient from above."""
        (slope,) = ctx.saved_tensors
        return slope * column(upstream[0].to(slope.real.dtype), slope.dim()), None, None


def least_memory(field: Tensor, axes: tuple[Axis, ...]) -> int:
    """Bytes of the smallest block: one window position along the last axis with all samples of the other."""
    return ARRAYS * field.real.element_size() * math.prod(axis.length for axis in axes[:-1]) * axes[-1].window


def entropy_pass(field: Tensor, axes: tuple[Axis, ...], memory: int, slope: Tensor | None = None) -> Tensor:
    """S [items] in nats of fields [items, *axes], finite and not zero; dS/dfield is put into `slope`, given as zeros.

    Uses `memory` bytes, at least `least_memory`. For p = |V|^2, A = sum p, B = sum p ln p and C/P grid cells a sample,
    S = ln A - B/A - ln(C/P) and dS = -sum (ln p - B/A) dp / A. As B/A is known only at the end, the pass pulls back
    the part with ln p; the other, sum dp, has a closed form.
    """
    size = memory // (ARRAYS * field.real.element_size())
    if field.device.type == "cpu":
        size = min(size, CACHE)
    entropy = field.real.new_empty(len(field), dtype=_accumulator(field))
    for first, n in _chunks(len(field), size // math.prod(axis.frames * axis.window for axis in axes)):
        some = slice(first, first + n)
        entropy[some] = _entropy(field[some], axes, size, None if slope is None else slope[some])
    return entropy


def _entropy(field: Tensor, axes: tuple[Axis, ...], size: int, slope: Tensor | None) -> Tensor:
    scale = level(field) / LIFT[field.dtype]
    window = gaussian(axes[-1], field) / column(scale, 4)
    sums = _signal if len(axes) == 1 else _image
    a, b = sums(field, axes, window, size, slope)
    if slope is not None:
        _finish(slope, field, axes, scale, (b / a).to(scale.dtype), a.to(scale.dtype))
    cells = math.prod(axis.cells for axis in axes)
    return (a / (LIFT[field.dtype] ** 2 * cells)).log() - b / a


def _signal(field: Tensor, axes: tuple[Axis, ...], window: Tensor, size: int, slope: Tensor | None) -> Tensor:
    once = field.real.new_ones(1)
    return _lines(field[:, None], once, axes[0], window, size, None if slope is None else slope[:, None])


def _image(field: Tensor, axes: tuple[Axis, ...], window: Tensor, size: int, slope: Tensor | None) -> Tensor:
    """Each window position and frequency along the last axis gives a complex line along the first."""
    rows, columns = axes
    down, weights = gaussian(rows, field), multiplicity(columns.window, field)
    sums = field.real.new_zeros(2, len(field), dtype=_accumulator(field))
    largest = max(rows.frames * rows.window * len(weights), rows.length * columns.window)
    for first, n in _chunks(columns.frames, size // (len(field) * largest)):
        spectrum = analyse(field, columns, window, first, n)
        lines = spectrum.permute(0, 2, 3, 1).flatten(1, 2)
        back = None if slope is None else lines.new_zeros(lines.shape)
        sums += _lines(lines, weights.repeat(n), rows, down, size, back)
        if slope is not None and back is not None:
            spectrum = back.unflatten(1, (n, -1)).permute(0, 3, 1, 2)
            synthesise_add(slope, spectrum, columns, window, first)
    return sums


def _lines(lines: Tensor, weights: Tensor, axis: Axis, window: Tensor, size: int, back: Tensor | None) -> Tensor:
    """A and B [2, items] of weighted lines [items, lines, N]; the pull-back of V ln p is added to `back`."""
    dtype = _accumulator(lines)
    lift = 2 * math.log(LIFT[lines.dtype])
    sums = weights.new_zeros(2, len(lines), dtype=dtype)
    for first, n in _chunks(axis.frames, size // (len(lines) * len(weights) * axis.window)):
        v = analyse(lines, axis, window, first, n)
        p = power(v)
        logs = torch.log1p(p).sub_(lift)  # small again, for the sake of float32
        if back is not None:
            synthesise_add(back, v.mul_(logs), axis, window, first)
        if not lines.is_complex():
            p *= multiplicity(axis.window, lines)
        per_line = torch.stack([p.flatten(2).sum(-1), logs.mul_(p).flatten(2).sum(-1)])
        sums += per_line.to(dtype) @ weights.to(dtype)
    return sums


def _finish(slope: Tensor, field: Tensor, axes: tuple[Axis, ...], scale: Tensor, mean: Tensor, total: Tensor) -> None:
    """Turns the pull-back of V ln p into dS/dfield = 2 (B/A w D field/scale^2 - pull-back) / A, in place.

    Parseval: A = w sum D |field/scale|^2, with the product w of the window lengths and the windows' `coverage` D.
    """
    known = column(mean / scale, 1 + 2 * len(axes))
    shape = [len(field)]
    for i, axis in enumerate(axes):
        known = known * (axis.window * coverage(axis, field)).view(-1, *[1] * (2 * (len(axes) - 1 - i)))
        shape += [axis.frames, axis.hop]
    slope.mul_(column(-scale, slope.dim()))
    slope.view(shape).addcmul_(field.reshape(shape), known.to(field.dtype))
    slope.mul_(column(2 / total, slope.dim())).div_(column(scale, slope.dim()))


def _chunks(n: int, most: int) -> Iterator[tuple[int, int]]:
    """First and number of the elements of n in equal pieces of at most `most`, at least one."""
    pieces = -(-n // max(1, most))
    cuts = [i * n // pieces for i in range(pieces + 1)] if n else []
    return ((low, high - low) for low, high in itertools.pairwise(cuts))


def _accumulator(like: Tensor) -> torch.dtype:
    """float64, or float32 where the device has no other."""
    return torch.float32 if like.device.type == "mps" else torch.float64
