"""How a store of events begins: empty arrays [subject, event, ...], and in words what will fill them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.storage import MemoryStore

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.record import versions

SCHEMA = 2
NAME, ROOT, SEAL, LOCK = "jupyter_phys", "zarr.json", "seal", ".lock"
SUBJECTS = "equations of state"


@dataclass(frozen=True)
class Layout:
    """What a store holds, and of what: ``made`` is all that decides the numbers, in plain JSON values.

    How many events there are decides none of them, so that a store can grow.
    """

    events: int
    chunk: int
    coords: Mapping[str, tuple[Any, str, str]]  # values, unit, meaning
    variables: Mapping[str, tuple[tuple[str, ...], str, str, str]]  # dims after subject and event, dtype, unit, meaning
    subjects: Mapping[str, Any]  # by label, described
    made: Mapping[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """What stands in the attributes of the store, as JSON gives it back."""
        words = {name: list(values) for name, (values, _, _) in self.coords.items() if isinstance(values[0], str)}
        made = dict(self.made) | {SUBJECTS: [[label, one] for label, one in self.subjects.items()]}
        told = {"schema": SCHEMA, "events": self.events, "coords": list(self.coords), "words": words, "made": made}
        return json.loads(json.dumps(told))


def begin(path: Path, layout: Layout) -> None:
    """Write all but the events; the root comes last, so that what was stopped before that is begun again.

    Where a store is there already, it has room for ``layout.events`` afterwards.

    Raises:
        Refused: the folder holds something else.
    """
    known = {LOCK, SEAL, *layout.coords, *layout.variables}
    if strange := sorted(one.name for one in path.iterdir() if one.name not in known and ROOT not in one.name):
        raise Refused("This folder holds something else.", given=f"{path}: {', '.join(strange[:5])}",
                      instead=f'store="{free(path).name}"')  # fmt: skip
    memory = MemoryStore()
    group = zarr.create_group(memory, attributes={NAME: layout.told | {"versions": versions()}})
    _fill(group, layout)
    files = memory._store_dict  # pyright: ignore[reportPrivateUsage]
    for key in sorted(files, key=lambda key: key == ROOT):
        file = path / key
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(files[key].to_bytes())
        part.replace(file)


def _fill(group: Any, layout: Layout) -> None:
    sizes = {name: len(values) for name, (values, _, _) in layout.coords.items()}
    for name, (values, unit, said) in layout.coords.items():
        if not isinstance(values[0], str):  # Zarr 3 has no settled way to write words
            told = {"units": unit, "long_name": said}
            group.create_array(name, data=np.asarray(values), dimension_names=[name], attributes=told)
    subjects, chunk = len(layout.subjects), layout.chunk
    for name, (dims, dtype, unit, said) in layout.variables.items():
        rest, told = [sizes[dim] for dim in dims], {"units": unit, "long_name": said}
        group.create_array(
            name, shape=(subjects, layout.events, *rest), chunks=(1, chunk, *rest), dtype=dtype,
            fill_value=float("nan"), dimension_names=["subject", "event", *dims], attributes=told,
        )  # fmt: skip
    group.create_array(SEAL, shape=(subjects, -(-layout.events // chunk), 32), chunks=(1, 1, 32), dtype="uint8",
                       fill_value=0, dimension_names=["subject", "chunk", "byte"])  # fmt: skip


def room(path: Path, layout: Layout) -> set[int]:
    """For how many events every array has room: one number, but where growing was stopped half way.

    Raises:
        OSError, ValueError, KeyError: an array is missing, or damaged.
    """
    files = [path / name / ROOT for name in layout.variables]
    return {said(path)["events"], *(json.loads(one.read_text(encoding="utf-8"))["shape"][1] for one in files)}


def compare(path: Path, layout: Layout) -> None:
    """Refuse to go on with a store of other events, and name what differs.

    Raises:
        Refused: it does.
    """
    before, now = said(path)["made"], layout.told["made"]
    differs = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    if differs:
        told = [f"{name}={_short(now.get(name))}, there {_short(before.get(name))}" for name in differs]
        raise Refused("This store holds other events.", given="; ".join(told),
                      allowed=f"what {path} was begun with", instead=f'store="{free(path).name}"')  # fmt: skip


def _short(value: Any) -> str:
    """Equations of state by their labels, what they are told apart by in brackets; all else as it is."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        told = {label: one.get("fingerprint") or one.get("settings") for label, one in value}
        return ", ".join(f"{label} ({what})" if what else label for label, what in told.items())
    return f"({', '.join(map(str, value))})" if isinstance(value, list) else str(value)


def free(path: Path) -> Path:
    """A name beside ``path`` that is free."""
    tries = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(2, 1000))
    return next((one for one in tries if not one.exists()), path)


def said(path: Path) -> dict[str, Any]:
    """What the store says of itself.

    Raises:
        Refused: there is none, or what lies there is none of ours, or of another version.
    """
    try:
        told = json.loads((path / ROOT).read_text(encoding="utf-8"))["attributes"][NAME]
        version = told["schema"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused("There is no store of events here.", given=path,
                      instead=f'%eos generate store="{path.name}"') from None  # fmt: skip
    if version != SCHEMA:
        raise Refused("Another version of jupyter_phys has made this store.", given=f"{path}: version {version}",
                      allowed=f"version {SCHEMA}", instead=f'%eos generate store="{free(path).name}"')  # fmt: skip
    return told
