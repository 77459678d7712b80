"""Known answers of %eos: equations of state, exact flows, centrality, spectra, whole measurements, the meter."""

from jupyter_phys.core.calibration import Case
from jupyter_phys.instruments.eos.calibration import (
    bjorken,
    bulk,
    classes,
    doors,
    freeze_out,
    gubser,
    meter,
    tables,
    waves,
)

CASES: list[Case] = [
    *tables.CASES, *bjorken.CASES, *gubser.CASES, *waves.CASES, *freeze_out.CASES, *bulk.CASES, *classes.CASES,
    *doors.CASES, *meter.CASES,
]  # fmt: skip
