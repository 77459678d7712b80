"""%eos generate: the equations of state of %eos, each time into a store that is not there yet."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from entries import Entry, Named
from entries.eos import TABLE, in_training, stiff
from jupyter_phys.instruments.eos.subjects import Conformal

HOME = Path(tempfile.mkdtemp(prefix="events-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
NUMBERS = itertools.count()
SMALL: Named = {
    "dx": 0.5, "extent": 4.0, "events": 2, "chunk": 2, "system": "AuAu", "b": (6.0, 8.0), "peak": 8.0, "pt_nodes": 5,
    "phi_nodes": 8,
}  # fmt: skip


def anew(options: Named) -> Named:
    folder = HOME / str(next(NUMBERS))
    folder.mkdir()
    return {"store": str(folder / "events.zarr")} | options


def many(k: int) -> tuple[Named, Named, int]:
    return {"conformal": "conformal"}, SMALL | {"events": 10 * k, "chunk": 10}, 0


def steps(step: Callable[[], None]) -> tuple[Named, Named]:
    def asked(e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for _ in range(3):
            step()
        return stiff(e)

    return {f"step {i}": asked for i in range(4)}, dict(SMALL)


GENERATE = Entry(
    name="eos",
    task="generate",
    along="subject",
    numbers=("dN_dy", "mean_pT", "v2", "spectrum_mean", "lifetime", "eccentricity_2", "b"),
    scale=1.0,
    subjects=lambda: {"crossover": "crossover", "table": TABLE, "function": stiff},
    options=lambda: dict(SMALL),
    pictures={},
    one_by_one=lambda subject: False,
    late=8,
    network=lambda: (in_training(), dict(SMALL)),
    many=many,
    steps=steps,
    axes={},
    refused=(
        (np.ones(3), {}), (nn.Linear, {}), ("none such", {}), (object(), {}), ([], {}), (TABLE[::-1].copy(), {}),
        (lambda e: e / 3, {}), (lambda e: 1 / 0, {}), (Conformal(), {"b": (8.0, 6.0)}), (Conformal(), {"b": (6.0,)}),
        (Conformal(), {"tau0": (0.6, 50.0)}), (Conformal(), {"tau0": [0.6, 0.8]}), (Conformal(), {"dx": 0.9}),
        (Conformal(), {"chunk": 0}), (Conformal(), {"events": 0}), (Conformal(), {"store": str(HOME / "no/where")}),
        (Conformal(), {"store": __file__}), (Conformal(), {"store": str(Path(__file__).parent)}),
        (Conformal(), {"energy": np.ones((17, 17))}), (Conformal(), {"device": "meta"}),
        (Conformal(), {"memory": -1.0}),
    ),
    anew=anew,
    exact=False,
)  # fmt: skip
