"""Known answers of networks: conjugate correlation, attacks, and a network trained on digits."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe import conjugate
from jupyter_phys.instruments.probe.calibration.doors import CLOSED, IDENTITY, probed
from jupyter_phys.instruments.probe.compute import measure
from jupyter_phys.instruments.probe.settings import Inputs, Settings
from jupyter_phys.instruments.probe.subjects import Digits

TOY = "range over five other seeds as it was rounded, widened by a fifth"


def _linear_net(run: Run) -> tuple[nn.Module, Tensor, Tensor]:
    """A linear model of two classes, inputs in [0.4, 0.6] which no attack takes out of [0, 1], and labels."""
    draw = torch.Generator().manual_seed(3)
    net = nn.Linear(20, 1).to(run.dtype)
    with torch.no_grad():
        net.weight.copy_(torch.randn(1, 20, generator=draw, dtype=torch.float64))
        net.bias.copy_(-net.weight.sum() / 2)
    x = 0.4 + 0.2 * torch.rand(400, 20, generator=draw, dtype=torch.float64)
    return net, x, (torch.rand(400, generator=draw) < 0.5).long()


def _cosine(run: Run) -> float:
    """Largest |CC − |cos(x, w)|| of a linear model."""
    net, x, y = _linear_net(run)
    data = probed(run, net, Inputs(data=(x, y)), attack="none", images=400, samples=200)
    w = next(net.parameters()).detach().double()[0].cpu()
    cosine = (x @ w).abs() / (torch.linalg.vector_norm(x, dim=1) * torch.linalg.vector_norm(w))
    return float((torch.from_numpy(data["cc"].values[0]) - cosine).abs().max())


def _radial(run: Run) -> float:
    """CC of the loss ½|x|²: 1."""
    x = torch.rand(20, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def half_square(answers: Tensor, y: Tensor) -> Tensor:
        return answers[:, 0]

    inputs = Inputs(data=(x, torch.zeros(20, dtype=torch.float64)), loss=half_square)
    data = probed(run, lambda x: (x**2).sum(1, keepdim=True) / 2, inputs, attack="none", samples=200)
    return float(data["cc"].min())


def _homogeneous(run: Run) -> float:
    """Largest |x·∇L − Σ (softmax − y) z| of a ReLU network without biases."""
    draw = torch.Generator().manual_seed(5)
    net = nn.Sequential(nn.Linear(12, 30, bias=False), nn.ReLU(), nn.Linear(30, 4, bias=False)).to(
        run.device, run.dtype
    )
    with torch.no_grad():
        for one in net.parameters():
            one.copy_(torch.randn(one.shape, generator=draw, dtype=torch.float64))
    x = torch.rand(50, 12, dtype=torch.float64, generator=draw).to(run.device, run.dtype)
    y = torch.randint(4, (50,), generator=draw).to(run.device)
    data = probed(run, net, Inputs(data=(x, y)), attack="none", samples=200)
    with torch.no_grad():
        z = net(x).double()
    euler = ((z.softmax(1) - nn.functional.one_hot(y, 4)) * z).sum(1)
    x = x.requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), y, reduction="sum"), x)
    length = torch.linalg.vector_norm(x.detach(), dim=1) * torch.linalg.vector_norm(slope, dim=1)
    cc = torch.from_numpy(data["cc"].values[0]).to(run.device) * length.double()
    return float((cc - euler.abs()).abs().max())


def _worst_margin(attack: str, run: Run) -> float:
    """Accuracy of a linear model under attack, less the closed one from y(w·x + b) − ε|w|₁."""
    net, x, y = _linear_net(run)
    eps = 0.02
    data = probed(run, net, Inputs(data=(x, y)), attack=attack, eps=eps, curve=1, images=400, samples=200)
    w, b = (one.detach().double().cpu() for one in net.parameters())
    margin = (2 * y - 1) * (x @ w[0] + b) - eps * w.abs().sum()
    got = data["accuracy"].sel(attack=attack, eps=eps).values[0]
    return float(abs(got - float((margin > 0).double().mean())))


def _toy(epochs: int, name: str, run: Run) -> float:
    """Networks on digits, box [0, 1]^64: mean over classes, pixels and five seeds."""
    settings = Settings(packet="box", samples=20_000, attack="none", pictures=0)
    nets = {str(seed): Digits(epochs=epochs, init=seed) for seed in range(5 if epochs else 1)}
    return float(measure(nets, Inputs(), settings, run)[f"{name}_grand"].mean())


def _inside(low: float, high: float) -> tuple[float, float]:
    """A range as middle and tolerance."""
    return (low + high) / 2, (high - low) / 2 * 1.2


def _ranges() -> list[Case]:
    known: Sequence[tuple[int, str, str, float, float]] = (
        (0, "delta_p", "1/input", 0.00855, 0.00915), (0, "product", "", 0.00245, 0.00265),
        (5, "delta_p", "1/input", 0.0575, 0.0645), (5, "product", "", 0.0165, 0.0185),
    )  # fmt: skip
    return [
        Case(f"{name} of the digits network after {epochs} epochs", functools.partial(_toy, epochs, name),
             *_inside(low, high), TOY, tolerance32=_inside(low, high)[1], unit=unit, slow=epochs > 0)
        for epochs, name, unit, low, high in known
    ]  # fmt: skip


CASES = [
    Case("CC − |cos(x, w)| of a linear model", _cosine, 0.0, 1e-12, IDENTITY, 1e-6, bound="below", unit=""),
    Case("CC of ½|x|²", _radial, 1.0, 1e-12, IDENTITY, 1e-6, unit=""),
    Case("x·∇L of a ReLU network without biases", _homogeneous, 0.0, 1e-10, "Euler's identity", 1e-4, bound="below",
         unit=""),
    Case("E|cos| in 784 dimensions", lambda run: conjugate.baseline(784), 0.028505, 5e-7, CLOSED, 5e-7, unit=""),
    Case("E|cos| in 150,528 dimensions", lambda run: conjugate.baseline(150_528), 0.0020565, 5e-8, CLOSED, 5e-8,
         unit=""),
    Case("FGSM on a linear model", lambda run: _worst_margin("fgsm", run), 0.0, 0.0, CLOSED, 0.0, unit=""),
    Case("PGD on a linear model", lambda run: _worst_margin("pgd", run), 0.0, 0.0, CLOSED, 0.0, unit=""),
    *_ranges(),
]  # fmt: skip
