"""What a user gives as data, in any of its forms, as inputs and targets."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from jupyter_phys.core.errors import Refused, unknown
from jupyter_phys.core.run import Run, numbers
from jupyter_phys.core.shadow import shadow
from jupyter_phys.instruments.probe import samples

MOST = 2000  # inputs taken from a Dataset, whose items come one by one
ACCEPTS = "(x, y) as arrays or tensors, a Dataset or a DataLoader of such pairs"
DATA, FROM_DATASET = 1, 2  # kinds of draws


@dataclass(frozen=True)
class Examples:
    """Inputs [n, ...] and their targets [n] or [n, ...], where and as the user has them."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return tuple(self.x.shape[1:])

    @property
    def are_classes(self) -> bool:
        """Whether targets are classes: whole numbers."""
        return is_whole(self.y)

    def drawn(self, count: int, run: Run) -> Examples:
        """``count`` of them at most, drawn without replacement, in their order."""
        if count >= len(self):
            return self
        chosen = torch.randperm(len(self), generator=run.generator(DATA))[:count].sort().values
        return Examples(self.x[chosen.to(self.x.device)], self.y[chosen.to(self.y.device)])


def _native(array: Any) -> Any:
    """As torch takes it: in this machine's byte order, no longer than double, and not read-only."""
    longest = np.dtype(np.float64) if array.dtype.kind == "f" and array.dtype.itemsize > 8 else array.dtype
    return np.require(array, longest.newbyteorder("="), ["C", "W"])


def is_whole(values: Tensor) -> bool:
    """Whether these are whole numbers."""
    return not values.dtype.is_floating_point and not values.dtype.is_complex


def examples(given: Any, run: Run) -> Examples:
    """Read ``data=``.

    Raises:
        Refused: no pairs of inputs and targets, empty, or values that are not finite.
    """
    if isinstance(given, str):
        if given != "digits":
            raise unknown("built-in data", given, ["digits"])
        given = samples.digits()[1]
    x, y = (array(part, what) for part, what in zip(_pair(given, run), ("x of data=", "y of data="), strict=True))
    if x.dim() < 2 or len(x) != len(y) or len(x) == 0:
        shapes = f"inputs {list(x.shape)}, targets {list(y.shape)}"
        raise Refused("Inputs and targets do not go together.", given=shapes, allowed="x [n, ...] and y [n], n ≥ 1")
    if is_whole(y):
        y = y.long()
    if y.dim() == 2 and y.shape[1] == 1 and is_whole(y):
        y = y[:, 0]
    if y.dim() > 1 and is_whole(y):
        raise Refused("There is more than one class an input.", given=list(y.shape), allowed="y [n], whole numbers",
                      instead="y.argmax(1), if that is one-hot")  # fmt: skip
    if cure := _to_classes(y):
        run.note(f"Targets are {y.dtype}, so they are taken for values; {cure} makes them classes.")
    return Examples(x, y)


def _to_classes(y: Tensor) -> str:
    """What makes classes of floats that look like some; nothing where they do not."""
    if is_whole(y) or len(y) < 2 or not torch.equal(y, y.round()) or torch.equal(y, y[:1].expand_as(y)):
        return ""
    if y.dim() == 2 and y.shape[1] > 1:
        one_hot = bool((y.sum(1) == 1).all()) and bool((y.abs().sum(1) == 1).all())
        return "y.argmax(1)" if one_hot else ""
    signs = bool((y.abs() == 1).all())
    return "(y > 0).long()" if signs else "y.long()" if bool((y >= 0).all()) else ""


def _pair(given: Any, run: Run) -> tuple[Any, Any]:
    if isinstance(given, Mapping):
        raise Refused("A mapping does not say which part is the input.", given=type(given).__name__, instead="(x, y)")
    if isinstance(given, (tuple, list)):
        if len(given) == 2 and not isinstance(given[0], (int, float)):
            return given[0], given[1]
    elif hasattr(given, "dataset"):  # a DataLoader: its own sampler stays where it is
        return _from_dataset(given.dataset, run)
    if hasattr(given, "__array__") or not (hasattr(given, "__getitem__") or hasattr(given, "__iter__")):
        raise Refused("These data have no targets.", given=type(given).__name__, allowed=ACCEPTS, instead="data=(x, y)")
    return _from_dataset(given, run)


def _from_dataset(dataset: Any, run: Run) -> tuple[Any, Any]:
    """Stacked items, at most ``MOST``, drawn from those of a Dataset that has a length; its own state stays."""
    dataset = dataset if isinstance(dataset, TensorDataset) else shadow(dataset)
    with run.drawing(FROM_DATASET):
        if hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
            order = torch.randperm(len(dataset), generator=run.generator(FROM_DATASET))[:MOST].sort().values.tolist()
            items: list[Any] = [dataset[i] for i in order]
        else:
            items = list(itertools.islice(dataset, MOST))
    if not items or not isinstance(items[0], Sequence) or len(items[0]) != 2:
        raise Refused("The items of these data are no pairs.", given=type(dataset).__name__, allowed=ACCEPTS)
    try:
        return tuple(torch.stack([torch.as_tensor(np.asarray(one[k])) for one in items]) for k in (0, 1))  # type: ignore[return-value]
    except (TypeError, ValueError, RuntimeError) as reason:
        raise Refused(f"The items do not stack: {reason}.", given=type(dataset).__name__, allowed=ACCEPTS) from None


def array(value: Any, what: str) -> Tensor:
    """``value`` as a tensor in its own memory, precision and place.

    Raises:
        Refused: not real numbers, or not finite.
    """
    try:
        found = numbers(value)
        tensor = found if isinstance(found, Tensor) else torch.from_numpy(_native(found))
    except (TypeError, ValueError, RuntimeError) as reason:
        is_text = getattr(value, "dtype", None) is not None and np.dtype(np.asarray(value).dtype).kind in "USO"
        raise Refused(f"{what} is not an array of numbers: {reason}.", given=type(value).__name__, allowed=ACCEPTS,
                      instead="np.unique(y, return_inverse=True)[1] of names" if is_text else "") from None  # fmt: skip
    if tensor.is_complex():
        raise Refused(f"{what} is complex.", given=str(tensor.dtype), allowed="real numbers")
    if not torch.isfinite(tensor).all():
        raise Refused(f"{what} is not finite everywhere.", given="NaN or ∞", allowed="finite numbers")
    return tensor
