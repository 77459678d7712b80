"""Packets and attacks of networks beside the bare passes, a loop over samples, foolbox and ART; what large inputs cost.

Same inputs and precision, parameters frozen for every side. CPU time of one thread; ratios are medians of interleaved
pairs. Gates: moments at most 1.15 times the passes that they need and at least 1.5 times faster than a loop, PGD at
most 1.1 times foolbox. Memory is what the process grows by at most.
"""

import dataclasses
import importlib
import math
import statistics
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

import jupyter_phys as jp
from benchmarks.phase_space import growth, race, seconds
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.attacks.attacked import Victims, attacked
from jupyter_phys.instruments.probe.models.losses import cross_entropy
from jupyter_phys.instruments.probe.models.model import Model, function, network
from jupyter_phys.instruments.probe.models.sound import sound
from jupyter_phys.instruments.probe.packets.packet import Packets
from jupyter_phys.instruments.probe.packets.sampled import samples
from jupyter_phys.instruments.probe.samples import digits
from jupyter_phys.instruments.probe.settings import Settings
from jupyter_phys.physics.moments import BLOCKS, Moments, Sums, moments, sharpened, windowed

SIDE, CLASS, SCALE, FEW = 28, 3, 0.1, 400
EPS, STEPS, VICTIMS = 0.03, 20, 300


class Images(NamedTuple):
    x: Tensor  # [n, 1, 28, 28] in [0, 1]
    y: Tensor  # labels


def images() -> tuple[Images, Images]:
    """scikit-learn's digits at the size of MNIST: to train with, and to test."""
    pairs = ((torch.from_numpy(x).float()[:, None], torch.from_numpy(y)) for x, y in digits())
    train, test = (Images(nn.functional.interpolate(x, SIDE, mode="bilinear").clamp(0, 1), y) for x, y in pairs)
    return train, test


def cnn(train: Images, epochs: int = 4) -> nn.Module:
    """Two convolutions of 16 and 32 channels, each halved by its maxima, and a linear layer; trained."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(32 * (SIDE // 4) ** 2, 10))  # fmt: skip
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(epochs):
        for some in torch.randperm(len(train.x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(train.x[some]), train.y[some]).backward()
            optimizer.step()
    return net.eval().requires_grad_(False)


def new_run() -> Run:
    return Run({"device": "cpu", "precision": "float32", "seed": 0, "memory": 1.0}, Meter("benchmark", shown=False))


def probed(net: nn.Module, some: Images) -> Model:
    run = new_run()
    model = network("cnn", net, cross_entropy, None, some.x[:8], run)
    sound(model, some.x[:8], some.y[:8], run)
    return model


def measured(model: Model, packets: Packets, n: int) -> Sums:
    return samples(model, packets, slice(0, 1), Settings(samples=n), new_run()).sums


def batches(model: Model, packets: Packets, n: int) -> list[Tensor]:
    """The inputs at which the network is called."""
    seen: list[Tensor] = []

    def call(x: Tensor) -> Any:
        seen.append(x.detach().clone())
        return model.call(x)

    measured(dataclasses.replace(model, call=call), packets, n)
    return seen


def slopes(net: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Losses and gradients by the inputs: the least that any way must do."""
    x = x.detach().requires_grad_()
    loss = nn.functional.cross_entropy(net(x), torch.full((len(x),), CLASS), reduction="none")
    return loss.detach(), torch.autograd.grad(loss.sum(), x)[0]


def loop(net: nn.Module, xs: list[Tensor], centre: Tensor) -> Moments:
    """What one would write: sample by sample, sums in float64."""
    sums = [torch.zeros(1).double(), *(torch.zeros(SIDE**2).double() for _ in range(5))]
    for x in torch.cat(xs):
        l, g = (value.flatten().double() for value in slopes(net, x[None]))
        u = x.flatten().double() - centre
        g = g - l * u / (2 * SCALE**2)
        for total, term in zip(sums, (l**2, l**2 * u, l**2 * u**2, g**2, l * g, l * u * g), strict=True):
            total += term
    l2, a, b, c, *de = (total[None, None] for total in sums)
    return moments(Sums(l2[0], l2[0], a, b, c, c, *de))


def packets_of_a_network(net: nn.Module, some: Images, n: int, pairs: int) -> None:
    model, centre = probed(net, some), some.x[some.y == CLASS].flatten(1).double().mean(0, keepdim=True)
    packets = Packets([str(CLASS)], [torch.tensor([CLASS])], centre, SCALE)
    xs, few, middle = batches(model, packets, n), batches(model, packets, FEW), centre[0]
    mine, its = moments(measured(model, packets, FEW)), loop(net, few, middle)
    for name in ("delta_x", "delta_p", "product"):
        torch.testing.assert_close(getattr(mine, name), getattr(its, name), rtol=1e-4, atol=0)
    print(f"moments of the network, {sum(map(len, xs))} samples in batches of {len(xs[0])}:")
    bare = lambda: torch.stack([slopes(net, x)[0].sum() for x in xs])  # noqa: E731
    t, u, ratio = race(bare, lambda: measured(model, packets, n).l2, pairs)
    line("ours against the bare passes", u, t, ratio, "at most 1.15", ratio <= 1.15)
    t, u, ratio = race(lambda: measured(model, packets, 10 * FEW).l2, lambda: loop(net, few, middle).product, pairs)
    line(f"a loop against ours, {10 * FEW} samples", 10 * u, t, 10 * ratio, "at least 1.5", 10 * ratio >= 1.5)


def line(name: str, first: float, second: float, ratio: float, gate: str, met: bool) -> None:
    print(f"  {name:42} {first:8.2f} s {second:8.2f} s {ratio:6.2f}  {gate}: {'met' if met else 'NOT MET'}", flush=True)


def ours(victims: Victims) -> Callable[[], Tensor]:
    """PGD of the instrument, ready to start: which inputs break, and how far answers move. FGSM comes before it."""
    found = attacked(victims, Settings(attack="pgd", steps=STEPS, start="input"), EPS, new_run())
    next(found)
    return lambda: next(found).broken


def foolbox(net: nn.Module, some: Images) -> Callable[[], Tensor]:
    fb: Any = importlib.import_module("foolbox")
    attack = fb.attacks.LinfPGD(abs_stepsize=2.5 * EPS / STEPS, steps=STEPS, random_start=False)
    model = fb.PyTorchModel(net, bounds=(0, 1), device="cpu")
    return lambda: attack(model, some.x, some.y, epsilons=EPS)[2]


def art(net: nn.Module, some: Images) -> Callable[[], Tensor]:
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    model = PyTorchClassifier(net, nn.CrossEntropyLoss(), (1, SIDE, SIDE), 10, clip_values=(0, 1), device_type="cpu")
    attack = ProjectedGradientDescentPyTorch(
        model, eps=EPS, eps_step=2.5 * EPS / STEPS, max_iter=STEPS, batch_size=len(some.x), verbose=False
    )

    return lambda: net(torch.from_numpy(attack.generate(some.x.numpy(), some.y.numpy()))).argmax(1) != some.y


def attacks(net: nn.Module, test: Images, pairs: int) -> None:
    some = Images(test.x[:VICTIMS], test.y[:VICTIMS])
    victims = Victims(probed(net, some), some.x, some.y, True, (0.0, 1.0))
    print(f"PGD-{STEPS}, Linf {EPS}, {VICTIMS} images, no random start "
          f"(foolbox {version('foolbox')}, ART {version('adversarial-robustness-toolbox')}):")  # fmt: skip
    accuracy = 1 - ours(victims)().double().mean().item()
    for name, peer in (("foolbox", foolbox(net, some)), ("ART", art(net, some))):
        its = 1 - peer().double().mean().item()
        assert abs(its - accuracy) <= 1 / VICTIMS, (name, its, accuracy)
        times = [(seconds(ours(victims)), seconds(peer)) for _ in range(pairs)]
        ratio = statistics.median(a / b for a, b in times)
        t, u = (statistics.median(one) for one in zip(*times, strict=True))
        gate = "at most 1.1" if name == "foolbox" else "no gate, 1.1"
        line(f"ours against {name}, accuracy {accuracy:.3f}, {its:.3f}", t, u, ratio, gate, ratio <= 1.1)


def linear(n: int, seed: int, d: int = 784, a: float = 0.7, s: float = 0.8) -> Tensor:
    """Errors of the plain and the sharpened product [2, d] by the closed form; coordinate 0 has a steep loss."""
    draws = torch.Generator().manual_seed(seed)
    b = torch.randn(d, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) / d**0.5
    b[0] = 1
    power = a**2 + float(b @ b) * s**2
    q = b**2 * s**2 / power
    exact = 0.5 * ((1 + 2 * q) * (1 + 2 * q - 4 * q * a**2 / power)).sqrt()
    sums = Sums.empty(1, d)
    for block in range(BLOCKS):
        u = s * torch.randn(n // BLOCKS, d, dtype=torch.float64, generator=draws)
        l = a + u @ b
        sums.add(0, block, l, windowed(l, b.expand_as(u), u, s), u, torch.ones_like(l))
    found = moments(sums)
    return torch.stack([one.product[0] - exact for one in (found, sharpened(found))])


def estimators(n: int, seeds: int) -> None:
    errors = [torch.stack([linear(many, many + seed) for seed in range(seeds)]) for many in (n, 4 * n)]
    print(f"linear loss at d = 784, {n} samples, {seeds} seeds, rms error of the product, plain and sharpened:")
    for name, where in (("all coordinates", slice(None)), ("the steep one", slice(1))):
        (plain, sharp), (p, q) = (one[..., where].square().mean((0, 2)).sqrt().tolist() for one in errors)
        print(f"  {name:16} {plain:.1e} {sharp:.1e}: {(plain / sharp) ** 2:.3g} times fewer samples for the same error "
              f"(4 times as many: {plain / p:.1f} and {sharp / q:.1f} times smaller, 2 expected)")  # fmt: skip


def cheap(d: int) -> Callable[[Tensor], Tensor]:
    weights = torch.linspace(-1, 1, d) / d**0.5
    return lambda x: nn.functional.softplus(x @ weights.to(x) + 1)


def memory(n: int, settings: tuple[float, ...]) -> None:
    d = math.prod((3, 224, 224))
    print(f"%probe of a function of {d} values, {n} samples, float32:")
    for gib in settings:
        options: dict[str, Any] = {"centre": torch.zeros(d), "s": SCALE, "samples": n, "memory": gib}
        probe = partial(jp.probe, cheap(d), **options, precision="float32", progress=False)
        measure = lambda probe=probe: torch.from_numpy(probe().data["product"].values)  # noqa: E731
        print(f"  memory={gib:g}: grows by {growth(measure) / 1024:.2f} GiB, {seconds(measure) / n * 1000:.1f} s per "
              f"1,000 samples", flush=True)  # fmt: skip


def cost(n: int, d: int, repeats: int) -> float:
    model = function("cheap", cheap(d), d, new_run())
    sound(model, torch.linspace(0.1, 1, 8)[:, None].expand(8, d), None, new_run())
    packets = Packets(["packet"], [None], torch.zeros(1, d, dtype=torch.float64), SCALE)
    return statistics.median(seconds(lambda: measured(model, packets, n).l2) for _ in range(repeats))


def exponent(name: str, sizes: tuple[int, ...], cost: Callable[[int], float]) -> None:
    times = [cost(size) for size in sizes]
    power = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    text = ", ".join(f"{size} {1e3 * t:.0f} ms" for size, t in zip(sizes, times, strict=True))
    print(f"growth with {name}: {text}: {name}^{power:.2f}, expected {name}^1", flush=True)


def main(quick: bool = False) -> None:
    """Print what was seen; `quick` takes a tenth of the samples."""
    warnings.filterwarnings("ignore")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        net = cnn(train := images()[0])
        packets_of_a_network(net, train, 10_000 if quick else 100_000, 5 if quick else 3)
        attacks(net, images()[1], 5 if quick else 11)
        estimators(20_000, 2 if quick else 8)
        exponent("N", (4_000, 16_000, 64_000), lambda n: cost(n, 784, 3))
        exponent("d", (784, 3136, 12544, 50176), lambda d: cost(1000, d, 3))
        memory(200 if quick else 400, (0.5, 1.0, 2.0))
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    main("--quick" in sys.argv)
