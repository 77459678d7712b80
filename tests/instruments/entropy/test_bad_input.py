"""Whatever is given to %entropy: a refusal that names the cure, or the right number; and nothing given is changed."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.instruments.entropy.settings import Settings
from jupyter_phys.instruments.entropy.subjects import FAMILIES, Family, Periodic, Polynomial, Random

N = 32
LIGHT: dict[str, Any] = {"pictures": 0, "curve": 0, "progress": False}
DRAW = np.random.default_rng(0)
KEEP = DRAW.random((N, N)) < 0.4
FIELD = DRAW.normal(size=(N, N))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No warning reaches the user: what must be said stands in the reading or in the refusal."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    torch.set_num_threads(threads)


def measured(subject: Any = KEEP, signal: Any = FIELD, **options: Any) -> Reading:
    return jp.entropy(subject, signal=signal, **{**LIGHT, **options})


def number(reading: Reading, name: str = "delta_S") -> float:
    return float(reading.data[name].values.ravel()[0])


def refused(subject: Any = KEEP, signal: Any = FIELD, **options: Any) -> Refused:
    """The refusal, which says what was given or allowed or what to type instead."""
    with pytest.raises(Refused) as caught:
        measured(subject, signal, **options)
    refusal = caught.value
    assert refusal.given is not None or refusal.allowed is not None or refusal.instead, str(refusal)
    assert "object at 0x" not in refusal.what
    return refusal


WHOLE = measured()


# --- signals


GOOD_SIGNALS: dict[str, Any] = {
    "list of lists": FIELD.tolist(), "tuple": tuple(map(tuple, FIELD)), "list of tensors": [*torch.from_numpy(FIELD)],
    "needs gradient": torch.from_numpy(FIELD).requires_grad_(),
    "part of a graph": torch.from_numpy(FIELD).requires_grad_() * 1,
    "list that needs gradients": [torch.from_numpy(FIELD).requires_grad_()],
    "sparse": torch.from_numpy(FIELD).to_sparse(), "long doubles": FIELD.astype(np.longdouble),
    "foreign bytes": FIELD.astype(">f8"), "Fortran": np.asfortranarray(FIELD),
    "read only": np.frombuffer(FIELD.tobytes()).reshape(N, N), "strided": np.repeat(FIELD, 2, axis=1)[:, ::2],
    "turned twice": FIELD[::-1].copy()[::-1], "transposed": FIELD.T.copy().T,
    "torch strided": torch.from_numpy(FIELD.T.copy()).T, "complex": FIELD.astype(complex),
    "conjugated": torch.from_numpy(FIELD).to(torch.complex128).conj(), "frame": pd.DataFrame(FIELD),
    "xarray": xr.DataArray(FIELD), "batch of one": FIELD[None, None], "masked nowhere": np.ma.masked_invalid(FIELD),
    "large": FIELD * 1e200, "small": FIELD * 1e-200,
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_SIGNALS)
def test_a_signal_may_come_in_any_form(name: str):
    reading = measured(signal=GOOD_SIGNALS[name])
    for variable in ("delta_S", "psnr", "retained_energy"):
        assert number(reading, variable) == pytest.approx(number(WHOLE, variable), rel=1e-9, abs=1e-11), variable


@pytest.mark.parametrize(
    "kind", ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "c8", "torch.bfloat16", "torch.float16"]
)
def test_a_signal_may_have_any_number_type(kind: str):
    """Sums and squares are taken in floating point: small integers do not overflow."""
    whole = DRAW.integers(0, 2 if kind == "?" else 120, size=(N, N))
    typed = torch.from_numpy(whole).to(getattr(torch, kind[6:])) if "." in kind else whole.astype(kind)
    for name in ("delta_S", "psnr", "retained_energy"):
        expected = number(measured(signal=whole.astype(float)), name)
        assert number(measured(signal=typed), name) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_largest_integers_do_not_overflow():
    most = np.where(FIELD > 0, np.iinfo(np.int64).max, np.iinfo(np.int64).min)
    assert number(measured(signal=most)) == pytest.approx(number(measured(signal=np.sign(FIELD))), abs=1e-12)
    huge = np.full((N, N), np.iinfo(np.uint64).max, dtype=np.uint64)
    assert number(measured(signal=huge), "retained_energy") == pytest.approx(KEEP.mean())


BAD_SIGNALS: dict[str, tuple[Any, str]] = {
    "nan": (np.where(KEEP, np.nan, FIELD), "nan_to_num"), "infinite": (FIELD * np.inf, "NaN or infinite"),
    "complex nan": (FIELD + 1j * np.where(KEEP, np.nan, 0), "NaN or infinite"), "zero": (FIELD * 0, "zero everywhere"),
    "one of two zero": (np.stack([FIELD, FIELD * 0]), "signal 1"), "empty": (np.zeros((0, N, N)), "shape"),
    "no rows": (np.zeros((0, N)), "shape"), "number": (3.0, "shape"), "line": (FIELD[0], "kind=signal"),
    "text": ("no such sample", "camera"), "no name": ("", "camera"), "texts": (["a", "b"], "numbers"),
    "objects": (np.array([[None, 1], [2, 3]]), "numbers"), "ragged": ([[1, 2], [3]], "numbers"),
    "dict": ({"x": 1}, "numbers"), "none inside": ([[None] * N] * N, "numbers"),
    "dates": (np.zeros((N, N), "M8[s]"), "numbers"), "set": ({1, 2}, "numbers"),
    "masked": (np.ma.masked_greater(FIELD, 0), "masked out"),
    "ragged tensors": ([torch.ones(3), torch.ones(4)], "numbers"), "empty list": ([], "numbers|shape"),
    "too small": (FIELD[:25], "at least 26"), "one row": (FIELD[:1], "at least 26"),
    "denormal": (FIELD * 1e-320, "zero"), "meta": (torch.empty(N, N, device="meta"), "numbers|meta"),
    "callable": (lambda: FIELD, "numbers"), "strings of numbers": (np.full((N, N), "1.0"), "numbers"),
    "bytes": (b"\0" * 100, "numbers"), "structured": (np.zeros((N, N), [("a", "f8")]), "numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_SIGNALS)
def test_a_bad_signal_is_refused(name: str):
    signal, words = BAD_SIGNALS[name]
    assert re.search(words, str(refused(signal=signal)))


def test_overflow_in_float32_is_told():
    assert "float32" in str(refused(signal=FIELD * 1e60, precision="float32"))
    assert number(measured(signal=FIELD * 1e-30, precision="float32"), "psnr") == pytest.approx(
        number(WHOLE, "psnr"), rel=1e-5
    )


def test_a_constant_without_its_mean_is_nothing():
    assert "constant" in str(refused(signal=np.full((N, N), 0.1), subtract_mean=True))


@pytest.mark.parametrize("name", ["camera", "head", "brain"])
def test_a_picture_is_no_signal(name: str):
    assert "kind=image" in str(refused(KEEP[0], name, kind="signal"))


@pytest.mark.parametrize("name", ["tone", "packet"])
def test_a_signal_is_no_picture(name: str):
    assert "kind=signal" in str(refused(KEEP, name))


# --- masks


SAME_MASKS: dict[str, Any] = {
    "bool": KEEP, "uint8": KEEP.astype(np.uint8), "int64": KEEP.astype(np.int64), "float32": KEEP.astype(np.float32),
    "halves": KEEP * 0.5, "huge": KEEP * np.iinfo(np.int64).max, "torch": torch.from_numpy(KEEP),
    "bfloat16": torch.from_numpy(KEEP).bfloat16(), "needs gradient": torch.from_numpy(KEEP * 1.0).requires_grad_(),
    "frame": pd.DataFrame(KEEP), "xarray": xr.DataArray(KEEP), "Fortran": np.asfortranarray(KEEP),
    "reversed twice": KEEP[::-1].copy()[::-1], "list": [KEEP], "dict": {"mine": KEEP},
    "sparse": torch.from_numpy(KEEP * 1.0).to_sparse(), "255": KEEP.astype(np.uint8) * 255,
    "operator": lambda field: field * KEEP,
}  # fmt: skip


@pytest.mark.parametrize("name", SAME_MASKS)
def test_a_mask_may_come_in_any_form(name: str):
    reading = measured(SAME_MASKS[name])
    assert number(reading) == pytest.approx(number(WHOLE), rel=1e-12, abs=1e-12)
    if name != "operator":
        assert number(reading, "rate") == pytest.approx(KEEP.mean())


BAD_MASKS: dict[str, tuple[Any, str]] = {
    "other shape": (KEEP[:16], "16 × 32"), "line of other length": (KEEP[0, :16], "axis=-1"),
    "nan": (KEEP * np.nan, "NaN"), "infinite": (np.where(KEEP, np.inf, 0), "infinite"),
    "negative": (KEEP - 0.5, "negative"), "complex": (KEEP * 1j, "complex"), "nothing": (KEEP & False, "keeps nothing"),
    "empty": (np.zeros((0, 0)), "empty"), "number": (1.0, "numpy.array"),
    "objects": (np.array([[None]]), "not numbers"), "text": ("no such family", "periodic"),
    "none": ([None], "not numbers"), "four axes": (np.ones((1, 1, N, N)), "4 axes"),
    "list of numbers": ([1, 0] * 16, "numpy.array"), "list of lists": (KEEP.tolist(), "numpy.array"),
    "no subjects": ([], "nothing to measure"), "no subjects in dict": ({}, "nothing to measure"),
    "empty item of a stack": (np.stack([KEEP, KEEP & False]), "item 1"),
    "one good one bad": ([KEEP, "nonsense"], "nonsense"), "settings": (Settings(), "no acquisition"),
    "class of settings": (Settings, "no acquisition"), "family": (Family(), "NotImplementedError"),
    "object": (object(), "not numbers"), "masked": (np.ma.masked_where(KEEP, KEEP), "masked out"),
    "dates": (np.zeros((N, N), "M8[s]"), "not numbers"), "strings": (np.full((N, N), "1"), "not numbers"),
    "set": ({1, 2}, "not numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_MASKS)
def test_a_bad_mask_is_refused(name: str):
    subject, words = BAD_MASKS[name]
    assert words in str(refused(subject))


def test_a_mask_that_leaves_nothing_of_a_signal_is_refused_with_its_name():
    delta = np.zeros((2, N, N))
    delta[0], delta[1, 5, 5] = FIELD, 1
    mask = np.ones((N, N))
    mask[5, 5] = 0
    assert "mine leaves nothing of signal 1" in str(refused({"mine": mask}, delta))


def test_what_a_crop_leaves_counts():
    """Only the measured part of a field has an entropy: energy beyond it is not enough."""
    signal = np.zeros(1009)
    signal[-1] = 1
    reading_size = measured("periodic", DRAW.normal(size=1009), kind="signal").record.facts["measured_shape"]
    assert reading_size == [1008]
    assert "zero everywhere" in str(refused("periodic", signal, kind="signal", offset=0))


@pytest.mark.parametrize(
    "options",
    [
        {"period": 33}, {"period": 0}, {"period": (2, 2, 2)}, {"offset": 2, "period": 2}, {"period": 2.5},
        {"period": "a"}, {"rate": 0.5}, {"geometry": "spiral"}, {"perod": 2}, {"period": []}, {"period": math.nan},
        {"period": None},
    ],
    ids=str,
)  # fmt: skip
def test_bad_settings_of_a_family_are_refused(options: dict[str, Any]):
    assert str(refused("periodic", **options))


@pytest.mark.parametrize("options", [{"rate": 0}, {"rate": 1.01}, {"rate": 1e-9}, {"centre": 1}, {"p": -1}], ids=str)
def test_rates_that_keep_nothing_or_too_much_are_refused(options: dict[str, Any]):
    refused("polynomial", kind="mri", **options)


def test_a_setting_of_another_family_is_told():
    said = str(refused("periodic", rate=0.3))
    assert "offset" in said and "Did you mean 'rate'" not in said


class Odd(Family):
    """A family that draws whatever it is told to."""

    what: str = "shape"

    def draw(self, shape: tuple[int, ...], axis: int, dc: str, generator: torch.Generator) -> Any:
        whats: dict[str, Any] = {
            "shape": torch.ones(3, 3), "nan": torch.full(shape, math.nan), "text": "mask", "none": None,
            "nothing": torch.zeros(shape), "negative": -torch.ones(shape),
        }  # fmt: skip
        if self.what == "error":
            raise KeyError("what")
        return whats[self.what]


@pytest.mark.parametrize("what", ["shape", "nan", "text", "none", "nothing", "negative", "error"])
def test_a_family_that_draws_nonsense_is_refused(what: str):
    refused(Odd(what=what))


# --- labels


def test_labels_are_kept_and_told_apart():
    labels = {"1": KEEP, 1: KEEP, "": KEEP, "a/b": KEEP, "ü": Random(), "long " * 30: Polynomial(p=3)}
    reading = measured(labels)
    assert reading.data["subject"].values.tolist() == ["1", "1 #2", "mask", "a/b", "ü", "long " * 30]
    twice = measured([KEEP, KEEP, "random", "random", np.stack([KEEP, KEEP])])
    assert twice.data["subject"].values.tolist() == ["mask", "mask #2", "random", "random #2", "mask[0]", "mask[1]"]
    np.testing.assert_allclose(twice.data["delta_S"].values[[1, 4, 5], 0], number(WHOLE), rtol=1e-12, atol=1e-12)


# --- callables


def changes_in_place(field: Any) -> Any:
    field *= 0.5
    field[0] = 0
    return field


GOOD_CALLABLES: dict[str, tuple[Any, Any]] = {
    "in place": (changes_in_place, lambda f: np.concatenate([f[:1] * 0, f[1:]])),
    "list": (lambda f: f.tolist(), lambda f: f), "tensor": (torch.from_numpy, lambda f: f),
    "integers": (lambda f: np.rint(f).astype(int), np.rint), "float32": (lambda f: f.astype(np.float32), lambda f: f),
    "complex": (lambda f: f + 0j, lambda f: f), "turned": (lambda f: f[::-1], lambda f: f[::-1].copy()),
    "class": (np.negative, lambda f: -f), "read only": (lambda f: np.broadcast_to(f, f.shape), lambda f: f),
    "fft": (np.fft.fft2, np.fft.fft2),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_CALLABLES)
def test_a_callable_may_answer_in_any_form(name: str):
    subject, meant = GOOD_CALLABLES[name]
    expected = measured({"meant": lambda f: meant(f)})
    assert number(measured({"it": subject})) == pytest.approx(number(expected), abs=1e-7)
    assert math.isnan(number(expected, "rate")) and math.isnan(number(expected, "alias_deficit"))


def raises(field: Any) -> Any:
    raise RuntimeError("broken")


def scripted() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.trace(torch.nn.ReLU(), torch.ones(2))


BAD_CALLABLES: dict[str, tuple[Any, str]] = {
    "shape": (lambda f: f[:5], "(32, 32) → (5, 32)"), "number": (lambda f: 1.0, "changes the shape"),
    "nan": (lambda f: f * np.nan, "NaN"),
    "infinite": (lambda f: f / np.zeros(()) if f.ndim == 9 else f * np.inf, "infinity"),
    "text": (lambda f: "x", "array"), "none": (lambda f: None, "array"), "raises": (raises, "RuntimeError: broken"),
    "objects": (lambda f: f.astype(object), "array"), "zero": (lambda f: f * 0, "leaves nothing"),
    "arguments": (lambda: FIELD, "TypeError"), "dict": (lambda f: {"y": f}, "array"),
    "ragged": (lambda f: [[1], [1, 2]], "array"), "masked": (lambda f: np.ma.masked_greater(f, 0), "array"),
    "exits": (lambda f: f[10**9], "IndexError"), "model": (torch.nn.Linear(5, 5), "RuntimeError"),
    "lazy": (torch.nn.LazyLinear(5), "call the module once"), "scripted": (scripted(), "before torch.jit.script"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CALLABLES)
def test_a_bad_callable_is_refused_with_its_label(name: str):
    subject, words = BAD_CALLABLES[name]
    said = str(refused({"this one": subject}))
    assert words in said
    assert "this one" in said or name in ("lazy", "scripted")


def test_what_a_callable_draws_is_the_same_for_every_call_and_leaves_no_trace():
    own = np.random.default_rng(5)
    before = own.bit_generator.state

    def thins(field: Any) -> Any:
        return field * (np.random.rand(*field.shape) < 0.5) * (own.random(field.shape) < 0.9)

    first, second = measured(thins), measured([KEEP, thins])
    assert number(first) == pytest.approx(float(second.data["delta_S"].values[1, 0]), rel=1e-12)
    assert own.bit_generator.state == before
    assert number(measured(thins, seed=1)) != number(first)


def test_a_callable_may_measure_by_itself():
    def inner(field: Any) -> Any:
        return field * (1 + number(measured({"again": lambda f: f * KEEP}, field)) ** 2)

    assert number(measured(inner)) == 0.0  # only a factor


def test_a_model_of_another_precision_is_called_in_its_own():
    half, single = torch.nn.Linear(N, N).bfloat16(), torch.nn.Linear(N, N)
    for net in (half, single):
        assert math.isfinite(number(measured(net)))
        assert net.weight.dtype in (torch.bfloat16, torch.float32)


# --- scales, grids and sizes


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1.9}, {"scale": 2.6}, {"scale": (2.0, 3.0)}, {"scale": (2.0, 2.0, 2.0)}, {"scale": math.nan},
        {"scale": math.inf}, {"scale": -2}, {"scale": "wide"}, {"scale": 2 + 1j}, {"scale": []}, {"scale": [2.0, 9.0]},
        {"hop": 3}, {"hop": 0}, {"hop": 64}, {"hop": 1.5}, {"hop": -1}, {"window_length": 33}, {"window_length": 0},
        {"kind": "video"}, {"kind": 3}, {"field": "phase"}, {"axis": 0}, {"axis": 1}, {"dc": "middle"}, {"draws": 0},
        {"draws": 1.5}, {"draws": 10**6}, {"draws": None}, {"subtract_mean": "perhaps"}, {"curve": -1},
        {"pictures": 99}, {"place": (0.5,)}, {"place": (2, 0)}, {"place": 0.5}, {"scal": 2.0}, {"precision": "float16"},
        {"device": "cuda:99"}, {"device": "meta"}, {"seed": -1}, {"seed": "a"}, {"workers": -1}, {"memory": 0},
        {"memory": math.inf}, {"memory": math.nan}, {"engine": None, "device": ""}, {"progress": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_bad_settings_are_refused_with_what_is_allowed(options: dict[str, Any]):
    assert next(reversed(options))[:4] in str(refused(**options))


def test_the_valid_range_of_the_scale_is_named_with_the_nearest_value():
    said = str(refused(scale=9.0))
    assert "2 … 2.546 samples" in said and "scale=2.54" in said  # rounded inwards: it must be accepted
    assert "scale=2" in str(refused(scale=0.7))


@pytest.mark.parametrize("n", [*range(26, 41), 53, 61])
def test_every_size_from_26_on_is_measured(n: int):
    reading = measured("periodic", DRAW.normal(size=n) + 0j, kind="signal")
    assert math.isfinite(number(reading)) and reading.complete


def test_sizes_below_26_are_refused():
    for n in (1, 2, 7, 25):
        assert "at least 26" in str(refused("periodic", np.ones(n), kind="signal"))


def test_prime_sizes_are_cropped_after_the_acquisition_and_say_so():
    signal = np.exp(2j * math.pi * 10 * np.arange(1009) / 1009)
    reading = measured({"all": np.ones(1009), "half": np.arange(1009) < 505}, signal, kind="signal")
    assert reading.record.facts["field_shape"] == [1009] and reading.record.facts["measured_shape"] == [1008]
    assert any("cropped to 1008" in note.text for note in reading.notes)
    assert number(reading) == 0.0
    assert float(reading.data["rate"].values[1]) == pytest.approx(505 / 1009)
    whole = measured(np.ones(1009), signal, kind="signal", hop=1)
    assert whole.record.facts["measured_shape"] == [1009]


def test_scales_at_the_very_ends_of_the_valid_range():
    for n in (31, 64, 509, 1009):
        for scale in (2.0, n / (4 * math.pi)):
            reading = jp.entropy(
                "periodic", signal=DRAW.normal(size=n), kind="signal", scale=scale, progress=False, curve=2, pictures=1
            )
            assert math.isfinite(number(reading))


def test_windows_that_miss_the_field_are_told():
    delta = np.zeros(64)
    delta[20] = 1
    said = refused("random", delta, kind="signal", hop=32, window_length=8, rate=1.0)
    assert "windows see none" in str(said)


def test_a_broken_grid_rule_is_told():
    reading = measured("periodic", DRAW.normal(size=64), kind="signal", scale=4.0, hop=8, window_length=16)
    texts = " ".join(note.text for note in reading.notes if note.level == "warning")
    assert "above the grid rule (2)" in texts and "below the grid rule (32)" in texts
    assert "hop=8 is 2 window scales" in texts and "4 window scales long" in texts and "up to 4e-2 nat" in texts


def test_too_little_memory_is_told_with_what_is_enough():
    signal = DRAW.normal(size=(256, 256))
    said = str(refused("periodic", signal, memory=0.001))
    enough = float(said.split("memory=")[-1])
    assert 0.001 < enough < 0.1
    assert measured("periodic", signal, memory=enough, hop=32).complete


def test_a_huge_batch_is_worked_off():
    reading = measured("periodic", DRAW.normal(size=(5, 200, 26)), kind="signal", memory=0.001)
    assert reading.data.sizes["signal"] == 1000 and np.isfinite(reading.data["delta_S"].values).all()


def test_unknown_names_get_the_nearest_known_one():
    assert "Did you mean 'scale'?" in str(refused(scle=2.0))
    assert "Did you mean 'random'?" in str(refused("randm"))
    assert "Did you mean 'camera'?" in str(refused(signal="camra"))


# --- whatever is given


NUMBERS = st.sampled_from(["?", "u1", "i2", "i8", "u8", "f2", "f4", "f8", "c8", "c16"])
SIDES = st.integers(1, 40)


@st.composite
def arrays(draw: st.DrawFn, ndim: int) -> Any:
    kind = np.dtype(draw(NUMBERS))
    shape = draw(
        st.one_of(st.just((N,) * ndim), st.tuples(*[SIDES] * ndim), st.tuples(st.integers(0, 3), *[st.just(N)] * ndim))
    )
    filled: Any = draw(st.sampled_from(["noise", "odd", "zero", "line"]))
    if filled == "odd":
        return draw(hnp.arrays(kind, shape, fill=hnp.from_dtype(kind)))
    rng = np.random.default_rng(draw(st.integers(0, 5)))
    values = {
        "noise": rng.normal(size=shape) * 50,
        "zero": np.zeros(shape),
        "line": np.arange(math.prod(shape)).reshape(shape),
    }
    with np.errstate(all="ignore"):
        array = values[filled].astype(kind)
    if draw(st.booleans()):
        array.flags.writeable = False
    if draw(st.booleans()) and array.ndim:
        array = array[::-1]
    return torch.from_numpy(array.copy()) if draw(st.booleans()) and kind.str[1:] not in ("u8",) else array


def anything() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.none(), st.text(max_size=5), st.sampled_from([*FAMILIES, "camera"]), st.floats(), st.integers(),
        st.lists(st.one_of(st.none(), st.integers(), st.sampled_from(["random", "tone"])), max_size=3),
        st.dictionaries(st.text(max_size=2), st.one_of(st.just(KEEP), st.none()), max_size=2),
    )  # fmt: skip


CALLABLES = [
    lambda f: f, lambda f: f * 0, lambda f: f[0], lambda f: None, lambda f: f / 0 if f.ndim > 5 else f * 2, lambda: 1,
    changes_in_place, np.fft.fft, lambda f: f * np.random.rand(*f.shape), lambda f: str(f), raises,
]  # fmt: skip

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "scale": st.one_of(st.none(), st.floats(), st.floats(2, 2.5), st.tuples(st.floats(2, 2.5), st.floats(1, 3))),
        "hop": st.one_of(st.none(), st.sampled_from([1, 2, 3, 4, 8, 16, 32, 0])),
        "window_length": st.one_of(st.none(), st.integers(-1, 40)),
        "field": st.sampled_from(["complex", "magnitude"]), "axis": st.sampled_from([-1, -2, 0]),
        "dc": st.sampled_from(["centre", "corner"]), "subtract_mean": st.booleans(), "draws": st.integers(0, 3),
        "precision": st.sampled_from(["float64", "float32"]), "memory": st.sampled_from([1.0, 0.001]),
        "seed": st.integers(-1, 2**40), "rate": st.floats(), "period": st.integers(-1, 40),
    },
)  # fmt: skip


def content(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.numpy().tobytes(), value.dtype, value.shape
    if isinstance(value, np.ndarray):
        return value.tobytes(), value.dtype, value.shape, value.strides, value.flags.writeable
    return repr(value)


@given(data=st.data(), kind=st.sampled_from(["signal", "image", "mri"]), options=OPTIONS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_whatever_is_given_is_refused_or_measured(data: st.DataObject, kind: str, options: dict[str, Any]):
    ndim = 1 if kind == "signal" else 2
    subject = data.draw(
        st.one_of(arrays(ndim), arrays(1), anything(), st.sampled_from(CALLABLES), st.sampled_from([*FAMILIES]))
    )
    signal = data.draw(st.one_of(arrays(ndim), arrays(ndim), anything(), st.just(FIELD if ndim == 2 else FIELD[0])))
    before = content(subject), content(signal)
    try:
        reading = measured(subject, signal, kind=kind, **options)
    except Refused as refusal:
        assert len(str(refusal)) > 20
    else:
        assert reading.complete
        for name in ("S_before", "S_after", "delta_S", "retained_energy"):
            assert np.isfinite(reading.data[name].values).all(), name
        assert not np.isnan(reading.data["psnr"].values).any()
    assert (content(subject), content(signal)) == before


@given(
    mask=hnp.arrays(np.float64, (N,), elements=st.floats(0, 1)), signal=hnp.arrays(np.complex64, (N,)),
)  # fmt: skip
@example(mask=np.eye(N)[3], signal=np.eye(N)[3].astype(np.complex64))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_weights_and_fields_of_all_sizes(mask: Any, signal: Any):
    try:
        reading = measured(mask, signal, kind="signal")
    except Refused:
        return
    assert np.isfinite(reading.data["delta_S"].values).all()
    assert 0 <= number(reading, "retained_energy") <= 1 + 1e-9
    assert number(reading, "rate") == np.mean(mask != 0)


def test_periodic_masks_of_every_period_that_fits():
    reading = measured([Periodic(period=m) for m in (1, 2, 4, 8, 16, 32)], FIELD[0] + 3, kind="signal")
    assert reading.data["copies"].values.tolist() == [1, 2, 4, 8, 16, 32]
    odd = measured([Periodic(period=m) for m in (3, 5, 7)], FIELD[0] + 3, kind="signal")
    assert np.isnan(odd.data["copies"].values).all() and np.isnan(odd.data["alias_deficit"].values).all()
