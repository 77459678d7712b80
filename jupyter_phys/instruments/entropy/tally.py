"""The values of all draws and signals, and what they come to: means with their standard errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr


class Rows:
    """Values by variable and acquisition: [draw, signal], NaN until measured."""

    def __init__(self, names: list[str], draws: list[int], signals: int) -> None:
        self.names = names
        self._values = {name: [np.full((n, signals), np.nan) for n in draws] for name in names}
        self._left = [n * signals for n in draws]

    def put(self, chosen: list[tuple[int, int, int]], found: dict[str, Any]) -> None:
        """Take what was measured of some items (acquisition, draw, signal)."""
        for k, (i, draw, signal) in enumerate(chosen):
            for name in self.names:
                self._values[name][i][draw, signal] = found[name][k]
            self._left[i] -= 1

    def write(self, data: xr.Dataset) -> None:
        """Fill in what is known of the acquisitions that have become complete."""
        for i in self._finished():
            values = {name: self._values[name][i] for name in self.names}
            for name in {"retained_energy", "psnr"} & values.keys():
                data.variables[name][i] = values[name].mean(0)
            if "S_after" in values:
                _write_entropies(data, i, values["S_after"])

    def _finished(self) -> list[int]:
        """Acquisitions of which all draws are there, each told once."""
        new = [i for i, left in enumerate(self._left) if left == 0]
        self._left = [-1 if left == 0 else left for left in self._left]
        return new


def _write_entropies(data: xr.Dataset, i: int, after: Any) -> None:
    into = data.variables  # writing through DataArrays takes a slider's time
    delta = after - into["S_before"].values[i]
    mean, se = delta.mean(0), _standard_error(delta)
    into["S_after"][i] = after.mean(0)
    into["delta_S"][i], into["delta_S_se"][i] = mean, se
    into["alias_deficit"][i] = np.log(into["copies"].values[i]) - mean
    for name, sign in (("delta_S_mean", np.ones_like(mean)), ("abs_delta_S", np.sign(mean))):
        into[name][i] = (sign * mean).mean()
        into[f"{name}_se"][i] = _combined_error(sign * delta)


def _combined_error(values: Any) -> float:
    """Standard error of the mean over draws and signals [draw, signal], NaN for one of each.

    All signals share the draws, so their errors add up to that of the mean over signals; to it comes the
    scatter of the signals.
    """
    parts = [_standard_error(values.mean(1)[:, None])[0], _standard_error(values.mean(0)[:, None])[0]]
    known = [part for part in parts if not math.isnan(part)]
    return math.hypot(*known) if known else math.nan


def _standard_error(values: Any) -> Any:
    n = len(values)
    return values.std(0, ddof=1) / math.sqrt(n) if n > 1 else np.full(values.shape[1], np.nan)
