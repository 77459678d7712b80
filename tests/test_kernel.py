"""A real kernel: what a notebook sees of the magics, and what stays when it is saved."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from nbconvert import HTMLExporter, LatexExporter

READING = "application/vnd.jupyter-phys.reading.v1+json"
TYPES = (READING, "text/html", "image/png", "text/plain")
SMALL = "curve=0 pictures=0"
TIMEOUT = 120


@dataclass
class Ran:
    """What a cell did."""

    status: str = ""
    errors: list[str] = field(default_factory=list[str])  # a formatter that fails tells its own
    said: str = ""
    bundles: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def hear(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            self.said += content["text"]
        elif kind in ("display_data", "execute_result") and "text/html" in content["data"]:  # progress is text alone
            self.bundles.append(content["data"])
        elif kind == "error":
            self.errors.append(content["ename"])

    @property
    def text(self) -> str:
        return self.said + "".join(bundle["text/plain"] for bundle in self.bundles)


@dataclass
class Bench:
    """A kernel with the extension loaded."""

    manager: KernelManager
    client: BlockingKernelClient
    folder: Path

    def run(self, code: str, *, hear: Callable[[Ran], None] | None = None) -> Ran:
        """Run a cell; ``hear`` is called at every message with what came so far."""
        ran = Ran()

        def hook(message: dict[str, Any]) -> None:
            ran.hear(message["msg_type"], message["content"])
            if hear:
                hear(ran)

        reply = self.client.execute_interactive(code, output_hook=hook, timeout=TIMEOUT, allow_stdin=False)
        ran.status = reply["content"]["status"]
        assert ran.status == "error" or not ran.errors
        return ran

    def value(self, expression: str) -> Any:
        ran = self.run(f"print(repr({expression}))")
        assert ran.status == "ok", ran.errors
        return ran.said.strip()

    def tab(self, code: str) -> list[str]:
        found = self.client.complete(code, len(code), reply=True, timeout=TIMEOUT)["content"]
        assert found["status"] == "ok"
        return found["matches"]

    def page(self, code: str) -> str:
        found = self.client.inspect(code, len(code), reply=True, timeout=TIMEOUT)["content"]
        return found["data"]["text/plain"] if found["found"] else ""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path) -> Iterator[Bench]:
    here = {**os.environ, "IPYTHONDIR": str(home / "ipython"), "TERM": "dumb"}
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=TIMEOUT, env=here, cwd=str(home))
    bench = Bench(manager, client, home)
    try:
        assert bench.run("%load_ext jupyter_phys").status == "ok"
        assert bench.run(SETUP).status == "ok"
        yield bench
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


SETUP = """
import numpy as np
import jupyter_phys as jp
draw = np.random.default_rng(0)
m1, m2 = draw.random((2, 64, 64)) < 0.3
a = "a secret"
"""


def test_nothing_heavy_is_loaded_with_the_extension(bench: Bench):
    names = "torch", "xarray", "matplotlib", "pandas", "scipy"
    assert bench.value(f"[name for name in {names} if name in __import__('sys').modules]") == "[]"


def test_tab(bench: Bench):
    assert bench.tab("%entropy ")[:6] == ["m1", "m2", "periodic", "random", "jittered", "polynomial"]
    assert bench.tab("x = 3\nr = %entropy m1 kind=") == ["signal", "image", "mri"]
    assert bench.tab("%%entropy m1 --") == ["--interactive", "--check", "--full", "--help"]
    assert "shape" in bench.tab("%entropy m1.sh")


@pytest.mark.parametrize("code", ["%entropy", "%%entropy", "entropy", "r = %entropy"])
def test_inspect_gives_the_manual(bench: Bench, code: str):
    page = bench.page(code)
    assert "Phase-space entropy of an acquisition" in page and "arXiv:2512.19223" in page


def test_the_question_mark_pages_the_manual(bench: Bench):
    reply = bench.client.execute("%entropy?", reply=True, timeout=TIMEOUT)["content"]
    (page,) = (part["data"]["text/plain"] for part in reply["payload"] if part["source"] == "page")
    assert "kind=image" in page and "samples" in page and "--check" in page


def test_a_reading_comes_in_all_types(bench: Bench):
    (bundle,) = bench.run(f"%entropy m1 {SMALL}").bundles
    assert set(bundle) == set(TYPES)
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle[READING]["schema"] == 1 and bundle[READING]["instrument"] == "entropy"
    assert len(json.dumps(bundle[READING])) <= 256_000
    assert "<table" in bundle["text/html"] and "alt=" in bundle["text/html"]
    assert "m1" in bundle["text/plain"]


@pytest.mark.parametrize("options", ["scale=[3, 4] kind=mri", "kind=[image, mri] scale=[3, None]"])
def test_sweeps_come_in_all_types_with_their_pictures(bench: Bench, options: str):
    (bundle,) = bench.run(f"%entropy m1 curve=2 pictures=1 {options}").bundles
    assert set(bundle) == set(TYPES)
    titles = [panel.get("row") or panel["title"] for panel in bundle[READING]["panels"]]
    assert any(title.startswith("Phase space along the row") for title in titles)


def test_a_reading_of_tables_alone_has_no_picture(bench: Bench):
    (bundle,) = bench.run(f"%entropy m1 {SMALL} kind=[image, mri]").bundles
    assert set(bundle) == {READING, "text/html", "text/plain"}


def test_a_semicolon_silences_and_the_reading_is_kept(bench: Bench):
    taken = int(bench.value("len(jp.taken())"))
    ran = bench.run(f"%entropy m2 {SMALL};")
    assert (ran.status, ran.bundles) == ("ok", [])
    assert bench.value("(len(jp.taken()), list(jp.last().data.subject.values.tolist()))") == f"({taken + 1}, ['m2'])"


def test_an_assignment_shows_nothing_and_gives_the_reading(bench: Bench):
    assert bench.run(f"r = %entropy m1 kind=mri {SMALL};").bundles == []
    assert bench.value("(type(r).__name__, r.settings.kind, r is jp.last())") == "('Reading', 'mri', True)"


def test_the_body_holds_long_subjects(bench: Bench):
    cell = f"%%entropy {SMALL} kind=mri draws=2\nboth = m1 | m2\n{{\n 'or': both,\n 'law': polynomial,\n}}"
    (bundle,) = bench.run(cell).bundles
    assert "or" in bundle["text/plain"] and "polynomial" in bundle["text/plain"]
    assert bench.value("(jp.last().data.subject.values.tolist(), both.shape)") == "(['or', 'law'], (64, 64))"


def test_a_flag_is_a_flag(bench: Bench):
    ran = bench.run(f"net = m1\n%entropy net -i {SMALL}")
    assert ran.status == "ok" and len(ran.bundles) >= 1
    assert bench.value("jp.last().data.subject.values.tolist()") == "['net']"


@pytest.mark.parametrize(
    ("line", "said"),
    {
        "%entropy m1 knd=mri": "Did you mean 'kind'?",
        "%entropy m1 kind=mir": "Did you mean 'mri'?",
        "%entropy polinomial": "Did you mean 'polynomial'?",
        "%entropy m1 curve=-1": "0 … 40",
        "%entropy {m1}": "given: {m1}",
        "%entropy $a": "given: $a",
        "%entropy m1 signal={a}": "given: {a}",
        "%phys chek": "Did you mean 'check'?",
        "%phys tutorial 98": "There is no tutorial '98'",
    }.items(),
)
def test_what_is_refused_is_told_in_short(bench: Bench, line: str, said: str):
    ran = bench.run(line)
    assert (ran.status, ran.bundles) == ("error", [])
    assert ran.said.startswith("UsageError: ") and said in ran.said and "Traceback" not in ran.said
    assert "a secret" not in ran.said


def test_the_session_is_configured_with_config(bench: Bench):
    bench.run("%config JupyterPhys.seed = 3")
    bench.run(f"%entropy random signal=np.ones((32, 32)) {SMALL};")
    assert bench.value("jp.last().record.seed") == "3"
    bench.run("%config JupyterPhys.seed = 0")
    assert "JupyterPhys.precision" in bench.run("%config JupyterPhys").said
    assert "float32" in bench.run("%config JupyterPhys.precision = 'float16'").said
    assert bench.value("get_ipython().run_line_magic('config', 'JupyterPhys.precision')") == "'float64'"


def test_the_bench(bench: Bench):
    assert "%entropy" in bench.run("%phys").text
    readings = bench.run("%phys readings").bundles[0]
    assert readings["text/plain"].count("%entropy mask") == int(bench.value("len(jp.taken())"))
    (page,) = bench.run("%phys tutorial").bundles
    assert set(page) == {"text/plain", "text/html"}


def test_a_tutorial_is_copied_once(bench: Bench):
    bench.run("from jupyter_phys.notebook.phys import tutorials; known = sorted(tutorials())")
    known = json.loads(bench.value("known").replace("'", '"'))
    if not known:
        pytest.skip("no tutorial is written yet")
    assert bench.run(f"%phys tutorial {known[0]}").status == "ok"
    (copy,) = bench.folder.glob(f"{known[0]}_*.ipynb")
    assert nbformat.read(copy, as_version=4).cells
    assert "not overwritten" in bench.run(f"%phys tutorial {known[0]}").said


def interrupted(bench: Bench, cell: str, after: int) -> Ran:
    """Run a cell and press Stop when it has said "step" so often."""
    pressed: list[bool] = []

    def press(ran: Ran) -> None:
        if not pressed and ran.said.count("step") >= after:
            pressed.append(True)
            bench.manager.interrupt_kernel()

    return bench.run(cell, hear=press)


SLOW = """
import time
def slow(field):
    print("step", flush=True)
    time.sleep(0.2)
    return field * m1
"""


@pytest.mark.parametrize("engine", ["inline", "threads"])
def test_stop_in_a_sweep_shows_and_keeps_what_was_measured(bench: Bench, engine: str):
    line = f"%entropy [m1, slow] signal=m2 scale=[2, 3, 4, 5, 6, 7, 8, 9] {SMALL} engine={engine}"
    ran = interrupted(bench, f"{SLOW}\n{line}\nprint('went on')", after=3)
    assert (ran.status, ran.errors) == ("error", ["KeyboardInterrupt"])
    assert "went on" not in ran.said
    (bundle,) = ran.bundles
    assert "interrupted" in bundle["text/plain"] and READING in bundle
    bench.run("found = np.isfinite(jp.last().data.delta_S.values)")
    assert bench.value("(jp.last().complete, found.any().item(), found.all().item())") == "(False, True, False)"
    assert bench.value("jp.last().data.sizes['scale']") == "8"
    assert bench.run(f"%entropy m1 {SMALL}").status == "ok"
    assert bench.value("jp.last().complete") == "True"


def test_stop_in_the_calibration_keeps_the_cases_that_were_run(bench: Bench):
    watch = """
from jupyter_phys.core import calibration
row = calibration._row
def told(*given):
    print("step", flush=True)
    return row(*given)
calibration._row = told
"""
    try:
        ran = interrupted(bench, f"{watch}\n%entropy --check", after=4)
        assert (ran.status, ran.errors) == ("error", ["KeyboardInterrupt"])
        assert [set(bundle) for bundle in ran.bundles] == [{READING, "text/html", "text/plain"}]
        assert bench.value("(jp.last().complete, jp.last().record.task)") == "(False, 'check')"
        assert int(bench.value("jp.last().data.sizes['case']")) >= 1
    finally:
        bench.run("calibration._row = row")


HOSTILE = "<img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_labels_stay_text(bench: Bench):
    (bundle,) = bench.run(f"%entropy {{{HOSTILE!r}: m1, '</script><b>': m2}} {SMALL}").bundles
    tags = Tags(bundle["text/html"]).found
    assert HOSTILE in json.dumps(bundle[READING]) and HOSTILE in html.unescape(bundle["text/html"])
    assert [given["src"][:22] for tag, given in tags if tag == "img" and given["src"]] == ["data:image/png;base64,"]
    assert not {"b", "script"} & {tag for tag, _ in tags}
    assert not [name for _, given in tags for name in given if name.startswith("on")]


CELLS = [
    SETUP.replace("\nimport", "%load_ext jupyter_phys\nimport", 1),
    f"%entropy {{{HOSTILE!r}: m1, 'm2': m2}} {SMALL} scale=[2, 4]",
    f"r = %entropy m1 {SMALL}\nr",
]


@pytest.fixture(scope="module")
def saved(home: Path) -> nbformat.NotebookNode:
    """A notebook that was run, written and read again."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(home)}}
    )
    client.execute(env={**os.environ, "IPYTHONDIR": str(home / "ipython")})
    nbformat.write(notebook, home / "saved.ipynb")
    return nbformat.read(home / "saved.ipynb", as_version=4)


def test_a_saved_notebook_holds_readings_and_no_widgets(saved: nbformat.NotebookNode):
    nbformat.validate(saved)
    bundles = [output["data"] for cell in saved.cells for output in cell.outputs if "data" in output]
    assert [set(bundle) for bundle in bundles if READING in bundle] == [set(TYPES)] * 2
    assert "".join(bundle["text/plain"] for bundle in bundles if READING not in bundle) == ""  # progress is over
    assert "widgets" not in saved.metadata
    assert "application/vnd.jupyter.widget-view+json" not in {kind for bundle in bundles for kind in bundle}


def test_a_saved_notebook_becomes_html_without_a_kernel(saved: nbformat.NotebookNode):
    page, _ = HTMLExporter().from_notebook_node(saved)
    images = [given for tag, given in Tags(page).found if tag == "img"]
    assert len(images) == 2 and all(given["alt"] for given in images)
    assert all((given["src"] or "").startswith("data:image/png;base64,") for given in images)
    assert not [name for given in images for name in given if name.startswith("on")]


def test_a_saved_notebook_becomes_latex_with_its_pictures(saved: nbformat.NotebookNode):
    text, resources = LatexExporter().from_notebook_node(saved)
    pictures = {name: data for name, data in resources["outputs"].items() if name.endswith(".png")}
    assert len(pictures) == 2 and all(data.startswith(b"\x89PNG") for data in pictures.values())
    assert all(name in text for name in pictures)
