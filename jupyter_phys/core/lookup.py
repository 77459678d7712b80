"""What a function may look up, and whose it is: the one answer for fingerprints and for shadows."""

from __future__ import annotations

import functools
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOMES = tuple({Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def looked_up(code: types.CodeType) -> Iterator[str]:
    """Every name that a function, or one inside it, may look up in its globals."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from looked_up(constant)


def uses(function: types.FunctionType) -> dict[str, Any]:
    """What of its globals a user's function may use, by name; nothing of a library's."""
    world = function.__globals__
    if installed(str(world.get("__name__", ""))):
        return {}
    return {name: world[name] for name in sorted(set(looked_up(function.__code__))) if name in world}


def installed(module: str) -> bool:
    """Whether a module is Python's, ours or a package's; a notebook and the files beside it are the user's."""
    if module == "__main__":
        return False
    return module.partition(".")[0] == "jupyter_phys" or _installed(module, _file(module))


def _file(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)


@functools.cache
def _installed(module: str, file: str | None) -> bool:
    if file is None:
        return module.partition(".")[0] in sys.stdlib_module_names
    return any(Path(file).resolve().is_relative_to(home) for home in HOMES)
