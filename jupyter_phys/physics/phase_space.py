"""Husimi density, Husimi (Wehrl) entropy and Wigner distribution of periodic fields: 1-D signals and 2-D images.

Fields are [..., N] or [..., N1, N2], real or complex, float32 or float64, on any device. A Gaussian window of
amplitude std `scale` samples moves over the field; V is its windowed Fourier transform, Q = |V|^2 / sum |V|^2 the
density on phase space. Positions are the window centres 0, hop, 2 hop, ... in samples; frequencies are -(w//2)/w, ...
in cycles per sample for a window of w samples, zero in the middle (`torch.fft.fftshift(torch.fft.fftfreq(w))`).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.entropy_stream import Entropy, entropy_pass, least_memory
from jupyter_phys.physics.gabor import local_spectrum, multiplicity, power_blocks, whole
from jupyter_phys.physics.phase_grid import Axis, IntPerAxis, PerAxis, check_field, grid, grid_rule, valid_scale

__all__ = [
    "KERNELS",
    "MEMORY",
    "Projections",
    "grid_rule",
    "husimi",
    "husimi_entropy",
    "projections",
    "valid_scale",
    "wigner",
]

MEMORY = 2**28  # bytes a call may use beside its input, result and gradient


def husimi_entropy(
    field: Tensor,
    scale: PerAxis,
    *,
    ndim: int,
    hop: IntPerAxis = None,
    window_length: IntPerAxis = None,
    memory: int = MEMORY,
) -> Tensor:
    """Entropy of the Husimi density, S = -sum Q ln Q - ln(C/P) with C grid cells on P samples: nats, one per field.

    The Wehrl entropy on a periodic lattice; S >= ndim, reached by coherent packets (E. H. Lieb, Commun. Math. Phys.
    62, 35 (1978)). Complex scale, conjugation, shifts by the hop and, on the full grid, integer modulation leave it.

    field: [..., N] for ndim=1, [..., N1, N2] for ndim=2.
    scale, hop, window_length: in samples, one value or one per axis. None takes `grid_rule`; hop=1, window_length=N
        is the full grid.
    memory: bytes used at most beside input, result and gradient; the density is never stored.
    Returns float64 of the leading shape on the field's device (float32 where the device has no float64, as on MPS).
    Differentiable once: the analytic gradient is made in the same pass, and only if `field` requires it.

    Raises TypeError for other dtypes; ValueError for zero or non-finite fields, for a grid that does not fit the field
    or misses all its energy, and for too little memory. Warns outside `valid_scale`.
    """
    items, axes = _items(field, scale, ndim, hop, window_length)
    least = least_memory(items, axes)
    if memory < least:
        raise ValueError(f"memory={memory} bytes is too little for this grid: give at least {least}")
    wanted = items.requires_grad and torch.is_grad_enabled()
    entropy: Tensor = (Entropy.apply if wanted else entropy_pass)(items, axes, memory)  # pyright: ignore
    _check_seen(entropy.isfinite())
    return entropy.view(field.shape[:-ndim])


def husimi(
    field: Tensor,
    scale: PerAxis,
    *,
    ndim: int,
    hop: IntPerAxis = None,
    window_length: IntPerAxis = None,
    at: Sequence[int] | None = None,
) -> Tensor:
    """Husimi density of signals, or local spectrum of signals or images; sums to 1, in the field's precision.

    at=None: Q [..., N/hop, w] of signals. at=(n,) or at=(row, column): the spectrum |V|^2 [..., w] or [..., w1, w2]
    under the window centred at that sample, a multiple of the hop or not. Not differentiable.

    Raises as `husimi_entropy`; ValueError for images without `at`, whose density has four axes.
    """
    items, axes = _items(field.detach(), scale, ndim, hop, window_length)
    if at is not None:
        _check_place(axes, at)
        return _finished(torch.fft.fftshift(local_spectrum(items, axes, at), dim=list(range(1, ndim + 1))), field, ndim)
    if ndim > 1:
        raise ValueError("the density of an image has four axes: give at=(row, column), or take marginals")
    (axis,) = axes
    density = items.real.new_empty(len(items), axis.frames, axis.window)
    for where, block in power_blocks(items, axes, MEMORY):
        density[where] = whole(block, axes, items)
    return _finished(torch.fft.fftshift(density, dim=-1), field, ndim)


class Projections(NamedTuple):
    """Of the density Q [positions, frequencies] of fields: its sums over either, and what each position adds to S."""

    position: Tensor
    frequency: Tensor
    entropy: Tensor


def projections(
    field: Tensor,
    scale: PerAxis,
    *,
    ndim: int,
    hop: IntPerAxis = None,
    window_length: IntPerAxis = None,
    memory: int = MEMORY,
) -> Projections:
    """Sums of Q and the share of every window position m in S, -sum_k Q[m,k] ln(Q[m,k] C/P) in nats, in one pass.

    `position` and `entropy` are [..., N/hop] or [..., N1/hop1, N2/hop2], `frequency` [..., w] or [..., w1, w2]; the
    first two densities sum to 1, the shares to S. In the field's precision, not differentiable. Arguments and errors
    as `husimi_entropy`.
    """
    items, axes = _items(field.detach(), scale, ndim, hop, window_length)
    frames, inner = [axis.frames for axis in axes], list(range(1, ndim + 1))
    p, plogp = items.real.new_empty(2, len(items), *frames)
    weights = multiplicity(axes[-1].window, items)
    frequency = items.real.new_zeros(len(items), *[axis.window for axis in axes[:-1]], len(weights))
    for where, block in power_blocks(items, axes, memory):
        frequency[where[0]] += block.sum(inner)
        logs = block.clamp_min(torch.finfo(block.dtype).tiny).log_()  # several times as fast as xlogy
        for out, values in ((p, block), (plogp, logs.mul_(block))):
            out[where] = (values @ weights).view(*p[where].shape, -1).sum(-1)
    total = p.sum(inner, keepdim=True)
    _check_seen(total > 0)
    share = (p * (total / math.prod(axis.cells for axis in axes)).log() - plogp) / total
    frequency = torch.fft.fftshift(whole(frequency, axes, items), dim=inner)
    lead = field.shape[:-ndim]
    return Projections(_finished(p, field, ndim), _finished(frequency, field, ndim), share.view(*lead, *frames))


def wigner(field: Tensor, *, ndim: int = 1) -> Tensor:
    """Wigner distribution of periodic signals [..., N] at half samples and half bins, [..., 2N, 2N]; real, sums to 1.

    W[q,p] = sum_n x[n] conj(x[q-n]) exp(-i pi p (2n-q)/N) / (2N sum |x|^2), indices mod N: position q/2 samples,
    frequency p/(2N) cycles per sample, p = -N ... N-1; one definition for odd and even N (J. H. Hannay, M. V. Berry,
    Physica D 1, 267 (1980)). The sum over p is |x[n]|^2 / sum |x|^2 at q = 2n, zero at odd q; the sum over q is
    |X[k]|^2 / sum |X|^2 at p = 2k, zero at odd p. A lattice shows each feature again half a period away in position,
    frequency and both, with alternating sign: means over 2 x 2 cells remove these copies of smooth features.
    Uses about 260 N^2 bytes a signal in float64.

    Raises TypeError for other dtypes; ValueError for ndim other than 1 and for zero or non-finite signals.
    """
    if ndim != 1:
        raise ValueError(f"ndim={ndim}: the distribution of an image has four axes; give rows or columns, ndim=1")
    density = _wigner(check_field(field, 1))
    return density.view(*field.shape[:-1], *density.shape[1:])


def _wigner(x: Tensor) -> Tensor:
    n = x.shape[-1]
    x = x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    q = torch.arange(2 * n, device=x.device)[:, None]
    p = torch.arange(-n, n, device=x.device)
    mirrored = x[:, (q - torch.arange(n, device=x.device)) % n].conj()
    spectrum = torch.fft.fft(x[:, None] * mirrored)[..., p % n]
    turn = (p * q % (2 * n)).to(x.real.dtype) * (math.pi / n)
    return (spectrum * torch.polar(torch.ones_like(turn), turn)).real / (2 * n)


KERNELS = (entropy_pass, power_blocks, local_spectrum, _wigner)  # pure: no checks, nothing leaves the device


def _items(
    field: Tensor, scale: PerAxis, ndim: int, hop: IntPerAxis, window: IntPerAxis
) -> tuple[Tensor, tuple[Axis, ...]]:
    items = check_field(field, ndim)
    return items, grid(items.shape[1:], scale, hop, window)


def _finished(density: Tensor, field: Tensor, ndim: int) -> Tensor:
    """Sums to 1, in the leading shape of the field."""
    total = density.sum(list(range(1, density.dim())), keepdim=True)
    _check_seen(total > 0)
    return (density / total).view(*field.shape[:-ndim], *density.shape[1:])


def _check_seen(seen: Tensor) -> None:
    if not bool(seen.all()):
        raise ValueError(
            "the windows see none of the field's energy: take a smaller hop, a longer window or another place"
        )


def _check_place(axes: tuple[Axis, ...], at: Sequence[int]) -> None:
    lengths = tuple(axis.length for axis in axes)
    if len(at) != len(axes) or not all(0 <= n < length for n, length in zip(at, lengths, strict=True)):
        raise ValueError(f"at={tuple(at)} is not a sample of a field of shape {lengths}")
