"""The result of a measurement: numbers with units, settings and record; shows itself, saves, loads, exports."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import xarray as xr

from jupyter_phys.core import files
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.instrument import Card, Instrument, find
from jupyter_phys.core.record import Record
from jupyter_phys.core.settings import Settings
from jupyter_phys.figures import html, text
from jupyter_phys.figures.panel import Note, Panel, plots
from jupyter_phys.figures.payload import payload

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MIME = "application/vnd.jupyter-phys.reading.v1+json"
REMEMBERED = 50

EXPORTS = ("csv", "html", "svg", "pdf", "png")


@dataclass(frozen=True, eq=False)
class Reading:
    """``data`` (xarray, CPU float64, units in ``attrs``), ``settings`` and ``record``; holds no model."""

    data: xr.Dataset
    settings: Settings
    record: Record

    @property
    def card(self) -> Card:
        """The instrument's card."""
        return self._instrument.card

    @property
    def _instrument(self) -> Instrument:
        return find(self.record.instrument)

    @property
    def complete(self) -> bool:
        """False when the measurement was interrupted; unmeasured values are NaN."""
        return self.record.complete

    @property
    def title(self) -> str:
        """The heading above its panels."""
        said = self.data.attrs.get("title") or self.card.title
        return said if self.complete else f"{said} (interrupted: not all was measured)"

    @property
    def notes(self) -> tuple[Note, ...]:
        """What must be known to read the numbers right."""
        return self.record.notes

    def panels(self) -> list[Panel]:
        """What it shows, as data."""
        if self.record.task == "check":
            from jupyter_phys.core.calibration import panels

            return panels(self)
        return list(self._instrument.task(self.record.task).panels(self))

    def figure(self, *, theme: Literal["light", "dark"] = "light", panels: Sequence[Panel] | None = None) -> Figure:
        """A matplotlib Figure of its plots (never through pyplot, so it does not show itself twice).

        Raises:
            Refused: there are only tables.
        """
        return figure(self.panels() if panels is None else panels, self.title, theme)

    def to_dataframe(self) -> pd.DataFrame:
        """The numbers as a table; pictures and curves stay out.

        Variables that share no dimensions stand below one another, each with rows of its own: a row for every
        combination of all dimensions could be millions.
        """
        pictures = [name for name, one in self.data.data_vars.items() if one.attrs.get("role") == "picture"]
        numbers = self.data.drop_vars(pictures)
        used = {dim for one in numbers.data_vars.values() for dim in one.dims}
        numbers = numbers.drop_dims(set(numbers.dims) - used)
        kinds = {frozenset(one.dims) for one in numbers.data_vars.values()}
        whole = [kind for kind in kinds if not any(kind < other for other in kinds)]
        if len(whole) < 2:
            return numbers.to_dataframe()
        whole.sort(key=lambda kind: [dim not in kind for dim in numbers.dims])
        return _stacked(numbers, whole)

    def save(self, path: str | Path) -> Path:
        """Write it to ``.nc`` (netCDF) or ``.json``; :func:`load` gives it back to the bit."""
        return files.save(self.data, self.record, Path(path))

    def export(self, path: str | Path) -> Path:
        """Write what it shows: ``.csv`` (numbers), ``.html``, ``.svg``, ``.pdf`` or ``.png``."""
        path = Path(path)
        kind = path.suffix[1:].lower()
        if kind not in EXPORTS:
            raise Refused("This file type is not known.", given=path.name, allowed=", ".join(f".{e}" for e in EXPORTS))
        files.check_folder(path)
        if kind == "csv":
            self.to_dataframe().to_csv(path)
        elif kind == "html":
            path.write_text(html.page(self.title, self._html()), encoding="utf-8")
        else:
            from jupyter_phys.figures import paper

            paper.save(self.figure(), path, kind)
        return path

    def again(self, subject: Any = None, **inputs: Any) -> Reading:
        """Measure once more with the same settings, axes, seed and precision; says what is not the same.

        Subjects known by name come back from the record; all others have to be given again.

        Raises:
            Refused: no subject given, and the record knows only its fingerprint.
        """
        if self.record.task == "check":
            raise Refused("A calibration is run again.", instead=f"jupyter_phys.check({self.record.instrument!r})")
        if subject is None:
            subject = self._named_subjects()
        task = self._instrument.task(self.record.task)
        found = task.subjects.resolve(subject, {})
        if len(found) == len(self.record.subjects):  # the same ones, perhaps, which then keep their labels
            found = dict(zip(self.record.subjects, found.values(), strict=True))
        kept = {"seed": self.record.seed, "precision": self.record.precision}
        options = {**self.settings.model_dump(), **self.record.axes, **kept, **self.record.samples, **inputs}
        second = task(found, **options)
        return second.noting(self._differences(second.record))

    def _named_subjects(self) -> dict[str, Any]:
        kinds = self._instrument.task(self.record.task).subjects.named.values()
        named = {kind.__name__.lower(): kind for kind in kinds}  # as the record calls them
        unknown = [label for label, one in self.record.subjects.items() if one.get("family") not in named]
        if unknown:
            raise Refused("A reading holds no subjects, only their fingerprints.", given=f"again() of {unknown}",
                          instead="reading.again(subject)")  # fmt: skip
        return {label: named[one["family"]](**one["settings"]) for label, one in self.record.subjects.items()}

    def _differences(self, other: Record) -> list[Note]:
        mine = self.record.inputs | {label: repr(one) for label, one in self.record.subjects.items()}
        theirs = other.inputs | {label: repr(one) for label, one in other.subjects.items()}
        changed = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
        if not changed:
            return []
        return [Note("warning", f"Not the same as in the first reading: {', '.join(changed)}.")]

    def noting(self, notes: Sequence[Note]) -> Self:
        """The same reading with more notes."""
        record = self.record.model_copy(update={"notes": (*self.record.notes, *notes)})
        return type(self)(self.data, self.settings, record)

    def cite(self) -> str:
        """What to cite for this reading."""
        return "\n".join(self.card.references)

    @functools.cached_property
    def _png(self) -> bytes | None:
        # drawing takes longer than some measurements, and a reading does not change
        return picture(self.panels(), self.title)

    def _html(self) -> str:
        return html.render(self.title, self.panels(), self.notes, self._png)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        panels = self.panels()
        bundle: dict[str, Any] = {
            "text/plain": text.render(self.title, panels, self.notes),
            "text/html": html.render(self.title, panels, self.notes, self._png),
            MIME: payload(self.title, panels, self.notes, instrument=self.record.instrument),
        }
        return bundle | ({"image/png": self._png} if self._png else {})

    def __repr__(self) -> str:
        return text.render(self.title, self.panels(), self.notes)


def _stacked(numbers: xr.Dataset, kinds: list[frozenset[Any]]) -> pd.DataFrame:
    """The variables over each of these sets of dimensions, below one another; of fewer dimensions with the first."""
    import pandas as pd

    left, frames = set(numbers.data_vars), list[Any]()
    for kind in kinds:
        mine = [name for name in numbers.data_vars if name in left and set(numbers[name].dims) <= kind]
        left -= set(mine)
        frames.append(numbers[mine].to_dataframe().reset_index())
    return pd.concat(frames, ignore_index=True)


def figure(panels: Sequence[Panel], title: str, theme: Literal["light", "dark"] = "light") -> Figure:
    """The plots among ``panels`` on paper.

    Raises:
        Refused: there are only tables.
    """
    from jupyter_phys.figures import paper

    if not plots(panels):
        raise Refused("there is no plot, only tables.", instead='.export("reading.html")')
    return paper.draw(panels, title=title, theme=theme)


def picture(panels: Sequence[Panel], title: str) -> bytes | None:
    """The plots as a PNG; None where there are only tables."""
    from jupyter_phys.figures import paper

    return paper.png(panels, title=title) if plots(panels) else None


def load(path: str | Path) -> Reading:
    """A reading from a ``.nc`` or ``.json`` file; no code in it is ever run.

    Raises:
        Refused: not a reading, damaged, or written by a newer version.
    """
    data, record = files.load(Path(path))
    settings = Settings() if record.task == "check" else _settings(record)
    return Reading(data, settings, record)


def _settings(record: Record) -> Settings:
    return find(record.instrument).task(record.task).settings(**record.settings)


_TAKEN: deque[Reading] = deque(maxlen=REMEMBERED)


def remember(reading: Reading) -> Reading:
    """Put a reading on this session's list."""
    _TAKEN.append(reading)
    return reading


def taken() -> list[Reading]:
    """The readings of this session, oldest first (the last fifty)."""
    return list(_TAKEN)


def last() -> Reading:
    """The newest reading of this session.

    Raises:
        Refused: nothing was measured yet.
    """
    if not _TAKEN:
        raise Refused("Nothing was measured yet in this session.", instead="%entropy")
    return _TAKEN[-1]
