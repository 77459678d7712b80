"""Live sliders: a second display beside a reading, which measures again whenever a setting is moved."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
from IPython.display import display

import jupyter_phys
from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.instrument import BoundTask
from jupyter_phys.core.measure import Plan, explore, plan, take
from jupyter_phys.core.progress import Meter, seldom
from jupyter_phys.core.reading import Reading
from jupyter_phys.core.settings import Settings
from jupyter_phys.core.subject import axis_values
from jupyter_phys.figures.payload import buffered
from jupyter_phys.notebook.turns import turns
from jupyter_phys.notebook.worker import Worker

STATIC = Path(jupyter_phys.__file__).parent / "static"
MIME = "application/vnd.jupyter-phys.live.v1+json"
REST = 0.15  # seconds from a draft to the measurement: time for the page to paint, and for the slider to move on
LEAVE = 5  # seconds that closing waits for a step to end
CLOSED = "These live sliders are closed. Run the cell to open them again."


def built(name: str) -> Path | str:
    """A file of the front end; nothing where it is not built."""
    return STATIC / name if (STATIC / name).is_file() else ""


@dataclass(frozen=True)
class Call:
    """A magic line taken apart: values to measure with, and the text from which a new line is made."""

    task: BoundTask
    subject: Any
    options: Mapping[str, Any]
    subject_text: str
    option_texts: Mapping[str, str]

    @functools.cached_property
    def named(self) -> list[Settings]:
        """The subjects that have settings of their own."""
        found = plan(self.task, self.subject, self.options, draft=True).subjects.values()
        return [one for one in found if isinstance(one, Settings)]

    @functools.cached_property
    def schema(self) -> dict[str, Any]:
        """What the controls are made from: every setting that has one value, the same for all subjects."""
        whole = self.task.schema(dict.fromkeys(type(one) for one in self.named))
        listed = {name for name, value in self.options.items() if axis_values(value) is not None}
        listed |= {name for name, values in self._own().items() if any(one != values[0] for one in values)}
        kept = {name: one for name, one in whole["properties"].items() if name not in listed}
        return whole | {"properties": kept}

    @property
    def values(self) -> dict[str, Any]:
        """The settings with a control that were given in the line, and those that the subjects bring along."""
        own = {name: values[0] for name, values in self._own().items()}
        return {name: value for name, value in (own | dict(self.options)).items() if name in self.schema["properties"]}

    def _own(self) -> dict[str, list[Any]]:
        """The subjects' own settings that some of them changed, with a value for each subject that has them."""
        names = {name for one in self.named for name in one.changed()}
        return {name: [getattr(one, name) for one in self.named if name in one.options()] for name in sorted(names)}

    def told(self) -> dict[str, Any]:
        """What the page must know: the line's parts, the schema, and the first values."""
        fixed = (f"{n}={text}" for n, text in self.option_texts.items() if n not in self.schema["properties"])
        task = self.task.name if self.task.name != self.task.instrument.card.default else ""
        line = {"magic": self.task.instrument.card.name, "task": task, "subject": self.subject_text}
        return {"call": {**line, "fixed": " ".join(fixed)}, "schema": self.schema, "values": self.values}

    def plan(self, values: Mapping[str, Any], *, draft: bool) -> Plan:
        """The measurement with other values of the controls, or a draft of it.

        Raises:
            Refused: a value that is not allowed.
        """
        fixed = {name: value for name, value in self.options.items() if name not in self.schema["properties"]}
        return plan(self.task, self.subject, fixed | {n: _tupled(value) for n, value in values.items()}, draft=draft)

    def explore(
        self, values: Mapping[str, Any], question: Mapping[str, Any], stopping: threading.Event
    ) -> tuple[Any, Any, Any]:
        """A finer cut through what was measured with these values, see ``explore`` of the task; in float32."""
        meter = Meter("", shown=False, stopping=stopping)
        asked = {name: one for name, one in question.items() if name in ("place", "frequency")}
        return explore(self.plan(values, draft=True), meter, **asked)


def _tupled(value: Any) -> Any:
    """JSON knows lists alone; a list would make an axis."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class Asked:
    """What a page wants: settings measured, or a question about what was measured answered."""

    view: str
    number: int
    content: dict[str, Any]

    @property
    def whom(self) -> dict[str, Any]:
        """To whom an answer goes."""
        return {"view": self.view, "number": self.number}


class Live(anywidget.AnyWidget):
    """The sliders of one line; :meth:`show` puts them on the page, the page or :meth:`close` takes them off."""

    _esm = built("live.js")
    _css = built("index.css")

    def __init__(self, shell: Any, call: Call, reading: Reading) -> None:
        super().__init__()
        self._call, self._reading, self._values = call, reading, call.values
        self._turns = turns(shell)
        self._worker = Worker[Asked](self._work)
        self._guide = Worker[Asked](self._explore)
        self._handle: Any = None
        self._cell = _cell(shell) or self.model_id
        self.on_msg(self._hear)

    def show(self) -> None:
        """Display the sliders in place of those that the same cell opened before; a file keeps one sentence of them."""
        if self._cell in _OPEN:
            _OPEN[self._cell].close()
        _OPEN[self._cell] = self
        data, metadata = self._repr_mimebundle_()  # pyright: ignore
        fallback = {MIME: {"closed": CLOSED}, "text/html": f"<p>{CLOSED}</p>", "text/plain": CLOSED}
        self._handle = display(data | fallback, metadata=metadata, raw=True, display_id=True)

    def close(self) -> None:
        """Stop the thread, free what it holds, close the comm and clear the display."""
        if _OPEN.get(self._cell) is self:
            del _OPEN[self._cell]
        for worker in (self._worker, self._guide):
            worker.close()
        self._turns.nudge()
        end = time.monotonic() + LEAVE
        for worker in (self._worker, self._guide):
            worker.join(timeout=max(0, end - time.monotonic()))
        if self._handle is not None and self.comm is not None:
            self.send({"type": "closed"})
            self._handle.update({"text/plain": ""}, raw=True)
        layout = self.layout  # pyright: ignore  a widget of its own, which ipywidgets would keep
        super().close()
        layout.close()

    def _hear(self, _: Any, said: dict[str, Any], buffers: Any) -> None:
        """A message from the page; comes in any thread."""
        view = str(said.get("view"))
        match said.get("type"):
            case "hello":
                self.send({"type": "controls", "view": view, **self._call.told(), "values": self._values})
                self._tell_reading(self._reading, {"view": view})
            case "measure":
                self._drop(self._worker.ask(Asked(view, int(said["number"]), said["values"])))
            case "explore":
                self._drop(self._guide.ask(Asked(view, int(said["number"]), said["question"])))
            case "cancel":
                self._worker.cancel()
                self._turns.nudge()
                self._tell_reading(self._reading, {"values": self._values})  # no draft stays
                self.send({"type": "stopped"})
            case "close":
                self.close()
            case _:
                pass

    def _drop(self, asked: Asked | None) -> None:
        """Tell a page that something newer came before what it wanted."""
        if asked is not None:
            self.send({"type": "dropped", **asked.whom})

    def _work(self, asked: Asked, worker: Worker[Asked]) -> None:
        """A draft, where the task makes drafts, and then the measurement; again if a cell had to go first."""
        while not worker.superseded and not worker.cancelled:
            try:
                self._measure(asked, worker)
                return
            except Interrupted:
                worker.stopping.clear()
            except Refused as refusal:
                return self.send({"type": "error", "text": str(refusal), **asked.whom})
            except Exception as error:  # whatever a stranger's callable raises belongs on the page
                return self.send({"type": "error", "text": f"{type(error).__name__}: {error}", **asked.whom})
        self._drop(asked)

    def _measure(self, asked: Asked, worker: Worker[Asked]) -> None:
        drafts = self._call.task.task.drafts
        for draft in (True, False) if drafts else (False,):
            worker.yields = not draft
            if drafts and not draft and not worker.rest(REST):
                raise Interrupted
            with self._turns.turn(worker.stopping, lambda: self.send({"type": "waiting", **asked.whom})):
                if worker.superseded:
                    raise Interrupted
                reading = take(self._call.plan(asked.content, draft=draft), self._meter(worker, asked), lambda one: one)
            if not draft:
                self._reading, self._values = reading, asked.content
            self._tell_reading(reading, {**asked.whom, "draft": draft, "values": asked.content})

    def _meter(self, worker: Worker[Asked], asked: Asked) -> Any:
        def told(part: float) -> None:
            self.send({"type": "progress", "part": round(part, 3), **asked.whom})

        return functools.partial(Meter, shown=False, told=seldom(told), stopping=worker.stopping)

    def _tell_reading(self, reading: Reading, more: dict[str, Any]) -> None:
        panels = reading.panels()
        payload, buffers = buffered(reading.title, panels, reading.notes, instrument=reading.record.instrument)
        known = {"settled": reading.record.facts.get("settled", {}), "seconds": reading.record.seconds}
        self.send({"type": "reading", "payload": payload, **known, **more}, buffers)

    def _explore(self, asked: Asked, worker: Worker[Asked]) -> None:
        """A cut through phase space at full resolution, for what somebody points at."""
        try:
            with self._turns.turn(worker.stopping):
                values, x, y = self._call.explore(self._values, asked.content, worker.stopping)
        except Interrupted:  # a cell goes first: the page asks again where it points next
            return self._drop(asked)
        except Exception as error:  # the page keeps what it has; it shows no error for a place pointed at
            return self.send({"type": "failed", "text": f"{type(error).__name__}: {error}", **asked.whom})
        packed = {"dtype": "f4", "shape": list(values.shape), "buffer": 0}
        answer = {"values": packed, "x": list(x), "y": list(y)}
        self.send({"type": "answer", "answer": answer, **asked.whom}, [values.astype("<f4").tobytes()])


_OPEN: dict[Any, Live] = {}


def _cell(shell: Any) -> Any:
    """What the page calls the running cell; None where it does not say."""
    parent = getattr(shell, "get_parent", dict)()
    return (parent.get("metadata") or {}).get("cellId")
