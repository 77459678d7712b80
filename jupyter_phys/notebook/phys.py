"""%phys: the bench itself — device, session, instruments, calibration, readings, tutorials."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jupyter_phys
from jupyter_phys.core import instrument
from jupyter_phys.core.errors import Refused, unknown
from jupyter_phys.core.session import HOW, session
from jupyter_phys.figures.panel import Cell, Note, Table
from jupyter_phys.notebook.show import Page

HERE = Path(jupyter_phys.__file__).parent


def run(line: str) -> Any:
    """Do what ``%phys LINE`` asks for."""
    word, _, rest = line.strip().rstrip(";").partition(" ")
    tasks: dict[str, Callable[[str], Any]] = {
        "": lambda _: overview(), "check": _check, "readings": lambda _: readings(), "tutorial": _tutorial,
    }  # fmt: skip
    if word not in tasks:
        raise unknown("task of %phys", word, [name for name in tasks if name])
    return tasks[word](rest.strip())


def overview() -> Page:
    """Device and memory, session, front end, and every instrument in a line."""
    from jupyter_phys.core.reading import taken

    said = {"device": device(), "front end": front_end(), "readings taken": str(len(taken()))}
    units = {"memory": " GiB"}
    said |= {name: f"{getattr(session(), name)}{units.get(name, '')}" for name in HOW if name != "device"}
    bench = Table(
        "Bench",
        ["", ""],
        [list(pair) for pair in said.items()],
        note="Change with %config JupyterPhys.device = 'cpu' and so on.",
    )
    lines = [_line(name) for name in instrument.packages()]
    notes = [Note("warning", why) for _, why in lines if why]
    return Page(
        "jupyter_phys", [bench, Table("Instruments", ["magic", "what it measures"], [row for row, _ in lines])], notes
    )


def _line(name: str) -> tuple[list[Cell], str]:
    """An instrument in a line; a broken one (somebody's package) does not take the others along."""
    try:
        card = instrument.find(name).card
        return [f"%{name}", "; ".join(task.title for task in card.tasks.values())], ""
    except Refused as refusal:
        return [f"%{name}", "does not load"], refusal.what


def device() -> str:
    """The device that a measurement would take, and its memory."""
    import torch

    from jupyter_phys.core.run import GIB, device_name, find_device

    found = find_device(session().device)
    if found.type == "cuda":
        free, total = torch.cuda.mem_get_info(found)
        return f"{found} ({device_name(found)}), {free / GIB:.1f} of {total / GIB:.1f} GiB free"
    import psutil

    memory = psutil.virtual_memory()
    threads = torch.get_num_threads()
    free = f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free"
    return f"{found} ({threads} thread{'s' * (threads > 1)}), {free}"


def front_end() -> str:
    """Whether the page's part was built and installed."""
    places = [HERE / "labextension", Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "jupyter-phys"]
    built = any((place / "package.json").is_file() for place in places)
    return "built" if built else "not built (readings show as tables and pictures; see README)"


def readings() -> Page:
    """The readings of this session."""
    from jupyter_phys.core.reading import taken

    rows: list[list[Cell]] = [
        [i, one.record.started, f"%{one.record.instrument} {one.record.task}", one.title, f"{one.record.seconds:.2f}"]
        for i, one in enumerate(taken())
    ]
    columns = ["number", "started", "magic", "title", "seconds"]
    return Page("Readings", [Table("Readings of this session", columns, rows, note="jupyter_phys.taken()[number]")])


def _check(name: str) -> Any:
    from jupyter_phys.core.calibration import check

    if name:
        return check(name)
    loads = {one: _line(one)[1] for one in instrument.packages()}
    checked = [check(one) for one, why in loads.items() if not why]
    if len(loads) == 1 == len(checked):
        return checked[0]
    notes = [Note("warning", why) for why in loads.values() if why]
    notes += [note for one in checked for note in one.notes]
    named = [replace(panel, title=f"%{one.record.instrument}") for one in checked for panel in one.panels()]
    return Page("Calibration", named, notes)


def tutorials() -> dict[str, Path]:
    """Tutorial notebooks by their number."""
    for place in (HERE / "notebooks", HERE.parent / "notebooks"):
        found = sorted(place.glob("[0-9][0-9]_*.ipynb"))
        if found:
            return {path.name.split("_")[0]: path for path in found}
    return {}


def _tutorial(number: str) -> Page:
    known = tutorials()
    if not number:
        rows: list[list[Cell]] = [[key, path.stem.split("_", 1)[1].replace("_", " ")] for key, path in known.items()]
        return Page(
            "Tutorials", [Table("Tutorials", ["number", "title"], rows, note="%phys tutorial NUMBER copies one here")]
        )
    if number not in known:
        raise unknown("tutorial", number, known)
    goal = Path.cwd() / known[number].name
    if goal.exists():
        raise Refused("You have this tutorial already; it is not overwritten.", given=goal, instead=f"open {goal.name}")
    shutil.copyfile(known[number], goal)
    return Page("Tutorial", [Table("Copied", ["file"], [[str(goal)]])])
