"""What each task of an instrument brings to be held to its promises; see test_contract.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

Named = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """What a task brings to be held to its promises; everything is made anew at each call."""

    name: str  # of the instrument
    along: str  # the dimension that runs over subjects
    numbers: tuple[str, ...]  # the variables that are compared between ways of running
    scale: float  # their size: differences of such numbers are compared beside it
    subjects: Callable[[], Named]  # several, measurable with `options`
    options: Callable[[], Named]  # inputs and settings, small and without pictures
    pictures: Named  # settings that add everything a reading can show
    one_by_one: Callable[[Any], bool]  # subjects that come alone whatever the memory
    late: int  # of `steps`: by then something is measured, and not yet all
    many: Callable[[int], tuple[Named, Named, int]]  # that many times as much work; bytes of the inputs themselves
    steps: Callable[[Callable[[], None]], tuple[Named, Named]]  # a dozen over several subjects, each of which calls
    axes: Named  # settings swept in one line
    refused: tuple[tuple[Any, Named], ...]  # a subject and options that must be refused
    task: str = ""  # which of the instrument's; the first row of an instrument is its default one
    network: Callable[[], tuple[nn.Module, Named]] | None = None  # a model in training, where the user gives models
    cases: str = ""  # calibration cases whose names match are run here
    kernels: Callable[[str], dict[str, Callable[[], Any]]] | None = None  # pure kernels, on fields of that device
    anew: Callable[[Named], Named] = dict  # options of a run that must find nothing of the runs before it
    draws: bool = True  # else no number depends on the seed
    exact: bool = True  # else another device rounds otherwise: float32 on disk, networks that are trained in it
    is_heard: bool = True  # subjects are code, which calls; else `steps` calls wherever progress is counted
    small: float = 0.004  # GiB, of memory that bounds

    @property
    def label(self) -> str:
        """As it is typed."""
        return f"{self.name} {self.task}".strip()
