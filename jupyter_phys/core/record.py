"""What one needs to repeat a measurement: seed, versions, device, settings, fingerprints, seconds."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from typing import Any

from pydantic import BaseModel, ConfigDict

from jupyter_phys.figures.panel import Note

LIBRARIES = ("jupyter-phys", "torch", "numpy", "xarray", "scikit-image", "matplotlib")  # the last two hold samples


class Record(BaseModel):
    """Stands in every reading and in its files; plain JSON values only."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instrument: str
    task: str
    settings: dict[str, Any]
    axes: dict[str, list[Any]] = {}
    subjects: dict[str, dict[str, Any]] = {}
    inputs: dict[str, str] = {}
    samples: dict[str, str] = {}  # names of the built-in samples among them
    seed: int
    device: str
    device_name: str
    precision: str
    engine: str
    threads: int
    batch: int | None = None
    memory_gib: float
    started: str
    seconds: float
    complete: bool = True
    notes: tuple[Note, ...] = ()
    facts: dict[str, Any] = {}
    versions: dict[str, str] = {}


@functools.cache
def versions() -> dict[str, str]:
    """Python and the libraries that decide numbers."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
