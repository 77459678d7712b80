"""%eos meter and %eos predict: spectra of two classes that differ in slope, in every way they may be given."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from slopes import dataset, spectra
from torch import nn
from torch.func import functional_call

from entries import Entry, Named
from jupyter_phys.core.instrument import find
from jupyter_phys.instruments.eos.meter import networks, turned
from jupyter_phys.physics.hydro.spectra import gaussian_momenta

GRID = gaussian_momenta(4, 8)
CLASSES = "crossover", "first_order"
COLD, HOT = 0.15, 0.19  # GeV


def events(n: int = 45, seed: int = 0) -> xr.Dataset:
    """``n`` events of each class."""
    return dataset(spectra(n, GRID, COLD, seed=seed), spectra(n, GRID, HOT, seed=seed + 1), GRID, CLASSES)


def arrays(n: int = 60, seed: int = 0) -> tuple[Any, Any]:
    """The same as rho [event, pT, phi] with labels."""
    values = events(n, seed)["spectrum"].values
    return np.concatenate(values), np.repeat(CLASSES, n)


def by_name(n: int = 45, seed: int = 0) -> Named:
    rho, label = arrays(n, seed)
    nodes = {"pT": GRID.pt, "phi": GRID.phi, "event": np.tile(np.arange(n), 2)}
    return {"rho": torch.from_numpy(rho).requires_grad_(), "label": label, **nodes}


QUICK: Named = {
    "epochs": 1, "network": "two", "rate": 5e-3, "batch": 16, "sampled": (), "importance": 0, "nulls": False,
    "baselines": False,
}  # fmt: skip
SHOWN: Named = {"sampled": (50,), "importance": 4, "nulls": True}


def steps(step: Callable[[], None]) -> tuple[Named, Named]:
    return {f"step {i}": events(seed=2 * i) for i in range(2)}, dict(QUICK)


with torch.random.fork_rng():
    NET = networks.network("two", 4, 8, 2, "circle").eval()
SHAPES = {name: tuple(one.shape) for name, one in NET.state_dict().items()}


def kernels(device: str) -> dict[str, Callable[[], Any]]:
    def ones(*shape: int) -> torch.Tensor:
        return torch.ones(shape, device=device)

    def logits(x: torch.Tensor) -> torch.Tensor:
        return functional_call(NET, {name: ones(*shape) for name, shape in SHAPES.items()}, x)

    def turn() -> torch.Tensor:
        return turned.Turner(ones(turned.ANGLES, 8, 8))(ones(3, 4, 8), torch.Generator().manual_seed(0))

    return {"network": lambda: logits(ones(3, 4, 8)), "turned": turn}


METER = Entry(
    name="eos",
    task="meter",
    along="subject",
    numbers=("accuracy", "loss", "confidence", "right", "calibration_error", "confusion"),
    scale=1.0,
    subjects=lambda: {"events": events(80), "arrays": arrays(seed=4), "by name": by_name(seed=8)},
    options=lambda: QUICK | {"tests": {"colder": events(20, 30)}},
    pictures=SHOWN,
    one_by_one=lambda subject: False,
    late=6,
    many=lambda k: ({"events": events(150 * k)}, QUICK | {"held": 0.5}, 0),
    small=0.008,
    steps=steps,
    axes={"rate": [5e-3, 1e-3], "normalise": ["peak", "number"]},
    refused=(
        (np.ones((3, 4)), {}), (nn.Linear, {}), ("none such", {}), (object(), {}), ([], {}),
        (events()[{"subject": [0]}], {}), (events(10), {}), (events().rename(spectrum="rho"), {}),
        (events().assign_coords(phi=np.linspace(0, 6, 8)), {}), (events() * np.nan, {}),
        ((arrays()[0], np.zeros(7)), {}), ((arrays()[0], np.linspace(0, 1, 120)), {}),
        ((arrays()[0][:, :, :2], arrays()[1]), {}), ((arrays()[0].astype(str), arrays()[1]), {}),
        (events(), {"tests": events(20)}), (events(), {"tests": {"held out": events(20)}}),
        (events(), {"tests": {"other": events(20).assign_coords(pT=GRID.pt.numpy() * 12 / 13)}}),
        (events().expand_dims(species=["K+"]), {}), (events(), {"highest": 0.3}),
        (events(), {"validation": 0.5, "held": 0.5}), (events(), {"memory": 0.001, "batch": 64}),
        (events(), {"epochs": 0}), (events(), {"network": "three"}), (events(), {"save": "/no/where/meter.pt"}),
        (events(), {"device": "meta"}), (events(), {"memory": -1.0}),
    ),
    kernels=kernels,
    cases="meter: (?!network)",
    is_heard=False,
    exact=False,
)  # fmt: skip


@functools.cache
def trained() -> str:
    """The file of a meter."""
    home = Path(tempfile.mkdtemp(prefix="meter-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    find("eos").task("meter")(events(), **QUICK, save=str(home / "meter.pt"), progress=False)
    return str(home / "meter.pt")


def nodes() -> Named:
    return {"meter": trained(), "pT": GRID.pt, "phi": GRID.phi.numpy()}


def unknown(n: int, seed: int = 50) -> Any:
    """Spectra that nobody has put a label to."""
    return spectra(n, GRID, np.where(np.arange(n) % 2, COLD, HOT), seed=seed)


def many_unknown(k: int) -> tuple[Named, Named, int]:
    rho = unknown(300 * k)
    return {"rho": rho}, nodes(), rho.nbytes


PREDICT = Entry(
    name="eos",
    task="predict",
    along="subject",
    numbers=("probability", "distance", "right"),
    scale=1.0,
    subjects=lambda: {
        "array": unknown(8), "tensor": torch.from_numpy(unknown(8, 51)).requires_grad_(), "events": events(4, 52),
    },
    options=nodes,
    pictures={},
    one_by_one=lambda subject: False,
    late=8,
    many=many_unknown,
    steps=lambda step: ({f"step {i}": unknown(3, i) for i in range(9)}, nodes()),
    axes={},
    refused=(
        (np.ones(3), {}), (nn.Linear, {}), ("none such", {}), (object(), {}), ([], {}),
        (unknown(2), {"pT": None}), (unknown(2), {"phi": GRID.phi[:4]}), (unknown(2), {"pT": GRID.pt * 12 / 13}),
        (unknown(2), {"pT": "all"}), (unknown(2) * np.nan, {}), (unknown(2) * 0, {}), (unknown(2)[:, :2], {}),
        (unknown(2).astype(str), {}), (np.ones((2, 4, 8)), {}), (events(4).rename(spectrum="rho"), {}),
        (unknown(2), {"meter": "/no/where/meter.pt"}), (unknown(2), {"meter": __file__}),
        (unknown(2), {"device": "meta"}), (unknown(2), {"memory": -1.0}),
    ),
    is_heard=False,
    draws=False,
)  # fmt: skip
