"""Readings in files: netCDF and JSON, to the bit, with nothing in them that could run."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.inputs import fingerprint
from jupyter_phys.core.record import Record

SCHEMA = 1
ATTRIBUTE = "jupyter_phys"  # netCDF knows neither None nor bool: all but the arrays is one JSON text
FORMATS = (".nc", ".json")
SEAL = b"\njupyter_phys sha256 "
SEALED = len(SEAL) + 64
EXPANDS, ROOM = 100, 2**26  # how many times a file's size its arrays may take (we write without compression), or bytes


def save(data: xr.Dataset, record: Record, path: Path) -> Path:
    """Write a reading; a file is either whole or not there.

    Raises:
        Refused: a file type other than .nc and .json, or a folder that is not there.
    """
    _known(path)
    check_folder(path)
    told = record.model_dump(mode="json")
    said = {"schema": SCHEMA, "record": told, "content": _content(data, told)}
    part = path.with_name(f".{path.name}.part")
    try:
        if path.suffix == ".nc":
            data.assign_attrs({ATTRIBUTE: json.dumps(said)}).to_netcdf(part, engine="h5netcdf")
            _seal(part)
        else:
            part.write_text(json.dumps(said | {"data": _written(data)}, indent=1), encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def check_folder(path: Path) -> None:
    """Refuse a file in a folder that is not there."""
    if not path.parent.is_dir():
        raise Refused("There is no such folder.", given=path.parent, instead=path.name)


def load(path: Path) -> tuple[xr.Dataset, Record]:
    """The arrays and the record of a reading.

    Raises:
        Refused: missing, not a reading, damaged, or of a newer schema.
    """
    _known(path)
    if not path.is_file():
        raise Refused("There is no such file.", given=path)
    try:
        data, said, record = _netcdf(path) if path.suffix == ".nc" else _json(path)
    except Refused:
        raise
    except Exception as reason:  # whatever a stranger's bytes make the readers raise
        raise Refused(
            "This file holds no reading, or is damaged.", given=path, allowed="see docs/reading-1.md"
        ) from reason
    if said.get("content") not in (None, _content(data, said["record"])):
        raise Refused("This file was changed after it was saved.", given=path)
    return data, record


def _content(data: xr.Dataset, record: dict[str, Any]) -> str:
    """A fingerprint of all that a file says, the same for both formats."""
    arrays = {str(name): one for name, one in data.variables.items()}
    parts = [[n, list(map(str, arrays[n].dims)), _values(arrays[n]), _words(arrays[n].attrs)] for n in sorted(arrays)]
    return fingerprint([json.dumps(record, sort_keys=True), _words(data.attrs), parts])


def _words(attrs: dict[Any, Any]) -> list[str]:
    return sorted(f"{name}={value}" for name, value in attrs.items())


def _values(array: xr.Variable) -> Any:
    if array.dtype.kind in "OU":
        return list(map(str, array.values.flat))
    return np.where(np.isnan(array.values), np.nan, array.values) if array.dtype.kind == "f" else array.values


def _known(path: Path) -> None:
    if path.suffix not in FORMATS:
        raise Refused("A reading is saved as netCDF or JSON.", given=path.name, allowed=" or ".join(FORMATS))


def _seal(path: Path) -> None:
    """Put a checksum behind the last byte of HDF5, which does not look there."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest().encode()
    with path.open("ab") as file:
        file.write(SEAL + digest)


def _check_seal(path: Path) -> None:
    """Refuse damage before the HDF5 library sees it: some of it would keep that busy for ever."""
    content = path.read_bytes()
    body, seal = content[:-SEALED], content[-SEALED:]
    if seal.startswith(SEAL) and seal != SEAL + hashlib.sha256(body).hexdigest().encode():
        raise ValueError("the checksum at the end of the file is another")


def _netcdf(path: Path) -> tuple[xr.Dataset, dict[str, Any], Record]:
    _check_seal(path)
    _only_its_own(path)
    as_written: dict[str, Any] = {"mask_and_scale": False, "decode_times": False, "decode_timedelta": False}
    with xr.open_dataset(path, engine="h5netcdf", **as_written) as opened:
        data = opened.load()
    for array in data.variables.values():
        array.attrs.pop("_FillValue", None)
    said = json.loads(data.attrs.pop(ATTRIBUTE))
    return data, said, _record(said)


def _only_its_own(path: Path) -> None:
    """HDF5 can show parts of other files as its own: a stranger's file must not look around here."""
    import h5py

    size, most = 0, max(ROOM, EXPANDS * path.stat().st_size)
    with h5py.File(path, "r") as file:
        for name in file:
            one: Any = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
            if one is None or (isinstance(one, h5py.Dataset) and (one.external or one.is_virtual)):
                raise ValueError(f"{name} lies in another file")
            size += math.prod(one.shape or ()) * one.dtype.itemsize if isinstance(one, h5py.Dataset) else 0
    if size > most:
        given, allowed = f"{path.name}: {size / 2**20:,.0f} MiB of numbers", f"{most / 2**20:,.0f} MiB for its size"
        raise Refused(
            "This file would fill the memory with arrays that it does not hold.", given=given, allowed=allowed
        )


def _json(path: Path) -> tuple[xr.Dataset, dict[str, Any], Record]:
    said = json.loads(path.read_text(encoding="utf-8"))
    record = _record(said)
    arrays = {kind: {n: _read(one) for n, one in said["data"][kind].items()} for kind in ("coords", "variables")}
    return xr.Dataset(arrays["variables"], arrays["coords"], said["data"]["attrs"]), said, record


def _record(said: dict[str, Any]) -> Record:
    if said["schema"] != SCHEMA:
        raise Refused(
            "This reading was written by a newer version.",
            given=f"schema {said['schema']}", allowed=f"schema {SCHEMA}", instead="pip install -U jupyter-phys",
        )  # fmt: skip
    return Record.model_validate(said["record"])


def _written(data: xr.Dataset) -> dict[str, Any]:
    return {
        "attrs": dict(data.attrs),
        "coords": {str(name): _one(array) for name, array in data.coords.items()},
        "variables": {str(name): _one(array) for name, array in data.data_vars.items()},
    }


def _one(array: xr.DataArray) -> dict[str, Any]:
    kind = "text" if array.dtype.kind in "OU" else str(array.dtype)
    return {
        "dims": list(array.dims),
        "dtype": kind,
        "attrs": dict(array.attrs),
        "values": _cells(array.values.tolist()),
    }


def _cells(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become text."""
    if isinstance(value, list):
        return [_cells(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _read(said: dict[str, Any]) -> tuple[list[str], np.ndarray[Any, Any], dict[str, Any]]:
    kind = object if said["dtype"] == "text" else np.dtype(said["dtype"])
    if kind is not object and np.dtype(kind).kind not in "fiub":
        raise ValueError(f"a reading holds numbers and text, not {said['dtype']}")
    return said["dims"], np.array(said["values"], dtype=kind), said["attrs"]
