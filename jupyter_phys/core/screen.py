"""Where readings are shown while they grow; nowhere unless somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jupyter_phys.core.reading import Reading


class Screen(Protocol):
    """Where readings are shown while they grow."""

    def show(self, reading: Reading) -> None:
        """Show this one in place of the one before."""
        ...

    def close(self) -> None:
        """Take away what was shown: the whole reading is given as the result."""
        ...


class Dark:
    """Shows nothing."""

    def show(self, reading: Reading) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


_open_screen: Callable[[], Screen] = Dark


def show_on(open_screen: Callable[[], Screen] = Dark) -> None:
    """Where growing readings are shown from now on; nowhere by default."""
    global _open_screen
    _open_screen = open_screen


def opened() -> Screen:
    """A new one."""
    return _open_screen()
