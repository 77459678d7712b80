"""What each instrument brings to be held to its promises; see test_contract.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

Named = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """What an instrument brings to be held to its promises; everything is made anew at each call."""

    name: str
    along: str  # the dimension that runs over subjects
    numbers: tuple[str, ...]  # the variables that are compared between ways of running
    scale: float  # their size: differences of such numbers are compared beside it
    subjects: Callable[[], Named]  # several, measurable with `options`
    options: Callable[[], Named]  # inputs and settings, small and without pictures
    pictures: Named  # settings that add everything a reading can show
    one_by_one: Callable[[Any], bool]  # subjects that come alone whatever the memory
    late: int  # of `steps`: by then something is measured, and not yet all
    network: Callable[[], tuple[nn.Module, Named]]  # a model in training and the options it is measured with
    many: Callable[[int], tuple[Named, Named, int]]  # that many times as much work; bytes of the inputs themselves
    steps: Callable[[Callable[[], None]], tuple[Named, Named]]  # a dozen over several subjects, each of which calls
    axes: Named  # settings swept in one line
    refused: tuple[tuple[Any, Named], ...]  # a subject and options that must be refused
    cases: str  # calibration cases whose names match are run here
    kernels: Callable[[str], dict[str, Callable[[], Any]]]  # the pure kernels, called on fields of that device
