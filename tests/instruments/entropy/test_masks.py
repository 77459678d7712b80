"""Masks hold their promises: exact counts, the asked density, common draws, and no bad input gets through."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Generator, Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.instruments.entropy import masks
from jupyter_phys.instruments.entropy.subjects import SUBJECTS

lengths = st.integers(2, 48)
shapes = st.one_of(st.tuples(lengths), st.tuples(lengths, lengths))
geometries = st.sampled_from(["points", "lines"])
axes = st.sampled_from([-1, -2])
rates = st.floats(0, 1)
seeds = st.integers(0, 2**31)


def generator(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def drawn(shape: tuple[int, ...], geometry: Any, axis: int) -> tuple[int, ...]:
    """Shape of what a law decides on: lines or samples."""
    return (shape[axis],) if geometry == "lines" and len(shape) == 2 else shape


def decided(mask: Tensor, geometry: Any, axis: int) -> Tensor:
    """The mask of lines or samples, after a look that every line is whole."""
    if geometry == "points" or mask.ndim == 1:
        return mask
    line = mask.narrow(-1 if axis == -2 else -2, 0, 1)
    assert torch.equal(mask, line.expand_as(mask))
    return line.flatten()


# what is drawn


@given(shapes, rates, geometries, axes, seeds)
def test_random_keeps_exactly_the_rate(shape, rate, geometry, axis, seed):
    count = round(rate * math.prod(drawn(shape, geometry, axis)))
    if count == 0:
        with pytest.raises(Refused, match="keeps nothing") as refusal:
            masks.random(shape, rate, geometry, axis, generator(seed))
        better = float(refusal.value.instead.split("=")[1].split()[0])
        assert masks.random(shape, better, geometry, axis, generator(seed)).any()
        return
    mask = masks.random(shape, rate, geometry, axis, generator(seed))
    assert mask.shape == shape and mask.dtype is torch.bool
    assert int(decided(mask, geometry, axis).sum()) == count


@given(shapes, st.floats(0, 30), rates, st.floats(0, 1), geometries, axes, st.sampled_from(["centre", "corner"]), seeds)
def test_polynomial_keeps_exactly_the_rate_or_names_one(shape, p, rate, centre, geometry, axis, dc, seed):
    law = drawn(shape, geometry, axis)
    count = round(rate * math.prod(law))
    assume(count > 0)
    try:
        mask = masks.polynomial(shape, p, rate, centre, geometry, axis, dc, generator(seed))
    except Refused as refusal:
        assert "centre" in str(refusal)
        rate = float(refusal.instead.split("=")[1].split()[0])
        count = round(rate * math.prod(law))
        mask = masks.polynomial(shape, p, rate, centre, geometry, axis, dc, generator(seed))
    assert mask.shape == shape and mask.dtype is torch.bool
    assert int(decided(mask, geometry, axis).sum()) == count


@given(shapes, st.data(), geometries, axes)
def test_periodic_keeps_every_period_th_sample(shape, data, geometry, axis):
    period = tuple(data.draw(st.integers(1, n)) for n in shape)
    offset = tuple(data.draw(st.integers(0, step - 1)) for step in period)
    values = (period, offset) if len(shape) == 2 else (period[0], offset[0])
    mask = masks.periodic(shape, *values, geometry, axis)
    expected = np.ones(shape, bool)
    for place, index in enumerate(np.indices(shape)):
        if geometry == "points" or len(shape) == 1 or place == axis + 2:
            expected &= index % period[place] == offset[place]
    np.testing.assert_array_equal(mask.numpy(), expected)


@given(shapes, st.data(), geometries, axes, seeds)
def test_jittered_keeps_one_sample_of_every_cell(shape, data, geometry, axis, seed):
    period = data.draw(st.integers(1, min(shape)))
    kept = decided(masks.jittered(shape, period, geometry, axis, generator(seed)), geometry, axis)
    for starts in np.ndindex(*(-(-n // period) for n in kept.shape)):
        cell = kept[tuple(slice(k * period, (k + 1) * period) for k in starts)]
        assert int(cell.sum()) == 1


def test_jittered_is_uniform_inside_its_cells():
    g = generator()
    counts = sum(masks.jittered((10,), 4, "points", -1, g).double() for _ in range(4000))
    expected = torch.tensor([0.25] * 8 + [0.5] * 2) * 4000  # the last cell has two samples only
    assert float(((counts - expected).abs() / expected.sqrt()).max()) < 4


@pytest.mark.parametrize("n", [32, 33])
@pytest.mark.parametrize("p", [0.0, 0.5, 2.0, 6.0, 12.0])
@pytest.mark.parametrize("ndim", [1, 2])
def test_density_peaks_at_zero_frequency_and_is_even(n, p, ndim):
    pdf = masks.density((n,) * ndim, p, round(0.25 * n**ndim), 0.04)
    middle = (n // 2,) * ndim
    assert float(pdf.sum()) == pytest.approx(round(0.25 * n**ndim), abs=1e-9)
    assert float(pdf[middle]) == 1  # inside the centre that is always kept
    turned = torch.fft.ifftshift(pdf)
    axes = tuple(range(ndim))
    mirrored = torch.roll(turned.flip(axes), (1,) * ndim, axes)
    torch.testing.assert_close(turned, mirrored, rtol=0, atol=1e-12)
    ray = pdf[(n // 2,) * (ndim - 1)][n // 2 :]
    assert bool((ray.diff() <= 1e-12).all())


def test_density_of_exponent_zero_is_flat_outside_the_centre():
    pdf = masks.density((128,), 0.0, 32, 0.04)
    outside = pdf[pdf < 1]
    assert len(outside) == 128 - 5  # radius 0.04 of 128 lines: five
    assert float(outside.max() - outside.min()) < 1e-12
    assert int((masks.density((128, 128), 2.0, 4096, 0.04) == 1).sum()) == 45


def test_draws_follow_the_density():
    g, draws = generator(), 1500
    shares = sum(masks.polynomial((64,), 3.0, 0.25, 0.04, "lines", -1, "centre", g).double() for _ in range(draws))
    pdf = masks.density((64,), 3.0, 16, 0.04)
    spread = (pdf * (1 - pdf) / draws).sqrt()
    # Pareto sampling meets the density up to O(1/K), here below 0.01
    assert bool(((shares / draws - pdf).abs() < 0.01 + 4 * spread).all())


@given(shapes, geometries, axes, st.floats(0, 8), seeds)
def test_corner_is_the_centre_moved(shape, geometry, axis, p, seed):
    given_ = (p, 0.5, 0.0, geometry, axis)
    centre, corner = (masks.polynomial(shape, *given_, dc, generator(seed)) for dc in ("centre", "corner"))
    moved = range(len(shape)) if geometry == "points" or len(shape) == 1 else [axis]
    assert torch.equal(corner, torch.fft.ifftshift(centre, dim=tuple(moved)))


def test_centre_is_always_kept():
    for seed in range(50):
        mask = masks.polynomial((64, 64), 4.0, 0.1, 0.2, "points", -1, "corner", generator(seed))
        assert bool(mask[0, 0] and mask[5, 0] and mask[-5, -5])


# common random numbers


@given(shapes, geometries, st.floats(0.1, 1), st.floats(0.1, 1), seeds)
def test_a_lower_rate_keeps_a_part_of_a_higher_one(shape, geometry, a, b, seed):
    assume(round(min(a, b) * math.prod(drawn(shape, geometry, -1))) > 0)
    few, many = (masks.random(shape, rate, geometry, -1, generator(seed)) for rate in sorted((a, b)))
    assert not bool((few & ~many).any())


@given(shapes, geometries, axes, st.floats(0.3, 1), seeds)
def test_exponent_zero_without_centre_is_the_random_mask(shape, geometry, axis, rate, seed):
    flat = masks.polynomial(shape, 0.0, rate, 0.0, geometry, axis, "centre", generator(seed))
    assert torch.equal(flat, masks.random(shape, rate, geometry, axis, generator(seed)))


def test_exponents_share_their_draws():
    def pair(seed: int, other: int) -> float:
        a = masks.polynomial((64, 64), 2.0, 0.25, 0.04, "points", -1, "centre", generator(seed))
        b = masks.polynomial((64, 64), 3.0, 0.25, 0.04, "points", -1, "centre", generator(other))
        return float((a & b).sum() / a.sum())

    assert np.mean([pair(s, s) for s in range(10)]) > 0.8 > 0.6 > np.mean([pair(s, s + 100) for s in range(10)])


@given(seeds, st.sampled_from(["random", "jittered", "polynomial"]))
def test_the_generator_alone_decides(seed, family):
    state = torch.get_rng_state()
    subject = SUBJECTS.named[family]()
    first, again = (subject.draw((40, 40), -1, "centre", generator(seed)) for _ in range(2))
    other = subject.draw((40, 40), -1, "centre", generator(seed + 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


# what is refused


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: masks.random((64,), 0.0, "points", -1, generator()), "rate=0.0157 or more"),
        (lambda: masks.polynomial((64,), 2, 0.25, 0.5, "lines", -1, "centre", generator()), "rate=0.485 or more"),
        (lambda: masks.periodic((8, 64), 9, 0, "points", -1), "1 … 8 samples"),
        (lambda: masks.jittered((8, 64), (9, 2), "points", -1, generator()), "1 … 8 samples"),
        (lambda: masks.periodic((64,), 4, 4, "points", -1), "0 … 3"),
        (lambda: masks.periodic((64,), (4, 4), 0, "points", -1), "period=4"),
    ],
)
def test_impossible_laws_name_the_cure(draw, said):
    with pytest.raises(Refused) as refusal:
        draw()
    assert said in str(refusal.value)


def test_a_period_that_only_fits_across_the_lines_is_allowed():
    assert int(masks.periodic((8, 64), (9, 16), 0, "lines", -1).sum()) == 8 * 4


# the user's own masks

stack = np.ones((3, 4, 4))
stack[1] = 0

BAD = [
    (np.array([1, 1j]), "complex"),
    (torch.ones(4, dtype=torch.complex64), "complex"),
    (np.array([1, np.nan]), "NaN or infinite"),
    (torch.tensor([1, torch.inf]), "NaN or infinite"),
    (np.array([1, -0.5]), "negative weights, down to -0.5"),
    (torch.tensor([1, -3]), "negative weights, down to -3"),
    (np.array([]), "empty"),
    (torch.ones(0, 4), "empty"),
    (np.array([1, None]), "not numbers (object)"),
    (np.array(["1", "0"]), "not numbers"),
    ("a mask", "not numbers"),
    (np.array(["2026-01-01"], "datetime64[D]"), "not numbers"),
    (np.zeros(3, [("a", float)]), "not numbers"),
    (object(), "not numbers"),
    (None, "not numbers"),
    ([[1, 0], [1]], "does not turn into an array"),
    (1, "0 axes"),
    (torch.tensor(1.0), "0 axes"),
    (np.ones((2, 2, 2, 2)), "4 axes"),
    (np.zeros((4, 4)), "keeps nothing"),
    (torch.zeros(4, dtype=torch.bool), "keeps nothing"),
    (stack, "keeps nothing in item 1 of the stack"),
    (np.ma.array([1, 1], mask=[0, 1]), "masked out"),
    (np.array([1, np.finfo(np.longdouble).max]), "NaN or infinite"),
]


@pytest.mark.parametrize(("value", "why"), BAD, ids=[why for _, why in BAD])
def test_bad_masks_are_refused_with_the_reason_and_what_is_allowed(value, why):
    with pytest.raises(Refused) as refusal:
        masks.weights(value)
    assert why in str(refusal.value)
    assert "weights ≥ 0" in str(refusal.value) and type(value).__name__ in str(refusal.value)


NUMBERS = {
    "?": 1, "u1": 255, "i1": 127, "u8": 2**64 - 1, "i8": 2**63 - 1, ">i4": 2**31 - 1,
    "f2": 60000, "f4": 1e30, "f8": 1e300, ">f8": 1e300, "g": 1e300,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "top"), NUMBERS.items())
def test_every_kind_of_number_is_taken_at_its_value(kind, top):
    mask = masks.weights(np.array([[0, 1], [1, top]], dtype=kind))
    assert mask.dtype is torch.float64
    assert mask.tolist() == [[0, 1], [1, pytest.approx(float(top), rel=1e-6)]]


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float32])
def test_every_kind_of_tensor_is_taken_at_its_value(dtype):
    mask = masks.weights(torch.tensor([0, 1, 1]).to(dtype))
    assert mask.dtype is torch.float64 and mask.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "value",
    [
        np.eye(4)[:, ::-1],
        np.asfortranarray(np.eye(4)),
        torch.eye(4).T.requires_grad_(),
        torch.nn.Parameter(torch.eye(4)),
        torch.eye(4, dtype=torch.float64),
        torch.eye(4).to_sparse(),
        [[1, 0], [0, 1]],
    ],
    ids=["reversed", "fortran", "requires grad", "parameter", "same dtype", "sparse", "list"],
)
def test_the_users_mask_is_not_touched(value):
    before = plain(value)
    mask = masks.weights(value)
    np.testing.assert_array_equal(mask.numpy(), before)
    assert not mask.requires_grad and mask.layout is torch.strided
    mask.fill_(7)
    np.testing.assert_array_equal(plain(value), before)


def plain(value: Any) -> np.ndarray:
    return np.array(value.detach().to_dense().tolist() if isinstance(value, Tensor) else value)


def test_a_read_only_mask_is_copied():
    value = np.ones(4)
    value.flags.writeable = False
    masks.weights(value).fill_(0)
    assert value.sum() == 4


def test_a_stack_is_one_subject_a_mask():
    found = SUBJECTS.resolve(np.eye(3)[:, None, :] * np.ones((3, 2, 3)), {})
    assert [tuple(one.shape) for one in found.values()] == [(2, 3)] * 3


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_device_stays():
    assert masks.weights(torch.ones(4, device="cuda")).device.type == "cuda"


# where a k-space mask has its centre


@pytest.mark.parametrize("shape", [(32,), (64,), (320,), (33, 64), (128, 128)])
@pytest.mark.parametrize("rate", [0.05, 0.25, 0.5])
def test_flat_masks_have_no_peak(shape, rate):
    g = generator()
    found = [masks.density_peak(masks.random(shape, rate, "points", -1, g)) for _ in range(300)]
    assert sum(peak is not None for peak in found) <= 3


@pytest.mark.parametrize("dc", ["centre", "corner"])
@pytest.mark.parametrize("axis", [-1, -2])
@pytest.mark.parametrize("geometry", ["lines", "points"])
@pytest.mark.parametrize(("p", "rate"), [(1, 0.25), (2, 0.125), (4, 0.125)])
def test_variable_density_shows_its_peak(dc, axis, geometry, p, rate):
    g = generator()
    found = [masks.density_peak(masks.polynomial((128, 120), p, rate, 0.04, geometry, axis, dc, g)) for _ in range(20)]
    assert found.count(dc) >= 19 and set(found) <= {dc, None}


def test_a_sampled_centre_among_random_lines_shows_its_peak():
    g = generator()
    for _ in range(20):
        mask = masks.random((320,), 0.2, "lines", -1, g)
        mask[147:173] = True
        assert masks.density_peak(mask) == "centre"
        assert masks.density_peak(torch.fft.ifftshift(mask)) == "corner"


@pytest.mark.parametrize("mask", [torch.ones(64, 64), torch.ones(1), masks.periodic((64, 60), (4, 3), 1, "points", -1)])
def test_regular_masks_have_no_peak(mask):
    assert masks.density_peak(mask) is None
