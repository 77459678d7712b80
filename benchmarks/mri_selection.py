"""Gate M1: does the smallest |ΔS| find the sampling density that reconstructs a brain best, without reconstructing?

Two slices of the MNI152 T1 template at 128², lines and points, 1/4 and 1/8 of k-space: eight cases. In each, nine
exponents p of the polynomial density with four masks each, the same draws for every p. The best p is the one with the
highest PSNR of a wavelet reconstruction (FISTA, db4, 4 levels, threshold 0.005 on details, 80 iterations). Beside |ΔS|
stands the trivial baseline, the PSNR of the zero-filled picture. The gate asks the first four seeds; five more sets of
four show how much of the score is luck of the draw. It takes some minutes.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import pywt
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

import jupyter_phys as jp
from jupyter_phys.instruments.entropy.samples import BRAIN_SLICES, sample
from jupyter_phys.instruments.entropy.subjects import Polynomial

EXPONENTS = (0, 0.5, 1, 2, 3, 4, 6, 8, 12)
SEEDS = 4
SETS = 6
THRESHOLD, ITERATIONS, WAVELET, LEVELS = 0.005, 80, "db4", 4
Array = NDArray[Any]


class Case(NamedTuple):
    """One slice, geometry and acceleration; arrays over the exponents, means over the masks."""

    name: str
    delta: Array  # nat, signed
    zero_filled: Array  # dB
    reconstructed: Array  # dB

    @property
    def chosen(self) -> tuple[int, int, int]:
        """Places in EXPONENTS of the smallest |ΔS|, the best reconstruction, the best zero-filled picture."""
        return int(np.argmin(abs(self.delta))), int(np.argmax(self.reconstructed)), int(np.argmax(self.zero_filled))

    def agreement(self, criterion: Array) -> float:
        """Spearman correlation of a criterion (larger is better) with the reconstruction's PSNR."""
        return float(spearmanr(self.reconstructed, criterion).statistic)


def draw(geometry: Any, acceleration: int, seeds: range) -> Array:
    """Masks [exponent, seed, row, column], zero frequency at the corner."""
    families = [Polynomial(p=p, rate=1 / acceleration, centre=0.04, geometry=geometry) for p in EXPONENTS]
    drawn = [[one.draw((128, 128), -1, "corner", torch.Generator().manual_seed(s)) for s in seeds] for one in families]
    return np.array([[mask.numpy() for mask in row] for row in drawn])


def shrink(image: Array) -> Array:
    """Soft threshold on the wavelet details of complex images [..., row, column]."""
    mean, *details = pywt.wavedec2(image, WAVELET, "periodization", LEVELS)
    small = [tuple(pywt.threshold(part, THRESHOLD) for part in level) for level in details]
    return pywt.waverec2([mean, *small], WAVELET, "periodization")


def reconstruct(image: Array, masks: Array) -> Array:
    """FISTA (A. Beck, M. Teboulle 2009) from the samples of ``image`` that each mask keeps."""
    samples = masks * np.fft.fft2(image)
    x = z = np.fft.ifft2(samples)
    t = 1.0
    for _ in range(ITERATIONS):
        better = shrink(z + np.fft.ifft2(samples - masks * np.fft.fft2(z)))
        t, old = (1 + np.sqrt(1 + 4 * t**2)) / 2, t
        x, z = better, better + (old - 1) / t * (better - x)
    return x


def psnr(image: Array, pictures: Array) -> Array:
    """Of the magnitudes, in dB, with the largest value of ``image`` as peak."""
    error = ((abs(pictures) - image) ** 2).mean((-2, -1))
    return 10 * np.log10(image.max() ** 2 / error)


def measure(geometry: str, acceleration: int, seeds: range, brain: Array) -> list[Case]:
    """One case a slice."""
    masks = draw(geometry, acceleration, seeds)
    subjects = {str(i): mask for i, mask in enumerate(masks.reshape(-1, 128, 128))}
    reading = jp.entropy(subjects, kind="mri", signal=brain, dc="corner", curve=0, pictures=0, progress=False)
    shape = (len(EXPONENTS), len(seeds), len(brain))
    delta, zero_filled = (reading.data[name].values.reshape(shape).mean(1) for name in ("delta_S", "psnr"))
    return [
        Case(
            f"z = {z}, {geometry}, R = {acceleration}", delta[:, k], zero_filled[:, k],
            psnr(brain[k], reconstruct(brain[k], masks)).mean(1),
        )
        for k, z in enumerate(BRAIN_SLICES)
    ]  # fmt: skip


def measure_all(seeds: range, brain: Array) -> list[Case]:
    """The eight cases."""
    settings = itertools.product(("lines", "points"), (4, 8))
    return [case for geometry, acceleration in settings for case in measure(geometry, acceleration, seeds, brain)]


def pooled(sets: list[list[Case]]) -> list[Case]:
    """The cases averaged over all sets of seeds."""
    return [
        Case(same[0].name, *(np.mean(columns, 0) for columns in list(zip(*same, strict=True))[1:]))
        for same in zip(*sets, strict=True)
    ]


def report(cases: list[Case]) -> None:
    """A line a case: the p that each criterion chooses, and how well it orders all of them."""
    print(f"{'':24}{'p chosen by':>24}{'p best by':>12}{'Spearman':>22}")
    print(f"{'case':24}{'|ΔS|':>12}{'zero-filled':>12}{'wavelet':>12}{'|ΔS|':>10}{'zero-filled':>12}")
    for case in cases:
        by_delta, best, by_zero_filled = (EXPONENTS[i] for i in case.chosen)
        order = case.agreement(-abs(case.delta)), case.agreement(case.zero_filled)
        print(f"{case.name:24}{by_delta:12g}{by_zero_filled:12g}{best:12g}{order[0]:10.2f}{order[1]:12.2f}")


def score(title: str, cases: list[Case]) -> tuple[int, float]:
    """Print both criteria's scores; of |ΔS| the choices within one step and the median Spearman correlation."""
    criteria = {
        "|ΔS|": (0, [-abs(case.delta) for case in cases]),
        "zero-filled": (2, [case.zero_filled for case in cases]),
    }
    found: list[tuple[int, float]] = []
    for name, (place, values) in criteria.items():
        steps = [abs(case.chosen[place] - case.chosen[1]) for case in cases]
        order = [case.agreement(value) for case, value in zip(cases, values, strict=True)]
        found.append((sum(step <= 1 for step in steps), float(np.median(order))))
        print(
            f"{title:16}{name:12}{found[-1][0]} of {len(cases)} within one step, {steps.count(0)} exact; "
            f"Spearman median {found[-1][1]:.3f}, lowest {min(order):.2f}"
        )
    return found[0]


def main() -> None:
    """Measure, print, and hold the first four seeds against the gate."""
    brain = sample("brain", None)
    starts = range(0, SETS * SEEDS, SEEDS)
    sets = [measure_all(range(first, first + SEEDS), brain) for first in starts]
    report(sets[0])
    scores = [score(f"seeds {first}-{first + SEEDS - 1}", cases) for first, cases in zip(starts, sets, strict=True)]
    score(f"all {SETS * SEEDS} together", pooled(sets))
    near, median = scores[0]
    assert near >= 7, f"Gate M1 is not met: only {near} of 8 choices are within one step of the best; 7 are asked."
    assert median >= 0.95, f"Gate M1 is not met: the median Spearman correlation is {median:.3f}; 0.95 is asked."
    print("Gate M1 is met: 7 of 8 within one step and a median of 0.95 are asked of the first four seeds.")


if __name__ == "__main__":
    main()
