"""What every EM pass does with a tile, whatever the experts and gates are."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels.elementary import exp, log

_BLOCK = 512
_FAR = 600.0  # exp of more, added up over experts, could overflow


@kernel
def whiten(rows: np.ndarray, shift: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
    """Write matrix @ (row - shift) of each row of a C-ordered (n_rows, n_features) array to out.

    `out` has a column per row: (n_components, n_rows).
    """
    n_rows, n_features = rows.shape
    strip = np.empty((n_features, _BLOCK))
    for start in range(0, n_rows, _BLOCK):
        size = min(_BLOCK, n_rows - start)
        for t in range(size):
            for j in range(n_features):
                strip[j, t] = np.float64(rows[start + t, j]) - shift[j]
        for i in range(matrix.shape[0]):
            z = out[i, start : start + size]
            z[:] = 0.0
            for j in range(n_features):
                m = matrix[i, j]
                if m != 0.0:
                    x = strip[j, :size]
                    for t in range(size):
                        z[t] += m * x[t]


@inlined
def normalise(log_joint, start, weight, evidence, share):  # type: ignore[no-untyped-def]
    """Turn a block of log_joint into numbers that are responsibilities when multiplied by `share`.

    The block begins at row `start` and is as long as the other arguments. Returns the weighted sum
    of the log evidences, which are left in `evidence`.

    Joint probabilities are taken relative to the first expert's, which saves its exponential, or to
    the largest where that would overflow in a row of the block.
    """
    wide_vectors()
    n_experts, size = log_joint.shape[0], weight.size
    first = log_joint[0, start : start + size]
    for t in range(size):
        evidence[t] = first[t]
        share[t] = 1.0
    n_far = 0
    for k in range(1, n_experts):
        row = log_joint[k, start : start + size]
        for t in range(size):
            n_far += row[t] - first[t] > _FAR
    if n_far > 0:
        for k in range(1, n_experts):
            row = log_joint[k, start : start + size]
            for t in range(size):
                evidence[t] = row[t] if row[t] > evidence[t] else evidence[t]
        for t in range(size):
            share[t] = first[t] = exp(first[t] - evidence[t])
    for k in range(1, n_experts):
        row = log_joint[k, start : start + size]
        for t in range(size):
            row[t] = exp(row[t] - evidence[t])
            share[t] += row[t]
    if n_far == 0:
        for t in range(size):
            first[t] = 1.0
    log_likelihood = 0.0
    for t in range(size):
        evidence[t] += log(share[t])
        log_likelihood += weight[t] * evidence[t]
        share[t] = weight[t] / share[t]
    return log_likelihood


@kernel
def posterior(log_joint: np.ndarray, weight: np.ndarray, log_evidence: np.ndarray) -> float:
    """Turn log joint probabilities (n_experts, n_rows) into weighted responsibilities, in place.

    log_joint[k, t] becomes weight[t] * p(k | row t); log_evidence[t] = log sum_k exp(log_joint).
    Returns the weighted sum of the log evidences.
    """
    wide_vectors()
    n_experts, n_rows = log_joint.shape
    room = np.empty(_BLOCK)
    log_likelihood = 0.0
    for start in range(0, n_rows, _BLOCK):
        stop = min(start + _BLOCK, n_rows)
        share = room[: stop - start]
        log_likelihood += normalise(
            log_joint, start, weight[start:stop], log_evidence[start:stop], share
        )
        for k in range(n_experts):
            row = log_joint[k, start:stop]
            for t in range(stop - start):
                row[t] *= share[t]
    return log_likelihood


@inlined
def _mix(state, value):  # type: ignore[no-untyped-def]
    """One round of splitmix64 on the state xored with a value's bits."""
    z = (state ^ value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inlined
def _without_sign_of_zero(bits):  # type: ignore[no-untyped-def]
    """Bits of -0.0 become those of 0.0 (in floats, "no signed zeros" would take a + 0.0 away)."""
    return np.uint64(0) if bits == np.uint64(1 << 63) else bits


@kernel
def hash_rows(X: np.ndarray, Y: np.ndarray, seed: int, out: np.ndarray) -> None:
    """Write a 64-bit hash of (seed, bits of the row's x and y) for each row.

    Equal rows get equal hashes wherever they stand; -0.0 counts as 0.0 and every NaN is the same.
    """
    cell = np.empty(1)
    bits = cell.view(np.uint64)
    for t in range(X.shape[0]):
        state = _mix(np.uint64(seed), np.uint64(0))
        for j in range(X.shape[1]):
            cell[0] = X[t, j]
            state = _mix(state, _without_sign_of_zero(bits[0]))
        for j in range(Y.shape[1]):
            value = np.float64(Y[t, j])
            cell[0] = value if value == value else 0.5
            if value != value:
                state = _mix(state, np.uint64(1))
            state = _mix(state, _without_sign_of_zero(bits[0]))
        out[t] = state
