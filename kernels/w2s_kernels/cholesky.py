"""Small positive definite systems, which an M-step solves by the handful between two passes.

LAPACK solves one as fast, but from NumPy a call costs twenty microseconds after a pass over data.
"""

from __future__ import annotations

import math

import numpy as np

from w2s_kernels._jit import inlined, kernel


@kernel
def solve_definite(matrix: np.ndarray, right: np.ndarray, cutoff: float, out: np.ndarray) -> bool:
    """Solve matrix[k] @ out[k, m] = right[k, m] by Cholesky's factors of (K, p, p) lower triangles.

    Returns whether all are definite, also after `cutoff` times their largest diagonal number is
    taken from the diagonal; `out` means nothing if one is not.
    """
    factor = np.empty(matrix.shape[1:])
    for k in range(len(matrix)):
        if not _factorise(matrix[k], cutoff * np.diag(matrix[k]).max(), factor):
            return False
        _factorise(matrix[k], 0.0, factor)
        for m in range(right.shape[1]):
            _substitute(factor, right[k, m], out[k, m])
    return True


@inlined
def _factorise(matrix, shift, factor):  # type: ignore[no-untyped-def]
    for i in range(len(matrix)):
        for j in range(i + 1):
            rest = matrix[i, j]
            for t in range(j):
                rest -= factor[i, t] * factor[j, t]
            if j < i:
                factor[i, j] = rest / factor[j, j]
            elif rest > shift:
                factor[i, i] = math.sqrt(rest - shift)
            else:
                return False
    return True


@inlined
def _substitute(factor, right, out):  # type: ignore[no-untyped-def]
    for i in range(out.size):
        rest = right[i]
        for t in range(i):
            rest -= factor[i, t] * out[t]
        out[i] = rest / factor[i, i]
    for i in range(out.size - 1, -1, -1):
        rest = out[i]
        for t in range(i + 1, out.size):
            rest -= factor[t, i] * out[t]
        out[i] = rest / factor[i, i]
