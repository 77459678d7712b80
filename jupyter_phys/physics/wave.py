"""Phase-space pictures of a wave function psi(x) of one coordinate, sampled evenly; hbar = 1, p = -i d/dx.

`psi` [n] is complex and normalised, sum |psi|^2 h = 1, at places x [n] of spacing h; momenta p [m] are any.
Sums over places stand for integrals: right where psi vanishes at the ends and |p| < pi/h (pi/2h for Wigner's).
"""

import math

import torch
from torch import Tensor


def momentum_density(psi: Tensor, x: Tensor, p: Tensor) -> Tensor:
    """|phi(p)|^2 [m] with phi(p) = int psi(x) e^(-ipx) dx / sqrt(2 pi)."""
    return (_waves(-p, x) @ psi).abs().square() * _step(x) ** 2 / (2 * math.pi)


def husimi(psi: Tensor, x: Tensor, p: Tensor, width: float) -> Tensor:
    """Q(x, p) [n, m] = |<coherent state of standard deviation `width` at (x, p)|psi>|^2 / 2 pi: never negative."""
    window = torch.exp(-((x[:, None] - x) ** 2) / (4 * width**2)) / (2 * math.pi * width**2) ** 0.25
    overlap = (window * psi) @ _waves(-p, x).T
    return overlap.abs().square() * _step(x) ** 2 / (2 * math.pi)


def wigner(psi: Tensor, x: Tensor, p: Tensor) -> Tensor:
    """W(x, p) [n, m] = int psi*(x + y) psi(x - y) e^(2ipy) dy / pi; its marginals are |psi|^2 and |phi|^2."""
    n = len(psi)
    shifts = torch.arange(-(n - 1), n, device=psi.device)
    padded = torch.nn.functional.pad(psi, (n - 1, 2 * n - 2))  # zero beyond both ends
    places = torch.arange(n, device=psi.device)[:, None] + n - 1
    product = padded[places + shifts].conj() * padded[places - shifts]
    return (product @ _waves(2 * p, shifts * _step(x)).T).real * _step(x) / math.pi


def _waves(p: Tensor, x: Tensor) -> Tensor:
    """e^(ipx) [m, n]."""
    phase = p[:, None] * x
    return torch.complex(phase.cos(), phase.sin())


def _step(x: Tensor) -> Tensor:
    return (x[-1] - x[0]) / (len(x) - 1)


KERNELS = (momentum_density, husimi, wigner)  # pure: no checks, nothing leaves the device
