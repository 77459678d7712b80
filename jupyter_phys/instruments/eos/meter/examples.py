"""Spectra with the class of each, from Datasets, stores, arrays; split by event, with classes made alike in dN/dy."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import numbers
from jupyter_phys.instruments.eos.meter import histograms
from jupyter_phys.instruments.eos.meter.bins import momenta_of
from jupyter_phys.instruments.eos.meter.settings import GRID
from jupyter_phys.physics.hydro.flow import sampled
from jupyter_phys.physics.hydro.spectra import Momenta

Array = NDArray[np.floating[Any]]  # float32 where that loses nothing of what was given
Index = NDArray[np.int64]
FEWEST = 8  # spectra of a class in every part
WHOLE = 2**24  # below which float32 holds every whole number


@dataclass(frozen=True)
class Spectra:
    """rho [n, pT, phi] in 1/GeV², or counts, class and event [n]; spectra of one initial state share their event.

    ``empty`` were left out: without particles, or with NaN.
    """

    rho: Array
    label: Index
    event: Index
    classes: tuple[str, ...]
    momenta: Momenta
    empty: int = 0

    @property
    def number(self) -> NDArray[np.float64]:
        """dN/dy [n]."""
        return self.momenta.integral(torch.from_numpy(self.rho).double()).numpy()

    def __len__(self) -> int:
        return len(self.rho)

    def part(self, rows: Any) -> Spectra:
        """Some of them."""
        return replace(self, rho=self.rho[rows], label=self.label[rows], event=self.event[rows])

    def counted(self, collisions: int, draws: list[torch.Generator]) -> Spectra:
        """What finitely many particles of so many collisions show of each spectrum."""
        found = sampled(torch.from_numpy(self.rho), self.momenta, draws, collisions).rho.numpy()
        return replace(self, rho=found).part(found.max((1, 2)) > 0)


def spectra(name: str, value: Any, species: str, classes: tuple[str, ...] | None = None) -> Spectra:
    """What can be learnt from; ``classes`` are those that are known, in their order.

    Raises:
        Refused: no spectra with labels, a grid that no integral is known over, a class that nobody knows, too few.
    """
    value = opened(value, "train" if classes is None else "test")
    of = _of_dataset(name, value, species) if isinstance(value, xr.Dataset) else _of_arrays(name, value)
    rho, names, event, momenta = of
    known = classes or tuple(dict.fromkeys(names if isinstance(value, xr.Dataset) else sorted(names)))
    if strange := sorted(set(names) - set(known)):
        raise Refused(f"{name}: the meter does not know these equations of state.", given=", ".join(strange),
                      allowed=", ".join(known))  # fmt: skip
    label = np.array([known.index(one) for one in names], np.int64)
    whole = has_particles(rho)
    if not whole.any():
        raise Refused(f"{name}: no event has a spectrum.", given=f"{len(rho)} without particles or with NaN")
    found = Spectra(rho, label, event, known, momenta, int((~whole).sum()))
    return found.part(whole) if found.empty else found


def has_particles(rho: Array) -> NDArray[np.bool_]:
    """Which spectra [n] have a largest value above 0, and no NaN."""
    return np.isfinite(rho).all((1, 2)) & (rho.max((1, 2), initial=-np.inf) > 0)


def opened(value: Any, part: histograms.Part) -> Any:
    """What lies in a store or file, if this is the path of one; else the value itself."""
    if histograms.is_file(value):
        return histograms.read(value, part)
    if isinstance(value, (str, Path)):
        return importlib.import_module("jupyter_phys.instruments.eos.store").open(value)
    return value


def of_dataset(name: str, data: xr.Dataset, species: str) -> xr.DataArray:
    """Spectra of one kind of particle [subject, event, pT, phi] in a Dataset.

    Raises:
        Refused: there are none.
    """
    if "spectrum" not in data:
        raise Refused(f"{name}: this Dataset holds no spectra.", given=", ".join(map(str, data))[:200] or "nothing",
                      allowed="a variable spectrum [subject, event, pT, phi]")  # fmt: skip
    rho = data["spectrum"]
    if "species" in rho.dims:
        if species not in rho["species"].values:
            raise Refused(f"{name}: no such particles.", given=f"species={species}",
                          allowed=", ".join(map(str, rho["species"].values)))  # fmt: skip
        rho = rho.sel(species=species)
    if set(rho.dims) != {"subject", "event", "pT", "phi"}:
        raise Refused(f"{name}: spectra of other dimensions.", given=", ".join(map(str, rho.dims)),
                      allowed="subject, event, pT, phi")  # fmt: skip
    return rho.transpose("subject", "event", "pT", "phi")


def _of_dataset(name: str, data: xr.Dataset, species: str) -> tuple[Array, list[str], Index, Momenta]:
    rho = of_dataset(name, data, species)
    whole = np.ones(rho.shape[:2], bool)
    if "sealed" in data.coords:
        whole = data["sealed"].transpose("subject", "event").values.astype(bool)
    at = np.nonzero(whole)
    names = [str(one) for one in rho["subject"].values[at[0]]]
    momenta = momenta_of(name, rho.shape, {"pT": rho["pT"].values, "phi": rho["phi"].values}, counts=False)
    return rho.values.astype(np.float64)[at], names, at[1].astype(np.int64), momenta


def _of_arrays(name: str, value: Any) -> tuple[Array, list[str], Index, Momenta]:
    given: dict[str, Any] = {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else {}
    if not given and isinstance(value, (tuple, list)) and len(value) == 2:
        given = {"rho": value[0], "label": value[1]}
    if "label" not in given:
        raise Refused(f"{name}: no spectra with labels.", given=type(value).__name__, allowed=GRID)
    rho, momenta = of_arrays(name, given)
    label = np.asarray(given["label"].detach().cpu() if hasattr(given["label"], "detach") else given["label"])
    if label.shape != (len(rho),):
        raise Refused(f"{name}: not one label for each spectrum.", given=f"{list(rho.shape)}, {list(label.shape)}")
    if label.dtype.kind not in "biuUSO":
        raise Refused(f"{name}: labels are names or whole numbers.", given=str(label.dtype),
                      instead="label.astype(int)")  # fmt: skip
    event = _events(name, given.get("event", np.arange(len(rho))), len(rho))
    names = [str(int(one)) if label.dtype.kind in "biu" else str(one) for one in label]
    return rho, names, event, momenta


def _events(name: str, value: Any, count: int) -> Index:
    """Which spectra belong together: names or whole numbers, one for each, as numbers."""
    found = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if found.shape != (count,) or found.dtype.kind not in "biuUS":
        raise Refused(f"{name}: event= says which spectra have one initial state.",
                      given=f"{list(found.shape)} {found.dtype}",
                      allowed=f"{count} names or whole numbers")  # fmt: skip
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def of_arrays(name: str, given: Mapping[str, Any]) -> tuple[Array, Momenta]:
    """Densities (rho) or counts with their grid.

    Raises:
        Refused: neither or both of them, counts below 0, a grid that no integral is known over.
    """
    kinds = {"rho", "counts"} & set(given)
    if len(kinds) != 1:
        raise Refused(f"{name}: spectra are rho, or counts.", given=", ".join(sorted(given)), allowed=GRID)
    counts = kinds == {"counts"}
    rho = as_spectra(name, given[kinds.pop()])
    if counts and (rho < 0).any():
        raise Refused(f"{name}: counts are not below 0.", given=f"{float(rho.min()):.3g}", instead="rho, with edges")
    return rho, momenta_of(name, rho.shape, given, counts=counts)


def as_spectra(name: str, value: Any) -> Array:
    """An array of spectra [n, pT, phi]; one alone is one of them.

    Raises:
        Refused: none.
    """
    try:
        found = _exact(numbers(value))
    except (TypeError, ValueError, RuntimeError) as reason:
        raise Refused(f"{name}: spectra are no numbers: {reason}.", given=type(value).__name__, allowed=GRID) from None
    found = found[None] if found.ndim == 2 else found
    if found.ndim != 3 or not found.size or min(found.shape[1:]) < 4:
        raise Refused(f"{name}: spectra of another shape.", given=list(found.shape), allowed="[n, pT, phi], 4 nodes or "
                      "more along each")  # fmt: skip
    return found


def _exact(given: Any) -> Array:
    if isinstance(given, torch.Tensor):
        given = (given.double() if given.is_floating_point() and given.dtype != torch.float32 else given).cpu().numpy()
    if given.dtype.kind == "c":
        raise TypeError("they are complex")
    short = given.dtype == np.float32 or (given.dtype.kind in "biu" and given.max(initial=0) < WHOLE)
    return np.require(given, np.float32 if short else np.float64, ["C", "W"])


def taken(of: Spectra, most: int, draw: np.random.Generator) -> Spectra:
    """Those of ``most`` events, drawn, if there are more."""
    known = np.unique(of.event)
    return of if len(known) <= most else of.part(np.isin(of.event, draw.permutation(known)[:most]))


def parted(event: Index, shares: tuple[float, ...], draw: np.random.Generator) -> list[Index]:
    """Rows of parts with these shares of all events, the rest last; no event is in two of them."""
    known = draw.permutation(np.unique(event))
    ends = np.round(np.cumsum(shares) * len(known)).astype(int)
    return [np.flatnonzero(np.isin(event, one)) for one in np.split(known, ends)]


def balanced(of: Spectra, width: float, draw: np.random.Generator) -> Spectra:
    """As many of each class in every bin of ln dN/dy of that width: the number of particles then tells nothing."""
    there = np.unique(of.label)
    if width == 0 or len(there) < 2:
        return of
    bins = np.floor(np.log(np.maximum(of.number, 1e-300)) / width + draw.random()).astype(np.int64)
    kept: list[Index] = []
    for one in np.unique(bins):
        rows = [np.flatnonzero((bins == one) & (of.label == k)) for k in there]
        count = min(map(len, rows))
        kept += [draw.choice(row, count, replace=False) for row in rows]
    return of.part(np.sort(np.concatenate(kept)))
