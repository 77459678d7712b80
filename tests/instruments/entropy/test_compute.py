"""The physics of %entropy through the user's own door: known answers, equivalences, statistics by hand, warnings."""

from __future__ import annotations

import functools
import math
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import jupyter_phys as jp
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.instrument import find
from jupyter_phys.core.measure import plan, take
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.reading import Reading
from jupyter_phys.core.run import Run
from jupyter_phys.core.session import session
from jupyter_phys.figures.mark import Bars, Line
from jupyter_phys.figures.panel import Plot, Table
from jupyter_phys.instruments.entropy import pictures
from jupyter_phys.instruments.entropy.samples import SAMPLES
from jupyter_phys.instruments.entropy.subjects import Jittered, Periodic, Polynomial, Random

LIGHT: dict[str, Any] = {"pictures": 0, "curve": 0, "progress": False}
N = 48
DRAW = np.random.default_rng(3)
KEEP = DRAW.random((N, N)) < 0.4
FIELD = DRAW.normal(size=(N, N)) + 1j * DRAW.normal(size=(N, N))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def measured(subject: Any = KEEP, signal: Any = FIELD, **options: Any) -> Reading:
    return jp.entropy(subject, signal=signal, **{**LIGHT, **options})


def values(reading: Reading, name: str = "delta_S") -> Any:
    return reading.data[name].values


def equal(one: Reading, two: Reading, atol: float = 1e-12) -> None:
    for name in ("S_before", "S_after", "delta_S", "retained_energy", "psnr", "alias_deficit"):
        np.testing.assert_allclose(values(one, name), values(two, name), rtol=1e-12, atol=atol, err_msg=name)


def warnings_of(reading: Reading) -> str:
    return " ".join(note.text for note in reading.notes if note.level == "warning")


def waves(n: int, *bins: int) -> Any:
    return sum(np.exp(2j * math.pi * k * np.arange(n) / n) for k in bins)


# --- known answers


@pytest.mark.parametrize("period", [2, 4, 8, 16])
def test_periodic_sampling_of_a_tone_makes_period_copies(period: int):
    """V_y[m, k] = (1/M) sum_r V_x[m, k - rN/M]: M coherent copies that do not overlap."""
    whole = {"hop": 1, "window_length": 512}
    reading = measured(Periodic(period=period), waves(512, 10), kind="signal", scale=32.0, **whole)
    assert values(reading).item() == pytest.approx(math.log(period), abs=1e-9)
    ruled = measured(Periodic(period=period), waves(512, 10), kind="signal", scale=32.0)
    assert values(ruled).item() == pytest.approx(math.log(period), abs=1e-5)
    assert values(reading, "alias_deficit").item() == pytest.approx(0, abs=1e-9)
    assert values(reading, "retained_energy").item() * period == pytest.approx(1, abs=1e-12)
    assert reading.data["copies"].values.item() == period


def test_periodic_sampling_of_a_plane_wave_in_an_image():
    wave = np.outer(waves(64, 5), waves(64, 9))
    reading = measured(
        [Periodic(period=2), Periodic(period=(1, 2)), Periodic(period=2, geometry="lines")], wave, scale=4.0
    )
    np.testing.assert_allclose(values(reading)[:, 0], np.log([4, 2, 2]), atol=1e-5)
    assert reading.data["copies"].values.tolist() == [4, 2, 2]
    rows = measured(Periodic(period=2, geometry="lines"), wave, scale=4.0, axis=-2)
    assert values(rows).item() == pytest.approx(math.log(2), abs=1e-5)


def test_a_plane_wave_has_the_entropy_of_the_dual_window():
    for scale in (3.0, 4.0):
        reading = measured(np.ones(256), waves(256, 10), kind="signal", scale=scale, hop=1, window_length=256)
        dual = 256 / (2 * math.pi * scale)
        assert values(reading, "S_before").item() == pytest.approx(0.5 * math.log(math.pi * math.e * dual**2), abs=1e-9)


IDENTITIES: dict[str, tuple[Any, str]] = {
    "mask": (np.ones((N, N)), "image"), "line": (np.ones(N), "image"), "callable": (lambda f: f, "image"),
    "callable in k-space": (lambda f: f, "mri"), "period 1": (Periodic(period=1), "image"),
    "rate 1": (Random(rate=1.0), "image"), "model": (torch.nn.Identity(), "mri"),
}  # fmt: skip


@pytest.mark.parametrize("name", IDENTITIES)
def test_the_identity_changes_nothing_exactly(name: str):
    subject, kind = IDENTITIES[name]
    reading = measured({"all": subject}, kind=kind)
    assert values(reading).item() == 0.0
    assert values(reading, "S_before").item() == values(reading, "S_after").item()


def test_all_of_k_space_is_the_identity_to_rounding():
    reading = measured(np.ones((N, N)), kind="mri")
    assert abs(values(reading).item()) < 1e-12
    assert values(reading, "retained_energy").item() == pytest.approx(1, abs=1e-12)
    assert values(reading, "psnr").item() > 250  # dB: rounding


def test_shifts_and_factors_change_nothing():
    """Exact symmetries of the Husimi entropy, of field and mask together."""
    whole = measured(hop=1)
    equal(whole, measured(np.roll(KEEP, (5, 9), (0, 1)), np.roll(FIELD, (5, 9), (0, 1)), hop=1), atol=1e-11)
    equal(whole, measured(signal=FIELD * (0.3 - 2j), hop=1), atol=1e-11)
    equal(whole, measured(KEEP.T.copy(), FIELD.T.copy(), hop=1), atol=1e-11)
    assert values(measured(signal=FIELD.conj(), hop=1)).item() == pytest.approx(values(whole).item(), abs=1e-11)


def test_white_noise_fills_phase_space():
    """Mean entropy of complex white noise on P cells is ln P - (1 - γ)."""
    noise = DRAW.normal(size=(40, 256)) + 1j * DRAW.normal(size=(40, 256))
    reading = measured(Random(rate=0.5), noise, kind="signal", draws=1)
    assert values(reading, "S_before").mean() == pytest.approx(math.log(256) - 0.4227843351, abs=0.02)
    assert values(reading).mean() < 0.1  # it is full already


# --- ways to say the same


def test_line_masks_select_along_the_axis():
    field = FIELD[:40]
    columns, rows = KEEP[0], KEEP[1, :40]
    for kind in ("image", "mri"):
        equal(measured(columns, field, kind=kind), measured(np.tile(columns, (40, 1)), field, kind=kind))
        equal(measured(rows, field, kind=kind, axis=-2), measured(np.tile(rows[:, None], (1, N)), field, kind=kind))
    assert values(measured(columns, field), "rate").item() == columns.mean()


def test_zero_frequency_in_the_corner_or_in_the_centre():
    shifted = np.fft.ifftshift(KEEP)
    equal(measured(KEEP, kind="mri"), measured(shifted, kind="mri", dc="corner"), atol=0)
    odd, field = KEEP[:45, :47], FIELD[:45, :47]
    equal(measured(odd, field, kind="mri"), measured(np.fft.ifftshift(odd), field, kind="mri", dc="corner"), atol=0)
    lines = KEEP[0]
    equal(measured(lines, kind="mri"), measured(np.fft.ifftshift(lines), kind="mri", dc="corner"), atol=0)
    dense = Polynomial(p=4, rate=0.3)
    equal(measured(dense, kind="mri"), measured(dense, kind="mri", dc="corner"), atol=1e-11)


def test_zero_frequency_in_the_wrong_place_is_told():
    generator = torch.Generator().manual_seed(0)
    dense = Polynomial(p=6, rate=0.2).draw((N, N), -1, "centre", generator).numpy()
    wrong = measured({"mine": np.fft.ifftshift(dense)}, kind="mri")
    assert "mine" in warnings_of(wrong) and "dc=corner" in warnings_of(wrong)
    assert "peaks" not in warnings_of(measured(dense, kind="mri"))
    assert "peaks" not in warnings_of(measured(np.fft.ifftshift(dense), kind="mri", dc="corner"))
    assert "dc=centre" in warnings_of(measured({"mine": dense}, kind="mri", dc="corner"))
    assert "peaks" not in warnings_of(measured(np.fft.ifftshift(dense), kind="image"))


def test_the_magnitude_is_no_harmless_shortcut():
    """Two tones: 2.6564 of the magnitude against 2.6901; one tone: no change (bins 10, 20; N = 64, s = 4)."""
    grid = {"scale": 4.0, "hop": 1, "window_length": 64, "kind": "mri"}
    for bins, expected in (((10, 20), 2.6564 - 2.6901), ((10,), None)):
        field = np.outer(np.ones(64), waves(64, *bins))
        both = measured(np.ones((64, 64)), field, field=["complex", "magnitude"], **grid)
        change = float(np.diff(values(both, "S_before").ravel())[0])
        if expected is not None:
            assert change == pytest.approx(expected, abs=1.5e-4)
        else:
            assert change == pytest.approx(2.0071 - 2.0071, abs=1e-3)
    assert values(measured(kind="mri", field="magnitude")).item() != values(measured(kind="mri")).item()
    assert values(measured(field="magnitude")).item() == values(measured()).item()  # only k-space has a choice


def test_a_callable_that_masks_is_the_mask():
    for kind, operator in {
        "image": lambda f: f * KEEP,
        "mri": lambda f: np.fft.ifft2(np.fft.ifftshift(KEEP) * np.fft.fft2(f)),
    }.items():
        one, two = measured(KEEP, kind=kind), measured(operator, kind=kind)
        for name in ("S_before", "S_after", "delta_S", "retained_energy", "psnr"):
            np.testing.assert_allclose(values(one, name), values(two, name), rtol=1e-10, atol=1e-11)


def test_callables_get_what_the_user_works_with():
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()  # a list would be copied for every call

    def look(field: Any) -> Any:
        told.put((type(field), field.dtype, tuple(field.shape)))
        return field

    measured(look)
    measured(look, torch.from_numpy(FIELD))
    measured(look, FIELD.real)
    measured(look, torch.from_numpy(FIELD), precision="float32")
    measured(look, "camera", kind="image", scale=20.0)
    seen = [told.get() for _ in range(5)]
    assert seen[:4] == [
        (np.ndarray, np.complex128, (N, N)), (torch.Tensor, torch.complex128, (N, N)),
        (np.ndarray, np.float64, (N, N)), (torch.Tensor, torch.complex64, (N, N)),
    ]  # fmt: skip
    assert seen[4] == (np.ndarray, np.float64, (256, 256))


def test_lists_dicts_and_stacks():
    other = ~KEEP
    alone = [values(measured(one)).item() for one in (KEEP, other)]
    for given, labels in (
        ([KEEP, other], ["mask", "mask #2"]),
        ({"a": KEEP, "b": other}, ["a", "b"]),
        (np.stack([KEEP, other]), ["mask[0]", "mask[1]"]),
        ({"s": np.stack([KEEP, other])}, ["s[0]", "s[1]"]),
        ((KEEP, torch.from_numpy(other)), ["mask", "mask #2"]),
    ):
        reading = measured(given)
        assert values(reading, "subject").tolist() == labels
        np.testing.assert_allclose(values(reading)[:, 0], alone, rtol=1e-12, atol=1e-11)


def test_numpy_and_torch_signals_are_the_same():
    equal(measured(), measured(signal=torch.from_numpy(FIELD)), atol=0)


def test_the_mean_taken_away_before_or_by_the_setting():
    field = FIELD.real + 3
    equal(measured(signal=field, subtract_mean=True), measured(signal=field - field.mean()), atol=1e-10)
    both = measured(signal=field, subtract_mean=[False, True])
    assert abs(np.diff(values(both, "S_before").ravel())[0]) > 0.4


@pytest.mark.parametrize("shown", [0, 1, 2])
@pytest.mark.parametrize("kind", ["image", "mri", "signal"])
def test_a_draft_is_near_the_measurement(kind: str, shown: int):
    """Whether its pictures tell S or not, and of draws and signals that they do not show."""
    options = {"signal": np.stack([FIELD, FIELD * KEEP + 1]), "kind": kind, "draws": 3, "pictures": shown, "scale": 2.6}
    if kind == "signal":
        options["signal"] = options["signal"].reshape(2, -1)[:, :400]
    subjects = {"mine": KEEP.ravel()[:400] if kind == "signal" else KEEP, "drawn": Random(rate=0.3)}
    task = find("entropy").task("mask")
    quick, whole = (
        take(plan(task, subjects, options, draft=draft), functools.partial(Meter, shown=False), lambda one: one)
        for draft in (True, False)
    )
    for name in ("S_before", "S_after", "delta_S", "delta_S_se", "abs_delta_S"):
        np.testing.assert_allclose(values(quick, name), values(whole, name), atol=1e-2, err_msg=name)
    assert "curve" not in quick.data and ("picture_after" in quick.data) == (shown > 0)
    assert quick.record.inputs == {} and "fingerprint" not in quick.record.subjects["mine"]


# --- statistics


def test_statistics_by_hand():
    """Draws by seed and number alone; means and standard errors as the page defines them."""
    family, draws, seed = Random(rate=0.3), 3, 11
    fields = np.stack([FIELD, FIELD * KEEP + 1, np.outer(waves(N, 3), waves(N, 7))])
    reading = measured(family, fields, draws=draws, seed=seed)
    run = Run(session().how({"seed": seed}), Meter("", shown=False))
    masks = [family.draw((N, N), -1, "centre", run.generator(draw)).numpy() for draw in range(draws)]
    delta = np.stack([values(measured({"m": mask}, fields))[0] for mask in masks])  # [draw, signal]
    mean, se = delta.mean(0), delta.std(0, ddof=1) / math.sqrt(draws)

    def joined(one):  # draws are common to all signals
        return math.hypot(one.mean(1).std(ddof=1) / math.sqrt(draws), one.mean(0).std(ddof=1) / math.sqrt(3))

    expected = {
        "delta_S": mean, "delta_S_se": se, "delta_S_mean": mean.mean(), "abs_delta_S": np.abs(mean).mean(),
        "delta_S_mean_se": joined(delta), "abs_delta_S_se": joined(np.sign(mean) * delta),
        "rate": np.mean([mask.mean() for mask in masks]), "S_after": values(reading, "S_before")[0] + mean,
    }  # fmt: skip
    for name, one in expected.items():
        np.testing.assert_allclose(values(reading, name)[0], one, rtol=1e-10, atol=1e-11, err_msg=name)
    single = measured(family, FIELD, draws=draws, seed=seed)
    np.testing.assert_allclose(values(single, "delta_S_mean_se"), se[0], rtol=1e-9)
    assert math.isnan(values(measured(KEEP), "delta_S_mean_se").item())  # one field, one mask: no spread


def test_the_error_of_a_mean_is_the_scatter_over_seeds():
    """All signals share the masks: more signals do not make the draws' error smaller."""
    fields = np.stack([FIELD, 2 * FIELD + 0.1])  # nearly one field twice
    found = [measured(Random(rate=0.2), fields, draws=4, seed=seed) for seed in range(24)]
    scatter = np.std([values(one, "delta_S_mean").item() for one in found], ddof=1)
    said = np.sqrt(np.mean([values(one, "delta_S_mean_se").item() ** 2 for one in found]))
    assert 0.6 < said / scatter < 1.6


def test_more_draws_add_to_the_first():
    two, four = (measured(Jittered(period=3), draws=draws) for draws in (2, 4))
    run = Run(session().how({}), Meter("", shown=False))
    rest = [Jittered(period=3).draw((N, N), -1, "centre", run.generator(draw)).numpy() for draw in (2, 3)]
    others = values(measured([*rest]))[:, 0].sum()
    assert 4 * values(four).item() == pytest.approx(2 * values(two).item() + others, abs=1e-10)


def test_retained_energy_and_psnr_by_hand():
    for kind in ("image", "mri"):
        reading = measured(kind=kind)
        y = FIELD * KEEP if kind == "image" else np.fft.ifft2(np.fft.ifftshift(KEEP) * np.fft.fft2(FIELD))
        energy = (np.abs(y) ** 2).sum() / (np.abs(FIELD) ** 2).sum()
        error = ((np.abs(y) - np.abs(FIELD)) ** 2).mean()
        assert values(reading, "retained_energy").item() == pytest.approx(energy, rel=1e-12)
        psnr = 10 * math.log10(np.abs(FIELD).max() ** 2 / error)
        assert values(reading, "psnr").item() == pytest.approx(psnr, rel=1e-12)
    signed = measured(signal=FIELD.real)
    error = ((FIELD.real * KEEP - FIELD.real) ** 2).mean()
    expected = 10 * math.log10((FIELD.real**2).max() / error)
    assert values(signed, "psnr").item() == pytest.approx(expected, rel=1e-12)


def test_only_regular_masks_have_an_alias_deficit():
    uneven, weighted, ragged = np.zeros(N), np.zeros(N), np.arange(N) % 5 == 0
    uneven[[0, 4, 9]] = 1
    weighted[::4] = np.linspace(1, 2, N // 4)
    subjects = {
        "every third": np.arange(N) % 3 == 1, "half weight": (np.arange(N) % 4 == 0) * 0.5, "all": np.ones(N),
        "uneven": uneven, "weighted": weighted, "does not divide": ragged, "random": Random(), "called": lambda f: f,
        "jittered": Jittered(period=2), "periodic": Periodic(period=2),
    }  # fmt: skip
    reading = measured(subjects, FIELD[0], kind="signal")
    copies = dict(zip(subjects, reading.data["copies"].values, strict=True))
    assert {name: m for name, m in copies.items() if not math.isnan(m)} == {
        "every third": 3, "half weight": 4, "all": 1, "periodic": 2,
    }  # fmt: skip
    deficit = np.log(reading.data["copies"].values)[:, None] - values(reading)
    np.testing.assert_allclose(values(reading, "alias_deficit"), deficit, atol=1e-12)


# --- what is said beside the numbers


def test_a_mask_that_misses_the_field_is_told():
    """ΔS may exceed ln M when the kept samples miss nearly all the energy: no theorem bounds it."""
    comb = np.zeros(64)
    comb[31], comb[[8, 24, 40, 56]] = 1, 0.01
    reading = measured({"even": Periodic(period=2)}, comb, kind="signal", scale=2.0, hop=1, window_length=64)
    assert values(reading).item() == pytest.approx(1.3823948295957527, abs=1e-9) and values(reading).item() > math.log(
        2
    )
    assert values(reading, "alias_deficit").item() < 0  # not clamped
    assert "even" in warnings_of(reading) and "missed the field" in warnings_of(reading)
    assert "missed" not in warnings_of(measured(Periodic(period=2), waves(64, 5), kind="signal"))


def test_the_crossover_is_told():
    field = waves(64, 5)
    for scale, expected in ((4.0, True), (3.2, True), (2.2, False), (5.0, False)):
        reading = measured({"every fourth": Periodic(period=4)}, field, kind="signal", scale=scale)
        assert ("every fourth: the window scale lies in the crossover 3 … 4" in warnings_of(reading)) == expected
    low, high = (reading.data[name].values.item() for name in ("crossover_low", "crossover_high"))
    assert (low, high) == (3, 4)
    points = measured(Random(rate=1 / 16), scale=2.0, draws=1)
    assert points.data["crossover_high"].values.item() == pytest.approx(4)  # rate^(-1/2) of points in an image
    lines = measured(Random(rate=0.25, geometry="lines"), draws=1)
    assert lines.data["crossover_high"].values.item() == pytest.approx(4)
    oblong = measured(Periodic(period=(2, 8)), draws=1)  # of a regular mask the period of the last axis, not the rate's
    assert [oblong.data[f"crossover_{end}"].values.item() for end in ("low", "high")] == [6, 8]
    dual = measured(Random(rate=0.25, geometry="lines"), kind="mri", draws=1)
    assert dual.data["crossover_low"].values.item() == pytest.approx(N / (2 * math.pi * 4))


def test_the_order_of_unlike_families_is_no_verdict():
    mixed = measured(["periodic", "random", "jittered"], draws=2)
    alike = measured("polynomial", p=[0.0, 1.0, 2.0], draws=2)
    rates = measured("random", rate=[0.2, 0.4, 0.6], draws=2)
    alone = measured("random", draws=2)
    titles = [reading.panels()[0].title for reading in (mixed, alike, alone, rates)]
    assert titles[3] == "Order by |ΔS|, not a verdict: the rates differ"
    assert "not a verdict" in titles[0] and "Ranking" in titles[1] and "within one family" in titles[1]
    assert "anking" not in titles[2] and "verdict" not in titles[2]


def test_subjects_are_sorted_by_their_size_and_not_by_their_sign():
    field = np.stack([np.outer(waves(64, 3), waves(64, 5)), np.ones((64, 64))])
    reading = measured(
        ["random", Periodic(period=2), Periodic(period=4), np.eye(64) + np.eye(64)[::-1]], field, draws=2
    )
    table, bars = (panel for panel in reading.panels()[:2])
    assert isinstance(table, Table) and isinstance(bars, Plot) and isinstance(bars.marks[0], Bars)
    size = dict(zip(values(reading, "subject").tolist(), values(reading, "abs_delta_S"), strict=True))
    ordered = sorted(size, key=size.__getitem__)
    assert [row[0] for row in table.rows] == ordered == list(bars.y.categories)
    signed = dict(zip(values(reading, "subject").tolist(), values(reading, "delta_S_mean"), strict=True))
    np.testing.assert_allclose(bars.marks[0].value, [signed[name] for name in ordered])


def test_the_scale_stands_with_every_number():
    reading = measured(scale=(2.5, 3.0))
    assert "2.5 × 3 samples" in reading.title
    facts = reading.record.facts
    assert facts["scale"] == [2.5, 3.0] and facts["hop"] == [1, 1] and facts["window_length"] == [20, 24]
    assert facts["field_shape"] == facts["measured_shape"] == [N, N] and facts["valid_scale"][0] == [
        2.0,
        N / (4 * math.pi),
    ]
    swept = measured(scale=[2.5, 3.0])
    assert "2.5" not in swept.title and "scale" not in swept.record.facts
    assert values(swept, "scale").tolist() == [2.5, 3.0]


def test_the_default_scale_is_a_sixteenth_within_the_valid_range():
    for n, scale in ((512, 32.0), (40, 2.5), (28, 2.0)):
        assert measured("periodic", waves(n, 3), kind="signal").record.facts["scale"] == [scale]


# --- samples


@pytest.mark.parametrize("name", SAMPLES)
def test_every_built_in_signal_is_measured(name: str):
    kind = "signal" if name in ("tone", "packet") else "image"
    reading = measured(np.ones(64), name, kind=kind)
    shape = [64] if kind == "signal" else [64, 64]
    assert reading.record.facts["field_shape"] == shape
    assert (np.abs(values(reading)) < 1e-12).all()
    assert all(str(one).startswith(name) for one in values(reading, "signal"))
    assert reading.data.sizes["signal"] == (2 if name == "brain" else 1)


def test_built_in_signals_without_a_mask_have_a_size_of_their_own():
    assert measured("periodic", None, kind="signal").record.facts["field_shape"] == [1024]
    assert measured(lambda f: f, None, scale=20.0).record.facts["field_shape"] == [256, 256]
    assert measured(KEEP, None, kind="mri").data["signal"].values.tolist() == ["head"]
    assert measured({"no size": "random", "size": KEEP}, None).data["signal"].values.tolist() == ["camera"]


def test_two_masks_of_unlike_size_are_told():
    with pytest.raises(Refused, match="two does not fit"):
        measured({"one": np.ones((64, 64)), "two": np.ones((32, 32))}, None)


# --- pictures


def test_pictures_of_the_first_subjects():
    subjects = {"one": KEEP, "two": Periodic(period=2), "three": Random(), "called": lambda f: f * KEEP}
    for kind in ("image", "mri"):
        reading = measured(subjects, FIELD, kind=kind, pictures=4, curve=3, draws=2)
        data = reading.data
        assert data["shown"].values.tolist() == list(subjects)
        np.testing.assert_allclose(data["picture_before"].values, np.abs(FIELD), rtol=1e-12)
        np.testing.assert_array_equal(data["mask"].values[0], KEEP)
        assert np.isnan(data["mask"].values[3]).all()
        for name in ("position_density", "frequency_density", "husimi"):
            np.testing.assert_allclose(data[f"{name}_before"].values.sum(), 1, rtol=1e-9)
            np.testing.assert_allclose(data[f"{name}_after"].values.sum((-2, -1)), 1, rtol=1e-9)
        np.testing.assert_allclose(
            data["local_entropy_before"].values.sum(), values(reading, "S_before")[0, 0], rtol=1e-6
        )
        shares = data["local_entropy_after"].values.sum((-2, -1))
        np.testing.assert_allclose(shares[[0, 1, 3]], values(reading, "S_after")[[0, 1, 3], 0], rtol=1e-6)
        assert data["curve"].sizes == {"shown": 4, "window_scale": 3} and np.isfinite(data["curve"].values).all()
        np.testing.assert_allclose(data["window_scale"].values[[0, -1]], [2, N / (4 * math.pi)])
        some = measured(subjects, FIELD, kind=kind, pictures=2, curve=0)
        assert some.data["shown"].values.tolist() == ["one", "two"] and "curve" not in some.data
        assert "shown" not in measured(subjects, FIELD, kind=kind, pictures=0, curve=3).data.dims


def test_pictures_of_a_signal():
    field = waves(64, 5, 20)
    reading = measured({"half": Periodic(period=2), "all": np.ones(64)}, field, kind="signal", pictures=2, curve=2)
    density = reading.data["husimi_after"].sel(shown="half").values  # [window, frequency]
    half = density.shape[1] // 2
    np.testing.assert_allclose(density, np.roll(density, half, axis=1), atol=1e-12)  # two equal copies
    np.testing.assert_allclose(reading.data["husimi_after"].sel(shown="all"), reading.data["husimi_before"], atol=1e-15)
    np.testing.assert_allclose(reading.data["frequency_density_before"].values.sum(), 1)
    assert [panel.alt for panel in reading.panels()]


def test_the_wigner_distribution_of_a_packet_and_of_its_copies():
    n = np.arange(128)
    packet = np.exp(-((n - 40) ** 2) / (2 * 6**2) + 2j * np.pi * 0.125 * n)
    reading = measured("periodic", packet, kind="signal", pictures=1, wigner=True)
    before, after = reading.data["wigner_before"], reading.data["wigner_after"].isel(shown=0)
    np.testing.assert_allclose(before.sum(), 1, rtol=1e-6)
    peak = before.stack(cell=before.dims).idxmax("cell").item()
    assert peak == (pytest.approx(40, abs=1), pytest.approx(0.125, abs=0.01))
    assert float(after.min()) < -0.3 * float(after.max()), "two copies interfere"
    assert float(before.min()) > -0.1 * float(before.max()), "what is left of the lattice's own copies"
    assert any(panel.row == "Wigner distribution" for panel in reading.panels())
    small = measured("periodic", packet, kind="signal", pictures=1, wigner=True, memory=0.003)
    assert "wigner_before" not in small.data and any("is left out" in note.text for note in small.notes)


def test_the_curve_agrees_with_single_scales():
    field = waves(128, 5, 40)
    reading = measured(Periodic(period=4), field, kind="signal", pictures=1, curve=4)
    for scale, found in zip(values(reading, "window_scale"), values(reading, "curve")[0], strict=True):
        assert values(measured(Periodic(period=4), field, kind="signal", scale=float(scale))).item() == pytest.approx(
            found, abs=2e-2
        )
    curve = next(one for one in reading.panels() if one.title == "ΔS against window scale")
    assert isinstance(curve, Plot)
    assert any(
        isinstance(mark, Line) and mark.dashed and mark.y[0] == pytest.approx(math.log(4)) for mark in curve.marks
    )


def test_a_table_of_a_sweep_is_sorted_anew_at_each_scale():
    """A tone kept at every period-th sample: below the crossover the largest period does not stand last."""
    tone = np.exp(2j * np.pi * 10 * np.arange(1024) / 1024)
    reading = measured("periodic", tone, kind="signal", period=[2, 4, 8], scale=[2.0, 32.0])
    table = reading.panels()[0]
    assert isinstance(table, Table) and table.title.endswith("the rates differ, at each scale")
    where, sizes = (table.columns.index(name) for name in ("scale", "|ΔS| (nat)"))
    for scale in ("2", "32"):
        here = [float(str(row[sizes])) for row in table.rows if row[where] == scale]
        assert len(here) == 3 and here == sorted(here)
    assert [row[1] for row in table.rows][:3] == ["periodic period=2", "periodic period=8", "periodic period=4"]


def test_settings_that_change_nothing_here_are_said():
    assert "field is for kind=mri alone" in warnings_of(measured(field="magnitude"))
    assert "dc is for kind=mri alone" in warnings_of(measured(dc="corner"))
    assert "axis is for" in warnings_of(measured("periodic", FIELD[0], kind="signal", axis=-2))
    assert "is for kind" not in warnings_of(measured(kind="mri", field="magnitude", dc="corner"))


# --- again


def test_measured_again_gives_the_same_and_says_what_differs():
    first = measured([KEEP, "random"], draws=2, seed=5, scale=[2.0, 3.0])
    second = first.again([KEEP, "random"], signal=FIELD)
    np.testing.assert_array_equal(values(first), values(second))
    assert not warnings_of(second).count("Not the same")
    other = first.again([~KEEP, "random"], signal=FIELD + 1)
    assert "Not the same as in the first reading: mask, signal." in warnings_of(other)


def test_measured_again_under_the_labels_of_the_first_reading():
    """A magic names subjects after variables, which a function does not know."""
    first = measured({"mine": KEEP, "theirs": ~KEEP})
    second = first.again([KEEP, ~KEEP], signal=FIELD)
    assert second.data["subject"].values.tolist() == ["mine", "theirs"] and "Not the same" not in warnings_of(second)
    other = first.again([KEEP, KEEP], signal=FIELD)
    assert "Not the same as in the first reading: theirs." in warnings_of(other)


def test_variable_density_on_a_real_slice():
    """A density that peaks at zero frequency keeps more energy and changes the entropy less than a flat one."""
    reading = measured("polynomial", "brain", kind="mri", p=[0, 2], rate=0.25, draws=1, geometry="lines")
    assert np.diff(values(reading, "retained_energy").mean(1)) > 0
    assert np.diff(values(reading, "abs_delta_S")) < 0


@pytest.mark.parametrize("stage", ["_projected", "_coordinates", "_masks", "_curve"])
@pytest.mark.parametrize("kind", ["signal", "image"])
def test_an_interrupt_among_the_pictures_leaves_a_reading_that_can_be_shown(
    stage: str, kind: str, monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pictures, stage, stop)
    field = FIELD[0] if kind == "signal" else FIELD
    with pytest.raises(Interrupted) as caught:
        measured(["periodic", "random"], field, kind=kind, pictures=2, curve=2, draws=1)
    reading = caught.value.reading
    assert reading is not None and not reading.complete and np.isfinite(values(reading)).all()
    assert all(panel.alt for panel in reading.panels()) and repr(reading)
    assert reading._repr_mimebundle_()["text/html"]
