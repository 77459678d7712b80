"""The ideal solver against exact flows: Bjorken, Gubser, Riemann; what is conserved, and symmetries."""

from __future__ import annotations

import math

import pytest
import torch
from pretended import Crossings, Pretend
from torch import Tensor
from torch._subclasses import FakeTensorMode
from transverse import square, still

from jupyter_phys.physics.hydro.eos import conformal, crossover, first_order
from jupyter_phys.physics.hydro.ideal import Scheme, State
from jupyter_phys.physics.hydro.matter import Matter


def evolved(scheme: Scheme, fluid: Tensor, tau: float, dt: float, steps: int) -> State:
    state = scheme.begin(fluid, tau)
    for _ in range(steps):
        state = scheme.step(state, dt)
    return state


def test_bjorken():
    state = evolved(
        Scheme(conformal(), 0.2), still(torch.full((1, 5, 5), 30.0, dtype=torch.float64)), 0.6, 0.0025, 2160
    )
    expected = 30 * (0.6 / 6) ** (4 / 3)
    assert state.tau == pytest.approx(6)
    assert float((state.fluid[:, 0] / expected - 1).abs().max()) < 1e-6
    assert float(state.fluid[:, 1:].abs().max()) == 0


def gubser(x: Tensor, y: Tensor, tau: float) -> Tensor:
    """q = 1/fm, e_0 = 1."""
    r2 = x**2 + y**2
    e = 2 ** (8 / 3) / (tau ** (4 / 3) * (1 + 2 * (tau**2 + r2) + (tau**2 - r2) ** 2) ** (4 / 3))
    v = 2 * tau / (1 + tau**2 + r2)
    gamma = 1 / (1 - v**2 * r2).sqrt()
    return torch.stack([e, gamma * v * x, gamma * v * y])[None]


def off_gubser(n: int, dx: float, dt: float) -> tuple[float, float, float]:
    """Largest errors in e (relative) and u^x, and the mean one in e, for r < 3 fm."""
    x, y = square(n, dx)
    state = evolved(Scheme(conformal(), dx), gubser(x, y, 1.0), 1.0, dt, round(1 / dt))
    exact, near = gubser(x, y, 2.0), x**2 + y**2 < 9
    error = ((state.fluid - exact).abs())[0, :, near]
    return float((error[0] / exact[0, 0, near]).max()), float(error[1].max()), float(error[0].mean())


def test_gubser_and_its_order():
    coarse, fine = off_gubser(101, 0.1, 0.02), off_gubser(201, 0.05, 0.01)
    assert fine[0] < 2e-3 and fine[1] < 2e-3
    assert math.log2(coarse[2] / fine[2]) > 1.8


def riemann(left: float, right: float) -> tuple[float, float]:
    """Pressure and velocity between the waves of a shock tube at rest, P = e/3: rarefaction left, shock right."""
    root3 = math.sqrt(3)

    def behind_rarefaction(p: float) -> float:
        rapidity = root3 / 4 * math.log(left / p)  # d eta = -dp / (w c_s), w = 4p
        return math.tanh(rapidity)

    def behind_shock(p: float) -> float:
        e, e0 = 3 * p, 3 * right
        return math.sqrt((p - right) * (e - e0) / ((e0 + p) * (e + right)))

    low, high = right, left
    for _ in range(200):
        middle = (low + high) / 2
        if behind_shock(middle) < behind_rarefaction(middle):
            low = middle
        else:
            high = middle
    return middle, behind_shock(middle)


@pytest.mark.parametrize(("left", "right"), [(1.0, 0.1), (5.43, 0.339), (1.0, 0.01)])
def test_shock_tubes(left: float, right: float):
    n, dx, t = 400, 0.05, 4.0
    x = ((torch.arange(n, dtype=torch.float64) + 0.5) - n / 2) * dx
    e = torch.where(x < 0, 3 * left, 3 * right).expand(1, 3, n).contiguous()
    state = evolved(Scheme(conformal(), dx, theta=1.1, expanding=False), still(e), 0.0, 0.01, 400)
    p, v = riemann(left, right)
    cells = state.fluid[0, :, 1]
    shock = shock_speed(p, v, right)
    tail = (v - 1 / math.sqrt(3)) / (1 - v / math.sqrt(3))
    plateau = (x > (0.7 * tail + 0.3 * shock) * t) & (x < (0.3 * tail + 0.7 * shock) * t)
    ux = cells[1][plateau]
    assert float((cells[0][plateau] / 3 / p - 1).abs().max()) < 0.01
    assert float((ux / (1 + ux**2).sqrt() / v - 1).abs().max()) < 0.01
    exact = torch.tensor([profile(float(one) / t, left, right, p, v, shock) for one in x], dtype=torch.float64)
    assert float((cells[0] - exact).abs().sum() / exact.sum()) < 0.02


def shock_speed(p: float, v: float, right: float) -> float:
    """From energy and momentum into fluid at rest."""
    gamma2 = 1 / (1 - v**2)
    energy, momentum = 4 * p * gamma2 - p, 4 * p * gamma2 * v
    return momentum / (energy - 3 * right)


def profile(xi: float, left: float, right: float, p: float, v: float, shock: float) -> float:
    """Energy density at x/t."""
    sound = 1 / math.sqrt(3)
    tail = (v - sound) / (1 - v * sound)
    if xi < -sound:
        return 3 * left
    if xi < tail:
        speed = (sound + xi) / (1 + sound * xi)
        return 3 * left * ((1 - speed) / (1 + speed)) ** (2 / math.sqrt(3))
    return 3 * p if xi < shock else 3 * right


def lumpy(events: int, n: int, dx: float) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    x, y = square(n, dx)
    e = torch.zeros(events, n, n, dtype=torch.float64)
    for _ in range(12):
        at = 2 * torch.randn(events, 2, 1, 1, dtype=torch.float64, generator=draw)
        e += 8 * torch.exp(-((x - at[:, 0]) ** 2 + (y - at[:, 1]) ** 2) / 0.8)
    return still(e + 1e-4)


@pytest.mark.parametrize("make", [conformal, crossover, first_order])
def test_energy_and_momentum_are_conserved(make: object):
    """While nothing has reached the edge, and without expansion along the beam; with it, by what it works."""
    matter = make()  # type: ignore[operator]
    fluid = lumpy(2, 71, 0.3)
    scheme = Scheme(matter, 0.3, expanding=False)
    begin = scheme.begin(fluid, 0.0)
    end = evolved(scheme, fluid, 0.0, 0.06, 20)
    change = (end.conserved.sum((2, 3)) - begin.conserved.sum((2, 3))).abs() / begin.conserved[:, :1].sum((2, 3))
    assert float(change.max()) < 1e-12
    assert torch.isfinite(end.fluid).all() and float(end.fluid[:, 0].min()) > 0


def test_symmetries_and_batches():
    fluid, scheme = lumpy(3, 41, 0.3), Scheme(crossover(), 0.3)
    end = evolved(scheme, fluid, 0.6, 0.06, 10).fluid
    turned = evolved(scheme, fluid.transpose(2, 3)[:, [0, 2, 1]].contiguous(), 0.6, 0.06, 10).fluid
    torch.testing.assert_close(turned.transpose(2, 3)[:, [0, 2, 1]], end, rtol=1e-12, atol=1e-12)
    mirrored = evolved(scheme, fluid.flip(3), 0.6, 0.06, 10).fluid.flip(3)
    mirrored[:, 1] *= -1
    torch.testing.assert_close(mirrored, end, rtol=1e-12, atol=1e-12)
    alone = evolved(scheme, fluid[1:2], 0.6, 0.06, 10).fluid
    torch.testing.assert_close(alone, end[1:2], rtol=1e-13, atol=1e-13)


def test_float32_agrees():
    fluid = lumpy(1, 41, 0.3)
    end = evolved(Scheme(crossover(), 0.3), fluid, 0.6, 0.06, 20).fluid
    single = crossover().to("cpu", torch.float32)
    rough = evolved(Scheme(single, 0.3), fluid.float(), 0.6, 0.06, 20).fluid
    inside = end[:, 0] > 0.05
    assert float(((rough[:, 0] - end[:, 0]).abs() / end[:, 0])[inside].max()) < 1e-4


def test_a_step_stays_on_the_device():
    with FakeTensorMode(), Pretend(), Crossings() as crossings:
        rows = torch.ones(64, device="cuda")
        scheme = Scheme(Matter("conformal", 0.1, rows / 3, rows / 3, rows), 0.2)
        end = scheme.step(scheme.begin(torch.ones(2, 3, 16, 16, device="cuda"), 1.0), 0.02)
    assert crossings.count > 50 and end.fluid.device.type == "cuda"
