"""Measure ΔS = S(after the acquisition) − S(before), per subject and signal, with the trivial baselines."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Batch, Run
from jupyter_phys.instruments.entropy import advice, pictures
from jupyter_phys.instruments.entropy.acquire import Acquisition, prepare
from jupyter_phys.instruments.entropy.baselines import psnr, retained
from jupyter_phys.instruments.entropy.fields import Fields, fields, sound
from jupyter_phys.instruments.entropy.grid import Grid, find_grid
from jupyter_phys.instruments.entropy.settings import Inputs, Settings
from jupyter_phys.instruments.entropy.tally import Rows
from jupyter_phys.physics.phase_space import husimi_entropy

# Between two looks at progress and stop, on a CPU: at most so many items, of so many cells of phase space in all; so
# many times as much on other devices. What somebody's callable makes comes one by one.
AT_ONCE, WORK, FASTER = 16, 2**23, 64
BLOCK = 2**24  # bytes of phase space at a time on a CPU: more only costs the system
COPIES = 16  # arrays of a field's size alive while one is put through an acquisition
NAT, NONE = "nat", ""

VARIABLES = {
    "S_before": (NAT, "phase-space entropy of the reference field", ("subject", "signal")),
    "S_after": (NAT, "phase-space entropy after the acquisition, mean over draws", ("subject", "signal")),
    "delta_S": (NAT, "entropy change, mean over draws", ("subject", "signal")),
    "delta_S_se": (NAT, "standard error of delta_S over draws", ("subject", "signal")),
    "alias_deficit": (NAT, "ln M − ΔS of a periodic mask", ("subject", "signal")),
    "retained_energy": (NONE, "energy after over energy before", ("subject", "signal")),
    "psnr": ("dB", "peak signal-to-noise ratio of the zero-filled picture", ("subject", "signal")),
    "delta_S_mean": (NAT, "entropy change, mean over signals", ("subject",)),
    "delta_S_mean_se": (
        NAT,
        "standard error of delta_S_mean over draws (which all signals share) and signals",
        ("subject",),
    ),
    "abs_delta_S": (NAT, "mean over signals of |mean over draws of ΔS|", ("subject",)),
    "abs_delta_S_se": (NAT, "standard error of abs_delta_S over draws and signals", ("subject",)),
    "rate": (NONE, "fraction of samples kept", ("subject",)),
}


Item = tuple[int, int, int]  # acquisition, draw, signal
BEFORE = -1  # in place of an acquisition


@dataclass
class Bench:
    """All that stays fixed while the items of a measurement are worked off."""

    reference: Fields
    acquisitions: list[Acquisition]
    grid: Grid
    settings: Settings
    run: Run
    known: dict[Item, float] = field(default_factory=dict[Item, float])  # entropies that pictures told

    def seen(self, values: Tensor) -> Tensor:
        """The field that is compared: complex, or its magnitude, cropped to the grid's size."""
        magnitude = self.settings.kind == "mri" and self.settings.field == "magnitude"
        return self.grid.crop(values.abs() if magnitude else values)

    @property
    def memory(self) -> int:
        """Bytes for a pass over phase space: half of the run's, less where more would only cost the system."""
        most = BLOCK if self.run.device.type == "cpu" else self.run.memory // 2
        return max(min(self.run.memory // 2, most), self.grid.least_memory(self.run))

    def entropy(self, values: Tensor, **grid: Any) -> Tensor:
        """Entropies [item] of fields.

        Raises:
            Refused: the windows see nothing of a field.
        """
        try:
            return husimi_entropy(values, **{**self.grid.options(), "memory": self.memory, **grid})
        except ValueError as reason:
            given = f"scale={self.grid.scale}, hop={self.grid.hop}, window_length={self.grid.window_length}"
            raise Refused(f"No phase-space density here: {reason}.", given=given) from reason

    def batches(self, count: int, *, one_by_one: bool = False) -> Iterator[Batch]:
        """Slices of ``range(count)`` that fit into half the memory (the other half is for phase space) and end soon."""
        cost = 2 * COPIES * self.reference.values.cost
        at_once = max(1, min(AT_ONCE, WORK // self.grid.cells))
        if self.run.device.type != "cpu":
            at_once *= FASTER
        return self.run.batches(count, max(cost, self.run.memory / (1 if one_by_one else at_once)))


def measure(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> xr.Dataset:
    """Entropy change, alias deficit and baselines of acquisitions; see ``VARIABLES`` for names and units.

    Raises:
        Refused: a signal, mask or scale that cannot be measured; the message names the cure.
    """
    bench = set_up(subjects, inputs, settings, run)
    reference, acquisitions = bench.reference, bench.acquisitions
    sound(reference.values, bench.seen)
    data = run.keep(_empty(bench))
    run.facts |= _facts(bench)
    advice.give(bench, data)
    signals = range(len(reference.names))
    items = [(i, d, s) for i, one in enumerate(acquisitions) for d in range(one.draws) for s in signals]
    shown = pictures.shown(bench)
    run.expect(len(signals) + len(items) + (settings.curve + 2) * len(shown))
    if run.draft and run.wants("curve"):  # what its pictures tell of S need not be computed again
        data = pictures.add(bench, data, shown)
    if run.wants("S_before"):
        _fill_before(bench, data)
    _fill(bench, data, items)
    if not run.draft and run.wants("curve"):
        data = pictures.add(bench, data, shown)
    advice.mind_missed_fields(bench, data)
    return data


def set_up(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> Bench:
    """Fields, grid and acquisitions, checked.

    Raises:
        Refused: a signal, mask or scale that cannot be measured; the message names the cure.
    """
    reference = fields(inputs.signal, settings, subjects.values(), run)
    grid = find_grid(reference.shape, settings, run)
    acquisitions = [
        prepare(label, one, reference.shape, settings, run, device=reference.device) for label, one in subjects.items()
    ]
    if grid.size != reference.shape:  # a cropped comb is no comb on the lattice that is measured
        acquisitions = [replace(one, copies=math.nan) for one in acquisitions]
    return Bench(reference, acquisitions, grid, settings, run)


def _empty(bench: Bench) -> xr.Dataset:
    labels = [one.label for one in bench.acquisitions]
    sizes = {"subject": len(labels), "signal": len(bench.reference.names)}
    variables = {
        name: (dims, np.full([sizes[d] for d in dims], np.nan), {"units": unit, "long_name": said})
        for name, (unit, said, dims) in VARIABLES.items()
    }
    families, copies = [one.family for one in bench.acquisitions], [one.copies for one in bench.acquisitions]
    coords = {
        "subject": ("subject", labels, {"units": NONE, "long_name": "acquisition"}),
        "signal": ("signal", bench.reference.names, {"units": NONE, "long_name": "fully sampled field"}),
        "family": ("subject", families, {"units": NONE, "long_name": "family of the acquisition"}),
        "copies": ("subject", copies, {"units": NONE, "long_name": "M, coherent copies"}),
    }
    data = xr.Dataset(variables, coords, {"title": _title(bench)})
    if bench.run.wants("rate"):
        data["rate"][:] = [one.rate for one in bench.acquisitions]
    return data


def _title(bench: Bench) -> str:
    """What was measured; what is swept stands in the table."""
    what = {"signal": "masked samples", "image": "masked pixels", "mri": "masked k-space"}
    scale = " × ".join(f"{s:g}" for s in dict.fromkeys(bench.grid.scale))
    parts = {"kind": what[bench.settings.kind], "scale": f"window scale {scale} samples"}
    return ", ".join(["Phase-space entropy", *(said for name, said in parts.items() if name not in bench.run.swept)])


def _facts(bench: Bench) -> dict[str, Any]:
    grid = bench.grid
    facts = {
        "field_shape": list(bench.reference.shape), "measured_shape": list(grid.size), "scale": list(grid.scale),
        "hop": list(grid.hop), "window_length": list(grid.window_length), "valid_scale": [list(v) for v in grid.valid],
        "draws": bench.settings.draws, "settled": _settled(grid),
        "definition": "our ΔS_B, built after the abstract of arXiv:2512.19223; constants are ours",
    }  # fmt: skip
    varies = {"scale", "hop", "window_length"} if bench.run.swept & {"scale", "hop", "window_length"} else set[str]()
    return {name: value for name, value in facts.items() if name not in varies}


def _settled(grid: Grid) -> dict[str, dict[str, Any]]:
    """What settings that may be left open came to, one number for all axes where that is so, and where they may lie."""
    came = {"scale": grid.scale, "hop": grid.hop, "window_length": grid.window_length}
    found = {name: {"value": value[0] if len(set(value)) == 1 else list(value)} for name, value in came.items()}
    lows, highs = zip(*grid.valid, strict=True)
    return found | {"scale": {**found["scale"], "low": max(lows), "high": min(highs)}}


def _fill_before(bench: Bench, data: xr.Dataset) -> None:
    for batch in bench.batches(len(bench.reference.names)):
        with batch as where:
            items = [(BEFORE, 0, s) for s in range(where.start, where.stop)]
            data["S_before"][:, where] = _entropies(bench, items, bench.reference.values[where]).cpu().numpy()
            bench.run.advance(len(items))


def _fill(bench: Bench, data: xr.Dataset, items: list[Item]) -> None:
    """Work off every (acquisition, draw, signal) in batches; a row is written when its draws are complete."""
    names = [name for name in ("S_after", "retained_energy", "psnr") if bench.run.wants(name)]
    rows = Rows(names, [one.draws for one in bench.acquisitions], len(bench.reference.names))
    for called in (False, True):  # masks first: nobody knows how long somebody's callable takes
        some = [item for item in items if called == (bench.acquisitions[item[0]].operator is not None)]
        for batch in bench.batches(len(some), one_by_one=called):
            with batch as where:
                rows.put(some[where], _measured(bench, some[where], rows.names))
                rows.write(data)
                bench.run.advance(len(some[where]))


def _measured(bench: Bench, chosen: list[Item], names: list[str]) -> dict[str, Any]:
    """The numbers of some items, on the CPU."""
    x = bench.reference.values[[s for _, _, s in chosen]]
    y = _acquired(bench, chosen, x)
    found = {
        name: baseline(x, y) for name, baseline in (("retained_energy", retained), ("psnr", psnr)) if name in names
    }
    if "S_after" in names:
        found["S_after"] = _entropies(bench, chosen, y)
    return {name: values.double().cpu().numpy() for name, values in found.items()}


def _entropies(bench: Bench, items: list[Item], values: Tensor) -> Tensor:
    """Entropies [item] of fields, in float64 where the device has it."""
    known = [bench.known.get(item, math.nan) for item in items]
    rest = [k for k, one in enumerate(known) if math.isnan(one)]
    if len(rest) == len(items):
        return bench.entropy(bench.seen(values))
    found = torch.tensor(known, dtype=torch.float64)
    if rest:
        found[rest] = bench.entropy(bench.seen(values[rest])).double().cpu()
    return found


def _acquired(bench: Bench, chosen: list[Item], x: Tensor) -> Tensor:
    parts: list[Tensor] = []
    for i in dict.fromkeys(i for i, _, _ in chosen):
        mine = [k for k, (j, _, _) in enumerate(chosen) if j == i]
        y = bench.acquisitions[i].apply(x[mine], [chosen[k][1] for k in mine], bench.settings)
        gone = (bench.seen(y).abs().flatten(1).amax(1) == 0).nonzero().flatten().tolist()
        if gone:
            signal = bench.reference.names[chosen[mine[gone[0]]][2]]
            allowed = "some energy after the acquisition"
            raise Refused(f"{bench.acquisitions[i].label} leaves nothing of {signal}.", allowed=allowed)
        parts.append(y)
    dtype = functools.reduce(torch.promote_types, (part.dtype for part in parts))
    return torch.cat([part.to(dtype) for part in parts])
