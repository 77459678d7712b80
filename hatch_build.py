"""Builds the front end before a wheel or an sdist is packed, and ships it as JupyterLab's shared data.

`pip install -e .` comes by here as well. It goes on without the front end where that cannot be built, because
readings show themselves as HTML and PNG too; a wheel or an sdist without it would be broken for everybody.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = (20, 19)
SOURCES = ("src", "style", "package.json", "package-lock.json", "tsconfig.json", "tutorials.mjs")
SHARED = "share/jupyter/labextensions/jupyter-phys"


class Unbuildable(Exception):
    """Why the front end cannot be built on this machine."""


class FrontEnd:
    """The TypeScript in `labextension/`, the tutorials, and what is built from them in `jupyter_phys/`."""

    def __init__(self, root: Path) -> None:
        self.source = root / "labextension"
        self.built = root / "jupyter_phys" / "labextension"
        self.live = root / "jupyter_phys" / "static"  # of the live widget
        self.tutorials = root / "notebooks"
        self.stamp = self.source / "lib" / ".built"

    @property
    def exists(self) -> bool:
        return (self.built / "package.json").is_file() and (self.live / "live.js").is_file()

    @property
    def is_current(self) -> bool:
        """Whether what is built is what the stamp was written for: changed by hand counts as out of date."""
        return self.exists and self.stamp.is_file() and self.stamp.read_text() == self.fingerprint()

    def fingerprint(self) -> str:
        tutorials = sorted(self.tutorials.glob("[0-9][0-9]_*.ipynb"))
        return digest([*(self.source / name for name in SOURCES), *tutorials, self.built, self.live])

    def build(self) -> None:
        npm = find_npm()
        # --no-build-isolation: jupyter-builder then lies beside Python, which need not be on PATH.
        path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
        env = {**os.environ, "PATH": path}
        self.install(npm, env)
        for folder in (self.built, self.live):
            shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([npm, "run", "build"], cwd=self.source, env=env, check=True)
        self.stamp.write_text(self.fingerprint())

    def install(self, npm: str, env: dict[str, str]) -> None:
        """Install what the lock file names, unless just that is there already."""
        lock = digest([self.source / "package-lock.json"])
        installed = self.source / "node_modules" / ".installed"
        if installed.is_file() and installed.read_text() == lock:
            return
        if subprocess.run([npm, "ci"], cwd=self.source, env=env).returncode:
            raise Unbuildable("`npm ci` failed, see above; it fetches from the network")
        installed.write_text(lock)


class FrontEndHook(BuildHookInterface):
    """What hatchling calls."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        front = FrontEnd(Path(self.root))
        unpacked_sdist = (Path(self.root) / "PKG-INFO").is_file() and front.exists
        if not unpacked_sdist and not front.is_current:
            self.build(front, needed=version != "editable")
        if self.target_name == "wheel" and front.exists:
            build_data["shared_data"][str(front.built)] = SHARED
            build_data["shared_data"][str(front.source / "install.json")] = f"{SHARED}/install.json"

    def build(self, front: FrontEnd, needed: bool) -> None:
        try:
            front.build()
        except subprocess.CalledProcessError:
            self.app.abort("jupyter_phys: the front end in labextension/ does not build, see above.")
        except Unbuildable as why:
            if needed:
                self.app.abort(
                    f"jupyter_phys: {why}. The front end is built with Node.js >= 20.19 and npm: install "
                    "them and try again, or take the published wheel, which has it: pip install jupyter-phys"
                )
            state = "the earlier one stays" if front.exists else "JupyterLab shows HTML and PNG instead"
            self.app.display_warning(f"jupyter_phys: {why}. The front end is not built: {state}.")


def find_npm() -> str:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise Unbuildable("there is no Node.js with npm on this machine")
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if tuple(int(number) for number in re.findall(r"\d+", said)[:2]) < NODE:
        raise Unbuildable(f"the Node.js on this machine is too old ({said or 'it does not say its version'})")
    return npm


def digest(paths: list[Path]) -> str:
    """One hash of all files at and below `paths`, names and contents."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                name = file.relative_to(path.parent).as_posix()
                total.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
