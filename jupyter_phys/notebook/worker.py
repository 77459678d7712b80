"""One thread that does what was asked last; what was asked in between is never begun."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Request = TypeVar("Request")


class Worker(Generic[Request]):
    """Calls ``work(request, self)`` in a thread of its own, for the newest request alone.

    While it works, ``stopping`` asks it to end at its next step: set by :meth:`cancel`, by :meth:`close`, and by a
    newer request once the work has said that it ``yields`` to one.
    """

    def __init__(self, work: Callable[[Request, Worker[Request]], None]) -> None:
        self.stopping = threading.Event()
        self.yields = False
        self.cancelled = False
        self._work = work
        self._bell = threading.Condition()
        self._next: Request | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="jupyter_phys live", daemon=True)
        self._thread.start()

    @property
    def superseded(self) -> bool:
        """Whether something newer waits, or nobody listens any more."""
        return self._next is not None or self._closed

    def rest(self, seconds: float) -> bool:
        """Wait; False as soon as something newer comes, or a stop."""
        with self._bell:
            return not self._bell.wait_for(lambda: self.superseded or self.stopping.is_set(), seconds)

    def ask(self, request: Request) -> Request | None:
        """Do this next, in place of what waited, which is given back."""
        with self._bell:
            displaced, self._next = self._next, request
            if self.yields:
                self.stopping.set()
            self._bell.notify_all()
            return displaced

    def cancel(self) -> None:
        """Stop what runs and forget what waits."""
        with self._bell:
            self._next, self.cancelled = None, True
            self.stopping.set()
            self._bell.notify_all()

    def close(self) -> None:
        """Stop for good; the thread ends soon, and with it all it holds."""
        with self._bell:
            self._next, self._closed = None, True
            self.stopping.set()
            self._bell.notify_all()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (request := self._taken()) is not None:
            self._work(request, self)
            del request

    def _taken(self) -> Any:
        with self._bell:
            self._bell.wait_for(lambda: self._next is not None or self._closed)
            request, self._next = self._next, None
            self.yields = self.cancelled = False
            if not self._closed:
                self.stopping.clear()
            return request
