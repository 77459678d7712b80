"""A stand-in for a model: whatever it does, the model is as before; and it does what the model does."""

from __future__ import annotations

import functools
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.shadow import shadow


class Tied(nn.Module):
    """Everything a module may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.norm, self.drop = nn.BatchNorm1d(4), nn.Dropout(0.5)
        self.again = self.norm
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("absent", None)
        self.register_parameter("no_bias", None)
        self.plain, self.array, self.words = torch.zeros(2), np.zeros(2), {"calls": [0], "layers": [self.first]}
        self.draws, self.generator = np.random.default_rng(1), torch.Generator().manual_seed(2)
        self.handle = self.norm.register_forward_hook(self.watch)
        self.frozen = nn.Parameter(torch.ones(1), requires_grad=False)

    def watch(self, module: nn.Module, given: Any, answer: Any) -> None:
        self.words["calls"][0] += 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        self.plain.add_(1)
        self.array += 1
        noise = torch.rand(x.shape, generator=self.generator) + float(self.draws.normal())
        return self.drop(self.again(self.norm(self.second(self.first(x + noise)))))


def state(net: nn.Module) -> Any:
    held = [(n, p.detach().numpy().tobytes(), p.requires_grad, p._version, id(p)) for n, p in net.named_parameters()]
    held += [(n, b.numpy().tobytes(), b._version, id(b)) for n, b in net.named_buffers()]
    modes = [(n, m.training, id(m), list(m._forward_hooks)) for n, m in net.named_modules()]
    if isinstance(net, Tied):
        held += [net.plain.tolist(), net.array.tolist(), repr(net.words), repr(net.draws.bit_generator.state)]
        held += [net.generator.get_state().tolist()]
    return held, modes


def test_a_shadow_does_the_same_and_leaves_no_trace():
    net = Tied().train()
    net(torch.rand(5, 4)).sum().backward()
    grads = {n: p.grad for n, p in net.named_parameters()}
    before = state(net)
    twin = shadow(net)
    torch.manual_seed(0)
    with torch.no_grad():
        answer = twin(torch.ones(5, 4))
    twin.eval()
    twin.first.weight.grad = torch.ones(4, 4)
    twin.norm.reset_running_stats()
    del twin.drop
    twin.first.register_forward_hook(lambda *args: None)
    assert state(net) == before
    assert all(p.grad is grads[n] for n, p in net.named_parameters())
    torch.manual_seed(0)
    with torch.no_grad():
        assert torch.equal(net(torch.ones(5, 4)), answer)


def test_what_is_tied_or_shared_stays_so():
    twin = shadow(Tied())
    assert twin.first.weight is twin.second.weight and twin.norm is twin.again
    assert twin.words["layers"][0] is twin.first
    assert next(iter(twin.norm._forward_hooks.values())).__self__ is twin
    assert set(dict(twin.named_parameters())) == set(dict(Tied().named_parameters()))
    assert list(twin.state_dict()) == list(Tied().state_dict())


def test_parameters_are_copied_and_detached():
    net = Tied()
    twin = shadow(net)
    assert twin.first.weight.data_ptr() != net.first.weight.data_ptr()
    assert torch.equal(twin.first.weight, net.first.weight)
    assert not any(p.requires_grad for p in twin.parameters())
    assert all(p.requires_grad for n, p in net.named_parameters() if n != "frozen")
    assert twin.count.data_ptr() != net.count.data_ptr()


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.MultiheadAttention], ids=lambda kind: kind.__name__)
def test_modules_that_keep_lists_of_weights(kind: Any):
    net = kind(4, 2)
    x = torch.rand(3, 2, 4)
    given = (x, x, x) if kind is nn.MultiheadAttention else (x,)
    with torch.no_grad():
        assert torch.equal(shadow(net)(*given)[0], net(*given)[0])


def test_parametrised_and_normalised_weights():
    net = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)).train()
    old = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    before = state(net), state(old)
    for one in (net, old):
        with torch.no_grad():
            shadow(one)(torch.ones(1, 4))
    assert (state(net), state(old)) == before


NET = Tied()


def by_name(x: torch.Tensor) -> torch.Tensor:
    return helper(x)


def helper(x: torch.Tensor) -> torch.Tensor:
    return NET(x)


def recursive(x: torch.Tensor, depth: int = 2) -> torch.Tensor:
    return recursive(x, depth - 1) if depth else NET(x)


class Solver:
    def __init__(self) -> None:
        self.net = NET

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    def solve(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


def closed() -> Any:
    net = NET
    return lambda x: max([net(x) for _ in range(2)], key=len)


@pytest.mark.parametrize(
    "subject",
    [
        by_name, recursive, closed(), NET.forward, functools.partial(helper), functools.partial(NET.forward), Solver(),
        Solver().solve, lambda x, net=NET: net(x), lambda x, *, net=NET: net(x), lambda x: (lambda y: NET(y))(x),
    ],
    ids=[
        "name", "recursive", "closure", "method", "partial", "partial method", "object", "its method", "default",
        "keyword", "nested",
    ],
)  # fmt: skip
def test_callables_that_use_a_model(subject: Any):
    before = state(NET)
    twin = shadow(subject)
    with torch.no_grad():
        answer = twin(torch.ones(5, 4))
    assert answer.shape == (5, 4) and state(NET) == before


def test_generators_of_a_callable_are_twins():
    own, other = np.random.default_rng(0), random.Random(1)
    states = own.bit_generator.state, other.getstate()

    def draws() -> Any:
        return own.normal(), other.random()

    assert shadow(draws)() == shadow(draws)()
    assert (own.bit_generator.state, other.getstate()) == states
    assert shadow(draws)() == draws()


def test_what_uses_neither_is_itself():
    def plain(x: Any) -> Any:
        return np.fft.fft(x) * 2

    for one in (plain, np.fft.fft, torch.fft.fft2, np.negative, len, str, dict, functools.lru_cache(plain), print):
        assert shadow(one) is one


def test_what_cannot_be_shadowed_is_refused():
    with pytest.warns(DeprecationWarning):
        traced = torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2))
    for one in (traced, nn.Sequential(nn.ReLU(), traced), lambda x: traced(x)):
        with pytest.raises(Refused, match="scripted"):
            shadow(one)
    with pytest.raises(Refused, match="lazy"):
        shadow(nn.Sequential(nn.LazyLinear(3)))


def test_a_compiled_module_is_what_was_compiled():
    class Compiled(nn.Module):  # as torch.compile wraps it, without starting a compiler
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self._orig_mod = net

    net = nn.Linear(2, 2)
    twin = shadow(Compiled(net))
    assert type(twin) is nn.Linear and torch.equal(twin.weight, net.weight)


class Stats:
    """A plain object inside a module or a closure."""

    def __init__(self) -> None:
        self.n, self.sums, self.seen = 0, {"all": [0.0]}, np.zeros(2)


class Slotted:
    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n = 0


class Careless(nn.Module):
    """Changes its weights, and plain objects."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.v, self.stats, self.slot = (
            nn.Parameter(torch.ones(3)),
            nn.Parameter(torch.ones(3)),
            Stats(),
            Slotted(),
        )
        self.layers = {"deep": (nn.Linear(3, 3), [Stats()])}
        self.part = self.w.detach()[:2]
        self.handle = self.register_forward_hook(lambda *args: None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.w.mul_(0.9)
        self.v.data.mul_(0.9)
        self.part.add_(1)
        self.stats.n += 1
        self.slot.n += 1
        self.stats.sums["all"].append(1.0)
        self.layers["deep"][1][0].n += 1
        self.layers["deep"][0].weight.zero_()
        self.handle.remove()
        return x * self.w.sum() + self.v.sum() + self.stats.n + self.part.sum()


def test_weights_and_plain_objects_of_a_module_are_untouched():
    net = Careless()
    with torch.no_grad():
        one, two = (shadow(net)(torch.ones(3)) for _ in range(2))
    assert torch.equal(one, two) and torch.equal(net.w, torch.ones(3)) and torch.equal(net.v, torch.ones(3))
    assert net.w._version == net.v._version == 0 and len(net._forward_hooks) == 1
    deep = net.layers["deep"]
    assert net.stats.n == net.slot.n == deep[1][0].n == 0 and net.stats.sums == {"all": [0.0]}
    assert bool(deep[0].weight.any())
    with torch.no_grad():
        assert torch.equal(net(torch.ones(3)), one)  # views share memory in the twin as well


COUNT, LOG, TABLE = 0, [0], {"gain": 1.0}


def counts(x: float) -> float:
    global COUNT
    COUNT += 1
    return x * COUNT + reads()


def reads() -> int:
    return COUNT


def logs(x: float) -> float:
    LOG.append(1)
    TABLE["gain"] *= 0.5
    logs.calls = getattr(logs, "calls", 0) + 1  # type: ignore[attr-defined]
    return x * len(LOG) * TABLE["gain"] + logs.calls  # type: ignore[attr-defined]


class Fading:
    gain = 1.0

    def __init__(self) -> None:
        self.stats, self.gain = Stats(), 1.0

    def __call__(self, x: float) -> float:
        self.gain *= 0.5
        self.stats.n += 1
        self.stats.seen += 1
        return x * self.gain + self.stats.n + self.stats.seen.sum()


def stateful() -> dict[str, Any]:
    array, tensor, box, log, n, fading = np.ones(3), torch.ones(3), {"n": [0]}, [0], 0, Fading()
    queue, numbers = bytearray(b"abc"), iter(range(9))

    def arrays(x: float) -> float:
        array[:] *= 2
        tensor.mul_(2)
        return float(x * array.sum() + tensor.sum())

    def boxes(x: float) -> float:
        nonlocal n
        n += 1
        box["n"][0] += 1
        log.append(1)
        queue.append(1)
        return x * n + box["n"][0] + len(log) + len(queue) + next(numbers)

    def kept(x: float, memory: list[int] = []) -> float:  # noqa: B006
        memory.append(1)
        return x * len(memory)

    append = log.append

    def bound(x: float) -> float:
        append(1)
        return x * len(log)

    return {
        "global": counts, "containers": logs, "object": Fading(), "method": Fading().__call__, "arrays": arrays,
        "boxes": boxes, "default": kept, "bound": bound, "closure": lambda x: fading(x),
        "partial": functools.partial(kept), "no_grad": torch.no_grad()(boxes),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(stateful()))
def test_callables_with_a_memory(name: str):
    """Two twins give the same, and what they give is what the thing itself gives at its next call."""
    one = stateful()[name]
    first, second = shadow(one), shadow(one)
    expected = first(2.0)
    assert second(2.0) == expected == shadow(one)(2.0) == one(2.0)


def test_what_cannot_be_copied_is_refused_or_shared():
    import threading

    lock, yields, huge = threading.Lock(), (x for x in (1, 2)), np.ones(3)
    assert shadow(lambda x: (lock, x))(1)[0] is lock
    with pytest.raises(Refused, match="generator"):
        shadow(lambda x: next(yields))
    assert shadow(lambda: huge)() is not huge
