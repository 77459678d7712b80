"""Classes of centrality through the user's door: which events they hold, what is told, what contradicts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import jupyter_phys as jp
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.progress import Meter
from jupyter_phys.core.run import Run
from jupyter_phys.instruments.eos import ensemble, meetings, store
from jupyter_phys.instruments.eos.meetings import Kind, Meetings
from jupyter_phys.instruments.eos.settings import Settings
from jupyter_phys.notebook.line import evaluate

QUICK: dict[str, Any] = {"dx": 0.5, "extent": 6.0, "pt_nodes": 5, "phi_nodes": 8, "pictures": 0, "progress": False}
GAMMA = 1.23  # of no other test: its table of entropies is made here


def run(seed: int = 0) -> Run:
    return Run({"device": "cpu", "precision": "float64", "seed": seed, "memory": 1.0}, Meter("test", shown=False))


def met(events: int = 400, seed: int = 0, **options: Any) -> Meetings:
    found = Meetings(Settings(**options), run(seed))
    found.of(range(events))
    return found


def b_of(found: Meetings) -> np.ndarray:
    return np.array([found.known[event].b for event in sorted(found.known)])


@pytest.fixture
def small_table(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(meetings, "TABLE", 300)
    return {"initial": "glauber", "gamma": GAMMA, "centrality_by": "entropy"}


@pytest.mark.parametrize("given", ["20-30", "20–30 %", (20, 30), " 20.0-30"])
def test_a_class_may_be_written_in_many_ways(given: Any):
    assert Settings(centrality=given).centrality == "20-30" and Settings(centrality=given).percents == (20, 30)


def test_a_class_by_impact_parameter():
    """Even in b² between the edges of CLVisc's table, 7.08 and 8.67 fm; events depend on number and seed alone."""
    found = met(2000, centrality="20-30")
    b = b_of(found)
    assert b.min() > 7.05 and b.max() < 8.68
    for share in (0.25, 0.5, 0.75):
        assert (b**2 < 7.066**2 + share * (8.653**2 - 7.066**2)).mean() == pytest.approx(share, abs=0.035)
    some = met(0, centrality="20-30")
    assert [one.b for one in some.of([7, 3])] == [b[7], b[3]] and met(1, 1, centrality="20-30").known[0].b != b[0]


def test_rims_meet_as_seldom_as_they_do():
    b = b_of(met(2000, centrality="90-100"))
    assert b.min() > 14.8 and 0.05 < (b > 16.5).mean() < 0.3  # of b db it would be more than half


def test_a_class_by_entropy(small_table: dict[str, Any]):
    """Entropies lie between the edges, by which a tenth of other collisions lies there too; b is spread."""
    found = met(60, centrality="20-30", **small_table)
    kind = Kind.of(found.settings)
    total = kind.total(torch.from_numpy(b_of(found)), lambda event: found.known[event].draws(found.run, event))
    low, high = (float(one) for one in total.aminmax())
    b = meetings.furthest("PbPb") * ((torch.arange(900, dtype=torch.float64) + 0.5) / 900).sqrt()
    others = kind.total(b, lambda event: torch.Generator().manual_seed(event))
    inside = ((others >= low) & (others <= high)).sum() / (others > 0).sum()
    assert float(inside) == pytest.approx(0.1, abs=0.02)
    assert b_of(found).std() > 1.2 * b_of(met(60, centrality="20-30")).std()
    again = met(0, centrality="20-30", **small_table)
    assert again.of([9, 4]) == [found.known[9], found.known[4]]


def test_smooth_states_of_equal_entropy_have_equal_b():
    assert (b_of(met(9, centrality="0-5", centrality_by="entropy")) == b_of(met(9, centrality="0-5"))).all()


def test_a_reading_tells_its_class():
    both = jp.eos(["crossover", "conformal"], events=2, centrality="60-80", initial="glauber", **QUICK)
    b = both.data["impact_parameter"].values
    assert (b[0] == b[1]).all() and b[0, 0] != b[0, 1] and b.min() > 12.2 and b.max() < 14.2
    assert both.record.facts["centrality"] == {"percent": [60.0, 80.0], "by": "b", "b": [12.238, 14.132]}
    said = repr(both)
    assert "Pb–Pb, 60–80 %" in said and "b = 12.24 … 14.13 fm" in said and "b (fm)" in said
    again = both.again()
    np.testing.assert_array_equal(again.data["dN_dy"].values, both.data["dN_dy"].values)
    swept = jp.eos("crossover", centrality=["none", "60-80"], **QUICK)
    assert swept.data["impact_parameter"].values.shape == (2, 1, 1) and "b (fm)" in repr(swept)
    assert (swept.data["impact_parameter"].values[0] == 6).all() and "centrality" not in swept.record.facts


def test_a_store_of_a_class(small_table: dict[str, Any], tmp_path: Path):
    how = {name: QUICK[name] for name in ("dx", "extent", "pt_nodes", "phi_nodes", "progress")}
    more: dict[str, Any] = {"centrality": "60-80", "events": 2, "seed": 3, **how}
    jp.eos.generate("crossover", store=str(tmp_path / "b.zarr"), **more)
    b = store.open(tmp_path / "b.zarr")["b"].values
    assert b.min() > 12.2 and b.max() < 14.2
    reading = jp.eos.generate("crossover", store=str(tmp_path / "s.zarr"), **more, **small_table)
    assert "by the entropy of glauber initial states" in repr(reading)
    lone = jp.eos("crossover", pictures=0, **more, **small_table)
    found = store.open(tmp_path / "s.zarr")
    np.testing.assert_array_equal(found["b"].values, lone.data["impact_parameter"].values)
    np.testing.assert_allclose(found["dN_dy"].values, lone.data["dN_dy"].values, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"centrality": "20-30", "b": 5.0}, "impact parameters of its own"),
     ({"centrality": "20-30", "b": 6.0}, "impact parameters of its own"),
     ({"centrality": 20 - 30}, '"17-23"'), ({"centrality": "30-20"}, "no class"), ({"centrality": "0-101"}, "no class"),
     ({"centrality": "central"}, "no class"), ({"centrality": (0, 5, 10)}, "no class"),
     ({"centrality": "0-0.01"}, "too narrow"), ({"centrality": "0-0.5", "centrality_by": "entropy"}, "1 % or more")],
)  # fmt: skip
def test_what_is_no_class_or_contradicts_it_is_refused(options: Any, said: str):
    for kind in (Settings, ensemble.Settings):
        with pytest.raises(Refused, match=said):
            kind(**options)


def test_an_energy_has_no_centrality():
    with pytest.raises(Refused, match="has no centrality"):
        jp.eos("conformal", energy=np.ones((9, 9)), centrality="0-5", **QUICK)


def test_a_class_is_a_word_of_the_magic_line():
    words = ("none", "20-30", "0-5")
    assert evaluate("20-30", {}, words) == "20-30" and evaluate("[0-5, 20 - 30]", {}, words) == ["0-5", "20-30"]
    assert evaluate("17-23", {}, words) == -6 and evaluate("max(20-30, 1)", {}, words) == 1
