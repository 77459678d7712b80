"""Networks that read spectra [n, pT, phi], after arXiv:2107.00656 (pd4ml) and a two-convolution variant.

Ours differ from the published layers in their input, 15 x 48 in place of 24 x 24; in one output a class (softmax),
which for two classes is their sigmoid; in azimuth, which closes to a circle unless `around` is zeros; and in that
inputs are cut at three standard deviations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Around = Literal["circle", "zeros"]
Kind = Literal["reference", "two"]
L2 = 1e-5  # of kernels
CUT = 3.0  # standard deviations, where inputs end: odd events must not decide what a batch is normalised by
TRUNCATED = 0.8796256610342398  # standard deviation of a normal distribution cut at two of its own


class Same(nn.Conv2d):
    """A convolution that keeps the size; with an even kernel one more row is taken from above than from below."""

    def __init__(self, channels: int, out: int, size: int, around: Around) -> None:
        super().__init__(channels, out, size)
        self.before, self.after = (size - 1) // 2, size // 2
        self.mode = "circular" if around == "circle" else "constant"

    def forward(self, input: Tensor) -> Tensor:
        """[n, channel, pT, phi] into [n, out, pT, phi]."""
        x = functional.pad(input, (self.before, self.after, 0, 0), mode=self.mode)
        return super().forward(functional.pad(x, (0, 0, self.before, self.after)))


class PReLU(nn.Module):
    """max(x, 0) + slope min(x, 0), with a slope of its own for each place, 0 at first."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """X of the shape [n, *shape]."""
        return x.clamp(min=0) + self.slope * x.clamp(max=0)


def reference(rows: int, columns: int, classes: int, around: Around) -> nn.Sequential:
    """Three convolutions, a layer of 128."""
    half, quarter = (rows // 2, columns // 2), (rows // 4, columns // 4)
    return nn.Sequential(
        Same(1, 16, 8, around), nn.BatchNorm2d(16), PReLU(16, rows, columns), nn.Dropout(0.2),
        Same(16, 16, 7, around), nn.AvgPool2d(2), nn.BatchNorm2d(16), PReLU(16, *half), nn.Dropout(0.2),
        Same(16, 32, 6, around), nn.AvgPool2d(2), nn.BatchNorm2d(32), PReLU(32, *quarter), nn.Dropout(0.2),
        nn.Flatten(), nn.Linear(32 * quarter[0] * quarter[1], 128), nn.BatchNorm1d(128), PReLU(128), nn.Dropout(0.5),
        nn.Linear(128, classes),
    )  # fmt: skip


def two(rows: int, columns: int, classes: int, around: Around) -> nn.Sequential:
    """Two convolutions, a layer of 128."""
    half = rows // 2, columns // 2
    return nn.Sequential(
        Same(1, 16, 8, around), nn.Dropout(0.2), nn.BatchNorm2d(16), PReLU(16, rows, columns),
        Same(16, 32, 7, around), nn.Dropout(0.2), nn.BatchNorm2d(32), nn.AvgPool2d(2), PReLU(32, *half),
        nn.Flatten(), nn.Linear(32 * half[0] * half[1], 128), nn.Sigmoid(), nn.Dropout(0.5), nn.BatchNorm1d(128),
        nn.Linear(128, classes),
    )  # fmt: skip


def network(
    kind: Kind, rows: int, columns: int, classes: int, around: Around, draw: torch.Generator | None = None
) -> nn.Sequential:
    """A network for ``rows`` nodes in pT and ``columns`` in azimuth, float32, drawn from ``draw``.

    Kernels of the reference come from He's truncated normal distribution, those of `two` from N(0, 0.01). Layers as
    torch makes them draw from its global state first, which nothing depends on.
    """
    layers = (reference if kind == "reference" else two)(rows, columns, classes, around)
    net = nn.Sequential(nn.Hardtanh(-CUT, CUT), nn.Unflatten(1, (1, rows)), *layers).float()
    for kernel in kernels(net):
        he = (2 / kernel[0].numel()) ** 0.5 / TRUNCATED
        if kind == "reference":
            nn.init.trunc_normal_(kernel, std=he, a=-2 * he, b=2 * he, generator=draw)
        else:
            nn.init.normal_(kernel, std=0.01, generator=draw)
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            nn.init.zeros_(module.bias)
    return net


def kernels(net: nn.Module) -> Iterator[Tensor]:
    """The weights that L2 holds small."""
    yield from (one.weight for one in net.modules() if isinstance(one, (nn.Conv2d, nn.Linear)))


def parameters(net: nn.Module) -> list[dict[str, object]]:
    """Groups for an optimizer: the gradient of L2 w² is a decay by 2 L2, of kernels alone."""
    held = list(kernels(net))
    free = [one for one in net.parameters() if all(one is not kernel for kernel in held)]
    return [{"params": held, "weight_decay": 2 * L2}, {"params": free, "weight_decay": 0.0}]
