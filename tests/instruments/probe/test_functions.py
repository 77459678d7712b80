"""Functions through the user's door: domains, windows, complex packets, what is refused and what is said."""

from __future__ import annotations

import _thread
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import jupyter_phys as jp
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.instruments.probe.calibration.functions import BOXES, EDGELESS

INF = math.inf


def probed(subject: Any, **options: Any) -> Reading:
    return jp.probe(subject, **{"progress": False} | options)


def value(reading: Reading, name: str) -> float:
    return float(reading.data[name].values.ravel()[0])


def gaussian(x: Tensor) -> Tensor:
    return torch.exp(-(x**2).sum(1) / 4)


@pytest.mark.parametrize("name", EDGELESS)
def test_packets_of_a_course(name: str):
    function, domain, delta_x, delta_p = EDGELESS[name]
    reading = probed(function, domain=domain)
    assert value(reading, "delta_x") == pytest.approx(delta_x, rel=1e-8)
    assert value(reading, "delta_p") == pytest.approx(delta_p, rel=1e-8)
    assert value(reading, "product") == pytest.approx(delta_x * delta_p, rel=1e-8)
    assert not [note for note in reading.notes if note.level == "warning"]
    assert "quadrature" in reading.notes[0].text


@pytest.mark.parametrize("name", BOXES)
def test_a_box_has_its_own_bound(name: str):
    function, *expected = BOXES[name]
    reading = probed(function, domain=(0, 1))
    for variable, known in zip(("delta_x", "delta_p", "product", "bound"), expected, strict=True):
        assert value(reading, variable) == pytest.approx(known, rel=1e-8, abs=1e-10)
    assert any("½ does not apply" in note.text for note in reading.notes)


def test_all_packets_of_a_course_in_one_line():
    states = {f"n = {n}": EDGELESS[f"oscillator n = {n}"][0] for n in range(3)}
    reading = probed(states, domain=(-INF, INF))
    np.testing.assert_allclose(reading.data["product"].values.ravel(), [0.5, 1.5, 2.5], rtol=1e-8)
    assert [panel.title for panel in reading.panels()][:1] == ["Uncertainty relation (Δx·Δp ≥ |c|)"]
    assert {"ψ(x)", "|φ(p)|²", "Husimi density", "Wigner function"} <= {panel.title for panel in reading.panels()}


@pytest.mark.parametrize("form", [(-6, 6), ([-6], [6]), (np.array([-6.0]), np.array([6.0])), [-6, 6]])
def test_forms_of_a_domain(form: Any):
    assert value(probed(gaussian, domain=form), "product") == pytest.approx(0.5, abs=1e-6)


def test_answers_of_one_column_are_losses_too():
    assert value(probed(lambda x: torch.exp(-(x**2) / 4), domain=(-9, 9)), "product") == pytest.approx(0.5)


def test_a_module_is_a_function_where_it_has_a_domain():
    class Bump(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.width = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return torch.exp(-(x**2).sum(1) / (4 * self.width**2))

    assert value(probed(Bump(), domain=(-INF, INF)), "delta_x") == pytest.approx(2, rel=1e-8)


def test_a_moving_packet_has_momentum_and_a_chirp_a_covariance():
    moving = probed(lambda x: torch.exp(-(x[:, 0] ** 2) / 4 + 3j * x[:, 0]), domain=(-INF, INF))
    assert value(moving, "mean_p") == pytest.approx(3, rel=1e-8) and value(moving, "product") == pytest.approx(0.5)
    chirp = probed(lambda x: torch.exp((-0.25 + 0.5j) * x[:, 0] ** 2), domain=(-INF, INF))
    assert value(chirp, "covariance") == pytest.approx(1, rel=1e-8)
    assert value(chirp, "product") == pytest.approx(math.sqrt(0.25 + 1), rel=1e-8) == value(chirp, "bound")


def test_two_dimensions():
    reading = probed(lambda x: torch.exp(-(x[:, 0] ** 2) / 4 - x[:, 1] ** 2 / 16), domain=((-9, -18), (9, 18)))
    np.testing.assert_allclose(reading.data["delta_x"].values.ravel(), [1, 2], rtol=1e-8)
    np.testing.assert_allclose(reading.data["delta_p"].values.ravel(), [0.5, 0.25], rtol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_sampling_states_its_error(seed: int):
    side = ((-5,) * 3, (5,) * 3)
    reading = probed(gaussian, domain=side, samples=40_000, seed=seed)
    off = (reading.data["product"].values - 0.5) / reading.data["product_se"].values
    assert np.abs(off).max() < 5
    assert (reading.data["product"] >= reading.data["bound"] - 1e-12).all()


@pytest.mark.parametrize("d", [1, 7, 300])
def test_a_constant_loss_under_a_window_is_a_coherent_state(d: int):
    reading = probed(lambda x: torch.full_like(x[:, 0], 2.5), centre=np.zeros(d), s=0.3)
    np.testing.assert_allclose(reading.data["product"].values, 0.5, rtol=1e-12)
    np.testing.assert_allclose(reading.data["delta_x"].values, 0.3, rtol=1e-12)


def test_centres_of_windows():
    reading = probed(lambda x: 1 + x[:, 0] ** 2, centre=np.array([[0.0], [1.0]]), s=0.5)
    assert list(reading.data["label"].values) == ["centre 0", "centre 1"]
    assert np.isfinite(reading.data["product"].values).all()


def test_more_samples_for_a_smaller_error():
    def loss(x: Tensor) -> Tensor:
        return 1 + x @ torch.linspace(-1, 1, 6, dtype=x.dtype)

    few, many = (probed(loss, centre=np.zeros(6), s=0.5, samples=400, rel_error=e) for e in (None, 0.1))
    assert value(many, "samples") > value(few, "samples") == 400
    assert value(many, "product_grand_se") / (value(many, "product_grand") - 0.5) <= 0.1
    hopeless = probed(loss, centre=np.zeros(6), s=0.5, samples=200, rel_error=1e-4)
    assert any("is not reached" in note.text for note in hopeless.notes)


def test_an_interval_of_samples_counts_the_same_however_it_was_reached():
    def loss(x: Tensor) -> Tensor:
        return 2 + torch.tanh(x.sum(1))

    whole = probed(loss, centre=np.zeros(4), s=0.5, samples=1600)
    reached = 1.02 * value(whole, "product_grand_se") / (value(whole, "product_grand") - 0.5)
    doubled = probed(loss, centre=np.zeros(4), s=0.5, samples=400, rel_error=reached)
    if value(doubled, "samples") == 1600:
        np.testing.assert_allclose(doubled.data["product"].values, whole.data["product"].values, rtol=1e-12)
    assert value(doubled, "samples") in (800, 1600)


def test_too_few_effective_samples_withhold_the_product():
    reading = probed(gaussian, domain=((-6,) * 8, (6,) * 8))
    assert np.isnan(reading.data["product"].values).all() and np.isfinite(reading.data["ess"].values).all()
    assert any("withheld" in note.text for note in reading.notes)
    assert "–" in repr(reading)


def test_a_step_that_autograd_does_not_see_is_told():
    def stepped(x: Tensor) -> Tensor:
        return 1 + (x[:, 0] > 0) + 0 * x[:, 0]

    reading = probed(stepped, centre=[0.0], s=1.0, samples=20_000)
    assert abs(value(reading, "correlation")) == pytest.approx(0.3854, abs=0.01)
    assert any("gradient is not that of the loss" in note.text for note in reading.notes)


def test_a_gradient_of_half_the_size_is_told_where_the_mean_slope_is_zero_by_symmetry():
    reading = probed(lambda x: 1 + x[:, 0] * x[:, 0].detach(), centre=[0.0], s=1.0, samples=20_000)
    assert value(reading, "bound_check") > 5 > value(reading, "gradient_check")
    assert any("gradient is not that of the loss" in note.text for note in reading.notes)
    right = probed(lambda x: 1 + x[:, 0] ** 2, centre=[0.0], s=1.0, samples=20_000)
    assert value(right, "product") == pytest.approx(math.sqrt(22 / 6) / 2, rel=0.05)
    assert not [note for note in right.notes if note.level == "warning"]


def test_a_phase_under_a_window_keeps_its_covariance():
    reading = probed(lambda x: torch.exp(0.95j * x[:, 0] ** 2), centre=[0.0], s=1.0, samples=50_000)
    assert value(reading, "delta_x") == pytest.approx(1, rel=0.02)
    assert value(reading, "product") == pytest.approx(math.sqrt(0.25 + 1.9**2), rel=0.02)
    assert value(reading, "bound") == pytest.approx(value(reading, "product"), rel=1e-6)
    assert value(reading, "covariance") == pytest.approx(1.9, rel=0.05)


def test_an_integral_tells_how_well_it_is_known():
    well = probed(gaussian, domain=(-6, 6))
    assert "less than 1e-06" in well.notes[0].text and "may be missed" in well.notes[0].text
    power = 0.55  # psi = |x|^0.55: Delta p^2 = 0.3025 (1 / 0.1) / (1 / 2.1), and cells get it slowly
    slow = probed(lambda x: x.abs().sum(1) ** power, domain=(-1, 1))
    (said,) = [note.text for note in slow.notes if "converges slowly" in note.text]
    told = float(said.split("off by about ")[1].split()[0])
    off = abs(value(slow, "delta_p") / math.sqrt(power**2 * (2 * power + 1) / (2 * power - 1)) - 1)
    assert 0.3 * told < off < 1.5 * told and told > 1e-6
    with pytest.raises(Refused, match="have no value"):
        probed(lambda x: x.abs().sum(1) ** 0.45, domain=(-1, 1))


def test_kinks_anywhere_are_cut_out():
    for at in np.linspace(-0.93, 0.91, 12):
        reading = probed(lambda x, at=at: torch.relu(x[:, 0] - at) + 0.1, domain=(-1, 1))
        high = 1 - at
        square = 0.02 + 0.1 * high**2 + high**3 / 3
        known = math.sqrt(high / square - ((0.1 * high + high**2 / 2) / square) ** 2)
        assert value(reading, "delta_p") == pytest.approx(known, rel=1e-7)
        assert "less than 1e-06" in reading.notes[0].text


@pytest.mark.parametrize("at", [0.0232, 0.3, -0.77, 0.4])
def test_lines_of_kinks_have_an_error_that_holds(at: float):
    reading = probed(lambda x: torch.relu(x[:, 0] - at) + 0.1, domain=((-1, -1), (1, 1)))
    high = 1 - at
    square = 0.02 + 0.1 * high**2 + high**3 / 3
    known = math.sqrt(high / square - ((0.1 * high + high**2 / 2) / square) ** 2)
    off, text = abs(value(reading, "delta_p") / known - 1), reading.notes[0].text
    told = float(text.split("off by about ")[1].split()[0]) if "slowly" in text else 1e-6
    assert off < 2 * told and told < 5e-3


def test_a_narrow_peak_on_a_wide_domain_is_found():
    width = 0.1
    reading = probed(lambda x: 1e-3 + torch.exp(-((x[:, 0] - 3.3) ** 2) / (4 * width**2)), domain=(-100, 100))
    flat = 1e-6 * 200 + 2e-3 * 2 * width * math.sqrt(math.pi)
    peak = width * math.sqrt(2 * math.pi)
    known = math.sqrt(peak / (4 * width**2) / (peak + flat))
    assert value(reading, "delta_p") == pytest.approx(known, rel=1e-6)


@pytest.mark.parametrize("jump", [lambda x: 1 + x[:, 0] + (x[:, 0] > 0.37), lambda x: 1 + (4 * x[:, 0]).round()])
def test_a_jump_on_a_box_is_told(jump: Any):
    assert any("jumps" in note.text for note in probed(jump, domain=(0, 1)).notes)


def test_where_a_packet_has_died_out_its_slope_is_none():
    reading = probed(lambda x: 1 / torch.cosh(x[:, 0]), domain=(-INF, INF))
    assert value(reading, "delta_x") == pytest.approx(math.pi / math.sqrt(12), rel=1e-9)
    assert value(reading, "delta_p") == pytest.approx(1 / math.sqrt(3), rel=1e-9)


def test_nodes_that_do_not_fit_are_no_integral_without_a_value():
    def sharp(x: Tensor) -> Tensor:
        return 1 / (1 + 25 * (x - 0.3).square().sum(1))

    with pytest.raises(Refused, match="more nodes than") as caught:
        probed(sharp, domain=((-6, -6), (6, 6)), memory=0.002)
    assert caught.value.instead.startswith("memory=")
    assert value(probed(sharp, domain=((-6, -6), (6, 6)), memory=1), "product") > 0.5


def test_a_domain_that_is_not_used_is_told():
    reading = probed(gaussian, domain=(-6, 6), centre=[0.0], packet="window", samples=400)
    assert any("domain= is not used" in note.text for note in reading.notes)


def test_an_interrupt_keeps_the_packets_that_were_measured():
    calls = 0

    def slow(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls > 200:
            _thread.interrupt_main()
        return 2 + torch.tanh(x.sum(1))

    centres = np.linspace(0, 0.1, 3)[:, None] * np.ones(900)
    with pytest.raises(Interrupted) as caught:
        probed(slow, centre=centres, s=0.5, samples=40_000)
    reading = caught.value.reading
    assert reading is not None and not reading.record.complete and jp.last() is reading
    whole = probed(lambda x: 2 + torch.tanh(x.sum(1)), centre=centres, s=0.5, samples=40_000)
    part = reading.data["product"].values[0]
    np.testing.assert_array_equal(part[0], whole.data["product"].values[0, 0])
    assert np.isnan(part[2]).all() and np.isnan(value(reading, "product_grand"))


@pytest.mark.parametrize("memory", [1.0, 0.004])
def test_the_error_of_a_mean_over_labels_knows_that_they_share_their_draws(memory: float):
    """Equal labels are one: their mean is no better known than each."""
    centres = np.zeros((3, 40))
    reading = probed(lambda x: 2 + torch.tanh(x.sum(1)), centre=centres, s=0.5, samples=2000, memory=memory)
    np.testing.assert_allclose(value(reading, "product_grand_se"), reading.data["product_mean_se"].values, rtol=1e-9)


def test_settings_that_mean_nothing_here_are_refused():
    with pytest.raises(Refused, match="belongs to a window"):
        probed(gaussian, domain=(-6, 6), s=[0.1, 0.2])
    with pytest.raises(Refused, match="Nothing is attacked"):
        probed(gaussian, domain=(-6, 6), eps=[0.1, 0.2])


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no place": (gaussian, {}, "domain="),
    "no volume": (gaussian, {"domain": (1, 1)}, "volume"),
    "three ends": (gaussian, {"domain": (1, 2, 3)}, "lowest and a highest"),
    "uneven": (gaussian, {"domain": ((0, 0), (1,))}, "together"),
    "a word": (gaussian, {"domain": "wide"}, "lowest and a highest"),
    "infinite in three dimensions": (gaussian, {"domain": ((-INF,) * 3, (INF,) * 3)}, "has to end"),
    "nothing to normalise": (lambda x: torch.nn.functional.softplus(x[:, 0]), {"domain": (-INF, INF)}, "no value"),
    "zero": (lambda x: 0 * x[:, 0], {"domain": (0, 1)}, "zero everywhere"),
    "not finite": (lambda x: torch.log(x[:, 0] - 2), {"domain": (0, 1)}, "not finite"),
    "two values": (lambda x: torch.stack([x[:, 0], x[:, 0]], 1), {"domain": (0, 1)}, "each input"),
    "a mean": (lambda x: x.mean(), {"domain": (0, 1)}, "each input"),
    "random": (lambda x: torch.rand(len(x)) + x[:, 0], {"domain": (0, 1)}, "same twice"),
    "coupled": (lambda x: x[:, 0] + x.mean(), {"domain": (0, 1)}, "mixes the inputs"),
    "detached": (lambda x: x[:, 0].detach(), {"domain": (0, 1)}, "no gradient"),
    "numpy": (lambda x: np.exp(-(x**2)), {"domain": (0, 1)}, "numpy"),
    "not a tensor": (lambda x: [1.0] * len(x), {"domain": (0, 1)}, "tensor"),
    "an error of its own": (lambda x: x[:, 5], {"domain": (0, 1)}, "IndexError"),
    "box without domain": (gaussian, {"packet": "box", "centre": [0.0]}, "no place"),
    "window without centre": (gaussian, {"packet": "window", "domain": (0, 1)}, "no place"),
    "a class": (nn.Linear, {"domain": (0, 1)}, "Linear()"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_names_the_cure(name: str):
    subject, options, said = REFUSED[name]
    with pytest.raises(Refused) as caught:
        probed(subject, **options)
    assert said in str(caught.value)


def test_functions_and_networks_are_not_measured_together():
    with pytest.raises(Refused, match="together"):
        probed({"f": gaussian, "digits": "digits"}, domain=(-6, 6))
