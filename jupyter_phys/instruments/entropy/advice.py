"""What must be said beside the numbers of %entropy, so that nobody misreads them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import xarray as xr

from jupyter_phys.instruments.entropy import masks
from jupyter_phys.instruments.entropy.acquire import Acquisition, periods

if TYPE_CHECKING:
    from jupyter_phys.instruments.entropy.compute import Bench

SOURCE = "ΔS is our ΔS_B, built after the abstract of arXiv:2512.19223; constants are ours."
GRID_ERROR = {  # of ΔS on the grid rule against hop 1 and whole windows: (median, largest) of 800 fields and masks
    "signal": (3e-4, 1e-2), "image": (1e-4, 1.5e-2), "mri": (4e-5, 5e-4),
}  # fmt: skip
# kinds in which a setting means something
APPLIES = {"field": ("mri",), "dc": ("mri",), "axis": ("image", "mri"), "wigner": ("signal",)}
CROSSOVER = (0.75, 1.0)  # window scale in units of the sampling period where the order of families changes
MISSED = 0.5  # retained energy × M below which a periodic mask has missed the field


def give(bench: Bench, data: xr.Dataset) -> None:
    """Attach the crossover to ``data`` and say what is to be minded; needs no result, so an interrupt keeps it."""
    kind = bench.settings.kind
    low_high = [crossover(bench, one) for one in bench.acquisitions]
    ends = zip(("crossover_low", "crossover_high"), zip(*low_high, strict=True), strict=True)
    data.coords.update({
        name: ("subject", list(values), {"units": "samples", "long_name": name}) for name, values in ends
    })  # fmt: skip
    for one, (low, high) in zip(bench.acquisitions, low_high, strict=True):
        if low <= bench.grid.scale[sampled_axis(one)] <= high:
            bench.run.warn(
                f"{one.label}: the window scale lies in the crossover {low:.3g} … {high:.3g} samples, where the order "
                "of periodic and random masks changes sign."
            )
        if kind == "mri":
            _mind_zero_frequency(bench, one)
        elif kind == "image" and one.family == "mask":
            _mind_kind(bench, one)
        _mind_weights(bench, one)
    for name, kinds in APPLIES.items():
        if name in bench.settings.changed() and kind not in kinds:
            bench.run.warn(f"{name} is for kind={' and '.join(kinds)} alone; with kind={kind} it changes nothing.")
    usual, largest = GRID_ERROR[kind]
    error = f"Grid error of ΔS: {usual:g} nat as a rule, at most {largest:g} in our tests; hop=1 has less."
    own_grid = bench.settings.hop or bench.settings.window_length
    if bench.run.draft:
        bench.run.note(f"{SOURCE} This is a draft on a coarser grid, up to 0.01 nat off: the measurement follows.")
    else:
        bench.run.note(SOURCE if own_grid else f"{SOURCE} {error}")


def sampling_period(one: Acquisition, bench: Bench) -> float:
    """Distance between samples along the last sampled axis: the period of a regular mask, rate^(-1/d) of others."""
    if one.mask is None:
        return math.nan
    regular = periods(one.mask(0))
    if regular:
        return regular[sampled_axis(one)]
    return one.rate ** (-1 / len(sampled_axes(one.mask(0))))


def sampled_axes(mask: torch.Tensor) -> list[int]:
    """The axes along which the mask selects: one for whole lines, two for points of an image."""
    varies = [axis for axis in range(mask.ndim) if bool((mask != mask.narrow(axis, 0, 1)).any())]
    return varies or list(range(mask.ndim))


def sampled_axis(one: Acquisition) -> int:
    """The last axis along which an acquisition selects: that of its crossover."""
    return -1 if one.mask is None else sampled_axes(one.mask(0))[-1]


def crossover(bench: Bench, one: Acquisition) -> tuple[float, float]:
    """Window scales, in samples of the field, between which the order of periodic and random masks turns.

    0.75 … 1 sampling period (measured by us for masked samples). A k-space mask samples the Fourier
    transform, seen through the dual window N/(2πs): there the same holds for N/(2πs), by the exact
    Fourier covariance of S.
    """
    period = sampling_period(one, bench)
    low, high = (factor * period for factor in CROSSOVER)
    if bench.settings.kind != "mri" or math.isnan(period):
        return low, high
    turn = bench.reference.shape[sampled_axis(one)] / (2 * math.pi)
    return turn / high, turn / low


def _mind_zero_frequency(bench: Bench, one: Acquisition) -> None:
    if one.mask is None:
        return
    peak = masks.density_peak(one.mask(0))
    if peak is not None and peak != bench.settings.dc:
        bench.run.warn(
            f"{one.label}: its sampling density peaks at the {peak}, but dc={bench.settings.dc} puts zero frequency "
            f"elsewhere. If the mask is stored so, type dc={peak}."
        )


def _mind_kind(bench: Bench, one: Acquisition) -> None:
    assert one.mask is not None
    peak = masks.density_peak(one.mask(0))
    if peak is not None:
        bench.run.note(f"{one.label}: its density peaks at the {peak}, as k-space masks do. For those type kind=mri.")


def _mind_weights(bench: Bench, one: Acquisition) -> None:
    if one.mask is None:
        return
    highest = float(one.mask(0).max())
    if highest > 1:
        bench.run.warn(
            f"{one.label}: weights up to {highest:g} amplify the field; ΔS does not mind, retained energy and PSNR do. "
            "For a mask of 0 and 1 type mask / mask.max()."
        )


def mind_missed_fields(bench: Bench, data: xr.Dataset) -> None:
    """Warn of periodic masks that kept nearly nothing of the field: there ln M is not the limit of ΔS."""
    share = data["retained_energy"].values * data["copies"].values[:, None]
    for label in data["subject"].values[(share < MISSED).any(1)]:
        bench.run.warn(
            f"{label}: retained energy × M is far below 1: the mask missed the field, and ln M is not its limit."
        )
