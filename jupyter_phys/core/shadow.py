"""A stand-in for somebody's torch module or callable, so that nothing a measurement does can change it."""

from __future__ import annotations

import copy
import copyreg
import enum
import functools
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.lookup import installed, uses

T = TypeVar("T")
ALONE = (
    type(None), bool, int, float, complex, str, bytes, type, types.ModuleType, enum.Enum, torch.dtype, torch.device,
)  # fmt: skip

OUTSIDE = {
    "threading",
    "_thread",
    "queue",
    "_queue",
    "multiprocessing",
    "concurrent",
    "asyncio",
    "logging",
    "_io",
    "socket",
}


def shadow(subject: T, met: Callable[[nn.Module], object] = lambda module: None) -> T:
    """A twin of a module or callable that shares nothing with it that can change; of what cannot change, itself.

    The whole tree is copied: parameters (without gradients), buffers, arrays, containers, random generators, objects,
    closures, and the globals that a function of the user's looks up. It costs as much memory as the subject holds,
    and the time to copy that. Sharing the weights would cost nothing, but one line (``self.w.mul_(.9)``) would change
    them; and better than restoring afterwards, no interrupt can catch a changed model. Shared are classes, imported
    modules, functions of installed packages, and what holds on to something outside (locks, events, files, whatever has
    a ``__del__``, or a ``__deepcopy__`` that gives itself).

    Args:
        subject: what gets a twin.
        met: called with the twin of every module inside, wherever it was found.

    Raises:
        Refused: a scripted module, whose state lives outside Python, one with parameters not yet made, or a generator,
            which cannot be copied.
    """
    twins = _Twins()
    twin = twins(subject)
    for module in twins.modules:
        met(module)
    return twin


class _Twins:
    """Makes a twin of everything once, so that what is shared stays shared."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}  # with the original, lest another object get its id
        self._worlds: dict[int, dict[str, Any]] = {}  # one twin of the globals for all functions of a file
        self._storages: dict[int, Any] = {}  # views of one memory stay so
        self.modules: list[nn.Module] = []

    def __call__(self, value: Any) -> Any:
        """The twin of whatever a callable refers to."""
        if isinstance(value, ALONE) or type(value) is object:
            return value
        if id(value) not in self._made:
            self._keep(value, self._twin(value))
        return self._made[id(value)][1]

    def _keep(self, value: Any, twin: T) -> T:
        self._made[id(value)] = value, twin
        return twin

    def _twin(self, value: Any) -> Any:
        match value:
            case nn.Module():
                return self._module(value)
            case torch.Tensor():
                return self._tensor(value)
            case np.ndarray():
                return self._array(value)
            case dict() | list() | set() | deque():
                return self._container(value)
            case tuple():
                parts = list(map(self, value))
                return value if _same(value, parts) else tuple.__new__(type(value), parts)
            case frozenset():
                return value if _same(value, parts := list(map(self, value))) else frozenset(parts)
            case types.FunctionType():
                return self._function(value)
            case types.MethodType() | types.BuiltinMethodType() | functools.partial():
                return self._bound(value)
            case weakref.ref():
                return weakref.ref(self(value())) if value() is not None else value
            case _ if isinstance(value, types.GeneratorType):
                raise Refused("A generator cannot be called without using it up.", instead="a list of what it yields")
            case _ if hasattr(value, "cache_parameters"):
                inside = self(value.__wrapped__)
                same = inside is value.__wrapped__
                return value if same else functools.lru_cache(**value.cache_parameters())(inside)
            case _:
                return self._object(value)

    def _module(self, module: nn.Module) -> nn.Module:
        if isinstance(module, torch.jit.ScriptModule):
            cure = "the module before torch.jit.script"
            raise Refused("A scripted module cannot be measured without touching it.", instead=cure)
        if "_orig_mod" in vars(module)["_modules"]:  # torch.compile would compile every twin anew
            return self(vars(module)["_modules"]["_orig_mod"])
        twin: nn.Module = self._keep(module, object.__new__(type(module)))
        twin.__dict__.update({name: self(one) for name, one in vars(module).items()})
        self.modules.append(twin)
        return twin

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        if isinstance(tensor, nn.Parameter) and nn.parameter.is_lazy(tensor):
            raise Refused("A lazy module has no parameters yet.", instead="call the module once before")
        found = tensor.detach()
        found = found.clone() if found.is_sparse else copy.deepcopy(found, self._storages)
        return nn.Parameter(found, requires_grad=False) if isinstance(tensor, nn.Parameter) else found

    def _array(self, array: Any) -> Any:
        if isinstance(array, np.memmap) and array.mode == "r":
            return array
        twin = self._keep(array, array.copy(order="K"))
        if array.dtype == object:
            twin[...] = np.array([*map(self, array.flat), None], object)[:-1].reshape(array.shape)
        return twin

    def _container(self, value: Any) -> Any:
        twin = self._keep(value, copy.copy(value))
        parts: list[Any] = (
            [(n, self(one)) for n, one in value.items()] if isinstance(value, dict) else [*map(self, value)]
        )
        twin.clear()
        (twin.extend if isinstance(value, (list, deque)) else twin.update)(parts)
        return self._with_parts(value, twin)

    def _bound(self, value: Any) -> Any:
        """A method or partial over twins of what it is bound to."""
        if isinstance(value, functools.partial):
            keywords = {name: self(one) for name, one in value.keywords.items()}
            return functools.partial(self(value.func), *map(self, value.args), **keywords)
        owner = self(value.__self__)
        if isinstance(value, types.MethodType):
            function = self(value.__func__)
            same = owner is value.__self__ and function is value.__func__
            return value if same else types.MethodType(function, owner)
        return value if owner is value.__self__ else getattr(owner, value.__name__)

    def _object(self, value: Any) -> Any:
        if (
            hasattr(type(value), "__del__") or type(value).__module__.partition(".")[0] in OUTSIDE
        ):  # a twin would let go
            return value
        inside = hasattr(value, "__dict__") or bool(copyreg._slotnames(type(value)))  # type: ignore[attr-defined]
        try:  # deep where Python sees no parts: generators of random numbers, bytearrays, ...
            twin = copy.copy(value) if inside and not hasattr(value, "__deepcopy__") else copy.deepcopy(value)
        except Exception:  # whatever a stranger's __copy__ raises
            twin = _bare(value) if inside else value
        return value if twin is value else self._with_parts(value, self._keep(value, twin))

    def _with_parts(self, value: Any, twin: Any) -> Any:
        """``twin`` with twins of the attributes that ``value`` has."""
        if type(twin) is not type(value) or hasattr(value, "__deepcopy__"):
            return twin
        parts = dict(getattr(value, "__dict__", {}))
        parts |= {n: getattr(value, n) for n in copyreg._slotnames(type(value)) if hasattr(value, n)}  # type: ignore[attr-defined]
        for name, one in parts.items():
            if (part := self(one)) is not one or name not in getattr(twin, "__dict__", {}):
                object.__setattr__(twin, name, part)
        return twin

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        """The function over twins of what it refers to; itself if it refers to nothing that can change."""
        used = {name: one for name, one in uses(function).items() if not _fixed(one, function)}
        if not (used or function.__closure__ or vars(function) or function.__defaults__ or function.__kwdefaults__):
            return function
        names = self._worlds.setdefault(id(function.__globals__), dict(function.__globals__)) if used else None
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        world = function.__globals__ if names is None else names
        twin = types.FunctionType(function.__code__, world, function.__name__, None, cells or None)
        self._keep(function, twin)  # before what it refers to, which may be itself
        for one, cell in zip(function.__closure__ or (), cells, strict=True):
            self._fill(one, cell)
        if names is not None:
            names.update((name, self(one)) for name, one in uses(function).items() if name in used or one is function)
        twin.__defaults__, twin.__kwdefaults__ = self(function.__defaults__), self(function.__kwdefaults__)
        twin.__module__, twin.__qualname__, twin.__doc__ = function.__module__, function.__qualname__, function.__doc__
        twin.__dict__.update({name: self(one) for name, one in vars(function).items()})
        return twin

    def _fill(self, one: types.CellType, cell: types.CellType) -> None:
        try:
            content = one.cell_contents
        except ValueError:  # empty as yet
            return
        cell.cell_contents = self(content)


def _fixed(value: Any, function: types.FunctionType) -> bool:
    """Whether a global can be left alone: imported modules, classes, functions of installed packages."""
    if isinstance(value, (types.ModuleType, type)):
        return True
    if isinstance(value, types.FunctionType):
        return value is function or (value.__closure__ is None and installed(str(value.__globals__.get("__name__"))))
    return isinstance(value, types.BuiltinFunctionType) and isinstance(value.__self__, types.ModuleType | None)


def _same(value: Iterable[Any], parts: list[Any]) -> bool:
    return all(one is two for one, two in zip(value, parts, strict=True))


def _bare(value: Any) -> Any:
    """A new object of that class without any attribute; the same where the class allows none."""
    try:
        return object.__new__(type(value))
    except TypeError:
        return value
