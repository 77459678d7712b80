"""Measurements that may be cut finer than along their subjects: into units that run apart, and may be there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr


@dataclass(frozen=True)
class Cut:
    """How a task is cut; ``Task.cut`` names one.

    ``units(subjects, settings)`` is the number of units, those of all subjects together; ``measure`` finds the ones it
    has to see to in ``run.units``, and gives a Dataset that is NaN at all others. ``joined(data, settings)`` makes of
    what all runs found, or those before a stop, the data of the reading. ``items(subjects, settings)`` is what
    progress counts, and its name.
    """

    units: Callable[[Mapping[str, Any], Any], int]
    joined: Callable[[xr.Dataset, Any], xr.Dataset]
    items: Callable[[Mapping[str, Any], Any], tuple[int, str]]
