"""Arrays as plain JSON: a list of numbers when short, else codes of 16 bits (or 8, where colours are all) in base64.

A list holds the values rounded to seven significant digits (to more where all lie close together); null is a value
that was not measured, or is infinite. Everything else is an object:

=========  =============================================================================================
key        meaning
=========  =============================================================================================
dtype      "u2": codes are unsigned 16-bit integers, the low byte first
shape      lengths of the dimensions; the last one runs fastest
low, high  the values of the codes 0 and 65533
scale      "linear": value = low + (high - low) * code / 65533
           "log": value = low * (high / low) ** (code / 65533)
b64        the codes, base64
=========  =============================================================================================

Code 65534 is zero or less on a "log" scale, and reads as 0. Code 65535 is a value that was not measured, or is
infinite. So a linear value is off by no more than (high - low) / 131066, and a logarithmic one by no more than a
part ln(high / low) / 131066 of itself. With dtype "u1" codes have 8 bits, and 253, 254 and 255 stand for 65533,
65534 and 65535.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from jupyter_phys.figures.mark import Array

TOP = 65533  # the code of ``high``; the next is zero or less on a logarithmic scale, the last one is missing
COARSE_TOP = 253  # of 8 bits
SHORT = 128  # a series of up to so many numbers stays readable
_DIGITS = 7
_ALL_DIGITS = 17  # what a double holds

Packed = list[float | None] | dict[str, Any]


def pack(values: Array, *, log: bool = False, coarse: bool = False) -> Packed:
    """``values`` of any shape as JSON; ``log`` says that their ratios matter, ``coarse`` that 8 bits are enough."""
    short = values.ndim == 1 and values.size <= SHORT
    return rounded(values) if short else _coded(values, log, COARSE_TOP if coarse else TOP)


def decode(packed: Packed) -> Array:
    """The values that ``pack`` put into JSON, nan where none was measured."""
    if isinstance(packed, list):
        return np.array([math.nan if value is None else value for value in packed], dtype=np.float64)
    codes = np.frombuffer(base64.b64decode(packed["b64"]), dtype=f"<{packed['dtype']}").reshape(packed["shape"])
    top = COARSE_TOP if packed["dtype"] == "u1" else TOP
    part = codes / top
    low, high = packed["low"], packed["high"]
    if packed["scale"] == "log":
        values = np.exp((1 - part) * math.log(low) + part * math.log(high))
        values[codes == top + 1] = 0.0
    else:
        values = (1 - part) * low + part * high
    values[codes == top + 2] = math.nan
    return values


def rounded(values: Array) -> list[float | None]:
    """Numbers for JSON, with the digits that tell neighbours apart and no more."""
    finite = values[np.isfinite(values)]
    digits = _DIGITS
    if finite.size:
        size, span = float(np.abs(finite).max()), float(finite.max() / 2 - finite.min() / 2)
        digits += math.ceil(math.log10(size / span / 2)) if size > 2 * span > size * 1e-15 else 0
    digits = min(digits, _ALL_DIGITS)
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values.tolist()]


def _coded(values: Array, log: bool, top: int) -> dict[str, Any]:
    finite = np.isfinite(values)
    shown = finite & (values > 0) if log else finite
    low, high = (float(values[shown].min()), float(values[shown].max())) if shown.any() else (1.0, 1.0)
    dtype = "u2" if top == TOP else "u1"
    codes = np.full(values.shape, top + 2, dtype=f"<{dtype}")
    codes[shown] = np.rint(top * _part(values[shown], low, high, log)).astype(codes.dtype)
    codes[finite & ~shown] = top + 1
    return {
        "dtype": dtype,
        "shape": list(values.shape),
        "low": low,
        "high": high,
        "scale": "log" if log else "linear",
        "b64": base64.b64encode(codes.tobytes()).decode("ascii"),
    }


def _part(values: Array, low: float, high: float, log: bool) -> Array:
    """Where values lie between low and high, 0 to 1."""
    if log:
        values, low, high = np.log(values), math.log(low), math.log(high)
    half = high / 2 - low / 2  # the whole range of large numbers could overflow
    return np.clip((values / 2 - low / 2) / half, 0, 1) if half else np.zeros(values.shape)
