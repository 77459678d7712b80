"""What the panels show beside the numbers: pictures, phase space before and after, ΔS against window scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from jupyter_phys.core.run import GIB
from jupyter_phys.instruments.entropy.acquire import Acquisition
from jupyter_phys.instruments.entropy.grid import Grid
from jupyter_phys.physics import phase_slice, phase_space
from jupyter_phys.physics.phase_space import grid_rule

if TYPE_CHECKING:
    from jupyter_phys.instruments.entropy.compute import Bench

COARSE = 16  # places, and bands of frequencies, along each axis of the block that a notebook keeps
DRAFT = 4  # of them in a draft
FINEST = 256  # cells of a Wigner distribution along each axis
WIGNER_BYTES = 260  # for the square of the number of samples
COPIES = 8  # arrays of the size of a few windows alive while they are cut
PACKET = "part of the field's energy in a coherent packet"


def add(bench: Bench, data: xr.Dataset, shown: list[Acquisition]) -> xr.Dataset:
    """``data`` with pictures of the first signal and the first draw of each shown subject, and ΔS against s.

    An interrupt keeps all pictures or none, and the curve likewise: panels need them whole.
    """
    if not shown:
        return data
    fields = torch.cat(stages(bench, shown))
    labels = xr.DataArray([one.label for one in shown], dims="shown", attrs={"units": "", "long_name": "acquisition"})
    views = _views(bench, fields) | {"mask": _masks(bench, shown)}
    data = bench.run.keep(_joined(data, xr.Dataset(views, _coordinates(bench, views) | {"shown": labels})))
    curve = _curve(bench, fields)
    return bench.run.keep(_joined(data, xr.Dataset(curve, {"shown": labels}))) if curve else data


def shown(bench: Bench) -> list[Acquisition]:
    """The acquisitions that are shown: the first few of all that are measured."""
    return bench.acquisitions[: max(0, bench.settings.pictures - bench.run.first)]


def stages(bench: Bench, shown: list[Acquisition]) -> list[Tensor]:
    """The first signal [1, ...] before, and after the first draw of each shown acquisition."""
    x = bench.reference.values[:1]
    fields = [bench.seen(x)]
    for one in shown:
        fields.append(bench.seen(one.apply(x, [0], bench.settings)))
        bench.run.advance()
    return fields


def _joined(data: xr.Dataset, more: xr.Dataset) -> xr.Dataset:
    return data.merge(more, combine_attrs="override")


def _views(bench: Bench, fields: Tensor) -> dict[str, xr.Variable]:
    """Every picture of the stages [stage, ...]: of the first, and of all others by acquisition."""
    blocks = _image(bench, fields) if fields.ndim == 3 else _signal(bench, fields)
    found: dict[str, xr.Variable] = {}
    for name, (dims, values, unit, said) in blocks.items():
        attrs, numbers = {"units": unit, "long_name": said, "role": "picture"}, values.double().cpu().numpy()
        found[f"{name}_before"] = xr.Variable(dims, numbers[0], attrs)
        found[f"{name}_after"] = xr.Variable(("shown", *dims), numbers[1:], attrs)
    said = {"units": "samples", "long_name": "where the local spectrum is taken", "role": "picture"}
    return found | {"spectrum_at": xr.Variable("coordinate", np.array(place(bench), dtype=float), said)}


Block = tuple[tuple[str, ...], Tensor, str, str]  # dimensions after the stage, values, unit, what they are


def _projected(bench: Bench, fields: Tensor) -> dict[str, Block]:
    """Pictures that signals and images have alike; axes are called position_0, ... by axis of the field."""
    axes = range(len(bench.grid.size))
    places = tuple(f"window_{axis}" for axis in axes)
    found = phase_space.projections(fields, **bench.grid.options(), memory=bench.memory)
    if bench.run.draft:
        entropies = found.entropy.flatten(1).sum(1).tolist()
        bench.known = {(k - 1, 0, 0): one for k, one in enumerate(entropies)}  # before, then the acquisitions in order
    bench.run.advance(len(fields) - 1)
    return {
        "picture": (tuple(f"position_{axis}" for axis in axes), fields.abs(), "field", "magnitude of the field"),
        "position_density": (places, found.position, "", "energy by window position"),
        "frequency_density": (tuple(f"frequency_{axis}" for axis in axes), found.frequency, "", "energy by frequency"),
        "local_entropy": (places, found.entropy, "nat", "share of each window position in S"),
    }


def _signal(bench: Bench, fields: Tensor) -> dict[str, Block]:
    density = phase_space.husimi(fields, **bench.grid.options())
    blocks = _projected(bench, fields) | {"husimi": (("window_0", "frequency_0"), density, "", "Husimi density Q")}
    return blocks | (_wigner(bench, fields) if bench.settings.wigner else {})


def _wigner(bench: Bench, fields: Tensor) -> dict[str, Block]:
    """Means over 2 x 2 cells and more: they remove the copies that a lattice shows half a period away."""
    n = fields.shape[-1]
    if WIGNER_BYTES * n**2 > bench.run.memory:
        need = f"{WIGNER_BYTES * n**2 / GIB:.2g} GiB"
        bench.run.note(f"The Wigner distribution of {n} samples takes {need}, more than memory=: it is left out.")
        return {}
    cells = min(n, FINEST)
    shape = (cells, cells)
    means = [torch.nn.functional.adaptive_avg_pool2d(phase_space.wigner(one)[None, None], shape)[0] for one in fields]
    density = torch.cat(means) * (2 * n / cells) ** 2
    return {"wigner": (("instant", "pitch"), density, "", "Wigner distribution W")}


def _image(bench: Bench, fields: Tensor) -> dict[str, Block]:
    row, column = place(bench)
    local = phase_slice.at_place(fields, **cut_options(bench), at=(row, column))
    along = {name: value[1:] for name, value in bench.grid.options().items() if name != "ndim"}
    line = torch.stack([_density(one, along) for one in fields[:, row]])
    coarse = ("place_0", "place_1", "band_0", "band_1")
    return _projected(bench, fields) | {
        "local_spectrum": (("frequency_0", "frequency_1"), local, "", f"{PACKET} at the place"),
        "overlap": (coarse, _coarse(bench, fields), "", f"{PACKET}, the largest of each band of frequencies"),
        "husimi": (("window_1", "frequency_1"), line, "", "Husimi density Q along the row of the place"),
    }


def cut_options(bench: Bench, *, ndim: bool = True) -> dict[str, Any]:
    """Arguments of the cuts through phase space, which know no hop."""
    left_out = {"hop"} if ndim else {"hop", "ndim"}
    return {name: value for name, value in bench.grid.options().items() if name not in left_out}


def _coarse(bench: Bench, fields: Tensor) -> Tensor:
    """Overlap [stage, y, x, v, u] of fields [stage, Y, X] with packets on a few even places, in a few even bands.

    A row of places at a time, so that memory is that of a few windows, and every row can be interrupted.
    """
    places = [_even(n, _places(bench)).round().astype(int).tolist() for n in bench.grid.size]
    bands = [min(COARSE, w) for w in bench.grid.window_length]
    windows = COPIES * len(places[1]) * math.prod(bench.grid.window_length) * fields.element_size()
    rows: list[Tensor] = []
    for row in places[0]:
        cuts = {**cut_options(bench, ndim=False), "row": row, "columns": places[1]}
        some = fields.split(max(1, bench.memory // windows))
        rows.append(torch.cat([_largest(phase_slice.along_row(part, **cuts), bands) for part in some]))
        bench.run.advance(0)
    return torch.stack(rows, 1)


def _places(bench: Bench) -> int:
    return DRAFT if bench.run.draft else COARSE


def _even(n: int, parts: int = COARSE) -> NDArray[np.float64]:
    """Centres of at most so many equal parts of an axis of n samples."""
    parts = min(parts, n)
    return (np.arange(parts) + 0.5) * n / parts - 0.5


def _largest(spectra: Tensor, bands: list[int]) -> Tensor:
    """Spectra [..., w1, w2] as the largest value of each band [..., v, u]; means would lose what is narrow."""
    for axis, count in zip((-2, -1), bands, strict=True):
        spectra = torch.stack([band.amax(axis) for band in spectra.tensor_split(count, axis)], axis)
    return spectra


def place(bench: Bench) -> tuple[int, ...]:
    """The sample where the local spectrum is taken."""
    return tuple(min(int(p * n), n - 1) for p, n in zip(bench.settings.place, bench.grid.size, strict=False))


def _density(line: Tensor, options: dict[str, Any]) -> Tensor:
    """A normalised density of a line; NaN where the windows see nothing of it."""
    try:
        return phase_space.husimi(line, **options, ndim=1)
    except ValueError:
        window, hop = options["window_length"], options["hop"]
        return torch.full((line.shape[-1] // hop[0], window[0]), torch.nan, device=line.device, dtype=line.real.dtype)


def _coordinates(bench: Bench, views: Mapping[str, xr.Variable]) -> dict[str, Any]:
    """Those of the dimensions that the views have."""
    sizes = {str(name): n for one in views.values() for name, n in one.sizes.items()}
    grid = bench.grid
    places = ("position",) if len(grid.size) == 1 else ("row", "column")
    bins = ("frequency ν",) if len(grid.size) == 1 else ("frequency ν₀", "frequency ν₁")
    found: dict[str, Any] = {}
    for axis, (n, h, w) in enumerate(zip(grid.size, grid.hop, grid.window_length, strict=True)):
        values = {
            f"position_{axis}": (np.arange(n, dtype=float), "samples", places[axis]),
            f"window_{axis}": (np.arange(0, n, h, dtype=float), "samples", places[axis]),
            f"frequency_{axis}": (np.fft.fftshift(np.fft.fftfreq(w)), "cycles/sample", bins[axis]),
            f"place_{axis}": (_even(n, _places(bench)), "samples", places[axis]),
            f"band_{axis}": ((_even(w) - w // 2) / w, "cycles/sample", bins[axis]),
        }
        if axis == 0:
            cells = sizes.get("instant", 1)
            even = (np.arange(cells) + 0.5) / cells - 0.25 / n
            values["instant"] = (even * n, "samples", places[axis])
            values["pitch"] = (even - 0.5, "cycles/sample", bins[axis])
        for name, (numbers, unit, said) in values.items():
            if name in sizes:
                found[name] = xr.Variable(name, numbers, {"units": unit, "long_name": said})
    return found


def _masks(bench: Bench, shown: list[Acquisition]) -> xr.Variable:
    shape = bench.reference.shape
    drawn = [np.full(shape, np.nan) if one.mask is None else one.mask(0).double().cpu().numpy() for one in shown]
    dims = ("shown", *(f"sample_{axis}" for axis in range(len(shape))))
    sampled = "k-space" if bench.settings.kind == "mri" else "field"
    attrs = {"units": "", "long_name": "weight of each sample", "role": "picture", "sampled": sampled}
    return xr.Variable(dims, np.stack(drawn), attrs)


def _curve(bench: Bench, fields: Tensor) -> dict[str, xr.Variable]:
    """ΔS of the first signal and draw over the valid window scales, on a coarser grid: errors up to 2e-2 nat."""
    scales = [] if bench.run.draft else curve_scales(bench.grid, bench.settings.curve)
    if not scales:
        return {}
    values = np.full((len(fields) - 1, len(scales)), np.nan)
    for k, scale in enumerate(scales):
        hop = tuple(_divisor(n, s) for n, s in zip(bench.grid.size, scale, strict=True))
        window = tuple(grid_rule(n, s)[1] for n, s in zip(bench.grid.size, scale, strict=True))
        grid = {"scale": scale, "hop": hop, "window_length": window}
        found = torch.cat([bench.entropy(one[None], **grid) for one in fields]).double().cpu().numpy()
        values[:, k] = found[1:] - found[0]
        bench.run.advance(len(values))
    said = {"units": "nat", "long_name": "entropy change of one draw against window scale", "role": "picture"}
    along = {"units": "samples", "long_name": "window scale s (last axis)"}
    return {
        "curve": xr.Variable(("shown", "window_scale"), values, said),
        "window_scale": xr.Variable("window_scale", [scale[-1] for scale in scales], along),
    }


def curve_scales(grid: Grid, count: int) -> list[tuple[float, ...]]:
    """Window scales spread evenly in the logarithm over the valid range of every axis."""
    shares = np.linspace(0, 1, count) if count > 1 else np.array([0.5] * count)
    return [tuple(low * (high / low) ** float(share) for low, high in grid.valid) for share in shares]


def _divisor(n: int, s: float) -> int:
    """The largest hop up to s: twice the grid rule's, good enough for a curve but at the smallest scales."""
    return next(h for h in range(int(s) if s > 2.5 else 1, 0, -1) if n % h == 0)
