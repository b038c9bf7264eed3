"""A kernel on given arrays: what it moves, who else does the same, what it must reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench._case import Row, judge
from bench.gpu._device import measure
from w2s_kernels.gpu import _compile

FEW = 64  # rows that are compared with the reference
TOLERANCE = 1e-5  # of their error
# On one H200, at least: bandwidth over that of a copy, and the time of peers over ours.
LOGITS_AIMS = {"copy": 0.85, "torch": 3.0}
ROWS_AIMS = {"copy": 0.85, "torch": 2.0, "CuPy": 2.0}


@dataclass
class Case:
    """A kernel on arrays of the device, with its peers and aims."""

    kernel: str
    shape: str
    dtype: str
    n_bytes: float
    call: Callable[[], Any]
    error: Callable[[], float]
    peers: dict[str, Callable[[], Any]] = field(default_factory=dict)
    aims: dict[str, float] = field(default_factory=dict)

    def measure(self, bandwidth: float, *, repeats: int = 20) -> Row:
        """Time it and its peers, and compare it with the reference."""
        low, median, high = np.quantile(measure(self.call, repeats=repeats), [0.25, 0.5, 0.75])
        peers = {
            name: float(np.median(measure(call, repeats=repeats))) / median
            for name, call in self.peers.items()
        }
        over_copy = self.n_bytes / median / bandwidth
        reached = {"copy": over_copy, **peers}
        return {
            "kernel": self.kernel,
            "shape": self.shape,
            "dtype": self.dtype,
            "seconds": float(median),
            "quartiles": [float(low), float(high)],
            "gigabytes_a_second": self.n_bytes / median / 1e9,
            "over_copy": over_copy,
            "peers_over_ours": peers,
            "aims": [judge(of, aim, reached.get(of)) for of, aim in self.aims.items()],
            "error": self.error(),
        }


def agrees(rows: list[Row]) -> bool:
    """Whether every kernel computed what the reference does; NaN does not."""
    return all(row["error"] <= TOLERANCE for row in rows)


def host(array: Any) -> np.ndarray:
    """The numbers of an array of the device."""
    return np.asarray(array.get() if hasattr(array, "get") else array)


def deviation(found: Any, expected: np.ndarray) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(host(found) - expected) / np.abs(expected)))


def draws(seed: int = 0) -> Any:
    """A generator of numbers on the device."""
    return _compile.device.xp.random.default_rng(seed)
