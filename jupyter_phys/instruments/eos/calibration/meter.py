"""Known answers of the meter: its grid, turns, shares with errors, evidence of pixels, and what networks can reach."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jupyter_phys.core.calibration import Case
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.calibration.fluids import CLOSED, IDENTITY
from jupyter_phys.instruments.eos.meter import importance, judged
from jupyter_phys.instruments.eos.meter.baselines import of_number
from jupyter_phys.instruments.eos.meter.examples import Spectra, balanced
from jupyter_phys.instruments.eos.meter.inputs import Likeness, Scaling
from jupyter_phys.instruments.eos.meter.settings import Settings
from jupyter_phys.instruments.eos.meter.training import Lesson, probabilities, trained
from jupyter_phys.instruments.eos.meter.turned import harmonics, turns
from jupyter_phys.physics.hydro.flow import sampled
from jupyter_phys.physics.hydro.spectra import gaussian_momenta

GAUSS = "nodes of Gauss, by numpy"
CLVISC = "momenta of CLVisc, github.com/lgpang/clvisc"
NEWCOMBE = "R. G. Newcombe, Stat. Med. 17, 857 (1998), table I, method 3"
BAYES = "Bayes: half of erfc(-d/√8) of two Gaussians d standard deviations apart"
PUBLISHED = (  # GeV
    0.00778, 0.04106, 0.10130, 0.18916, 0.30564, 0.45211, 0.63049, 0.84335, 1.09419, 1.38787, 1.73137, 2.13532, 2.61729,
    3.21089, 4.00217,
)  # fmt: skip

# --- the grid


def _momenta(run: Run) -> float:
    """Largest distance from x/12 and π(1 + ξ)."""
    momenta = gaussian_momenta()
    pt = np.polynomial.laguerre.laggauss(15)[0] / 12
    phi = math.pi * (1 + np.polynomial.legendre.leggauss(48)[0])
    return max(abs(momenta.pt.numpy() - pt).max(), abs(momenta.phi.numpy() - phi).max())


def _published(run: Run) -> float:
    return float((gaussian_momenta().pt - torch.tensor(PUBLISHED, dtype=torch.float64)).abs().max())


def _turn(run: Run) -> float:
    """Largest error of a wave of all harmonics that the nodes carry, turned by angles that are none of theirs."""
    momenta = gaussian_momenta()
    k = torch.arange(1, harmonics(momenta.phi) + 1, dtype=torch.float64)
    angles = torch.tensor([0.3, 2.0, 5.1], dtype=torch.float64)

    def wave(phi: Tensor) -> Tensor:
        return 1 + torch.cos(phi[:, None] * k - k**2).sum(1)

    found = turns(momenta.phi, momenta.phi_weight, angles) @ wave(momenta.phi)
    return max(float((one - wave(momenta.phi - angle)).abs().max()) for one, angle in zip(found, angles, strict=True))


# --- shares


def _wilson(right: int, count: int, end: int, run: Run) -> float:
    return judged.wilson(right / count, count)[end]


def _error(run: Run) -> float:
    """Of 30 right in 40: what a flat prior leaves, Beta(31, 11)."""
    return judged.share(np.arange(40) < 30, np.arange(40)).se


def _pairs(run: Run) -> float:
    """Error of 40 pairs that are right together, over that of 40 spectra."""
    right, event = np.arange(40) < 30, np.arange(40)
    return judged.share(right.repeat(2), event.repeat(2)).se / judged.share(right, event).se


def _unbalanced(run: Run) -> Spectra:
    """Flat spectra of 3000 events of two classes, of which the second has 15 % more particles in the mean."""
    momenta, draw = gaussian_momenta(4, 8), np.random.default_rng(run.generator(0).initial_seed())
    label = np.arange(6000) % 2
    number = 200 * np.exp(draw.normal(0.14 * label, 0.25))
    rho = np.ones((6000, 4, 8)) * (number / float(momenta.integral(torch.ones(4, 8))))[:, None, None]
    return Spectra(rho, label, np.arange(6000), ("0", "1"), momenta)


def _alike(run: Run) -> float:
    """Mean ln dN/dy of one class less that of the other, made alike."""
    of = _unbalanced(run)
    found = balanced(of, 0.05, np.random.default_rng(1))
    logs = np.log(found.number)
    return float(logs[found.label == 1].mean() - logs[found.label == 0].mean())


def _told_by_number(run: Run) -> float:
    """Share that dN/dy alone gets right of others, after classes were made alike."""
    found = balanced(_unbalanced(run), 0.05, np.random.default_rng(1))
    learnt, held = found.part(slice(0, None, 2)), found.part(slice(1, None, 2))
    return float((of_number(learnt.number, learnt.label, held.number) == held.label).mean())


COUNTED, NUMBER = 4000, 150.0


@functools.lru_cache(2)
def _counts(seed: int) -> Tensor:
    """Particles of each of so many collisions with 150 in the mean."""
    momenta = gaussian_momenta(4, 8)
    rho = torch.ones(COUNTED, 4, 8, dtype=torch.float64)
    rho *= NUMBER / float(momenta.integral(rho[0]))
    draws = [torch.Generator().manual_seed(seed + k) for k in range(COUNTED)]
    return sampled(rho, momenta, draws).counts.sum((1, 2))


def _mean(run: Run) -> float:
    return float(_counts(run.seed).mean())


def _variance(run: Run) -> float:
    return float(_counts(run.seed).var())


# --- the evidence of a pixel

FACTOR, SLOPE, AT = 0.05, 0.01, (1, 5)  # covariance of any two pixels; of the probability; the pixel that is read
VALUE, EVENTS, KNOWN = 3.0, 2048, 2000


class Reads(nn.Module):
    """A probability of 1/2 + slope times one pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits [n, class] of x [n, pT, phi]."""
        pull = SLOPE * x[:, AT[0], AT[1]]
        return torch.stack([0.5 - pull, 0.5 + pull], 1).log()


def _known(run: Run, shape: tuple[int, int]) -> Tensor:
    """Gaussian pixels [event, pT, phi] with variance 1 and that covariance, to the bit of their moments."""
    size = math.prod(shape)
    z = torch.randn(KNOWN, size, generator=run.generator(1), dtype=torch.float64)
    z = torch.linalg.qr(z - z.mean(0)).Q * KNOWN**0.5
    whole = (1 - FACTOR) * torch.eye(size, dtype=torch.float64) + FACTOR
    return (z @ torch.linalg.cholesky(whole).T).reshape(KNOWN, *shape).float()


def _evidence(conditional: bool, run: Run) -> float:
    shape = 4, 8
    x = torch.full((EVENTS, *shape), VALUE)
    label = torch.ones(EVENTS, dtype=torch.int64)
    found = importance.difference(Reads(), x, label, _known(run, shape), conditional, run, run.generator(2))
    return float(found[AT])


def _expected(conditional: bool) -> float:
    """Bits: 4/ln 2 times what the probability loses; the mean of a hidden pixel given k others follows from one factor.

    Patches of 2 x 4 hide the pixel, two of them in the uppermost rows with 16 pixels around, two below with 24.
    """
    spread = 1 - FACTOR + importance.RIDGE
    left = [FACTOR * k / (spread + FACTOR * k) if conditional else 0.0 for k in (16, 24)]
    return 4 / math.log(2) * SLOPE * VALUE * (1 - sum(left) / 2) * KNOWN / (KNOWN + 2)


# --- what can be learnt

APART, ROWS, COLUMNS = 2.5, 4, 8  # standard deviations between two classes
LEARNT, HELD = 800, 2500
QUICK: dict[str, Any] = {"network": "two", "epochs": 4, "rate": 5e-3, "patience": 4, "turned": False}


def _gaussians(n: int, apart: float, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise [n, pT, phi], and on it a step between two rows with the sign of the class."""
    label = torch.arange(n) % 2
    step = torch.ones(ROWS, COLUMNS)
    step[ROWS // 2 :] = -1
    sign = (2 * label - 1)[:, None, None]
    noise = torch.randn(n, ROWS, COLUMNS, generator=draw)
    return 5 + noise + sign * step * (apart / 2 / step.norm()), label


def _network(apart: float, run: Run) -> float:
    """Share of others that a network gets right."""
    (x, y), (aside, y_aside), (held, truth) = (
        _gaussians(n, apart, run.generator(3, k)) for k, n in enumerate((LEARNT, LEARNT // 3, HELD))
    )
    lesson = Lesson(x, y, aside, y_aside, 2, Scaling.of([x], 1.0), None)
    net = trained(lesson, Settings(**QUICK), run, (4,), lambda *loss: None)
    return float((probabilities(net, lesson.scaling(held), run).argmax(1) == truth).double().mean())


def _inside(run: Run) -> float:
    """Share of Gaussian inputs like those of training whose distance lies below the limit."""
    draws = (_gaussians(n, APART, run.generator(5, k))[0] for k, n in enumerate((LEARNT, LEARNT // 3, HELD)))
    x, aside, held = draws
    scaling = Scaling.of([x], 1.0)
    found = Likeness.of([scaling(x)], scaling(aside))
    return float((found.distance(scaling(held)) <= found.limit).double().mean())


def _bayes(apart: float) -> float:
    return 0.5 * math.erfc(-apart / math.sqrt(8))


def _case(name: str, compute: Any, expected: float, tolerance: float, source: str, *, once: bool = False,
          bound: str = "equal") -> Case:  # fmt: skip
    """``once``: networks, which learn in float32 whatever the precision, are trained for one of them alone."""
    return Case(f"meter: {name}", compute, expected, tolerance, source, tolerance32=None if once else tolerance,
                bound=bound, unit="")  # fmt: skip


CASES = [
    _case("pT and φ of the 15 × 48 grid against x/12 and π(1 + ξ)", _momenta, 0.0, 1e-10, GAUSS, bound="below"),
    _case("pT of the 15 × 48 grid against published digits", _published, 0.0, 5.1e-6, CLVISC, bound="below"),
    _case("error of a turn of 12 harmonics", _turn, 0.0, 1e-10, IDENTITY, bound="below"),
    *(_case(f"limit {end + 1} of a share of {right} in {count}", functools.partial(_wilson, right, count, end), limit,
            5e-5, NEWCOMBE)
      for right, count, limits in ((81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)),
                                   (1, 29, (0.0061, 0.1718))) for end, limit in enumerate(limits)),
    _case("standard error of a share of 30 in 40", _error, math.sqrt(31 * 11 / (42**2 * 43)), 1e-12, CLOSED),
    _case("error of pairs that are right together over that of one each", _pairs, 1.0, 1e-12, IDENTITY),
    _case("ln dN/dy of classes made alike, difference of means", _alike, 0.0, 2e-3, IDENTITY),
    _case("share that dN/dy tells of classes made alike", _told_by_number, 0.5, 0.035, IDENTITY),
    _case("mean of counted particles", _mean, NUMBER, 4 * math.sqrt(NUMBER / COUNTED), "Poisson"),
    _case("variance of counted particles", _variance, NUMBER, 4 * NUMBER * math.sqrt(2 / COUNTED), "Poisson"),
    *(_case(f"evidence of a pixel of a linear model, {name}", functools.partial(_evidence, name == "conditional"),
            _expected(name == "conditional"), 0.02 * _expected(name == "conditional"), CLOSED)
      for name in ("conditional", "marginal")),
    _case("network on two Gaussian classes", functools.partial(_network, APART), _bayes(APART), 0.03, BAYES,
          once=True),
    _case("network where labels mean nothing", functools.partial(_network, 0.0), 0.5, 4 * 0.5 / math.sqrt(HELD), BAYES,
          once=True),
    _case("share of inputs like training that may be answered", _inside, 1.0, 2e-3, IDENTITY, bound="above"),
]  # fmt: skip
