"""Words and numbers on matplotlib figures: labels as they stand, lines that fit, ticks. Imports matplotlib."""

from __future__ import annotations

import math

from matplotlib.axis import Axis as DrawnAxis
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from jupyter_phys.figures.mark import Axis
from jupyter_phys.figures.scale import ends

# DejaVu Sans comes with matplotlib and lacks Chinese, Japanese and Korean; these have them, where installed.
_ASIAN = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans", "SimHei")
_NAMES_SHOWN = 60  # categories; of more only some are named
_RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STEPS = [1, 2, 2.5, 5, 10]


def families() -> list[str]:
    """Fonts for every letter that a label may hold, the first one for all it has."""
    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _ASIAN if name in installed)]


def plain(text: str) -> str:
    """Text that matplotlib prints as it stands: a ``$`` opens no formula, a control character is a blank."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text).replace("$", r"\$")


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> str:
    """``text`` in lines not wider than ``inches`` at ``size`` points; a word alone may be wider."""
    font = FontProperties(size=size, weight=weight)
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        width, _, _ = text_to_path.get_text_width_height_descent(longer, font, ismath=False)
        if lines and width <= inches * 72:
            lines[-1] = longer
        else:
            lines.append(word)
    return plain("\n".join(lines))


def set_ticks(drawn: DrawnAxis, axis: Axis, count: int, name_width: float) -> None:
    """About ``count`` ticks on a settled axis, or the names of its categories, ``name_width`` inches wide."""
    drawn.set_minor_locator(NullLocator())
    if axis.categories:
        places = range(0, len(axis.categories), math.ceil(len(axis.categories) / _NAMES_SHOWN))
        names = [wrapped(axis.categories[place], name_width, 8) for place in places]
        drawn.set_ticks(list(places), names, linespacing=1.05)
    elif axis.log:
        _set_log_ticks(drawn, axis, count)
    else:
        drawn.set_major_locator(MaxNLocator(count, steps=_STEPS))
        drawn.set_major_formatter(_Plain())


def _set_log_ticks(drawn: DrawnAxis, axis: Axis, count: int) -> None:
    low, high = ends(axis)
    decades = math.log10(high / low)
    plain_numbers = low >= 1e-4 and high <= 1e5
    drawn.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    if decades < 0.9:
        drawn.set_major_locator(MaxNLocator(count, steps=_STEPS))
        drawn.set_major_formatter(_Plain())
        return
    if plain_numbers and decades < 2.6:
        drawn.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        drawn.set_major_locator(LogLocator(numticks=max(3, count)))
    drawn.set_major_formatter(FuncFormatter(_number if plain_numbers and decades < 4 else _power))
    if decades < 8:
        drawn.set_minor_locator(LogLocator(subs=range(2, 10), numticks=99))


class _Plain(ScalarFormatter):
    """Tick labels without formulas, which take long to set; the common power of ten is 10⁻⁷ and not 1e-7."""

    def get_offset(self) -> str:
        factor, _, exponent = super().get_offset().partition("e")
        return f"×10{exponent.translate(_RAISED)}" if exponent and factor == "1" else f"{factor}{exponent}"


def _number(value: float, _: object) -> str:
    return f"{value:g}"


def _power(value: float, _: object) -> str:
    """10⁻⁷, or 2×10⁻⁷ between the powers."""
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = f"{value / 10.0**exponent:.3g}"
    raised = f"10{str(exponent).translate(_RAISED)}"
    return raised if factor == "1" else f"{factor}×{raised}"
