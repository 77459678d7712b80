"""What the phase-space explorer asks a kernel for: one cut through phase space at full resolution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.entropy import pictures
from jupyter_phys.instruments.entropy.compute import Bench, set_up
from jupyter_phys.instruments.entropy.settings import Inputs, Settings
from jupyter_phys.physics import phase_slice

Ends = tuple[float, float]
Pair = tuple[float, float]


def explore(
    subjects: Mapping[str, Any], inputs: Inputs, settings: Settings, run: Run, *,
    place: Pair | None = None, frequency: Pair | None = None,
) -> tuple[NDArray[np.float64], Ends, Ends]:  # fmt: skip
    """Overlap with coherent packets before and after, [stage, rows, columns], on the scale of the panel's block.

    Stages are those of the panel: before, then the first draw of each shown subject, of the first signal.

    Args:
        place: [row, column] in samples; gives the spectrum that the window sees there. The nearest sample counts.
        frequency: [ν₀, ν₁] in cycles per sample; gives the map of where it lives, a value a sample.

    Returns:
        The values, and the first and last coordinate along x (columns) and along y (rows).

    Raises:
        Refused: both or neither are given, they are no numbers, or the fields are 1-D signals.
    """
    if settings.kind == "signal" or (place is None) is (frequency is None):
        given = f"kind={settings.kind}, place={place}, frequency={frequency}"
        raise Refused("A cut through phase space is at one place or at one frequency of an image.", given=given)
    given = _numbers(place if frequency is None else frequency)
    bench = set_up(subjects, inputs, settings, run)
    fields = pictures.stages(bench, pictures.shown(bench))
    return _spectra(bench, fields, given) if frequency is None else _maps(bench, fields, given)


def _numbers(given: Pair | None) -> Pair:
    values = np.asarray(given, dtype=float).ravel()
    if values.shape != (2,) or not np.isfinite(values).all():
        raise Refused("A place and a frequency are two finite numbers.", given=given)
    return float(values[0]), float(values[1])


def _spectra(bench: Bench, fields: list[Tensor], place: Pair) -> tuple[NDArray[np.float64], Ends, Ends]:
    at = tuple(min(max(round(p), 0), n - 1) for p, n in zip(place, bench.grid.size, strict=True))
    found = [phase_slice.at_place(field, **pictures.cut_options(bench), at=at) for field in fields]
    rows, columns = ((-(w // 2) / w, (w - 1 - w // 2) / w) for w in bench.grid.window_length)
    return _stacked(found), columns, rows


def _maps(bench: Bench, fields: list[Tensor], frequency: Pair) -> tuple[NDArray[np.float64], Ends, Ends]:
    found = [phase_slice.at_frequency(one, **pictures.cut_options(bench), frequency=frequency) for one in fields]
    rows, columns = ((0.0, n - 1.0) for n in bench.grid.size)
    return _stacked(found), columns, rows


def _stacked(found: list[Tensor]) -> NDArray[np.float64]:
    return torch.cat([one.double() for one in found]).cpu().numpy()
