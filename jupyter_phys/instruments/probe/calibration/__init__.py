"""Known answers of %probe."""

from jupyter_phys.instruments.probe.calibration import functions, networks

CASES = [*functions.CASES, *networks.CASES]
