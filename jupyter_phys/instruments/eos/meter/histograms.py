"""Histograms from files of numpy: the published ones of Du et al., and anybody's own.

Du et al. (arXiv:1910.11530): pions after viscous hydrodynamics and UrQMD, 126,850 histograms to learn from and 54,176
to be tested on, `3_EOSL_or_EOSQ_180k.npz`: X_train_0, X_test_0 [n, 24, 24], y_train, y_test [n] (1: EOSQ, 0: EOSL).
The codes that ship it (pd4ml, erum_data_data) say that these are spectra "in transverse momentum and azimuthal angle".
Their pictures show pT along the first axis, and counts: fewer towards pT = 0, a few steps where particles are few; some
are smooth and must hold many collisions. They do not say the dtype, where the bins lie in pT, how wide they are, where
azimuth begins, in which rapidity particles are counted, how many collisions a histogram holds, nor which come from one
initial state. None of these is made up here: any dtype is read, and bins have numbers in pT.

An own file (`np.savez("mine.npz", counts=..., label=..., pT=edges, phi=edges)`) has the names that a dict has.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import Run

Part = Literal["train", "test"]
DU = "test of Du et al."
CLASSES = ("EOSL", "EOSQ")  # of labels 0 and 1
ARRAYS = ("X_train_0", "y_train", "X_test_0", "y_test")
SHAPE = (24, 24)
MD5 = "c070a9743163c3f467ceb87ac4e19fd1"  # in pd4ml
EARLIER = "be5563e787f856bd6b2f9fe171277bc3"  # in erum_data_data: the same name, shapes and description
BLOCK = 2**22  # numbers that are read at once
HEADS: Any = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def is_file(value: Any) -> bool:
    """Whether this is the path of a file of numpy."""
    return isinstance(value, (str, Path)) and Path(value).suffix.lower() == ".npz"


def is_published(value: Any) -> bool:
    """Whether it has the arrays of Du et al.

    Raises:
        Refused: it cannot be read.
    """
    if not is_file(value):
        return False
    with _opened(value) as archive:
        return set(ARRAYS) <= _names(archive)


def read(path: str | Path, part: Part) -> dict[str, Any]:
    """Arrays by their names (counts, label, ...); those of Du et al. float32, and only one part of them.

    Raises:
        Refused: there is no file, it is broken, or holds something else.
    """
    with _opened(path) as archive:
        if set(ARRAYS) <= _names(archive):
            return {"counts": _pixels(path, archive, f"X_{part}_0"), "label": _labels(path, archive, f"y_{part}")}
        return {name: _array(archive, name) for name in _names(archive)}


def mind(name: str, path: str | Path, run: Run) -> None:
    """Say what is not known of the published histograms, and whether these are they."""
    with Path(path).expanduser().open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    run.facts |= {"md5": found}
    if found == EARLIER:
        run.note(f"{name}: this is the version of erum_data_data; pd4ml has a later one (md5 {MD5}).")
    elif found != MD5:
        run.warn(f"{name}: md5 {found} is that of another version than pd4ml's ({MD5}), or of a changed file: its "
                 "numbers are not those of the published histograms.")  # fmt: skip
    run.note(f"{name}: EOSL is a crossover, EOSQ a first-order transition (Du et al., arXiv:1910.11530). Its sources "
             "do not say where its 24 bins in pT lie, nor where azimuth begins, nor which histograms come from one "
             "initial state: bins have numbers, azimuth is taken as 24 equal bins around, and every histogram counts "
             "as an event of its own, so that intervals may be too narrow.")  # fmt: skip


@contextmanager
def _opened(path: str | Path) -> Generator[zipfile.ZipFile]:
    path = Path(path).expanduser()
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except Refused:
        raise
    except FileNotFoundError:
        raise Refused("There is no such file.", given=path, instead="the path of an .npz file") from None
    except Exception as reason:  # whatever a strange file makes zipfile and numpy raise
        raise Refused(f"This file is broken, or no .npz of plain arrays: {reason}.", given=path,
                      instead=f"download it again (the published one has md5 {MD5}), or np.savez of arrays of numbers "
                      "and text") from None  # fmt: skip


def _names(archive: zipfile.ZipFile) -> set[str]:
    return {one.removesuffix(".npy") for one in archive.namelist()}


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _pixels(path: str | Path, archive: zipfile.ZipFile, name: str) -> NDArray[np.float32]:
    with archive.open(f"{name}.npy") as file:
        found = _in_blocks(file)
    if found.ndim != 3 or found.shape[1:] != SHAPE:
        raise Refused("These are not the histograms of Du et al.", given=f"{path}: {name} {list(found.shape)}",
                      allowed="[n, 24, 24]", instead="np.savez with counts= and label=")  # fmt: skip
    return found


def _in_blocks(file: IO[bytes]) -> NDArray[np.float32]:
    """An array in float32, whatever it is in the file, which is never in memory as a whole."""
    shape, by_column, dtype = HEADS[np.lib.format.read_magic(file)](file)
    if dtype.kind not in "biuf":
        raise ValueError(f"{dtype} is not a number")
    flat = np.empty(int(np.prod(shape)), np.float32)
    for start in range(0, len(flat), BLOCK):
        some = flat[start : start + BLOCK]
        some[:] = np.frombuffer(file.read(len(some) * dtype.itemsize), dtype)
    file.read(1)  # the end, where the checksum is compared
    return flat.reshape(shape[::-1]).T if by_column else flat.reshape(shape)


def _labels(path: str | Path, archive: zipfile.ZipFile, name: str) -> list[str]:
    label = _array(archive, name)
    if label.ndim != 1 or not np.isin(label, (0, 1)).all():
        raise Refused("Labels are 0 (EOSL) or 1 (EOSQ).", given=f"{path}: {name} {list(label.shape)}, "
                      f"{', '.join(map(str, np.unique(label)[:4]))}")  # fmt: skip
    return [CLASSES[int(one)] for one in label]
