"""A real JupyterLab and a real Chromium for the tests of the page: own folders, nothing of the user's is touched."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "jupyter_phys" / "labextension"
AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / "build" / "screens"
READING = "application/vnd.jupyter-phys.reading.v1+json"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady"
START = """index => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.deselectAll();
  content.activeCellIndex = index;
  content.widgets[index].model.clearExecution();
  void window.jupyterapp.commands.execute('notebook:run-cell');
}"""
DONE = """index => {
  const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
  return content.widgets[index].model.executionCount !== null && sessionContext.session?.kernel?.status === 'idle';
}"""
# JupyterLab asks for a subshell with every comm, and does not catch that its own page is closed before the answer
CLOSING = "Canceled future for create_subshell_request message"
NEWS_OFF = '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'


def chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next((path for path in map(shutil.which, BROWSERS) if path), None)


def need_a_browser() -> None:
    """Skip with a line that says what is missing; where CI is set, that is a failure."""
    missing = [
        what
        for what, there in {
            "no Chromium on this machine": chromium(),
            "playwright is not installed": importlib.util.find_spec("playwright"),
            "jupyterlab is not installed": importlib.util.find_spec("jupyterlab"),
            "the front end is not built (Node.js and `pip install -e .`)": (BUILT / "package.json").is_file(),
        }.items()
        if not there
    ]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"the page is not tested: {'; '.join(missing)}")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Lab:
    """JupyterLab with the front end of this checkout, in a process group of its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.port, self.token = root, free_port(), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = root / "lab.log"
        settings = root / ".settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(NEWS_OFF)
        extensions = root / ".share" / "labextensions"
        extensions.mkdir(parents=True)
        (extensions / "jupyter-phys").symlink_to(BUILT, target_is_directory=True)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self._command(), env=self._env(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _command(self) -> list[str]:
        return [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True",
        ]  # fmt: skip

    def _env(self) -> dict[str, str]:
        own = {
            "JUPYTER_CONFIG_DIR": ".config", "JUPYTER_DATA_DIR": ".data", "JUPYTER_RUNTIME_DIR": ".runtime",
            "IPYTHONDIR": ".ipython", "JUPYTERLAB_SETTINGS_DIR": ".settings",
            "JUPYTERLAB_WORKSPACES_DIR": ".workspaces", "JUPYTER_PATH": ".share",
        }  # fmt: skip
        return {**os.environ, **{name: str(self.root / folder) for name, folder in own.items()}}

    def _wait(self) -> None:
        end = time.monotonic() + 90
        while True:
            try:
                self.api("api/status")
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"JupyterLab does not come up:\n{self.log.read_text()}") from error
                time.sleep(0.1)

    def api(self, path: str) -> Any:
        head = {"Authorization": f"token {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{path}", headers=head), timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def write(self, name: str, *bundles: dict[str, Any]) -> str:
        """A notebook as somebody else saved it: outputs nobody trusted, and a kernel that no machine has."""
        cells = [
            nbformat.v4.new_code_cell(f"# reading {i}", outputs=[nbformat.v4.new_output("display_data", data=bundle)])
            for i, bundle in enumerate(bundles)
        ]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata = {"kernelspec": {"name": "gone", "display_name": "gone", "language": "none"}}
        nbformat.write(notebook, self.root / name)
        return name

    def run(self, page: Any, name: str, *cells: str) -> None:
        """A notebook with these cells, run from top to bottom in a kernel of this Python, and still open."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(notebook, self.root / name)
        page.goto(f"{self.url}/lab/workspaces/auto-{time.time_ns()}/tree/{name}?token={self.token}&reset")
        page.wait_for_function(READY, timeout=60_000)
        for index in range(len(cells)):
            self.run_cell(page, index)

    def run_cell(self, page: Any, index: int) -> None:
        """Run one cell and wait until it is done; a dialog would wait for ever before the kernel is ready."""
        self.start_cell(page, index)
        page.wait_for_function(DONE, arg=index, timeout=60_000)

    def start_cell(self, page: Any, index: int) -> None:
        """Run one cell and go on."""
        page.evaluate(START, index)

    def open(self, page: Any, name: str) -> None:
        """The notebook in JupyterLab, without a kernel, its readings drawn."""
        page.goto(f"{self.url}/lab/workspaces/auto-{time.time_ns()}/tree/{name}?token={self.token}&reset")
        page.locator(".jp-Dialog button.jp-mod-reject").click(timeout=60_000)  # "No Kernel"
        page.locator(".jphys-plot canvas[data-with]").first.wait_for(timeout=30_000, state="attached")

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(15)


def new_page(chromium: Any, errors: list[str], **look: Any) -> Any:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **look)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: None if CLOSING in str(error) else errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" and ours(said) else None)
    return page


def ours(said: Any) -> bool:
    """JupyterLab itself complains of the kernel that is not there; wrong nodes are always ours."""
    return "jphys" in said.text or "attribute" in said.text or "jupyter-phys" in said.location.get("url", "")


def set_theme(page: Any, theme: str) -> None:
    change = "name => { void window.jupyterapp.commands.execute('apputils:change-theme', {theme: name}); }"
    page.evaluate(change, f"JupyterLab {theme}")
    page.locator(f".jphys-reading[data-theme={theme.lower()}]").first.wait_for()
    page.wait_for_timeout(500)


def keeps_nobody_out(page: Any, where: str) -> None:
    """Ask axe-core, which may be missing on a machine of one's own only."""
    if AXE.is_file():
        assert serious(page, where) == []
    else:
        assert not os.environ.get("CI"), "axe-core is not there: npm ci in labextension/"


def serious(page: Any, where: str) -> list[tuple[str, list[Any]]]:
    """What axe-core finds wrong there, of what keeps people out."""
    page.evaluate(f"() => {{ {AXE.read_text()} }}")
    found = page.evaluate("where => axe.run(where, {resultTypes: ['violations']})", where)
    bad = [it for it in found["violations"] if it["impact"] in ("serious", "critical")]
    return [(it["id"], [node["target"] for node in it["nodes"]][:3]) for it in bad]
