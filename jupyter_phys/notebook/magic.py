"""The magics: one for every instrument that is found by name, and %phys."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from jupyter_phys.core import instrument, progress
from jupyter_phys.core.errors import Interrupted, Refused, unknown
from jupyter_phys.core.session import session
from jupyter_phys.notebook import around, complete, survey, turns
from jupyter_phys.notebook.line import Line, evaluate, is_variable, labelled, split


def install(shell: Any) -> None:
    """Register every magic, the session for %config, Tab, and what the side panel asks."""
    names = list(instrument.packages())
    known = shell.magics_manager.magics["line"]
    for name in names:
        if name in known and not hasattr(known[name], "getdoc"):  # IPython's own: a package must not take it over
            sys.stderr.write(f"%{name} is a magic already; the instrument of that name is jupyter_phys.{name} only.\n")
            continue
        shell.register_magic_function(_magic(shell, name), "line_cell", name)
    shell.register_magic_function(_phys(shell), "line", "phys")
    if session() not in shell.configurables:
        shell.configurables.append(session())
    complete.install(shell, names)
    survey.install(shell)
    if hasattr(shell, "kernel"):
        progress.write_to(_strip)
        around.show()


def _strip() -> TextIO:
    from jupyter_phys.notebook.show import Strip

    return Strip()


def uninstall(shell: Any) -> None:
    """Take away what :func:`install` added."""
    complete.uninstall(shell)
    survey.uninstall(shell)
    turns.forget(shell)
    progress.write_to()
    around.hide()
    for kind in ("line", "cell"):
        known = shell.magics_manager.magics[kind]
        for name in [*instrument.packages(), "phys"]:
            if hasattr(known.get(name), "getdoc"):
                del known[name]
    if session() in shell.configurables:
        shell.configurables.remove(session())


def _magic(shell: Any, name: str) -> Callable[..., Any]:
    # IPython would expand {m1} and $a in the line
    @no_var_expand
    def magic(line: str, cell: str | None = None) -> Any:
        return _told(lambda: run(shell, name, line, cell))

    magic.__name__ = name
    magic.getdoc = lambda: _manual(name)  # type: ignore[attr-defined]
    return magic


def _phys(shell: Any) -> Callable[..., Any]:
    @no_var_expand
    def phys(line: str) -> Any:
        from jupyter_phys.notebook import phys as bench

        return _told(lambda: bench.run(line))

    phys.getdoc = lambda: "%phys [check NAME | readings | tutorial NUMBER]: the bench itself"  # type: ignore[attr-defined]
    return phys


def _told(call: Callable[[], Any]) -> Any:
    """Short messages in magics; tracebacks stay in the Python functions."""
    try:
        return call()
    except Refused as refusal:
        raise UsageError(str(refusal)) from None
    except Interrupted as stop:
        if stop.reading is not None:
            from jupyter_phys.notebook.show import show

            show(stop.reading)
        raise KeyboardInterrupt from None


def _manual(name: str) -> str:
    from jupyter_phys.core.manual import manual

    try:
        return manual(instrument.find(name))
    except Refused as refusal:  # somebody's package that does not load
        return str(refusal)


def run(shell: Any, name: str, text: str, cell: str | None = None) -> Any:
    """Do what a magic line asks for and give the reading.

    Raises:
        Refused: the line cannot be understood or measured.
    """
    line = split(text)
    _check_flags(line)
    found = instrument.find(name)
    if {"-h", "--help"} & set(line.flags):
        sys.stdout.write(_manual(name) + "\n")
        return None
    reading = _calibrated(shell, found, line) if "--check" in line.flags else _measured(shell, found, line, cell)
    return None if line.silent and not _assigned(shell, name, text) else reading


def _check_flags(line: Line) -> None:
    for flag in line.flags:
        if flag not in complete.FLAGS:
            raise unknown("flag", flag, complete.FLAGS)
    if "--full" in line.flags and "--check" not in line.flags:
        raise Refused("--full says how to run the calibration.", given="--full", instead="--check --full")


def _calibrated(shell: Any, found: instrument.Instrument, line: Line) -> Any:
    from jupyter_phys.core.calibration import check
    from jupyter_phys.core.session import HOW

    if line.subject:
        raise Refused("The calibration has subjects of its own.", given=line.subject, instead="--check alone")
    for name in line.options:
        if name not in HOW:
            raise unknown("option of --check", name, HOW)
    return check(found.card.name, full="--full" in line.flags, **_options(shell, found.task(), line))


def _measured(shell: Any, found: instrument.Instrument, line: Line, cell: str | None) -> Any:
    body = bool(cell and cell.strip())
    task, line = _task(shell, found, line, body=body)
    if body and line.subject:  # then the body is no subject: it is what runs
        task = around.around_of(found, task)
    _check_names(task, line)
    sliders = set(complete.SLIDERS) & set(line.flags)
    if sliders:
        _check_sliders(task)
    if task.task.around:
        return around.run(shell, task, cell, _subject(shell, task, line.subject), _options(shell, task, line))
    text = _subject_text(shell, line, cell)
    subject, options = _subject(shell, task, text), _options(shell, task, line)
    subject = task.subjects.given(subject, options)
    reading = task(subject, **options)
    if sliders:
        _open_sliders(shell, reading, task, subject, options, text, line.options)
    return reading


def _check_sliders(task: instrument.BoundTask) -> None:
    if task.task.writes:
        name, tasks = task.instrument.card.name, task.instrument.card.tasks
        others = [f"%{name} {other} -i" for other, one in tasks.items() if not one.writes]
        raise Refused("This task has no live sliders: what it makes stays on disk, for one choice of its settings.",
                      given=f"%{name} {task.name} -i",
                      instead=f"the line without -i{f', or {others[0]}' if others else ''}")  # fmt: skip


def _open_sliders(shell: Any, reading: Any, *call: Any) -> None:
    if not hasattr(shell, "kernel"):
        sys.stderr.write("Live sliders need a notebook; the reading stands alone.\n")
        return
    from jupyter_phys.notebook.live import STATIC, Call, Live

    if not (STATIC / "live.js").is_file():
        sys.stderr.write("The front end is not built, so there are no live sliders: see README.\n")
        return
    Live(shell, Call(*call), reading).show()


def _assigned(shell: Any, name: str, text: str) -> bool:
    """Whether the running cell says ``r = %name text``: then ``;`` must not take the reading away."""
    cell = (shell.history_manager.input_hist_raw or [""])[-1]
    return re.search(rf"=\s*%{name}\s+{re.escape(text)}\s*$", cell, re.M) is not None


def _task(shell: Any, found: instrument.Instrument, line: Line, *, body: bool) -> tuple[instrument.BoundTask, Line]:
    """The task and the line without its word; but a lone word that is also a variable, like ``mask``, is the subject.

    So it is if there is no other task, or if the task measures such a thing.
    """
    word, rest = line.first_word(found.card.tasks)
    task = found.task(word)
    if word and not rest.subject and not body and is_variable(word, shell.user_ns):
        meant = len(found.card.tasks) == 1 or task.subjects.measurable(shell.user_ns[word])
        return task, line if meant else rest
    return task, rest


def _subject_text(shell: Any, line: Line, cell: str | None) -> str:
    """The subject as it was typed: in the line, or at the end of the body, which is run up to there."""
    return line.subject if cell is None or not cell.strip() else _body(shell, cell)


def _subject(shell: Any, task: instrument.BoundTask, text: str) -> Any:
    if not text:
        return None
    value = _evaluated(shell, text, task.subjects.named, "subject", shadowed=True)
    if value is None:
        raise Refused("The subject is None.", given=text, allowed=task.subjects.accepts)
    if isinstance(value, str):
        return value
    if text in task.subjects.named and not callable(value) and not task.subjects.measurable(value):
        raise Refused(
            f"Your variable {text} hides the subject of that name.", given=type(value).__name__, instead=f'"{text}"'
        )
    return labelled(text, value)


def _body(shell: Any, cell: str) -> str:
    """Run the body in the notebook's names, but for its last expression: the subject, given as text."""
    code = shell.transform_cell(cell)
    try:
        tree = ast.parse(code)
    except SyntaxError as reason:
        said = (reason.text or cell).strip()
        raise Refused(f"The body is not Python: {reason.msg}, in line {reason.lineno}.", given=said) from None
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        raise Refused("The body does not end with an expression: the subject.", given=cell.strip().splitlines()[-1])
    last = tree.body.pop()
    exec(compile(tree, "<magic body>", "exec"), shell.user_ns)
    return ast.unparse(last)


def _check_names(task: instrument.BoundTask, line: Line) -> None:
    for name in line.options:
        if task.known(name) is None:
            raise unknown(f"option of %{task.instrument.card.name}", name, task.names())


def _options(shell: Any, task: instrument.BoundTask, line: Line) -> dict[str, Any]:
    return {name: _value(shell, task, name, text) for name, text in line.options.items()}


def _value(shell: Any, task: instrument.BoundTask, name: str, text: str) -> Any:
    # a variable goes before a built-in sample of its name: choices are the instrument's words, inputs are the user's
    own = task.known(name) in ("input", "subject")
    if re.fullmatch(r"[a-z]+:\d+", text):
        return text  # cuda:1 is a word, though none of Python's
    return _evaluated(shell, text, complete.choices(task, name), f"value for {name}", shadowed=own)


def _evaluated(shell: Any, text: str, words: Iterable[str], kind: str, *, shadowed: bool) -> Any:
    try:
        return evaluate(text, shell.user_ns, words, shadowed=shadowed)
    except NameError as reason:
        if str(reason.name) not in text:
            raise  # from inside a function of the user's
        raise _missing(reason, shell, words, kind) from None


def _missing(reason: NameError, shell: Any, words: Iterable[str], kind: str) -> Refused:
    mine = [name for name in shell.user_ns if not name.startswith("_") and name not in shell.user_ns_hidden]
    return unknown(f"{kind}, and no variable,", str(reason.name), [*words, *mine])
