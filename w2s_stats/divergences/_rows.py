"""A divergence of every row, chunk after chunk on the threads, and means over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_kernels import cpu
from w2s_kernels._dispatch import thread_map
from w2s_stats._validation import check_weight

_CHUNK = 1 << 17  # numbers: a chunk and its twin stay in a core's second-level cache


def by_rows(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray],
    p: np.ndarray,
    q: np.ndarray,
    *,
    dtype: type | np.dtype | None = None,
) -> np.ndarray:
    """Results of a function of rows; no more than a chunk of rows is ever copied.

    Parameters
    ----------
    function : callable
        From two C-ordered arrays of m rows to an array whose last axis has m entries.
    p, q : ndarray of shape (n_samples, n_columns)
        In any memory order, memory-mapped files too.
    dtype : dtype, default=None
        What the function gets; the common one of `p` and `q` by default.

    Returns
    -------
    ndarray of shape (..., n_samples)
    """
    dtype = np.result_type(p, q) if dtype is None else dtype
    n_rows = max(1, _CHUNK // p.shape[1])

    def chunk(start: int) -> np.ndarray:
        rows = slice(start, start + n_rows)
        return function(
            np.ascontiguousarray(p[rows], dtype=dtype), np.ascontiguousarray(q[rows], dtype=dtype)
        )

    return np.concatenate(thread_map(chunk, range(0, len(p), n_rows)), axis=-1)


def excess(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Of each row, sum_j p log(p/q) - p + q, sum p and sum q: shape (3, n_rows).

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences._rows import excess
    >>> excess(np.array([[2.0, 1.0]]), np.array([[1.0, 1.0]])).round(4)
    array([[0.3863],
           [3.    ],
           [2.    ]])
    """
    out = np.empty((3, len(p)))
    cpu.divergence.generalized_kl(_read_only(p), _read_only(q), *out)
    return out


def softmax_kl(z: np.ndarray, u: np.ndarray) -> np.ndarray:
    """KL(softmax(z) || softmax(u)) of each row."""
    out = np.empty(len(z))
    cpu.divergence.softmax_kl(_read_only(z), _read_only(u), out)
    return out


def _read_only(array: np.ndarray) -> np.ndarray:
    """A view that may not be written to, as some arrays of users: Numba compiles each kind anew."""
    view = array.view()
    view.flags.writeable = False
    return view


def mean(values: np.ndarray, sample_weight: Any) -> float:
    """Weighted mean over rows; a row of weight zero does not count, whatever its value.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences._rows import mean
    >>> mean(np.array([1.0, 4.0, np.inf]), [2.0, 1.0, 0.0])
    2.0
    """
    weight = check_weight(sample_weight, values)
    if weight is None:
        return float(values.mean())
    used = weight > 0
    return float(np.average(values[used], weights=weight[used]))
