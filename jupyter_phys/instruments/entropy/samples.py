"""The fields used when none is given: real images and slices that come inside installed packages."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jupyter_phys.core.errors import Refused, unknown

Sample = NDArray[Any]
SIZE = 256
SIGNAL_LENGTH = 1024
BRAIN_SLICES = (70, 95)

DEFAULT = {"signal": "packet", "image": "camera", "mri": "head"}


def tone(shape: tuple[int, ...] | None) -> Sample:
    """A plane wave on a grid frequency, N/16 cycles in N samples."""
    n = (shape or (SIGNAL_LENGTH,))[-1]
    return np.exp(2j * math.pi * (n // 16) * np.arange(n) / n)


def packet(shape: tuple[int, ...] | None) -> Sample:
    """A Gaussian wave packet of standard deviation N/17, carrying N/80 cycles."""
    n = (shape or (SIGNAL_LENGTH,))[-1]
    at = np.arange(n) - n // 2
    return np.exp(-(at**2) / (2 * (60 * n / 1024) ** 2) + 2j * math.pi * round(n / 80) * at / n)


def camera(shape: tuple[int, ...] | None) -> Sample:
    """A photograph (scikit-image's camera, CC0), grey values 0 … 1."""
    from skimage import data

    return _resized(data.camera() / 255.0, shape or (SIZE, SIZE))


def head(shape: tuple[int, ...] | None) -> Sample:
    """A sagittal MRI slice of a head (matplotlib's sample s1045), scaled to a maximum of 1."""
    from matplotlib import cbook

    opened: Any = cbook.get_sample_data("s1045.ima.gz")
    with opened as file:
        image = np.frombuffer(file.read(), "<u2").reshape(256, 256).astype(np.float64)
    return _resized(image / image.max(), shape or (SIZE, SIZE))


def brain(shape: tuple[int, ...] | None) -> Sample:
    """Two axial slices of the MNI152 T1 template (in nilearn), zero-padded to a square, scaled to 1."""
    try:
        from nilearn.datasets import load_mni152_template
    except ImportError as reason:
        raise Refused("The brain slices come with nilearn.", instead="pip install 'jupyter-phys[mri]'") from reason
    volume: Any = load_mni152_template(resolution=1).get_fdata()
    slices = [_squared(volume[:, :, z] / volume[:, :, z].max()) for z in BRAIN_SLICES]
    return np.stack([_resized(one, shape or (128, 128)) for one in slices])


def _squared(image: Sample) -> Sample:
    side = max(image.shape)
    before = [(side - n) // 2 for n in image.shape]
    return np.pad(image, [(b, side - n - b) for b, n in zip(before, image.shape, strict=True)])


def _resized(image: Sample, shape: tuple[int, ...]) -> Sample:
    if image.shape == shape:
        return image
    from skimage.transform import resize

    return np.asarray(resize(image, shape, anti_aliasing=True))


SAMPLES: dict[str, Callable[[tuple[int, ...] | None], Sample]] = {
    "tone": tone, "packet": packet, "camera": camera, "head": head, "brain": brain,
}  # fmt: skip


@functools.lru_cache(4)
def sample(name: str, shape: tuple[int, ...] | None) -> Sample:
    """A built-in field by name, resized to ``shape`` where one is asked for.

    Raises:
        Refused: no sample of that name.
    """
    if name not in SAMPLES:
        raise unknown("built-in signal", name, SAMPLES)
    return SAMPLES[name](shape)
