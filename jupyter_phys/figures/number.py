"""Numbers as physicists print them: 0.5023(12), 1.234(56)e-07, with the unit behind.

The error always keeps two significant digits (the Particle Data Group would drop one where they exceed 35), and
the value ends at the same decimal place; both are rounded half to even. The digits in brackets count in the last
place of the value, 0.5023(12) = 0.5023 ± 0.0012; where they reach across the point the point is written,
15.0(1.2). A common exponent stands outside when the number is below 1e-4 or from 1e6 on, or when its error does
not reach the ones: 1.23(45)e+04.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from numbers import Integral
from typing import SupportsFloat

from jupyter_phys.figures.panel import Cell

NOT_MEASURED = "not measured"

# Room for any double beside any error it can resolve; the user's own decimal context stays out of it.
_ROUND = Context(prec=60, rounding=ROUND_HALF_EVEN)
_RESOLVED = 1e-15  # a double holds nothing finer than this part of itself
_NUMBER = re.compile(r"-?(\d[\d.]*(e[+-]\d+)?|inf)(\([\d.?inf]+\)(e[+-]\d+)?)?( \S.*)?")


def number(value: SupportsFloat, error: SupportsFloat | None = None, *, digits: int = 4, unit: str = "") -> str:
    """``value`` with its standard error in brackets and its unit behind; both in that unit.

    An error of None, 0 or less than 1e-15 of the value says nothing, and the value stands alone with ``digits``
    significant digits (an integer with all of its own). An error of nan or inf prints as (?) or (inf). A value
    of nan is "not measured".
    """
    if digits < 1:
        raise ValueError(f"digits is {digits}, a number shows at least 1")
    size, spread = float(value), 0.0 if error is None else float(error)
    if spread < 0:
        raise ValueError(f"an error is {spread}, it cannot be negative")
    if math.isnan(size):
        return NOT_MEASURED
    if math.isinf(size):
        text = str(size)
    elif not math.isfinite(spread):
        text = _alone(value, digits) + ("(?)" if math.isnan(spread) else "(inf)")
    elif spread <= _RESOLVED * abs(size):
        text = _alone(value, digits)
    else:
        text = _with_error(_decimal(size), _decimal(spread))
    return f"{text} {unit}" if unit else text


def cell(value: Cell) -> str:
    """A cell of a table as text: numbers with four digits, truth as yes and no, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value)


def numeric(texts: list[str]) -> bool:
    """True for a column of numbers, which painters align to the right; gaps do not count."""
    told = [text for text in texts if text not in ("", NOT_MEASURED)]
    return bool(told) and all(_NUMBER.fullmatch(text) for text in told)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))  # the digits a person would type, not those of the binary fraction


def _round(value: Decimal, place: int) -> Decimal:
    return value.quantize(Decimal((0, (1,), place)), context=_ROUND)


def _scaled(value: Decimal, power: int) -> Decimal:
    return value.scaleb(power, context=_ROUND)


def _plain(top: int) -> bool:
    return -4 <= top < 6


def _fixed(value: Decimal, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not value else text  # no "-0.00"


def _alone(value: SupportsFloat, digits: int) -> str:
    if isinstance(value, Integral) and abs(int(value)) < 10**15:
        return str(int(value))
    exact = _decimal(float(value))
    if not exact:
        return "0"
    rounded = _round(exact, exact.adjusted() - digits + 1)
    top = rounded.adjusted()
    if _plain(top):
        return _trimmed(_fixed(_round(exact, min(0, top - digits + 1)), max(0, digits - 1 - top)))
    return f"{_trimmed(_fixed(_scaled(rounded, -top), digits - 1))}e{top:+03d}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _with_error(value: Decimal, error: Decimal) -> str:
    error = _round(error, error.adjusted() - 1)
    last = error.adjusted() - 1  # once more: 0.0996 has become 0.10
    error, value = _round(error, last), _round(value, last)
    top = max(value.adjusted(), error.adjusted()) if value else error.adjusted()
    if _plain(top) and last <= 0:
        return _bracketed(value, error, -last)
    return f"{_bracketed(_scaled(value, -top), _scaled(error, -top), top - last)}e{top:+03d}"


def _bracketed(value: Decimal, error: Decimal, decimals: int) -> str:
    if error >= 1:
        return f"{_fixed(value, decimals)}({_fixed(error, decimals)})"
    return f"{_fixed(value, decimals)}({int(_scaled(error, decimals))})"
