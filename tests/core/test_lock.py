"""A lock is for one at a time, and no trace of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_phys.core import lock
from jupyter_phys.core.lock import locked
from jupyter_phys.core.progress import Stopped

HOLDS = """
import sys, time
from pathlib import Path
from jupyter_phys.core.lock import locked
with locked(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_for_one_and_is_gone_afterwards(tmp_path: Path):
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(20):
            with locked(tmp_path / "lock", lambda: None):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert most == [1] and not list(tmp_path.iterdir())


def test_who_waits_may_give_up_and_the_dead_hold_nothing(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped), locked(tmp_path / "lock", stop):
        raise AssertionError("somebody else has it")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(20)
    with locked(tmp_path / "lock", stop):
        assert (tmp_path / "lock").exists()
    assert not list(tmp_path.iterdir())


def test_without_locks_of_the_system_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock, "fcntl", None)
    waited: list[None] = []
    with locked(tmp_path / "lock", lambda: waited.append(None)), locked(tmp_path / "lock", lambda: waited.append(None)):
        assert not waited and not (tmp_path / "lock").exists()
