"""A divergence of every row, chunk after chunk on the threads, and means over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_kernels import cpu
from w2s_kernels._backend import on_gpu
from w2s_kernels._dispatch import thread_map
from w2s_stats._arrays import read_only
from w2s_stats._validation import check_weight
from w2s_stats.divergences import _device

_CHUNK = 1 << 17  # numbers: a chunk and its twin stay in a core's second-level cache


def by_rows(
    function: Callable[..., object],
    p: np.ndarray,
    q: np.ndarray,
    *,
    dtype: type | np.dtype | None = None,
) -> np.ndarray:
    """What a function writes of rows; no more than a chunk of rows is ever copied.

    Parameters
    ----------
    function : callable
        Takes two C-ordered arrays of m rows, and an array of m numbers that it writes.
    p, q : ndarray of shape (n_samples, n_columns)
        In any memory order, memory-mapped files too.
    dtype : dtype, default=None
        What the function gets; the common one of `p` and `q` by default.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    dtype = np.result_type(p, q) if dtype is None else dtype
    n_rows = max(1, _CHUNK // p.shape[1])
    out = np.empty(len(p))

    def chunk(start: int) -> None:
        rows = slice(start, start + n_rows)
        pair = (read_only(np.ascontiguousarray(a[rows], dtype=dtype)) for a in (p, q))
        function(*pair, out[rows])

    thread_map(chunk, range(0, len(p), n_rows))
    return out


def mean_by_rows(
    function: Callable[..., int], p: np.ndarray, q: np.ndarray, sample_weight: Any
) -> float | None:
    """Mean of what a function writes of rows, none of which is kept; None if it finds bad ones.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_kernels import cpu
    >>> from w2s_stats.divergences._rows import mean_by_rows
    >>> mean_by_rows(cpu.divergence.softmax_kl, np.zeros((2, 3)), np.ones((2, 3)), None)
    0.0
    """
    weight = check_weight(sample_weight, p)
    n_rows = max(1, _CHUNK // p.shape[1])

    def chunk(start: int) -> tuple[int, float]:
        rows = slice(start, start + n_rows)
        pair = [read_only(np.ascontiguousarray(a[rows])) for a in (p, q)]
        value = np.empty(len(pair[0]))
        n_bad = function(*pair, value)
        if weight is None:
            return n_bad, float(value.sum())
        used = weight[rows] > 0
        return n_bad, float(weight[rows][used] @ value[used])

    n_bad, total = np.sum(thread_map(chunk, range(0, len(p), n_rows)), axis=0)
    if n_bad:
        return None
    return float(total / (len(p) if weight is None else weight.sum()))


def excess(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Of each row, sum_j p log(p/q) - p + q.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences._rows import excess
    >>> excess(np.array([[2.0, 1.0]]), np.array([[1.0, 1.0]])).round(4)
    array([0.3863])
    """
    out = np.empty((3, len(p)))
    cpu.divergence.generalized_kl(read_only(p), read_only(q), *out)
    return out[0]


def output_sums(
    f: np.ndarray, g: np.ndarray, weight: np.ndarray | None, f_scale: float, g_scale: float
) -> np.ndarray:
    """Sums of w (a log(a/b) - a + b), w a and w b, of a = f f_scale and b = g g_scale.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences._rows import output_sums
    >>> output_sums(np.array([2.0, 1.0]), np.array([1.0, 1.0]), None, 1.0, 2.0).round(4)
    array([0.3069, 3.    , 4.    ])
    """
    if on_gpu(f):
        return _device.output_sums(f, g, weight, f_scale, g_scale)
    weight = np.empty(0) if weight is None else weight

    def chunk(start: int) -> np.ndarray:
        rows = slice(start, start + _CHUNK)
        sums = np.zeros(3)
        cpu.divergence.output_kl(f[rows], g[rows], weight[rows], f_scale, g_scale, sums)
        return sums

    return np.sum(thread_map(chunk, range(0, len(f), _CHUNK)), axis=0)


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
