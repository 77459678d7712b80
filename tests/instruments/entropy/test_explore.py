"""Cuts through phase space at full resolution, and the coarse block that a notebook keeps of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import jupyter_phys as jp
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.instrument import find
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run
from jupyter_phys.figures.panel import PhaseSpace, Plot, Table
from jupyter_phys.instruments.entropy import pictures
from jupyter_phys.instruments.entropy.explore import explore
from jupyter_phys.instruments.entropy.settings import Inputs, Settings
from jupyter_phys.physics.phase_space import husimi

N, M = 64, 48
DRAW = np.random.default_rng(7)
FIELD = DRAW.normal(size=(N, M)) + 1j * DRAW.normal(size=(N, M))
SUBJECTS: dict[str, Any] = {"odd": np.ones((N, M)) * (np.arange(M) % 2), "half": DRAW.random((N, M)) < 0.5}
LIGHT: dict[str, Any] = {"curve": 0, "progress": False, "draws": 1}


def cut(
    subjects: Any = SUBJECTS, signal: Any = FIELD, settings: Settings | None = None, **where: Any
) -> tuple[Any, tuple[float, float], tuple[float, float]]:
    how = {"device": "cpu", "precision": "float64", "seed": 0, "memory": 1.0}
    run = Run(how, Meter("cut", shown=False))
    resolved = find("entropy").task().subjects.resolve(subjects, {})
    return explore(resolved, Inputs(signal=signal), settings or Settings(), run, **where)


def measured(subjects: Any = SUBJECTS, signal: Any = FIELD, **options: Any) -> Any:
    return jp.entropy(subjects, signal=signal, **{**LIGHT, **options})


def space_of(reading: Any) -> PhaseSpace:
    (found,) = [panel for panel in reading.panels() if isinstance(panel, PhaseSpace)]
    return found


def test_the_card_names_it():
    assert find("entropy").task().explore is explore
    assert dataclasses.replace(find("entropy").card.tasks["mask"], explore="").explore == ""


def test_a_place_gives_the_local_spectrum_of_every_stage():
    values, x, y = cut(place=(20, 31))
    fields = torch.tensor(np.stack([FIELD, FIELD * SUBJECTS["odd"], FIELD * SUBJECTS["half"]]))
    known = husimi(fields, (4.0, 3.0), ndim=2, at=(20, 31)).numpy()
    np.testing.assert_allclose(values / values.sum((1, 2), keepdims=True), known, rtol=1e-12, atol=1e-15)
    assert values.shape == (3, 32, 24) and x == (-0.5, 11 / 24) and y == (-0.5, 15 / 32)
    again, *_ = cut(place=(19.6, 31.4))
    np.testing.assert_array_equal(values, again)
    np.testing.assert_array_equal(cut(place=(-9, 1e9))[0], cut(place=(0, M - 1))[0])


def test_a_frequency_gives_its_map_on_the_scale_of_the_spectra():
    maps, x, y = cut(frequency=(0.125, -0.25))
    assert maps.shape == (3, N, M) and x == (0, M - 1) and y == (0, N - 1)
    for place in ((0, 0), (33, 5), (63, 47)):
        spectra, *_ = cut(place=place)
        np.testing.assert_allclose(maps[:, *place], spectra[:, 16 + 4, 12 - 6], rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("kind", ["image", "mri"])
def test_the_block_of_the_panel_is_on_the_same_scale_and_in_the_same_order(kind: str):
    subjects = {**SUBJECTS, "drawn": "random"}
    reading = measured(subjects, kind=kind)
    panel = space_of(reading)
    assert [plot.title for plot in panel.pictures] == ["before", "odd", "half", "drawn"]
    data = reading.data
    for stage, name in enumerate(["before", "odd", "half"]):
        block = data["overlap_before"] if stage == 0 else data["overlap_after"].sel(shown=name)
        for i, j in ((0, 0), (7, 9), (15, 15)):
            row, column = round(data["place_0"].values[i]), round(data["place_1"].values[j])
            values, *_ = cut(SUBJECTS, settings=Settings(kind=kind), place=(row, column))
            assert block.values[i, j].max() == pytest.approx(values[stage].max(), rel=1e-12)
    local, *_ = cut(SUBJECTS, settings=Settings(kind=kind), place=data["spectrum_at"].values)
    np.testing.assert_allclose(data["local_spectrum_before"].values, local[0], rtol=1e-12)
    assert panel.place == (24, 32)


def test_two_waves_are_found_in_their_halves():
    n = np.arange(64)
    field = np.exp(2j * np.pi * np.where(n < 32, -0.25, 0.25) * n)[None].repeat(64, 0)
    panel = space_of(measured(np.ones((64, 64)), field))
    before = panel.density[0]
    u = np.linspace(*panel.frequencies[0], before.shape[3])
    for x, wave in ((4, -0.25), (11, 0.25)):
        strongest = np.unravel_index(before[8, x].argmax(), before.shape[2:])
        assert u[strongest[1]] == pytest.approx(wave, abs=0.5 / len(u))
    maps, *_ = cut({"all": np.ones((64, 64))}, field, frequency=(0.0, 0.25))
    assert maps[0][:, 40:56].mean() > 1e3 * maps[0][:, 8:24].mean()


def test_what_is_no_cut_is_refused():
    for where in ({}, {"place": (1, 1), "frequency": (0, 0)}):
        with pytest.raises(Refused, match="one place or at one frequency"):
            cut(**where)
    with pytest.raises(Refused, match="of an image"):
        cut({"all": np.ones(64)}, np.ones(64), Settings(kind="signal"), place=(1, 1))
    for bad in ((np.nan, 0), (1, 2, 3)):
        with pytest.raises(Refused, match="two finite numbers"):
            cut(place=bad)


def test_an_interrupt_within_the_block_keeps_no_picture_by_halves(monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []
    known = pictures._largest

    def stop(*given: Any) -> Any:
        seen.append(1)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return known(*given)

    monkeypatch.setattr(pictures, "_largest", stop)
    with pytest.raises(Interrupted) as caught:
        measured()
    reading = caught.value.reading
    assert reading is not None and "shown" not in reading.data.dims and len(seen) == 5
    assert all(isinstance(panel, Plot | Table) for panel in reading.panels())


def test_the_block_survives_a_file_and_a_sweep(tmp_path: Any):
    reading = measured()
    reading.save(tmp_path / "one.nc")
    loaded = jp.load(tmp_path / "one.nc")
    np.testing.assert_array_equal(space_of(loaded).density, space_of(reading).density)
    swept = space_of(measured(scale=[3.0, 3.5]))
    assert swept.title.endswith("(scale=3)") and swept.density.shape == (3, 16, 16, 16, 16)
    assert jp.compare(reading, loaded).panels()


def test_a_field_that_the_window_misses_is_dark_and_not_missing():
    field = np.zeros((64, 64))
    field[10, 10] = 1
    panel = space_of(measured(np.ones((64, 64)), field))
    assert np.isfinite(panel.density).all() and panel.density.min() > 0
