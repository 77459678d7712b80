"""How good answers are: shares with intervals, reliability of probabilities, confusion."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Z95 = 1.959963984540054
BINS = 10


class Share(NamedTuple):
    """A share with its standard error and the limits of 95 %."""

    value: float
    se: float
    low: float
    high: float


def wilson(share: float, count: float, z: float = Z95) -> tuple[float, float]:
    """Limits of a share of ``count`` independent trials: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927)."""
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def share(right: NDArray[Any], event: NDArray[Any]) -> Share:
    """Share of what is right [n] (0 to 1); spectra of one event count together where they are right together."""
    n = len(right)
    if n == 0:
        return Share(*[math.nan] * 4)
    value = float(np.mean(right))
    count = n / max(1.0, _design(np.asarray(right, float), event))
    hits = value * count
    se = math.sqrt((hits + 1) * (count - hits + 1) / ((count + 2) ** 2 * (count + 3)))  # of a flat prior
    return Share(value, se, *wilson(value, count))


def _design(right: Array, event: NDArray[Any]) -> float:
    """Variance of the mean of clusters over that of independent trials."""
    n, value = len(right), float(right.mean())
    if not 0 < value < 1:
        return float(np.unique(event, return_counts=True)[1].mean())  # nothing shows how alike they are
    _, which = np.unique(event, return_inverse=True)
    off = np.bincount(which, right - value)
    return float((off**2).sum() / (n * value * (1 - value)))


class Reliability(NamedTuple):
    """Confidence, share that is right and answers in every bin [bin], and the expected calibration error."""

    confidence: Array
    right: Array
    answers: Array
    error: float


def reliability(probability: Array, label: NDArray[Any], bins: int = BINS) -> Reliability:
    """Probabilities [n, class] of the answers, which lie between 1/classes and 1, against how often they are right.

    The expected calibration error is the mean distance of both, over spectra.
    """
    answer, least = probability.argmax(1), 1 / probability.shape[1]
    confidence, right = probability.max(1), (answer == label).astype(float)
    which = np.clip(((confidence - least) / (1 - least) * bins).astype(int), 0, bins - 1)
    count = np.bincount(which, minlength=bins).astype(float)
    sums = (np.bincount(which, one, minlength=bins) for one in (confidence, right))
    mean = [np.divide(one, count, out=np.full(bins, np.nan), where=count > 0) for one in sums]
    error = float(np.nansum(count * np.abs(mean[0] - mean[1])) / max(len(label), 1))
    return Reliability(mean[0], mean[1], count, error)


def confusion(answer: NDArray[Any], label: NDArray[Any], classes: int) -> Array:
    """Counts [truth, answer]."""
    return np.bincount(label * classes + answer, minlength=classes**2).reshape(classes, classes).astype(float)
