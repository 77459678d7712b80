"""Known answers of functions: packets of one and more dimensions, on boxes and under windows."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
import xarray as xr
from torch import Tensor, nn

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.calibration.doors import CLOSED, IDENTITY, INTEGRAL, first, probed
from jupyter_phys.instruments.probe.settings import Inputs

Function = Callable[[Tensor], Tensor]
INF = math.inf
QUADRATURE32 = 2e-4  # in float32 gradients lose half of their digits where psi is small


# --- one dimension, vanishing at the edge: (packet, domain, Δx, Δp)


def hermite(n: int, x: Tensor) -> Tensor:
    """Eigenstate n of the oscillator with sigma = 1, not normalised."""
    return (torch.ones_like(x), x, x**2 - 1)[n][:, 0] * torch.exp(-(x[:, 0] ** 2) / 4)


def gaussian(x: Tensor) -> Tensor:
    """Sigma = 1 in every coordinate."""
    return torch.exp(-(x**2).sum(1) / 4)


EDGELESS: dict[str, tuple[Function, tuple[float, float], float, float]] = {
    "Gaussian σ = 0.7 at 0.3": (lambda x: torch.exp(-((x[:, 0] - 0.3) ** 2) / (4 * 0.7**2)), (-INF, INF), 0.7, 1 / 1.4),
    "sech x": (lambda x: 1 / torch.cosh(x[:, 0]), (-60, 60), math.pi / math.sqrt(12), 1 / math.sqrt(3)),
    "cos πx": (
        lambda x: torch.cos(math.pi * x[:, 0]), (-0.5, 0.5), math.sqrt(1 / 12 - 1 / (2 * math.pi**2)), math.pi,
    ),
    "1 − x²": (lambda x: 1 - x[:, 0] ** 2, (-1, 1), 1 / math.sqrt(7), math.sqrt(5 / 2)),
    "exp(−|x|)": (lambda x: torch.exp(-x[:, 0].abs()), (-INF, INF), 1 / math.sqrt(2), 1.0),
    "1/(1 + x²)": (lambda x: 1 / (1 + x[:, 0] ** 2), (-INF, INF), 1.0, 1 / math.sqrt(2)),
    **{
        f"oscillator n = {n}": (
            functools.partial(hermite, n), (-INF, INF), math.sqrt(2 * n + 1), math.sqrt(2 * n + 1) / 2,
        )
        for n in range(3)
    },
}  # fmt: skip

# --- a box, not vanishing at the edge: (packet, Δx, Δp, product, |c|)
BOXES: dict[str, tuple[Function, float, float, float, float]] = {
    "constant": (lambda x: torch.ones_like(x[:, 0]), 0.2886751346, 0.0, 0.0, 0.0),
    "x": (lambda x: x[:, 0], 0.1936491673, 0.8660254038, math.sqrt(9 / 320), 0.125),
    "Gaussian σ = 0.3": (
        lambda x: torch.exp(-((x[:, 0] - 0.5) ** 2) / (4 * 0.3**2)),
        0.2387529684, 1.32640538, 0.31668322187, 0.31668322187,
    ),
    "softplus": (
        lambda x: nn.functional.softplus(-10 * (x[:, 0] - 0.5)), 0.1120887759, 1.002763551, 0.112398538942, 0.108726747,
    ),
}  # fmt: skip


def _on(function: Function, domain: Any, name: str, run: Run) -> float:
    return first(probed(run, function, Inputs(domain=domain)), name)


def _widths() -> list[Case]:
    cases: list[Case] = []
    for said, (function, domain, delta_x, delta_p) in EDGELESS.items():
        told = {"delta_x": ("Δx", delta_x), "delta_p": ("Δp", delta_p), "product": ("Δx·Δp", delta_x * delta_p),
                "bound": ("|c|", 0.5)}  # fmt: skip
        for name, (symbol, expected) in told.items():
            compute = functools.partial(_on, function, domain, name)
            cases.append(_case(f"{symbol} of {said}", compute, expected, CLOSED, _unit(name)))
    for said, (function, *expected) in BOXES.items():
        names = {"delta_x": "Δx", "delta_p": "Δp", "product": "Δx·Δp", "bound": "|c|"}
        source = INTEGRAL if said in ("Gaussian σ = 0.3", "softplus") else CLOSED
        for (name, symbol), value in zip(names.items(), expected, strict=True):
            compute = functools.partial(_on, function, (0, 1), name)
            cases.append(_case(f"{symbol} of {said} on [0, 1]", compute, value, source, _unit(name)))
    return cases


def _case(name: str, compute: Callable[[Run], float], expected: float, source: str, unit: str = "") -> Case:
    return Case(name, compute, expected, 1e-8 * max(1.0, abs(expected)), source,
                tolerance32=QUADRATURE32 * max(1.0, abs(expected)), unit=unit)  # fmt: skip


def _unit(name: str) -> str:
    return {"delta_x": "input", "delta_p": "1/input"}.get(name, "")


# --- two dimensions, phases, windows


def _correlated(run: Run) -> float:
    """Packet with correlation 0.6: 1/(2√(1 − r²))."""
    inverse = torch.linalg.inv(torch.tensor([[1.0, 0.6], [0.6, 1.0]], dtype=torch.float64))

    def packet(x: Tensor) -> Tensor:
        return torch.exp(-((x @ inverse.to(x)) * x).sum(1) / 4)

    return _on(packet, ((-12, -12), (12, 12)), "product", run)


def _chirp(name: str, run: Run) -> float:
    """exp(−x²/4σ² + ibx²/2 + ikx), σ = 0.7, b = 1.9, k = 3."""

    def packet(x: Tensor) -> Tensor:
        x = x[:, 0]
        return torch.exp(torch.complex(-(x**2) / (4 * 0.49), 0.95 * x**2 + 3 * x))

    return _on(packet, (-9, 9), name, run)


def _window(loss: Function, d: int, run: Run, **settings: Any) -> xr.Dataset:
    return probed(run, loss, Inputs(centre=torch.zeros(d, dtype=torch.float64)), **settings)


def _coherent(d: int, run: Run) -> float:
    """The product furthest from ½ under a window with constant loss."""
    product = _window(lambda x: torch.ones_like(x[:, 0]), d, run, s=0.3)["product"].values.ravel()
    return float(product[abs(product - 0.5).argmax()])


def _linear(slopes: Callable[[int], Tensor], d: int, a: float, s: float, samples: int, run: Run) -> xr.Dataset:
    """Window with l = a + b·x: the products, and the closed ones beside them."""
    b = slopes(d)
    data = _window(lambda x: a + x @ b.to(x), d, run, s=s, samples=samples)
    norm = a**2 + float(b @ b) * s**2
    q = b**2 * s**2 / norm
    closed = 0.5 * ((1 + 2 * q) * (1 + 2 * q - 4 * q * a**2 / norm)).sqrt()
    return data.assign(closed=("coordinate", closed.numpy()))


def _line_excess(run: Run) -> float:
    """Standard errors between a sampled product and the closed one, one dimension, ρ = 1."""
    data = _linear(lambda d: torch.ones(d, dtype=torch.float64), 1, 1.0, 1.0, 20_000, run)
    return abs(first(data, "product") - 0.7071067811865476) / first(data, "product_se")


def _slopes(d: int) -> Tensor:
    b = torch.randn(d, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) / math.sqrt(d)
    b[0] = 1.0
    return b


def _wide(samples: int, run: Run) -> float:
    """Root-mean-square error of 784 products."""
    data = _linear(_slopes, 784, 0.7, 0.8, samples, run)
    return float(((data["product"][0, 0] - data["closed"]) ** 2).mean() ** 0.5)


def _sampled_box(run: Run) -> float:
    """Standard errors between the sampled product in four dimensions and ½."""
    data = probed(run, gaussian, Inputs(domain=((-6,) * 4, (6,) * 4)), samples=100_000)
    return abs(first(data, "product") - 0.5) / 1.7e-2


def _withheld(run: Run) -> float:
    """1 where the product of too few effective samples is withheld."""
    data = probed(run, gaussian, Inputs(domain=((-6,) * 8, (6,) * 8)))
    return float(data["product"].isnull().all())


def _scaled(run: Run) -> float:
    """Largest relative change of any width by a factor in the loss."""
    centre = torch.zeros(5, dtype=torch.float64)
    one, seven = (probed(run, lambda x, k=k: k * (2 + torch.tanh(x.sum(1))), Inputs(centre=centre), s=0.5)
                  for k in (1.0, 7.0))  # fmt: skip
    return max(float(abs(seven[n] / one[n] - 1).max()) for n in ("delta_x", "delta_p", "product"))


CASES = [
    *_widths(),
    _case("Δx·Δp with correlation 0.6", _correlated, 0.625, CLOSED),
    _case("Δx·Δp of a chirp", functools.partial(_chirp, "product"), math.sqrt(0.25 + (1.9 * 0.49) ** 2), CLOSED),
    _case("covariance of a chirp", functools.partial(_chirp, "covariance"), 1.9 * 0.49, CLOSED),
    _case("momentum of a chirp", functools.partial(_chirp, "mean_p"), 3.0, CLOSED, "1/input"),
    Case("Δx·Δp, window, constant loss, d = 1", lambda run: _coherent(1, run), 0.5, 1e-12, IDENTITY, 1e-6, unit=""),
    Case("Δx·Δp, window, constant loss, d = 64", lambda run: _coherent(64, run), 0.5, 1e-12, IDENTITY, 1e-6, unit=""),
    Case("standard errors off, window, linear loss, d = 1", _line_excess, 0.0, 5.0, CLOSED, 5.0, unit=""),
    Case("rms error of 784 products, window, linear loss", lambda run: _wide(20_000, run), 0.0, 1e-3, CLOSED, 1e-3,
         unit=""),
    Case("rms error of 784 products, 200,000 samples", lambda run: _wide(200_000, run), 0.0, 3e-4, CLOSED, slow=True,
         unit=""),
    Case("scatters off, Gaussian sampled in four dimensions", _sampled_box, 0.0, 5.0, CLOSED, 5.0, unit=""),
    Case("withheld: Gaussian sampled in eight dimensions", _withheld, 1.0, 0.0, "observed scatter 0.3", 0.0, unit=""),
    Case("a factor in the loss changes nothing", _scaled, 0.0, 1e-12, IDENTITY, 1e-6, bound="below", unit=""),
]  # fmt: skip
