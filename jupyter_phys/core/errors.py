"""Errors that say what was given, what is allowed and what to type instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

SHOWN = 40  # names listed in a refusal

if TYPE_CHECKING:
    from jupyter_phys.core.reading import Reading


class Refused(ValueError):
    """Something cannot be measured as asked; the message names the cure."""

    def __init__(self, what: str, *, given: object = None, allowed: object = None, instead: str = "") -> None:
        self.what, self.given, self.allowed, self.instead = what, given, allowed, instead
        rows = {"given": given, "allowed": allowed, "type instead": instead or None}
        said = [f"  {name}: {value}" for name, value in rows.items() if value is not None]
        super().__init__("\n".join([what, *said]))

    def __reduce__(self) -> tuple[Any, ...]:
        # keyword arguments would be lost on the way back from a worker process
        return _refused, (self.what, str_or_none(self.given), str_or_none(self.allowed), self.instead)


def _refused(what: str, given: object, allowed: object, instead: str) -> Refused:
    return Refused(what, given=given, allowed=allowed, instead=instead)


def str_or_none(value: object) -> str | None:
    """Text of a value, None staying None."""
    return None if value is None else str(value)


class Interrupted(KeyboardInterrupt):
    """The measurement was stopped; ``reading`` holds what was measured (``complete`` is False)."""

    def __init__(self, reading: Reading | None = None) -> None:
        super().__init__("measurement interrupted")
        self.reading = reading


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name that looks most like ``name``, or None."""
    known = sorted(names)
    folded = {known_name.lower(): known_name for known_name in known}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.55)
    return folded[close[0]] if close else None


def unknown(kind: str, name: str, names: Iterable[str]) -> Refused:
    """The refusal for a name nobody declared, with the nearest known one."""
    known = sorted(names)
    close = nearest(name, known)
    guess = f" Did you mean {close!r}?" if close else ""
    shown = ", ".join(known[:SHOWN]) + (", ..." if len(known) > SHOWN else "")
    return Refused(f"There is no {kind} {name!r}.{guess}", allowed=shown or "none")
