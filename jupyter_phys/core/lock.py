"""One at a time, among threads and processes of a machine."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

try:
    import fcntl as _fcntl
except ImportError:  # Windows: two processes may make the same, which does no harm
    _fcntl = None
fcntl: Any = _fcntl

PAUSE = 0.05  # seconds between two tries


@contextlib.contextmanager
def locked(path: Path, wait: Callable[[], object]) -> Generator[None, None, None]:
    """Hold the lock of that file, which is there only while somebody has it; the system frees it where he dies.

    ``wait`` is called between tries and may raise.
    """
    held = -1 if fcntl is None else _taken(path)
    while held is None:
        wait()
        time.sleep(PAUSE)
        held = _taken(path)
    try:
        yield
    finally:
        if held >= 0:
            path.unlink(missing_ok=True)  # while it is held: who waits for it will see that it is another one
            os.close(held)


def _taken(path: Path) -> int | None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:  # a file system without locks
        return descriptor
    os.close(descriptor)
    return None
