"""What the panels show beside the numbers: pictures, phase space before and after, ΔS against window scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from jupyter_phys.instruments.entropy.acquire import Acquisition
from jupyter_phys.instruments.entropy.fields import Grid
from jupyter_phys.physics import phase_slice, phase_space
from jupyter_phys.physics.phase_space import grid_rule

if TYPE_CHECKING:
    from jupyter_phys.instruments.entropy.compute import Bench

COARSE = 16  # places, and bands of frequencies, along each axis of the block that a notebook keeps
PACKET = "part of the field's energy in a coherent packet"


def add(bench: Bench, data: xr.Dataset, shown: list[Acquisition]) -> xr.Dataset:
    """``data`` with pictures of the first signal and the first draw of each shown subject, and ΔS against s.

    An interrupt keeps all pictures or none, and the curve likewise: panels need them whole.
    """
    if not shown:
        return data
    before, *after = stages(bench, shown)
    labels = xr.DataArray([one.label for one in shown], dims="shown", attrs={"units": "", "long_name": "acquisition"})
    views = xr.Dataset(_views(bench, before, after) | {"mask": _masks(bench, shown)}, {"shown": labels})
    data = bench.run.keep(_joined(data, views.assign_coords(_coordinates(bench, views))))
    return bench.run.keep(_joined(data, xr.Dataset(_curve(bench, before, after), {"shown": labels})))


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


def _views(bench: Bench, before: Tensor, after: list[Tensor]) -> dict[str, xr.Variable]:
    first, *rest = [_block(bench, field) for field in (before, *after)]
    bench.run.advance(len(rest))
    found: dict[str, xr.Variable] = {}
    for name, (dims, values, attrs) in first.items():
        found[f"{name}_before"] = xr.Variable(dims, values, attrs)
        found[f"{name}_after"] = xr.Variable(("shown", *dims), np.stack([block[name][1] for block in rest]), attrs)
    said = {"units": "samples", "long_name": "where the local spectrum is taken", "role": "picture"}
    return found | {"spectrum_at": xr.Variable("axis", np.array(place(bench), dtype=float), said)}


Block = tuple[tuple[str, ...], Any, dict[str, str]]


def _picture(dims: tuple[str, ...], values: Tensor, unit: str, said: str) -> Block:
    return dims, values.double().cpu().numpy(), {"units": unit, "long_name": said, "role": "picture"}


def _block(bench: Bench, field: Tensor) -> dict[str, Block]:
    """Every picture of one field [1, ...]; axes are called position_0, frequency_0, ... by axis of the field."""
    ndim = len(bench.grid.size)
    options = bench.grid.options()
    places = tuple(f"window_{axis}" for axis in range(ndim))
    bins = tuple(f"frequency_{axis}" for axis in range(ndim))
    position, frequency, share = phase_space.projections(field, **options, memory=bench.memory)
    blocks = {
        "picture": _picture(
            tuple(f"position_{axis}" for axis in range(ndim)), field[0].abs(), "field", "magnitude of the field"
        ),
        "position_density": _picture(places, position[0], "", "energy by window position"),
        "frequency_density": _picture(bins, frequency[0], "", "energy by frequency"),
        "local_entropy": _picture(places, share[0], "nat", "share of each window position in S"),
    }
    if ndim == 1:
        density = phase_space.husimi(field, **options)
        return blocks | {"husimi": _picture((*places, *bins), density[0], "", "Husimi density Q")}
    row, column = place(bench)
    local = phase_slice.at_place(field, **cut_options(bench), at=(row, column))[0]
    line = _density(field[:, row], {name: value[1:] for name, value in options.items() if name != "ndim"} | {"ndim": 1})
    coarse = ("place_0", "place_1", "band_0", "band_1")
    return blocks | {
        "local_spectrum": _picture(bins, local, "", f"{PACKET} at the place"),
        "overlap": _picture(coarse, _coarse(bench, field), "", f"{PACKET}, the largest of each band of frequencies"),
        "husimi": _picture((places[1], bins[1]), line, "", "Husimi density Q along the row of the place"),
    }


def cut_options(bench: Bench, *, ndim: bool = True) -> dict[str, Any]:
    """Arguments of the cuts through phase space, which know no hop."""
    left_out = {"hop"} if ndim else {"hop", "ndim"}
    return {name: value for name, value in bench.grid.options().items() if name not in left_out}


def _coarse(bench: Bench, field: Tensor) -> Tensor:
    """Overlap [y, x, v, u] of a field [1, Y, X] with packets on a few even places, in a few even bands.

    A row of places at a time, so that memory is that of a few windows, and every row can be interrupted.
    """
    places = [_even(n).round().astype(int).tolist() for n in bench.grid.size]
    bands = [min(COARSE, w) for w in bench.grid.window_length]
    rows: list[Tensor] = []
    for row in places[0]:
        spectra = phase_slice.along_row(field, **cut_options(bench, ndim=False), row=row, columns=places[1])[0]
        rows.append(_largest(spectra, bands))
        bench.run.advance(0)
    return torch.stack(rows)


def _even(n: int) -> NDArray[np.float64]:
    """Centres of at most ``COARSE`` equal parts of an axis of n samples."""
    parts = min(COARSE, n)
    return (np.arange(parts) + 0.5) * n / parts - 0.5


def _largest(spectra: Tensor, bands: list[int]) -> Tensor:
    """Spectra [place, w1, w2] as the largest value of each band [place, v, u]; means would lose what is narrow."""
    for axis, count in enumerate(bands, start=1):
        spectra = torch.stack([band.amax(axis) for band in spectra.tensor_split(count, axis)], axis)
    return spectra


def place(bench: Bench) -> tuple[int, ...]:
    """The sample where the local spectrum is taken."""
    return tuple(min(int(p * n), n - 1) for p, n in zip(bench.settings.place, bench.grid.size, strict=False))


def _density(field: Tensor, options: dict[str, Any]) -> Tensor:
    """A normalised density; NaN where the windows see nothing of the field."""
    try:
        return phase_space.husimi(field, **options)[0]
    except ValueError:
        window, hop = options["window_length"], options["hop"]
        return torch.full((field.shape[-1] // hop[0], window[0]), torch.nan)


def _coordinates(bench: Bench, views: xr.Dataset) -> dict[str, xr.Variable]:
    grid = bench.grid
    places = ("position",) if len(grid.size) == 1 else ("row", "column")
    bins = ("frequency ν",) if len(grid.size) == 1 else ("frequency ν₀", "frequency ν₁")
    found: dict[str, xr.Variable] = {}
    for axis, (n, h, w) in enumerate(zip(grid.size, grid.hop, grid.window_length, strict=True)):
        values = {
            f"position_{axis}": (np.arange(n, dtype=float), "samples", places[axis]),
            f"window_{axis}": (np.arange(0, n, h, dtype=float), "samples", places[axis]),
            f"frequency_{axis}": (np.fft.fftshift(np.fft.fftfreq(w)), "cycles/sample", bins[axis]),
            f"place_{axis}": (_even(n), "samples", places[axis]),
            f"band_{axis}": ((_even(w) - w // 2) / w, "cycles/sample", bins[axis]),
        }
        for name, (numbers, unit, said) in values.items():
            found[name] = xr.Variable(name, numbers, {"units": unit, "long_name": said})
    return {name: one for name, one in found.items() if name in views.dims}


def _masks(bench: Bench, shown: list[Acquisition]) -> xr.Variable:
    shape = bench.reference.shape
    drawn = [np.full(shape, np.nan) if one.mask is None else one.mask(0).double().cpu().numpy() for one in shown]
    dims = ("shown", *(f"sample_{axis}" for axis in range(len(shape))))
    sampled = "k-space" if bench.settings.kind == "mri" else "field"
    attrs = {"units": "", "long_name": "weight of each sample", "role": "picture", "sampled": sampled}
    return xr.Variable(dims, np.stack(drawn), attrs)


def _curve(bench: Bench, before: Tensor, after: list[Tensor]) -> dict[str, xr.Variable]:
    """ΔS of the first signal and draw over the valid window scales, on a coarser grid: errors up to 2e-2 nat."""
    scales = [] if bench.run.draft else curve_scales(bench.grid, bench.settings.curve)
    if not scales:
        return {}
    values = np.full((len(after), len(scales)), np.nan)
    for k, scale in enumerate(scales):
        hop = tuple(_divisor(n, s) for n, s in zip(bench.grid.size, scale, strict=True))
        window = tuple(grid_rule(n, s)[1] for n, s in zip(bench.grid.size, scale, strict=True))
        found = [float(bench.entropy(one, scale=scale, hop=hop, window_length=window)[0]) for one in (before, *after)]
        values[:, k] = np.array(found[1:]) - found[0]
        bench.run.advance(len(after))
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
