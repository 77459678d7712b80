"""Cuts through the phase space of periodic fields: all frequencies at one place, all places at one frequency.

Both give the overlap |<g, x>|^2 / ||x||^2 of the field x with the Gaussian packet g of unit energy at that place and
frequency: the part of the field's energy that one coherent packet holds, 0 to 1. It is the Husimi density times
(2 pi)^d, so it does not depend on hop or window length, and cuts of one field are on one scale. Arguments are those
of phase_space.py.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from jupyter_phys.physics.batch import column
from jupyter_phys.physics.gabor import local_spectrum, power
from jupyter_phys.physics.phase_grid import Axis, IntPerAxis, PerAxis, check_field, gaussian, grid, level

__all__ = ["along_row", "at_frequency", "at_place"]


def at_place(
    field: Tensor, scale: PerAxis, *, ndim: int, window_length: IntPerAxis = None, at: Sequence[int]
) -> Tensor:
    """Overlap with the packets at one sample: [..., w] or [..., w1, w2], zero frequency in the middle.

    Divided by its sum it is `phase_space.husimi(at=at)`. Not differentiable.

    Raises TypeError for other dtypes; ValueError for zero or non-finite fields, and for a place outside.
    """
    items, axes = _items(field, scale, ndim, window_length)
    lengths = tuple(axis.length for axis in axes)
    if len(at) != len(axes) or not all(0 <= n < length for n, length in zip(at, lengths, strict=True)):
        raise ValueError(f"at={tuple(at)} is not a sample of a field of shape {lengths}")
    inner = list(range(1, ndim + 1))
    found = torch.fft.fftshift(local_spectrum(items, axes, at), dim=inner)
    return _shares(found, items).view(*field.shape[:-ndim], *found.shape[1:])


def along_row(
    field: Tensor, scale: PerAxis, *, window_length: IntPerAxis = None, row: int, columns: Sequence[int]
) -> Tensor:
    """Overlap of images with the packets at several samples of one row: [..., columns, w1, w2], as `at_place` gives.

    Raises as `at_place`.
    """
    items, axes = _items(field, scale, 2, window_length)
    lengths = axes[0].length, axes[1].length
    if not 0 <= row < lengths[0] or not all(0 <= column < lengths[1] for column in columns):
        raise ValueError(f"row={row}, columns={list(columns)} are not samples of a field of shape {lengths}")
    down = items.index_select(1, _around(row, axes[0], items)) * gaussian(axes[0], items)[:, None]
    windows = torch.stack([_around(column, axes[1], items) for column in columns])
    x = down[:, :, windows].movedim(2, 1) * gaussian(axes[1], items) / level(items).view(-1, 1, 1, 1)
    found = torch.fft.fftshift(power(torch.fft.fftn(x, dim=(-2, -1))), dim=(-2, -1))
    return _shares(found, items).view(*field.shape[:-2], *found.shape[1:])


def _around(sample: int, axis: Axis, like: Tensor) -> Tensor:
    """Indices of the samples under the window at one sample."""
    return (torch.arange(axis.window, device=like.device) + sample - axis.window // 2) % axis.length


def at_frequency(
    field: Tensor, scale: PerAxis, *, ndim: int, window_length: IntPerAxis = None, frequency: Sequence[float]
) -> Tensor:
    """Overlap with the packets of one frequency (cycles per sample, any real number) at every sample: [..., N] or so.

    One windowed convolution by FFT: O(N log N). Not differentiable.

    Raises as `at_place`; ValueError for a frequency that is not finite.
    """
    items, axes = _items(field, scale, ndim, window_length)
    if len(frequency) != len(axes) or not all(map(math.isfinite, frequency)):
        raise ValueError(f"frequency={tuple(frequency)}: give {len(axes)} finite numbers, in cycles per sample")
    x = items / column(level(items), items.dim())
    spectrum = torch.fft.fftn(x, dim=list(range(1, ndim + 1)))
    for i, (axis, nu) in enumerate(zip(axes, frequency, strict=True), start=1):
        packet = torch.fft.fft(_packet(axis, nu, items)).conj()
        spectrum = spectrum * packet.view(-1, *[1] * (len(axes) - i))
    found = power(torch.fft.ifftn(spectrum, dim=list(range(1, ndim + 1))))
    return _shares(found, items).view(field.shape)


def _packet(axis: Axis, nu: float, like: Tensor) -> Tensor:
    """Samples [N] of the packet of frequency nu around sample 0, of `like`'s complex dtype."""
    offsets = torch.arange(axis.window, device=like.device) - axis.window // 2
    turns = (offsets.double() * nu).to(like.real.dtype) if like.device.type != "mps" else offsets * nu
    packet = torch.polar(gaussian(axis, like), 2 * math.pi * turns)
    return torch.zeros(axis.length, dtype=packet.dtype, device=like.device).index_add_(0, offsets % axis.length, packet)


def _shares(powers: Tensor, items: Tensor) -> Tensor:
    """Powers of fields that were scaled to a mean modulus of one, over the energy that these then have."""
    x = items.abs() / column(level(items), items.dim())
    return powers / column(x.square().flatten(1).sum(1), powers.dim())


def _items(field: Tensor, scale: PerAxis, ndim: int, window: IntPerAxis) -> tuple[Tensor, tuple[Axis, ...]]:
    items = check_field(field.detach(), ndim)
    return items, grid(items.shape[1:], scale, None, window)
