"""The meter on spectra whose answer is known: what can be told is told, and what cannot gives chance."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from slopes import dataset as of_both
from slopes import spectra as of_slope

import jupyter_phys as jp
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run
from jupyter_phys.figures.panel import Table
from jupyter_phys.instruments.eos.meter import (
    advice,
    compute,
    examples,
    importance,
    inputs,
    judged,
    networks,
    reader,
    training,
    turned,
)
from jupyter_phys.physics.hydro.spectra import gaussian_momenta

PT, PHI = 8, 24
GRID = gaussian_momenta(PT, PHI)
QUICK: dict[str, Any] = {
    "epochs": 12, "patience": 12, "network": "two", "rate": 5e-3, "sampled": (), "importance": 0, "nulls": False,
    "baselines": False, "progress": False,
}  # fmt: skip
HOW = {"device": "cpu", "precision": "float64", "seed": 0, "memory": 1.0}


def quiet_run() -> Run:
    return Run(HOW, Meter("test", shown=False))


def spectra(n: int, temperature: Any, v2: Any = 0.05, number: Any = 200.0, seed: int = 0) -> np.ndarray:
    return of_slope(n, GRID, temperature, v2, number, seed)


def dataset(cold: np.ndarray, hot: np.ndarray, names: tuple[str, str] = ("smooth", "jump")) -> xr.Dataset:
    return of_both(cold, hot, GRID, names)


def slopes(n: int = 120, seed: int = 0, **more: Any) -> xr.Dataset:
    return dataset(spectra(n, 0.15, seed=seed, **more), spectra(n, 0.163, seed=seed + 1, **more))


def share(reading: Any, name: str = "accuracy", **at: str) -> float:
    return float(reading.data[name].isel(subject=0).sel(at))


# --- turns, mirrors, inputs


@pytest.mark.parametrize("nodes", [24, 48])
def test_a_turn_is_exact_for_few_harmonics(nodes: int):
    grid = gaussian_momenta(4, nodes)
    k = torch.arange(turned.harmonics(grid.phi) + 1, dtype=torch.float64)
    draw = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, len(k), generator=draw, dtype=torch.float64)

    def wave(phi: torch.Tensor) -> torch.Tensor:
        angle = phi[:, None] * k
        return angle.cos() @ a + angle.sin() @ b

    angles = torch.tensor([0.0, 0.3, 2.9, 5.5], dtype=torch.float64)
    matrices = turned.turns(grid.phi, grid.phi_weight, angles)
    for angle, matrix in zip(angles, matrices, strict=True):
        torch.testing.assert_close(matrix @ wave(grid.phi), wave(grid.phi - angle), rtol=0, atol=1e-11)
    torch.testing.assert_close(matrices.sum(2), torch.ones(4, nodes, dtype=torch.float64))  # a constant stays one


def test_a_mirror_is_exact_and_its_own_inverse():
    x = torch.sin(GRID.phi) + torch.cos(3 * GRID.phi)
    mirror = turned.mirror(GRID.phi, GRID.phi_weight)
    torch.testing.assert_close(mirror @ x, torch.sin(-GRID.phi) + torch.cos(3 * GRID.phi), rtol=0, atol=1e-12)
    assert torch.equal(mirror @ (mirror @ x), x)


def test_a_turn_keeps_number_and_flow():
    rho = torch.from_numpy(spectra(3, 0.15, v2=0.1))
    turner = turned.Turner.of(GRID.phi, GRID.phi_weight)
    found = turner(rho, torch.Generator().manual_seed(1))
    torch.testing.assert_close(GRID.integral(found), GRID.integral(rho), rtol=1e-9, atol=0)
    around = [(one * GRID.cells(one) * torch.exp(2j * GRID.phi)).sum((1, 2)) for one in (rho, found)]
    torch.testing.assert_close(around[0].abs(), around[1].abs(), rtol=1e-9, atol=0)
    assert not torch.allclose(around[0], around[1], rtol=1e-3)


def test_inputs_forget_the_number_and_are_standardised_on_training_alone():
    one = examples.spectra("x", (spectra(40, 0.15), np.arange(40) % 2), "π+")
    more = examples.spectra("x", (7.5 * one.rho, one.label), "π+")
    for how in ("peak", "number"):
        torch.testing.assert_close(inputs.normalised(one, how, 9), inputs.normalised(more, how, 9))
    x = inputs.normalised(one, "peak", 9)
    y = inputs.Scaling.of([x], 0.25)(x)
    torch.testing.assert_close(y.mean(0), torch.zeros(PT, PHI), rtol=0, atol=1e-3)
    assert float(y.std(0)[2:].min()) == pytest.approx(1, abs=1e-3)
    assert inputs.normalised(one, "peak", 0.5).shape[1] == int((GRID.pt <= 0.5).sum())


def test_roots_keep_signs_and_zeros():
    x = torch.tensor([[[-16.0, 0.0], [1.0, 81.0]]])
    assert inputs.raised(x, 0.25).tolist() == [[[-2, 0], [1, 3]]] and inputs.raised(x, 1) is x


def test_what_is_not_sealed_or_has_no_particles_is_not_used():
    data = xr.concat([100 * slopes(20), slopes(20)], "species").assign_coords(species=["K+", "π+"])
    data["spectrum"][{"species": 1, "event": 3, "subject": 0}] = np.nan
    sealed = np.ones((2, 20), bool)
    sealed[1, 10:] = False
    found = examples.spectra("x", data.assign_coords(sealed=(("subject", "event"), sealed)), "π+")
    assert np.bincount(found.label).tolist() == [19, 10] and found.number.max() < 300
    assert set(found.event[found.label == 1]) == set(range(10)) and found.classes == ("smooth", "jump")


def test_no_event_is_in_two_parts():
    event = np.tile(np.arange(50), 2)
    parts = examples.parted(event, (0.6, 0.2), np.random.default_rng(0))
    assert sorted(np.concatenate(parts)) == list(range(100)) and [len(one) for one in parts] == [60, 20, 20]
    owners = [set(event[one]) for one in parts]
    assert not owners[0] & owners[1] and not owners[0] & owners[2] and not owners[1] & owners[2]


def test_classes_are_made_alike_in_number():
    draw = np.random.default_rng(0)
    number = np.where(np.arange(2000) % 2, 220.0, 200.0) * np.exp(draw.normal(0, 0.3, 2000))
    one = examples.spectra("x", (spectra(2000, 0.15, number=number), np.arange(2000) % 2), "π+")
    found = examples.balanced(one, 0.05, draw)
    means = [found.number[found.label == k].mean() for k in (0, 1)]
    assert means[0] == pytest.approx(means[1], rel=0.01) and (found.label == 0).sum() == (found.label == 1).sum()
    assert len(found) > 1500


@pytest.mark.parametrize("kind", ["reference", "two"])
@pytest.mark.parametrize("rows", [15, 7])
def test_networks_close_around_azimuth(kind: Any, rows: int):
    with torch.random.fork_rng():
        net = networks.network(kind, rows, 48, 3, "circle").eval()
        assert net(torch.randn(2, rows, 48)).shape == (2, 3)
        one = networks.Same(1, 2, 8, "circle")
        x = torch.randn(1, 1, rows, 48)
        torch.testing.assert_close(one(x.roll(5, -1)), one(x).roll(5, -1))
        assert not torch.allclose(networks.Same(1, 2, 8, "zeros")(x.roll(5, -1))[..., :3], one(x).roll(5, -1)[..., :3])


def test_l2_holds_kernels_alone():
    with torch.random.fork_rng():
        net = networks.network("reference", 15, 48, 2, "circle")
    held, free = networks.parameters(net)
    assert held["weight_decay"] == 2e-5 and free["weight_decay"] == 0 and len(held["params"]) == 5  # pyright: ignore
    assert len(held["params"]) + len(free["params"]) == len(list(net.parameters()))  # pyright: ignore


# --- judging


@pytest.mark.parametrize("truth", [0.5, 0.9, 0.98])
def test_intervals_hold_the_truth_as_often_as_they_say(truth: float):
    draw, n = np.random.default_rng(0), 150
    found = [judged.share(draw.random(n) < truth, np.arange(n)) for _ in range(1500)]
    inside = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.93 < inside < 0.985


def test_spectra_of_one_event_that_fail_together_count_once():
    right = np.random.default_rng(1).random(200) < 0.7
    alone = judged.share(right, np.arange(200))
    pairs = judged.share(np.repeat(right, 2), np.repeat(np.arange(200), 2))
    assert pairs.high - pairs.low == pytest.approx(alone.high - alone.low, rel=0.02)
    assert judged.share(np.repeat(right, 2), np.arange(400)).se < 0.8 * pairs.se


def test_reliability_knows_who_is_too_sure():
    draw = np.random.default_rng(0)
    sure = draw.uniform(0.5, 1, 20_000)
    label = (draw.random(20_000) < sure).astype(int)
    calibrated = judged.reliability(np.stack([1 - sure, sure], 1), label)
    assert calibrated.error < 0.015 and calibrated.answers.sum() == 20_000
    boast = 0.5 + 0.5 * (2 * sure - 1) ** 0.3
    assert judged.reliability(np.stack([1 - boast, boast], 1), label).error > 0.1
    assert judged.confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(("power", "said"), [(0.3, "much surer"), (3.0, "right more often"), (1.0, "")])
def test_too_sure_is_told_from_not_sure_enough(power: float, said: str):
    draw = np.random.default_rng(0)
    sure = draw.uniform(0.5, 1, 20_000)
    label = (draw.random(20_000) < sure).astype(int)
    told = 0.5 + 0.5 * (2 * sure - 1) ** power
    found, run = judged.reliability(np.stack([1 - told, told], 1), label), quiet_run()
    bins = {"confidence": found.confidence, "right": found.right, "in_bin": found.answers}
    one = xr.Dataset({name: ("bin", values) for name, values in bins.items()} | {"calibration_error": found.error})
    advice.mind_sureness(run, "", "held out", one)
    assert len(run.notes) == bool(said) and all(said in note.text for note in run.notes)


# --- the whole instrument


def test_a_slope_is_read_in_groups_too_by_network_and_baselines():
    tests = {"flat": slopes(60, seed=7, v2=0.01), "swapped": slopes(60, seed=9)[{"subject": [1, 0]}]}
    reading = jp.eos.meter(slopes(100), tests=tests, **QUICK | {"baselines": True})
    for classifier in ("network", "logistic", "RBF SVM"):
        for group in ("held out", "flat", "swapped"):
            assert share(reading, classifier=classifier, group=group) > 0.9, (classifier, group)
    assert {one.title for one in reading.panels()} >= {"Accuracy", "Accuracy by group", "Learning curves"}
    assert all(one.alt for one in reading.panels()) and repr(reading)
    assert (reading.data["accuracy_low"] <= reading.data["accuracy"]).all()
    assert float(reading.data["confusion"].isel(group=0).sum()) == float(reading.data["spectra"][0, 0])


def test_a_class_hidden_in_flow_alone_is_read_by_the_network():
    flow = dataset(spectra(160, 0.15, v2=0.02), spectra(160, 0.15, v2=0.18, seed=1))
    reading = jp.eos.meter(flow, **QUICK | {"epochs": 16})
    assert share(reading, classifier="network", group="held out") > 0.85
    turned_too = share(reading, classifier="network", group="held out, turned")
    assert turned_too == pytest.approx(share(reading, classifier="network", group="held out"), abs=0.1)


def test_more_groups_than_colours_share_a_curve():
    groups = {f"group {k}": slopes(24, seed=20 + k) for k in range(6)}
    reading = jp.eos.meter(slopes(), groups, **QUICK | {"baselines": False})
    (plot,) = [one for one in reading.panels() if getattr(one, "title", "").startswith("Reliability")]
    assert {"held out", "all other groups"} <= {mark.label for mark in plot.marks}  # pyright: ignore
    assert "group 1" not in {mark.label for mark in plot.marks}  # pyright: ignore


def test_labels_that_mean_nothing_give_chance():
    label = np.random.default_rng(3).permutation(np.arange(400) % 2)
    reading = jp.eos.meter((spectra(400, 0.15), label), **QUICK | {"epochs": 5, "held": 0.5, "baselines": True})
    for classifier in ("network", "logistic", "random forest"):
        at = {"classifier": classifier, "group": "held out"}
        assert share(reading, "accuracy_low", **at) - 0.03 < 0.5 < share(reading, "accuracy_high", **at) + 0.03


def test_a_shortcut_in_number_alone_is_gone():
    draw = np.random.default_rng(0)
    few, many = (mean * np.exp(draw.normal(0, 0.2, 300)) for mean in (200.0, 240.0))
    data = dataset(spectra(300, 0.15, number=few), spectra(300, 0.15, number=many, seed=1))
    reading = jp.eos.meter(data, **QUICK | {"epochs": 4, "nulls": True})
    given, alike = (share(reading, "null", test=one) for one in ("dN/dy alone, as given", "dN/dy alone"))
    assert given > 0.6 and abs(alike - 0.5) < 0.15
    assert share(reading, "null_low", test="dN/dy alone") < 0.5 < share(reading, "null_high", test="dN/dy alone")
    at = {"classifier": "network", "group": "held out"}
    assert share(reading, "accuracy_low", **at) - 0.03 < 0.5
    assert share(reading, "null_low", test="one equation of state, network") - 0.03 < 0.5
    assert any(isinstance(one, Table) and one.title == "Null tests" for one in reading.panels())


def test_fewer_particles_tell_less():
    reading = jp.eos.meter(slopes(100), **QUICK | {"sampled": (1, 400), "epochs": 6})
    one, many, smooth = (
        share(reading, "accuracy_sampled", classifier="network", level=k) for k in ("1", "400", "smooth")
    )
    assert one < many + 0.05 and one < smooth and smooth > 0.9


def test_importance_sits_where_the_classes_differ():
    draw = torch.Generator().manual_seed(0)
    known = torch.randn(200, 8, 24, generator=draw)
    label = torch.arange(40) % 2
    x = torch.randn(40, 8, 24, generator=draw)
    x[:, 4, 12] = 3.0 * (2 * label - 1)

    class Reads(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([-x[:, 4, 12], x[:, 4, 12]], 1)

    for conditional in (True, False):
        found = importance.of_one(importance.difference(Reads(), x, label, known, conditional, quiet_run(), draw))
        assert float(found.abs().sum()) == pytest.approx(1)
        assert int(found.argmax()) // 24 in (3, 4, 5) and float(found[3:6, 9:16].sum()) > 0.9
    slope = importance.of_one(importance.gradient(Reads(), x, label))
    assert float(slope[4, 12]) == pytest.approx(1)


def test_collisions_can_be_learnt_from_as_they_come():
    events = jp.eos(["crossover", "first_order"], initial="glauber", events=60, dx=0.5, extent=8, pt_nodes=PT,
                    phi_nodes=PHI, pictures=0, progress=False)  # fmt: skip
    reading = jp.eos.meter(events.data, **QUICK | {"epochs": 1, "baselines": True, "balance": 0.2})
    assert share(reading, classifier="linear SVM", group="held out") > 0.75
    assert any("no rescattering" in note.text for note in reading.notes)


# --- promises


def test_the_same_seed_gives_the_same_numbers_and_leaves_the_users_draws():
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()
    data = slopes(45)
    kept = data.copy(deep=True)
    options = QUICK | {"epochs": 1, "importance": 2, "sampled": (5,)}
    one, two, other = (jp.eos.meter(data, **options, seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(one.data, two.data)
    assert not np.array_equal(one.data["loss"], other.data["loss"])
    xr.testing.assert_identical(data, kept)
    after = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()
    assert torch.equal(before[0], after[0]) and before[1:] == after[1:]


def test_an_interrupt_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch):
    begun: list[int] = []

    def stopped_in_the_second(*given: Any) -> Any:
        begun.append(len(begun))
        if len(begun) == 2:
            signal.raise_signal(signal.SIGINT)
        return training.trained(*given)

    monkeypatch.setattr(compute, "trained", stopped_in_the_second)
    with pytest.raises(Interrupted) as stopped:
        jp.eos.meter([slopes(100), slopes(40)], **QUICK | {"repeats": 50})
    reading = stopped.value.reading
    assert len(begun) == 2 and reading is not None and not reading.complete
    assert share(reading, classifier="network", group="held out") > 0.8
    assert np.isfinite(reading.data["loss"].values[0, 0]).all() and np.isnan(reading.data["loss"].values[0, 1]).any()
    assert reading.panels() and repr(reading)


def test_it_learns_alike_whatever_the_user_works_in():
    data, options = slopes(45), QUICK | {"epochs": 1, "importance": 2}
    plain = jp.eos.meter(data, **options)
    default = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.inference_mode():
            strange = jp.eos.meter(data, **options)
    finally:
        torch.set_default_dtype(default)
    np.testing.assert_allclose(strange.data["loss"], plain.data["loss"], rtol=1e-2)


def test_subjects_of_one_line_are_measured_by_workers_too():
    both = {"one": slopes(45), "two": slopes(45, seed=5)}
    here = jp.eos.meter(both, **QUICK | {"epochs": 1})
    there = jp.eos.meter(both, **QUICK | {"epochs": 1}, engine="threads", workers=2)
    xr.testing.assert_allclose(here.data, there.data, rtol=1e-5)
    assert list(here.data["subject"].values) == ["one", "two"]
    assert here.panels()[0].title == "Accuracy, one"


def test_a_reading_survives_its_file(tmp_path: Path):
    reading = jp.eos.meter(slopes(60), **QUICK | {"epochs": 2, "importance": 4})
    reading.save(tmp_path / "r.nc")
    xr.testing.assert_identical(jp.load(tmp_path / "r.nc").data, reading.data)


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (slopes(60)[{"subject": [0]}], {}, "alone is nothing"),
        (slopes(10), {}, "too few events"),
        (slopes(60).rename(spectrum="rho"), {}, "holds no spectra"),
        ((spectra(60, 0.15), np.zeros(7)), {}, "not one label"),
        ((spectra(60, 0.15) * np.nan, np.arange(60) % 2), {}, "no event has"),
        ((spectra(60, 0.15)[:, :, :2], np.arange(60) % 2), {}, "another shape"),
        (slopes(60).assign_coords(phi=np.linspace(0, 6, PHI)), {}, "not Gauss"),
        (slopes(60), {"tests": {"other": slopes(20).assign_coords(pT=GRID.pt.numpy() * 12 / 13)}}, "another grid"),
        (slopes(60), {"tests": {"other": slopes(20).assign_coords(subject=["a", "b"])}}, "does not know"),
        (slopes(60), {"tests": slopes(20)}, "Groups have names"),
        (slopes(60), {"tests": {"held out": slopes(20)}}, "this name already"),
        (slopes(60), {"tests": {"other": dataset(spectra(9, 0.15), spectra(9, 0.15, number=900))}}, "in common"),
        (slopes(60), {"highest": 0.2}, "Too few momenta"),
        (slopes(60), {"validation": 0.5, "held": 0.5}, "Hardly anything"),
        (np.ones((3, 4)), {}, "no spectra with labels"),
    ],
)
def test_what_makes_no_sense_is_refused(data: Any, options: dict[str, Any], said: str):
    with pytest.raises(Refused, match=said):
        jp.eos.meter(data, **QUICK | options)


def test_events_that_were_learnt_from_are_told():
    data = slopes(60)
    reading = jp.eos.meter(data, tests={"same": data[{"event": slice(0, 30)}]}, **QUICK | {"epochs": 1})
    assert any("among those" in note.text for note in reading.notes)


# --- a trained meter


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("meter") / "meter.pt"
    jp.eos.meter(slopes(100), **QUICK, save=str(path))
    return path


def test_a_meter_reads_what_it_has_not_seen(meter: Path):
    cold, hot = spectra(20, 0.15, seed=21), spectra(20, 0.163, seed=22)
    reading = jp.eos.predict({"cold": cold, "hot": hot}, GRID.pt, GRID.phi, meter=str(meter), progress=False)
    answer = reading.data["probability"].idxmax("class")
    assert (answer.sel(subject="cold") == "smooth").mean() > 0.8 and (answer.sel(subject="hot") == "jump").mean() > 0.8
    assert float(reading.data["right"].min()) > 0.5 and repr(reading) and all(one.alt for one in reading.panels())
    scaled = jp.eos.predict(3 * cold[0], GRID.pt, GRID.phi, meter=str(meter), progress=False)
    np.testing.assert_allclose(scaled.data["probability"][0, 0], reading.data["probability"][0, 0], rtol=1e-4)


def test_a_meter_refuses_what_it_does_not_know(meter: Path):
    how: dict[str, Any] = {"meter": str(meter), "progress": False}
    strange = np.ones((2, PT, PHI)) + np.random.default_rng(0).random((2, PT, PHI))
    with pytest.raises(Refused, match="like anything"):
        jp.eos.predict(strange, GRID.pt, GRID.phi, **how)
    mixed = jp.eos.predict(np.concatenate([strange, spectra(2, 0.15)]), GRID.pt, GRID.phi, **how)
    assert (
        np.isnan(mixed.data["probability"].values[0, :2]).all()
        and np.isfinite(mixed.data["probability"].values[0, 2:]).all()
    )
    with pytest.raises(Refused, match="another grid"):
        jp.eos.predict(spectra(2, 0.15), GRID.pt * 12 / 13, GRID.phi, **how)
    with pytest.raises(Refused, match="where are these"):
        jp.eos.predict(spectra(2, 0.15), **how)
    with pytest.raises(Refused, match="has learnt from π"):
        jp.eos.predict(spectra(2, 0.15), GRID.pt, GRID.phi, species="K+", **how)
    with pytest.raises(Refused, match="NaN"):
        jp.eos.predict(spectra(2, 0.15) * np.nan, GRID.pt, GRID.phi, **how)


def test_a_file_that_is_no_meter_runs_nothing(tmp_path: Path, meter: Path):
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "owned"),)

    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil(), protocol=2))
    torch.save({"net": Evil()}, tmp_path / "worse.pt")
    for name in ("evil.pt", "worse.pt"):
        with pytest.raises(Refused, match="holds no meter"):
            reader.load(tmp_path / name)
    assert not (tmp_path / "owned").exists()
    with pytest.raises(Refused, match="no meter here"):
        reader.load(tmp_path / "none.pt")
    assert reader.load(meter).classes == ("smooth", "jump")


def test_events_of_arrays_are_one_for_each_spectrum():
    rho, label = np.ones((40, 5, 8)), np.arange(40) % 2
    for wrong in (np.arange(10), np.full(40, 0.5)):
        with pytest.raises(Refused, match="event="):
            examples.spectra("x", {"rho": rho, "label": label, "event": wrong}, "π+")
    found = examples.spectra("x", {"rho": rho, "label": label, "event": [f"e{k // 2}" for k in range(40)]}, "π+")
    assert len(np.unique(found.event)) == 20
    with pytest.raises(Refused, match="astype"):
        examples.spectra("x", (rho, label.astype(float)), "π+")
