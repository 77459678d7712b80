"""Windowed Fourier transform of periodic lines, some window positions at a time, and its adjoint; no checks."""

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from jupyter_phys.physics.phase_grid import Axis, gaussian, level

CACHE = 2**18  # coefficients of a block on a CPU: more leave its cache, fewer pay for calls


def wrap(lines: Tensor, axis: Axis, first: int, frames: int) -> Tensor:
    """The samples of periodic lines [..., N] under windows first, first + 1, ..., from left to right."""
    return torch.cat([lines[..., piece] for piece in _pieces(axis, first, frames)], -1)


def analyse(lines: Tensor, axis: Axis, window: Tensor, first: int, frames: int) -> Tensor:
    """V[..., t, k] of periodic lines [..., N] at window positions first, first + 1, ...

    Real lines give the half spectrum. The window is [w], or [items, 1, 1, w] for one per item.
    """
    touched = wrap(lines, axis, first, frames)
    if not touched.is_complex():
        return torch.fft.rfft(touched.unfold(-1, axis.window, axis.hop) * window)
    pairs = torch.view_as_real(touched).flatten(-2)  # real times real: half the work of a complex product
    cut = pairs.unfold(-1, 2 * axis.window, 2 * axis.hop) * window.repeat_interleave(2, -1)
    return torch.fft.fft(torch.view_as_complex(cut.unflatten(-1, (axis.window, 2))))


def synthesise_add(out: Tensor, coefficients: Tensor, axis: Axis, window: Tensor, first: int) -> None:
    """Adjoint of `analyse`, added to the lines `out`; real ones take the half of a Hermitian spectrum."""
    inverse = torch.fft.ifft if out.is_complex() else torch.fft.irfft
    cut = inverse(coefficients, n=axis.window, norm="forward").mul_(window)
    *lines, frames, w = cut.shape
    span = (frames - 1) * axis.hop + w
    touched = torch.ops.aten.unfold_backward(cut, [*lines, span], len(lines), w, axis.hop)
    for piece in _pieces(axis, first, frames):
        n = piece.stop - piece.start
        out[..., piece] += touched[..., :n]
        touched = touched[..., n:]


def power(coefficients: Tensor) -> Tensor:
    """|V|^2."""
    squares = torch.view_as_real(coefficients).square()
    return squares[..., 0] + squares[..., 1]


def multiplicity(window: int, lines: Tensor) -> Tensor:
    """How often each frequency from `analyse` stands in the whole spectrum: 1, or 2 inside a half spectrum."""
    if lines.is_complex():
        return lines.real.new_ones(window)
    twice = lines.new_full((window // 2 + 1,), 2)
    twice[0] = 1
    twice[(window + 1) // 2 :] = 1  # Nyquist, where there is one
    return twice


def power_blocks(field: Tensor, axes: tuple[Axis, ...], memory: int) -> Iterator[tuple[tuple[slice, ...], Tensor]]:
    """|V|^2 of fields [items, *axes], scaled to a mean modulus of one, block by block.

    Yields a block's place in [items, *positions] and its values [items, *positions, *frequencies]; real fields give
    half of the last axis, see `multiplicity` and `whole`. A block uses up to `memory` bytes, or what one window
    position needs.
    """
    n = len(axes)
    windows = [gaussian(axis, field) for axis in axes]
    window = windows[0] if n == 1 else torch.outer(*windows)
    scale = level(field).view(-1, *[1] * n)
    transform = torch.fft.fftn if field.is_complex() else torch.fft.rfftn
    size = memory // (8 * field.real.element_size() * window.numel())
    if field.device.type == "cpu":
        size = min(size, CACHE // window.numel())
    for where in _tiles([len(field), *[axis.frames for axis in axes]], size):
        x = field[where[0]]
        for i, (axis, some) in enumerate(zip(axes, where[1:], strict=True), start=1):
            x = wrap(x.movedim(i, -1), axis, some.start, some.stop - some.start).movedim(-1, i)
        x /= scale[where[0]]  # a copy by now
        for i, axis in enumerate(axes, start=1):
            x = x.unfold(i, axis.window, axis.hop)
        yield where, power(transform(x * window, dim=list(range(-n, 0))))


def whole(powers: Tensor, axes: tuple[Axis, ...], lines: Tensor) -> Tensor:
    """|V|^2 [..., *frequencies] of all frequencies, from what `power_blocks` gives of fields like `lines`."""
    if lines.is_complex():
        return powers
    missing = powers[..., 1 : (axes[-1].window + 1) // 2].flip(-1)
    for i in range(-len(axes), -1):  # at the frequencies of opposite sign: 0, w - 1, ..., 1
        missing = missing.flip(i).roll(1, i)
    return torch.cat([powers, missing], -1)


def local_spectrum(field: Tensor, axes: tuple[Axis, ...], at: Sequence[int]) -> Tensor:
    """|V|^2 [items, *frequencies] of fields [items, *axes] under the window centred at one sample."""
    x = field / level(field).view(-1, *[1] * len(axes))
    for i, (n, axis) in enumerate(zip(at, axes, strict=True), start=1):
        around = (torch.arange(axis.window, device=x.device) + n - axis.window // 2) % axis.length
        x = x.index_select(i, around) * gaussian(axis, x).view(-1, *[1] * (len(axes) - i))
    return power(torch.fft.fftn(x, dim=list(range(1, x.dim()))))


def _pieces(axis: Axis, first: int, frames: int) -> Iterator[slice]:
    """What neighbouring windows touch, cut where the axis wraps round."""
    start = first * axis.hop - axis.window // 2
    stop = start + (frames - 1) * axis.hop + axis.window
    while start < stop:
        low = start % axis.length
        high = min(axis.length, low + stop - start)
        yield slice(low, high)
        start += high - low


def _tiles(shape: Sequence[int], size: int) -> Iterator[tuple[slice, ...]]:
    """Boxes of at most `size` elements, at least one, that cover an array."""
    cuts: list[list[slice]] = []
    for n in reversed(shape):
        step = max(1, min(n, size))
        size //= step
        cuts.insert(0, [slice(i, min(i + step, n)) for i in range(0, n, step)])
    return itertools.product(*cuts)
