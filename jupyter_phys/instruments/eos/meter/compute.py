"""Train and judge: networks and classical methods, group by group; where nothing can be told; finite numbers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos.meter import advice, judged
from jupyter_phys.instruments.eos.meter.baselines import classical, of_number
from jupyter_phys.instruments.eos.meter.course import FIT, GROUPS, HELD, OCCLUDE, Course, Parts, rng, set_up
from jupyter_phys.instruments.eos.meter.examples import Spectra, parted
from jupyter_phys.instruments.eos.meter.importance import difference, gradient, of_one
from jupyter_phys.instruments.eos.meter.inputs import Likeness
from jupyter_phys.instruments.eos.meter.networks import CUT
from jupyter_phys.instruments.eos.meter.reader import HOW, Reader
from jupyter_phys.instruments.eos.meter.settings import Inputs, Settings
from jupyter_phys.instruments.eos.meter.table import NETWORK, NULLS, SMOOTH, empty, write_share
from jupyter_phys.instruments.eos.meter.training import Lesson, probabilities, trained

MAIN, LEVEL, NULL = range(3)  # what a network is trained for: an index of its draws


def measure(subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run) -> xr.Dataset:
    """Accuracy by classifier and group, reliability, null tests, finite numbers and importance.

    Raises:
        Refused: spectra that cannot be learnt from, groups on another grid; the message names the cure.
    """
    tests: Any = {} if inputs.tests is None else inputs.tests
    if not isinstance(tests, Mapping) or isinstance(tests, xr.Dataset):
        raise Refused("Groups have names.", given=type(tests).__name__, instead='tests={"other": events}')
    with torch.inference_mode(False), torch.no_grad():
        advice.refuse_folder(settings)
        courses = [set_up(name, value, tests, settings, run) for name, value in subjects.items()]
        advice.refuse_unlike(courses)
        advice.refuse_step(courses[0])
        data = run.keep(empty(courses, settings))
        run.facts |= advice.facts(courses[0])
        run.expect(sum(_steps(one) for one in courses))
        for i, course in enumerate(courses):
            try:
                _measure_one(course, data, i)
            finally:  # what is left of an interrupt may mislead as much
                advice.mind(course, data, i)
        return data


def _measure_one(course: Course, data: xr.Dataset, i: int) -> None:
    settings = course.settings
    groups = dict(course.judged())
    data["spectra"].values[i] = [len(one) for one in groups.values()]
    data["learnt"].values[i] = len(course.parts.train), len(course.parts.aside)
    if settings.nulls:
        _write_number(course, data, i)
    lesson = course.lesson(course.parts, turned=settings.turned)
    scaled = {name: lesson.scaling(course.inputs(one)) for name, one in groups.items()}
    if settings.baselines:
        for name, found in _classical(course, lesson, _seen(course, course.parts, settings.turned), (FIT,), scaled):
            for group, answer in found.items():
                _write_right(data, "accuracy", (i, name, group), answer == groups[group].label, groups[group])
    reader = _write_network(course, data, i, lesson, groups, scaled)
    if settings.importance:
        _write_importance(course, data, i, reader, lesson)
    if settings.nulls:
        _write_nulls(course, data, i)
    for level in settings.sampled:
        _write_level(course, data, i, level)
    if settings.sampled:
        for name in data["classifier"].values:
            for end in ("", "_se", "_low", "_high"):
                whole = data[f"accuracy{end}"].sel(group=HELD, classifier=name)[i]
                data[f"accuracy_sampled{end}"].loc[{"level": SMOOTH, "classifier": name}][i] = whole


def _steps(course: Course) -> int:
    """Spectra that networks see in all, at most."""
    settings = course.settings
    count = settings.repeats * len(course.parts.train)
    count += 2 * len(settings.sampled) * len(course.parts.train)
    count += settings.nulls * int(0.4 * len(course.whole))
    return settings.epochs * count


# --- classifiers


def _write_right(data: xr.Dataset, name: str, at: tuple[int, str, str], right: NDArray[Any], of: Spectra) -> None:
    """A share under names of a classifier and a group (or whatever the last dimension of ``name`` runs over)."""
    last = str(data[name].dims[-1])
    place = at[0], list(data["classifier"].values).index(at[1]), list(data[last].values).index(at[2])
    write_share(data, name, place, judged.share(right, of.event))


def _seen(course: Course, parts: Parts, turned: bool, settings: Settings | None = None) -> Tensor:
    """What baselines learn from: training inputs as they are, and turned once."""
    return torch.cat(list(islice(course.copies(parts, turned=turned, settings=settings), 2)))


def _classical(course: Course, lesson: Lesson, seen: Tensor, index: tuple[int, ...], asked: dict[str, Tensor]) -> Any:
    """Name of each baseline and its answers by group."""

    def flat(x: Tensor) -> NDArray[Any]:
        return x.flatten(1).clamp(-CUT, CUT).numpy()  # as the networks see it

    y = lesson.y.repeat(len(seen) // len(lesson.y)).numpy()
    seed = course.run.generator(*index).initial_seed() % 2**32
    for name, model in classical(flat(lesson.scaling(seen)), y, flat(lesson.scaling(lesson.x_aside)),
                                 lesson.y_aside.numpy(), course.run, seed):  # fmt: skip
        yield name, {group: model.predict(flat(x)) for group, x in asked.items()}


def _write_network(
    course: Course, data: xr.Dataset, i: int, lesson: Lesson,
    groups: dict[str, Spectra], scaled: dict[str, Tensor],
) -> Reader:  # fmt: skip
    """Every repeat writes what is known by then; the first network is kept in a file where that was asked for."""
    run, settings, first = course.run, course.settings, None
    scaling = lesson.scaling
    copies = map(scaling, course.copies(course.parts, turned=settings.turned))
    likeness = Likeness.of(copies, scaling(lesson.x_aside))
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in groups}
    for repeat in range(settings.repeats):
        losses = data["loss"].values[i, repeat]

        def told(epoch: int, *loss: float, into: NDArray[Any] = losses) -> None:
            into[:, epoch] = loss

        net = trained(lesson, settings, run, (MAIN, repeat), told)
        how = {name: getattr(settings, name) for name in HOW}
        reader = Reader(net, scaling, likeness, course.whole.classes, course.whole.momenta, how)
        for name, x in scaled.items():
            found[name].append(reader.probabilities(x, run).numpy())
            _write_group(data, i, name, groups[name], found[name])
        first = first or reader
    assert first is not None
    for k, x in enumerate(scaled.values()):
        data["unlike"].values[i, k] = float((likeness.distance(x) > likeness.limit).double().mean())
    first.reliability = judged.reliability(found[HELD][0], groups[HELD].label)
    if settings.save:
        first.save(settings.save)
    return first


def _write_group(data: xr.Dataset, i: int, name: str, of: Spectra, found: list[NDArray[Any]]) -> None:
    k, repeats = list(data["group"].values).index(name), len(found)
    rights = np.stack([one.argmax(1) == of.label for one in found])
    _write_right(data, "accuracy", (i, NETWORK, name), rights.mean(0), of)
    data["accuracy_spread"].values[i, k] = rights.mean(1).std(ddof=1) if repeats > 1 else np.nan
    whole, label = np.concatenate(found), np.tile(of.label, repeats)
    bins = judged.reliability(whole, label)
    for into, values in (("confidence", bins.confidence), ("right", bins.right), ("in_bin", bins.answers)):
        data[into].values[i, k] = values
    data["calibration_error"].values[i, k] = bins.error
    data["confusion"].values[i, k] = judged.confusion(whole.argmax(1), label, whole.shape[1])


# --- where nothing can be told


def _write_number(course: Course, data: xr.Dataset, i: int) -> None:
    """dN/dy alone, before classes were made alike in it and after."""
    rows = parted(course.whole.event, (0.6,), rng(course.run, GROUPS, 1))
    before = [course.whole.part(one) for one in rows]
    after = [course.parts.train, course.parts.held]
    for k, (learnt, held) in enumerate((before, after)):
        answer = of_number(learnt.number, learnt.label, held.number)
        write_share(data, "null", (i, k), judged.share(answer == held.label, held.event))


def _write_nulls(course: Course, data: xr.Dataset, i: int) -> None:
    """One equation of state under all labels: every one by itself, their spectra judged together."""
    rights: dict[str, list[NDArray[Any]]] = {NULLS[2]: [], NULLS[3]: []}
    events: list[NDArray[Any]] = []
    for k, parts in enumerate(course.nothing()):
        answers = _answers(course, parts, (NULL, k), course.settings)
        events.append(parts.held.event)
        for name, null in ((NETWORK, NULLS[2]), ("logistic", NULLS[3])):
            if name in answers:
                rights[null].append(answers[name] == parts.held.label)
        for null, right in rights.items():
            if right:
                found = judged.share(np.concatenate(right), np.concatenate(events))
                write_share(data, "null", (i, NULLS.index(null)), found)


def _answers(course: Course, parts: Parts, index: tuple[int, ...], settings: Settings) -> dict[str, NDArray[Any]]:
    """What network and baselines, trained on ``parts``, answer to what is held out there."""
    turned = settings.turned and index[0] == NULL
    lesson = course.lesson(parts, turned=turned, settings=settings)
    x = lesson.scaling(course.inputs(parts.held, settings))
    found: dict[str, NDArray[Any]] = {}
    if settings.baselines:
        seen = _seen(course, parts, turned, settings)
        for name, answer in _classical(course, lesson, seen, (FIT, *index), {HELD: x}):
            found[name] = answer[HELD]
            if index[0] == NULL:
                break  # one that is quick is enough
    net = trained(lesson, settings, course.run, index, lambda epoch, loss, aside: None)
    found[NETWORK] = probabilities(net, x, course.run).argmax(1).numpy()
    return found


def _write_level(course: Course, data: xr.Dataset, i: int, level: int) -> None:
    """Divided by dN/dy: where particles are counted, the largest value is noise."""
    parts = course.counted(level)
    settings = course.settings.model_copy(update={"normalise": "number"})
    for name, answer in _answers(course, parts, (LEVEL, level), settings).items():
        _write_right(data, "accuracy_sampled", (i, name, str(level)), answer == parts.held.label, parts.held)


def _write_importance(course: Course, data: xr.Dataset, i: int, reader: Reader, lesson: Lesson) -> None:
    held, run = course.parts.held, course.run
    rows = np.sort(rng(run, OCCLUDE).permutation(len(held))[: course.settings.importance])
    x = reader.inputs(held.part(rows)).to(run.device)
    label = torch.from_numpy(held.label[rows]).to(run.device)
    data["importance_gradient"].values[i] = of_one(gradient(reader.net, x, label)).double().numpy()
    known, conditional = lesson.scaling(lesson.x), course.settings.occlude == "conditional"
    found = difference(reader.net, x, label, known, conditional, run, run.generator(OCCLUDE, 1))
    data["importance"].values[i] = of_one(found).double().numpy()
