"""Known answers of %entropy: the entropy of known fields, and what sampling does to it."""

from jupyter_phys.core.calibration import Case
from jupyter_phys.instruments.entropy.calibration.fields import FIELDS
from jupyter_phys.instruments.entropy.calibration.sampling import SAMPLING

CASES: list[Case] = [*FIELDS, *SAMPLING]
