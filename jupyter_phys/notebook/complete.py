"""Tab in a magic line: tasks, subjects, names, choices, flags; read off the declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

from jupyter_phys.core import instrument
from jupyter_phys.core.errors import Refused

IDENTIFIER = "jupyter_phys.magic_line"
SLIDERS = ("-i", "--interactive")
FLAGS = (*SLIDERS, "--check", "--full", "-h", "--help")
PHYS = ("check", "readings", "tutorial")

# "%probe ...", "   %%probe ...", "x = %probe ...", "%time %probe ..."
_CALL = re.compile(r"\s*(?:[\w.,*\s\[\]]+=\s*|%{1,2}time(?:it)?\s.*?)?%{1,2}(?P<name>\w+)\s+(?P<rest>.*)")
_WORD = re.compile(r"(?:(?<!\S)-{1,2})?\w*$")
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_GROUP = re.compile(r"\[[^][(){}]*\]|\([^][(){}]*\)|\{[^][(){}]*\}")
# what stands before the cursor, see _flat
_LIST = r"(?P<list>\[(?:[^[]*,)?\s*)?"
_INSIDE = re.compile(r"[({'\"]")
_VALUE = re.compile(rf"(?P<name>\w+)\s*=\s*{_LIST}$")
_SUBJECT = re.compile(rf"\s*{_LIST}")
_NEXT = re.compile(r"[^[]*(?:\w\s+|,\s*)")


def choices(task: instrument.BoundTask, name: str) -> tuple[str, ...]:
    """The bare words that may stand right of ``name=``."""
    from jupyter_phys.core.session import ENGINES, JupyterPhys

    options = task.settings.options() | task.subjects.own_options()
    if name == task.subjects.keyword:
        return tuple(task.subjects.named)
    if name in options:
        return options[name].choices
    if name in task.inputs.declared():
        return task.inputs.declared()[name].names
    if name == "engine":
        return ENGINES
    return tuple(
        getattr(JupyterPhys.class_traits().get(name), "values", None)
        or ({"device": ("auto", "cpu", "cuda")}.get(name, ()))
    )


def words(namespace: dict[str, Any], name: str, rest: str) -> Iterable[str]:
    """What may follow ``rest`` in a line of ``%name``; nothing inside an expression: that is Python's."""
    if name == "phys":
        return _phys(rest)
    try:
        found = instrument.find(name)
    except Refused:  # somebody's package that does not load; running it will say why
        return ()
    head = rest.split(None, 1)[0] if re.match(r"\w+\s", rest) else ""
    head = head if head in found.card.tasks else ""
    listed = _listed(namespace, found.task(head), rest[len(head) :])
    return [*found.card.tasks, *listed] if re.fullmatch(r"\w*", rest) and len(found.card.tasks) > 1 else listed


def _listed(namespace: dict[str, Any], task: instrument.BoundTask, rest: str) -> Iterable[str]:
    before = _flat(rest.removesuffix(_fragment(rest)))
    value, subject = _VALUE.search(before), _SUBJECT.fullmatch(before)
    options = [f"{one}=" for one in _names(task, before) if one not in re.findall(r"(\w+)\s*=", before)]
    if _INSIDE.search(before):
        return ()
    if _fragment(rest).startswith("-"):
        return () if "[" in before else [one for one in FLAGS if not task.task.writes or one not in SLIDERS]
    if value:
        return _values(namespace, task, value["name"])
    if subject:
        return [*_measurable(namespace, task), *task.subjects.named, *(() if subject["list"] else options)]
    return options if _NEXT.fullmatch(before) else ()


def _names(task: instrument.BoundTask, before: str) -> Iterable[str]:
    """The names left of an equals sign; of a subject known by name its own settings, and those of no other."""
    named = task.subjects.named.get((before.split() or [""])[0])
    others = task.subjects.own_options().keys() - named.options().keys() if named else ()
    return (name for name in task.names() if name not in others)


def _values(namespace: dict[str, Any], task: instrument.BoundTask, name: str) -> Iterable[str]:
    mine = _measurable(namespace, task) if task.known(name) == "input" else ()
    return [*choices(task, name), *mine] if task.known(name) else ()


def _flat(text: str) -> str:
    """The text with every string and every closed bracket as one letter, so that the brackets left are open."""
    text = _STRING.sub("s", text)
    while (flatter := _GROUP.sub("g", text)) != text:
        text = flatter
    return text


def _phys(rest: str) -> Iterable[str]:
    head, blank, _ = rest.partition(" ")
    if head == "tutorial" and blank:
        from jupyter_phys.notebook.phys import tutorials

        return tutorials()
    return (instrument.packages() if head == "check" else ()) if blank else PHYS


def _measurable(namespace: dict[str, Any], task: instrument.BoundTask) -> list[str]:
    mine = [(name, value) for name, value in namespace.items() if name.isidentifier() and not name.startswith("_")]
    return [name for name, value in mine if task.subjects.measurable(value)]


def _fragment(rest: str) -> str:
    found = _WORD.search(rest)
    return found[0] if found else ""


def _line(context: Any) -> str:
    """The line up to the cursor, with those that go on in it through a backslash."""
    above = context.full_text.split("\n")[: context.cursor_line]
    return "\n".join([*above, context.text_until_cursor]).replace("\\\n", " ").rpartition("\n")[2]


def _matcher(shell: Any, names: frozenset[str]) -> Any:
    def matcher(context: Any) -> dict[str, Any]:
        call = _CALL.fullmatch(_line(context))
        if not call or call["name"] not in names:
            return {"completions": [], "suppress": False}
        fragment = _fragment(call["rest"])
        offered = words(shell.user_ns, call["name"], call["rest"])
        found = [SimpleCompletion(text=word, type="param") for word in offered if word.startswith(fragment)]
        return {"completions": found, "suppress": bool(found), "matched_fragment": fragment, "ordered": True}

    return context_matcher(priority=200, identifier=IDENTIFIER)(matcher)


def install(shell: Any, names: Iterable[str]) -> None:
    """Add the matcher to this shell."""
    uninstall(shell)
    if getattr(shell, "Completer", None) is not None:
        shell.Completer.custom_matchers.append(_matcher(shell, frozenset([*names, "phys"])))


def uninstall(shell: Any) -> None:
    """Take the matcher away."""
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        kept = [one for one in completer.custom_matchers if getattr(one, "matcher_identifier", None) != IDENTIFIER]
        completer.custom_matchers[:] = kept
