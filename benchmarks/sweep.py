"""Thirty masks × four complex 128² images in one line: every engine, beside the loop a user would write."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

import jupyter_phys as jp

MASKS, SIGNALS, SIZE, ROUNDS = 30, 4, 128, 2
WHAT = {"kind": "mri", "curve": 0, "pictures": 0, "progress": False}


def subjects() -> dict[str, np.ndarray]:
    draws = np.random.default_rng(0)
    return {f"mask {i}": draws.random((SIZE, SIZE)) < 0.15 + 0.02 * i for i in range(MASKS)}


def signals() -> torch.Tensor:
    draws = torch.Generator().manual_seed(0)
    rough = torch.randn(SIGNALS, SIZE, SIZE, generator=draws, dtype=torch.complex128)
    falling = 1 / (1 + torch.fft.fftfreq(SIZE).square()[:, None] * 4e3 + torch.fft.fftfreq(SIZE).square() * 4e3)
    return torch.fft.ifft2(torch.fft.fft2(rough) * falling)


def by_hand(masks: dict[str, np.ndarray], x: torch.Tensor) -> np.ndarray:
    """ΔS by windowed FFTs over unfolded frames, one image at a time: what one would write without this package."""
    s, h, w = SIZE / 16, SIZE // 32, SIZE // 2
    at = torch.arange(w, dtype=torch.float64) - w // 2
    window = torch.exp(-(at**2) / (2 * s**2))

    def entropy(field: torch.Tensor) -> float:
        wrapped = torch.cat([field, field[: w - h]]) if w > h else field
        wrapped = torch.cat([wrapped, wrapped[:, : w - h]], dim=1)
        total = log = 0.0
        for row in wrapped.unfold(0, w, h):  # [columns, w]
            frames = row.unfold(0, w, h).transpose(-1, -2) * window[:, None] * window
            power = torch.fft.fft2(frames).abs().square()
            total, log = total + float(power.sum()), log + float(torch.xlogy(power, power).sum())
        return np.log(total) - log / total - np.log((w / h) ** 2)

    before = [entropy(one) for one in x]
    spectra = torch.fft.fft2(x)
    found = np.empty((len(masks), len(x)))
    for i, mask in enumerate(masks.values()):
        after = torch.fft.ifft2(spectra * torch.fft.ifftshift(torch.from_numpy(mask)))
        found[i] = [entropy(y) - b for y, b in zip(after, before, strict=True)]
    return found


def clocked(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def main() -> None:
    masks, x = subjects(), signals()
    ways: dict[str, Callable[[], np.ndarray]] = {"by hand (torch.fft)": lambda: by_hand(masks, x)}
    for engine in ("inline", "threads", "processes"):
        ways[engine] = lambda engine=engine: jp.entropy(masks, signal=x, engine=engine, **WHAT).data["delta_S"].values
    ways["inline float32"] = lambda: jp.entropy(masks, signal=x, precision="float32", **WHAT).data["delta_S"].values
    for call in ways.values():
        call()  # warm: imports and worker processes
    times: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            seconds, found[name] = clocked(call)
            times[name].append(seconds)
    first = found["inline"]
    slow = times["by hand (torch.fft)"]
    print(f"{MASKS} masks × {SIGNALS} complex {SIZE}² images, {torch.get_num_threads()} torch threads")
    print(f"{'way':<22}{'median s':>10}{'against by hand':>18}{'largest difference from inline (nat)':>40}")
    for name, seconds in times.items():
        ratio = statistics.median(a / b for a, b in zip(slow, seconds, strict=True))
        print(f"{name:<22}{statistics.median(seconds):>10.2f}{ratio:>17.2f}×{np.abs(found[name] - first).max():>40.1e}")


if __name__ == "__main__":
    main()
