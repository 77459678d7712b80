"""%eos: named equations of state, a table, a function, and one that changes whatever it may when it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from entries import Entry, Named
from entries.changing import Changing
from jupyter_phys.instruments.eos.subjects import Conformal
from jupyter_phys.physics.hydro.binned import Bins, Response
from jupyter_phys.physics.hydro.flow import flow
from jupyter_phys.physics.hydro.ideal import Scheme
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.spectra import Momenta, gaussian_momenta
from jupyter_phys.physics.hydro.transport import Transport
from jupyter_phys.physics.hydro.viscous import Viscous

N, DX = 17, 0.5


def energies(count: int, n: int = N, seed: int = 0) -> Any:
    """Fireballs [event, y, x] of some lumps, up to 8 GeV/fm^3."""
    draw = np.random.default_rng(seed)
    at = (np.arange(n) - n // 2) * DX
    found = np.zeros((count, n, n))
    for event in found:
        for x, y in draw.normal(0, 0.6, (4, 2)):
            event += 2 * np.exp(-((at - x) ** 2 + (at[:, None] - y) ** 2) / 1.5)
    return found


def stiff(e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return e / 3, 0.155 * e**0.25


class Asked(Changing):
    """p and T of massless particles; counts how often it is asked, in every way it can."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Linear(1, 1, bias=False)
        self.norm, self.drop = nn.BatchNorm1d(1), nn.Dropout(0.2)
        nn.init.constant_(self.share.weight, 1 / 3)
        self.share.register_forward_hook(self.watch)

    def forward(self, e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.count()
        p = self.share(e[:, None].to(self.share.weight.dtype)).double()[:, 0]
        return p, 0.155 * e**0.25


def in_training() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Asked().train().double()
        net(torch.ones(3))[0].sum().backward()
    return net


SMALL: Named = {"dx": DX, "pictures": 0, "pt_nodes": 5, "phi_nodes": 8}
ROWS = np.geomspace(1e-3, 900, 400)
TABLE = np.stack([ROWS, ROWS / 3, 0.16 * ROWS**0.25], 1)


def many(k: int) -> tuple[Named, Named, int]:
    given = energies(30 * k)
    return {"conformal": "conformal"}, SMALL | {"energy": given}, given.nbytes


def steps(step: Callable[[], None]) -> tuple[Named, Named]:
    def asked(e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        step()
        return stiff(e)

    return {f"step {i}": asked for i in range(12)}, SMALL | {"energy": energies(1)}


BINS = Bins(4, 8)
RESPONSE = Response.of(BINS, 0.137, gaussian_momenta(5, 8))


def kernels(device: str) -> dict[str, Callable[[], Any]]:
    def ones(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        return torch.ones(*shape, dtype=dtype, device=device)

    def step(viscosity: float) -> Any:
        matter = Matter("table", 0.1, *(ones(64) / 3 for _ in range(3)))
        one: Any = Viscous(matter, DX, Transport(viscosity)) if viscosity else Scheme(matter, DX)
        return one.step(one.begin(ones(2, 3, N, N), 1.0), 0.1)

    def spectra() -> torch.Tensor:
        kinds = (ones(*one.shape, dtype=one.dtype) for one in (RESPONSE.kernel, RESPONSE.around))
        return Response(BINS, *kinds).spectra(ones(3, 2, BINS.knots, BINS.azimuths))

    def anisotropy() -> Any:
        return flow(ones(2, 5, 8), Momenta(ones(5), ones(5), ones(8), ones(8)))

    return {"ideal": lambda: step(0.0), "viscous": lambda: step(0.1), "spectra": spectra, "flow": anisotropy}


EOS = Entry(
    name="eos",
    along="subject",
    numbers=("dN_dy", "mean_pT", "v2", "spectrum", "lifetime", "eccentricity_2"),
    scale=1.0,
    subjects=lambda: {"crossover": "crossover", "table": TABLE, "function": stiff, "first_order": "first_order"},
    options=lambda: SMALL | {"initial": "glauber", "system": "AuAu", "b": 8.0, "extent": 6.0, "events": 3, "peak": 8.0},
    pictures={"pictures": 3},
    one_by_one=lambda subject: False,
    late=8,
    network=lambda: (in_training(), SMALL | {"energy": energies(3)}),
    many=many,
    steps=steps,
    axes={"tau0": [0.6, 0.9], "freeze_out": [0.13, 0.14]},
    refused=(
        (np.ones(3), {}), (nn.Linear, {}), ("none such", {}), (object(), {}), ([], {}),
        (TABLE[:, :2], {}), (TABLE[::-1].copy(), {}), (TABLE * [1, 4, 1], {}), (TABLE * [1, -1, 1], {}),
        (np.stack([ROWS, ROWS / 3, 0.16 * ROWS**0.5], 1), {}), (np.full((9, 3), np.nan), {}),
        (lambda e: e / 3, {}), (lambda e: (e[:3], e[:3]), {}), (lambda e: 1 / 0, {}),
        (Conformal(), {"energy": -energies(1)}), (Conformal(), {"energy": energies(1) * np.nan}),
        (Conformal(), {"energy": np.ones(N)}), (Conformal(), {"energy": np.ones((1, N, N - 1))}),
        (Conformal(), {"energy": np.array(["hot"])}),
        (Conformal(), {"energy": energies(3), "flow": np.full((3, 2, N, N), np.inf)}),
        (Conformal(), {"energy": energies(3), "flow": np.ones((2, 3, 3))}), (Conformal(), {"flow": np.ones(3)}),
        (Conformal(), {"tau_end": 0.2}), (Conformal(), {"dx": 0.0}), (Conformal(), {"device": "meta"}),
        (Conformal(), {"initial": "reduced", "dx": 0.9}), (Conformal(), {"memory": -1.0}),
    ),
    cases="Bjorken|p_c|static cylinder, 15 nodes",
    kernels=kernels,
)  # fmt: skip
