"""Many measurements as jobs, and one Dataset from what they find."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import torch
import xarray as xr

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.inputs import Inputs
from jupyter_phys.core.instrument import BoundTask, Instrument
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run, device_name, is_out_of_memory
from jupyter_phys.figures.panel import Note

FINER = 8  # times as many jobs of a task that is cut into units


@dataclass(frozen=True)
class Job:
    """A share of the subjects, or of a task's units, at one point of the axes; travels to workers by cloudpickle."""

    package: str
    task: str
    subjects: Mapping[str, Any]
    first: int
    inputs: Any
    settings: Any
    point: tuple[int, ...]
    swept: frozenset[str]
    units: range  # of a task that is cut into them
    whole: Mapping[str, tuple[Any, ...]]
    wanted: tuple[frozenset[str], ...]
    how: Mapping[str, Any]

    def without_inputs(self) -> Self:
        """The job as it travels: inputs are packed once for all jobs."""
        return replace(self, inputs=None)

    def with_inputs(self, inputs: Any) -> Self:
        """The job as it arrives."""
        return replace(self, inputs=inputs)


@dataclass
class Outcome:
    """What a job found."""

    data: xr.Dataset
    notes: list[Note]
    facts: dict[str, Any]
    device: str
    device_name: str
    batch: int | None
    threads: int


def outcome(run: Run, data: xr.Dataset) -> Outcome:
    """What ``run`` found, with what it said on the way."""
    where = str(run.device), device_name(run.device)
    return Outcome(data, run.notes, run.facts, *where, run.batch, torch.get_num_threads())


@dataclass
class Sweep:
    """Holds jobs and what is done of them, so that an interrupt at any moment can keep it."""

    jobs: list[Job]
    meter: Meter
    done: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    begun: dict[int, Run] = field(default_factory=dict[int, Run])
    busy: set[int] = field(default_factory=set[int])

    def here(self, index: int) -> None:
        """Run a job in this thread."""
        job = self.jobs[index]
        self.busy.add(index)
        try:
            self.meter.check()
            run = Run(job.how, self.meter, job.wanted, job.whole, job.first, job.swept, job.units)
            self.begun[index] = run
            task = Instrument(job.package).task(job.task)
            self.done[index] = outcome(run, task.measure(job.subjects, job.inputs, job.settings, run))
            del self.begun[index]
            run.finish()
        except (MemoryError, RuntimeError) as reason:
            if not is_out_of_memory(reason):
                raise
            # frames of a kept exception would hold on to memory of the device
            raise Refused(
                "The device has too little memory.",
                given=job.how["device"],
                instead="device=cpu, a smaller memory=, or smaller inputs",
            ) from reason.with_traceback(None)
        finally:
            self.busy.discard(index)

    def partial(self) -> dict[int, Outcome]:
        """Finished jobs, and what the others kept so far, in the order of the jobs."""
        kept = {i: outcome(run, run.kept) for i, run in list(self.begun.items()) if run.kept is not None}
        return dict(sorted((kept | self.done).items()))


def make_jobs(
    task: BoundTask, subjects: Mapping[str, Any], inputs: Inputs, points: Mapping[str, list[Any]],
    settings: Mapping[tuple[int, ...], Any], how: Mapping[str, Any], shares: int,
) -> list[Job]:  # fmt: skip
    """One job a share of the subjects and a point of the axes."""
    options = task.settings.options()
    whole = {name: tuple(values) for name, values in points.items() if options[name].axis}
    axes = [name for name in points if name not in whole]
    told = {name: how[name] for name in ("device", "precision", "seed", "memory", "draft") if name in how}
    jobs: list[Job] = []
    for point, chosen in settings.items():
        off = (options[name].gives for name, index in zip(axes, point, strict=True) if index)
        wanted = tuple(frozenset(gives) for gives in off if gives)
        settled = inputs.settled(subjects, chosen)
        for first, chunk, units in _shares(task, subjects, chosen, shares):
            what = task.instrument.package, task.name, chunk, first, settled, chosen
            jobs.append(Job(*what, point, frozenset(axes), units, whole, wanted, told))
    return jobs


def _shares(
    task: BoundTask, subjects: Mapping[str, Any], settings: Any, shares: int
) -> list[tuple[int, dict[str, Any], range]]:
    if task.cut is None:
        return [(first, chunk, range(0)) for first, chunk in _chunks(subjects, shares)]
    count = task.cut.units(subjects, settings)
    parts = 1 if shares == 1 else min(FINER * shares, count)  # small ones: progress comes when they are done
    edges = [count * part // parts for part in range(parts + 1)]
    return [(0, dict(subjects), range(*ends)) for ends in itertools.pairwise(edges)]


def _chunks(subjects: Mapping[str, Any], shares: int) -> list[tuple[int, dict[str, Any]]]:
    names = list(subjects)
    parts = [part for part in np.array_split(np.arange(len(names)), min(shares, len(names))) if part.size]
    return [(int(part[0]), {names[i]: subjects[names[i]] for i in part}) for part in parts]


def assemble(
    task: BoundTask,
    axes: Mapping[str, list[Any]],
    jobs: list[Job],
    found: Mapping[int, Outcome],
    subjects: Iterable[str],
) -> xr.Dataset:
    """One Dataset from what the jobs found; NaN where nothing was measured."""
    if len(jobs) == 1 and not axes:
        return found[0].data.copy(deep=True)  # its arrays may lie in the memory of tensors
    by_point: dict[tuple[int, ...], list[xr.Dataset]] = {}
    for index in sorted(found):
        by_point.setdefault(jobs[index].point, []).append(found[index].data)
    whole = {point: _join(parts, list(subjects)) for point, parts in by_point.items()}
    first = next(iter(whole.values()))
    options = task.settings.options()
    marks = {name: xr.DataArray(_ticks(values), dims=name, name=name) for name, values in axes.items()}
    for name, mark in marks.items():
        mark.attrs.update(units=options[name].unit, long_name=options[name].description)
    touched = {str(v): [n for n in axes if not options[n].gives or v in options[n].gives] for v in first.data_vars}
    arrays = {name: _along(name, marks, touched[name], whole, first).reset_coords(drop=True) for name in touched}
    places = _join([one.coords.to_dataset() for one in whole.values()], list(subjects)).reset_coords()
    data = xr.Dataset(arrays, dict(places.data_vars), first.attrs)
    blank = {str(name): one.fillna("") for name, one in data.coords.items() if one.dtype == object}
    return _said_again(data.assign_coords(blank), [first, xr.Dataset(coords=marks)])


def _ticks(values: list[Any]) -> list[Any]:
    """The places on an axis: numbers as they are, everything else (words, tuples, None) as text."""
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)
    return values if numbers else [str(one) for one in values]


def _join(parts: list[xr.Dataset], subjects: list[str]) -> xr.Dataset:
    """What parts found beside one another; what they say about their subjects (coordinates) too."""
    beside = [str(name) for part in parts for name in part.coords if name not in part.indexes]
    joined = functools.reduce(lambda left, right: left.combine_first(right), [part.reset_coords() for part in parts])
    joined = joined.set_coords(beside)
    known = set(subjects)
    for name, index in joined.indexes.items():
        if known.issuperset(index):  # a dimension that runs over subjects keeps their order
            order = subjects if name == "subject" else [label for label in subjects if label in index]
            joined = joined.reindex({name: order})
    return _said_again(joined, parts)


def _said_again(data: xr.Dataset, sources: Iterable[xr.Dataset]) -> xr.Dataset:
    """``data`` with the units and names that its variables had in ``sources``; xarray loses some on the way."""
    for source in sources:
        for name, one in source.variables.items():
            if name in data.variables and not data[name].attrs:
                data[name].attrs.update(one.attrs)
    return data


def _along(
    name: str, axes: Mapping[str, xr.DataArray], touched: list[str],
    whole: Mapping[tuple[int, ...], xr.Dataset], first: xr.Dataset,
) -> xr.DataArray:  # fmt: skip
    nothing = xr.full_like(first[name], np.nan) if first[name].dtype.kind == "f" else first[name]

    def build(left: list[str], chosen: dict[str, int]) -> xr.DataArray:
        if not left:
            point = tuple(chosen.get(axis, 0) for axis in axes)
            return whole[point].get(name, nothing) if point in whole else nothing
        here, *rest = left
        parts = [build(rest, {**chosen, here: i}) for i in range(axes[here].size)]
        dim = axes[here]
        return xr.concat(parts, dim, coords="minimal", compat="override", join="outer", combine_attrs="override")

    return build(touched, {})
