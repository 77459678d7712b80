"""A network or function as it is probed: a shadow in eval mode, one loss and one gradient an input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run
from jupyter_phys.core.shadow import shadow
from jupyter_phys.instruments.probe.models.losses import Loss
from jupyter_phys.physics.batch import column


@dataclass
class Model:
    """Called with inputs [n, *shape] on ``device`` in ``dtype``; ``loss`` None: its answer is the packet itself."""

    name: str
    call: Callable[[Tensor], Any]
    shape: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    loss: Loss | None = None
    embedding: Callable[[Tensor], Tensor] | None = None  # of tokens, whose embeddings are the inputs then
    cost: float = 0.0  # bytes that a sample takes
    is_complex: bool = False

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(np.prod(self.shape))

    def each(self, run: Run, at_once: int, copies: float = 1) -> float:
        """Bytes an input for batches of a run; so many that no more than ``at_once`` go together on a CPU."""
        return max(copies * self.cost, run.memory / at_once if run.device.type == "cpu" else 0.0)

    def inputs(self, given: Tensor) -> Tensor:
        """The user's inputs [n, ...] as this model takes them; tokens become their embeddings."""
        if self.embedding is not None and not given.dtype.is_floating_point:
            with torch.no_grad():
                return self.embedding(given.to(self.device)).to(self.dtype)
        return given.to(self.device, self.dtype)

    def answers(self, x: Tensor) -> Tensor:
        """Answers [n, ...] to inputs [n, *shape] or [n, d]."""
        return _answer(self.call(x.view(-1, *self.shape)))

    def losses(self, answers: Tensor, target: Tensor | None) -> Tensor:
        """Loss [n] of each answer; one target stands for all."""
        n = len(answers) if answers.dim() else 0
        if self.loss is None:
            return answers.reshape(n, -1)[:, 0] if answers.numel() == n else answers
        assert target is not None
        target = target.to(answers.device)
        found = self.loss(answers, target.expand(n, *target.shape[1:]) if len(target) == 1 else target)
        return found[:, 0] if isinstance(found, Tensor) and found.shape == (n, 1) else found  # pyright: ignore

    def packets(self, x: Tensor, targets: Sequence[Tensor | None]) -> Iterator[tuple[Tensor, Tensor]]:
        """Loss [n] and its gradient [n, d] at ``x`` for each target: one pass forward, one backward a target."""
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            answers = self.answers(x)
            for k, target in enumerate(targets):
                loss = self.losses(answers, target)
                yield loss.detach(), gradient(loss, x, keep=k + 1 < len(targets)).flatten(1)


def gradient(loss: Tensor, x: Tensor, *, keep: bool = False) -> Tensor:
    """Gradient of each loss [n] by its own input, like x; complex where the loss is."""
    if not loss.requires_grad:  # a constant, see `sound`
        return torch.zeros_like(x)
    if loss.is_complex():
        real, imaginary = (
            torch.autograd.grad(part.sum(), x, retain_graph=first or keep, materialize_grads=True, allow_unused=True)[0]
            for part, first in ((loss.real, True), (loss.imag, False))
        )
        return torch.complex(real, imaginary)
    return torch.autograd.grad(loss.sum(), x, retain_graph=keep, materialize_grads=True, allow_unused=True)[0]


def _answer(value: Any) -> Tensor:
    """The tensor in what a network gives: itself, ``.logits``, or the first of several."""
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "logits"):
        return _answer(value.logits)
    if isinstance(value, Mapping) and value:
        return _answer(value["logits"] if "logits" in value else next(iter(value.values())))
    if isinstance(value, (tuple, list)) and value:
        return _answer(value[0])
    raise Refused("The model does not answer with a tensor.", given=type(value).__name__,
                  allowed="a tensor, a tuple or dict of them, or an object with .logits")  # fmt: skip


def network(name: str, value: Any, loss: Loss, normalise: Any, given: Tensor, run: Run) -> Model:
    """A network that answers inputs like ``given`` [n, ...]."""
    twin, dtype = _twin(name, value, run)
    call: Callable[[Tensor], Any] = twin
    embedding = None
    if not given.dtype.is_floating_point and _takes_embeddings(twin):
        embedding = twin.get_input_embeddings()
        call = lambda x: twin(inputs_embeds=x)  # noqa: E731
    elif not given.dtype.is_floating_point and _has_words(twin):
        raise Refused(f"{name} takes tokens, along which there is no gradient.", given=f"inputs {given.dtype}",
                      allowed="a network with get_input_embeddings() and forward(inputs_embeds=)",
                      instead="the layers behind its embedding, with embeddings as data=")  # fmt: skip
    elif normalise is not None:
        mean, std = (_by_channel(one, given.dim() - 1, dtype, run.device) for one in _two(normalise))
        if not (std > 0).all():
            raise Refused("normalise= divides by a standard deviation, which is above 0.", given=repr(normalise)[:80])
        call = lambda x: twin((x - mean) / std)  # noqa: E731
    model = Model(name, call, tuple(given.shape[1:]), dtype, run.device, loss, embedding)
    model.shape = tuple(model.inputs(given[:1]).shape[1:])
    return model


def function(name: str, value: Any, d: int, run: Run) -> Model:
    """A function (n, d) → (n,)."""
    twin, dtype = _twin(name, value, run)
    return Model(name, twin, (d,), dtype, run.device)


def _twin(name: str, value: Any, run: Run) -> tuple[Any, torch.dtype]:
    modules: list[nn.Module] = []
    twin = shadow(value, modules.append)
    kinds = {type(one).__name__ for one in modules if one.training and _depends_on_mode(one)}
    if kinds:
        run.note(f"{name} was in train mode; it is measured in eval mode ({', '.join(sorted(kinds))}).")
    for one in reversed(modules):  # the outermost first: its own eval() reaches the others
        if one.training:
            one.eval()
    if not isinstance(twin, nn.Module):
        return twin, run.dtype
    own = [one.dtype for one in twin.parameters() if one.dtype.is_floating_point]
    return twin.to(run.device), own[0] if own else run.dtype


def _depends_on_mode(module: nn.Module) -> bool:
    name = type(module).__name__
    return "Dropout" in name or "BatchNorm" in name or "Drop" in name


def _has_words(value: Any) -> bool:
    return isinstance(value, nn.Module) and any(isinstance(one, nn.Embedding) for one in value.modules())


def _takes_embeddings(value: Any) -> bool:
    forward = getattr(value, "forward", value)
    try:
        named = inspect.signature(forward).parameters
    except (TypeError, ValueError):
        return False
    return "inputs_embeds" in named and hasattr(value, "get_input_embeddings")


def _two(normalise: Any) -> tuple[Any, Any]:
    try:
        mean, std = normalise
    except (TypeError, ValueError):
        raise Refused("normalise= is a mean and a standard deviation.", given=repr(normalise)[:80],
                      instead="normalise=(0.5, 0.5)") from None  # fmt: skip
    return mean, std


def _by_channel(value: Any, dims: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A number, or one a channel [c] as [c, 1, 1]."""
    try:
        found = torch.as_tensor(np.asarray(value, dtype=np.float64)).to(device, dtype)
    except (TypeError, ValueError):
        raise Refused("normalise= has one number, or one a channel.", given=repr(value)[:80]) from None
    if found.dim() > 1 or not torch.isfinite(found).all():
        raise Refused("normalise= has one number, or one a channel.", given=repr(value)[:80])
    return found if found.dim() == 0 else column(found, dims)
