"""The wheel carries the front end, or it is not made; an editable install does without."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import jupyter_phys

ROOT = Path(__file__).parents[1]
SHARED = "share/jupyter/labextensions/jupyter-phys/"
LOCK = ROOT / "labextension" / "package-lock.json"
BUILT = ROOT / "jupyter_phys" / "labextension"
TUTORIALS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of this repository that a build reads, without what was built from them."""
    built = shutil.ignore_patterns("node_modules", "lib", "__pycache__", ".ipynb_checkpoints")
    for name in ("jupyter_phys", "notebooks", "labextension"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=built)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("labextension", "static"):
        shutil.rmtree(tmp_path / "jupyter_phys" / name, ignore_errors=True)
    return tmp_path


def build(kind: str, checkout: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Make a `wheel`, `sdist` or `editable` as pip does, with `path` to look for Node.js in."""
    call = f"import hatchling.build; print(hatchling.build.build_{kind}('dist'))"
    return subprocess.run(
        [sys.executable, "-c", call],
        cwd=checkout, env={**os.environ, "PATH": path}, capture_output=True, text=True,
    )  # fmt: skip


def names(checkout: Path) -> list[str]:
    (wheel,) = (checkout / "dist").glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_without_node_nothing_is_packed_and_the_cure_is_named(kind: str, checkout: Path):
    done = build(kind, checkout, path="")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "there is no Node.js with npm" in said and "Node.js >= 20.19" in said
    assert "Traceback" not in said
    assert not list(checkout.glob("dist/*"))


def test_an_editable_install_without_node_warns_and_goes_on(checkout: Path):
    done = build("editable", checkout, path="")
    assert done.returncode == 0, done.stderr
    assert "The front end is not built" in done.stdout + done.stderr
    assert not any(SHARED in name for name in names(checkout))


@pytest.mark.skipif(os.name == "nt", reason="pretends an old Node.js with a shell script")
def test_an_old_node_is_no_node(checkout: Path):
    tools = checkout / "tools"
    tools.mkdir()
    for name in ("node", "npm"):
        (tools / name).write_text("#!/bin/sh\necho v18.19.0\n")
        (tools / name).chmod(0o755)
    assert "too old (v18.19.0)" in build("editable", checkout, str(tools)).stderr
    assert build("wheel", checkout, str(tools)).returncode != 0


def turn_into_sdist(checkout: Path) -> None:
    """Add what an unpacked sdist has and a checkout has not: a built front end and its metadata."""
    built = checkout / "jupyter_phys" / "labextension"
    (built / "static").mkdir(parents=True)
    (built / "package.json").write_text("{}")
    (built / "static" / "remoteEntry.js").write_text("")
    (built / "static" / "tutorials").mkdir()
    (built / "static" / "tutorials" / "00_first.ipynb").write_text("{}")
    live = checkout / "jupyter_phys" / "static"
    live.mkdir()
    (live / "live.js").write_text("")
    (live / "index.css").write_text("")
    (checkout / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: jupyter-phys\nVersion: 0.1.0\n")


def test_the_wheel_of_an_sdist_needs_no_node_and_ships_everything_once(checkout: Path):
    (checkout / "notebooks" / "first.ipynb").write_text("{}")
    turn_into_sdist(checkout)
    done = build("wheel", checkout, path="")
    assert done.returncode == 0, done.stderr
    shipped = names(checkout)
    for name in ("package.json", "install.json", "static/remoteEntry.js", "static/tutorials/00_first.ipynb"):
        assert sum(one.endswith(SHARED + name) for one in shipped) == 1
    assert not any(name.startswith("jupyter_phys/labextension/") for name in shipped)
    assert {"jupyter_phys/static/live.js", "jupyter_phys/static/index.css", "jupyter_phys/py.typed"} <= set(shipped)
    assert "jupyter_phys/notebooks/first.ipynb" in shipped
    assert not any(name.startswith("jupyter_phys/notebooks/") and name.endswith(".py") for name in shipped)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="no Node.js on this machine")
def test_a_clean_checkout_builds_with_node(checkout: Path):
    done = build("wheel", checkout, os.environ["PATH"])
    assert done.returncode == 0, done.stdout + done.stderr
    shipped = names(checkout)
    assert any(re.search(SHARED + r"static/remoteEntry\.\w+\.js$", name) for name in shipped)
    for tutorial in TUTORIALS:
        assert sum(name.endswith(f"{SHARED}static/tutorials/{tutorial.name}") for name in shipped) == 1
    assert not any(name.startswith("jupyter_phys/labextension/") for name in shipped)


@pytest.mark.skipif(not BUILT.exists(), reason="no Node.js on this machine: the front end is not built")
def test_the_built_front_end_is_one_that_jupyterlab_loads():
    package = json.loads((BUILT / "package.json").read_text())
    assert package["name"] == "jupyter-phys"
    assert (BUILT / package["jupyterlab"]["_build"]["load"]).is_file()


@pytest.mark.skipif(not BUILT.exists(), reason="no Node.js on this machine: the front end is not built")
def test_jupyterlab_finds_it_enabled_and_sound():
    call = [sys.executable, "-m", "jupyter", "labextension", "list", "--verbose"]
    done = subprocess.run(call, capture_output=True, text=True)
    said = re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    assert re.search(rf"jupyter-phys v{re.escape(jupyter_phys.__version__)} enabled OK", said), said


@pytest.mark.skipif(not BUILT.exists(), reason="no Node.js on this machine: the front end is not built")
def test_the_built_front_end_is_small_enough():
    scripts = sum(len(gzip.compress(one.read_bytes())) for one in (BUILT / "static").glob("*.js"))
    assert scripts < 300_000
    assert (ROOT / "jupyter_phys" / "static" / "live.js").stat().st_size <= 500_000


@pytest.mark.skipif(not BUILT.exists(), reason="no Node.js on this machine: the front end is not built")
def test_the_built_front_end_carries_the_tutorials():
    shelf = BUILT / "static" / "tutorials"
    listed = json.loads((shelf / "index.json").read_text())
    assert TUTORIALS and [one["file"] for one in listed] == [path.name for path in TUTORIALS]
    assert all((shelf / path.name).read_bytes() == path.read_bytes() for path in TUTORIALS)
    for one in listed:
        assert one["number"] == one["file"][:2] and one["title"]


def test_the_painter_writes_text_never_markup():
    markup = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write")
    sources = list((ROOT / "labextension" / "src").rglob("*.ts"))
    assert sources
    assert [source.name for source in sources if markup.search(source.read_text())] == []


def test_the_lock_file_names_no_registry():
    lock = json.loads(LOCK.read_text())
    assert lock["packages"][""]["dependencies"]
    for name, package in lock["packages"].items():
        package.pop("funding", None)  # pages of sponsors, which nobody downloads from
        assert "resolved" not in package, name
        assert "://" not in json.dumps(package), name


def test_constraints_are_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert "torch" in {pin.partition("==")[0] for pin in pins}
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []


def test_every_file_says_the_same_version():
    version = jupyter_phys.__version__
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert json.loads((ROOT / "labextension" / "package.json").read_text())["version"] == version
    assert json.loads(LOCK.read_text())["version"] == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
