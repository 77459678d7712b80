"""Cuts through phase space: against the Husimi density, against closed forms, and what they refuse."""

import math

import pytest
import torch

from jupyter_phys.physics.phase_slice import along_row, at_frequency, at_place
from jupyter_phys.physics.phase_space import husimi

PLACES = [(0, 0), (3, 40), (17, 5), (31, 47), (30, 1)]


def noise(*shape: int, dtype: torch.dtype = torch.complex128) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("dtype", [torch.complex128, torch.float64])
@pytest.mark.parametrize("at", PLACES)
def test_the_cut_at_a_place_is_the_local_spectrum(at: tuple[int, int], dtype: torch.dtype):
    fields = noise(2, 32, 48, dtype=dtype)
    found = at_place(fields, (2.5, 3.0), ndim=2, at=at)
    known = husimi(fields, (2.5, 3.0), ndim=2, at=at)
    assert found.shape == known.shape
    torch.testing.assert_close(found / found.sum((-2, -1), keepdim=True), known, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.complex128, torch.float64])
@pytest.mark.parametrize("window", [None, (15, 20), (32, 48)])
def test_both_cuts_agree_where_they_cross(window: tuple[int, int] | None, dtype: torch.dtype):
    fields = noise(2, 32, 48, dtype=dtype)
    spectra = {at: at_place(fields, (2.5, 3.0), ndim=2, window_length=window, at=at) for at in PLACES}
    shape = spectra[PLACES[0]].shape[-2:]
    bins = [torch.fft.fftshift(torch.fft.fftfreq(w, dtype=torch.float64)) for w in shape]
    for cell in [(0, 0), (shape[0] // 2, shape[1] // 2), (3, 11), (shape[0] - 1, 2)]:
        nu = [float(axis[i]) for axis, i in zip(bins, cell, strict=True)]
        everywhere = at_frequency(fields, (2.5, 3.0), ndim=2, window_length=window, frequency=nu)
        assert everywhere.shape == fields.shape
        for at, spectrum in spectra.items():
            here, there = everywhere[:, *at], spectrum[:, *cell]
            torch.testing.assert_close(here, there, rtol=1e-12, atol=1e-12 * float(spectrum.max()))


@pytest.mark.parametrize("dtype", [torch.complex128, torch.float64])
def test_a_row_of_places_is_each_of_them(dtype: torch.dtype):
    fields, columns = noise(2, 32, 48, dtype=dtype), [0, 5, 40, 47]
    found = along_row(fields, (2.5, 3.0), row=17, columns=columns)
    each = torch.stack([at_place(fields, (2.5, 3.0), ndim=2, at=(17, column)) for column in columns], 1)
    torch.testing.assert_close(found, each, rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="not samples"):
        along_row(fields, 2.5, row=17, columns=[48])


def test_a_packet_holds_all_of_its_own_energy_and_is_found_where_it_is():
    n = torch.arange(64, dtype=torch.float64) - 20
    packet = torch.exp(-(n**2) / (2 * 4**2)) * torch.exp(2j * math.pi * 0.11 * n)
    everywhere = at_frequency(packet, 4.0, ndim=1, window_length=64, frequency=(0.11,))
    assert float(everywhere.max()) == pytest.approx(1, abs=1e-9)
    assert int(everywhere.argmax()) == 20
    twice = at_frequency(3 * packet, 4.0, ndim=1, window_length=64, frequency=(0.11,))
    torch.testing.assert_close(everywhere, twice)


def test_single_precision_and_enormous_fields_keep_their_scale():
    field = noise(32, 32)
    known = at_frequency(field, 2.0, ndim=2, frequency=(0.1, -0.2))
    cases = ((1e150, torch.complex128, 1e-12), (1e-150, torch.complex128, 1e-12), (1, torch.complex64, 1e-4))
    for factor, dtype, rtol in cases:
        found = at_frequency((factor * field).to(dtype), 2.0, ndim=2, frequency=(0.1, -0.2))
        torch.testing.assert_close(found.double(), known, rtol=rtol, atol=rtol * float(known.max()))


def test_what_is_no_place_and_no_frequency_is_refused():
    field = noise(32, 32)
    with pytest.raises(ValueError, match=r"at=\(32, 0\) is not a sample"):
        at_place(field, 2.0, ndim=2, at=(32, 0))
    with pytest.raises(ValueError, match="2 finite numbers"):
        at_frequency(field, 2.0, ndim=2, frequency=(math.nan, 0))
    with pytest.raises(ValueError, match="2 finite numbers"):
        at_frequency(field, 2.0, ndim=2, frequency=(0.1,))
    with pytest.raises(ValueError, match="zero"):
        at_place(0 * field, 2.0, ndim=2, at=(1, 1))
