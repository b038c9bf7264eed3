"""What every EM pass does with a tile, whatever the experts and gates are."""

from __future__ import annotations

import numpy as np

_MASK = (1 << 64) - 1


def whiten(rows: np.ndarray, shift: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
    """Write matrix @ (row - shift) of each row to the columns of out.

    Where the matrix is zero, a missing value does not count.
    """
    for i, coefficients in enumerate(matrix):
        used = coefficients != 0
        out[i] = (rows - shift)[:, used] @ coefficients[used]


def posterior(log_joint: np.ndarray, weight: np.ndarray, log_evidence: np.ndarray) -> float:
    """Turn log joint probabilities (n_experts, n_rows) into weighted responsibilities, in place."""
    top = log_joint.max(axis=0)
    np.exp(log_joint - top, out=log_joint)
    total = log_joint.sum(axis=0)
    log_evidence[:] = top + np.log(total)
    log_joint *= weight / total
    return float(weight @ log_evidence)


def _mix(state: int, value: int) -> int:
    z = ((state ^ value) + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def hash_rows(X: np.ndarray, Y: np.ndarray, seed: int, out: np.ndarray) -> None:
    """Write a 64-bit hash of (seed, bits of the row's x and y) for each row."""
    missing = np.isnan(Y)
    X_bits = (np.asarray(X, dtype=np.float64) + 0.0).view(np.uint64)
    Y_bits = np.where(missing, 0.5, np.asarray(Y, dtype=np.float64) + 0.0).view(np.uint64)
    for t in range(len(X)):
        state = _mix(seed, 0)
        for value in X_bits[t]:
            state = _mix(state, int(value))
        for value, absent in zip(Y_bits[t], missing[t], strict=True):
            if absent:
                state = _mix(state, 1)
            state = _mix(state, int(value))
        out[t] = state
