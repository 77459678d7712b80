"""What a line means: the subject, the options and the task that are measured, and what is refused how."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_phys.core import instrument
from jupyter_phys.core.errors import Interrupted
from jupyter_phys.core.instrument import Task
from jupyter_phys.figures.panel import Table

M1, M2, ARRAY = np.ones((8, 8)), np.eye(8), np.zeros(3)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell(config=quiet, ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    shell.run_line_magic("load_ext", "jupyter_phys")
    yield shell
    shell.run_line_magic("unload_ext", "jupyter_phys")


@pytest.fixture
def shell(running: InteractiveShell) -> Iterator[InteractiveShell]:
    """The same shell with fresh names."""
    before = dict(running.user_ns)
    running.user_ns |= {"m1": M1, "m2": M2, "box": {"a": M1}, "both": [M1, M2], "np": np, "fast": True}
    yield running
    running.user_ns.clear()
    running.user_ns.update(before)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, dict[str, Any]]]:
    """What would be measured, instead of measuring it."""
    calls: list[tuple[str, Any, dict[str, Any]]] = []

    def note(task: instrument.BoundTask, subject: Any, options: dict[str, Any]) -> str:
        calls.append((task.name, subject, options))
        return "the reading"

    monkeypatch.setattr("jupyter_phys.core.measure.measure", note)
    return calls


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a is b if isinstance(a, np.ndarray) else type(a) is type(b) and a == b


LINES: dict[str, tuple[Any, dict[str, Any]]] = {
    "": (None, {}),
    "m1": ({"m1": M1}, {}),
    "mask m1": ({"m1": M1}, {}),
    "mask": (None, {}),
    "[m1, m2]": ({"m1": M1, "m2": M2}, {}),
    "m1, m2": ({"m1": M1, "m2": M2}, {}),
    "{'mine': m1}": ({"mine": M1}, {}),
    "box": ({"a": M1}, {}),
    "box['a']": ({"box['a']": M1}, {}),
    "both": ({"both[0]": M1, "both[1]": M2}, {}),
    "both + both": ([M1, M2, M1, M2], {}),
    "polynomial p=[1, 2]": ("polynomial", {"p": [1, 2]}),
    "[m1, polynomial]": ({"m1": M1, "polynomial": "polynomial"}, {}),
    "'polynomial'": ("polynomial", {}),
    "m1 kind=mri": ({"m1": M1}, {"kind": "mri"}),
    "m1 kind='mri'": ({"m1": M1}, {"kind": "mri"}),
    "m1, kind=mri, draws=2 + 1": ({"m1": M1}, {"kind": "mri", "draws": 3}),
    "m1 kind=[image, mri]": ({"m1": M1}, {"kind": ["image", "mri"]}),
    "m1 kind=mri if fast else image": ({"m1": M1}, {"kind": "mri"}),
    "m1 signal=camera": ({"m1": M1}, {"signal": "camera"}),
    "m1 place=(.5, .25) scale=None": ({"m1": M1}, {"place": (0.5, 0.25), "scale": None}),
    "m1 engine=processes device=cpu precision=float32": (
        {"m1": M1}, {"engine": "processes", "device": "cpu", "precision": "float32"},
    ),
    "m1 device=cuda:1": ({"m1": M1}, {"device": "cuda:1"}),
    "m1 -i": ({"m1": M1}, {}),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_lines(shell: InteractiveShell, asked: list[Any], line: str):
    assert shell.run_line_magic("entropy", line) == "the reading"
    ((task, subject, options),) = asked
    assert task == "mask"
    assert same(subject, LINES[line][0]) and same(options, LINES[line][1])


def test_a_semicolon_silences(shell: InteractiveShell, asked: list[Any]):
    assert shell.run_line_magic("entropy", "m1;") is None
    assert len(asked) == 1


def test_a_semicolon_does_not_take_an_assigned_reading_away(shell: InteractiveShell, asked: list[Any]):
    for cell in ("r = %entropy m1;", "x = 1\nr = %entropy m1; # comment\ny = 2", "if fast:\n    r = %entropy m1 ;"):
        shell.user_ns["r"] = "nothing yet"
        shell.run_cell(cell, store_history=True)
        assert shell.user_ns["r"] == "the reading"
    assert shell.run_cell("%entropy m1;", store_history=True).result is None


def test_a_variable_goes_before_a_family_and_a_sample_but_a_choice_is_a_choice(
    shell: InteractiveShell, asked: list[Any]
):
    shell.user_ns |= {"polynomial": M1, "camera": ARRAY, "mri": "image", "cpu": "cuda"}
    shell.run_line_magic("entropy", "polynomial signal=camera kind=mri device=cpu")
    _, subject, options = asked[0]
    assert same(subject, {"polynomial": M1})
    assert same(options, {"signal": ARRAY, "kind": "mri", "device": "cpu"})


def test_a_module_does_not_hide_a_family(shell: InteractiveShell, asked: list[Any]):
    shell.run_cell("import random")
    shell.run_line_magic("entropy", "random rate=random.choice([.5])")
    assert asked == [("mask", "random", {"rate": 0.5})]


def test_a_variable_named_like_the_task_is_the_subject(shell: InteractiveShell, asked: list[Any]):
    shell.user_ns["mask"] = M2
    for line in ("mask", "mask kind=mri", "mask mask", "[mask]"):
        shell.run_line_magic("entropy", line)
    assert all(same(subject, {"mask": M2}) for _, subject, _ in asked)


def test_among_several_tasks_only_what_the_task_measures_is_the_subject(
    shell: InteractiveShell, asked: list[Any], monkeypatch: pytest.MonkeyPatch
):
    found = instrument.find("entropy")
    card = instrument.Card("entropy", "", {"mask": found.card.tasks["mask"], "other": Task("two")}, ())
    monkeypatch.setattr(found, "card", card)
    shell.user_ns |= {"mask": M2, "other": "a reading of last time"}
    shell.run_line_magic("entropy", "mask")
    shell.run_line_magic("entropy", "other")
    shell.run_line_magic("entropy", "other m1")
    assert [task for task, _, _ in asked] == ["mask", "other", "other"]
    assert same([subject for _, subject, _ in asked], [{"mask": M2}, None, {"m1": M1}])


BODIES: dict[str, Any] = {
    "m1": {"m1": M1},
    "[m1,\n m2]\n": {"m1": M1, "m2": M2},
    "q = m2\n[q, m1]": {"q": M2, "m1": M1},
    "{\n  'one': m1,  # mine\n  'law': polynomial,\n}": {"one": M1, "law": "polynomial"},
    "names = %who_ls dict\nbox[names[0][0]] if 0 else m1": None,
}


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_bodies(shell: InteractiveShell, asked: list[Any], body: str):
    shell.run_cell_magic("entropy", "kind=mri", body)
    ((_, subject, options),) = asked
    assert options == {"kind": "mri"}
    assert same(subject, BODIES[body]) if BODIES[body] else subject is M1


def test_a_body_goes_with_a_task_word_also_when_that_is_a_variable(shell: InteractiveShell, asked: list[Any]):
    shell.user_ns["mask"] = M2
    shell.run_cell_magic("entropy", "mask", "[m1]")
    assert same(asked[0][1], {"m1": M1})


def test_an_empty_body_is_none(shell: InteractiveShell, asked: list[Any]):
    shell.run_cell_magic("entropy", "m2", "  \n")
    assert same(asked[0][1], {"m2": M2})


REFUSED = {
    "m1 knd=mri": "There is no option of %entropy 'knd'. Did you mean 'kind'?",
    "m1 kind=imag": "There is no value for kind, and no variable, 'imag'. Did you mean 'image'?",
    "polynomal": "There is no subject, and no variable, 'polynomal'. Did you mean 'polynomial'?",
    "m1 --chek": "There is no flag '--chek'. Did you mean '--check'?",
    "m1 kind=mri m2": "This is not a Python expression",
    "m1 kind=": "kind= has no value",
    "m1 kind=mri kind=image": "kind is given twice",
    "[m1": "This line is not whole",
    "{m1}": "type instead: m1",
    "$m1": "type instead: m1",
    "m1 scale=$m2": "type instead: m2",
}


@pytest.mark.parametrize("line", REFUSED, ids=repr)
def test_refusals_are_short_and_name_the_cure(shell: InteractiveShell, asked: list[Any], line: str):
    with pytest.raises(UsageError) as refusal:
        shell.run_line_magic("entropy", line)
    assert REFUSED[line] in str(refusal.value)
    assert asked == []


@pytest.mark.parametrize(
    ("line", "body", "said"),
    [
        ("m1", "m2", "in the line and in the body"),
        ("", "[m1,\n m2", "The body is not Python"),
        ("", "x = 3", "does not end with an expression"),
        ("", "[m1, polynomal]", "Did you mean 'polynomial'?"),
        ("knd=3", "changed = True\nm1", "Did you mean 'kind'?"),
    ],
)
def test_refused_bodies(shell: InteractiveShell, asked: list[Any], line: str, body: str, said: str):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        shell.run_cell_magic("entropy", line, body)
    assert asked == [] and "changed" not in shell.user_ns


def test_errors_of_the_users_own_code_are_not_touched(shell: InteractiveShell, asked: list[Any]):
    shell.run_cell("def broken(): return nothing_here")
    for line, error in {"m1 / 'a'": TypeError, "broken()": NameError, "box['b']": KeyError}.items():
        with pytest.raises(error):
            shell.run_line_magic("entropy", line)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would be calibrated."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr("jupyter_phys.core.calibration.check", lambda name, **how: calls.append({"name": name, **how}))
    return calls


def test_the_calibration_runs_as_the_line_says(shell: InteractiveShell, checked: list[Any], asked: list[Any]):
    for line in ("--check", "--check --full", "--check precision=float32 device=cpu seed=4"):
        shell.run_line_magic("entropy", line)
    assert checked == [
        {"name": "entropy", "full": False},
        {"name": "entropy", "full": True},
        {"name": "entropy", "full": False, "precision": "float32", "device": "cpu", "seed": 4},
    ]
    assert asked == []


@pytest.mark.parametrize("line", ["--full", "m1 --check", "--check kind=mri", "--check presicion=float32", "m1 --full"])
def test_what_a_calibration_does_not_heed_is_refused(
    shell: InteractiveShell, checked: list[Any], asked: list[Any], line: str
):
    with pytest.raises(UsageError):
        shell.run_line_magic("entropy", line)
    assert checked == asked == []


def test_help_goes_to_the_page(shell: InteractiveShell, asked: list[Any], capsys: pytest.CaptureFixture[str]):
    assert shell.run_line_magic("entropy", "-h") is None
    assert "Phase-space entropy of an acquisition" in capsys.readouterr().out
    assert asked == []


def test_an_interrupt_before_anything_was_measured(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_: Any) -> None:
        raise Interrupted

    monkeypatch.setattr("jupyter_phys.core.measure.measure", stopped)
    with pytest.raises(KeyboardInterrupt):
        shell.run_line_magic("entropy", "m1")


def test_a_strangers_package_that_does_not_load_is_told_and_takes_nobody_along(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
):
    (tmp_path / "broken_tool.py").write_text("raise RuntimeError('no licence')")
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = instrument.packages()
    monkeypatch.setattr(instrument, "packages", lambda: {**ours, "broken": "broken_tool"})
    shell.run_line_magic("reload_ext", "jupyter_phys")
    with pytest.raises(UsageError, match="RuntimeError: no licence"):
        shell.run_line_magic("broken", "m1")
    page = repr(shell.run_line_magic("phys", ""))
    assert "%entropy" in page and "does not load" in page
    assert "no licence" in shell.find_line_magic("broken").getdoc()
    monkeypatch.setattr("jupyter_phys.core.calibration.check", lambda name: Checked(name))
    page = shell.run_line_magic("phys", "check")
    assert [panel.title for panel in page.panels] == ["%entropy", "%eos", "%probe"] and "no licence" in repr(page)
    monkeypatch.undo()
    shell.run_line_magic("reload_ext", "jupyter_phys")


class Checked:
    """Stands for the reading of a calibration."""

    notes = ()

    def __init__(self, name: str) -> None:
        self.record = self
        self.instrument = name

    def panels(self) -> list[Table]:
        return [Table("Known answers", ["case"], [["one"]])]
