"""Collisions through the user's door: equations of state of every make, initial states, viscosity, what is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.reading import Reading
from jupyter_phys.figures.mark import Movie
from jupyter_phys.figures.panel import Plot, Table, plots
from jupyter_phys.physics.hydro.eos import named
from jupyter_phys.physics.units import HBARC

QUICK: dict[str, Any] = {"dx": 0.4, "pictures": 0, "pt_nodes": 8, "phi_nodes": 16, "progress": False}
LUMPS: dict[str, Any] = {"initial": "glauber", "system": "AuAu", "b": 9.0}


def collided(subject: Any = "crossover", **options: Any) -> Reading:
    return jp.eos(subject, **QUICK | options)


def value(reading: Reading, name: str, species: str = "π+") -> float:
    one = reading.data[f"{name}_mean"].isel(subject=0)
    return float(one.sel(species=species) if "species" in one.dims else one)


def spot(n: int = 31, dx: float = 0.4, wide: float = 2.0, tall: float = 2.0) -> Any:
    at = (np.arange(n) - n // 2) * dx
    return 20 * np.exp(-(at**2) / (2 * wide**2) - at[:, None] ** 2 / (2 * tall**2))


def told(reading: Reading, words: str) -> bool:
    return any(words in note.text for note in reading.notes)


# --- equations of state


def test_a_table_of_a_named_one_gives_the_same():
    e = torch.logspace(-3, 2.8, 3000, dtype=torch.float64)
    matter = named("crossover")
    rows = torch.stack([e, matter.pressure(e), matter.temperature(e)], 1)
    known = collided(energy=spot())
    for table in (rows, rows.numpy(), rows.float()):
        own = collided(table, energy=spot())
        for name, rel in (("dN_dy", 3e-3), ("mean_pT", 1e-3), ("lifetime", 5e-3)):
            assert value(own, name) == pytest.approx(value(known, name), rel=rel), name
    assert list(own.data["subject"].values) == ["table"]


def test_a_table_is_not_used_beyond_its_ends_in_silence():
    e = torch.logspace(-3, 2.8, 3000, dtype=torch.float64)
    rows = torch.stack([e, e / 3, 0.16 * e**0.25], 1)
    with pytest.raises(Refused, match=r"outside 0\.16"):  # also: T in MeV
        collided(rows[e > 1], energy=spot())
    assert told(collided(rows[e < 1], energy=spot()), "begin hotter than the last row")
    whole = collided(rows, energy=spot())
    assert not told(whole, "begin hotter")
    assert value(collided(rows.flip(0).numpy()[::-1], energy=spot()), "dN_dy") == value(whole, "dN_dy")
    with pytest.raises(Refused, match="complex"):
        collided(rows + 1j, energy=spot())
    assert np.isnan(collided(rows[e > 0.3], energy=spot()).data["pressure"].values[0, 0])


def test_a_function_is_asked_for_p_and_t():
    def stiff(e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return e / 3, 0.16 * e**0.25

    both = collided({"mine": stiff, "conformal": "conformal"}, energy=spot())
    assert list(both.data["subject"].values) == ["mine", "conformal"]
    np.testing.assert_allclose(both.data["sound2"].values[:, 5:-5], 1 / 3, atol=1e-3)


def test_matter_that_hardly_gets_warmer_is_shown_as_far_as_it_does():
    def soft(e: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return 0.05 * e, 0.137 * e ** (0.05 / 1.05)  # 0.19 GeV where the table ends

    reading = collided(soft, energy=spot(), freeze_out=0.137)
    t = reading.data["T"].values
    at = np.clip((t / 0.137) ** 21, 1e-30, 1e3)
    expected = np.where(t < 0.1904, 0.05 * at / t**4 * HBARC**3, np.nan)
    found = reading.data["pressure"].values[0]
    np.testing.assert_allclose(found[t > 0.11], expected[t > 0.11], rtol=0.01)
    assert repr(reading) and reading.figure() is not None


@pytest.mark.parametrize("power", [0.2, 0.3])
def test_p_and_t_that_contradict_one_another_are_refused(power: float):
    with pytest.raises(Refused, match="contradict"):
        collided(lambda e: (e / 3, 0.16 * e**power))


def test_a_mixed_phase_has_no_sound_and_lives_longer():
    both = collided(["crossover", "first_order"], b=5)
    speed = both.data["sound2"].sel(subject="first_order")
    assert float(speed.sel(e=1.0, method="nearest")) < 1e-3 < float(both.data["sound2"].isel(subject=0).min())
    life = both.data["lifetime"].isel(event=0)
    assert float(life.sel(subject="first_order")) > float(life.sel(subject="crossover"))


# --- initial states


def test_flow_follows_the_shape():
    wide = collided(energy=spot(wide=2.5, tall=1.5))
    tall = collided(energy=spot(wide=1.5, tall=2.5))
    round_ = collided(energy=spot())
    assert value(wide, "v2") == pytest.approx(value(tall, "v2"), rel=1e-3) and value(wide, "v2") > 0.02
    assert value(round_, "v2") < 2e-3 and value(round_, "v3") < 1e-5
    for name in ("dN_dy", "mean_pT", "lifetime"):
        assert value(wide, name) == pytest.approx(value(tall, name), rel=1e-4)  # few nodes in azimuth


def test_flow_that_is_given_is_taken_along():
    still = collided(energy=spot())
    at = (np.arange(31) - 15) * 0.4
    outwards = np.stack([np.broadcast_to(0.1 * at, (31, 31)), np.broadcast_to(0.1 * at[:, None], (31, 31))])
    pushed = collided(energy=spot(), flow=outwards)
    assert value(pushed, "mean_pT") > value(still, "mean_pT") + 0.02
    assert value(pushed, "lifetime") < value(still, "lifetime")


def test_an_event_is_the_same_among_others():
    some, more = collided(events=2, **LUMPS), collided(events=5, **LUMPS)
    np.testing.assert_allclose(some.data["spectrum"], more.data["spectrum"].isel(event=slice(0, 2)), rtol=1e-12)
    other = collided(events=2, seed=3, **LUMPS)
    assert not np.allclose(other.data["dN_dy"], some.data["dN_dy"])


@pytest.mark.parametrize("initial", ["glauber", "reduced"])
def test_lumps_have_errors_and_triangular_flow(initial: str):
    lumpy = collided(initial=initial, events=6, b=6)
    assert value(lumpy, "v3") > 5e-3 and float(lumpy.data["v3_mean_se"].values.min()) > 0
    assert 0.5 < value(lumpy, "energy_0") / value(collided(b=6), "energy_0") < 1.6  # the same scale as the smooth one
    (table,) = [one for one in lumpy.panels() if isinstance(one, Table) and "Particles" in one.title]
    assert any("(" in str(cell) for row in table.rows for cell in row) and "6 events" in table.note


def test_kinds_of_particles_are_ordered_by_mass():
    reading = collided(b=4)
    pt = [value(reading, "mean_pT", one) for one in ("π+", "K+", "p")]
    number = [value(reading, "dN_dy", one) for one in ("π+", "K+", "p")]
    assert pt == sorted(pt) and number == sorted(number, reverse=True)


# --- viscosity


def test_viscosity_takes_flow_and_makes_particles():
    both = [collided(b=8, eta_over_s=eta) for eta in (0.0, 0.12)]
    v2, number = ([value(one, name) for one in both] for name in ("v2", "dN_dy"))
    assert v2[1] < 0.95 * v2[0] and number[1] > 1.02 * number[0]
    assert both[1].record.facts["solver"] == "compiled" and told(both[1], "below pT = 2 GeV")
    assert float(both[1].data["shear_unresolved"].max()) == 0


def test_bulk_viscosity_counts_where_it_is_cut():
    reading = collided(b=8, zeta_over_s="denicol")
    assert {"bulk_cut", "bulk_unresolved"} <= set(reading.data) and told(reading, "of the hot energy")


def test_what_bulk_pressure_leaves_out_is_told():
    """Not of conformal matter, which has none."""
    reading = collided(b=8, zeta_over_s="duke", dx=0.5)
    assert told(reading, "do not add up to Π") and not told(collided(b=8, eta_over_s=0.1, dx=0.5), "add up to")
    conformal = collided("conformal", b=8, zeta_over_s="duke", dx=0.5)
    assert not told(conformal, "add up to")


def test_what_a_cut_would_change_is_measured():
    reading = collided(b=8, eta_over_s=0.12)
    share = reading.data["uncut"].isel(subject=0)
    assert share.dims == ("species", "pT") and float(share.where(share.pT < 1, 0).max()) < 0.02
    assert 0 < float(share.where(share.pT < 2, 0).max()) < 0.1
    assert not told(reading, "negative") and "uncut" not in collided(b=8).data
    assert told(collided(b=8, eta_over_s=0.3, initial="glauber", pt_nodes=15), "negative")


# --- what is told


def test_what_is_not_cold_in_time_has_no_particles():
    reading = collided(tau_end=3.0)
    assert told(reading, "withheld") and np.isnan(reading.data["dN_dy"].values).all()
    assert np.isinf(reading.data["lifetime"].values).all() and all(panel.alt for panel in reading.panels())


def test_what_is_cold_from_the_beginning_is_told():
    assert told(collided(energy=1e-3 * spot()), "nothing is hot enough")


def test_a_grid_that_is_too_small_is_told():
    assert told(collided(b=3, extent=5.0, pictures=8), "reaches the edge")
    assert told(collided(b=3, extent=5.0, pictures=0), "reaches the edge")
    assert not told(collided(b=8, extent=10.0, pictures=8), "reaches the edge")


def test_what_decides_nothing_beside_energies_is_told():
    lump = np.exp(-((np.arange(41) - 20) ** 2)[:, None] / 60 - (np.arange(41) - 20) ** 2 / 40) * 10
    reading = collided(energy=lump, b=3.0, events=2, dx=0.4)
    assert told(reading, "b=3 events=2 decides nothing") and not told(collided(energy=lump, dx=0.4), "decides nothing")
    flow = np.full((2, *lump.shape), 30.0)
    assert told(collided(energy=lump, flow=flow, dx=0.4), "on more than 1% of some surfaces")


def test_tables_in_other_units_are_told():
    e = np.geomspace(1e-3, 900, 300)
    assert not told(collided(np.stack([e, e / 3, 0.155 * e**0.25], 1), b=10, dx=0.5), "massless degrees")
    assert told(collided(np.stack([1000 * e, 1000 * e / 3, 0.155 * e**0.25], 1), b=10, dx=0.5), "massless degrees")


def test_coarse_cells_and_mixed_phases_of_lumps_are_told():
    assert told(collided(), "cells of more than 0.2 fm")
    assert told(collided("first_order", energy=spot()), "mixed phase on lumpy states")


def test_the_movie_ends_when_nothing_is_fluid_any_more():
    reading = collided(b=7, pictures=10)
    (movie,) = [mark for plot in plots(reading.panels()) for mark in plot.marks if isinstance(mark, Movie)]
    assert movie.frames[0].max() > 0.3 and movie.frames[-1].max() == pytest.approx(0.137)
    assert movie.time[-1] < float(reading.data["lifetime"].max()) + 2.0


def test_an_axis_has_curves_and_the_pictures_of_its_first_point():
    reading = collided(b=[3, 6, 9])
    titles = [plot.title for plot in reading.panels() if isinstance(plot, Plot)]
    assert "π+ v2 against b" in titles and repr(reading)
    v2 = reading.data["v2_mean"].isel(subject=0, species=0).values
    assert (np.diff(v2) > 0).all()


def test_a_point_far_off_centre_has_nothing_and_says_so():
    assert told(collided(b=19), "nothing is hot enough")
