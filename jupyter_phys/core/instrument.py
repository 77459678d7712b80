"""What an instrument offers, and the look-up by name. Nothing heavy is imported before a measurement."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jupyter_phys.core.errors import Refused, unknown

if TYPE_CHECKING:
    from jupyter_phys.core.cut import Cut
    from jupyter_phys.core.inputs import Inputs
    from jupyter_phys.core.reading import Reading
    from jupyter_phys.core.settings import Settings
    from jupyter_phys.core.subject import Subjects

HOME = "jupyter_phys.instruments"
ENTRY_POINTS = "jupyter_phys.instruments"


@dataclass(frozen=True)
class Task:
    """One thing an instrument does. Parts are named ``module:attribute`` inside the instrument's folder."""

    title: str
    settings: str = "settings:Settings"
    inputs: str = "settings:Inputs"
    subjects: str = "subjects:SUBJECTS"
    measure: str = "compute:measure"
    panels: str = "panels:panels"
    drafts: bool = False  # measure minds run.draft: a quick look while a slider moves
    writes: bool = False  # what it makes stays on disk, so that no slider measures it again and again
    explore: str = ""  # cuts at full resolution through what a panel shows coarsely
    cut: str = ""  # how it is cut into units finer than its subjects, see core/cut.py
    around: str = ""  # in place of measure: a class that measures while code of the user's runs, see core/around.py


@dataclass(frozen=True)
class Card:
    """An instrument in a few lines, readable without importing what it computes with."""

    name: str
    title: str
    tasks: Mapping[str, Task]
    references: tuple[str, ...]
    calibration: str = "calibration:CASES"
    tutorial: str = ""

    @property
    def default(self) -> str:
        """The task meant when none is named: the first."""
        return next(iter(self.tasks))


class BoundTask:
    """A task with its parts imported on demand; calling it measures."""

    def __init__(self, instrument: Instrument, name: str) -> None:
        self.instrument, self.name = instrument, name
        self.task = instrument.card.tasks[name]

    @cached_property
    def settings(self) -> type[Settings]:
        """The class of its settings."""
        return self.instrument.part(self.task.settings)

    @cached_property
    def inputs(self) -> type[Inputs]:
        """The class of its inputs."""
        return self.instrument.part(self.task.inputs)

    @cached_property
    def subjects(self) -> Subjects:
        """What it measures."""
        return self.instrument.part(self.task.subjects)

    @property
    def measure(self) -> Callable[..., Any]:
        """``measure(subjects, inputs, settings, run) -> xarray.Dataset``; imports the compute module."""
        return self.instrument.part(self.task.measure)

    @property
    def panels(self) -> Callable[..., Any]:
        """``panels(reading) -> list[Panel]``."""
        return self.instrument.part(self.task.panels)

    @property
    def explore(self) -> Callable[..., Any] | None:
        """``explore(subjects, inputs, settings, run, *, place=None, frequency=None)``; None where it has none."""
        return self.instrument.part(self.task.explore) if self.task.explore else None

    @property
    def cut(self) -> Cut | None:
        """How it is cut into units; None where jobs are shares of the subjects."""
        return self.instrument.part(self.task.cut) if self.task.cut else None

    def __call__(self, subject: Any = None, *inputs: Any, **options: Any) -> Any:
        """Measure ``subject``; see the signature for settings, inputs and how to run.

        Returns:
            A Reading; where the task measures while code runs, what stands in ``with ... as w:``.

        Raises:
            Refused: the input cannot be measured as asked; the message names the cure.
            Interrupted: stopped; ``.reading`` holds what was measured.
        """
        options = self._named(inputs) | options
        subject = self.subjects.given(subject, options)
        if self.task.around:
            return self.instrument.part(self.task.around)(self, subject, options)
        from jupyter_phys.core.measure import measure

        return measure(self, subject, options)

    def _named(self, inputs: tuple[Any, ...]) -> dict[str, Any]:
        """Inputs that were given by their place, in the order of their declaration."""
        declared = list(self.inputs.declared())
        if len(inputs) > len(declared):
            given = f"{len(inputs) + 1} values without a name"
            raise Refused("So many inputs are not declared.", given=given, allowed=", ".join(["subject", *declared]))
        return dict(zip(declared, inputs, strict=False))

    @cached_property
    def __signature__(self) -> inspect.Signature:
        from jupyter_phys.core.session import HOW

        def keyword(name: str, default: Any, annotation: Any = inspect.Parameter.empty) -> inspect.Parameter:
            return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

        first = inspect.Parameter("subject", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        options = self.settings.options() | self.subjects.own_options()
        inputs = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
            for name in self.inputs.declared()
        ]
        keywords = [keyword(one.name, one.default, one.annotation) for one in options.values()]
        keywords += [keyword(name, None) for name in HOW]
        return inspect.Signature([first, *inputs, *keywords], return_annotation="Reading")

    def known(self, name: str) -> str | None:
        """What sort of name this is here: input, setting, own, how, or None."""
        from jupyter_phys.core.session import HOW

        sorts: dict[str, Any] = {
            "input": self.inputs.declared(), "setting": self.settings.options(),
            "own": self.subjects.own_options(), "how": HOW, "subject": {self.subjects.keyword} - {""},
        }  # fmt: skip
        return next((sort for sort, names in sorts.items() if name in names), None)

    def names(self) -> list[str]:
        """Every name that may stand left of an equals sign."""
        return [*list(self.__signature__.parameters)[1:], *filter(None, [self.subjects.keyword])]

    def schema(self, own: Iterable[type[Settings]] = ()) -> dict[str, Any]:
        """JSON Schema of its settings, after those ``own`` to its subjects: what forms and sliders are made from."""
        whole = self.settings.model_json_schema()
        for kind in own:
            whole["properties"] = kind.model_json_schema()["properties"] | whole["properties"]
        return whole


class Instrument:
    """An instrument found by name. ``instrument(subject, ...)`` runs its default task."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.card: Card = self.part(":CARD")
        self._tasks: dict[str, BoundTask] = {}

    def part(self, reference: str) -> Any:
        """The object named ``module:attribute`` inside this instrument's folder."""
        module, _, attribute = reference.partition(":")
        return getattr(importlib.import_module(f"{self.package}.{module}" if module else self.package), attribute)

    def task(self, name: str | None = None) -> BoundTask:
        """A task by name; None is the default one.

        Raises:
            Refused: no task of that name.
        """
        name = name or self.card.default
        if name not in self.card.tasks:
            raise unknown(f"task of {self.card.name}", name, self.card.tasks)
        return self._tasks.setdefault(name, BoundTask(self, name))

    def __call__(self, subject: Any = None, *inputs: Any, **options: Any) -> Reading:
        """Measure with the default task."""
        return self.task()(subject, *inputs, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        return self.task().__signature__

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from jupyter_phys.core.manual import manual

        return manual(self)

    def __getattr__(self, name: str) -> BoundTask:
        if name.startswith("_") or name not in self.card.tasks:
            raise AttributeError(name)
        return self.task(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.card.tasks]

    def __repr__(self) -> str:
        return f"<instrument {self.card.name}: {self.card.title}>"


def packages() -> dict[str, str]:
    """Every instrument's name and package, none of them imported: our folders, then entry points."""
    home = importlib.import_module(HOME)
    found = {one.name: f"{HOME}.{one.name}" for one in pkgutil.iter_modules(home.__path__) if one.ispkg}
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        found.setdefault(entry.name, entry.value)
    return found


_FOUND: dict[str, Instrument] = {}


def find(name: str) -> Instrument:
    """The instrument of that name.

    Raises:
        Refused: there is none, or its package does not import.
    """
    if name not in _FOUND:
        known = packages()
        if name not in known:
            raise unknown("instrument", name, known)
        try:
            _FOUND[name] = Instrument(known[name])
        except Exception as reason:  # a stranger's package may raise anything
            why = f"{type(reason).__name__}: {reason}"
            raise Refused(f"The instrument {name!r} does not load: {why}", given=known[name]) from reason
    return _FOUND[name]
