"""Measure packets, conjugate correlation and attacks of networks, or the packet of a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe import advice, conjugate, pictures
from jupyter_phys.instruments.probe.attacks import attacked
from jupyter_phys.instruments.probe.bench import Bench, set_up
from jupyter_phys.instruments.probe.packets import ways
from jupyter_phys.instruments.probe.packets.packet import FEWEST, Found, with_mean
from jupyter_phys.instruments.probe.probed import Probed
from jupyter_phys.instruments.probe.settings import Inputs, Settings
from jupyter_phys.physics.moments import Errors, slope_excess, spread

EACH = ("subject", "label", "coordinate")
ONE = ("subject", "label")
WIDTHS = {
    "delta_x": ("{x}", "width of the packet in x, Δx"),
    "delta_p": ("1/{x}", "width of the packet in the conjugate gradient, Δp"),
    "product": ("", "uncertainty product Δx·Δp"),
    "bound": ("", "bound that the product cannot fall below: |c|, under a window ½"),
}


def measure(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> xr.Dataset:
    """Moments of packets by coordinate and label, accuracy by attack and size, correlation by input.

    Raises:
        Refused: a model, data or a domain that cannot be probed as asked; the message names the cure.
    """
    with torch.inference_mode(False), torch.enable_grad():  # whatever the user works in
        return _measure(set_up(subjects, inputs, settings, run))


def _measure(bench: Bench) -> xr.Dataset:
    run = bench.run
    data = run.keep(_empty(bench))
    run.facts |= advice.facts(bench)
    run.expect(sum(_steps(bench, one) for one in bench.probed))
    for i, one in enumerate(bench.probed):
        if one.victims is not None and run.wants("cc"):
            _write_conjugate(bench, data, i)
        if run.wants("delta_x"):
            try:
                _measure_packets(bench, data, i)
            finally:  # what is left of an interrupt may mislead as much
                advice.mind_packets(bench, data, i)
            pictures.add_function(bench, data, i)
        if one.victims is not None and run.wants("accuracy"):
            _write_attacks(bench, data, i)
    return data


def _measure_packets(bench: Bench, data: xr.Dataset, i: int) -> None:
    one, replicates = bench.probed[i], list[torch.Tensor]()
    for found in ways.measured(one.model, one.packets, bench.settings, bench.run):
        _write_packets(bench, data, i, found)
        replicates.append(found.replicates().cpu())
    _write_grand(data, i, torch.cat(replicates, -1))


def _steps(bench: Bench, one: Probed) -> int:
    if one.victims is None:
        return ways.steps(one.model, one.packets, bench.settings)
    hard = attacked.steps(bench.settings, len(bench.sizes), len(one.victims.x)) if bench.run.wants("accuracy") else 0
    soft = ways.steps(one.model, one.packets, bench.settings) if bench.run.wants("delta_x") else 0
    return hard + soft


# --- the dataset


def _empty(bench: Bench) -> xr.Dataset:
    """Everything that will be filled, NaN as yet."""
    found: dict[str, Any] = {}
    sizes = bench.coordinates()
    unit = bench.unit

    def add(name: str, dims: tuple[str, ...], units: str, said: str) -> None:
        values = np.full([len(sizes[dim][1]) for dim in dims], np.nan)
        found[name] = (dims, values, {"units": units, "long_name": said})

    for name, (units, said) in WIDTHS.items():
        units = units.format(x=unit)
        add(name, EACH, units, said)
        add(f"{name}_mean", ONE, units, f"{said}, mean over coordinates")
        add(f"{name}_grand", ("subject",), units, f"{said}, mean over coordinates and labels")
        for one in (name, f"{name}_mean", f"{name}_grand"):
            add(f"{one}_se", found[one][0], units, f"standard error of {one}")
    add("mean_x", EACH, unit, "mean of x over the packet")
    add("mean_p", EACH, f"1/{unit}", "mean slope of the packet; of a complex one its momentum")
    add("correlation", EACH, "", "correlation c of x and slope (real part), whose modulus bounds the product")
    add("ess_p", EACH, "", "effective number of samples of the slope")
    add("ess", ONE, "", "effective number of samples of the packet")
    add("samples", ONE, "", "samples, or nodes of a quadrature")
    add("gradient_check", ONE, "", "standard errors by which the mean slope under a window is off zero")
    add("bound_check", ONE, "", "standard errors by which the mean of |c| as sampled under a window is off ½")
    if any(one.model.is_complex for one in bench.probed):
        add("covariance", EACH, "", "covariance of position and momentum")
    _add_attacks(bench, add)
    return pictures.add_empty(bench, xr.Dataset(found, sizes, {"title": bench.title()}))


def _add_attacks(bench: Bench, add: Any) -> None:
    if bench.sizes and not bench.classes:
        add("deviation", ("subject", "attack", "eps"), "answer", "change of the answer by the worst input, mean")
        add("deviation_se", ("subject", "attack", "eps"), "answer", "standard error of deviation over inputs")
        add("largest_deviation", ("subject", "attack", "eps"), "answer", "change of the answer by the worst input")
    elif bench.sizes:
        add("accuracy", ("subject", "attack", "eps"), "", "share of inputs that are answered right under attack")
        add("accuracy_se", ("subject", "attack", "eps"), "", "standard error of accuracy, binomial with a flat prior")
    if bench.victims:
        add("cc", ("subject", "sample"), "", "conjugate correlation |cos(x, ∇L)|")
        add("alignment", ("subject", "sample"), bench.unit, "alignment of input and score gradient |⟨x, ∇z⟩|/|∇z|")
        add("right", ("subject", "sample"), "", "1 where the answer is right, 0 where it is wrong")


# --- what was found


def _write_packets(bench: Bench, data: xr.Dataset, i: int, found: Found) -> None:
    """The rows of some labels; products of too few effective samples are withheld."""
    told, errors = found.moments(), found.errors()
    one, into = bench.probed[i], data.variables
    ess = told.ess.cpu().numpy()
    few = ~(ess >= FEWEST) & (not found.is_integral)  # of a loss that is zero everywhere it is not a number
    d, count = one.model.d, len(ess)
    rows = slice(found.labels.start, found.labels.start + count)
    for name in WIDTHS:
        values = with_mean(getattr(told, name)).cpu().numpy()
        se = getattr(errors, name).cpu().numpy() if not found.is_integral else np.full_like(values, np.nan)
        for array, suffix in ((values, ""), (se, "_se")):
            array[few] = np.nan
            into[f"{name}{suffix}"][i, rows, :d] = array[:, :d]
            into[f"{name}_mean{suffix}"][i, rows] = array[:, d]
    reference = one.packets.reference.cpu().numpy()
    into["mean_x"][i, rows, :d] = told.mean_x.cpu().numpy() + reference[rows if len(reference) > 1 else slice(None)]
    into["mean_p"][i, rows, :d] = (told.mean_p.imag if one.model.is_complex else told.mean_p).cpu().numpy()
    into["correlation"][i, rows, :d] = told.correlation.real.cpu().numpy()
    if one.model.is_complex:
        into["covariance"][i, rows, :d] = told.correlation.imag.cpu().numpy()
    if not found.is_integral:
        into["ess"][i, rows] = ess
        into["ess_p"][i, rows, :d] = _unsigned(told.ess_p)
    if not one.packets.is_box:
        into["gradient_check"][i, rows] = slope_excess(found.sums).cpu().numpy()
        if not one.model.is_complex:
            into["bound_check"][i, rows] = found.off_bound().cpu().numpy()
    into["samples"][i, rows] = found.samples
    if found.is_integral:
        advice.mind_integral(bench, one, found)


def _write_grand(data: xr.Dataset, i: int, replicates: torch.Tensor) -> None:
    """Means over labels, whose draws are the same block by block."""
    errors = dict(zip(Errors._fields, spread(replicates.mean(-1)).tolist(), strict=True))
    for name in WIDTHS:
        mean = data.variables[f"{name}_mean"].values[i, : replicates.shape[-1]].mean()
        known = np.isfinite(mean) and len(replicates) > 1
        data.variables[f"{name}_grand"][i], data.variables[f"{name}_grand_se"][i] = (
            mean,
            errors[name] if known else np.nan,
        )


def _write_conjugate(bench: Bench, data: xr.Dataset, i: int) -> None:
    victims = bench.probed[i].victims
    assert victims is not None
    parts: list[conjugate.Conjugate] = []
    cost = victims.model.each(bench.run, attacked.INPUTS_AT_ONCE, copies=2)
    for batch in bench.run.batches(len(victims.x), cost):
        with batch as where:
            x, y = victims.x[where].to(victims.model.device), victims.y[where]
            found = conjugate.conjugate(victims.model, x, y, bench.settings.origin, classes=victims.classes)
            parts.append(conjugate.Conjugate(*(one.cpu() for one in found)))
            bench.run.advance(0)
    for name, several in zip(conjugate.Conjugate._fields, zip(*parts, strict=True), strict=True):
        data.variables[name][i] = _unsigned(torch.cat(several))


def _unsigned(values: torch.Tensor) -> NDArray[np.float64]:
    """Without the sign that NaN of 0/0 has, and that no file keeps."""
    found = values.double().cpu().numpy()
    return np.where(np.isnan(found), np.nan, found)


def _of_share(k: int, n: int) -> float:
    """Standard deviation of the posterior of a share, k of n, with a flat prior: not zero for none and all."""
    return ((k + 1) * (n - k + 1) / ((n + 2) ** 2 * (n + 3))) ** 0.5


def _write_attacks(bench: Bench, data: xr.Dataset, i: int) -> None:
    victims = bench.probed[i].victims
    assert victims is not None
    into = data.variables
    outcomes: list[attacked.Outcome] = []
    for k, eps in enumerate(bench.sizes):
        for a, found in enumerate(attacked.attacked(victims, bench.settings, eps, bench.run)):
            n = len(found.broken)
            if victims.classes:
                share = 1 - float(found.broken.double().mean())
                into["accuracy"][i, a, k] = share
                into["accuracy_se"][i, a, k] = _of_share(n - int(found.broken.sum()), n)
            else:
                into["deviation"][i, a, k] = float(found.deviation.mean())
                into["deviation_se"][i, a, k] = float(found.deviation.std()) / n**0.5 if n > 1 else np.nan
                into["largest_deviation"][i, a, k] = float(found.deviation.max())
            outcomes = [*outcomes[:1], found]  # the first is of no size, the last the worst of the largest
    if outcomes:
        pictures.add_worst(bench, data, i, outcomes[0], outcomes[-1])
