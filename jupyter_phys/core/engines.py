"""Where jobs run: here, in threads, in worker processes that may die, on a cluster; and how they are stopped."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import time
import uuid
from collections.abc import Generator, Iterable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import cloudpickle
import torch

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.progress import Meter, Stopped
from jupyter_phys.core.run import untouched
from jupyter_phys.core.sweep import Outcome, Sweep

CHUNKS_A_WORKER = 4
RETRIES = 3  # how often workers may die in a row with no job finished between
LOOK = 0.01  # seconds between two looks at jobs that are about to stop


def shares(engine: str | Executor, workers: int) -> int:
    """Into how many parts the subjects are cut, so that nobody waits long for the last."""
    return 1 if engine == "inline" else CHUNKS_A_WORKER * _width(engine, workers)


def _width(engine: str | Executor, workers: int) -> int:
    client = _client() if engine == "dask" else getattr(engine, "_client", None)
    if client is not None:
        return max(1, sum(client.ncores().values()))
    return int(getattr(engine, "_max_workers", 0) or workers or os.cpu_count() or 1)


def run(sweep: Sweep, engine: str | Executor, workers: int) -> None:
    """Run every job of ``sweep`` on the engine.

    Raises:
        Refused: no such engine here, a job that cannot travel, or workers that keep dying.
    """
    if engine == "inline":
        for index in range(len(sweep.jobs)):
            sweep.here(index)
        return
    deaths = 0
    while True:
        finished = len(sweep.done)
        try:
            with _pool(engine, workers) as executor:
                return _collect(sweep, executor)
        except BrokenExecutor as reason:
            deaths = deaths + 1 if len(sweep.done) == finished else 1
            if isinstance(engine, Executor):
                cure = "engine=processes, which replaces dead workers"
                raise Refused("A worker of this executor died.", given=type(engine).__name__, instead=cure) from reason
            if deaths > RETRIES:
                cure = "engine=inline, or a smaller memory= for each worker"
                raise Refused(f"Workers died {deaths} times in a row.", instead=cure) from reason


def _collect(sweep: Sweep, executor: Executor) -> None:
    home = f"{_here()} {uuid.uuid4().hex}"
    _AT_HOME[home] = sweep
    futures: dict[Future[Outcome], int] = {}
    try:
        parcel = _Parcels(executor)
        for index in range(len(sweep.jobs)):
            if index not in sweep.done:
                job = sweep.jobs[index]
                errand = Errand(home, index, parcel.pack(job.without_inputs()))
                futures[executor.submit(errand, parcel(job.inputs))] = index
        for future in as_completed(futures):
            outcome, index = _result(future), futures[future]
            if index not in sweep.done:  # it was elsewhere: jobs in this process count themselves
                sweep.done[index] = outcome
                sweep.meter.advance(1.0)
    except (KeyboardInterrupt, Stopped):
        sweep.meter.stop()
        if executor not in _OURS:
            _cancelled(futures)
        raise
    except Exception:
        wait(_cancelled(futures))  # what runs comes to its end
        raise
    finally:
        while sweep.busy:
            time.sleep(LOOK)
        for future in futures:
            if future.done() and not future.cancelled() and future.exception() is None:
                sweep.done.setdefault(futures[future], future.result())


def _cancelled(futures: Iterable[Future[Outcome]]) -> list[Future[Outcome]]:
    """Cancel what has not begun; the others are given back."""
    return [future for future in futures if not future.cancel()]


def _result(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except CancelledError as reason:  # not by us: a cluster lost what it needs with a worker
        raise BrokenExecutor("a worker died") from reason


# Loky's, which end with all they hold at a stop; they stumble over futures that were cancelled before.
_OURS: WeakSet[Executor] = WeakSet()
_AT_HOME: WeakValueDictionary[str, Sweep] = WeakValueDictionary()


def _here() -> str:
    return f"{platform.node()}:{os.getpid()}"


@dataclass(frozen=True)
class Errand:
    """A job given to an executor: where it comes from, its number there, and the job as it travels."""

    home: str
    index: int
    job: bytes

    def __call__(self, inputs: Any) -> Outcome:
        """In the process it comes from it works on the sweep itself, which can be stopped; elsewhere on a copy."""
        if not self.home.startswith(_here() + " "):
            return remotely(self.job, inputs)
        sweep = _AT_HOME.get(self.home)
        if sweep is None:
            raise Stopped  # the measurement is over
        sweep.here(self.index)
        return sweep.done[self.index]


def remotely(job: bytes, inputs: bytes) -> Outcome:
    """Run a pickled job in a worker, which may be the user's own: one thread a process, no progress of its own."""
    with untouched():
        torch.set_num_threads(1)
        sweep = Sweep([cloudpickle.loads(job).with_inputs(cloudpickle.loads(inputs))], Meter("", shown=False))
        sweep.here(0)
        return sweep.done[0]


class _Parcels:
    """Packs what travels: inputs once for all jobs, nothing for threads."""

    def __init__(self, executor: Executor) -> None:
        self._threads = isinstance(executor, ThreadPoolExecutor)
        self._scatter = getattr(getattr(executor, "_client", None), "scatter", None)
        self._packed: dict[int, Any] = {}

    def __call__(self, inputs: Any) -> Any:
        """The inputs of a job as they travel."""
        if id(inputs) not in self._packed:
            packed = self.pack(inputs)
            # a copy for every worker, as one of them may die
            self._packed[id(inputs)] = self._scatter(packed, hash=False, broadcast=True) if self._scatter else packed
        return self._packed[id(inputs)]

    def pack(self, one: Any) -> bytes:
        """By value, so that what a cell defined travels too."""
        if self._threads:
            return b""
        try:
            return cloudpickle.dumps(one)
        except Exception as reason:  # whatever a stranger's __reduce__ raises
            said = f"{type(reason).__name__}: {reason}"
            cure = "engine=threads or engine=inline"
            raise Refused("This cannot travel to another process.", given=said, instead=cure) from reason


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter interrupts the whole process group


@contextlib.contextmanager
def _pool(engine: str | Executor, workers: int) -> Generator[Executor, None, None]:
    if isinstance(engine, Executor):
        yield engine
    elif engine == "threads":
        with ThreadPoolExecutor(_width(engine, workers)) as threads:
            yield threads
    elif engine == "dask":
        yield _client().get_executor(pure=False)
    else:
        from loky import get_reusable_executor

        pool: Any = get_reusable_executor(max_workers=_width(engine, workers), timeout=300, initializer=_deaf)
        _OURS.add(pool)
        try:
            yield pool
        except (KeyboardInterrupt, Stopped):
            pool.shutdown(wait=True, kill_workers=True)
            raise


def _client() -> Any:
    try:
        from distributed import get_client

        return get_client()
    except ImportError as reason:
        raise Refused("The dask engine is not installed.", instead="pip install 'jupyter-phys[cluster]'") from reason
    except ValueError as reason:
        start = "from dask.distributed import Client; client = Client()"
        raise Refused("No dask client is connected.", instead=start) from reason
