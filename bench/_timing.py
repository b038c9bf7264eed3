"""Medians and quartiles of repeated calls, the machine, and the floor of a streaming read."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from w2s_kernels._dispatch import n_threads, thread_map
from w2s_kernels._jit import kernel


@dataclass(frozen=True)
class Timing:
    """Seconds a call takes: median and quartiles of `repeats` calls after a warm one."""

    median: float
    low: float
    high: float
    repeats: int


def measure(call: Callable[[], object], *, repeats: int, warm: bool = True) -> Timing:
    """Time a call; the first one, which compiles and fills caches, is not counted."""
    if warm:
        call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75])
    return Timing(float(median), float(low), float(high), repeats)


@kernel
def _sum(values: np.ndarray) -> float:
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


def streaming_read(arrays: list[np.ndarray], *, repeats: int) -> Timing:
    """The floor: all threads of the pool add up the numbers of the arrays."""
    parts = [p for a in arrays for p in np.array_split(a.reshape(-1), n_threads())]
    return measure(lambda: thread_map(_sum, parts), repeats=repeats)


def machine() -> dict[str, object]:
    """Processor, threads and versions: a row without them says nothing."""
    from importlib.metadata import version

    return {
        "processor": _processor(),
        "threads": n_threads(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        **{name: version(name) for name in ("numpy", "scipy", "numba", "scikit-learn")},
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
