"""What is put under an instrument: one subject, a list or dict of them, or one known by name."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_phys.core.errors import Refused, unknown
from jupyter_phys.core.settings import Option, Settings, plain


@dataclass(frozen=True)
class Subjects:
    """What a task measures.

    ``read(value)`` turns what a user gives into labelled subjects and refuses the rest; ``named`` are
    subjects with settings of their own, known by name; ``keyword`` is a name under which a subject may be given as an
    option is; ``measurable(value)`` answers without importing
    anything heavy (Tab and the side panel ask it of every variable).
    """

    accepts: str
    read: Callable[[Any], Mapping[str, Any]]
    default: tuple[Any, ...] = ()
    named: Mapping[str, type[Settings]] = field(default_factory=dict[str, type[Settings]])
    measurable: Callable[[Any], bool] = lambda value: False
    keyword: str = ""

    def given(self, subject: Any, options: dict[str, Any]) -> Any:
        """The subject by its place, or by its keyword, which is taken out of ``options``.

        Raises:
            Refused: by both.
        """
        if not self.keyword or self.keyword not in options:
            return subject
        if subject is not None:
            raise Refused("The subject is given twice.", given=f"a subject, and {self.keyword}=", instead="one of them")
        return options.pop(self.keyword)

    def own_options(self) -> dict[str, Option]:
        """Every setting that some named subject has of its own."""
        return {name: one for kind in self.named.values() for name, one in kind.options().items()}

    def resolve(self, value: Any, own: Mapping[str, Any]) -> dict[str, Any]:
        """Labelled subjects; ``own`` sets the subjects' settings, a list there making one subject a value.

        Raises:
            Refused: not measurable, an unknown name, or a setting that no subject here has.
        """
        unused = set(own)
        found: dict[str, Any] = {}
        for label, one in self._listed(value):
            for name, subject in self._read(label, one, own, unused):
                found[_free(name, found)] = subject
        if not found:
            raise Refused("There is nothing to measure.", given="nothing", allowed=self.accepts)
        for name in unused:
            had = {option for one in found.values() if isinstance(one, Settings) for option in one.options()}
            raise unknown("setting of these subjects", name, had)
        return found

    def _listed(self, value: Any) -> list[tuple[str, Any]]:
        if value is None:
            return [("", one) for one in self.default]
        if isinstance(value, Mapping):
            return [(_printable(str(label)), one) for label, one in value.items()]
        return [("", one) for one in value] if isinstance(value, (list, tuple)) else [("", value)]

    def _read(self, label: str, value: Any, own: Mapping[str, Any], unused: set[str]) -> Iterable[tuple[str, Any]]:
        if isinstance(value, str):
            if value not in self.named:
                raise unknown("subject", value, self.named)
            value = self.named[value]
        kind = value if isinstance(value, type) else type(value)
        if not issubclass(kind, Settings):
            return _relabelled(label, self.read(value)).items()
        known = {name: given for name, given in own.items() if name in kind.options()}
        unused.difference_update(known)
        base: dict[str, Any] = {} if isinstance(value, type) else dict(value)
        subjects = [kind(**base | point) for point in points(known)]
        listed = [name for name, given in known.items() if axis_values(given) is not None]
        name = next((name for name, own_kind in self.named.items() if own_kind is kind), kind.__name__.lower())
        return [(_called(label, name, one, listed), one) for one in subjects]


def axis_values(value: Any) -> list[Any] | None:
    """The values of an axis (list, range or 1-D array), or None for a single value."""
    if isinstance(value, (list, range)):
        return [plain(one) for one in value]
    if getattr(value, "ndim", 0) == 1 and hasattr(value, "tolist"):
        return list(value.tolist())
    return None


def points(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the listed values: ``{"p": [1, 2], "rate": .5}`` gives two points."""
    listed = {name: axis_values(value) for name, value in options.items()}
    columns = [[options[name]] if values is None else values for name, values in listed.items()]
    return [dict(zip(options, combination, strict=True)) for combination in itertools.product(*columns)]


def _called(label: str, name: str, subject: Settings, asked: Collection[str]) -> str:
    """The user's own label with what tells the subjects apart, or the kind with all that is not its default."""
    said = subject.said(asked) if label else subject.said(subject.changed() | set(asked))
    return " ".join(part for part in (label or name, said) if part)


def _relabelled(label: str, found: Mapping[str, Any]) -> dict[str, Any]:
    if not label:
        return dict(found)
    if len(found) == 1:
        return {label: next(iter(found.values()))}
    return {f"{label}[{index}]": one for index, one in enumerate(found.values())}


def _printable(label: str) -> str:
    """A label as it can be shown and saved, on one line."""
    return "".join(letter if letter.isprintable() else "�" for letter in label)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    candidates = itertools.chain([name], (f"{name} #{n}" for n in itertools.count(2)))
    return next(one for one in candidates if one not in taken)
