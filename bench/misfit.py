"""Misfit and both errors of many tasks at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from bench._case import DTYPES, Case, Dtype, Peer, torch_peer
from w2s_kernels import cpu
from w2s_kernels._dispatch import thread_map

_TOGETHER = 4  # tasks a call


def squared_errors(n_tasks: int, n: int, dtype: Dtype) -> Iterator[Case]:
    """Three means of squares a task: student to weak, weak to truth, student to truth."""
    random = np.random.default_rng(0)
    truth = random.standard_normal((n_tasks, n), dtype=dtype)
    weak = truth + random.standard_normal((n_tasks, n), dtype=dtype)
    student = truth + random.standard_normal((n_tasks, n), dtype=dtype)
    pairs = ((student, weak), (truth, weak), (truth, student))
    sums = np.empty((n_tasks, 6))

    def some(first: int) -> None:
        i = slice(first, first + _TOGETHER)
        cpu.misfit.squared_errors(weak[i], student[i], truth[i], None, sums[i])

    def ours() -> np.ndarray:
        sums[:] = 0.0
        thread_map(some, range(0, n_tasks, _TOGETHER))
        return sums

    def by_numpy() -> np.ndarray:
        return np.stack([((b - a) ** 2).mean(axis=1) for a, b in pairs])

    def by_torch(torch: ModuleType) -> Callable[[], Any]:
        tensors = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in pairs]
        return lambda: torch.stack([((b - a) ** 2).mean(1) for a, b in tensors])

    yield Case(
        "misfit and both errors",
        f"{n_tasks} x {n:,}",
        dtype,
        ours,
        [weak, student, truth],
        {"NumPy": Peer(by_numpy), **torch_peer(by_torch)},
        aims={"read": 1.15, "NumPy": 8.0},
        comparable=lambda found: found[:, [2, 4, 5]].T / n,
        tolerance=1e-9 if dtype == "float64" else 1e-4,
    )


ROWS = {f"misfit, {dtype}": partial(squared_errors, 100, 100_000, dtype) for dtype in DTYPES}
