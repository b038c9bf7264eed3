"""Misfit and both errors of many tasks, squared distances, in one pass over three arrays."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors

_BLOCK = 4096  # rows added up before they join the sums of their task


@inlined
def _add_block(weak, student, truth, weight, sums):  # type: ignore[no-untyped-def]
    wide_vectors()
    total = labelled = misfit = there = weak_error = student_error = 0.0
    for t in range(weak.size):
        w = 1.0 if weight is None else np.float64(weight[t])
        counts = w > 0.0
        # A row of weight zero does not count, whatever its numbers.
        a = np.float64(weak[t]) if counts else 0.0
        b = np.float64(student[t]) if counts else 0.0
        y = np.float64(truth[t])
        known = w if y == y else 0.0
        c = y if known > 0.0 else 0.0
        apart = (b - a) * (b - a)
        total += w
        labelled += known
        misfit += w * apart
        there += known * apart
        weak_error += known * ((c - a) * (c - a))
        student_error += known * ((c - b) * (c - b))
    sums[0] += total
    sums[1] += labelled
    sums[2] += misfit
    sums[3] += there
    sums[4] += weak_error
    sums[5] += student_error


@inlined
def _add_task(weak, student, truth, weight, sums):  # type: ignore[no-untyped-def]
    for start in range(0, weak.size, _BLOCK):
        stop = min(start + _BLOCK, weak.size)
        w = None if weight is None else weight[start:stop]
        _add_block(weak[start:stop], student[start:stop], truth[start:stop], w, sums)


@kernel
def squared_errors(
    weak: np.ndarray,
    student: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray | None,
    sums: np.ndarray,
) -> int:
    """Add the weighted sums that misfit, errors and gain of every task are made of.

    Parameters
    ----------
    weak, student, truth : ndarray of shape (n_tasks, n)
        Float32 or float64; a row whose truth is NaN has none.
    weight : ndarray of shape (n_tasks, n) or (1, n), or None
        >= 0. One row of weights is every task's; None counts every row once.
    sums : ndarray of shape (n_tasks, 6), float64
        Of w, of w where there is a truth, of w (student - weak)^2, of the same where there is a
        truth, of w (truth - weak)^2 and of w (truth - student)^2.

    Returns
    -------
    int
        Tasks whose sums are not finite numbers: predictions or truths held NaN or infinity.
    """
    n_tasks = len(weak)
    for i in range(n_tasks):
        if weight is None:
            _add_task(weak[i], student[i], truth[i], None, sums[i])
        else:
            _add_task(weak[i], student[i], truth[i], weight[i % len(weight)], sums[i])
    n_bad = 0
    for i in range(n_tasks):
        n_bad += not np.isfinite(sums[i]).all()
    return n_bad
