"""%probe: networks of several makes, a plain function with data, and one in training that changes all it may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from entries import Entry, Named
from entries.changing import Changing
from jupyter_phys.physics import moments, wave
from jupyter_phys.physics.attack import Threat
from jupyter_phys.physics.moments import Sums

ROWS = 12  # of an image


def data(n: int, side: int = ROWS, seed: int = 0) -> tuple[Any, Any]:
    """Images in (0, 1) of two classes, of which the second is lighter on the left."""
    draw = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = 0.3 + 0.3 * draw.random((n, side, side))
    x[:, :, : side // 2] += 0.2 * y[:, None, None]
    return x, y


def layered(side: int, hidden: int, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Flatten(), nn.Linear(side**2, hidden), nn.Tanh(), nn.Linear(hidden, 2))
    return net.double().eval()


def left_is_lighter(images: torch.Tensor) -> torch.Tensor:
    half = images.shape[-1] // 2
    return 6 * (images[..., :half].mean((1, 2)) - images[..., half:].mean((1, 2)) - 0.1)


class Convolved(Changing):
    """Counts its calls in every way it can, draws from its own generator and from torch's, and answers the same."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Dropout(0.2)
        self.last = nn.Linear(3 * ROWS**2, 2)
        self.conv.register_forward_hook(self.watch)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.count()
        return self.last(self.drop(self.norm(self.conv(images[:, None])).tanh()).flatten(1))


def in_training() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Convolved().train()
        images = torch.rand(6, ROWS, ROWS)
        nn.functional.cross_entropy(net(images), torch.arange(6) % 2).backward()
    return net


SMALL: Named = {"samples": 800, "images": 24, "steps": 3, "eps": 0.1, "curve": 2, "pictures": 0}


def many(k: int) -> tuple[Named, Named, int]:
    side = 8
    options = SMALL | {"data": data(40 * k, side), "samples": 800 * k, "images": 40 * k}
    held = 2 * 20 * 6 * side**2 * 8  # the block sums of two labels
    return {"tanh": layered(side, 64)}, options, held


def steps(step: Callable[[], None]) -> tuple[Named, Named]:
    def stepping(images: torch.Tensor) -> torch.Tensor:
        step()
        return left_is_lighter(images)

    return {f"step {i}": stepping for i in range(3)}, {"data": data(30), **SMALL, "samples": 400, "steps": 1}


def kernels(device: str) -> dict[str, Callable[[], Any]]:
    def images(n: int = 5) -> torch.Tensor:
        return torch.ones(n, 3, device=device)

    def sums() -> Sums:
        found = Sums.empty(2, 3, device=device)
        for block in range(moments.BLOCKS):
            x = torch.ones(7, 3, dtype=torch.float64, device=device)
            found.add(0, block, x[:, 0], x, x, x[:, 0])
        return found

    def objective(x: torch.Tensor, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x.square().sum(1), torch.zeros(len(x), dtype=torch.bool, device=device)

    def line() -> torch.Tensor:
        return torch.ones(6, dtype=torch.float64, device=device)

    momentum_density, husimi, wigner = wave.KERNELS
    return {
        **{one.__name__: (lambda one=one: one(sums())) for one in moments.KERNELS},
        "momentum density": lambda: momentum_density(line() + 0j, line(), line()),
        "husimi": lambda: husimi(line() + 0j, line(), line(), 1.0),
        "wigner": lambda: wigner(line() + 0j, line(), line()),
        "projection": lambda: Threat("l2", 0.1).project(images() + 1, images()),
        "steepest": lambda: [Threat(norm, 0.1).steepest(images()) for norm in ("linf", "l2")],
    }


def behind(images: torch.Tensor) -> torch.Tensor:
    return NET(images.double())


NET = layered(ROWS, 6, 2)

PROBE = Entry(
    name="probe",
    along="subject",
    numbers=("delta_x", "delta_p", "product", "bound", "product_mean", "product_grand", "accuracy", "cc", "alignment"),
    scale=1.0,
    subjects=lambda: {
        "tanh": layered(ROWS, 8), "wide": layered(ROWS, 20, 1), "function": left_is_lighter,
        "behind": behind,
    },
    options=lambda: {"data": data(60), **SMALL},
    pictures={"pictures": 3},
    one_by_one=lambda subject: False,
    late=40,
    network=lambda: (in_training(), {"data": data(60), **SMALL}),
    many=many,
    steps=steps,
    axes={"s": [0.1, 0.2], "steps": [1, 3]},
    refused=(
        (np.ones(3), {}), (nn.Linear, {}), ("none such", {}), (object(), {}), ([], {}),
        (layered(3, 4), {}), (layered(ROWS, 4), {"data": (np.ones((0, ROWS, ROWS)), np.ones(0))}),
        (layered(ROWS, 4), {"data": (np.full((9, ROWS, ROWS), np.nan), np.zeros(9, int))}),
        (layered(ROWS, 4), {"data": (np.ones((9, ROWS, ROWS)), np.full(9, 7))}),
        (layered(ROWS, 4), {"data": (2 * np.ones((9, ROWS, ROWS)), np.zeros(9, int))}),
        (layered(ROWS, 4), {"loss": "squared"}), (layered(ROWS, 4), {"los": "squared"}),
        (lambda x: x.sum((1, 2)).detach(), {}), (lambda x: torch.rand(len(x)) + 0 * x.sum((1, 2)), {}),
        (lambda x: x.mean() * torch.ones(len(x)), {}), (lambda x: np.asarray(x).sum((1, 2)), {}),
        (lambda x: x.sum((1, 2)) / 0, {}), (layered(ROWS, 4), {"device": "meta"}),
        (layered(ROWS, 4), {"memory": -1.0}), (layered(ROWS, 4), {"eps": -1.0}),
    ),
    cases="sech|oscillator n = 1|softplus|window|linear model|factor",
    kernels=kernels,
)  # fmt: skip
