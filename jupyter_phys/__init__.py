"""Physics instruments for neural networks and measurements, inside a Jupyter notebook.

``%load_ext jupyter_phys`` gives the magics; ``import jupyter_phys as jp`` the same as functions::

    reading = jp.entropy(mask, kind="mri")
    reading.save("mask.nc")
    jp.check("entropy")

Every instrument is an attribute of this module. Nothing heavy is imported before the first measurement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_phys.core.calibration import check as check
    from jupyter_phys.core.compare import compare as compare
    from jupyter_phys.core.instrument import Instrument
    from jupyter_phys.core.reading import last as last
    from jupyter_phys.core.reading import load as load
    from jupyter_phys.core.reading import taken as taken

    entropy: Instrument
    probe: Instrument

__version__ = "0.1.0"

_FUNCTIONS = {
    "check": "calibration", "compare": "compare", "last": "reading", "load": "reading", "taken": "reading",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    import importlib

    if name in _FUNCTIONS:
        return getattr(importlib.import_module(f"jupyter_phys.core.{_FUNCTIONS[name]}"), name)
    if not name.startswith("_"):
        from jupyter_phys.core import instrument

        if name in instrument.packages():
            return instrument.find(name)
    raise AttributeError(f"module 'jupyter_phys' has no attribute {name!r}")


def __dir__() -> list[str]:
    from jupyter_phys.core.instrument import packages

    return sorted({"__version__", *_FUNCTIONS, *packages()})


def load_ipython_extension(shell: Any) -> None:
    """Add the magics: ``%load_ext jupyter_phys``."""
    from jupyter_phys.notebook.magic import install

    install(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again."""
    from jupyter_phys.notebook.magic import uninstall

    uninstall(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:  # pyright: ignore[reportUnusedFunction]  Jupyter calls it
    return [{"src": "labextension", "dest": "jupyter-phys"}]
