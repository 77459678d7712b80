"""Pretended CUDA tensors, to see on a machine without a device that nothing leaves it."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Pretend(TorchFunctionMode):
    """Basic indexing of pretended CUDA tensors, which a build without CUDA refuses."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.__getitem__:
            return self.part(*args)
        if func is torch.Tensor.__setitem__:
            put = torch.ops.aten.copy_ if isinstance(args[2], torch.Tensor) else torch.ops.aten.fill_
            return put(self.part(*args[:2]), args[2])
        return func(*args, **(kwargs or {}))

    @staticmethod
    def part(x: torch.Tensor, key: Any) -> torch.Tensor:
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            i = keys.index(Ellipsis)
            keys[i : i + 1] = [slice(None)] * (x.dim() - len(keys) + 1 + keys.count(None))
        dim = 0
        for k in keys:
            if k is None:
                x = x.unsqueeze(dim)
            elif isinstance(k, slice):
                x = torch.ops.aten.slice(x, dim, k.start, k.stop)
            elif isinstance(k, int):
                x, dim = x.select(dim, k), dim - 1
            else:
                x = torch.ops.aten.index(x, [None] * dim + [k])
            dim += 1
        return x


class Crossings(TorchDispatchMode):
    """Counts operations on the device and forbids every one that takes something from it to the CPU.

    ``doubles``: as many float64 numbers at most may one of them make.
    """

    def __init__(self, doubles: int | None = None) -> None:
        super().__init__()
        self.count, self._doubles = 0, doubles

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **kwargs or {})  # a number read from a pretended tensor is an error of FakeTensorMode
        given, found = (
            [t for t in tree_leaves(one) if isinstance(t, torch.Tensor)] for one in ((args, kwargs), answer)
        )
        if any(one.device.type == "cuda" for one in given):
            self.count += 1
            assert all(one.device.type == "cuda" for one in found), f"{func} copies to the CPU"
            most = self._doubles
            small = [most is None or one.dtype != torch.float64 or one.numel() <= most for one in found]
            assert all(small), f"{func} works in float64"
        return answer
