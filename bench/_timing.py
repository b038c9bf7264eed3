"""Calls that take turns, the floor of a streaming read, and the machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from typing import Any

import numpy as np

from w2s_kernels._dispatch import n_threads, thread_map
from w2s_kernels._jit import kernel, wide_vectors

_PIECE = 1 << 17  # numbers
_MOST = 1000  # rounds


@dataclass(frozen=True)
class Timing:
    """Seconds a call takes: median and quartiles of `repeats` calls after a warm one."""

    median: float
    low: float
    high: float
    repeats: int

    def __truediv__(self, n: int) -> Timing:
        """Of one of n calls."""
        return Timing(self.median / n, self.low / n, self.high / n, self.repeats)


def take_turns(
    ours: Callable[[], Any],
    read: Callable[[], Any] | None,
    peers: dict[str, Callable[[], Any]],
    *,
    budget: float,
    least: int,
) -> dict[str, Timing]:
    """Time our call, the read and peers in turns, so that all see the same states of the machine.

    We and the read have a turn in every round, peers in the first `least` rounds and whenever less
    time went to them: fast calls are repeated often and slow ones are not. Rounds end when the
    budget of seconds is spent. None is timed cold: every call is made once before, and after a peer
    the arrays are read once more.
    """
    always = {"ours": ours} if read is None else {"read": read, "ours": ours}
    for call in chain(always.values(), peers.values()):
        call()
    seconds: dict[str, list[float]] = {name: [] for name in (*always, *peers)}
    n_rounds, spent = 0, 0.0
    while n_rounds < least or (spent < budget and n_rounds < _MOST):
        due = [n for n in peers if n_rounds < least or sum(seconds[n]) < min(spent, budget)]
        for name in due:
            seconds[name].append(_seconds_of(peers[name]))
        if due and read is not None:
            read()
        for name, call in always.items():
            seconds[name].append(_seconds_of(call))
            spent += seconds[name][-1]
        n_rounds += 1
    return {name: _timing(found) for name, found in seconds.items()}


def _seconds_of(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _timing(seconds: list[float]) -> Timing:
    low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75])
    return Timing(float(median), float(low), float(high), len(seconds))


@kernel
def _sum(values: np.ndarray) -> float:
    wide_vectors()
    total = values.dtype.type(0)  # of the array's own type: nothing is converted
    for i in range(values.size):
        total += values[i]
    return total


def streaming_read(arrays: list[np.ndarray]) -> Callable[[], Any]:
    """Make the floor: all threads of the pool add up the numbers of the arrays."""
    parts = []
    for array in arrays:
        n_parts = max(n_threads(), array.size // _PIECE)
        parts += [part for part in np.array_split(array.reshape(-1), n_parts) if part.size]
    return lambda: thread_map(_sum, parts)


def machine() -> dict[str, Any]:
    """Processor, threads and versions: a row without them says nothing."""
    names = ("numpy", "scipy", "numba", "llvmlite", "scikit-learn", "torch")
    return {
        "processor": _processor(),
        "AVX-512": _has_avx512(),
        "threads": n_threads(),
        "blas_threads": 1,
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        **{name: _version(name) for name in names},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _has_avx512() -> bool:
    from llvmlite.binding import get_host_cpu_features

    return bool(get_host_cpu_features().get("avx512f", False))


def _processor() -> str:
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                if "model name" in line:
                    return line.split(":")[1].strip()
    return platform.processor() or platform.machine()
