"""From what the user typed to a reading: sort the names, run the jobs, keep what an interrupt leaves."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core import engines
from jupyter_phys.core.errors import Interrupted, Refused, unknown
from jupyter_phys.core.inputs import BuiltIn, Inputs, fingerprint
from jupyter_phys.core.instrument import BoundTask
from jupyter_phys.core.lookup import installed
from jupyter_phys.core.progress import Interrupts, Meter, Stopped
from jupyter_phys.core.reading import Reading, remember
from jupyter_phys.core.record import Record, versions
from jupyter_phys.core.run import Run, find_device, untouched
from jupyter_phys.core.session import session
from jupyter_phys.core.settings import Settings
from jupyter_phys.core.subject import axis_values
from jupyter_phys.core.sweep import Job, Outcome, Sweep, assemble, make_jobs


@dataclass
class Plan:
    """A measurement with every name sorted and every value checked, before anything is computed."""

    task: BoundTask
    subjects: dict[str, Any]
    inputs: Inputs
    settings: Settings
    axes: dict[str, list[Any]]
    how: dict[str, Any]
    started: float = field(default_factory=time.time)
    told_subjects: dict[str, dict[str, Any]] = field(init=False)
    told_inputs: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        # before anything is computed: a callable may change what it can reach
        is_kept = not self.how["draft"]
        self.told_subjects = {label: describe(one, fingerprints=is_kept) for label, one in self.subjects.items()}
        self.told_inputs = self.inputs.fingerprints() if is_kept else {}

    @property
    def swept(self) -> dict[str, list[Any]]:
        """The axes along which ``measure`` is called again and again."""
        return {n: values for n, values in self.axes.items() if not self.task.settings.options()[n].axis}

    def jobs(self) -> list[Job]:
        """The jobs of this plan."""
        swept = self.swept
        base = dict(self.settings)
        points = itertools.product(*(range(len(values)) for values in swept.values()))
        chosen = {
            p: self.task.settings(**base | {n: swept[n][i] for n, i in zip(swept, p, strict=True)}) for p in points
        }
        shares = engines.shares(self.how["engine"], self.how["workers"])
        return make_jobs(self.task, self.subjects, self.inputs, self.axes, chosen, self.how, shares)


def plan(task: BoundTask, subject: Any, options: Mapping[str, Any], *, draft: bool = False) -> Plan:
    """Sort ``options`` into inputs, settings, axes, the subjects' own settings and how to run.

    A draft is a quick look, in float32: its record names no fingerprints, for which all inputs would be read.

    Raises:
        Refused: an unknown name or a value that is not allowed.
    """
    sorts: dict[str, dict[str, Any]] = {"input": {}, "setting": {}, "own": {}, "how": {}}
    for name, value in options.items():
        sort = task.known(name)
        if sort is None:
            raise unknown(f"option of %{task.instrument.card.name}", name, task.names())
        sorts[sort][name] = value
    given = {n: v for n, v in sorts["how"].items() if v is not None}
    axes = {n: values for n, v in sorts["setting"].items() if (values := axis_values(v)) is not None}
    for name in axes:
        if task.settings.options()[name].single:
            raise Refused(
                f"{name} takes one value, not a list.", given=axes[name], allowed=task.settings.options()[name].allowed
            )
    first = {n: axes[n][0] if axes.get(n) else v for n, v in sorts["setting"].items()}
    for name, values in axes.items():
        axes[name] = [getattr(task.settings(**first | {name: value}), name) for value in values]
    how: dict[str, Any] = {**session().how(given), "draft": draft}
    if draft:
        how["precision"] = "float32"
    if how["engine"] != "dask":  # a cluster has devices of its own; its workers refuse what they lack
        find_device(how["device"])
    return Plan(
        task,
        task.subjects.resolve(subject, sorts["own"]),
        task.inputs(**sorts["input"]),
        task.settings(**first),
        axes,
        how,
    )


def measure(task: BoundTask, subject: Any, options: Mapping[str, Any]) -> Reading:
    """Measure, remember the reading and give it; see :class:`~jupyter_phys.core.instrument.BoundTask`."""
    asked = plan(task, subject, options)
    return take(asked, functools.partial(Meter, shown=asked.how["progress"]), remember)


def take(asked: Plan, meter: Callable[[str, int], Meter], keep: Callable[[Reading], Reading]) -> Reading:
    """Carry out a plan; a reading, also one of a part, passes through ``keep`` before anything is raised.

    Raises:
        Refused: something cannot be measured as asked.
        Interrupted: stopped; ``.reading`` holds what was measured.
    """
    jobs = asked.jobs()
    title = f"{asked.task.instrument.card.name} {asked.task.name}"
    with Interrupts() as interrupts, untouched(), meter(title, len(jobs)) as counted:
        sweep, stopped = Sweep(jobs, counted), False
        if asked.task.cut is not None:
            counted.items = asked.task.cut.items(asked.subjects, asked.settings)
        try:
            with interrupts.through():
                engines.run(sweep, asked.how["engine"], asked.how["workers"])
        except (KeyboardInterrupt, Stopped):
            stopped = True
        except Exception as error:
            if reading_of(asked, sweep, keep):
                error.add_note("What was measured before this is kept: jupyter_phys.last().")
            raise
        reading = reading_of(asked, sweep, keep)
        if stopped or interrupts.waiting:
            raise Interrupted(reading)  # no context: kept as the last exception, it would pin tensors in its frames
    assert reading is not None
    return reading


def explore(asked: Plan, meter: Meter, **question: Any) -> Any:
    """What the task's ``explore`` answers about what was measured: a cut at full resolution; ``meter`` can stop it.

    Raises:
        Refused: the task has none, or the question is none.
    """
    if asked.task.explore is None:
        raise Refused("This measurement has no finer cuts.", given=asked.task.name)
    run = Run(asked.how, meter)
    inputs = asked.inputs.settled(asked.subjects, asked.settings)
    with untouched():
        return asked.task.explore(asked.subjects, inputs, asked.settings, run, **question)


def reading_of(asked: Plan, sweep: Sweep, keep: Callable[[Reading], Reading]) -> Reading | None:
    """What there is so far, passed through ``keep``; None where nothing was measured."""
    found = sweep.partial()
    if not found:
        return None
    data = assemble(asked.task, asked.swept, sweep.jobs, found, asked.subjects)
    if asked.task.cut is not None:
        data = asked.task.cut.joined(data, asked.settings)
    if len(sweep.done) < len(sweep.jobs) and not _anything(data):
        return None
    return keep(Reading(data, asked.settings, _record(asked, sweep, list(found.values()))))


def _anything(data: xr.Dataset) -> bool:
    return any(bool(np.isfinite(one.values).any()) for one in data.data_vars.values() if one.dtype.kind in "fc")


def _samples(jobs: list[Job]) -> dict[str, BuiltIn]:
    """The built-in samples that every job measured on."""
    found = [job.inputs.built_in() for job in jobs]
    return {name: one for name, one in found[0].items() if all(other.get(name) == one for other in found)}


def _record(asked: Plan, sweep: Sweep, found: list[Outcome]) -> Record:
    engine = asked.how["engine"]
    samples = _samples(sweep.jobs)
    batches = [one.batch for one in found if one.batch is not None]
    return Record(
        instrument=asked.task.instrument.card.name,
        task=asked.task.name,
        settings=asked.settings.model_dump(mode="json"),
        axes={n: [list(v) if isinstance(v, tuple) else v for v in values] for n, values in asked.axes.items()},
        subjects=asked.told_subjects,
        inputs=asked.told_inputs | ({} if asked.how["draft"] else _prints(samples)),
        samples={name: one.name for name, one in samples.items()},
        seed=asked.how["seed"],
        device=found[0].device,
        device_name=found[0].device_name,
        precision=asked.how["precision"],
        engine=engine if isinstance(engine, str) else type(engine).__name__,
        threads=found[0].threads,
        batch=min(batches, default=None),
        memory_gib=asked.how["memory"],
        started=datetime.fromtimestamp(asked.started, UTC).isoformat(timespec="seconds"),
        seconds=round(time.time() - asked.started, 3),
        complete=len(sweep.done) == len(sweep.jobs),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
        facts={name: value for one in reversed(found) for name, value in one.facts.items()},
        versions=versions(),
    )


def _prints(samples: Mapping[str, BuiltIn]) -> dict[str, str]:
    return {name: fingerprint(one.values()) for name, one in samples.items()}


def describe(subject: Any, *, fingerprints: bool = True) -> dict[str, Any]:
    """A subject for the record: its family and settings, or its type and fingerprint."""
    what = type(subject) if isinstance(subject, Settings) else subject
    known = not fingerprints or (isinstance(subject, Settings) and installed(type(subject).__module__))
    code = {} if known else {"fingerprint": fingerprint(what)}
    if isinstance(subject, Settings):
        return {"family": type(subject).__name__.lower(), "settings": subject.model_dump(mode="json")} | code
    shape = {"shape": list(subject.shape)} if hasattr(subject, "shape") else {}
    return {"type": type(subject).__name__, **code, **shape}
