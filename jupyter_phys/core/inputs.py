"""Arrays and callables beside the settings: declared with a sentence, never serialised, fingerprinted."""

from __future__ import annotations

import dataclasses
import hashlib
import types
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from jupyter_phys.core.lookup import installed, uses


def given(description: str, *, accepts: str, names: tuple[str, ...] = (), default: Any = None) -> Any:
    """Declare an input: one sentence, what it accepts in words, and the built-in samples it knows by name."""
    return dataclasses.field(default=default, metadata={"description": description, "accepts": accepts, "names": names})


class Input(NamedTuple):
    """What was declared about one input."""

    name: str
    description: str
    accepts: str
    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Inputs:
    """Base of every task's inputs: a frozen dataclass of :func:`given` fields."""

    @classmethod
    def declared(cls) -> dict[str, Input]:
        """Every declared input by name."""
        return {f.name: Input(f.name, **f.metadata) for f in dataclasses.fields(cls)}

    def settled(self, subjects: Mapping[str, Any], settings: Any) -> Self:
        """These inputs with what was not given chosen for all ``subjects``, before they are shared out to workers."""
        return self

    def built_in(self) -> dict[str, BuiltIn]:
        """The built-in samples among these inputs."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, BuiltIn)}

    def fingerprints(self) -> dict[str, str]:
        """A short hash of every input that was given."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: fingerprint(value) for name, value in values.items() if value is not None}


class BuiltIn:
    """A sample that stands in for an input, by name; :meth:`Inputs.settled` puts it there."""

    name: str

    def values(self) -> Any:
        """Its content."""
        raise NotImplementedError


def fingerprint(value: Any) -> str:
    """A short hash of content: the same array, list, function or model gives the same text, in any process."""
    return _sum(value, {}).hex()[:16]


PLAIN = (type(None), bool, int, float, complex, str, bytes)


def _sum(value: Any, known: dict[int, tuple[Any, bytes]]) -> bytes:
    if isinstance(value, PLAIN):
        return _sha(f"{type(value).__name__} {value!r}".encode())
    if id(value) not in known:
        known[id(value)] = value, b"inside itself"
        kind, parts = _parts(value)
        sums = [part if isinstance(part, memoryview) else _sum(part, known) for part in parts]
        known[id(value)] = value, _sha(f"{kind} of {len(parts)}".encode(), *sums)
    return known[id(value)][1]


def _sha(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _parts(value: Any) -> tuple[str, list[Any]]:
    """What a value is called, and what it is made of: memory, or values with parts of their own."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    match value:
        case Mapping():
            return "mapping", [part for pair in value.items() for part in pair]
        case list() | tuple():
            return "list", list(value)
        case set() | frozenset():
            return "set", sorted(map(repr, value))
        case np.ndarray():
            return _array_parts(value)
        case types.ModuleType():
            return kind, [value.__name__]
        case types.CodeType():
            return "code", [value.co_code, value.co_names, value.co_varnames, value.co_consts]
        case types.FunctionType():
            cells = [_content(cell) for cell in value.__closure__ or ()]
            return "function", [value.__code__, value.__defaults__, value.__kwdefaults__, cells, uses(value)]
        case staticmethod() | classmethod():
            return kind, [value.__func__]
        case property():
            return kind, [value.fget, value.fset, value.fdel]
        case type():
            name = f"{value.__module__}.{value.__qualname__}"
            return name, [] if installed(value.__module__) else [list(value.__bases__), _written(value)]
        case _ if hasattr(value, "detach") and hasattr(value, "layout"):  # a tensor; files can be detached too
            return _tensor_parts(value)
        case _ if hasattr(value, "named_modules"):
            return kind, _module_parts(value)
        case _:
            return kind, _reduced(value)


def _array_parts(array: Any) -> tuple[str, list[Any]]:
    if array.dtype.hasobject:
        return f"array {array.shape}", [array.tolist()]
    memory = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    return f"array {array.dtype.str}{array.shape}", [memory]


def _tensor_parts(tensor: Any) -> tuple[str, list[Any]]:
    try:
        tensor = tensor.detach().to_dense() if str(tensor.layout) != "torch.strided" else tensor.detach()
        tensor = tensor.cpu().resolve_conj().resolve_neg()
    except (RuntimeError, ValueError):  # on the meta device, or a parameter not yet made
        return f"tensor {tensor.dtype} without values", []
    try:
        return _array_parts(tensor.numpy())
    except TypeError:  # bfloat16 and smaller: float32 holds them exactly
        return _array_parts(tensor.float().numpy())


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"


def _written(cls: type) -> dict[str, Any]:
    """What a class of the user's says: methods and attributes, not what Python notes beside them."""
    code = (types.FunctionType, staticmethod, classmethod, property)
    said = {name: one for name, one in vars(cls).items() if isinstance(one, code) or not name.startswith("_")}
    return {
        name: one for name, one in said.items() if name != "__annotate_func__" and not name.startswith("__pydantic")
    }


def _module_parts(module: Any) -> list[Any]:
    """A torch module's class, weights, submodules, mode and plain attributes; hooks without the numbers they bear."""
    if not isinstance(vars(module).get("_modules"), dict) or "_cpp_module" in vars(module):  # scripted: all is inside
        return [dict(module.state_dict()), getattr(module, "code", None)]
    if "_orig_mod" in vars(module)["_modules"]:  # what torch.compile adds decides no numbers
        return [vars(module)["_modules"]["_orig_mod"]]
    held = {name: one for name, one in vars(module).items() if type(one).__name__ != "RemovableHandle"}
    return [type(module), {name: list(one.values()) if _hooks(name, one) else one for name, one in held.items()}]


def _hooks(name: str, value: Any) -> bool:
    return name.startswith("_") and "hook" in name and isinstance(value, dict)


def _reduced(value: Any) -> list[Any]:
    """What pickle would keep of an object."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:  # whatever a stranger's object raises
        return [type(value), dict(getattr(value, "__dict__", {}))]
    parts = [reduced] if isinstance(reduced, str) else list(reduced)
    return [list(part) if isinstance(part, Iterator) else part for part in parts]
