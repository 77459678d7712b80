"""The page that ``%entropy?`` and ``help(jp.entropy)`` show, made from the declarations."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable
from typing import Any

from jupyter_phys.core.instrument import BoundTask, Instrument
from jupyter_phys.core.session import JupyterPhys
from jupyter_phys.core.settings import Option, Settings

WIDTH = 100
LONG = 8  # characters of a number that are too many
FLAGS = {
    "-i, --interactive": "open live sliders beside the reading",
    "--check": "run the calibration: known answers with their sources",
    "--check --full": "the slow gates of the calibration too",
    "-h, --help": "this page",
}


def manual(instrument: Instrument) -> str:
    """What an instrument measures and every name it understands."""
    card = instrument.card
    parts = [f"{card.title}\n{'=' * len(card.title)}"]
    parts += [_task(instrument.task(name), many=len(card.tasks) > 1) for name in card.tasks]
    parts += [_section("How to run", [(n, f"{t.help} (now {getattr(JupyterPhys.instance(), n)})") for n, t in _how()])]
    parts += [_section("Flags", FLAGS.items()), "References\n" + "\n".join(_wrapped(one) for one in card.references)]
    if card.tutorial:
        parts.append(f"Tutorial: %phys tutorial {card.tutorial.split('_')[0]}")
    return "\n\n".join(parts)


def _how() -> Iterable[tuple[str, Any]]:
    return JupyterPhys.class_own_traits(config=True).items()


def _task(task: BoundTask, *, many: bool) -> str:
    name = task.instrument.card.name
    task_word = f" {task.name}" if many else ""
    head = f"%{name}{task_word} SUBJECT name=value ...     jp.{name}{task_word.replace(' ', '.')}(subject, name=value)"
    keyword = task.subjects.keyword
    named = [(word, _family(kind)) for word, kind in task.subjects.named.items()]
    given = [
        (one.name, f"{one.description}. {_names(one.names)}{one.accepts}") for one in task.inputs.declared().values()
    ]
    sections = [
        f"{head}\n{_wrapped(task.task.title)}",
        f"Subject\n{_wrapped(task.subjects.accepts + (f'. Also as {keyword}=' if keyword else ''))}",
        _section("Known by name", named),
        _section("Their settings", _options(task.subjects.own_options())),
        _section("Inputs", given),
        _section("Settings (a list makes an axis)", _options(task.settings.options())),
    ]
    return "\n\n".join(part for part in sections if part)


def _family(kind: type[Settings]) -> str:
    said = (inspect.getdoc(kind) or "").partition("\n")[0]
    return f"{said} Its settings: {', '.join(kind.options())}."


def _names(names: tuple[str, ...]) -> str:
    return f"Built in: {', '.join(names)}. " if names else ""


def _options(options: dict[str, Option]) -> list[tuple[str, str]]:
    return [(f"{one.name}={_default(one)}", f"{one.description} [{one.allowed}]") for one in options.values()]


def _section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [
        textwrap.fill(said, WIDTH, initial_indent=f"  {name:<22} ", subsequent_indent=" " * 25) for name, said in rows
    ]
    return "\n".join([title, *lines]) if lines else ""


def _wrapped(said: str) -> str:
    return textwrap.fill(said, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _default(one: Option) -> str:
    said = str(one.default)
    return f"{one.default:.4g}" if isinstance(one.default, float) and len(said) > LONG else said
