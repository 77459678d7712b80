"""The equations of the viscous stress: in all four dimensions, in Bjorken flow, in linear waves; its coefficients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from jupyter_phys.physics.hydro.eos import conformal, crossover, first_order
from jupyter_phys.physics.hydro.matter import Matter
from jupyter_phys.physics.hydro.stress import Gradients, cells_of, medium_of, rates
from jupyter_phys.physics.hydro.transport import Transport, denicol, duke, ip_glasma
from jupyter_phys.physics.hydro.viscous import Viscous, ViscousState
from jupyter_phys.physics.units import HBARC


def evolved(scheme: Viscous, state: ViscousState, dt: float, steps: int) -> ViscousState:
    for _ in range(steps):
        state = scheme.step(state, dt)
    return state


def metric(tau: Tensor) -> Tensor:
    """g_{mu nu} in tau, x, y, eta."""
    return torch.diag(torch.stack([torch.ones_like(tau), -torch.ones_like(tau), -torch.ones_like(tau), -tau * tau]))


def whole(fields: Tensor, tau: Tensor, matter: Matter) -> tuple[Tensor, Tensor, Tensor]:
    """u^mu [4], pi^{mu nu} and T^{mu nu} [4, 4] of the seven fields, with the components that they leave out."""
    e, ux, uy, pxx, pxy, pyy, bulk = fields
    u = torch.stack([(1 + ux**2 + uy**2).sqrt(), ux, uy, torch.zeros_like(ux)])
    tx, ty = (u[1] * pxx + u[2] * pxy) / u[0], (u[1] * pxy + u[2] * pyy) / u[0]
    tt, zero = (u[1] * tx + u[2] * ty) / u[0], torch.zeros_like(ux)
    eta = (tt - pxx - pyy) / tau**2
    rows = [[tt, tx, ty, zero], [tx, pxx, pxy, zero], [ty, pxy, pyy, zero], [zero, zero, zero, eta]]
    pi = torch.stack([torch.stack(row) for row in rows])
    p = matter.pressure(e)
    across = torch.linalg.inv(metric(tau)) - torch.outer(u, u)
    return u, pi, e * torch.outer(u, u) - (p + bulk) * across + pi


@pytest.mark.parametrize("seed", range(3))
def test_rates_solve_the_covariant_equations(seed: int):
    """The change in time, put into nabla_mu T^{mu nu} = 0 and into the relaxation equations of DNMR, leaves nothing."""
    draw = torch.Generator().manual_seed(seed)
    matter, transport, tau = crossover(), Transport(shear=0.2, bulk=0.1), torch.tensor(1.3, dtype=torch.float64)
    fields = torch.randn(7, dtype=torch.float64, generator=draw) * torch.tensor([0, 0.7, 0.7, 0.2, 0.2, 0.2, 0.1])
    fields[0] = 3.0
    fields = fields.double()
    slopes = torch.randn(7, 2, dtype=torch.float64, generator=draw) * 0.3

    def along(change: Tensor) -> tuple[tuple[Tensor, ...], list[Tensor]]:
        """u, pi, T and their derivatives [..., 4], where the fields change so in time."""
        at = torch.cat([tau[None], torch.zeros(2, dtype=torch.float64)])

        def here(at: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return whole(fields + change * (at[0] - tau) + slopes @ at[1:], at[0], matter)

        derived = torch.autograd.functional.jacobian(here, at)
        return here(at), [torch.nn.functional.pad(one, (0, 1)) for one in derived]

    gamma = torch.zeros(4, 4, 4, dtype=torch.float64)  # Gamma^mu_{nu lambda}
    gamma[0, 3, 3], gamma[3, 0, 3], gamma[3, 3, 0] = tau, 1 / tau, 1 / tau

    def divergence(tensor: Tensor, derived: Tensor) -> Tensor:
        turned = torch.einsum("nns,sm->m", gamma, tensor) + torch.einsum("mns,ns->m", gamma, tensor)
        return torch.einsum("nmn->m", derived) + turned

    (_, _, tensor), (_, _, d_tensor) = along(torch.zeros(7, dtype=torch.float64))
    still = d_tensor.clone()
    still[:, :, 0] = 0
    push = -divergence(tensor, still)[:3]
    cells = cells_of(fields[None, :, None, None])
    medium = medium_of(cells.e, matter, transport, 1e-3)
    flow = torch.stack([cells.v[0].flatten()[0], cells.v[1].flatten()[0]])
    carried = -(slopes[3:] @ flow)[None, :, None, None]
    gradients = Gradients(*(one[None, None, None] for one in (slopes[1, 0], slopes[2, 0], slopes[1, 1], slopes[2, 1])))
    change, held = rates(cells, medium, transport, push[None, :, None, None], carried, gradients, 1 / float(tau))
    assert not held.any()
    change = change.flatten()
    (u, pi, tensor), (d_u, d_pi, d_tensor) = along(change)
    torch.testing.assert_close(divergence(tensor, d_tensor), torch.zeros(4, dtype=torch.float64), rtol=0, atol=1e-11)

    low = metric(tau)
    high = torch.linalg.inv(low)
    across = high - torch.outer(u, u)
    mixed = across @ low  # Delta^mu_nu

    def projected(tensor: Tensor) -> Tensor:
        """Symmetric, traceless and transverse part of a tensor with upper indices."""
        inside = mixed @ (tensor + tensor.T) @ mixed.T / 2
        return inside - across * torch.einsum("mn,mn->", low @ inside @ low, across) / 3

    grad_u = d_u + torch.einsum("mls,s->ml", gamma, u)  # nabla_l u^m
    theta, sigma = grad_u.trace(), projected(high @ grad_u.T)
    grad_pi = d_pi + torch.einsum("mls,sn->mnl", gamma, pi) + torch.einsum("nls,ms->mnl", gamma, pi)
    e, bulk = fields[0], fields[6]
    p, slope = matter.pressure_and_slope(e)
    t, other = matter.temperature(e) / HBARC, 1 / 3 - slope
    tau_pi, tau_bulk = 5 * 0.2 / t, 0.1 / (15 * other**2 * t)
    eta, zeta = 0.2 * (e + p) / t, 0.1 * (e + p) / t
    left = tau_pi * projected(torch.einsum("mnl,l->mn", grad_pi, u)) + pi
    right = 2 * eta * sigma - 4 / 3 * tau_pi * theta * pi + 6 / 5 * tau_pi * bulk * sigma
    right = right - 10 / 7 * tau_pi * projected(pi @ low @ sigma)
    torch.testing.assert_close(left, right, rtol=0, atol=1e-11)
    work = torch.einsum("mn,mn->", low @ pi @ low, sigma)
    left = tau_bulk * (u[0] * change[6] + u[1] * slopes[6, 0] + u[2] * slopes[6, 1]) + bulk
    right = -zeta * theta - 2 / 3 * tau_bulk * bulk * theta + 8 / 5 * other * tau_bulk * work
    torch.testing.assert_close(left, right, rtol=0, atol=1e-11)


def bjorken(matter: Matter, e: float, taus: list[float], shear: float, zeta: float) -> np.ndarray:
    """e, pi, Pi of the equations of a flow that only expands along the beam, eta/s and zeta/s constant."""

    def rise(tau: float, now: np.ndarray) -> list[float]:
        e, pi, bulk = now
        p, slope = (float(one) for one in matter.pressure_and_slope(torch.tensor(e)))
        t = float(matter.temperature(torch.tensor(e))) / HBARC
        other = 1 / 3 - slope
        tau_pi, stiff = 5 * shear / t, 15 * other**2
        d_pi = -pi / tau_pi + 4 / 15 * (e + p) / tau - (4 / 3 + 10 / 21) * pi / tau + 6 / 5 * 2 / 3 * bulk / tau
        d_bulk = -bulk * stiff * t / zeta - (stiff * (e + p) + 2 / 3 * bulk) / tau + 8 / 5 * other * pi / tau
        return [-(e + p + bulk - pi) / tau, d_pi, d_bulk]

    span = (taus[0], taus[-1])
    return solve_ivp(rise, span, [e, 0.0, 0.0], t_eval=taus, method="LSODA", rtol=1e-7, atol=1e-9).y.T


def test_bulk_pressure_in_bjorken_flow():
    matter = crossover()
    scheme = Viscous(matter, 0.2, Transport(shear=0.16, bulk=0.05))
    state = scheme.begin(torch.tensor([20.0, 0, 0], dtype=torch.float64)[None, :, None, None].expand(1, 3, 2, 2), 0.6)
    for tau, expected in zip((1.0, 2.0, 5.0), bjorken(matter, 20.0, [0.6, 1.0, 2.0, 5.0], 0.16, 0.05)[1:], strict=True):
        dt = 0.005 if tau <= 2 else 0.02
        state = evolved(scheme, state, dt, round((tau - state.tau) / dt))
        found = state.fluid[0, 0, 0, 0], -cells_of(state.cells).shear().eta[0, 0, 0], state.bulk[0, 0, 0]
        assert [float(one) for one in found] == pytest.approx(list(expected), rel=3e-4)
    assert float(state.regulated.max()) == 0


@pytest.mark.parametrize("across", [False, True])
def test_linear_waves_decay(across: bool):
    """A wave of sound, and of shear, in fluid at rest without expansion, by the matrix of the linear equations."""
    matter, transport, k, small, n, dx = crossover(), Transport(shear=0.16, bulk=0.1), 2 * math.pi / 6.4, 1e-4, 64, 0.1
    e = torch.tensor(5.0, dtype=torch.float64)
    p, slope = matter.pressure_and_slope(e)
    w, rate = float(e + p), float(matter.temperature(e)) / HBARC
    tau_pi, stiff = 5 * 0.16 / rate, 15 * (1 / 3 - float(slope)) ** 2
    if across:  # u^y, pi^xy
        matrix = torch.tensor([[0, -1j * k / w], [-1j * k * w / 5, -1 / tau_pi]], dtype=torch.complex128)
    else:  # e, u^x, pi^xx, Pi
        matrix = torch.tensor(
            [
                [0, -1j * k * w, 0, 0],
                [-1j * k * float(slope) / w, 0, -1j * k / w, -1j * k / w],
                [0, -1j * k * w * 4 / 15, -1 / tau_pi, 0],
                [0, -1j * k * w * stiff, 0, -rate * stiff / 0.1],
            ],
            dtype=torch.complex128,
        )
    values, vectors = torch.linalg.eig(matrix)
    slowest = int((values.real + 10 * (values.imag > 1e-6)).argmax())
    x = (torch.arange(3 * n, dtype=torch.float64) + 0.5) * dx  # three waves: what the edges do stays outside

    def wave(time: float) -> Tensor:
        mode = vectors[:, slowest] / vectors[:, slowest].abs().max() * (values[slowest] * time).exp()
        fields = small * (mode[:, None] * torch.exp(1j * k * x)).real
        cells = torch.zeros(7, 3 * n, dtype=torch.float64)
        cells[[2, 4] if across else [0, 1, 3, 6]] = fields
        cells[5] = -cells[3] / 2
        cells[0] += float(e)
        return cells[None, :, None].expand(1, 7, 2, 3 * n).contiguous()

    scheme = Viscous(matter, dx, transport, expanding=False)
    begin = wave(0.0)
    end = evolved(scheme, scheme.begin(begin[:, :3], 0.0, begin[:, 3:6], begin[:, 6]), 0.02, 100)
    middle = (0, slice(None), 0, slice(n, 2 * n))
    expected, found = wave(2.0)[middle], end.cells[middle]
    expected[0] -= float(e)
    found[0] -= float(e)
    moving = expected.abs().amax(1) > 0
    assert float(found[~moving].abs().max()) < 1e-7
    assert float((((found - expected).abs().amax(1) / expected.abs().amax(1))[moving]).max()) < 0.01


def test_bulk_viscosities():
    t = torch.tensor([0.1, 0.1791, 0.18, 0.189, 0.3], dtype=torch.float64)
    assert denicol(t).tolist() == pytest.approx([0.03, 0.3296, 0.33, 0.2961, 0.0025], abs=1e-4)
    assert ip_glasma(torch.tensor([0.15, 0.16, 0.28], dtype=torch.float64)).tolist() == pytest.approx(
        [0.13 / math.e, 0.13, 0.13 / math.e]
    )
    assert duke(0.05, 0.18, 0.02)(torch.tensor([0.16, 0.18, 0.20])).tolist() == pytest.approx([0.025, 0.05, 0.025])


def test_relaxation_takes_at_least_three_steps():
    """At the same viscosity, which is stiffness times tau; without viscosity none of its terms stays."""
    matter, e = crossover(), torch.tensor([1.0, 5.0], dtype=torch.float64)
    enthalpy = e + matter.pressure(e)
    eta = 0.02 * matter.entropy(e) * HBARC
    for dt in (1e-3, 0.5):
        found = Transport(shear=0.02).shearing(matter, e, enthalpy, dt)
        torch.testing.assert_close(found.stiffness * found.resolved / found.rate, eta)
        assert float((1 / found.rate).min()) >= 3 * dt * (1 - 1e-12)
    assert Transport().shearing(matter, e, enthalpy, 0.1).resolved.tolist() == [0, 0]
    assert Transport().bulking(matter, e, enthalpy, matter.speed2(e), 0.1).resolved.tolist() == [0, 0]


@pytest.mark.parametrize("make", [conformal, crossover, first_order])
def test_no_signal_outruns_light(make: object):
    """In the mixed phase, 15 (1/3 - c_s^2)^2 alone would be 5/3; in the crossover nothing is held back."""
    matter = make()  # type: ignore[operator]
    e = torch.logspace(-3, 2, 500, dtype=torch.float64)
    sound2, transport = matter.speed2(e), Transport(shear=0.16, bulk=0.05)
    assert float(transport.signal2(sound2).max()) <= 0.95 + 1e-12
    if matter.name == "crossover":
        stiffness = transport.bulking(matter, e, e + matter.pressure(e), sound2, 0.01).stiffness
        torch.testing.assert_close(stiffness, 15 * (1 / 3 - sound2) ** 2 * (e + matter.pressure(e)))
