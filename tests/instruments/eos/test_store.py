"""The store of events: killed, damaged, full, shared; in the end it is the same to the bit."""

from __future__ import annotations

import contextlib
import errno
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
import zarr

import jupyter_phys as jp
from jupyter_phys.core import progress
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.instrument import find
from jupyter_phys.core.reading import Reading
from jupyter_phys.instruments.eos import store
from jupyter_phys.instruments.eos.ensemble import Settings
from jupyter_phys.instruments.eos.events import Ensemble

BOTH = ["crossover", "first_order"]
SMALL: dict[str, Any] = {
    "dx": 0.5, "extent": 6.0, "events": 7, "chunk": 2, "b": (2.0, 8.0), "tau0": (0.4, 0.8), "peak": (20.0, 25.0, 30.0),
    "freeze_out": (0.132, 0.14), "phi_nodes": 16, "seed": 5,
}  # fmt: skip
CHUNKS = 2 * 4
KILLS = """
import os, random, signal, sys, time, torch
torch.set_num_threads(1)
import jupyter_phys as jp

def child(path):
    number = os.fork()
    if not number:
        try:
            jp.eos.generate(BOTH, store=path, progress=False, **SMALL)
        finally:
            os._exit(0)
    return number

def end(*numbers):
    for number in numbers:
        os.waitpid(number, 0)

path = sys.argv[1]
jp.eos.generate(BOTH, store=path + ".warm", progress=False, **SMALL)  # what is compiled and tabulated once is there
begun = time.monotonic()
end(child(path + ".timed"))
length = time.monotonic() - begun
for _ in range(5):
    number = child(path)
    time.sleep(random.SystemRandom().uniform(0.05, 0.6) * length)
    os.kill(number, signal.SIGKILL)
    end(number)
    print(sum("seal/c/" in where and "0" in files for where, _, files in os.walk(path)))
end(child(path + ".two"), child(path + ".two"))
"""


def generated(path: Path, **options: Any) -> Reading:
    return jp.eos.generate(BOTH, store=str(path), **{"progress": False, **SMALL, **options})


def note_of(reading: Reading) -> str:
    return next(panel for panel in reading.panels() if panel.title == "Store").note


def files(path: Path) -> dict[str, bytes]:
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def run_in_children(path: Path) -> list[str]:
    """What KILLS prints: a Python process whose children write the store."""
    code = KILLS.replace("BOTH", repr(BOTH)).replace("SMALL", repr(SMALL))
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reading]:
    """A store that nothing happened to."""
    path = tmp_path_factory.mktemp("whole") / "events.zarr"
    return path, generated(path)


@pytest.fixture
def copied(whole: tuple[Path, Reading], tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole[0], tmp_path / "events.zarr"))


# --- what is in it


def test_events_are_those_of_a_collision_with_their_parameters(whole: tuple[Path, Reading]):
    data = store.open(whole[0])
    assert data["sealed"].values.all() and data["spectrum"].shape == (2, 7, 3, 15, 16)
    assert data["subject"].values.tolist() == BOTH and data["species"].values.tolist() == ["π+", "K+", "p"]
    told = {name: data[name].values for name in ("b", "tau0", "peak", "freeze_out", "eta_over_s")}
    for values in told.values():
        assert (values[0] == values[1]).all()  # both equations of state see the same
    assert len(set(told["b"][0])) == 7 and told["b"].min() > 2 and told["b"].max() < 8
    assert set(told["peak"].flat) == {20.0, 25.0, 30.0} and (told["eta_over_s"] == 0).all()
    one = {name: float(values[0, 0]) for name, values in told.items()}
    kept = {name: SMALL[name] for name in ("dx", "extent", "phi_nodes", "seed")}
    lone = jp.eos.collision(BOTH, initial="glauber", pictures=0, progress=False, **kept, **one)  # event 0 alone
    for name in ("dN_dy", "mean_pT", "v2", "v3", "lifetime", "eccentricity_2"):
        np.testing.assert_allclose(data[name].values[:, 0], lone.data[name].values[:, 0], rtol=1e-12, err_msg=name)
    np.testing.assert_allclose(data["spectrum"].values[:, 0], lone.data["spectrum"].values[:, 0], rtol=1e-6)


def test_numbers_between_two_and_one_of_many():
    settings = Settings(b=(3.0, 5.0), tau0=(0.4, 0.6, 0.8), freeze_out=(0.13, 0.137), eta_over_s=0.1)
    draws = np.random.default_rng(0).random((4000, 5))
    drawn = [settings.drawn(iter(row)) for row in draws.tolist()]
    b = np.array([one["b"] for one in drawn])
    assert b.min() >= 3 and b.max() <= 5
    assert abs((b**2).mean() - 17) < 4 * (25 - 9) / 12**0.5 / 4000**0.5  # b db: even in b²
    assert {one["tau0"] for one in drawn} == {0.4, 0.6, 0.8} and {one["eta_over_s"] for one in drawn} == {0.1}
    np.testing.assert_allclose(sorted({one["freeze_out"] for one in drawn}), np.linspace(0.13, 0.137, 8))


def test_setting_one_parameter_moves_no_other(whole: tuple[Path, Reading], tmp_path: Path):
    generated(tmp_path / "other.zarr", tau0=0.6, events=2)
    other, before = store.open(tmp_path / "other.zarr"), store.open(whole[0])
    for name in ("b", "peak", "freeze_out", "eccentricity_2"):
        assert (other[name].values == before[name].values[:, :2]).all(), name
    assert (other["tau0"].values == 0.6).all()


def test_viscous_events_store_what_was_cut(tmp_path: Path):
    asked: dict[str, Any] = {"events": 2, "eta_over_s": (0.0, 0.0, 0.1), "seed": 1, "tau0": 0.6, "freeze_out": 0.14}
    reading = generated(tmp_path / "events.zarr", **asked)
    data = store.open(tmp_path / "events.zarr")
    viscous = data["eta_over_s"].values > 0
    assert viscous.any() and not viscous.all()
    assert (np.isfinite(data["shear_cut"].values) == viscous).all() and np.isfinite(data["v2"].values).all()
    assert "Shear and bulk pressure change" in repr(reading)


def test_the_reading_says_what_the_store_holds(whole: tuple[Path, Reading]):
    path, reading = whole
    data = store.open(path)
    assert reading.complete and reading.data["made"].values.tolist() == [7, 7]
    np.testing.assert_allclose(reading.data["dN_dy_mean"].values, data["dN_dy"].values.mean(1), rtol=1e-12)
    error = data["v2"].values.std(1, ddof=1) / 7**0.5
    np.testing.assert_allclose(reading.data["v2_mean_se"].values, error, rtol=1e-10)
    np.testing.assert_allclose(reading.data["spectrum_mean"].values, data["spectrum"].values.mean(1), rtol=1e-5)
    said = repr(reading)
    assert f"In {path}: " in note_of(reading) and "events a second (14 in" in note_of(reading)
    titles = [panel.title for panel in reading.panels()]
    assert titles[:3] == ["Particles at freeze-out", "Parameters of the events", "Store"]
    assert titles[3:] == ["π+ dN/dy", "π+ v2", "Mean spectra"]
    saved = reading.save(path.parent / "reading.nc")
    assert repr(jp.load(saved)) == said and reading.figure() is not None


# --- killed, damaged, full


def test_killed_five_times_or_written_by_two_it_is_the_same_in_the_end(whole: tuple[Path, Reading], tmp_path: Path):
    path = tmp_path / "events.zarr"
    counts = [int(one) for one in run_in_children(path)]
    assert files(tmp_path / "events.zarr.two") == files(whole[0])
    assert len(counts) == 5 and counts == sorted(counts)
    reading = generated(path)
    assert reading.complete and files(path) == files(whole[0]), counts
    sealed = len(list(whole[0].glob("seal/c/*/*/0")))
    assert sealed == CHUNKS and reading.data["made"].sum() >= CHUNKS - counts[-1], counts


@pytest.mark.parametrize("write", [0, 17, 18, 19])
def test_stopped_between_any_two_writes(
    write: int, whole: tuple[Path, Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Dead(BaseException):
        pass

    setitem, left = zarr.Array.__setitem__, [write]

    def dies(self: Any, *call: Any) -> None:
        if left[0] == 0:
            raise Dead
        left[0] -= 1
        setitem(self, *call)

    with monkeypatch.context() as patch, pytest.raises(Dead):
        patch.setattr(zarr.Array, "__setitem__", dies)
        generated(tmp_path / "events.zarr")
    (tmp_path / "events.zarr/spectrum/c/0/0/0/0").mkdir(parents=True, exist_ok=True)
    (tmp_path / "events.zarr/spectrum/c/0/0/0/0/0.ab12.partial").write_bytes(b"half")  # as a kill in a write leaves it
    generated(tmp_path / "events.zarr")
    assert files(tmp_path / "events.zarr") == files(whole[0])


def test_killed_while_it_was_begun(whole: tuple[Path, Reading], tmp_path: Path):
    path = tmp_path / "events.zarr"
    (path / "v2").mkdir(parents=True)
    for name in (".lock", "v2/zarr.json", "v2/zarr.json.part", "zarr.json.part"):
        (path / name).write_text("{")
    generated(path)
    assert files(path) == files(whole[0])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a bit": lambda path: flipped(path / "spectrum/c/1/2/0/0/0"),
    "cut off": lambda path: (path / "v2/c/1/2/0").write_bytes(b""),
    "gone": lambda path: (path / "dN_dy/c/1/2/0").unlink(),
    "another's": lambda path: Path(shutil.copy(path / "b/c/1/1", path / "b/c/1/2")).touch(),
    "its seal": lambda path: flipped(path / "seal/c/1/2/0"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_chunk_is_found_and_made_again(damage: Any, copied: Path, whole: tuple[Path, Reading]):
    damage(copied)
    sealed = store.open(copied)["sealed"].values
    assert sealed[0].all() and np.flatnonzero(~sealed[1]).tolist() == [4, 5]
    reading = generated(copied)
    assert files(copied) == files(whole[0])
    assert reading.data["made"].values.tolist() == [0, 2]
    assert any("first_order: events 4 to 5 were damaged" in note.text for note in reading.notes)
    assert "nothing had to be made" in note_of(generated(copied))


@pytest.mark.parametrize("call", [3, 60])
def test_a_full_disk_loses_nothing(
    call: int, whole: tuple[Path, Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Writes of Zarr are made to fail as on a full disk, from some moment on."""
    from zarr.storage import _local

    put, left, path = _local._put, [call], tmp_path / "events.zarr"

    def full(*call: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(*call, **more)

    with monkeypatch.context() as patch, pytest.raises(Refused, match="disk is full") as refusal:
        patch.setattr(_local, "_put", full)
        generated(path)
    assert str(path) in str(refusal.value)
    there = files(path)
    assert all(files(whole[0])[name] == content for name, content in there.items())  # no half chunks
    assert store.open(path)["sealed"].values.sum() == 2 * len(list(path.glob("seal/c/*/*/0")))
    generated(path)
    assert files(path) == files(whole[0])


# --- refused


@pytest.mark.parametrize(
    ("options", "said"),
    [({"tau0": 0.6}, r"tau0=0.6, there \(0.4, 0.8\)"), ({"seed": 6}, "seed=6, there 5"),
     ({"chunk": 3}, "chunk=3, there 2"), ({"precision": "float32"}, "precision=float32, there float64")],
)  # fmt: skip
def test_other_settings_are_refused_by_name(options: Any, said: str, copied: Path, whole: tuple[Path, Reading]):
    with pytest.raises(Refused, match=said) as refusal:
        generated(copied, **options)
    assert 'store="events-2.zarr"' in str(refusal.value)
    assert files(copied) == files(whole[0])


def test_other_equations_of_state_are_refused(copied: Path):
    with pytest.raises(Refused, match="equations of state=crossover"):
        jp.eos.generate("crossover", store=str(copied), progress=False, **SMALL)
    with pytest.raises(Refused, match="equations of state=first_order"):
        jp.eos.generate(BOTH[::-1], store=str(copied), progress=False, **SMALL)


def test_nothing_else_is_written_over(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    (tmp_path / "file").write_text("")
    zarr.create_group(tmp_path / "group.zarr")
    for name, said in {"mine": "holds something else", "file": "cannot be written", "group.zarr": "no store of events",
                       "no/where.zarr": "no such folder"}.items():  # fmt: skip
        with pytest.raises(Refused, match=said):
            generated(tmp_path / name)
        with pytest.raises(Refused, match="no store of events"):
            store.open(tmp_path / name)
    assert sorted(files(tmp_path)) == ["file", "group.zarr/zarr.json", "mine/thesis.tex"]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"tau0": [0.4, 0.6]}, "one value, not a list"), ({"b": (5.0, 3.0)}, "no room"), ({"b": (5.0,)}, "no room"),
     ({"b": (0.0, 30.0)}, "outside its limits"), ({"dx": [0.5, 0.4]}, "one value, not a list"),
     ({"tau0": (0.6, 0.9), "tau_end": 0.8}, "no time"), ({"pictures": 3}, "pictures"),
     ({"eos": "hotqcd"}, "given twice")],
)  # fmt: skip
def test_what_makes_no_sense_is_told_before_a_store_is_begun(options: Any, said: str, tmp_path: Path):
    with pytest.raises(Refused, match=said):
        generated(tmp_path / "events.zarr", **options)
    assert not list(tmp_path.iterdir())


# --- grown


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Three of the seven events, in chunks of two."""
    generated(tmp_path / "events.zarr", events=3)
    return tmp_path / "events.zarr"


def test_a_store_grows_into_what_it_would_have_been(small: Path, whole: tuple[Path, Reading]):
    chunk = (small / "spectrum/c/0/0/0/0/0").stat().st_mtime_ns
    reading = generated(small)
    assert files(small) == files(whole[0]) and (small / "spectrum/c/0/0/0/0/0").stat().st_mtime_ns == chunk
    assert reading.data["made"].values.tolist() == [5, 5] and not any("damaged" in one.text for one in reading.notes)
    for name in ("dN_dy", "v2_mean_se", "spectrum_mean"):
        assert reading.data[name].values.tobytes() == whole[1].data[name].values.tobytes(), name


def test_the_line_before_it_grew_still_gives_its_reading(small: Path, whole: tuple[Path, Reading]):
    before = generated(small, events=3)
    generated(small)
    after = generated(small, events=3)
    xr.testing.assert_identical(before.data, after.data)
    assert after.data.sizes["event"] == 3 and files(small) == files(whole[0])


def test_a_store_smaller_than_its_chunk_grows_too(tmp_path: Path):
    for name, counts in {"grown.zarr": (1, 3), "once.zarr": (3,)}.items():
        for events in counts:
            generated(tmp_path / name, events=events, chunk=50)
    assert files(tmp_path / "grown.zarr") == files(tmp_path / "once.zarr")


@pytest.mark.parametrize("replaced", [0, 5, 21])
def test_stopped_while_it_grew(
    replaced: int, small: Path, whole: tuple[Path, Reading], monkeypatch: pytest.MonkeyPatch
):
    class Dead(BaseException):
        pass

    replace, left = Path.replace, [replaced]

    def dies(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise Dead
        left[0] -= 1
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(Dead):
        patch.setattr(Path, "replace", dies)
        generated(small)
    if replaced:
        with pytest.raises(Refused, match="stopped while it grew"):
            store.open(small)
    before = generated(small, events=3)
    assert before.data["stored"].values.all() and store.open(small).sizes["event"] == 3
    generated(small)
    assert files(small) == files(whole[0])


def test_a_store_of_another_version_is_refused(copied: Path):
    root = copied / "zarr.json"
    root.write_text(root.read_text().replace('"schema": 2', '"schema": 1'))
    for do in (generated, store.open):
        with pytest.raises(Refused, match="Another version"):
            do(copied)


# --- once more


def test_a_reading_is_taken_again_from_what_is_there(copied: Path):
    again = generated(copied).again()
    assert "nothing had to be made" in note_of(again) and not any("Not the same" in note.text for note in again.notes)


def test_equations_of_state_may_be_named(copied: Path):
    reading = jp.eos.generate(eos=BOTH, store=str(copied), progress=False, **SMALL)
    assert reading.data["made"].values.tolist() == [0, 0]
    task = find("eos").task("generate")
    assert task.known("eos") == "subject" and "eos" in task.names()
    with pytest.raises(Refused, match="given twice"):
        jp.eos.generate(BOTH, eos=BOTH, store=str(copied))


# --- many at once


@contextlib.contextmanager
def engine(name: str) -> Iterator[Any]:
    match name:
        case "std threads":
            with ThreadPoolExecutor(2) as pool:
                yield pool
        case "dask":
            from distributed import Client

            with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"):
                yield "dask"
        case _:
            yield name


@pytest.mark.parametrize("name", ["threads", "std threads", "processes", "dask"])
def test_the_same_store_whatever_the_engine(name: str, whole: tuple[Path, Reading], tmp_path: Path):
    with engine(name) as chosen:
        reading = generated(tmp_path / "events.zarr", engine=chosen, workers=2)
    assert files(tmp_path / "events.zarr") == files(whole[0])
    for one in ("dN_dy", "v2_mean_se", "spectrum_mean", "made"):
        assert reading.data[one].values.tobytes() == whole[1].data[one].values.tobytes(), one
    assert set(reading.notes) == set(whole[1].notes) and reading.complete


@pytest.mark.parametrize("event", [1, 8])
def test_an_interrupt_keeps_what_is_finished(
    event: int, whole: tuple[Path, Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, left = tmp_path / "events.zarr", [event]
    evolved = Ensemble.evolved

    def rings(self: Ensemble, subject: int, events: range) -> Any:
        left[0] -= len(events)
        if left[0] < 0:
            signal.raise_signal(signal.SIGINT)
        return evolved(self, subject, events)

    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stop:
        patch.setattr(Ensemble, "evolved", rings)
        generated(path)
    count, partial, there = event // 2 * 2, stop.value.reading, files(path)
    assert store.open(path)["sealed"].values.sum() == count
    assert partial is not None and not partial.complete and "interrupted" in repr(partial)
    assert partial.data["stored"].sum() == partial.data["made"].sum() == count
    assert np.isfinite(partial.data["dN_dy"].values[..., 0]).sum() == count
    assert generated(path).data["made"].sum() == 14 - count
    assert files(path) == files(whole[0]) and all(files(path)[name] == one for name, one in there.items())


def test_progress_counts_events(copied: Path, monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    bar = progress._Bar.set_description_str
    monkeypatch.setattr(progress._Bar, "set_description_str", lambda s, d, **m: (said.append(d), bar(s, d, **m)))
    generated(copied)
    assert said[-1] == "eos generate: 14 of 14 events" and len(said) > CHUNKS
