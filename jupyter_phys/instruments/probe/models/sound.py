"""Try a model before it is measured: one finite loss an input, the same twice, with a gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run, is_out_of_memory
from jupyter_phys.instruments.probe.models.model import Model, gradient

CHECK = 0  # kind of draws
TRIED = 8  # inputs with which a model is tried before
VALUES = 12  # float64 arrays of an input's size alive for every sample


def sound(model: Model, x: Tensor, target: Tensor | None, run: Run) -> None:
    """Try the model on inputs [n, *shape] and fill in its cost.

    Raises:
        Refused: no loss an input, not finite, not the same twice, mixing inputs, or without a gradient.
    """
    x = x[:TRIED]
    if len(x) == 1:  # alone it would not be seen to depend on others
        x = torch.cat([x, x + 0.01 * (x.abs().mean() + 1)])
    with run.drawing(CHECK), torch.enable_grad():
        kept: dict[int, int] = {}
        tried = x.detach().clone().requires_grad_()
        try:
            with torch.autograd.graph.saved_tensors_hooks(lambda one: _count(one, kept), lambda one: one):
                answers = model.answers(tried)
                loss = _loss(model, answers, target)
        except Refused:
            raise
        except Exception as reason:  # whatever a stranger's model raises
            if is_out_of_memory(reason):
                raise
            raise failed(model, x, reason) from reason
        _one_each(model, loss, len(x))
        model.is_complex = loss.is_complex()
        model.cost = 2.0 * sum(kept.values()) / len(x) + 8.0 * VALUES * model.d
        _finite(model, loss)
        _the_same(model, x, target, loss.detach())
        _sloped(model, loss, tried)


def _loss(model: Model, answers: Tensor, target: Tensor | None) -> Tensor:
    try:
        return model.losses(answers, target)
    except Exception as reason:  # whatever a stranger's loss raises
        if target is None or isinstance(reason, Refused) or is_out_of_memory(reason):
            raise
        cure = "targets in the shape of answers"
        if not target.is_floating_point():
            cure = "loss=cross_entropy, or y.float() for what takes values"
        elif target.numel() == len(target) and torch.equal(target, target.round()):
            cure = "y.long(), if these are classes"
        given = f"answers {_kind(answers)}, targets {_kind(target)}"
        said = f"{type(reason).__name__}: {str(reason).strip().splitlines()[0][:200] if str(reason) else ''}"
        raise Refused(
            f"The loss does not take what {model.name} answers: {said}", given=given, instead=cure
        ) from reason


def _kind(one: Tensor) -> str:
    return f"{list(one.shape)} {str(one.dtype).removeprefix('torch.')}"


def _count(one: Tensor, kept: dict[int, int]) -> Tensor:
    storage = one.untyped_storage()
    if one.dim() and not isinstance(one, nn.Parameter):
        kept[storage.data_ptr()] = storage.nbytes()
    return one


def failed(model: Model, x: Tensor, reason: Exception) -> Refused:
    """The refusal of what a model itself raises on inputs ``x``."""
    said = str(reason).strip().splitlines()[0][:200] if str(reason) else type(reason).__name__
    cure = "torch functions in place of numpy's" if "numpy()" in said else ""
    if "dtype" in said or "scalar type" in said:
        cure = "precision=float32, or .double() inside"
    given = f"inputs {_kind(x)} on {x.device}"
    return Refused(f"{model.name} does not take these inputs: {type(reason).__name__}: {said}", given=given,
                   instead=cure)  # fmt: skip


def _one_each(model: Model, loss: Any, n: int) -> None:
    if not isinstance(loss, Tensor) or tuple(loss.shape) != (n,):
        shape = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        cure = "reduction='none'" if isinstance(loss, Tensor) and loss.dim() == 0 else ""
        raise Refused(f"{model.name} gives no loss for each input.", given=f"{shape} for {n} inputs",
                      allowed="one value an input, (n,)", instead=cure)  # fmt: skip


def _finite(model: Model, loss: Tensor) -> None:
    if not torch.isfinite(loss.detach()).all():
        raise Refused(f"{model.name} gives a loss that is not finite.", given=str(loss.detach()[~loss.isfinite()][0]),
                      allowed="finite losses on the whole domain")  # fmt: skip


def _the_same(model: Model, x: Tensor, target: Tensor | None, loss: Tensor) -> None:
    """Once more, and in two parts."""

    def again(x: Tensor) -> Tensor:
        with torch.no_grad():
            return model.losses(model.answers(x), target if target is None or len(target) == 1 else target[: len(x)])

    if not torch.equal(second := again(x), loss) and not _near(second, loss):
        raise Refused(f"{model.name} does not answer the same twice: it draws random numbers, or changes itself.",
                      allowed="a deterministic forward pass")  # fmt: skip
    half = (len(x) + 1) // 2
    if not _near(again(x[:half]), loss[:half]):
        raise Refused(f"{model.name} mixes the inputs of a batch: the loss of one depends on the others.",
                      allowed="a loss of each input alone", instead="reduction='none', or kept statistics")  # fmt: skip


def _near(one: Tensor, other: Tensor) -> bool:
    """Equal up to the rounding of other kernels for other batches."""
    eps = torch.finfo(other.dtype).eps
    return bool(torch.allclose(one, other, rtol=8 * eps**0.75, atol=8 * eps**0.75 * float(other.abs().max())))


def _sloped(model: Model, loss: Tensor, x: Tensor) -> None:
    lost = f"{model.name} changes with its input, yet no gradient reaches it"
    cure = "no .detach(), no_grad(), argmax or numpy inside"
    if not loss.requires_grad:
        if len(loss) > 1 and not torch.equal(loss, loss[:1].expand_as(loss)):
            raise Refused(f"{lost}.", allowed="a differentiable loss", instead=cure)
        return
    try:
        slope = gradient(loss, x)
    except RuntimeError as reason:
        if is_out_of_memory(reason):
            raise
        raise Refused(f"{lost}: {reason}.", allowed="a differentiable loss", instead=cure) from reason
    if not torch.isfinite(slope).all():
        raise Refused(f"{model.name} gives a gradient that is not finite.", given="NaN or ∞",
                      allowed="a loss that is differentiable almost everywhere")  # fmt: skip
