"""Events on disk: a Zarr group (version 3) of arrays [subject, event, ...] that is written a chunk at a time.

The seal of a chunk is written last, by renaming a file, and is the sum of all that the chunk holds, where it belongs
and how it was made. A chunk without its right seal counts as not there, however its writing was stopped.

A store grows: an event depends on its number alone, so that in the end there is no telling it was smaller.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
import zarr

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.lock import locked
from jupyter_phys.instruments.eos.layout import LOCK, ROOT, SEAL, SUBJECTS, Layout, begin, compare, room, said

FULL = (errno.ENOSPC, errno.EDQUOT)
SAID = {
    "subject": "equation of state", "event": "event", "species": "kind of particle", "sealed": "whether it is there",
}  # fmt: skip
Place = tuple[int, int]  # of a chunk: subject, chunk
Kept = Literal["found", "made", "mended"]


class Store:
    """A store that is there; any number of threads and processes may write at once."""

    def __init__(self, path: Path, *, writes: bool = False) -> None:
        """What lies at ``path``.

        Raises:
            Refused: no store of events.
        """
        self.path, self.said = path, said(path)
        group = zarr.open_group(path, mode="r+" if writes else "r")
        self._seal: Any = group[SEAL]
        # what is no coordinate begins with subject and event
        known = {SEAL, *self.said["coords"]}
        self._arrays: dict[str, Any] = {name: group[name] for name in sorted(group.array_keys()) if name not in known}
        self._made = json.dumps(self.said["made"], sort_keys=True)
        self.events: int = self.said["events"]
        self.chunk: int = self.said["made"]["chunk"]
        if any(one.shape[1] != self.events for one in self._arrays.values()):
            raise Refused("This store was stopped while it grew.", given=path, instead="the line that fills it, again")

    def keep(self, at: Place, make: Callable[[], Mapping[str, np.ndarray]], wait: Callable[[], object]) -> Kept:
        """See to it that a chunk is there and whole; ``mended`` is one that was damaged, and made again.

        Raises:
            Refused: it cannot be written; nothing that was is lost.
        """
        try:
            with _chunk_locked(self.path, at, wait):
                if self.holds(at):
                    self._tidy(at)
                    return "found"
                was_there = self._files(at)[0].exists()
                self._clear(at)
                self._write(at, make())
                return "mended" if was_there else "made"
        except OSError as reason:
            raise _unwritten(self.path, reason) from None

    def is_sealed(self, at: Place) -> bool:
        """Whether a chunk was written to its end."""
        return bool(self._seal[at].any())

    def holds(self, at: Place) -> bool:
        """Whether a chunk is there, and to the bit what was written."""
        try:
            seal = self._seal[at].tobytes()
            return any(seal) and seal == self._sum(
                at, {name: array[at[0], _slice(self.rows(at))] for name, array in self._arrays.items()}
            )
        except Exception:  # whatever damaged bytes make the decoders raise
            return False

    def rows(self, at: Place) -> range:
        """The events of a chunk."""
        return range(at[1] * self.chunk, min((at[1] + 1) * self.chunk, self.events))

    def _sum(self, at: Place, values: Mapping[str, np.ndarray]) -> bytes:
        found = hashlib.sha256(f"{self._made} {at}".encode())
        for name, one in values.items():
            found.update(name.encode() + np.ascontiguousarray(one).tobytes())
        return found.digest()

    def _write(self, at: Place, values: Mapping[str, np.ndarray]) -> None:
        rows, whole = self.rows(at), dict[str, np.ndarray]()
        for name, array in self._arrays.items():
            nothing = np.full((len(rows), *array.shape[2:]), np.nan)
            whole[name] = values.get(name, nothing).astype(array.dtype)
        try:
            for name, one in whole.items():
                self._arrays[name][at[0], _slice(rows)] = one
        except OSError:
            self._clear(at)  # a part of a chunk only takes room
            raise
        self._seal[at] = np.frombuffer(self._sum(at, whole), np.uint8)

    def _files(self, at: Place) -> list[Path]:
        """Where a chunk lies, its seal first."""
        more = {name: array.ndim - 2 for name, array in {SEAL: self._seal, **self._arrays}.items()}
        return [self.path.joinpath(name, "c", str(at[0]), str(at[1]), *"0" * n) for name, n in more.items()]

    def _clear(self, at: Place) -> None:
        """Take away what there is of a chunk, its seal first."""
        for file in self._files(at):
            file.unlink(missing_ok=True)
        self._tidy(at)

    def _tidy(self, at: Place) -> None:
        """Take away what a killed process was about to write."""
        for file in self._files(at):
            for part in file.parent.glob(f"{file.name}.*.partial"):
                part.unlink(missing_ok=True)


def _slice(rows: range) -> slice:
    return slice(rows.start, rows.stop)


def _chunk_locked(path: Path, at: Place, wait: Callable[[], object]) -> contextlib.AbstractContextManager[None]:
    return locked(path / SEAL / f"{LOCK}-{at[0]}-{at[1]}", wait)


def _grow(path: Path, layout: Layout, wait: Callable[[], object]) -> None:
    """Make room for the events that are asked for; a last chunk that was not full is made anew, whole."""
    before = said(path)["events"]
    if room(path, layout) == {max(before, layout.events)}:
        return
    if before % layout.chunk:
        for at in ((subject, before // layout.chunk) for subject in range(len(layout.subjects))):
            with _chunk_locked(path, at, wait):
                path.joinpath(SEAL, "c", str(at[0]), str(at[1]), "0").unlink(missing_ok=True)
    begin(path, replace(layout, events=max(before, layout.events)))


def prepared(path: Path, layout: Layout, wait: Callable[[], object]) -> Store:
    """The store at ``path``, begun where there is none, with room for ``layout.events`` or more.

    Raises:
        Refused: something else lies there, or events of other settings.
    """
    if not path.parent.is_dir():
        raise Refused("There is no such folder.", given=path.parent, instead=f'store="{path.name}"')
    try:
        path.mkdir(exist_ok=True)
        with locked(path / LOCK, wait):
            if not (path / ROOT).exists():
                begin(path, layout)
            compare(path, layout)
            _grow(path, layout, wait)
        return Store(path, writes=True)
    except OSError as reason:
        raise _unwritten(path, reason) from None


def _unwritten(path: Path, reason: OSError) -> Refused:
    if reason.errno in FULL:
        return Refused("The disk is full; nothing that was finished is lost.", given=path,
                       instead="the same line, once there is room: it goes on")  # fmt: skip
    return Refused(f"The store cannot be written: {reason.strerror or reason}.", given=path,
                   instead='store="~/events.zarr"')  # fmt: skip


def open(path: str | Path, *, check: bool = True) -> xr.Dataset:
    """The events of a store, read when they are used: spectrum [subject, event, species, pT, phi] and all the others.

    The coordinate ``sealed`` [subject, event] says which events are there; what is not sealed must not be used.
    ``check``: every chunk is read once and compared with its seal, and a damaged one counts as not sealed.

    Raises:
        Refused: no store of events.
    """
    path = Path(path).expanduser()
    store = Store(path)
    labels = [label for label, _ in store.said["made"][SUBJECTS]]
    chunks = -(-store.events // store.chunk)
    is_there = store.holds if check else store.is_sealed
    sealed = np.array([[is_there((s, k)) for k in range(chunks)] for s in range(len(labels))])
    data = xr.open_zarr(path, consolidated=False, chunks=None).drop_vars(SEAL)
    data = data.drop_attrs(deep=False).assign_attrs(store.said["made"])
    of_events = sealed.repeat(store.chunk, 1)[:, : store.events]
    coords: dict[str, Any] = {"subject": labels, "event": np.arange(store.events), **store.said["words"]}
    data = data.assign_coords(coords | {"sealed": (("subject", "event"), of_events)})
    for name, meant in SAID.items():
        data[name].attrs.update(units="", long_name=meant)
    return data
