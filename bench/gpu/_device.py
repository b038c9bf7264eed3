"""The GPU that is measured: whether there is one, what it is, and how long it takes."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_kernels.gpu import _compile

_LEAST = 5e-3  # seconds between two events: many short calls follow each other


def absence() -> str | None:
    """One sentence that says why nothing can be measured, None where it can."""
    if importlib.util.find_spec("cupy") is None:
        return "No GPU was used: CuPy is not installed (pip install 'w2s-stats[gpu]')."
    import cupy

    if not cupy.is_available():
        return f"No GPU was found by CuPy {cupy.__version__}: nothing was checked or measured."
    return None


def machine() -> dict[str, Any]:
    """Device, driver and versions: a row without them says nothing."""
    import cupy

    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    torch = torch_there()
    return {
        "device": properties["name"].decode(),
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "runtime": cupy.cuda.runtime.runtimeGetVersion(),
        "cupy": cupy.__version__,
        "torch": None if torch is None else torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def torch_there() -> Any:
    """The module torch, if it is there and sees the device."""
    if _compile.device.xp is np or importlib.util.find_spec("torch") is None:
        return None
    import torch

    return torch if torch.cuda.is_available() else None


def seconds_of(call: Callable[[], Any], times: int) -> float:
    """Seconds of one of some calls that follow each other on the device."""
    xp = _compile.device.xp
    if xp is np:
        start = time.perf_counter()
        for _ in range(times):
            call()
        return (time.perf_counter() - start) / times
    begin, end = xp.cuda.Event(), xp.cuda.Event()
    begin.record()
    for _ in range(times):
        call()
    end.record()
    end.synchronize()
    return xp.cuda.get_elapsed_time(begin, end) / 1e3 / times


def measure(call: Callable[[], Any], *, repeats: int = 20, budget: float = 3.0) -> list[float]:
    """Seconds of repeated calls after two warm ones, no more of them than the budget holds.

    Calls are launched in a row where they are short, so that the device does not wait for Python.
    """
    warm = [seconds_of(call, 1) for _ in range(2)]
    times = min(50, math.ceil(_LEAST / max(warm[-1], 1e-6)))
    seconds: list[float] = []
    while len(seconds) < repeats and sum(seconds) * times <= budget:
        seconds.append(seconds_of(call, times))
    return seconds


def copy_bandwidth(n_bytes: float) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    xp = _compile.device.xp
    source = xp.zeros(int(n_bytes / 8), dtype=np.float32)
    target = xp.empty_like(source)
    return 2 * source.nbytes / float(np.median(measure(lambda: xp.copyto(target, source))))
