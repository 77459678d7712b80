"""Phase-space pictures of wave functions against closed forms, their marginals and each other."""

import math

import pytest
import torch
from torch import Tensor

from jupyter_phys.physics.wave import husimi, momentum_density, wigner

X = torch.linspace(-12, 12, 481, dtype=torch.float64)
P = torch.linspace(-6, 6, 241, dtype=torch.float64)
STEP = float(X[1] - X[0])


def normalised(psi: Tensor) -> Tensor:
    psi = psi + 0j
    return psi / (torch.linalg.vector_norm(psi) * STEP**0.5)


GAUSS = normalised(torch.exp(-((X - 1) ** 2) / 4 + 2j * X))
SECOND = normalised((X**2 - 1) * torch.exp(-(X**2) / 4))


def test_the_density_of_momentum_of_a_gaussian():
    expected = (2 / math.pi) ** 0.5 * torch.exp(-2 * (P - 2) ** 2)
    torch.testing.assert_close(momentum_density(GAUSS, X, P), expected, rtol=0, atol=1e-12)


def test_wigner_of_a_gaussian():
    expected = torch.exp(-((X[:, None] - 1) ** 2) / 2 - 2 * (P - 2) ** 2) / math.pi
    torch.testing.assert_close(wigner(GAUSS, X, P), expected, rtol=0, atol=1e-12)


def test_husimi_of_a_gaussian_is_that_of_a_coherent_state():
    expected = torch.exp(-((X[:, None] - 1) ** 2) / 4 - (P - 2) ** 2) / (2 * math.pi)
    torch.testing.assert_close(husimi(GAUSS, X, P, 1.0), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("psi", [GAUSS, SECOND])
def test_marginals(psi: Tensor):
    found, dp = wigner(psi, X, P), float(P[1] - P[0])
    torch.testing.assert_close(found.sum(1) * dp, psi.abs() ** 2, rtol=0, atol=1e-9)
    torch.testing.assert_close(found.sum(0) * STEP, momentum_density(psi, X, P), rtol=0, atol=1e-9)
    assert float(husimi(psi, X, P, 1.0).sum()) * dp * STEP == pytest.approx(1, abs=1e-7)


def test_husimi_is_wigner_seen_through_a_coherent_state():
    dp = float(P[1] - P[0])
    blur = torch.exp(-(X[:, None] ** 2) / 2 - 2 * P**2) / math.pi
    expected = float((wigner(SECOND, X, P) * blur).sum()) * dp * STEP
    assert float(husimi(SECOND, X, P, 1.0)[240, 120]) == pytest.approx(expected, abs=1e-12)


def test_wigner_of_an_excited_state_is_negative_husimi_never():
    assert float(wigner(SECOND, X, P).min()) < -0.1 and float(husimi(SECOND, X, P, 1.0).min()) >= 0
    assert float(wigner(SECOND, X, P)[240, 120]) == pytest.approx(1 / math.pi)  # (−1)ⁿ/π at the middle
