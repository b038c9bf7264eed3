"""Misfit and both errors of many tasks, squared distances."""

from __future__ import annotations

import numpy as np


def squared_errors(
    weak: np.ndarray,
    student: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray | None,
    sums: np.ndarray,
) -> int:
    """Add the weighted sums that misfit, errors and gain of every task are made of.

    `sums`, a row a task: of w, of w where there is a truth, of w (student - weak)^2, of the same
    where there is a truth, of w (truth - weak)^2 and of w (truth - student)^2. Returns the number
    of tasks whose sums are not finite.
    """
    a, b, c = (array.astype(np.float64) for array in (weak, student, truth))
    w = np.broadcast_to(1.0 if weight is None else weight.astype(np.float64), a.shape)
    # A row of weight zero does not count, whatever its numbers.
    a, b = np.where(w > 0, a, 0.0), np.where(w > 0, b, 0.0)
    known = np.where(np.isnan(c), 0.0, w)
    c = np.where(known > 0, c, 0.0)
    misfit = (b - a) ** 2
    terms = [w, known, w * misfit, known * misfit, known * (c - a) ** 2, known * (c - b) ** 2]
    sums += np.stack([term.sum(axis=1) for term in terms], axis=1)
    return int((~np.isfinite(sums).all(axis=1)).sum())
