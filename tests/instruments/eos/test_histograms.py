"""Histograms: bins count and turn exactly, and the published file is read as its sources write it."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.figures.panel import Plot
from jupyter_phys.instruments.eos.meter import bins, examples, histograms, inputs, turned
from jupyter_phys.physics.hydro.flow import flow

PT = np.linspace(0, 2, 9)
PHI = np.linspace(0, 2 * math.pi, 25)
QUICK: dict[str, Any] = {
    "epochs": 8, "patience": 8, "network": "two", "rate": 5e-3, "sampled": (), "importance": 0, "nulls": False,
    "baselines": False, "progress": False, "balance": 0.5,
}  # fmt: skip


def particles(n: int, temperature: float, seed: int = 0, v2: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Transverse momenta of pT exp(-pT/T), and azimuths of 1 + 2 v2 cos 2phi."""
    draw = np.random.default_rng(seed)
    phi = draw.uniform(0, 2 * math.pi, 4 * n)
    phi = phi[draw.random(4 * n) * (1 + 2 * v2) < 1 + 2 * v2 * np.cos(2 * phi)][:n]
    return draw.gamma(2, temperature, len(phi)), phi


def collisions(n: int, temperature: float, seed: int = 0, pt: np.ndarray = PT, mean: float = 300) -> np.ndarray:
    """Counts [n, pT, phi] of single collisions, each in a plane of its own."""
    draw = np.random.default_rng(seed)
    found = np.empty((n, len(pt) - 1, len(PHI) - 1), np.int64)
    for k, count in enumerate(draw.poisson(mean, n)):
        some, phi = particles(int(count), temperature, int(draw.integers(2**31)))
        phi = (phi + draw.uniform(0, 2 * math.pi)) % (2 * math.pi)
        found[k] = np.histogram2d(some, phi, (pt, PHI))[0]
    return found


def labelled(n: int, seed: int = 0, **more: Any) -> dict[str, Any]:
    counts = np.concatenate([collisions(n, 0.22, seed, **more), collisions(n, 0.3, seed + 1, **more)])
    return {"counts": counts, "label": np.repeat([0, 1], n)}


# --- what bins count


@pytest.mark.parametrize("edges", [PT, np.array([0, 0.1, 0.25, 0.5, 0.8, 1.1, 1.5, 2.2, 4])])
def test_bins_count_every_particle(edges: np.ndarray):
    pt, phi = particles(5000, 0.25)
    counts = np.histogram2d(pt, phi, (edges, PHI))[0]
    inside = int((pt <= edges[-1]).sum())
    momenta = bins.momenta_of("x", counts.shape, {"pT": edges, "phi": PHI}, counts=True)
    assert float(momenta.integral(torch.from_numpy(counts))) == inside
    middle = (edges[1:] + edges[:-1]) / 2
    rho = counts / np.outer(middle * np.diff(edges), np.diff(PHI))
    dense = bins.momenta_of("x", rho.shape, {"pT": edges, "phi": PHI}, counts=False)
    assert float(dense.integral(torch.from_numpy(rho))) == pytest.approx(inside, rel=1e-12)


def test_equal_bins_are_known_by_their_middles_and_others_by_weights():
    """Int pT exp(-pT/T) dpT dphi = 2 pi T^2; midpoints are exact to (step/T)^2/24."""
    middle, around = np.arange(0.025, 8, 0.05), np.linspace(-math.pi, math.pi, 24, endpoint=False)
    rho = torch.from_numpy(np.exp(-middle / 0.25))[:, None].expand(-1, 24)
    for given in ({"pT": middle, "phi": around}, {"pT": middle, "phi": around, "pT_weight": np.full(160, 0.05)}):
        momenta = bins.momenta_of("x", (160, 24), given, counts=False)
        assert float(momenta.integral(rho)) == pytest.approx(2 * math.pi * 0.25**2, rel=2e-3)
    x, weight = np.polynomial.legendre.leggauss(20)
    given = {"pT": 2 + 2 * x, "pT_weight": 2 * weight, "phi": PHI}
    momenta = bins.momenta_of("x", (20, 24), given, counts=False)
    exact = 2 * math.pi * 0.25**2 * (1 - 17 * math.exp(-16))  # up to 4 GeV
    rho = torch.exp(-momenta.pt / 0.25)[:, None].expand(-1, 24)
    assert float(momenta.integral(rho)) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pT": PT[:-1]}, "above 0"),
        ({"pT": PT[:-1] + 0.01}, "not Gauss"),
        ({"pT": np.geomspace(0.1, 2, 8)}, "not Gauss"),
        ({"pT": PT[1:-1]}, "do not lie"),
        ({"pT": PT[::-1]}, "rising"),
        ({"phi": np.linspace(0, 2 * math.pi, 24)}, "not Gauss"),
        ({"phi": PHI / 2}, "once around"),
        ({"phi": np.degrees(PHI)}, "once around"),
        ({"phi": 2 * math.pi * np.linspace(0, 1, 25) ** 2}, "equal width"),
        ({"pT": PT[1:], "pT_weight": np.zeros(8)}, "above 0"),
        ({"phi": PHI[:-1] / 2, "phi_weight": np.diff(PHI)}, "elliptic flow"),
    ],
)
def test_bins_of_which_no_integral_is_known_are_refused(given: dict[str, Any], said: str):
    with pytest.raises(Refused, match=said):
        bins.momenta_of("x", (8, 24), {"pT": PT, "phi": PHI} | given, counts=True)


# --- turns and mirrors of bins


@pytest.mark.parametrize("start", [0.0, -math.pi, -math.pi / 24, math.pi / 24, 0.02])
def test_bins_mirror_as_particles_do(start: float):
    edges = start + PHI
    middle = (edges[1:] + edges[:-1]) / 2
    phi = np.random.default_rng(0).choice(middle, 4000, p=np.arange(1, 25) / 300)
    own, mirrored = (np.histogram((one - start) % (2 * math.pi), PHI)[0] for one in (phi, _onto(-phi, middle)))
    matrix = turned.mirror(torch.from_numpy(middle), torch.ones(24, dtype=torch.float64)).numpy()
    assert np.array_equal(matrix @ own, mirrored) and np.array_equal(matrix @ matrix, np.eye(24))


def _onto(phi: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The nearest middle of a bin."""
    off = np.abs((phi[:, None] - middle + math.pi) % (2 * math.pi) - math.pi)
    return middle[off.round(9).argmin(1)]


def test_a_turn_by_whole_bins_is_exact():
    counts = torch.from_numpy(collisions(40, 0.25)).float()
    momenta = bins.momenta_of("x", counts.shape, {"pT": PT, "phi": PHI}, counts=True)
    turner = turned.Turner.of(momenta.phi, momenta.phi_weight).to(counts)
    assert len(turner.matrices) == 48
    found = turner(counts, torch.Generator().manual_seed(1))
    same = [{one.roll(k, 1).numpy().tobytes() for k in range(24) for one in (x, x.flip(1))} for x in counts]
    assert all(one.numpy().tobytes() in own for one, own in zip(found, same, strict=True))
    assert not torch.equal(found, counts) and torch.equal(momenta.integral(found), momenta.integral(counts))
    before, after = (flow(one.double(), momenta, (2, 3)).v for one in (counts, found))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-12)
    assert len(turned.whole_turns(360)) == turned.ANGLES


def test_other_nodes_turn_as_far_as_they_carry_waves():
    phi = torch.from_numpy(PHI[:-1] + 0.05 * np.sin(3 * PHI[:-1])).double()
    weight = torch.full_like(phi, 2 * math.pi / 24)
    wave = 1 + 0.3 * torch.cos(2 * phi) + 0.1 * torch.sin(5 * phi)
    (found,) = turned.turns(phi, weight, torch.tensor([0.7], dtype=torch.float64))
    there = phi - 0.7
    torch.testing.assert_close(found @ wave, 1 + 0.3 * torch.cos(2 * there) + 0.1 * torch.sin(5 * there))
    mirrored = 1 + 0.3 * torch.cos(2 * phi) - 0.1 * torch.sin(5 * phi)
    torch.testing.assert_close(turned.mirror(phi, weight) @ wave, mirrored)


# --- counts of single collisions


def test_what_few_particles_show_is_divided_safely():
    counts = np.zeros((5, 8, 24), np.int64)
    counts[0, 2, 3], counts[1, 7, 23], counts[2, :, 0], counts[3] = 1, 2, 3, 1
    one = examples.spectra("x", {"counts": counts, "label": [0, 1, 0, 1, 0], "pT": PT, "phi": PHI}, "π+")
    assert one.empty == 1 and one.number.tolist() == [1, 2, 24, 192] and one.rho.dtype == np.float32
    for how in ("peak", "number"):
        x = inputs.normalised(one, how, 100)
        assert x.isfinite().all() and inputs.Scaling.of([x], 0.25)(x).isfinite().all()
    torch.testing.assert_close(inputs.normalised(one, "number", 100).sum((1, 2)), torch.ones(4))
    drawn = one.counted(20, [torch.Generator().manual_seed(k) for k in range(4)])
    assert ((drawn.rho * 20) % 1 == 0).all() and drawn.number[-1] == pytest.approx(192, abs=5 * (192 / 20) ** 0.5)


def test_memory_keeps_to_float32_where_nothing_is_lost():
    for short in (np.uint16(7), np.float32(0.1), True):
        assert examples.as_spectra("x", np.full((2, 4, 4), short)).dtype == np.float32
    for long in (0.1, 2**24):
        assert examples.as_spectra("x", np.full((2, 4, 4), long)).dtype == np.float64
    steady = np.full((2, 4, 4), 1.0)
    steady.setflags(write=False)
    assert examples.as_spectra("x", steady).flags.writeable


def test_classes_of_counts_are_made_alike_and_fewer_are_taken():
    counts = np.concatenate([collisions(300, 0.25), collisions(300, 0.25, 1, mean=330)])
    one = examples.spectra("x", {"counts": counts, "label": np.repeat([0, 1], 300)}, "π+")
    alike = examples.balanced(one, 0.05, np.random.default_rng(0))
    means = [alike.number[alike.label == k].mean() for k in (0, 1)]
    assert means[0] == pytest.approx(means[1], rel=0.01) and len(alike) > 150
    assert isinstance(one.momenta, bins.Numbered) and len(examples.taken(one, 50, np.random.default_rng(0))) == 50


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    path = str(tmp_path_factory.mktemp("meter") / "meter.pt")
    data = labelled(110) | {"pT": PT, "phi": PHI}
    options = QUICK | {"sampled": (5,), "importance": 2, "nulls": True, "save": path}
    return jp.eos.meter(data, tests={"other": labelled(30, 7) | {"pT": PT, "phi": PHI}}, **options), path


def test_counts_of_single_collisions_are_read(learnt: tuple[Any, str]):
    reading, _ = learnt
    right = reading.data["accuracy"].isel(subject=0).sel(classifier="network")
    assert float(right.sel(group="held out")) > 0.8 and float(right.sel(group="other")) > 0.8
    assert float(right.sel(group="held out, turned")) == pytest.approx(float(right.sel(group="held out")), abs=0.12)
    assert np.isfinite(reading.data["importance"]).all() and reading.data["pT"].attrs["units"] == "GeV"
    maps = [one for one in reading.panels() if isinstance(one, Plot) and one.row.startswith("Importance")]
    assert len(maps) == 2 and all("0.125 GeV" in one.note and "closer" not in one.note for one in maps)
    notes = " ".join(note.text for note in reading.notes)
    assert "on top of the noise" in notes and "these histograms" in notes and "no decays" not in notes
    assert "among those" not in notes  # though numbers of particles coincide


def test_a_meter_of_counts_reads_counts_in_its_own_bins(learnt: tuple[Any, str]):
    how: dict[str, Any] = {"meter": learnt[1], "progress": False}
    cold, hot = collisions(12, 0.22, 21), collisions(12, 0.3, 22)
    reading = jp.eos.predict({"cold": cold, "hot": hot}, PT, PHI, **how)
    answer = reading.data["probability"].idxmax("class")
    assert (answer.sel(subject="cold") == "0").mean() > 0.7 and (answer.sel(subject="hot") == "1").mean() > 0.7
    middle = (PT[1:] + PT[:-1]) / 2, (PHI[1:] + PHI[:-1]) / 2
    xr.testing.assert_equal(jp.eos.predict({"cold": cold, "hot": hot}, *middle, **how).data, reading.data)
    with pytest.raises(Refused, match="another grid"):
        jp.eos.predict(cold, 1.5 * PT, PHI, **how)
    with pytest.raises(Refused, match="where are these"):
        jp.eos.predict(cold, **how)
    density = xr.Dataset({"spectrum": (("subject", "event", "pT", "phi"), cold[None].astype(float))},
                         {"subject": ["x"], "pT": middle[0], "phi": middle[1]})  # fmt: skip
    with pytest.raises(Refused, match="another grid"):
        jp.eos.predict(density, **how)


# --- the published file


def published(path: Path, *, train: int = 80, test: int = 30, **other: Any) -> Path:
    """A file with the layout of Du et al.: their names and shapes; labels are floats there."""
    edges, draw = np.linspace(0, 2, 25), np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for seed, part, n in ((0, "train", train), (5, "test", test)):
        one = labelled(n, seed, pt=edges)
        order = draw.permutation(2 * n)
        arrays |= {f"X_{part}_0": one["counts"][order].astype(float), f"y_{part}": one["label"][order].astype(float)}
    np.savez(path, **{name: value for name, value in (arrays | other).items() if value is not None})
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("du") / "3_EOSL_or_EOSQ_180k.npz")


def test_the_published_file_is_read_with_its_own_test(file: Path, tmp_path: Path):
    path = str(tmp_path / "meter.pt")
    reading = jp.eos.meter(str(file), **QUICK | {"save": path, "importance": 2})
    assert list(reading.data["group"].values) == ["held out", "held out, turned", histograms.DU]
    assert list(reading.data["truth"].values) == ["EOSL", "EOSQ"] and list(reading.data["subject"].values) == [
        file.stem
    ]
    right = reading.data["accuracy"].isel(subject=0).sel(classifier="network", group=histograms.DU)
    assert float(right) > 0.75 and float(reading.data["spectra"].sel(group=histograms.DU)[0]) > 40
    assert reading.record.facts["md5"] == hashlib.md5(file.read_bytes()).hexdigest()
    notes = " ".join(note.text for note in reading.notes)
    assert "another version" in notes and "where its 24 bins in pT lie" in notes and "first-order" in notes
    assert reading.data["pT"].attrs["units"] == "" and any("nobody has said" in one.note for one in reading.panels())
    asked = jp.eos.predict(str(file), meter=path, progress=False)
    with np.load(file) as arrays:
        assert asked.data.sizes["event"] == len(arrays["y_test"])
        mine = jp.eos.predict(arrays["X_test_0"], meter=path, progress=False)
        truth = np.array(["EOSL", "EOSQ"])[arrays["y_test"].astype(int)]
    np.testing.assert_allclose(mine.data["probability"], asked.data["probability"], rtol=1e-5)  # float32 in a file
    assert (asked.data["probability"].idxmax("class")[0].values == truth).mean() > 0.75
    with pytest.raises(Refused, match="where the meter's bins lie"):
        jp.eos.predict(np.ones((2, 24, 24)), np.linspace(0, 2, 25), PHI, meter=path, progress=False)
    with pytest.raises(Refused, match="another grid"):
        jp.eos.predict(np.ones((2, 8, 24)), meter=path, progress=False)


@pytest.mark.parametrize(("known", "said"), [("MD5", ""), ("EARLIER", "a later one")])
def test_versions_are_told_apart(file: Path, monkeypatch: pytest.MonkeyPatch, known: str, said: str):
    monkeypatch.setattr(histograms, known, hashlib.md5(file.read_bytes()).hexdigest())
    reading = jp.eos.meter(str(file), **QUICK | {"epochs": 1, "events": 100})
    notes = " ".join(note.text for note in reading.notes)
    assert "another version" not in notes and said in notes and "100 of 160 spectra are taken" in notes
    with pytest.raises(Refused, match="Nobody has said"):
        jp.eos.meter(str(file), **QUICK | {"highest": 1.5})


@pytest.mark.parametrize("kind", ["float64", "<f4", ">f8", "u1", "i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_precision_and_order_is_read(tmp_path: Path, kind: str, order: Any):
    counts = np.random.default_rng(0).integers(0, 9, (50, 24, 24))
    label, x = np.arange(50) % 2, np.asarray(counts, kind, order=order)
    np.savez_compressed(tmp_path / "x.npz", X_train_0=x, y_train=label, X_test_0=x[:7], y_test=label[:7] == 1)
    found = histograms.read(tmp_path / "x.npz", "train")
    assert found["counts"].dtype == np.float32 and np.array_equal(found["counts"], counts)
    assert found["label"][:2] == ["EOSL", "EOSQ"] and len(histograms.read(tmp_path / "x.npz", "test")["label"]) == 7


def test_the_file_is_never_in_memory_in_double_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(histograms, "BLOCK", 2**16)
    x, label = np.zeros((4000, 24, 24)), np.zeros(4000)
    np.savez(tmp_path / "x.npz", X_train_0=x, y_train=label, X_test_0=x[:1], y_test=label[:1])
    tracemalloc.start()
    try:
        histograms.read(tmp_path / "x.npz", "train")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.62 * x.nbytes


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_a_broken_or_strange_file_is_refused_with_the_cure(file: Path, tmp_path: Path):
    whole, path = file.read_bytes(), tmp_path / "x.npz"
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 1
    code = pickle.dumps(Evil(tmp_path / "owned"))
    for content in (whole[: len(whole) // 2], bytes(flipped), b"", b"no archive", code):
        path.write_bytes(content)
        with pytest.raises(Refused, match="download it again"):
            jp.eos.meter(str(path), **QUICK)
    evil = np.array([Evil(tmp_path / "owned")], dtype=object)
    small: dict[str, Any] = {"train": 2, "test": 2}
    for other, said in (
        ({"X_train_0": np.ones((4, 20, 20))}, "not the histograms"),
        ({"y_train": np.array([0, 1, 2, 1])}, "Labels are 0"),
        ({"X_train_0": evil}, "broken"),
        ({"X_test_0": None}, "no spectra with labels"),
    ):
        with pytest.raises(Refused, match=said):
            jp.eos.meter(str(published(path, **small, **other)), **QUICK)
    np.savez(path, counts=evil, label=[0])
    with pytest.raises(Refused, match="broken"):
        jp.eos.meter(str(path), **QUICK)
    with pytest.raises(Refused, match="no such file"):
        jp.eos.meter(str(tmp_path / "none.npz"), **QUICK)
    assert not (tmp_path / "owned").exists()


def test_an_own_file_says_its_bins(tmp_path: Path):
    np.savez(tmp_path / "mine.npz", **labelled(60), pT=PT, phi=PHI)
    reading = jp.eos.meter(str(tmp_path / "mine.npz"), **QUICK | {"epochs": 1})
    assert reading.record.facts["grid"] == "8 × 24 bins, pT from 0.125 GeV" and "md5" not in reading.record.facts
    with pytest.raises(Refused, match="rho, or counts"):
        jp.eos.meter(labelled(60) | {"rho": np.ones((120, 8, 24))}, **QUICK)
    with pytest.raises(Refused, match="not below 0"):
        jp.eos.meter({"counts": -np.ones((60, 8, 24)), "label": np.arange(60) % 2}, **QUICK)
