"""Readings in files: whole or not there, to the bit, and nothing but numbers and text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import jupyter_phys as jp
from jupyter_phys.core import files
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.record import Record

LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
RECORD = Record(
    instrument="entropy", task="mask", settings={"scale": None, "shown": True, "place": [0.5, 0.5]}, seed=3,
    device="cpu", device_name="a \"quoted\" 'name' ü", precision="float64", engine="inline", threads=1,
    memory_gib=0.1 + 0.2, started="2025-01-01T00:00:00+00:00", seconds=1e-3,
    facts={"nested": {"list": [1, None, "ü"], "tiny": 5e-324}},
)  # fmt: skip


def saved(data: xr.Dataset, path: Path) -> tuple[xr.Dataset, Record]:
    return files.load(files.save(data, RECORD, path))


@pytest.mark.parametrize("suffix", files.FORMATS)
@given(
    values=hnp.arrays(np.float64, (3, 2)), whole=hnp.arrays(np.int64, (3,)), single=hnp.arrays(np.float32, (2,)),
    flags=hnp.arrays(np.bool_, (2,)), words=st.lists(st.text(LETTERS), min_size=3, max_size=3),
)  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_and_words_survive(
    suffix: str, values: Any, whole: Any, single: Any, flags: Any, words: Any, tmp_path: Path
):
    values = np.where(np.isnan(values), np.nan, values)  # there is one way of not being a number
    data = xr.Dataset(
        {
            "x": (("subject", "k"), values, {"units": "nat", "long_name": "ΔS"}),
            "n": ("subject", whole, {"units": ""}), "s": ("k", np.where(np.isnan(single), np.float32(np.nan), single)),
            "flag": ("k", flags),
        },
        {"subject": ("subject", np.array(words, object), {"long_name": "who"}), "p": ("k", [0.1, -0.0])},
        {"title": "Ü"},
    )  # fmt: skip
    back, record = saved(data, tmp_path / f"r{suffix}")
    xr.testing.assert_identical(back, data)
    for name in ("x", "n", "s", "flag", "p"):
        one, two = back[name].values, data[name].values
        assert (one.dtype, one.tobytes()) == (two.dtype, two.tobytes()), name
    assert record == RECORD


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = xr.Dataset({"x": ("k", np.arange(3.0))})
    for suffix in files.FORMATS:
        path = files.save(data, RECORD, tmp_path / f"r{suffix}")
        before = path.read_bytes()
        broken = xr.Dataset({"x": ("k", np.array([object()], object))})
        with pytest.raises((TypeError, ValueError)):
            files.save(broken, RECORD, path)
        assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["r.json", "r.nc"]


@pytest.mark.parametrize("name", ["r.pkl", "r", "r.nc.gz", "r.NC", "r.csv"])
def test_other_file_types_are_refused(name: str, tmp_path: Path):
    with pytest.raises(Refused, match=r"\.nc or \.json"):
        files.save(xr.Dataset(), RECORD, tmp_path / name)
    with pytest.raises(Refused, match=r"\.nc or \.json"):
        files.load(tmp_path / name)


def test_a_folder_that_is_not_there(tmp_path: Path):
    reading = jp.entropy("periodic", kind="signal", curve=0, pictures=0)
    for write in (lambda: reading.save(tmp_path / "no" / "x.nc"), lambda: reading.export(tmp_path / "no" / "x.csv")):
        with pytest.raises(Refused, match="There is no such folder"):
            write()


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(Refused, match="no such file"):
        files.load(tmp_path / "r.nc")
    (tmp_path / "d.nc").mkdir()
    with pytest.raises(Refused, match="no such file"):
        files.load(tmp_path / "d.nc")


def test_what_was_changed_by_hand_is_told(tmp_path: Path):
    path = files.save(xr.Dataset({"x": ("k", np.arange(3.0), {"units": "nat"})}), RECORD, tmp_path / "r.json")
    said = json.loads(path.read_text())

    def changed(text: str) -> None:
        path.write_text(text)
        with pytest.raises(Refused, match="changed after it was saved"):
            files.load(path)

    whole = json.dumps(said)
    for before, after in (("2.0", "2.5"), ('"nat"', '"bit"'), ('"seed": 3', '"seed": 4'), ('"k"', '"j"')):
        assert before in whole
        changed(whole.replace(before, after))
    said.pop("content")
    path.write_text(json.dumps(said))
    assert files.load(path)[0]["x"].values.tolist() == [0, 1, 2]


def test_a_newer_file_is_told_before_it_is_read(tmp_path: Path):
    (tmp_path / "r.json").write_text(json.dumps({"schema": 2, "everything": "else"}))
    with pytest.raises(Refused, match="newer version"):
        files.load(tmp_path / "r.json")


def test_a_small_file_cannot_fill_the_memory(tmp_path: Path):
    import h5py

    path = files.save(xr.Dataset({"x": ("k", np.zeros(3))}), RECORD, tmp_path / "r.nc")
    with h5py.File(path, "a") as file:
        file.create_dataset("bomb", (2**26,), "f8", compression="gzip", fillvalue=0.0)
    assert path.stat().st_size < 200_000
    with pytest.raises(Refused, match=r"(?s)fill the memory.*512 MiB"):
        files.load(path)
