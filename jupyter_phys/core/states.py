"""Global states that a measurement finds and leaves: random states, flags, what torch keeps of a device."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import torch

FLAGS: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (np.geterr, lambda found: np.seterr(**found)),
)


@contextlib.contextmanager
def untouched() -> Generator[None, None, None]:
    """Leave nothing on a device and every global flag as it was found, in the main thread the random states too.

    In another thread (a live slider) giving them back would rewind what the main thread draws meanwhile; what a
    measurement itself draws from them, it draws inside :func:`drawing`.
    """
    main = threading.current_thread() is threading.main_thread()
    flags = [read() for read, _ in FLAGS]
    try:
        with _random_states_kept() if main else contextlib.nullcontext():
            yield
    finally:
        clear()
        for found, (read, put_back) in zip(flags, FLAGS, strict=True):
            if read() != found:
                put_back(found)


@contextlib.contextmanager
def drawing(seed: int, device: torch.device) -> Generator[None, None, None]:
    """Global random states that begin at ``seed``; one thread at a time, and afterwards they are as before."""
    with _ONE_DRAWS, _random_states_kept(device):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reach a CUDA that is not yet started
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        yield


_ONE_DRAWS = threading.RLock()


@contextlib.contextmanager
def _random_states_kept(device: torch.device | None = None) -> Generator[None, None, None]:
    if device is not None and device.type == "cuda":
        torch.cuda.init()  # else what starts it inside would leave its states changed
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


def clear() -> None:
    """Give back what torch keeps of a device's memory for later."""
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
