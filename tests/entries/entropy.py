"""%entropy: masks, families and callables, and a network that changes all it can."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from entries import Entry, Named
from entries.changing import Changing, Stats
from jupyter_phys.instruments.entropy.acquire import zero_filled
from jupyter_phys.instruments.entropy.baselines import psnr, retained
from jupyter_phys.instruments.entropy.settings import Settings
from jupyter_phys.instruments.entropy.subjects import Periodic, Polynomial, Random
from jupyter_phys.physics.phase_grid import Axis
from jupyter_phys.physics.phase_space import KERNELS


def noise(*shape: int, seed: int = 0) -> Any:
    draw = np.random.default_rng(seed)
    return draw.normal(size=shape) + 1j * draw.normal(size=shape)


def blurred(field: Any) -> Any:
    return (field + np.roll(field, 1, -1)) / 2


def thinned(field: Any) -> Any:
    """Draws from all three global random states."""
    keep = np.random.rand(*field.shape) < 0.5 + 0.2 * random.random()
    return field * keep * (torch.rand(field.shape, dtype=torch.float64).numpy() < 0.9)


class Fading:
    """A callable that is another after each call."""

    def __init__(self) -> None:
        self.gain, self.stats, self.seen = 1.0, Stats(), [np.ones(2)]

    def __call__(self, field: Any) -> Any:
        self.gain *= 0.5
        self.stats.n += 1
        self.seen[0] += 1
        return field * self.gain + self.seen[0].sum()

    def __repr__(self) -> str:
        return f"Fading({self.gain}, {self.stats}, {self.seen})"


class Net(Changing):
    """Changes all it can when it is called: weights, running means, a count, plain tensors and objects, and draws."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1), nn.Dropout(0.2)
        self.conv.register_forward_hook(self.watch)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        self.count()
        with torch.no_grad():
            self.conv.weight.mul_(0.9)
        self.conv.bias.data.add_(0.1)
        noise = torch.from_numpy(self.draws.normal(size=field.shape)).to(field)
        return self.drop(self.norm(self.conv((field + 0.1 * noise)[None, None])))[0, 0]


def in_training() -> Net:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Net().train()
        net.norm.eval()
        net.norm.train()
        net(torch.rand(32, 32)).square().sum().backward()
    return net


def entropy_subjects() -> Named:
    keep = np.random.default_rng(1).random((32, 32)) < 0.3
    return {
        "array": keep, "weights": torch.from_numpy(keep * 0.5), "line": keep[3], "periodic": Periodic(period=2),
        "random": Random(rate=0.3), "polynomial": Polynomial(p=3), "blur": blurred, "thin": thinned, "fading": Fading(),
    }  # fmt: skip


def entropy_many(k: int) -> tuple[Named, Named, int]:
    signal = noise(4 * k, 40, 40)
    options = {"signal": signal, "kind": "mri", "draws": 2, "pictures": 0, "curve": 0}
    return {f"random {i}": Random(rate=0.3) for i in range(k)}, options, signal.nbytes


def entropy_steps(step: Callable[[], None]) -> tuple[Named, Named]:
    def stepping(field: Any) -> Any:
        step()
        return blurred(field)

    return {f"step {i}": stepping for i in range(4)}, {"signal": noise(3, 32, 32), "pictures": 0, "curve": 0}


def entropy_kernels(device: str) -> dict[str, Callable[[], Any]]:
    axis = Axis(64, 4.0, 2, 32)
    entropy_pass, power_blocks, local_spectrum, wigner = KERNELS

    def fields(*shape: int, dtype: torch.dtype = torch.complex128) -> torch.Tensor:
        return torch.ones(shape, dtype=dtype, device=device)

    return {
        "entropy of signals": lambda: entropy_pass(fields(3, 64), (axis,), 2**20),
        "entropy of real images": lambda: entropy_pass(fields(2, 64, 64, dtype=torch.float32), (axis, axis), 2**22),
        "gradient": lambda: entropy_pass(fields(2, 64, 64), (axis, axis), 2**22, fields(2, 64, 64)),
        "density": lambda: [block for _, block in power_blocks(fields(2, 64, 64), (axis, axis), 2**22)],
        "local spectrum": lambda: local_spectrum(fields(2, 64, 64), (axis, axis), (5, 7)),
        "wigner": lambda: wigner(fields(2, 64)),
        "zero-filled": lambda: zero_filled(
            fields(2, 64, 64), fields(2, 64, 64, dtype=torch.float64), Settings(kind="mri")
        ),
        "retained energy": lambda: retained(fields(2, 64, 64), fields(2, 64, 64)),
        "psnr": lambda: psnr(fields(2, 64, 64), fields(2, 64, 64)),
    }


ENTROPY = Entry(
    name="entropy",
    along="subject",
    numbers=("S_before", "S_after", "delta_S", "delta_S_mean", "abs_delta_S", "retained_energy", "psnr", "rate"),
    scale=10.0,
    subjects=entropy_subjects,
    options=lambda: {"signal": noise(2, 32, 32), "kind": "mri", "draws": 3, "pictures": 0, "curve": 0},
    pictures={"pictures": 8, "curve": 3},
    one_by_one=callable,
    late=8,
    network=lambda: (in_training(), {"signal": noise(2, 32, 32).real, "pictures": 0, "curve": 0}),
    many=entropy_many,
    steps=entropy_steps,
    axes={"scale": [2.0, 2.3], "draws": [1, 3]},
    refused=(
        (np.ones((5, 5)), {}), (np.zeros((32, 32)), {}), ("none such", {}), (object(), {}), ([], {}),
        (np.ones((32, 32)), {"scale": 100.0}), (np.ones((32, 32)), {"scal": 2.0}),
        (np.ones((32, 32)), {"signal": np.full((32, 32), np.nan)}), (np.ones((32, 32)), {"signal": np.zeros((32, 32))}),
        (np.ones((32, 32)), {"device": "meta"}), (np.ones((32, 32)), {"memory": -1.0}),
    ),
    cases="E2|E4|E5|E12|E15|fixture",
    kernels=entropy_kernels,
)  # fmt: skip
