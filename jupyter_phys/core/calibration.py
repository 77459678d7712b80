"""Known answers, which anybody can run: ``jp.check("entropy")``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
import xarray as xr

from jupyter_phys.core.errors import Interrupted, Refused
from jupyter_phys.core.instrument import Instrument, find
from jupyter_phys.core.progress import Interrupts, Meter, Stopped
from jupyter_phys.core.reading import Reading, remember
from jupyter_phys.core.record import Record, versions
from jupyter_phys.core.run import Run, device_name, untouched
from jupyter_phys.core.session import session
from jupyter_phys.core.settings import Settings
from jupyter_phys.figures.panel import Note, Panel, Table

PRECISIONS = ("float64", "float32")
TAKES = ("full", "precision", "device", "seed", "memory", "progress")  # it runs here, one case after the other


@dataclass(frozen=True)
class Case:
    """A known answer: ``compute(run)`` must come within ``tolerance`` of ``expected``.

    ``tolerance32`` holds in float32 (None: not asked there); ``below``/``above`` make it a bound;
    ``slow`` leaves it to ``full=True``.
    """

    name: str
    compute: Callable[[Run], float]
    expected: float
    tolerance: float
    source: str
    tolerance32: float | None = None
    bound: str = "equal"  # equal, below, above
    slow: bool = False
    unit: str = "nat"

    def allowed(self, precision: str) -> float | None:
        """The tolerance in that precision."""
        return self.tolerance if precision == "float64" else self.tolerance32

    def passes(self, got: float, precision: str) -> bool:
        """Whether ``got`` is a right answer; NaN never is."""
        allowed = self.allowed(precision)
        assert allowed is not None
        excess = {"equal": abs(got - self.expected), "below": got - self.expected, "above": self.expected - got}[
            self.bound
        ]
        return not math.isnan(got) and excess <= allowed


def check(name: str, *, full: bool = False, precision: str | None = None, **how: Any) -> Reading:
    """Run the calibration of an instrument in float64 and float32 (or one of them).

    Args:
        name: the instrument.
        full: the slow gates too.
        precision: ``"float64"`` or ``"float32"``; None runs both.
        how: device, seed, memory, progress as for a measurement.

    Raises:
        Refused: no such instrument, or a name that a calibration does not take.
        Interrupted: stopped; ``.reading`` holds the cases that were run.
    """
    instrument = find(name)
    for one in sorted({n for n, v in how.items() if v is not None} - set(TAKES)):
        raise Refused(f"A calibration takes no {one!r}.", given=f"{one}={how[one]!r}", allowed=", ".join(TAKES))
    chosen = session().how(
        {n: v for n, v in how.items() if v is not None} | ({"precision": precision} if precision else {})
    )
    asked = [
        (case, kind) for kind in ((precision,) if precision else PRECISIONS) for case in _cases(instrument, full, kind)
    ]
    rows: list[dict[str, Any]] = []
    started = time.time()
    with Interrupts() as interrupts, untouched(), Meter(f"check {name}", len(asked), shown=chosen["progress"]) as meter:
        stopped = False
        try:
            with interrupts.through():
                for case, kind in asked:
                    run = Run({**chosen, "precision": kind}, meter)
                    rows.append(_row(case, kind, run))
                    run.finish()
        except (KeyboardInterrupt, Stopped):
            stopped = True
        reading = _reading(instrument, rows, chosen, started, full, complete=len(rows) == len(asked))
        if stopped or interrupts.waiting:
            raise Interrupted(reading)  # no context: kept as the last exception, it would pin tensors in its frames
    return reading


def _cases(instrument: Instrument, full: bool, precision: str) -> Iterable[Case]:
    cases: list[Case] = instrument.part(instrument.card.calibration)
    return [case for case in cases if (full or not case.slow) and case.allowed(precision) is not None]


def _row(case: Case, precision: str, run: Run) -> dict[str, Any]:
    got = float(case.compute(run))
    return {
        "case": f"{case.name} ({precision})", "expected": case.expected, "got": got,
        "tolerance": case.allowed(precision), "passed": case.passes(got, precision),
        "bound": case.bound, "source": case.source, "unit": case.unit,
    }  # fmt: skip


def _reading(
    instrument: Instrument,
    rows: list[dict[str, Any]],
    how: dict[str, Any],
    started: float,
    full: bool,
    *,
    complete: bool,
) -> Reading:
    columns = {
        name: [row[name] for row in rows]
        for name in ("expected", "got", "tolerance", "passed", "bound", "source", "unit")
    }
    kinds = {"expected": float, "got": float, "tolerance": float, "passed": np.int8}
    variables = {n: ("case", np.array(v, dtype=kinds.get(n, object)), _attrs(n)) for n, v in columns.items()}
    names = np.array([row["case"] for row in rows], dtype=object)
    failed = [row["case"] for row in rows if not row["passed"]]
    title = f"Calibration of {instrument.card.name}: {len(rows) - len(failed)} of {len(rows)} known answers met"
    device = Run(how, Meter("", shown=False)).device
    record = Record(
        instrument=instrument.card.name, task="check", settings={"full": full}, seed=how["seed"], device=str(device),
        device_name=device_name(device), precision=how["precision"], engine="inline",
        threads=torch.get_num_threads(),
        memory_gib=how["memory"], started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        seconds=round(time.time() - started, 3), complete=complete, versions=versions(),
        notes=(Note("warning", f"Not met: {', '.join(failed)}"),) if failed else (),
    )  # fmt: skip
    data = xr.Dataset(
        variables, {"case": ("case", names, {"units": "", "long_name": "known answer"})}, {"title": title}
    )
    return remember(Reading(data, Settings(), record))


def _attrs(name: str) -> dict[str, str]:
    units = {"expected": "as in unit", "got": "as in unit", "tolerance": "as in unit"}
    return {"units": units.get(name, ""), "long_name": name}


def panels(reading: Reading) -> list[Panel]:
    """The calibration as a table."""
    data = reading.data
    signs = {"equal": "", "below": "≤ ", "above": "≥ "}
    rows = [
        [
            str(case), f"{signs[str(row.bound.item())]}{row.expected.item():.10g}", f"{row.got.item():.10g}",
            f"{row.tolerance.item():.1e}", str(row.unit.item()), "yes" if row.passed else "NO", str(row.source.item()),
        ]
        for case in data.case.values
        for row in [data.sel(case=case)]
    ]  # fmt: skip
    return [Table("Known answers", ["case", "expected", "got", "tolerance", "unit", "met", "source"], rows)]
