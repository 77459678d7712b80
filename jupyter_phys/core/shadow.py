"""A stand-in for somebody's torch module or callable, so that nothing a measurement does can change it."""

from __future__ import annotations

import copy
import functools
import random
import types
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from jupyter_phys.core.errors import Refused

T = TypeVar("T")
DRAWN_FROM = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def shadow(subject: T) -> T:
    """A twin of a module, or of a callable that uses modules or random generators; of all else the thing itself.

    Of a module the whole tree is copied: parameters are shared but detached, buffers and other tensors cloned, random
    generators and lists of hooks copied. A function, bound method, partial or callable object gets the twins of the
    modules and generators it refers to. Better than restoring afterwards: no interrupt can catch a changed model.

    Raises:
        Refused: a scripted module, whose state lives outside Python, or one with parameters not yet made.
    """
    return _Twins()(subject)


class _Twins:
    """Makes a twin of everything once, so that what is shared stays shared."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}  # with the original, lest another object get its id

    def __call__(self, value: Any) -> Any:
        """The twin of what a callable refers to: its modules and generators; arrays and tensors are shared."""
        if id(value) in self._made:
            return self._made[id(value)][1]
        match value:
            case nn.Module():
                return self._module(value)
            case types.FunctionType():
                return self._function(value)
            case types.MethodType():
                twin = types.MethodType(self(value.__func__), self._object(value.__self__))
            case functools.partial():
                keywords = {name: self(one) for name, one in value.keywords.items()}
                twin = functools.partial(self(value.func), *map(self, value.args), **keywords)
            case _ if isinstance(value, DRAWN_FROM):
                twin = copy.deepcopy(value)
            case _:
                return self._object(value) if callable(value) else value
        return self._keep(value, twin)

    def _keep(self, value: Any, twin: T) -> T:
        self._made[id(value)] = value, twin
        return twin

    def _module(self, module: nn.Module) -> nn.Module:
        if isinstance(module, torch.jit.ScriptModule):
            cure = "the module before torch.jit.script"
            raise Refused("A scripted module cannot be measured without touching it.", instead=cure)
        if "_orig_mod" in vars(module)["_modules"]:  # torch.compile would compile every twin anew
            return self._keep(module, self(vars(module)["_modules"]["_orig_mod"]))
        twin: nn.Module = self._keep(module, object.__new__(type(module)))
        twin.__dict__.update({name: self._part(one) for name, one in vars(module).items()})
        return twin

    def _part(self, value: Any) -> Any:
        """The twin of what belongs to a module: tensors and containers too."""
        if id(value) in self._made:
            return self._made[id(value)][1]
        match value:
            case nn.Parameter():
                if nn.parameter.is_lazy(value):
                    cure = "call the module once before"
                    raise Refused("A lazy module has no parameters yet.", instead=cure)
                return self._keep(value, nn.Parameter(value.detach(), requires_grad=False))
            case torch.Tensor():
                return self._keep(value, value.detach().clone())
            case np.ndarray():
                return self._keep(value, value.copy())
            case dict():
                twin = self._keep(value, copy.copy(value))
                twin.update((name, self._part(one)) for name, one in value.items())
                return twin
            case list() | set() | deque():
                return self._keep(value, _filled(copy.copy(value), map(self._part, value)))
            case tuple() if type(value) is tuple:
                return tuple(map(self._part, value))
            case _:
                return self(value)

    def _object(self, value: Any) -> Any:
        if isinstance(value, (type, nn.Module)) or id(value) in self._made:
            return value if isinstance(value, type) else self(value)
        try:
            twin = self._keep(value, copy.copy(value))
            parts = {name: part for name, one in vars(value).items() if (part := self(one)) is not one}
        except (Refused, KeyboardInterrupt):
            raise
        except Exception:  # whatever a stranger's __copy__ raises; vars() of what has none
            return self._keep(value, value)
        if twin is value or not parts:
            return self._keep(value, value)
        twin.__dict__.update(parts)
        return twin

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        """The function over twins of what it refers to; itself if it refers to nothing that can change."""
        names = dict(function.__globals__)
        cells = tuple(map(_copied, function.__closure__ or ()))
        twin = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
        self._keep(function, twin)  # before what it refers to, which may be itself
        twin.__kwdefaults__ = function.__kwdefaults__
        twin.__dict__.update(function.__dict__)
        changes = [self._inside(cells), self._among(names, function), self._defaults(twin)]
        return twin if any(changes) else self._keep(function, function)

    def _inside(self, cells: Iterable[types.CellType]) -> bool:
        changed = False
        for cell in filter(_full, cells):
            before, cell.cell_contents = cell.cell_contents, self(cell.cell_contents)
            changed |= cell.cell_contents is not before
        return changed

    def _among(self, names: dict[str, Any], function: types.FunctionType) -> bool:
        """Functions of other files are left alone: they do not see the user's modules."""
        changed = False
        for name in set(_looked_up(function.__code__)) & names.keys():
            one = names[name]
            if getattr(one, "__globals__", function.__globals__) is function.__globals__:
                names[name] = self(one)
                changed |= names[name] is not one and one is not function
        return changed

    def _defaults(self, twin: types.FunctionType) -> bool:
        before = twin.__defaults__ or (), twin.__kwdefaults__ or {}
        after = tuple(map(self, before[0])), {name: self(one) for name, one in before[1].items()}
        twin.__defaults__, twin.__kwdefaults__ = after
        return any(one is not two for one, two in zip(before[0], after[0], strict=True)) or any(
            after[1][name] is not one for name, one in before[1].items()
        )


def _filled(container: Any, parts: Iterable[Any]) -> Any:
    parts = list(parts)
    container.clear()
    (container.update if isinstance(container, set) else container.extend)(parts)
    return container


def _full(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _copied(cell: types.CellType) -> types.CellType:
    return types.CellType(cell.cell_contents) if _full(cell) else types.CellType()


def _looked_up(code: types.CodeType) -> Iterator[str]:
    """Every name that a function, or one inside it, may look up in its globals."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _looked_up(constant)
