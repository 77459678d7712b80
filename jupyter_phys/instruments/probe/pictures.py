"""What panels show beside the numbers: worst inputs, and the wave function of one coordinate in phase space."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from jupyter_phys.instruments.probe.attacks.attacked import Outcome, predicted
from jupyter_phys.instruments.probe.bench import Bench
from jupyter_phys.instruments.probe.probed import Probed
from jupyter_phys.physics import wave
from jupyter_phys.physics.moments import accumulator

PLACES = 121  # of a wave function, and of its momenta
WHOLE = 12.0  # Δx up to which a box is shown whole
WIDTHS = 4.0  # Δx, or Δp, to either side of the mean


def add_empty(bench: Bench, data: xr.Dataset) -> xr.Dataset:
    """``data`` with the variables of its pictures, NaN as yet."""
    found: dict[str, Any] = {}
    coords: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], shape: tuple[int, ...], units: str, said: str) -> None:
        found[name] = (dims, np.full(shape, np.nan), {"units": units, "long_name": said, "role": "picture"})

    subjects = len(bench.probed)
    if _draws_waves(bench):
        for name, units, said in (("place", bench.unit, "place"), ("momentum", f"1/{bench.unit}", "momentum")):
            add(name, ("subject", "cell"), (subjects, PLACES), units, said)
        add("wave", ("subject", "part", "cell"), (subjects, 2, PLACES), "", "real and imaginary part of the packet")
        add("momentum_density", ("subject", "cell"), (subjects, PLACES), bench.unit, "density of momentum |φ(p)|²")
        for name, said in (("husimi", "Husimi density, never negative"), ("wigner", "Wigner function")):
            add(name, ("subject", "cell", "momentum_cell"), (subjects, PLACES, PLACES), "", said)
    count = _shown(bench)
    if count:
        d = bench.probed[0].model.d
        for name, said in (("worst_before", "input"), ("worst_after", "worst input found within the largest eps")):
            add(name, ("subject", "picture", "coordinate"), (subjects, count, d), bench.unit, said)
        for name, said in (("label", "label of the input"), ("answer", "answer to the input"),
                           ("answer_after", "answer to the worst input")):  # fmt: skip
            add(f"worst_{name}", ("subject", "picture"), (subjects, count), "", said)
        coords["picture"] = ("picture", np.arange(count), {"units": "", "long_name": "input shown"})
    return data.assign(found).assign_coords(coords) if found else data


def _shown(bench: Bench) -> int:
    victims = bench.victims
    if victims is None or not bench.sizes or not victims.classes:
        return 0
    if len(victims.model.shape) not in (2, 3) or victims.model.embedding is not None:
        return 0
    return min(bench.settings.pictures, len(victims.x))


def add_worst(bench: Bench, data: xr.Dataset, i: int, clean: Outcome, worst: Outcome) -> None:
    """The inputs answered right whose loss is largest, first those that are answered wrong now."""
    count = _shown(bench)
    victims = bench.probed[i].victims
    if count == 0 or victims is None:
        return
    order = np.lexsort([-worst.loss.numpy(), ~worst.broken.numpy(), clean.broken.numpy()])
    chosen = torch.from_numpy(order[:count])
    into = data.variables
    before, after = (x[chosen.to(x.device)] for x in (victims.x, worst.x))
    with torch.no_grad():
        answers = [predicted(victims.model.answers(one.to(victims.model.device))) for one in (before, after)]
    for name, value in (("before", before), ("after", after)):
        into[f"worst_{name}"][i] = value.flatten(1).double().cpu().numpy()
    said = victims.y[chosen.to(victims.y.device)], *answers
    for name, value in zip(("label", "answer", "answer_after"), said, strict=True):
        into[f"worst_{name}"][i] = value.double().cpu().numpy()


# --- wave functions of one coordinate


def _draws_waves(bench: Bench) -> bool:
    return all(one.victims is None and one.model.d == 1 and len(one.packets.names) == 1 for one in bench.probed)


def add_function(bench: Bench, data: xr.Dataset, i: int) -> None:
    """psi(x), the density of momentum, Husimi's and Wigner's pictures of a function of one coordinate."""
    if not _draws_waves(bench):
        return
    one = bench.probed[i]
    row = data.isel(subject=i, label=0, coordinate=0)
    mean, delta, momentum, spread = (float(row[n]) for n in ("mean_x", "delta_x", "mean_p", "delta_p"))
    if not (math.isfinite(delta * spread) and delta > 0):
        return
    real = accumulator(bench.run.device)
    momentum = momentum if one.model.is_complex else 0.0
    reach = WIDTHS * max(spread, 0.5 / delta)
    p = momentum + torch.linspace(-reach, reach, PLACES, dtype=real, device=bench.run.device)
    x, psi, every = _sampled(one, mean, delta, float(p.abs().max()), real)
    told = {
        "place": x[::every], "momentum": p, "momentum_density": wave.momentum_density(psi, x, p),
        "wave": torch.stack([psi.real, psi.imag])[:, ::every],
        "husimi": wave.husimi(psi, x, p, delta)[::every], "wigner": wave.wigner(psi, x, p)[::every],
    }  # fmt: skip
    for name, value in told.items():
        data.variables[name][i] = value.cpu().numpy()


def _sampled(one: Probed, mean: float, delta: float, highest: float, real: torch.dtype) -> tuple[Tensor, Tensor, int]:
    """Places, finely enough for momenta up to ``highest``, the packet there, and of how many places one is shown."""
    low, high = mean - WIDTHS * delta, mean + WIDTHS * delta
    if one.packets.is_box:
        ends = one.packets.sides[0]
        low, high = ends if ends[1] - ends[0] < WHOLE * delta else (max(low, ends[0]), min(high, ends[1]))
    every = max(1, min(8, math.ceil((high - low) / (PLACES - 1) * highest * 2 / math.pi * 1.1)))
    x = torch.linspace(low, high, every * (PLACES - 1) + 1, dtype=real, device=one.model.device)
    with torch.no_grad():
        psi = one.model.losses(one.model.answers(x[:, None].to(one.model.dtype)), None).to(real.to_complex())
    if one.packets.centres is not None:
        psi = psi * torch.exp(-((x - float(one.packets.centres[0, 0])) ** 2) / (4 * one.packets.scale**2))
    norm = torch.linalg.vector_norm(psi) * ((x[1] - x[0]) ** 0.5)
    return x, psi / norm, every
