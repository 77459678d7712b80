"""Networks, losses and data of every make: the same numbers however they come, or a refusal that names the cure."""

from __future__ import annotations

import copy
import functools
import math
import random
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.panel import Plot, Table

ROWS, CLASSES, N = 5, 3, 36
QUICK: dict[str, Any] = {
    "samples": 400, "images": N, "steps": 3, "eps": [0.0, 0.05], "s": 0.02, "pictures": 0, "progress": False,
}  # fmt: skip
NUMBERS = ("delta_x", "delta_p", "product", "bound", "correlation", "accuracy", "cc", "alignment")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No warning reaches the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="torch")
        yield


def images(channels: int = 1) -> tuple[Tensor, Tensor]:
    draw = np.random.default_rng(0)
    y = np.arange(N) % CLASSES
    x = 0.3 + 0.3 * draw.random((N, channels, ROWS, ROWS))
    x[:, :, :2] += 0.15 * y[:, None, None, None]
    return torch.from_numpy(x).float(), torch.from_numpy(y)


X, Y = images()


def made(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def layered(answers: int = CLASSES, hidden: int = 12, channels: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(channels * ROWS**2, hidden), nn.Tanh(), nn.Linear(hidden, answers)
    ).eval()


def fitted(net: nn.Module, x: Tensor = X, y: Tensor = Y, rate: float = 0.02, steps: int = 60) -> nn.Module:
    """A few steps down the loss, so that answers mean something."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    optimizer.zero_grad()
    return net


NET = fitted(made(layered))


def probed(subject: Any, data: Any = (X, Y), **options: Any) -> Reading:
    return jp.probe(subject, **QUICK | {"data": data} | options)


def refused(subject: Any, words: str, data: Any = (X, Y), **options: Any) -> Refused:
    with pytest.raises(Refused, match=words) as caught:
        probed(subject, data, **options)
    refusal = caught.value
    assert refusal.given is not None or refusal.allowed is not None or refusal.instead, str(refusal)
    assert "object at 0x" not in str(refusal)
    return refusal


def agree(one: Reading, other: Reading, rel: float = 1e-5, names: tuple[str, ...] = NUMBERS) -> None:
    for name in names:
        a, b = one.data[name].values, other.data[name].values
        assert np.isfinite(b).all(), name
        np.testing.assert_allclose(a, b, rtol=rel, atol=rel * float(np.abs(b).max()), err_msg=name)


@functools.cache
def plain() -> Reading:
    reading = probed(NET)
    assert reading.data["accuracy"].values[0, 0, 0] > 0.7 and reading.data["accuracy"].values.min() < 0.9
    return reading


# --- networks that are the same


class Wrapped(nn.Module):
    def __init__(self, net: nn.Module, wrap: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.net, self.wrap = net, wrap

    def forward(self, x: Tensor) -> Any:
        return self.wrap(self.net(x))


class Answer(NamedTuple):
    logits: Tensor
    hidden: Tensor


class Plain:
    """Calls a network, and is none."""

    def __init__(self) -> None:
        self.net = copy.deepcopy(NET).double()

    def __call__(self, x: Tensor) -> Tensor:
        return self.net(x)

    def answer(self, x: Tensor) -> Tensor:
        return self.net(x)


def frozen() -> nn.Module:
    return copy.deepcopy(NET).requires_grad_(False)


def half_frozen() -> nn.Module:
    net: Any = copy.deepcopy(NET)
    net[1].requires_grad_(False)
    return net


def made_in_inference() -> nn.Module:
    net = layered()
    with torch.inference_mode():
        state = {name: one.clone() for name, one in NET.state_dict().items()}
        for name, one in state.items():
            owner: Any = net
            *path, last = name.split(".")
            for part in path:
                owner = getattr(owner, part)
            setattr(owner, last, nn.Parameter(one, requires_grad=False))
    return net


def normed() -> nn.Module:
    net: Any = copy.deepcopy(NET)
    parametrizations.weight_norm(net[1])
    return net


def with_gradients() -> nn.Module:
    net = copy.deepcopy(NET)
    functional.cross_entropy(net(X), Y).backward()
    return net


def compiled() -> Any:
    return torch.compile(copy.deepcopy(NET), backend="eager")


SAME: dict[str, Callable[[], Any]] = {
    "frozen": frozen, "half frozen": half_frozen, "made in inference mode": made_in_inference, "weight norm": normed,
    "with gradients": with_gradients,
    "compiled": compiled,
    "compiled inside": lambda: nn.Sequential(compiled()),
    "in parallel": lambda: nn.DataParallel(copy.deepcopy(NET)) if not torch.cuda.is_available() else NET,
    "tuple": lambda: Wrapped(NET, lambda z: (z, z * 2)), "list": lambda: Wrapped(NET, lambda z: [z]),
    "dict": lambda: Wrapped(NET, lambda z: {"loss": z.sum(), "logits": z}),
    "first of a dict": lambda: Wrapped(NET, lambda z: {"out": z, "hidden": z * 2}),
    "logits": lambda: Wrapped(NET, lambda z: SimpleNamespace(loss=None, logits=z)),
    "named tuple": lambda: Wrapped(NET, lambda z: Answer(hidden=z * 2, logits=z)),
    "tuple of dicts": lambda: Wrapped(NET, lambda z: ({"logits": z},)),
    "callable object": Plain, "method": lambda: Plain().answer,
    "function": lambda: lambda x: NET(x.float()),
    "partial": lambda: functools.partial(lambda net, x: net(x.float()), NET),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_network_of_any_make(name: str):
    agree(probed(SAME[name]()), plain(), 1e-4 if name in ("callable object", "method") else 1e-5)


def test_a_float32_network_behind_a_function():
    """A function has no precision: numbers, or the word that helps."""
    try:
        agree(probed(lambda x: NET(x)), plain())
    except Refused as refusal:
        assert "precision" in str(refusal)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_a_measurement_where_gradients_are_off(context: Any):
    with context():
        reading = probed(NET)
        assert not torch.is_grad_enabled()
    agree(reading, plain())


@pytest.mark.parametrize(("dtype", "rel"), [(torch.float64, 1e-4), (torch.float16, 0.03), (torch.bfloat16, 0.2)])
def test_a_network_of_any_precision(dtype: torch.dtype, rel: float):
    net = copy.deepcopy(NET).to(dtype)
    reading = probed(net)
    agree(reading, plain(), rel, ("delta_x", "product", "bound"))
    np.testing.assert_allclose(reading.data["delta_p_grand"], plain().data["delta_p_grand"], rtol=rel)
    np.testing.assert_allclose(reading.data["accuracy"], plain().data["accuracy"], atol=2.01 / N)
    assert all(one.dtype is dtype for one in net.parameters())
    assert reading.record.facts["dtype"] == str(dtype).removeprefix("torch.")


class Tied(nn.Module):
    """One matrix there and back, and one layer under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(ROWS**2, 12), nn.Linear(12, ROWS**2)
        self.again = self.first
        self.last.weight = nn.Parameter(self.first.weight.detach().T.clone())
        self.out = nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        back = functional.linear(self.first(x.flatten(1)).tanh(), self.first.weight.T, self.last.bias)
        return self.out(self.again(back).tanh())


def test_shared_parameters():
    net: Any = fitted(made(Tied))
    apart = copy.deepcopy(net)
    apart.again = copy.deepcopy(apart.first)
    agree(probed(net), probed(apart))
    assert net.again is net.first


def test_forward_hooks_act_and_see_nothing_afterwards():
    net: Any = copy.deepcopy(NET)
    seen: list[int] = []
    net[1].register_forward_hook(lambda module, given, answer: seen.append(len(answer)) or 2 * answer)
    doubled: Any = copy.deepcopy(NET)
    with torch.no_grad():
        doubled[1].weight.mul_(2)
        doubled[1].bias.mul_(2)
    agree(probed(net), probed(doubled))
    assert seen == []


def in_training() -> nn.Module:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.4), nn.Flatten(), nn.Linear(36, CLASSES)
    )
    fitted(net.train())
    functional.cross_entropy(net(X), Y).backward()
    net[2].eval()
    return net


def test_train_mode_is_left_as_it_is():
    net = made(in_training)
    state = {name: one.clone() for name, one in net.state_dict().items()}
    slopes = [one.grad.clone() for one in net.parameters() if one.grad is not None]
    modes = [one.training for one in net.modules()]
    reading = probed(net, s=0.005)
    agree(reading, probed(copy.deepcopy(net).eval(), s=0.005))
    assert any("train mode" in one.text and "BatchNorm2d, Dropout" in one.text for one in reading.notes)
    assert [one.training for one in net.modules()] == modes and modes.count(False) == 1
    assert all(torch.equal(one, state[name]) for name, one in net.state_dict().items())
    assert all(torch.equal(one.grad, slope) for one, slope in zip(net.parameters(), slopes, strict=True))  # type: ignore[arg-type]
    assert all(one.requires_grad for one in net.parameters())


def test_eval_mode_is_not_mentioned():
    assert not any("train mode" in one.text for one in probed(made(in_training).eval()).notes)


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_one_score_is_that_of_class_one(shape: tuple[int, ...]):
    x, y = X, (Y > 0).long()
    one = fitted_binary()

    def two(x: Tensor) -> Tensor:
        z = one(x.float())[:, 0]
        return torch.stack([torch.zeros_like(z), z], 1)

    reading = probed(Wrapped(one, lambda z: z.view(-1, *shape[1:])), (x, y))
    agree(reading, probed(two, (x, y)), 1e-4, tuple(name for name in NUMBERS if name != "alignment"))
    z = one(x)[:, 0]
    assert reading.data["accuracy"].values[0, 0, 0] == pytest.approx(float(((z > 0).long() == y).double().mean()))
    assert list(reading.data["label"].values) == ["0", "1"]


def test_the_alignment_of_one_score():
    """Of whichever class is answered: its score is z or −z."""
    net = fitted_binary()
    x = X.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(x).sum(), x)
    expected = (X * slope).flatten(1).sum(1).abs() / slope.flatten(1).norm(dim=1)
    np.testing.assert_allclose(probed(net, (X, (Y > 0).long())).data["alignment"].values[0], expected, rtol=1e-4)


def fitted_binary() -> nn.Module:
    net = made(lambda: layered(1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        functional.binary_cross_entropy_with_logits(net(X)[:, 0], (Y > 0).float()).backward()
        optimizer.step()
    return net.requires_grad_(False)


# --- networks that cannot be probed


class Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = copy.deepcopy(NET)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x + 0.1 * torch.randn_like(x))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "random numbers": (Noisy, "does not answer the same twice"),
    "numpy's random numbers": (lambda: lambda x: NET(x.float() + np.random.rand()), "does not answer the same twice"),
    "dropout that is always on": (
        lambda: Wrapped(NET, lambda z: functional.dropout(z, 0.5, training=True)), "does not answer the same twice",
    ),
    "NaN": (lambda: Wrapped(NET, lambda z: z * math.nan), "not finite"),
    "infinite": (lambda: Wrapped(NET, lambda z: z / 0), "not finite"),
    "argmax": (lambda: Wrapped(NET, lambda z: functional.one_hot(z.argmax(1), CLASSES).float()), "no gradient"),
    "detached": (lambda: Wrapped(NET, lambda z: z.detach()), "no .detach"),
    "without gradients": (lambda: torch.no_grad()(lambda x: NET(x.float())), "no_grad"),
    "numpy": (lambda: lambda x: torch.from_numpy(np.tanh(x.flatten(1).numpy()))[:, :3], "torch functions in place"),
    "mixes a batch": (lambda: lambda x: NET(x.float() - x.float().mean(0)), "mixes the inputs of a batch"),
    "an answer a pixel": (lambda: nn.Conv2d(1, CLASSES, 1), "more than one answer"),
    "text": (lambda: Wrapped(NET, lambda z: "three"), "does not answer with a tensor"),
    "nothing": (lambda: Wrapped(NET, lambda z: None), "does not answer with a tensor"),
    "an empty dict": (lambda: Wrapped(NET, lambda z: {}), "does not answer with a tensor"),
    "raises": (lambda: Wrapped(NET, lambda z: {}["none"]), "KeyError"),
    "another size": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(7, 3)), "does not take these inputs"),
    "one answer for all": (lambda: Wrapped(NET, lambda z: z.mean(0)), "no loss for each input|mixes|does not take"),
    "gradient that is not finite": (
        lambda: Wrapped(NET, lambda z: z * (z - z.detach()).sqrt()), "gradient.*not finite",
    ),
    "lazy": (lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), "lazy"),
    "scripted": (lambda: torch.jit.trace(NET, X), "scripted"),
    "a class": (lambda: nn.Linear, "not called"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_network_that_cannot_be_probed(name: str):
    build, words = REFUSED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        subject = build()
    refused(subject, words)


def test_a_loss_that_is_infinite_far_from_data():
    """The trial does not meet it, the samples of the window do."""
    refused(Rooted(), "not finite|no packet", s=0.5)


class Rooted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = copy.deepcopy(NET)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.sqrt())


def test_a_class_whose_loss_is_zero_everywhere_is_withheld_and_named():
    def sure(x: Tensor) -> Tensor:
        z = NET(x.float())
        return torch.stack([z[:, 0] + 1e4, z[:, 1], z[:, 2]], 1)

    reading = probed(sure, precision="float32")
    product = reading.data["product"].values[0]
    assert np.isnan(product[0]).all() and np.isfinite(product[1:]).all()
    assert any("withheld" in note.text for note in reading.notes)
    assert np.isfinite(reading.data["accuracy"].values).all()


def test_random_states_are_as_before():
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[union-attr]
    probed(NET)
    refused(Noisy(), "twice")
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1]) and random.getstate() == states[2]  # type: ignore[arg-type]


@pytest.mark.parametrize("mix", ["mean", "batch norm"])
def test_mixing_is_found_with_a_single_input(mix: str):
    def mixing(x: Tensor) -> Tensor:
        x = x.float()
        return NET(x - 0.5 * x.mean(0) if mix == "mean" else functional.batch_norm(x, None, None, training=True))

    with pytest.raises(Refused, match="mixes the inputs"):
        jp.probe(mixing, centre=X[0], label=0, loss="cross_entropy", **QUICK)


# --- losses


def test_the_mean_over_a_batch_is_taken_apart():
    mean = nn.CrossEntropyLoss()
    agree(probed(NET, loss=mean), plain())
    assert mean.reduction == "mean"


def test_losses_of_torch():
    smooth = probed(NET, loss=nn.CrossEntropyLoss(label_smoothing=0.1, weight=torch.tensor([1.0, 2.0, 3.0])))
    mine = nn.CrossEntropyLoss(label_smoothing=0.1, weight=torch.tensor([1.0, 2.0, 3.0]), reduction="none")
    agree(smooth, probed(NET, loss=lambda z, y: mine(z, y)))
    likely = probed(Wrapped(NET, lambda z: z.log_softmax(1)), loss=nn.NLLLoss())
    agree(likely, plain(), names=("delta_x", "delta_p", "product", "accuracy", "cc"))


def test_the_binary_loss_of_torch():
    """It wants values where classes are whole numbers: it works, or the refusal names the loss that does."""
    net, y = Wrapped(fitted_binary(), lambda z: z[:, 0]), (Y > 0).long()
    try:
        agree(probed(net, (X, y), loss=nn.BCEWithLogitsLoss()), probed(net, (X, y)), names=("delta_x", "delta_p", "cc"))
    except Refused as refusal:
        assert "cross_entropy" in str(refusal)


def test_a_loss_of_ones_own():
    def missed(answers: Tensor, y: Tensor) -> Tensor:
        return 1 - answers.softmax(1)[torch.arange(len(y)), y]

    agree(probed(NET, loss=missed), probed(NET, loss="one_minus_p"))
    assert "loss missed" in probed(NET, loss=missed).data.attrs["title"]


@pytest.mark.parametrize("factor", [7.0, 1e-3])
def test_a_factor_changes_nothing(factor: float):
    agree(probed(NET, loss=lambda z, y: factor * functional.cross_entropy(z, y, reduction="none")), plain())


BAD_LOSSES: dict[str, tuple[Any, str]] = {
    "no such": ("cross entropy", "cross_entropy"), "of values": ("squared", "does not go with these targets"),
    "mean": (lambda z, y: functional.cross_entropy(z, y), "reduction='none'"),
    "coupled": (lambda z, y: functional.cross_entropy(z - z.mean(0), y, reduction="none"), "mixes the inputs"),
    "a number": (3.0, "name or is called"), "a class": (nn.CrossEntropyLoss, "name or is called"),
    "one argument": (lambda z: z.sum(1), "TypeError"),
    "no tensor": (lambda z, y: 3.0, "no loss for each input"),
    "detached": (lambda z, y: functional.cross_entropy(z.detach(), y, reduction="none"), "no gradient"),
    "zero": (lambda z, y: 0 * z.sum(1), "zero everywhere"),
    "0-1": (lambda z, y: (z.argmax(1) != y).float(), "no gradient"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_LOSSES)
def test_a_bad_loss_is_refused(name: str):
    loss, words = BAD_LOSSES[name]
    refused(NET, words, loss=loss, data=(X, torch.where(torch.arange(N) % 2 == 0, Y, (Y + 1) % CLASSES)))


def test_a_jump_that_the_trial_does_not_meet_is_told():
    reading = probed(NET, (X, (Y + 1) % CLASSES), loss=lambda z, y: 1 + (z.argmax(1) != y).float(), s=0.2, samples=8000)
    assert any("gradient is not that of the loss" in note.text for note in reading.notes)


@pytest.mark.parametrize("s", [0.01, 0.02, 0.03, 0.05, 0.07, 0.1])
def test_a_sound_network_is_not_suspected(s: float):
    """Also where few effective samples are left."""
    assert not any("gradient is not that of the loss" in note.text for note in probed(NET, s=s).notes)


# --- labels


def test_permuted_classes_are_permuted_rows():
    order = torch.tensor([2, 0, 1])  # new name of every class
    net: Any = copy.deepcopy(NET)
    with torch.no_grad():
        net[3].weight[order] = NET[3].weight.clone()  # type: ignore[index,union-attr]
        net[3].bias[order] = NET[3].bias.clone()  # type: ignore[index,union-attr]
    one, other = plain().data, probed(net, (X, order[Y])).data
    for name in ("delta_x", "delta_p", "product", "bound"):
        np.testing.assert_allclose(other[name].values[:, order], one[name].values, rtol=1e-5)
        np.testing.assert_allclose(other[f"{name}_grand"], one[f"{name}_grand"], rtol=1e-6)
    np.testing.assert_array_equal(other["accuracy"].values, one["accuracy"].values)
    np.testing.assert_allclose(other["cc"].values, one["cc"].values, rtol=1e-4, atol=1e-5)


LABELS: dict[str, Any] = {
    "list": Y.tolist(), "int64": Y.numpy(), "int32": Y.int(), "int16": Y.short(), "int8": Y.to(torch.int8),
    "uint8": Y.to(torch.uint8), "numpy uint16": Y.numpy().astype(np.uint16), "column": Y[:, None],
    "strided": torch.stack([Y, Y], 1)[:, 0],
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_type(name: str):
    agree(probed(NET, (X, LABELS[name])), plain())


def test_labels_that_are_true_or_false():
    net = fitted_binary()
    one, other = (probed(net, (X, y), s=0.005) for y in (Y > 0, (Y > 0).long()))
    assert one.data.identical(other.data)


BAD_LABELS: dict[str, tuple[Any, str]] = {
    "too high": (Y + 1, "0 … 2"), "negative": (Y - 1, "0 … 2"), "too few": (Y[:5], "go together"),
    "one-hot": (functional.one_hot(Y, CLASSES), "argmax"), "NaN": (Y * math.nan, "not finite"),
    "text": (["a"] * N, "not an array of numbers"), "values": (Y.float(), "does not take|targets|values"),
    "complex": (Y + 1j, "complex"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_LABELS)
def test_bad_labels_are_refused(name: str):
    labels, words = BAD_LABELS[name]
    refused(NET, words, (X, labels))


def test_the_first_labels_only():
    reading = probed(NET, labels=2)
    assert list(reading.data["label"].values) == ["0", "1"]
    assert any("first 2 of 3" in note.text for note in reading.notes)
    agree(reading, plain(), names=("accuracy", "cc"))


# --- data


class Items(Dataset[Any]):
    """Draws from every global generator, as augmentation does; always the same items."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> Any:
        torch.rand(3)
        np.random.rand()
        random.random()
        return X[i].numpy(), int(Y[i])


class Stream(IterableDataset[Any]):
    def __init__(self) -> None:
        self.given = 0

    def __iter__(self) -> Iterator[Any]:
        for x, y in zip(X, Y, strict=True):
            self.given += 1
            yield x, y


DATA: dict[str, Callable[[], Any]] = {
    "numpy": lambda: (X.numpy(), Y.numpy()), "list of two": lambda: [X, Y],
    "nested lists": lambda: (X.tolist(), Y.tolist()),
    "float64": lambda: (X.double(), Y), "needs gradient": lambda: (X.clone().requires_grad_(), Y),
    "part of a graph": lambda: (X.clone().requires_grad_() * 1, Y),
    "Fortran": lambda: (np.asfortranarray(X.numpy()), Y),
    "turned twice": lambda: (X.numpy()[::-1].copy()[::-1], Y), "read only": lambda: (frozen_array(), Y),
    "foreign bytes": lambda: (X.numpy().astype(">f4"), Y.numpy().astype(">i8")),
    "long doubles": lambda: (X.numpy().astype(np.longdouble), Y), "channels last": lambda: (
        X.to(memory_format=torch.channels_last), Y),
    "pairs": lambda: [(X[i], Y[i]) for i in range(N)], "TensorDataset": lambda: TensorDataset(X, Y),
    "Subset": lambda: Subset(TensorDataset(X, Y), range(N)), "Dataset": Items, "IterableDataset": Stream,
    "DataLoader": lambda: DataLoader(TensorDataset(X, Y), batch_size=7, shuffle=True),
    "DataLoader of a stream": lambda: DataLoader(Stream(), batch_size=7),
    "list of tensors": lambda: ([*X], [*Y]),
    "xarray and pandas": lambda: (xr.DataArray(X.numpy()), pd.Series(Y.numpy())),
    "zipped": lambda: list(zip(X.numpy(), Y.numpy(), strict=True)),
}  # fmt: skip


def frozen_array() -> Any:
    array = X.numpy().copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("name", DATA)
def test_data_of_any_form(name: str):
    agree(probed(NET, DATA[name]()), plain())


def test_a_loader_and_global_generators_are_left_alone():
    draw = torch.Generator().manual_seed(4)
    stream = Stream()
    loaders = [DataLoader(Items(), batch_size=5, shuffle=True, generator=draw), DataLoader(stream, batch_size=5)]
    before = draw.get_state(), torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[union-attr]
    for loader in loaders:
        agree(probed(NET, loader), plain())
    assert torch.equal(draw.get_state(), before[0]) and torch.equal(torch.get_rng_state(), before[1])
    assert np.array_equal(np.random.get_state()[1], before[2]) and random.getstate() == before[3]  # type: ignore[arg-type]
    assert stream.given == 0


class Augmented(Dataset[Any]):
    """Counts, and draws from a generator of its own."""

    def __init__(self) -> None:
        self.calls, self.draw = 0, np.random.default_rng(0)

    def __len__(self) -> int:
        return N

    def __getitem__(self, i: int) -> Any:
        self.calls += 1
        return X[i] + 1e-3 * float(self.draw.random()), int(Y[i])


def test_a_dataset_of_ones_own_is_left_alone():
    mine = Augmented()
    state = mine.draw.bit_generator.state
    one, other = (probed(NET, mine).data for _ in range(2))
    assert mine.draw.bit_generator.state == state and mine.calls == 0
    assert one.identical(other)


def test_inputs_are_not_changed():
    x, y = X.clone(), Y.clone()
    probed(NET, (x, y))
    assert torch.equal(x, X) and torch.equal(y, Y) and x.grad is None


BAD_DATA: dict[str, tuple[Any, str]] = {
    "inputs alone": (X, "no targets"), "array alone": (X.numpy(), "no targets"),
    "dict": ({"x": X, "y": Y}, r"\(x, y\)"),
    "empty": ((X[:0], Y[:0]), "n ≥ 1"), "NaN": ((X * math.nan, Y), "not finite"),
    "infinite": ((X / 0, Y), "not finite"), "complex": ((X + 0j, Y), "complex"), "flat": ((X[:, 0, 0, 0], Y), "n, ..."),
    "text": ("mnist", "digits"), "number": (3.0, "no targets"), "no pairs": (TensorDataset(X), "no pairs"),
    "triples": (TensorDataset(X, Y, Y), "no pairs"),
    "ragged": ([(X[0], 0), (X[1, :, :2], 1), (X[2], 0)], "do not stack"),
    "objects": ((np.array([None] * N)[:, None], Y), "not an array of numbers"),
    "none": ((None, None), "not an array|no pairs"),
    "a generator": (((X[i], Y[i]) for i in range(N)), "list"), "masked": (
        (np.ma.masked_greater(X.numpy(), 0.5), Y), "masked"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_are_refused(name: str):
    data, words = BAD_DATA[name]
    refused(NET, words, data)


def test_a_network_without_data():
    with pytest.raises(Refused, match="data="):
        jp.probe(NET, **QUICK)


# --- ranges and normalisation


class Scaled(nn.Module):
    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, mean: Any = 0.0, std: Any = 255.0) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.as_tensor(mean))
        self.register_buffer("std", torch.as_tensor(std))

    def forward(self, x: Tensor) -> Tensor:
        return self.net((x - self.mean) / self.std)


def test_bytes_of_an_image():
    levels = (255 * X).round().to(torch.uint8)
    whole = probed(Scaled(NET), (levels, Y), bounds=(0, 255))
    unit = probed(NET, (levels.float() / 255, Y))
    agree(whole, unit, 1e-4, ("product", "bound", "accuracy", "cc"))
    np.testing.assert_allclose(whole.data["delta_x"], 255 * unit.data["delta_x"], rtol=1e-4)
    np.testing.assert_allclose(whole.data["delta_p"], unit.data["delta_p"] / 255, rtol=1e-4)
    assert whole.data["lowest"].item() == 0 and whole.data["highest"].item() == 255


def test_inputs_out_of_range():
    for x in (255 * X, X - 1):
        refusal = refused(NET, "outside the input range", (x, Y))
        assert "bounds=" in refusal.instead and "normalise=" in refusal.instead and "attack=none" in refusal.instead
        assert "accuracy" not in probed(NET, (x, Y), attack="none").data


@pytest.mark.parametrize("bounds", [(1, 0), (0, 0), (0, math.nan)])
def test_bounds_that_are_none(bounds: Any):
    refused(NET, "bounds", bounds=bounds)


def test_normalisation_outside_is_that_inside():
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
    x, y = images(3)
    bare = fitted(made(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(36, CLASSES))),
                  (x - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1), y)  # fmt: skip
    inside = Scaled(bare, torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1))
    for given in ((mean, std), (tuple(mean), np.array(std)), torch.tensor([mean, std])):
        agree(probed(bare, (x, y), normalise=given), probed(inside, (x, y)))


def test_one_normalisation_for_all_channels():
    agree(probed(NET, normalise=(0.0, 1.0)), plain())
    agree(probed(NET, normalise=(0.5, 0.25), s=0.005), probed(Scaled(NET, 0.5, 0.25), s=0.005))


@pytest.mark.parametrize(
    "normalise",
    [0.5, (0.5,), (0.5, 0.5, 0.5), ([0.1, 0.2], [0.1, 0.2]), (0.5, 0.0), (math.nan, 1), ("a", "b"), (0, [[1]])],
)
def test_a_bad_normalisation_is_refused(normalise: Any):
    refused(NET, "normalise=|not finite|does not take", normalise=normalise)


# --- tokens


class Reader(nn.Module):
    """A small transformer with the two ways in that those of Hugging Face have."""

    def __init__(self, words: int = 20, width: int = 8, long: int = 6) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Parameter(0.1 * torch.randn(long, width))
        self.layer = nn.TransformerEncoderLayer(width, 2, 16, dropout=0.1, batch_first=True)
        self.last = nn.Linear(width, CLASSES)

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None) -> Any:
        x = self.words(input_ids) if inputs_embeds is None else inputs_embeds
        return SimpleNamespace(logits=self.last(self.layer(x + self.places).mean(1)), loss=None)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
def test_tokens_are_probed_by_their_embeddings(dtype: torch.dtype):
    net: Any = made(Reader)
    tokens = torch.randint(20, (N, 6), generator=torch.Generator().manual_seed(1))
    y = net(tokens).logits.argmax(1)
    reading = probed(net, (tokens.to(dtype), y))
    with torch.no_grad():
        x = net.words(tokens)
    assert reading.record.facts["shape"] == [6, 8] and reading.data.sizes["coordinate"] == 48
    low, high = reading.data["lowest"].item(), reading.data["highest"].item()
    assert low <= float(x.min()) and high >= float(x.max())
    other = probed(Inside(net), (x, y), bounds=(low, high))
    agree(reading, other)
    assert any("train mode" in note.text for note in reading.notes) and net.training


def test_a_window_at_a_text():
    net: Any = made(Reader).eval()
    tokens = torch.randint(20, (N, 6), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        y = net(tokens).logits.argmax(1)
        x = net.words(tokens)
    for data in ((tokens, y), None):
        reading = probed(net, data, centre=tokens[0], label=int(y[0]))
        np.testing.assert_allclose(reading.data["mean_x"].values.ravel(), x[0].flatten(), atol=0.3)
        assert list(reading.data["label"].values) == [f"centre 0 (label {int(y[0])})"]


class Inside(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Any:
        return self.net(inputs_embeds=x)


def test_tokens_of_a_network_that_takes_no_embeddings():
    net = made(lambda: nn.Sequential(nn.Embedding(20, 8), nn.Flatten(), nn.Linear(48, CLASSES)))
    tokens = torch.randint(20, (N, 6), generator=torch.Generator().manual_seed(1))
    refusal = refused(net, "no gradient", (tokens, Y), bounds=(0, 20))
    assert "inputs_embeds" in str(refusal.allowed)


def test_each_network_has_the_range_of_its_own_embeddings():
    one, other = made(Reader), made(Reader)
    with torch.no_grad():
        other.words.weight.mul_(3)
    tokens = torch.randint(20, (N, 6), generator=torch.Generator().manual_seed(1))
    both = probed({"one": one, "other": other}, (tokens, Y), images=5)
    low, high, scale = (both.data[name].values for name in ("lowest", "highest", "scale"))
    np.testing.assert_allclose(low[1], 3 * low[0], rtol=1e-6)
    np.testing.assert_allclose(scale, 0.02 * (high - low), rtol=1e-12)
    said = " ".join(panel.note for panel in both.panels() if isinstance(panel, Table))
    assert "(one)" in said and "(other)" in said and "window s" not in both.title
    alone = probed(one, (tokens, Y), images=9, seed=5)
    assert alone.data["lowest"].item() == low[0] and "window s" in alone.title  # not of the inputs that were drawn
    assert any(isinstance(panel, Plot) and panel.y.label == "token" for panel in alone.panels())


# --- what may be meant otherwise


def test_classes_that_came_as_floats_are_told():
    one_hot = functional.one_hot(Y, CLASSES)
    one = made(lambda: layered(1))
    for net, y, cure in ((NET, one_hot.double(), "y.argmax(1)"), (one, Y.float()[:, None], "y.long()"),
                         (one, 2.0 * (Y % 2) - 1, "(y > 0).long()")):  # fmt: skip
        notes = [note.text for note in probed(net, (X, y)).notes]
        assert any("taken for values" in note and cure in note for note in notes), notes
    assert not any("taken for values" in note.text for note in probed(NET, (X, 2.0 * one_hot - 1)).notes)
    assert not any("taken for values" in note.text for note in probed(NET, (X, one_hot + 0.5)).notes)
    assert refused(NET, "does not take", (X, Y.float())).instead == "y.long(), if these are classes"


def test_values_that_came_as_whole_numbers_are_refused_with_a_cure():
    net = made(lambda: layered(1))
    assert "y.float()" in refused(net, "out of range", (X, 7 * Y)).instead
    assert "return_inverse" in refused(NET, "not an array", (X, np.array(["a"] * N))).instead


def test_what_a_loss_raises_is_not_the_networks_fault():
    for loss in (lambda answers: answers, nn.BCEWithLogitsLoss(), lambda answers, y: {}["no"]):
        refused(NET, "The loss does not take", loss=loss)
    column = probed(made(lambda: layered(1)), (X, Y.float()[:, None]), loss=nn.MSELoss())
    assert np.isfinite(column.data["product"].values).all()  # [n, 1] as torch's own losses leave it


@pytest.mark.parametrize(
    "swept", [{"origin": [0.0, 0.5]}, {"steps": [1, 2]}, {"restarts": [1, 2]}, {"images": [9, 12]}]
)
def test_what_is_swept_is_shown(swept: dict[str, Any]):
    reading = probed(NET, **swept)
    text = " ".join(panel.note for panel in reading.panels() if isinstance(panel, Table))
    assert repr(reading) and ("as listed" in text or "origin" in swept)


def test_probabilities_in_place_of_scores_are_told():
    for net, y in ((nn.Sequential(NET, nn.Softmax(1)), Y), (nn.Sequential(layered(1), nn.Sigmoid()), Y % 2)):
        assert any("probabilities" in note.text for note in probed(net, (X, y)).notes)
    for net in (NET, nn.Sequential(NET, nn.LogSoftmax(1)), nn.Sequential(NET, nn.Sigmoid())):
        assert not any("probabilities" in note.text for note in probed(net).notes)


# --- values


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2)])
def test_regression(shape: tuple[int, ...]):
    net = made(lambda: layered(math.prod(shape))).double()
    shaped = Wrapped(net, lambda z: z.view(-1, *shape))
    y = 1 + torch.rand(N, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for loss in (None, "absolute"):
        reading = probed(shaped, (X.double(), y), **({"loss": loss} if loss else {}))
        assert list(reading.data["label"].values) == ["mean"] and "accuracy" not in reading.data
        assert (reading.data["deviation"].sel(eps=0) == 0).all() and (reading.data["deviation"].sel(eps=0.05) > 0).all()
        assert reading.data.attrs["title"].endswith(loss or "squared")
        assert np.isfinite(reading.data["product"]).all() and np.isfinite(reading.data["cc"]).all()
    mine = probed(shaped, (X.double(), y), loss=lambda z, y: ((z - y) ** 2).reshape(len(z), -1).sum(1))
    agree(mine, probed(shaped, (X.double(), y)), 1e-9, ("delta_x", "delta_p", "product", "deviation", "cc"))


def test_mean_squared_error_of_torch():
    net = made(lambda: layered(1)).double()
    y = 1 + torch.rand(N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    flat = Wrapped(net, lambda z: z[:, 0])
    agree(probed(flat, (X.double(), y), loss=nn.MSELoss()), probed(flat, (X.double(), y)), 1e-9,
          ("delta_x", "delta_p", "product", "deviation", "cc"))  # fmt: skip


def test_a_column_of_answers_goes_with_a_row_of_values():
    net = made(lambda: layered(1)).double()
    y = 1 + torch.rand(N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    names = ("delta_x", "delta_p", "product", "deviation", "cc")
    agree(probed(net, (X.double(), y)), probed(net, (X.double(), y[:, None])), 1e-12, names)
    agree(probed(net, (X.double(), y)), probed(Wrapped(net, lambda z: z[:, 0]), (X.double(), y)), 1e-12, names)


# --- centres


def test_a_window_at_an_image():
    with torch.no_grad():
        answer = int(NET(X[:1]).argmax())
    asked = probed(NET, centre=X[0], label=answer)
    free = probed(NET, centre=X[0])
    agree(free, asked)
    assert list(asked.data["label"].values) == [f"centre 0 (label {answer})"]
    told = [any("is what" in note.text for note in one.notes) for one in (free, asked)]
    assert told == [True, False]
    np.testing.assert_allclose(asked.data["mean_x"].values.ravel(), X[0].flatten(), atol=0.05)
    other = probed(NET, centre=X[0], label=(answer + 1) % CLASSES)
    assert not np.allclose(other.data["delta_p"], asked.data["delta_p"], rtol=1e-3)
    assert abs(float(asked.data["correlation"].mean()) + 0.5) < 0.2


def test_a_window_at_the_mean_of_a_class_is_that_of_the_class():
    centre = X[Y == 1].double().mean(0)
    one = probed(NET, centre=centre, label=1).data
    for name in ("delta_x", "delta_p", "product"):
        np.testing.assert_allclose(one[name].values[0, 0], plain().data[name].values[0, 1], rtol=1e-4)


def test_several_centres():
    several = probed(NET, centre=X[:2], label=Y[:2]).data
    for i in range(2):
        one = probed(NET, centre=X[i], label=Y[i]).data
        np.testing.assert_allclose(several["product"].values[0, i], one["product"].values[0, 0], rtol=1e-5)


def test_a_centre_without_data():
    for centre in (X[0], X[:1], X[0].numpy()):
        reading = jp.probe(NET, centre=centre, label=int(Y[0]), **QUICK)
        np.testing.assert_allclose(reading.data["product"], probed(NET, centre=X[0], label=int(Y[0])).data["product"],
                                   rtol=1e-5)  # fmt: skip
        assert reading.data.sizes["sample"] == 1
    free = jp.probe(NET, centre=X[0], **QUICK)
    assert free.data["accuracy"].sel(eps=0).values.min() == 1


def test_a_centre_of_values():
    net = made(lambda: layered(1)).double()
    y = 1 + torch.rand(N, dtype=torch.float64)
    one = jp.probe(net, centre=X[0].double(), label=1.5, **QUICK)
    other = probed(net, (X.double(), y), centre=X[0].double(), label=1.5)
    agree(other, one, 1e-9, ("delta_x", "delta_p", "product"))
    refused(net, "label=", (X.double(), y), centre=X[0].double())


@pytest.mark.parametrize("data", [None, (X, Y)])
@pytest.mark.parametrize("label", [CLASSES, -1, [0, 1], 0.5, math.nan, "cat"])
def test_a_bad_label_of_a_centre_is_refused(data: Any, label: Any):
    refused(NET, "label|target|range|does not take", data, centre=X[0], label=label)


@pytest.mark.parametrize("centre", [X[0, :, :2], X[0] * math.nan, "here", X[:, 0, 0, 0]])
def test_a_bad_centre_is_refused(centre: Any):
    refused(NET, "centre=", centre=centre)


def test_a_label_without_a_centre():
    """It would be left out without a word."""
    refused(NET, "centre=", label=1)
