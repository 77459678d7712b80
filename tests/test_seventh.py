"""A new instrument is one folder: the one in docs/adding_an_instrument.md, used with no other edit."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from sliders import Told, wait_for
from traitlets.config import Config

import jupyter_phys as jp
import jupyter_phys.instruments
from jupyter_phys.core import instrument
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.run import Run
from jupyter_phys.notebook import turns
from jupyter_phys.notebook.live import Call

PAGE = (Path(__file__).parents[1] / "docs" / "adding_an_instrument.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(pendulum/\w+\.py)`\n\n```python\n(.*?)^```$", PAGE, re.M | re.S))
ENTRY = re.search(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
LINES = re.search(r"^```ipython\n(.*?)^```$", PAGE, re.M | re.S)
SCRIPT = re.search(r"^```python\n(import jupyter_phys.*?)^```$", PAGE, re.M | re.S)


def write(place: Path) -> None:
    for name, code in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(code, encoding="utf-8")


def as_a_folder(place: Path, patch: pytest.MonkeyPatch) -> None:
    """The folder beside ours."""
    write(place)
    patch.setattr(jupyter_phys.instruments, "__path__", [*jupyter_phys.instruments.__path__, str(place)])


def as_a_package(place: Path, patch: pytest.MonkeyPatch) -> None:
    """The folder in somebody's installed package, with the entry point that the page names."""
    write(place / "our_lab")
    (place / "our_lab" / "__init__.py").write_text("")
    assert ENTRY
    ((group, points),) = tomllib.loads(ENTRY[1])["project"]["entry-points"].items()
    info = place / "our_lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *(f"{n} = {v}" for n, v in points.items())]))
    patch.syspath_prepend(str(place))


@pytest.fixture(scope="module", params=[as_a_folder, as_a_package], ids=lambda way: way.__name__)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instrument, "_FOUND", {})
        place = tmp_path_factory.mktemp("seventh")
        patch.chdir(place)
        request.param(place, patch)
        quiet = Config({"HistoryManager": {"enabled": False}})
        shell = InteractiveShell(config=quiet, ipython_dir=str(place / "ipython"))
        shell.run_line_magic("load_ext", "jupyter_phys")
        shell.user_ns |= {"thread": 0.994}
        yield shell
        shell.run_line_magic("unload_ext", "jupyter_phys")
    for name in set(sys.modules) - before:
        if "pendulum" in name or name.startswith("our_lab"):
            del sys.modules[name]
    vars(jupyter_phys.instruments).pop("pendulum", None)


def run(shell: InteractiveShell, line: str) -> jp.Reading:
    return shell.run_line_magic("pendulum", line)


def tab(shell: InteractiveShell, typed: str) -> list[str]:
    with provisionalcompleter():
        return [one.text for one in shell.Completer.completions(typed, len(typed))]


def test_the_page_holds_the_whole_folder():
    assert {Path(name).stem for name in FILES} == {
        "__init__", "settings", "subjects", "compute", "panels", "calibration",
    }  # fmt: skip
    assert ENTRY and LINES and SCRIPT


def test_the_lines_of_the_page(shell: InteractiveShell):
    assert LINES
    for line in LINES[1].splitlines():
        ran = shell.run_cell(line, store_history=True)
        assert ran.success, line
        assert (ran.result is None) == line.startswith(("%load_ext", "r =", "%pendulum?")), line
    assert shell.user_ns["r"].data["subject"].values.tolist() == ["rod"]


def test_the_script_of_the_page(shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert SCRIPT
    exec(compile(SCRIPT[1], "docs/adding_an_instrument.md", "exec"), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clock.html", "clock.nc", "rod.svg"]


def test_it_is_known_everywhere(shell: InteractiveShell):
    assert "pendulum" in dir(jp) and "swing" in dir(jp.pendulum)
    assert list(jp.pendulum.__signature__.parameters)[:3] == ["subject", "amplitude", "gravity"]
    assert "%pendulum" in repr(shell.run_line_magic("phys", ""))


def test_sliders(shell: InteractiveShell):
    task = jp.pendulum.swing
    given: dict[str, Any] = {"amplitude": 60.0, "length": 2.0}
    sliders = Told(shell, Call(task, "rod", given, "rod", {"amplitude": "60", "length": "2"}), task("rod", **given))
    turns.turns(shell).cell_ends()
    sliders._hear(None, {"type": "hello", "view": "v"}, [])
    controls = sliders.of("controls")[0]
    assert controls["call"] == {"magic": "pendulum", "task": "swing", "subject": "rod", "fixed": ""}
    assert list(controls["schema"]["properties"]) == ["length", "amplitude", "gravity", "duration", "steps"]
    sliders.measure(1, **given, steps=200)
    wait_for(lambda: sliders.finals() == [1])
    (plot,) = sliders.of("reading")[-1]["payload"]["panels"]
    assert plot["marks"][0]["x"]["shape"] == [201]
    sliders.close()


def test_help(shell: InteractiveShell):
    page = shell.find_line_magic("pendulum").getdoc()
    for said in ("how much longer a wide swing takes", "%pendulum swing SUBJECT", "0 … 179 degrees", "exact · series"):
        assert said in page
    assert "length=1.0" in page and "Adlaj" in page


def test_tab(shell: InteractiveShell):
    options = ["amplitude=", "gravity=", "method=", "length="]
    assert tab(shell, "%pendulum ")[:8] == ["period", "swing", "thread", "rod", *options]
    assert tab(shell, "%pendulum sw") == ["swing"]
    assert tab(shell, "%pendulum swing ")[:4] == ["thread", "rod", "amplitude=", "gravity="]
    assert tab(shell, "%pendulum swing rod st") == ["steps="]
    assert "steps=" not in tab(shell, "%pendulum rod st")
    assert tab(shell, "%pendulum rod le") == ["length="]
    assert tab(shell, "r = %pendulum rod method=[exact, s") == ["series"]
    assert tab(shell, "%phys check pe") == ["pendulum"]


def test_a_task_is_a_word_or_the_default(shell: InteractiveShell):
    assert run(shell, "thread").record.task == "period"
    assert run(shell, "period thread").record.task == "period"
    reading = run(shell, "swing thread steps=50")
    assert reading.record.task == "swing" and reading.data["angle"].dims == ("subject", "time")
    assert reading.data["subject"].values.tolist() == ["thread"]


def test_axes(shell: InteractiveShell):
    data = run(shell, "[1.0, 4.0] amplitude=[1, 90] gravity=[1, 4, 16]").data
    assert dict(data["period"].sizes) == {"gravity": 3, "subject": 2, "amplitude": 2}
    assert data["ratio"].dims == ("amplitude",)  # gravity gives the period only
    short, long = data["period"].isel(subject=0), data["period"].isel(subject=1)
    np.testing.assert_allclose(long, 2 * short)
    np.testing.assert_allclose(short.isel(gravity=0), 2 * short.isel(gravity=1))
    assert data["gravity"].attrs["units"] == "m/s²" and data["period"].attrs["units"] == "s"


@pytest.mark.parametrize(
    "line", ["[1.0, 4.0] amplitude=[1, 90] gravity=[1, 4]", "1.0", "swing rod steps=20", "--check"]
)
def test_everything_has_a_unit_or_says_that_it_has_none(shell: InteractiveShell, line: str):
    for name, one in run(shell, line).data.variables.items():
        assert isinstance(one.attrs.get("units"), str) and one.attrs.get("long_name"), name


def test_settings_of_a_subject(shell: InteractiveShell):
    data = run(shell, "rod length=[1.5, 6]").data
    assert data["subject"].values.tolist() == ["rod length=1.5", "rod length=6"]
    assert data["period"].values[0] == pytest.approx(run(shell, "1.0").data["period"].values[0])
    with pytest.raises(UsageError, match="length"):
        run(shell, "rod length=-1")
    with pytest.raises(UsageError, match=r"no setting.*'length'"):
        run(shell, "1.0 length=2")


@pytest.mark.parametrize(
    ("line", "said"),
    {
        "1 + 2j": "type instead: %pendulum 0.5",
        "1.0 amplitude=180": "0 … 179 degrees",
        "1.0 method=exactly": "Did you mean 'exact'?",
        "rodd": "Did you mean 'rod'?",
        "1.0 steps=3": "There is no option of %pendulum 'steps'",
        "swing 1.0 method=exact": "There is no option of %pendulum 'method'",
    }.items(),
)
def test_refusals(shell: InteractiveShell, line: str, said: str):
    with pytest.raises(UsageError) as refusal:
        run(shell, line)
    assert said in str(refusal.value)


def test_the_calibration(shell: InteractiveShell):
    reading = run(shell, "--check")
    assert reading.data["passed"].values.tolist() == [1] * 6
    assert "Γ(1/4)²" in repr(reading)


def test_notes_reach_the_reader(shell: InteractiveShell):
    (note,) = run(shell, "1.0 method=series amplitude=[30, 90]").notes
    assert note.level == "warning" and note.text in repr(run(shell, "1.0 method=series amplitude=90"))


@pytest.mark.parametrize("line", ["[1.0, 4.0] amplitude=[1, 90] gravity=[1, 4]", "swing rod steps=20", "--check"])
@pytest.mark.parametrize("kind", ["nc", "json"])
def test_files(shell: InteractiveShell, tmp_path: Path, line: str, kind: str):
    reading = run(shell, line)
    again = jp.load(reading.save(tmp_path / f"reading.{kind}"))
    assert again.data.identical(reading.data) and again.record == reading.record
    assert again.settings == reading.settings and repr(again) == repr(reading)


def test_exports(shell: InteractiveShell, tmp_path: Path):
    reading = run(shell, "[1.0, 4.0] amplitude=[1, 90]")
    for kind in ("csv", "html", "svg", "png"):
        assert reading.export(tmp_path / f"reading.{kind}").stat().st_size > 100
    assert "period" in (tmp_path / "reading.csv").read_text().splitlines()[0]
    assert "<svg" in (tmp_path / "reading.svg").read_text()
    assert set(reading._repr_mimebundle_()) >= {"text/plain", "text/html", "image/png"}


def test_again_and_compare(shell: InteractiveShell):
    first = run(shell, "rod length=3 gravity=[1, 2]")
    assert "reading 1" in repr(jp.compare(first, run(shell, "1.0 gravity=[1, 2]")))
    with pytest.raises(Refused):
        jp.compare(first, run(shell, "swing steps=20"))


@pytest.mark.parametrize("engine", ["inline", "threads"])
def test_an_interrupt_keeps_what_was_measured(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, engine: str):
    step, steps = Run.advance, iter(range(10_000))

    def stopping(self: Run, count: int = 1) -> None:
        if next(steps) == 140:
            signal.raise_signal(signal.SIGINT)
        step(self, count)

    monkeypatch.setattr(Run, "advance", stopping)
    with pytest.raises(Interrupted) as stop:
        jp.pendulum.swing([1.0, 2.0], gravity=[1, 2, 3], steps=99, engine=engine)
    reading = stop.value.reading
    assert reading is jp.last() and not reading.complete
    assert "interrupted" in repr(reading)
    measured = np.isfinite(reading.data["angle"])
    assert dict(measured.sizes) == {"gravity": 3, "subject": 2, "time": 100}
    assert 0 < measured.sum() < measured.size
    assert run(shell, "thread").complete


def test_the_same_whatever_the_engine(shell: InteractiveShell):
    line: dict[str, Any] = {"gravity": [1, 2], "steps": 30}
    inline, threads = (jp.pendulum.swing([1.0, 2.0, "rod"], engine=name, **line) for name in ("inline", "threads"))
    assert inline.data.identical(threads.data)


def test_the_card_imports_nothing_heavy(tmp_path: Path):
    write(tmp_path)
    code = (
        "import sys, jupyter_phys.instruments as home; home.__path__.append(sys.argv[1])\n"
        "from jupyter_phys.core.instrument import find; task = find('pendulum').task('swing')\n"
        "task.settings, task.subjects, task.names()\n"
        "print([name for name in ('torch', 'xarray', 'matplotlib', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
