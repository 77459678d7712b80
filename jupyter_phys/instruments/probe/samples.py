"""The built-in network and its data: scikit-learn's digits, which come inside the package."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from jupyter_phys.core.run import Run
from jupyter_phys.core.states import drawing
from jupyter_phys.instruments.probe.subjects import Digits

BATCH = 64
Pair = tuple[NDArray[np.float64], NDArray[np.int64]]


@functools.cache
def digits() -> tuple[Pair, Pair]:
    """1257 images to train with and 540 to test, [n, 8, 8] in [0, 1], with their labels; split by class."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    found: Any = load_digits()
    x, y = found.images / 16.0, found.target.astype(np.int64)
    a, b, c, d = (np.asarray(one) for one in train_test_split(x, y, test_size=0.3, stratify=y, random_state=0))
    return (a, c), (b, d)


def trained(settings: Digits, run: Run) -> nn.Module:
    """The network of these settings; a training that was interrupted leaves nothing behind."""
    if settings not in _TRAINED:
        _TRAINED[settings] = _train(settings, run)
    return _TRAINED[settings]


_TRAINED: dict[Digits, nn.Module] = {}


def network(hidden: int, draw: torch.Generator) -> nn.Module:
    """64-hidden-10 with tanh; weights of variance 1/fan-in, no biases."""
    first, second = nn.Linear(64, hidden), nn.Linear(hidden, 10)
    with torch.no_grad():
        for one in (first, second):
            one.weight.copy_(torch.randn(one.weight.shape, generator=draw) / one.in_features**0.5)
            one.bias.zero_()
    return nn.Sequential(nn.Flatten(), first, nn.Tanh(), second)


def _train(settings: Digits, run: Run) -> nn.Module:
    """On the CPU and in float32 wherever it is measured: it is the same network on every machine's device."""
    draw = torch.Generator().manual_seed(settings.init)
    with drawing(settings.init, torch.device("cpu")):  # what layers draw before they get their weights
        net = network(settings.hidden, draw)
    (x, y), _ = digits()
    images, labels = torch.from_numpy(x).float(), torch.from_numpy(y)
    optimizer = torch.optim.Adam(net.parameters(), lr=settings.rate)
    with torch.enable_grad():
        for _ in range(settings.epochs):
            for part in torch.randperm(len(images), generator=draw).split(BATCH):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(images[part]), labels[part]).backward()
                optimizer.step()
            run.advance(0)
    optimizer.zero_grad()
    return net
