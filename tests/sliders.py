"""Live sliders without a page: their messages are kept instead of sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jupyter_phys.notebook.live import Live


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


class Told(Live):
    """Live sliders whose messages are kept instead of sent."""

    def __init__(self, *what: Any) -> None:
        self.told: list[tuple[dict[str, Any], list[bytes]]] = []
        super().__init__(*what)

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        self.told.append((content, list(buffers or [])))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [said for said, _ in self.told if said["type"] == kind]

    def measure(self, number: int, **values: Any) -> None:
        self._hear(None, {"type": "measure", "view": "v", "number": number, "values": values}, [])

    def finals(self) -> list[int]:
        return [said["number"] for said in self.of("reading") if said.get("draft") is False]
