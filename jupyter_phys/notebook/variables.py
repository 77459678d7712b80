"""The variables of a notebook that can be measured, each in a few facts.

Looking must cost nothing and break nothing: torch is looked for, never imported; of a variable only what its
library itself keeps is read, never a method or property that somebody overrode; no value is looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import prod
from typing import Any

from jupyter_phys.core import instrument
from jupyter_phys.core.instrument import BoundTask

ARRAY, TENSOR, MODULE = ("numpy", "ndarray"), ("torch", "Tensor"), ("torch.nn.modules.module", "Module")


def listed(namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The measurable variables, as JSON; ``hidden`` are those that the shell itself put there."""
    mine = [(name, value) for name, value in dict(namespace).items() if _is_users(name, value, hidden)]
    return [one for one in (described(name, value) for name, value in mine) if one]


def _is_users(name: str, value: Any, hidden: Mapping[str, Any]) -> bool:
    return name.isidentifier() and not name.startswith("_") and (name not in hidden or hidden[name] is not value)


def described(name: str, value: Any) -> dict[str, Any] | None:
    """A variable in a few facts, or None if no instrument could want it. A broken object is listed by its type."""
    try:
        kinds = _lineage(value)
        accepted = _measured_by(value)
        facts = _facts(value, kinds)
    except Exception:  # whatever a stranger's class raises must not spoil the list
        return None
    if facts is None and not accepted:
        return None
    kind = {"kind": "subject", "type": type(value).__name__, "shape": None, "dtype": "", "device": "", "size": None}
    return {"name": name, **kind, **(facts or {}), "measured_by": accepted}


def _lineage(value: Any) -> dict[tuple[str, str], type]:
    """The classes a value descends from, by module and name: so torch need not be imported to know a tensor."""
    return {(kind.__module__, kind.__name__): kind for kind in type(value).__mro__}


def _facts(value: Any, kinds: Mapping[tuple[str, str], type]) -> dict[str, Any] | None:
    for key, read in {ARRAY: _array, TENSOR: _tensor, MODULE: _network}.items():
        if key in kinds:
            try:
                return read(value, kinds[key])
            except Exception:  # not yet made (a lazy layer), closed, or broken
                return {"kind": "network" if key == MODULE else "array"}
    return None


def _array(value: Any, base: Any) -> dict[str, Any]:
    dtype, shape = base.dtype.__get__(value), base.shape.__get__(value)
    return _arrayed(str(dtype), shape, "cpu", base.nbytes.__get__(value))


def _tensor(value: Any, base: Any) -> dict[str, Any]:
    with sys.modules["torch"]._C.DisableTorchFunctionSubclass():
        return _arrayed(*_read(value, base))


def _read(value: Any, base: Any) -> tuple[str, Iterable[int], str, int | None]:
    """Dtype, shape, device and bytes, from the getters of torch.Tensor itself."""
    dtype, shape, device = base.dtype.__get__(value), base.shape.__get__(value), base.device.__get__(value)
    strided = base.layout.__get__(value) is sys.modules["torch"].strided
    size = base.numel(value) * base.element_size(value) if strided else None
    return str(dtype).removeprefix("torch."), shape, str(device), size


def _arrayed(dtype: str, shape: Iterable[int], device: str, size: int | None) -> dict[str, Any]:
    kind = "mask" if dtype == "bool" else "array"
    return {"kind": kind, "dtype": dtype, "shape": [int(n) for n in shape], "device": device, "size": size}


def _network(value: Any, base: Any) -> dict[str, Any]:
    torch = sys.modules["torch"]
    with torch._C.DisableTorchFunctionSubclass():
        parameters = [_read(one, torch.Tensor) for one in _kept(value, "_parameters")]
        both = parameters + [_read(one, torch.Tensor) for one in _kept(value, "_buffers")]
    return {
        "kind": "network",
        "dtype": _several(dtype for dtype, _, _, _ in parameters),
        "device": _several(device for _, _, device, _ in both),
        "size": sum(size or 0 for _, _, _, size in both),
        "parameters": sum(prod(shape) for _, shape, _, _ in parameters),
    }


def _kept(network: Any, what: str) -> Iterator[Any]:
    """The tensors of a network and its parts, each once, from where torch keeps them."""
    waiting, known = [network], set[int]()
    for part in waiting:  # which grows under way
        own = vars(part)
        waiting += [one for one in own["_modules"].values() if one is not None and _new(one, known)]
        yield from (one for one in own[what].values() if one is not None and _new(one, known))


def _new(one: Any, known: set[int]) -> bool:
    before = len(known)
    known.add(id(one))
    return len(known) > before


def _several(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _measured_by(value: Any) -> list[list[str]]:
    """The instruments and tasks that say they can measure it."""
    return [[name, task.name] for name, task in tasks() if _accepts(task, value)]


def _accepts(task: BoundTask, value: Any) -> bool:
    try:
        return bool(task.subjects.measurable(value))
    except Exception:  # an instrument of somebody's that stumbles over it
        return False


@lru_cache(maxsize=1)
def tasks() -> tuple[tuple[str, BoundTask], ...]:
    """Every task that a form can write, with its instrument's name, found once: what is installed does not change."""
    return tuple((name, task) for name in instrument.packages() for task in _loading(name))


def _loading(name: str) -> Iterator[BoundTask]:
    try:
        found = instrument.find(name)
        names = (name for name, one in found.card.tasks.items() if not one.around)
        yield from (task for name in names if (task := found.task(name)).subjects)
    except Exception:  # a stranger's package may raise anything; the list of instruments says why
        return
