"""Interrupts act where they may and wait elsewhere; a stop is heard at the next step."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from jupyter_phys.core.progress import Interrupts, Meter, Stopped


def ring() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_acts_inside_and_waits_outside():
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        try:
            with interrupts.through():
                done.append("inside")
                ring()
                done.append("never")
        except KeyboardInterrupt:
            ring()  # a second one must not break the tidying up
            done.append("tidied")
            raise
    assert done == ["inside", "tidied"]


def test_one_that_came_before_acts_at_the_door():
    with Interrupts() as interrupts:
        ring()
        assert interrupts.waiting
        with pytest.raises(KeyboardInterrupt), interrupts.through():
            raise AssertionError("the door was shut")


def test_one_that_came_afterwards_is_raised_at_the_end():
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        with interrupts.through():
            pass
        ring()
        done.append("put together")
    assert done == ["put together"]


def test_the_third_one_always_acts():
    with pytest.raises(KeyboardInterrupt), Interrupts():
        for count in (1, 2, 3):
            ring()
            assert count < 3


def test_the_handler_is_given_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts, interrupts.through():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts, interrupts.through():
            ring()  # as a worker in the background does
            assert not interrupts.waiting
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_none():
    found: list[Any] = []

    def work() -> None:
        with Interrupts() as interrupts, interrupts.through():
            found.append(interrupts.waiting)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


def test_a_stop_is_heard_at_the_next_step():
    with Meter("", 2, shown=False) as meter:
        meter.advance(0.5)
        meter.stop()
        with pytest.raises(Stopped):
            meter.advance(0.5)
        with pytest.raises(Stopped):
            meter.check()
