"""Misfit and both errors of many tasks, squared distances, in one pass over three arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels.gpu._compile import alike, ceil_div, chunk_of, empty, run, zeros


def squared_errors(weak: Any, student: Any, truth: Any, weight: Any, sums: Any) -> Any:
    """Add the weighted sums that misfit, errors and gain of every task are made of.

    Arrays are (n_tasks, n); weight may be (1, n), or None. Those of another type are copied.
    `sums`, a row a task: of w, of w where there is a truth, of w (student - weak)^2, of the same
    where there is a truth, of w (truth - weak)^2 and of w (truth - student)^2. Returns the number
    of tasks whose sums are not finite.
    """
    weak, student, truth, weight = alike(weak, student, truth, weight)
    n_tasks, n = weak.shape
    chunk = chunk_of(n, n_tasks)
    n_chunks = ceil_div(n, chunk)
    n_bad = zeros()
    room = (empty((n_tasks, n_chunks, 6)), zeros(n_tasks, np.uint32), sums, n_bad, n, chunk)
    grid = (n_tasks, n_chunks)
    if weight is None:
        run("misfit.squared_errors", weak, student, truth, *room, grid=grid, block=256)
    else:
        every = 0 if len(weight) == 1 else n
        run(
            "misfit.weighted_squared_errors",
            weak,
            student,
            truth,
            weight,
            every,
            *room,
            grid=grid,
            block=256,
        )
    return n_bad
