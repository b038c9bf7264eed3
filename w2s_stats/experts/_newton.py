"""One guarded Newton step for logistic and log-linear models on whitened features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from w2s_kernels.cholesky import solve_definite

# Directions with less than this share of the largest curvature are not determined by the rows.
_CUTOFF = 1e-10
_SMALL = 64  # LAPACK factorises larger systems in blocks, and faster
# A step longer than this (features have unit variance) is a step into the flat part of a
# likelihood, from where Newton's method does not come back.
_LONGEST_STEP = 6.0


@lru_cache(maxsize=64)
def _triangles(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Masks of a lower triangle with and without its diagonal."""
    return np.tri(size), np.tri(size, k=-1)


def symmetric(lower: np.ndarray) -> np.ndarray:
    """Fill the upper triangles of a stack of matrices of which only the lower ones count."""
    with_diagonal, without = _triangles(lower.shape[-1])
    return lower * with_diagonal + (lower * without).swapaxes(-1, -2)


def block_matrix(curvature: np.ndarray) -> np.ndarray:
    """Assemble (..., C, C, p, p) blocks, of which b <= c count, to (..., C p, C p) matrices."""
    *lead, n_blocks, _, p, _ = curvature.shape
    full = np.zeros((*lead, n_blocks, p, n_blocks, p))
    for c in range(n_blocks):
        for b in range(c + 1):
            block = symmetric(curvature[..., c, b, :, :])
            full[..., c, :, b, :] = block
            full[..., b, :, c, :] = block
    return full.reshape(*lead, n_blocks * p, n_blocks * p)


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve K positive semi-definite systems matrix @ step = right, (K, p, p) and (K, m, p).

    Of the matrices the lower triangles count.
    A direction that the rows do not determine gets no step: its score is zero but for rounding,
    which dividing by a rounded zero would blow up.
    """
    step = np.empty_like(right)
    p = right.shape[-1]
    if 0 < p <= _SMALL and solve_definite(matrix, right, _CUTOFF, step):
        return step
    largest = np.diagonal(matrix, axis1=-2, axis2=-1).max(axis=-1, initial=1e-300)
    columns = right.swapaxes(-1, -2)
    try:
        np.linalg.cholesky(matrix - _CUTOFF * largest[:, None, None] * np.eye(p))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(matrix)
        cutoff = _CUTOFF * np.maximum(values.max(axis=-1, keepdims=True), 1e-300)
        inverse = np.where(values > cutoff, 1.0, 0.0) / np.where(values > cutoff, values, 1.0)
        inner = vectors.swapaxes(-1, -2) @ columns
        return (vectors @ (inverse[..., None] * inner)).swapaxes(-1, -2)
    return np.linalg.solve(symmetric(matrix), columns).swapaxes(-1, -2)


def newton_step(score: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Newton steps of a stack of models: score (K, p), curvature (K, p, p)."""
    # From absurd parameters sums overflow: the step is then no number, and the loop refuses it.
    with np.errstate(over="ignore", invalid="ignore"):
        step = solve(curvature, score[:, None])[:, 0]
        length = np.linalg.norm(step, axis=-1, keepdims=True)
    return step * np.minimum(1.0, _LONGEST_STEP / np.maximum(length, 1e-300))
