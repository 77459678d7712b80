"""How calibrations measure: through the door that users take."""

from __future__ import annotations

from typing import Any

import xarray as xr

from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.compute import measure
from jupyter_phys.instruments.probe.settings import Inputs, Settings

CLOSED, INTEGRAL, IDENTITY = "closed form", "quadrature to 30 digits", "identity"


def probed(run: Run, subject: Any, inputs: Inputs, **settings: Any) -> xr.Dataset:
    """The whole measurement of one subject."""
    return measure({"subject": subject}, inputs, Settings(**settings), run)


def first(data: xr.Dataset, name: str) -> float:
    """The value of the first packet and coordinate."""
    return float(data[name].values.ravel()[0])
