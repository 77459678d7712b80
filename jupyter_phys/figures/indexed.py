"""A PNG in few colours, for heavy pictures. Imports Pillow, which matplotlib brings."""

from __future__ import annotations

import io
from typing import IO

import numpy as np
from PIL import Image

_FLAT = 16  # of 256 colours so many are kept exactly: the commonest ones


def few_colors(picture: IO[bytes]) -> bytes:
    """The same PNG in 256 colours, less than half the bytes.

    It is dithered, so that no false contours appear, but plain ground keeps its exact colour.
    """
    with Image.open(picture) as image:
        full, dpi = image.convert("RGB"), image.info["dpi"]
    flat = sorted(full.getcolors(full.width * full.height) or [], reverse=True)[:_FLAT]
    most = full.quantize(256 - _FLAT, method=Image.Quantize.MAXCOVERAGE)
    codes = np.array(full.quantize(palette=most, dither=Image.Dither.FLOYDSTEINBERG))
    colors = np.zeros((256, 3), dtype=np.uint8)
    colors[: 256 - _FLAT] = np.resize(most.getpalette() or [0], (256 - _FLAT, 3))
    dots = np.array(full)
    for code, (_, color) in enumerate(flat, start=256 - _FLAT):
        colors[code] = color
        codes[(dots == colors[code]).all(axis=2)] = code
    few = Image.fromarray(codes)
    few.putpalette(colors.tobytes())
    buffer = io.BytesIO()
    few.save(buffer, "png", optimize=True, dpi=dpi)
    return buffer.getvalue()
