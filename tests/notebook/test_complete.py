"""Tab in a magic line, asked of IPython's own completer."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jedi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_phys.core import instrument
from jupyter_phys.core.manual import manual
from jupyter_phys.instruments.entropy.subjects import Polynomial
from jupyter_phys.notebook import complete

FAMILIES = ["periodic", "random", "jittered", "polynomial"]
MINE = ["lines", "m1", "m2", "dense"]
SAMPLES = ["tone", "packet", "camera", "head", "brain"]
KINDS = ["signal", "image", "mri"]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    # jedi gives up on a file of its cache that another process is only writing
    jedi.settings.cache_directory = str(tmp_path_factory.mktemp("jedi"))
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell(config=quiet, ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    shell.run_line_magic("load_ext", "jupyter_phys")
    shell.user_ns |= {
        "lines": np.ones(8, bool), "m1": np.ones((8, 8)), "m2": np.ones((2, 8, 8)), "dense": Polynomial(p=3),
        "number": 3, "four": np.ones((2, 2, 2, 2)), "_hidden": np.ones((8, 8)), "word": "mri", "np": np,
    }  # fmt: skip
    yield shell
    shell.run_line_magic("unload_ext", "jupyter_phys")


def tab(shell: InteractiveShell, before: str, after: str = "") -> list[str]:
    """What may be inserted when Tab is pressed between ``before`` and ``after``."""
    with provisionalcompleter():
        found = list(shell.Completer.completions(before + after, len(before)))
    assert all(one.end == len(before) for one in found)
    return [one.text for one in found]


def ours(shell: InteractiveShell, before: str) -> list[str]:
    """The same if nobody but this package answered; [] leaves it to Python's own completion."""
    names = [getattr(one, "matcher_identifier", one.__qualname__) for one in shell.Completer.matchers]
    shell.Completer.disable_matchers = [name for name in names if name != complete.IDENTIFIER]
    try:
        return tab(shell, before)
    finally:
        shell.Completer.disable_matchers = []


STARTS = [
    "%entropy ",
    "  %entropy ",
    "%%entropy ",
    "x = %entropy ",
    "a.b = %entropy ",
    "%time %entropy ",
    "%timeit -n 1 -r1 %entropy ",
    "if True:\n    %entropy ",
    "%%time\n%entropy ",
    "import os\nx = 1\n\nr = %entropy ",
    "%entropy mask ",
    "%entropy \\\n",
]


@pytest.mark.parametrize("start", STARTS)
def test_the_subject_comes_first(shell: InteractiveShell, start: str):
    options = [f"{name}=" for name in instrument.find("entropy").task().names()]
    assert tab(shell, start) == [*MINE, *FAMILIES, *options]


@pytest.mark.parametrize("start", STARTS)
def test_it_goes_on_wherever_a_line_may_begin(shell: InteractiveShell, start: str):
    assert ours(shell, start + "[m1, po") == ["polynomial"]
    assert ours(shell, start + "m1 signal=f(kind=1) ki") == ["kind="]
    assert ours(shell, start + "m1 kind=[image, m") == ["mri"]
    assert ours(shell, start + "m1 -") == list(complete.FLAGS)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("po", ["polynomial"]),
        ("m", ["m1", "m2", "memory="]),
        ("ki", ["kind="]),
        ("[m1, po", ["polynomial"]),
        ("[m1, ", [*MINE, *FAMILIES]),
        ("[", [*MINE, *FAMILIES]),
        ("m1 ki", ["kind="]),
        ("m1, ki", ["kind="]),
        ("m1[0] ki", ["kind="]),
        ("np.ones((8, 8)) ki", ["kind="]),
        ("[m1, m2] ki", ["kind="]),
        ("polynomial ra", ["rate="]),
        ("m1 kind=", KINDS),
        ("m1 kind = ", KINDS),
        ("m1 kind=m", ["mri"]),
        ("kind=[", KINDS),
        ("kind=[image, m", ["mri"]),
        ("kind=[image, ", KINDS),
        ("m1 signal=", [*SAMPLES, *MINE]),
        ("m1 signal=h", ["head"]),
        ("m1 signal=m", ["m1", "m2"]),
        ("geometry=", ["points", "lines"]),
        ("device=", ["auto", "cpu", "cuda"]),
        ("engine=p", ["processes"]),
        ("precision=", ["float64", "float32"]),
        ("m1 kind=mri di", []),
        ("m1 kind=mri dc=c", ["centre", "corner"]),
        ("m1 kind=mri ki", []),
        ("m1 signal=f(kind=1) ki", ["kind="]),
        ("m1 -", list(complete.FLAGS)),
        ("-", list(complete.FLAGS)),
        ("m1 --c", ["--check"]),
        ("m1 kind=mri --i", ["--interactive"]),
    ],
)
def test_then_names_choices_samples_and_flags(shell: InteractiveShell, typed: str, offered: list[str]):
    assert ours(shell, f"%entropy {typed}") == offered


@pytest.mark.parametrize(
    "typed",
    [
        "m1.", "m1.sh", "m1[", "m1[nu", "f(", "f(m1, ki", "f(m1, kind=", "(m1, ", "{'mine': m", "{'mine': m1, ",
        "m1 + ", "m1 * m", "m1 -m", "'ki", '"mine ki', "m1 signal=m1.", "m1 signal=m1[0, ki", "m1 signal=np.ones(",
        "m1 signal=m1 * ", "m1 nothing=m", "m1 scale=", "m1 kind='m", "[m1.", "[m1, [ki", "[f(m", "m1 kind=[f(",
        "m1-i", "[m1 -",
    ],
)  # fmt: skip
def test_inside_an_expression_python_completes(shell: InteractiveShell, typed: str):
    assert ours(shell, "%entropy " + typed) == []


def test_python_completes_attributes_in_a_line(shell: InteractiveShell):
    assert "shape" in tab(shell, "%entropy m1.sh")
    assert "number" in tab(shell, "%entropy m1 draws=num")


@pytest.mark.parametrize("typed", ["m", "entropy ", "%entropyx m", "'%entropy m", "# %entropy m", "x + %entropy m"])
def test_other_lines_are_left_alone(shell: InteractiveShell, typed: str):
    assert "memory=" not in tab(shell, typed)


def test_what_stands_behind_the_cursor_stays(shell: InteractiveShell):
    assert tab(shell, "%entropy m1 ki", after=" draws=3\ny = 2") == ["kind="]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%phys ", ["check", "readings", "tutorial"]),
        ("x = %phys r", ["readings"]),
        ("%phys check ", ["entropy", "eos", "probe"]),
        ("%phys check e", ["entropy", "eos"]),
        ("%phys readings ", []),
        ("%phys nothing ", []),
    ],
)
def test_the_bench(shell: InteractiveShell, typed: str, offered: list[str]):
    assert ours(shell, typed) == offered


@given(st.text(alphabet="m1kind=[](){}'\"\\.,+- %#\té", max_size=60))
def test_any_line_has_an_answer(rest: str):
    offered = list(complete.words({"m1": 1}, "entropy", rest))
    assert all(isinstance(word, str) for word in offered)


def test_a_long_line_is_no_trap():
    for part in ("a ", "m1, ", "[", "x=1 ", "((", "'a' ", "%entropy "):
        assert isinstance(list(complete.words({}, "entropy", part * 2000)), list)
        complete._CALL.fullmatch("%entropy " + part * 2000)
        complete._CALL.fullmatch(part * 2000)


def test_tutorials_are_offered_by_number(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("jupyter_phys.notebook.phys.tutorials", lambda: {"10": Path("10_entropy.ipynb")})
    assert tab(shell, "%phys tutorial ") == ["10"]


def test_a_package_that_does_not_load_offers_nothing(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(instrument, "packages", lambda: {"broken": "no.such.package"})
    assert list(complete.words({}, "broken", "m")) == []


def test_loading_twice_and_unloading(shell: InteractiveShell):
    shell.run_line_magic("reload_ext", "jupyter_phys")
    mine = [getattr(one, "matcher_identifier", "") for one in shell.Completer.custom_matchers]
    assert mine.count(complete.IDENTIFIER) == 1
    shell.run_line_magic("unload_ext", "jupyter_phys")
    assert "kind=" not in tab(shell, "%entropy ki")
    assert "entropy" not in shell.magics_manager.magics["line"]
    shell.run_line_magic("load_ext", "jupyter_phys")
    assert tab(shell, "%entropy ki") == ["kind="]


def test_every_flag_stands_in_the_manual():
    page = manual(instrument.find("entropy"))
    assert [flag for flag in complete.FLAGS if f"{flag} " not in page.replace(",", " ")] == []


CODE = """
import sys
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "jupyter_phys")
shell.run_cell("import numpy as np; m = np.ones((4, 4))")
with provisionalcompleter():
    for typed in ("%entropy ", "%entropy m ", "%entropy m kind=", "%entropy signal=", "%entropy -", "%phys check "):
        assert list(shell.Completer.completions(typed, len(typed))), typed
shell.run_line_magic("pinfo", "%entropy")
heavy = ("torch", "matplotlib", "xarray", "pandas", "scipy", "skimage")
print("imported:", [name for name in heavy if name in sys.modules])
"""


def test_a_named_subject_offers_its_own_settings_and_no_other_s(shell: InteractiveShell):
    assert "p=" in tab(shell, "%entropy polynomial p") and "period=" not in tab(shell, "%entropy polynomial p")
    assert "period=" in tab(shell, "%entropy periodic p") and "p=" not in tab(shell, "%entropy periodic p")
    assert {"p=", "period="} <= set(tab(shell, "%entropy p"))


def test_tab_and_help_import_nothing_heavy(tmp_path: Path):
    here = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=here, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "imported: []" in done.stdout
