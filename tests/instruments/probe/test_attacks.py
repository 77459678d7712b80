"""Attacks against Foolbox, ART and the authors' AutoAttack on the same images, and what is sane of every attack."""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.reading import Reading
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.probe.attacks.attacked import Outcome, attacked, predicted
from jupyter_phys.instruments.probe.bench import set_up
from jupyter_phys.instruments.probe.samples import digits, trained
from jupyter_phys.instruments.probe.settings import Inputs, Settings
from jupyter_phys.instruments.probe.subjects import Digits

N = 300
SIZES = {"linf": [0.05, 0.1, 0.2], "l2": [0.2, 0.5, 1.0]}
STEPS = 15
QUICK: dict[str, Any] = {"samples": 200, "pictures": 0, "progress": False, "device": "cpu"}


def new_run(**options: Any) -> Run:
    how: dict[str, Any] = {"device": "cpu", "precision": "float64", "seed": 0, "memory": 1.0}
    return Run(how | options, Meter("", shown=False))


def images(n: int = N) -> tuple[Tensor, Tensor]:
    x, y = digits()[1]
    return torch.from_numpy(x[:n]).float(), torch.from_numpy(y[:n])


@pytest.fixture(scope="module")
def net() -> nn.Module:
    return copy.deepcopy(trained(Digits(), new_run())).eval()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Withheld products do not matter here; Foolbox and ART warn of much that is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def outcomes(net: Any, data: Any, eps: float, options: dict[str, Any]) -> dict[str, Outcome]:
    asked: dict[str, Any] = {"images": 10_000} | options
    run, settings = new_run(), Settings(**asked)
    victims = set_up({"net": net}, Inputs(data=data), settings, run).victims
    assert victims is not None
    return {one.attack: one for one in attacked(victims, settings, eps, run)}


def length(step: Tensor, norm: str) -> Tensor:
    return torch.linalg.vector_norm(step.flatten(1).double(), float("inf") if norm == "linf" else 2, dim=1)


def foolbox_attack(net: nn.Module, name: str, norm: str, eps: float) -> tuple[Tensor, Tensor]:
    import foolbox

    fb: Any = foolbox
    kinds = fb.attacks
    if name == "fgsm":
        attack = {"linf": kinds.LinfFastGradientAttack, "l2": kinds.L2FastGradientAttack}[norm](random_start=False)
    else:
        kind = {"linf": kinds.LinfProjectedGradientDescentAttack, "l2": kinds.L2ProjectedGradientDescentAttack}[norm]
        attack = kind(abs_stepsize=2.5 * eps / STEPS, steps=STEPS, random_start=False)
    x, y = images()
    _, (found,), (broken,) = attack(fb.PyTorchModel(net, bounds=(0, 1), device="cpu"), x, y, epsilons=[eps])
    return found, broken


def art_attack(net: nn.Module, name: str, norm: str, eps: float) -> tuple[Tensor, Tensor]:
    from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    known = PyTorchClassifier(
        net, nn.CrossEntropyLoss(), input_shape=(8, 8), nb_classes=10, clip_values=(0.0, 1.0), device_type="cpu"
    )
    order: Any = {"linf": np.inf, "l2": 2}[norm]
    if name == "fgsm":
        attack: Any = FastGradientMethod(known, norm=order, eps=eps, batch_size=N)
    else:
        attack = ProjectedGradientDescent(
            known, norm=order, eps=eps, eps_step=2.5 * eps / STEPS, max_iter=STEPS, batch_size=N, verbose=False
        )
    x, y = images()
    found = torch.from_numpy(attack.generate(x.numpy(), np.eye(10, dtype=np.float32)[y]))
    with torch.no_grad():
        return found, net(found).argmax(1) != y


PEERS = {"foolbox": foolbox_attack, "art": art_attack}


def other_order(peer: str, name: str, norm: str) -> bool:
    """ART's PGD in the 2-norm goes back into the range before it goes back into the ball, so its way is another."""
    return (peer, name, norm) == ("art", "pgd", "l2")


@pytest.mark.parametrize("norm", SIZES)
@pytest.mark.parametrize("name", ["fgsm", "pgd"])
@pytest.mark.parametrize("peer", PEERS)
def test_the_same_images_break_as_under_another_library(net: nn.Module, peer: str, name: str, norm: str):
    x, y = images()
    with torch.no_grad():
        right = net(x).argmax(1) == y
    for eps in SIZES[norm]:
        ours = outcomes(net, (x, y), eps, {"attack": name, "norm": norm, "steps": STEPS, "start": "input"})[name]
        found, broken = PEERS[peer](copy.deepcopy(net), name, norm, eps)
        assert int((ours.broken != broken).sum()) <= other_order(peer, name, norm)
        if name == "fgsm":
            torch.testing.assert_close(ours.x[right], found[right], rtol=0, atol=1e-6)
        with torch.no_grad():
            loss = nn.functional.cross_entropy(net(found), y, reduction="none").double()
        held = ~ours.broken  # a broken image is attacked no further
        slack = 0.02 if other_order(peer, name, norm) else 1e-5
        assert (ours.loss[held] >= loss[held] - slack).all()


@pytest.mark.parametrize("norm", SIZES)
@pytest.mark.parametrize("peer", PEERS)
def test_accuracy_under_attack_as_a_user_asks_for_it(net: nn.Module, peer: str, norm: str):
    reading = jp.probe(net, data=images(), images=N, eps=SIZES[norm], norm=norm, steps=STEPS, start="input", **QUICK)
    for name in ("fgsm", "pgd"):
        for eps in SIZES[norm]:
            theirs = 1 - float(PEERS[peer](copy.deepcopy(net), name, norm, eps)[1].double().mean())
            ours = float(reading.data["accuracy"].sel(attack=name, eps=eps).item())
            assert ours == pytest.approx(theirs, abs=1e-9 + other_order(peer, name, norm) / N)


# --- what is sane


@pytest.fixture(scope="module", params=["linf", "l2"])
def curve(request: pytest.FixtureRequest, net: nn.Module) -> Reading:
    sizes = [0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0] if request.param == "linf" else [0.0, 0.1, 0.3, 0.8, 1.5, 4.0, 8.0]
    return jp.probe(net, data=images(), images=N, eps=sizes, norm=request.param, **QUICK)


def test_success_grows_with_size_and_is_complete_at_last(curve: Reading):
    accuracy = curve.data["accuracy"].isel(subject=0)
    assert (accuracy.sel(attack=["pgd", "worst"]).diff("eps") <= 0.005).all()
    assert (accuracy.sel(attack=["pgd", "worst"]).isel(eps=-1) <= 0.01).all()
    assert accuracy.sel(attack="pgd").isel(eps=3) < 0.6


def test_no_size_is_the_clean_accuracy(curve: Reading, net: nn.Module):
    x, y = images()
    with torch.no_grad():
        clean = float((net(x).argmax(1) == y).double().mean())
    assert (curve.data["accuracy"].isel(eps=0) == clean).all()
    assert curve.data["right"].mean() == clean


def test_many_steps_break_more_than_one(curve: Reading):
    accuracy = curve.data["accuracy"].isel(subject=0)
    assert (accuracy.sel(attack="pgd") <= accuracy.sel(attack="fgsm") + 0.005).all()
    assert (accuracy.sel(attack="pgd") < accuracy.sel(attack="fgsm")).any()


def test_the_worst_is_no_better_than_any(curve: Reading):
    accuracy = curve.data["accuracy"]
    assert (accuracy.sel(attack="worst") <= accuracy.sel(attack=["fgsm", "pgd"]).min("attack")).all()


def test_errors_are_binomial_and_not_zero_where_all_or_none_are_right(curve: Reading):
    p, se = curve.data["accuracy"].values, curve.data["accuracy_se"].values
    posterior = scipy.stats.beta(p * N + 1, (1 - p) * N + 1)
    np.testing.assert_allclose(se, posterior.std(), rtol=1e-10)
    inside = (p > 0.1) & (p < 0.9)
    np.testing.assert_allclose(se[inside], np.sqrt(p * (1 - p) / N)[inside], rtol=0.1)
    assert (se > 0).all()


@pytest.mark.parametrize("norm", SIZES)
def test_restarts_never_raise_accuracy(net: nn.Module, norm: str):
    eps = SIZES[norm][1]
    found = [outcomes(net, images(), eps, {"norm": norm, "steps": 8, "restarts": k})["pgd"].broken for k in (1, 2, 5)]
    assert not (found[0] & ~found[1]).any() and not (found[1] & ~found[2]).any()


def test_more_steps_reach_a_plateau(net: nn.Module):
    found = {
        steps: outcomes(net, images(), 0.1, {"steps": steps})["pgd"].broken.double().mean() for steps in (1, 20, 100)
    }
    assert found[1] < found[20] and abs(found[100] - found[20]) <= 0.02


@pytest.mark.parametrize("norm", SIZES)
def test_perturbations_keep_size_and_range(net: nn.Module, norm: str):
    x, y = images()
    for eps in (0.0, *SIZES[norm]):
        found = outcomes(net, (x, y), eps, {"norm": norm, "steps": 8, "restarts": 2})
        assert set(found) == {"fgsm", "pgd", "worst"}
        for one in found.values():
            assert one.x.min() >= 0 and one.x.max() <= 1
            assert length(one.x - x, norm).max() <= eps + 1e-6
            with torch.no_grad():
                answers = net(one.x)
            assert torch.equal(predicted(answers) != y, one.broken)


@pytest.mark.parametrize("name", ["fgsm", "pgd", "worst"])
def test_the_loss_is_that_of_the_input_that_was_found(net: nn.Module, name: str):
    x, y = images()
    found = outcomes(net, (x, y), 0.1, {"steps": 8})[name]
    with torch.no_grad():
        loss = nn.functional.cross_entropy(net(found.x), y, reduction="none").double()
    torch.testing.assert_close(loss, found.loss, rtol=1e-4, atol=1e-6)


def test_the_batch_changes_nothing(net: nn.Module):
    options: dict[str, Any] = {"data": images(), "images": N, "eps": [0.1], "restarts": 2, "steps": 5, **QUICK}
    whole, parts = (jp.probe(net, memory=memory, **options) for memory in (1.0, 0.001))
    np.testing.assert_array_equal(whole.data["accuracy"].values, parts.data["accuracy"].values)


def test_the_same_seed_gives_the_same_bits(net: nn.Module):
    options: dict[str, Any] = {"data": images(), "images": 100, "eps": [0.1], "steps": 5, **QUICK}
    one, two = (jp.probe(net, seed=4, **options).data for _ in range(2))
    assert one.identical(two)


# --- AutoAttack


class Traced:
    """A trace function like a debugger's, which wants no lines."""

    def __call__(self, *event: Any) -> None:
        return None


@pytest.fixture(scope="module")
def strongest(net: nn.Module) -> Reading:
    """Few images, with a debugger on, of a network in training; nothing of these is changed."""
    mine = copy.deepcopy(net).train()
    state = {name: one.clone() for name, one in mine.state_dict().items()}
    random = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[union-attr]
    before, trace = sys.gettrace(), Traced()
    sys.settrace(trace)
    try:
        reading = jp.probe(mine, data=images(30), eps=[0.0, 0.1], attack="autoattack", **QUICK)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
    assert mine.training and all(one.grad is None and one.requires_grad for one in mine.parameters())
    assert all(torch.equal(one, state[name]) for name, one in mine.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random[0])
    assert np.array_equal(np.random.get_state()[1], random[1])  # type: ignore[arg-type]
    return reading


def test_autoattack_is_the_strongest(strongest: Reading):
    accuracy = strongest.data["accuracy"].sel(eps=0.1).isel(subject=0)
    assert accuracy.sel(attack="autoattack") <= accuracy.sel(attack="pgd") + 0.005
    assert accuracy.sel(attack="worst") <= accuracy.min()
    clean = strongest.data["accuracy"].sel(eps=0).isel(subject=0)
    assert (clean == clean[0]).all() and clean[0] > 0.9
    assert list(strongest.data["attack"].values) == ["fgsm", "pgd", "autoattack", "worst"]


def test_autoattack_is_that_of_its_authors(net: nn.Module, strongest: Reading):
    from pyautoattack import AutoAttack

    x, y = images(30)
    tracing = sys.gettrace()
    try:
        suite: Any = AutoAttack(net, norm="Linf", eps=0.1, version="standard", device=torch.device("cpu"), seed=0)
        suite.verbose = False
        found, _ = suite.run_standard_evaluation(x[:, None].contiguous(), y, batch_size=30)
    finally:
        sys.settrace(tracing)
    with torch.no_grad():
        theirs = float((net(found).argmax(1) == y).double().mean())
    ours = float(strongest.data["accuracy"].sel(eps=0.1, attack="autoattack").item())
    assert ours == pytest.approx(theirs, abs=1 / 30 + 1e-9)


def linear_net(classes: int, shape: tuple[int, ...]) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """A linear network and inputs that are all answered right, which no attack takes out of [0, 1]; its weights."""
    draw, d = torch.Generator().manual_seed(1), int(np.prod(shape))
    last = nn.Linear(d, classes)
    net = nn.Sequential(nn.Flatten(), last)
    with torch.no_grad():
        last.weight.copy_(torch.randn(classes, d, generator=draw))
        last.bias.copy_(-last.weight.sum(1) / 2)
        x = 0.35 + 0.3 * torch.rand(10, *shape, generator=draw)
        return net, x, predicted(net(x)), last.weight.clone()


EPS = {"linf": 0.02, "l2": 0.15}


class Scaled(nn.Module):
    def __init__(self, high: float) -> None:
        super().__init__()
        self.high = high

    def forward(self, x: Tensor) -> Tensor:
        return x / self.high


@pytest.mark.parametrize(
    ("classes", "norm", "high"), [(1, "linf", 255.0), (2, "l2", 1.0), (3, "linf", 1.0), (4, "linf", 1.0)]
)
def test_autoattack_of_few_classes_in_any_range(classes: int, norm: str, high: float):
    """One score an input is a network of two classes."""
    net, x, y, w = linear_net(classes, (6, 6))
    eps = EPS[norm]
    options: dict[str, Any] = {"data": (high * x, y), "bounds": (0, high), "norm": norm, "attack": "autoattack"}
    reading = jp.probe(nn.Sequential(Scaled(high), net), eps=[0.0, eps], **options, **QUICK)
    accuracy = reading.data["accuracy"].isel(subject=0)
    assert (accuracy.sel(eps=0) == 1).all()
    assert accuracy.sel(eps=eps, attack="autoattack") <= accuracy.sel(eps=eps, attack="pgd") + 0.005
    assert any("too few" in note.text for note in reading.notes) is (classes < 4)
    if classes <= 2:  # the margin tells
        with torch.no_grad():
            scores = net(x)
        margin = scores[:, 0] if classes == 1 else scores[:, 1] - scores[:, 0]
        slope = w[0] if classes == 1 else w[1] - w[0]
        held = float((margin.abs() - eps * slope.norm(1 if norm == "linf" else 2) > 0).double().mean())
        assert 0 < held < 1 and accuracy.sel(eps=eps, attack="autoattack") == pytest.approx(held, abs=1e-9)


@pytest.mark.parametrize(
    ("shape", "norm"),
    [((12,), "linf"), ((12,), "l2"), ((3, 4), "l2"), ((2, 2, 3, 4), "linf")],
)
def test_autoattack_of_inputs_of_any_shape(shape: tuple[int, ...], norm: str):
    """Some inputs hold, so that every attack is tried."""
    net, x, y, _ = linear_net(5, shape)
    eps = EPS[norm] / 3
    reading = jp.probe(net, data=(x, y), eps=[eps], norm=norm, attack="autoattack", **QUICK)
    accuracy = reading.data["accuracy"].isel(subject=0).sel(eps=eps)
    assert 0 < accuracy.sel(attack="autoattack") <= accuracy.sel(attack="pgd") + 0.005


def test_autoattack_in_double_precision(net: nn.Module):
    x, y = images(5)
    double = copy.deepcopy(net).double()
    accuracy = jp.probe(double, data=(x.double(), y), eps=[0.2], attack="autoattack", **QUICK).data["accuracy"]
    assert (accuracy.sel(attack="autoattack") <= accuracy.sel(attack="pgd")).all()


def test_autoattack_needs_classes():
    net = nn.Linear(6, 1)
    x = torch.rand(10, 6)
    with pytest.raises(Refused, match="class"):
        jp.probe(net, data=(x, x.sum(1)), eps=[0.05], attack="autoattack", **QUICK)


def test_autoattack_that_is_not_installed(net: nn.Module, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyautoattack", None)
    with pytest.raises(Refused, match=r"jupyter-phys\[attacks\]"):
        jp.probe(net, data=images(5), eps=[0.1], attack="autoattack", **QUICK)


def texts(value: Any) -> Iterator[str]:
    """All that is written on panels."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from texts(getattr(value, name))


def written(reading: Reading) -> str:
    return " ".join([*texts(reading.panels()), *(note.text for note in reading.notes), reading.data.attrs["title"]])


def test_robust_is_a_word_for_what_autoattack_has_tried(strongest: Reading, curve: Reading):
    assert "robust" not in written(curve).lower()
    assert "AutoAttack" in written(curve), "what would allow it"
    assert "Robust accuracy" in written(strongest)


# --- values in place of classes


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_the_deviation_of_a_linear_model(loss: str, norm: str, dual: int):
    draw = torch.Generator().manual_seed(0)
    net = nn.Linear(10, 1).double()
    x = 0.4 + 0.2 * torch.rand(50, 10, generator=draw, dtype=torch.float64)
    with torch.no_grad():
        y = net(x)[:, 0] + torch.randn(50, generator=draw, dtype=torch.float64)
    sizes = [0.0, 0.05, 0.1]
    reading = jp.probe(net, data=(x, y), loss=loss, eps=sizes, norm=norm, start="input", **QUICK)
    expected = np.array(sizes) * float(net.weight.detach().norm(dual))
    for name in ("deviation", "largest_deviation"):
        for attack in ("fgsm", "pgd", "worst"):
            got = reading.data[name].sel(attack=attack).isel(subject=0)
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    assert "accuracy" not in reading.data and "robust" not in written(reading).lower()


def test_the_deviation_of_several_values():
    net = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3)).double()
    x, y = torch.rand(30, 6, dtype=torch.float64), torch.rand(30, 3, dtype=torch.float64)
    data = jp.probe(net, data=(x, y), eps=[0.0, 0.05, 0.1, 0.2], **QUICK).data.isel(subject=0)
    assert (data["deviation"].sel(eps=0) == 0).all() and (data["deviation"].sel(attack="pgd").diff("eps") > 0).all()
    assert (data["largest_deviation"] >= data["deviation"]).all()
    assert (data["deviation"].sel(attack="worst") >= data["deviation"].max("attack") - 1e-12).all()
