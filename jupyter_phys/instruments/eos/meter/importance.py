"""Where the evidence sits: prediction difference (L. M. Zintgraf et al., arXiv:1702.04595) and input gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.meter.training import answers

PATCH = (2, 4)  # nodes in pT and azimuth that are hidden together; the next patch is half of that away
AROUND = (1, 2)  # nodes on every side that say what a hidden patch may be
SAMPLES = 8  # values that a hidden patch is given
AT_ONCE = 64  # events; whatever the memory, so that they are drawn the same
RIDGE = 1e-2  # of a variance of 1, which keeps covariances from few events invertible


def difference(net: nn.Module, x: Tensor, label: Tensor, known: Tensor, conditional: bool, run: Run,
               draw: torch.Generator) -> Tensor:  # fmt: skip
    """Weight of evidence [pT, phi] for the right class in bits, mean over x [n, pT, phi], for every pixel hidden.

    log2 odds of the right class with all pixels, less those with a patch drawn anew from ``known`` [m, pT, phi], mean
    probability over draws; a pixel gets the mean of all patches that hide it. Patches close around azimuth. All
    inputs are standardised; ``conditional`` draws a Gaussian given the pixels around, else a patch of another event.
    """
    parts = zip(x.split(AT_ONCE), label.split(AT_ONCE), strict=True)
    found = [len(one) * _difference(net, one, its, known, conditional, run, draw) for one, its in parts]
    return torch.stack(found).sum(0) / len(x)


def _difference(net: nn.Module, x: Tensor, label: Tensor, known: Tensor, conditional: bool, run: Run,
                draw: torch.Generator) -> Tensor:  # fmt: skip
    rows, columns = x.shape[1:]
    total, times = torch.zeros(rows, columns), torch.zeros(rows, columns)
    whole = _odds(answers(net, x, AT_ONCE).double().softmax(1), label, len(known))
    tall, wide = min(PATCH[0], rows), PATCH[1]
    tops = range(0, rows - tall + 1, max(1, tall // 2))
    for top in tops:
        for left in range(0, columns, wide // 2):
            at = _pixels(range(top, top + tall), range(left, left + wide), columns)
            hidden = _hidden(x, known, at, (top, left, tall, wide), conditional, draw)
            p = answers(net, hidden.to(x), AT_ONCE).double().softmax(1).reshape(SAMPLES, len(x), -1).mean(0)
            evidence = float((whole - _odds(p, label, len(known))).mean())
            total.view(-1)[at] += evidence
            times.view(-1)[at] += 1
            run.advance(0)
    return total / times.clamp(min=1)


def gradient(net: nn.Module, x: Tensor, label: Tensor) -> Tensor:
    """|d(log-odds of the right class)/dx| [pT, phi], mean over standardised inputs x [n, pT, phi]."""
    found = [_gradient(net, *one) for one in zip(x.split(AT_ONCE), label.split(AT_ONCE), strict=True)]
    return torch.cat(found).abs().mean(0).cpu()


def _gradient(net: nn.Module, x: Tensor, label: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        logits = net(x)
        right = logits.gather(1, label[:, None])[:, 0]
        others = logits.scatter(1, label[:, None], -torch.inf).logsumexp(1)
        (found,) = torch.autograd.grad((right - others).sum(), x)
    return found


def of_one(found: Tensor) -> Tensor:
    """Signs kept, absolute values summing to 1; zeros stay zeros."""
    whole = found.abs().sum()
    return found / whole if whole > 0 else found


def _odds(p: Tensor, label: Tensor, known: int) -> Tensor:
    """log2 of p/(1 - p) of the right class, with Laplace's correction, as Zintgraf et al. take it."""
    own = (p.gather(1, label[:, None])[:, 0] * known + 1) / (known + p.shape[1])
    return torch.log2(own / (1 - own))


def _pixels(tall: range, wide: range, columns: int) -> Tensor:
    return torch.tensor([row * columns + column % columns for row in tall for column in wide])


def _hidden(
    x: Tensor, known: Tensor, at: Tensor, box: tuple[int, int, int, int], conditional: bool, draw: torch.Generator
) -> Tensor:
    """X with the pixels ``at`` drawn anew [sample * n, pT, phi], on the CPU."""
    flat, others = x.cpu().flatten(1), known.cpu().flatten(1)
    found = flat.repeat(SAMPLES, 1)
    drawn = _conditional(found, others, at, _ring(box, x.shape[1:]), draw) if conditional else (
        others[torch.randint(len(others), (len(found),), generator=draw)][:, at]
    )  # fmt: skip
    found[:, at] = drawn.to(found)
    return found.reshape(-1, *x.shape[1:])


def _ring(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> Tensor:
    top, left, tall, wide = box
    rows = range(max(0, top - AROUND[0]), min(shape[0], top + tall + AROUND[0]))
    whole = _pixels(rows, range(left - AROUND[1], left + wide + AROUND[1]), shape[1])
    inside = _pixels(range(top, top + tall), range(left, left + wide), shape[1])
    return whole[~torch.isin(whole, inside)]


def _conditional(x: Tensor, known: Tensor, at: Tensor, ring: Tensor, draw: torch.Generator) -> Tensor:
    """Of a Gaussian with the moments of ``known``, given what lies in the ring."""
    inside, around = known[:, at].double(), known[:, ring].double()
    mean, mean_around = inside.mean(0), around.mean(0)
    inside, around = inside - mean, around - mean_around
    n = len(known)
    outer = around.T @ around / n + _ridge(len(ring))
    fit = torch.linalg.solve(outer, around.T @ inside / n)
    spread = torch.linalg.cholesky(inside.T @ inside / n + _ridge(len(at)) - (inside.T @ around / n) @ fit)
    noise = torch.randn(len(x), len(at), generator=draw, dtype=torch.float64)
    return mean + (x[:, ring].double() - mean_around) @ fit + noise @ spread.T


def _ridge(n: int) -> Tensor:
    return RIDGE * torch.eye(n, dtype=torch.float64)
