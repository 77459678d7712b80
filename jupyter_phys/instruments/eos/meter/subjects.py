"""What %eos meter learns from and what %eos predict reads: Datasets, stores, arrays; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.subject import Subjects
from jupyter_phys.instruments.eos.meter.settings import GRID

KEYS = {"rho", "counts", "label", "pT", "phi", "pT_weight", "phi_weight", "event"}


class Examples(Subjects):
    """Subjects of which text is the path of a store or file, and a pair of arrays is one."""

    def resolve(self, value: Any, own: Mapping[str, Any]) -> dict[str, Any]:
        """Labelled subjects; see :class:`Subjects`."""
        if isinstance(value, (list, tuple)) and not is_arrays(value):
            value = [_as_one(one) for one in value]
        elif isinstance(value, Mapping) and not (is_arrays(value) or is_events(value)):
            value = {name: _as_one(one) for name, one in value.items()}
        elif value is not None:
            value = _as_one(value)
        return {
            name: one.value if isinstance(one, _Whole) else one for name, one in super().resolve(value, own).items()
        }


class _Whole:
    """Arrays that belong together, and are not several subjects."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _as_one(value: Any) -> Any:
    """Text is a path here, and a mapping or pair no list of subjects."""
    if isinstance(value, str):
        return Path(value)
    return _Whole(value) if is_arrays(value) or is_events(value) else value


def is_arrays(value: Any) -> bool:
    """Whether this is rho or counts with their labels, as a pair or by name."""
    if isinstance(value, Mapping):
        keys = set(map(str, value))
        return "label" in keys and bool(keys & {"rho", "counts"}) and keys <= KEYS
    return isinstance(value, tuple) and len(value) == 2 and hasattr(value[0], "shape") and hasattr(value[1], "__len__")


def is_events(value: Any) -> bool:
    """Whether a notebook variable looks like a Dataset of events; imports nothing."""
    dims = getattr(value, "sizes", None)
    return isinstance(dims, Mapping) and {"subject", "event", "pT", "phi"} <= set(map(str, dims))


def read(value: Any) -> Mapping[str, Any]:
    """Training data under a name.

    Raises:
        Refused: no spectra with labels.
    """
    if isinstance(value, _Whole):
        return {"spectra": value}
    if isinstance(value, Path):
        return {value.stem: value}
    raise Refused("These are no spectra with labels.", given=type(value).__name__, allowed=GRID,
                  instead='%eos meter "events.zarr"')  # fmt: skip


def read_unknown(value: Any) -> Mapping[str, Any]:
    """Spectra without labels under a name.

    Raises:
        Refused: no spectra.
    """
    if isinstance(value, _Whole) or hasattr(value, "detach") or hasattr(value, "__array__"):
        return {"spectra": value}
    if isinstance(value, Path):
        return {value.stem: value}
    raise Refused("These are no spectra.", given=type(value).__name__, allowed="[n, pT, phi] or [pT, phi] with pT= and "
                  "phi=, a Dataset, a store, or an .npz file", instead="%eos predict rho pT=pT phi=phi")  # fmt: skip


LEARNT = Examples(GRID, read, measurable=is_events)
ASKED = Examples(
    "spectra [n, pT, phi] or [pT, phi] with pT= and phi=, a Dataset, a store, or an .npz file", read_unknown
)
