"""The order of the house, read from the source: who imports whom, names, sizes, docstrings."""

import ast
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_phys

HOME = Path(jupyter_phys.__file__).parent
FILES = sorted(path for path in HOME.rglob("*.py") if "__pycache__" not in path.parts)
TREES = {path.relative_to(HOME).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
INSTRUMENTS = sorted(path.parent.name for path in HOME.glob("instruments/*/__init__.py"))

MAY = {
    "": {"core", "notebook"},
    "notebook": {"", "core", "figures"},
    "core": {"figures"},
    "figures": set[str](),
    "physics": set[str](),
    "instruments": set[str](),
    **{f"instruments.{name}": {"core", "figures", "physics"} for name in INSTRUMENTS},
}
JUPYTER = {"IPython", "ipywidgets", "ipykernel", "anywidget", "jupyter_client", "jupyterlab", "nbformat", "notebook"}


def layer(module: str) -> str:
    """``jupyter_phys.instruments.entropy.masks`` lies in ``instruments.entropy``, ``jupyter_phys`` in ''."""
    parts = module.split(".")[1:]
    depth = 2 if parts[:1] == ["instruments"] else 1
    return ".".join(part for part in parts[:depth] if module != "jupyter_phys.__init__")


def module_of(path: str) -> str:
    return f"jupyter_phys.{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"


def imported(path: str) -> Iterator[str]:
    """Every module that a file imports anywhere, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = ["jupyter_phys", *path.split("/")][: -node.level] if node.level else []
            home = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{home}.{one.name}" for one in node.names)


def outside(folder: str) -> set[str]:
    """The packages other than this one and Python's own that a folder imports."""
    found = {name.split(".")[0] for path in TREES if path.startswith(folder) for name in imported(path)}
    return found - set(sys.stdlib_module_names) - {"jupyter_phys"}


def test_there_is_something_to_read():
    assert len(TREES) > 40 and "entropy" in INSTRUMENTS


@pytest.mark.parametrize("path", TREES)
def test_imports_go_down_only(path: str):
    here = layer(module_of(path))
    ours = {layer(name) for name in imported(path) if name.split(".")[0] == "jupyter_phys"}
    assert ours <= MAY[here] | {here}


@pytest.mark.parametrize("path", TREES)
def test_only_the_notebook_folder_knows_jupyter(path: str):
    if layer(module_of(path)) != "notebook":
        assert not outside(path) & JUPYTER


FAST = (
    "compiled",
    "compiled_flow",
    "compiled_stress",
    "compiled_surface",
    "compiled_viscous",
    "evolution",
    "simd",
)


def test_physics_is_torch_only():
    fast = {"numba", "numpy"}  # of some files, without which the same is computed in torch
    assert outside("physics/") == {"torch"} | fast
    assert [
        path for path in TREES if path.startswith("physics/") and fast & {name.split(".")[0] for name in imported(path)}
    ] == [f"physics/hydro/{name}.py" for name in FAST]


def test_figures_know_no_torch_and_no_xarray():
    assert not outside("figures/") & {"torch", "xarray", "pandas", "pydantic"}


def test_core_and_notebook_name_no_instrument():
    """They find them by name; a sentence in a docstring or a line to type may name one."""
    for path, tree in TREES.items():
        if path.startswith(("core/", "notebook/")):
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            names |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            assert not names & set(INSTRUMENTS), path


@pytest.mark.parametrize("path", TREES)
def test_files_are_named_after_an_idea(path: str):
    parts = path.removesuffix(".py").split("/")
    assert not {"utils", "util", "helpers", "helper", "common", "misc", "tools"} & set(parts)


def functions() -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        f"{path}:{node.lineno} {node.name}": node
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    }


def test_functions_are_small():
    sizes = {name: node.end_lineno - node.lineno + 1 for name, node in functions().items() if node.end_lineno}
    assert statistics.median(sizes.values()) <= 8
    assert {name: size for name, size in sizes.items() if size > 50} == {}


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions, classes and methods that others may use; what is defined inside a function is nobody else's."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    said = node.args
    every = [*said.posonlyargs, *said.args, *said.kwonlyargs, *(one for one in (said.vararg, said.kwarg) if one)]
    return [one for one in every if one.arg not in ("self", "cls")]


@pytest.mark.parametrize("path", TREES)
def test_what_is_public_says_what_it_is_and_takes(path: str):
    tree = TREES[path]
    assert ast.get_docstring(tree) or not tree.body
    for node in public(tree.body):
        assert ast.get_docstring(node), f"{node.name} has no docstring"
        if not isinstance(node, ast.ClassDef):
            bare = [one.arg for one in parameters(node) if one.annotation is None]
            assert not bare, f"{node.name} does not say what {bare} are"
            assert node.returns is not None, f"{node.name} does not say what it returns"


LOADED = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "jupyter_phys")
assert "entropy" in shell.magics_manager.magics["line"] and "phys" in shell.magics_manager.magics["line"]
print("new:", *sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""
HEAVY = {"torch", "matplotlib", "xarray", "pandas", "pydantic", "scipy", "numpy", "skimage", "h5netcdf", "loky"}


def test_loading_the_extension_imports_nothing_heavy(tmp_path: Path):
    here = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, env=here, timeout=120)
    assert done.returncode == 0, done.stderr
    found = set(done.stdout.partition("new:")[2].split())
    assert "jupyter_phys" in found
    assert not found & HEAVY
