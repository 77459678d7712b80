"""What the side panel asks of a kernel: variables, instruments, device and memory; and the channel it asks through."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

from jupyter_phys.core import instrument
from jupyter_phys.core.errors import Refused
from jupyter_phys.core.instrument import BoundTask
from jupyter_phys.core.session import session
from jupyter_phys.notebook import variables

TARGET = "jupyter_phys.survey"
MOST = 300  # variables told; the last ones defined


def survey(namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> dict[str, Any]:
    """All of it, as JSON; ``hidden`` are names that the shell itself put into the namespace."""
    found = variables.listed(namespace, hidden)
    told = {"variables": found[-MOST:], "left_out": max(0, len(found) - MOST)}
    return {**told, "instruments": instruments(), "bench": bench()}


@lru_cache(maxsize=1)
def instruments() -> list[dict[str, Any]]:
    """Name, title and tasks of every instrument; a broken one says why it is."""
    return [_instrument(name) for name in instrument.packages()]


def _instrument(name: str) -> dict[str, Any]:
    try:
        found = instrument.find(name)
        # what measures while code runs is written by hand, over that code
        tasks = [_task(found.task(word)) for word, one in found.card.tasks.items() if not one.around]
        return {"name": name, "title": found.card.title, "tasks": tasks, "broken": ""}
    except Exception as reason:  # a stranger's package may raise anything
        why = reason.what if isinstance(reason, Refused) else f"{type(reason).__name__}: {reason}"
        return {"name": name, "title": "", "tasks": [], "broken": why}


def _task(task: BoundTask) -> dict[str, Any]:
    own = {word: kind.model_json_schema()["properties"] for word, kind in task.subjects.named.items()}
    said = {"name": task.name, "title": task.task.title, "accepts": task.subjects.accepts}
    return {**said, "named": own, "has_default": bool(task.subjects.default), "schema": task.schema()}


def bench() -> dict[str, Any]:
    """Where measurements run and what memory is free there, as far as that is known without starting anything."""
    torch = _started("torch")
    if torch is None:
        return {"device": session().device, "state": "not started", **_host()}
    if session().device.startswith(("auto", "cuda")) and torch.cuda.is_initialized():
        return _cuda(torch)
    threads = torch.get_num_threads()
    could = torch.version.cuda is not None and session().device != "cpu"
    state = "CUDA not started" if could else f"{threads} thread{'s' * (threads > 1)}"
    return {"device": session().device if could else "cpu", "state": state, **_host()}


def _cuda(torch: Any) -> dict[str, Any]:
    asked = None if session().device == "auto" else torch.device(session().device).index
    index = torch.cuda.current_device() if asked is None else asked
    free, total = torch.cuda.mem_get_info(index)
    name, taken = torch.cuda.get_device_name(index), torch.cuda.memory_reserved(index)
    return {"device": f"cuda:{index}", "state": name, "free": free, "total": total, "taken": taken}


def _started(name: str) -> ModuleType | None:
    """A module if it is imported, and wholly: another thread may be at it."""
    module = sys.modules.get(name)
    unfinished = getattr(getattr(module, "__spec__", None), "_initializing", False)
    return None if module is None or unfinished else module


def _host() -> dict[str, int]:
    import psutil

    memory = psutil.virtual_memory()
    return {"free": memory.available, "total": memory.total, "taken": psutil.Process().memory_info().rss}


def install(shell: Any) -> None:
    """Answer the side panel, where there is a kernel that can; look anew for what is installed."""
    variables.tasks.cache_clear()
    instruments.cache_clear()
    manager = _manager(shell)
    if manager is not None:
        manager.register_target(TARGET, lambda comm, message: _opened(shell, comm, message))


def uninstall(shell: Any) -> None:
    """Answer no longer."""
    manager = _manager(shell)
    if manager is not None and TARGET in getattr(manager, "targets", {}):
        manager.unregister_target(TARGET, None)


def _manager(shell: Any) -> Any:
    return getattr(getattr(shell, "kernel", None), "comm_manager", None)


def _opened(shell: Any, comm: Any, message: Any) -> None:
    """The first question may travel in the opening; later ones are messages."""
    comm.on_msg(lambda later: _answer(shell, comm, later))
    if message["content"]["data"]:
        _answer(shell, comm, message)


def _answer(shell: Any, comm: Any, message: Any) -> None:
    asked = message["content"]["data"].get("ask")
    try:
        if asked != "survey":
            raise Refused("This kernel does not know the question.", given=asked, allowed="survey")
        comm.send(survey(shell.user_ns, shell.user_ns_hidden))
    except Exception as reason:  # the panel shows it: there is no cell whose output it could be
        comm.send({"error": f"{type(reason).__name__}: {reason}"})
