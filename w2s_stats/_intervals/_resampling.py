"""Means of resampled rows."""

from __future__ import annotations

import numpy as np

from w2s_kernels import cpu
from w2s_kernels._dispatch import n_threads, thread_map
from w2s_stats._arrays import read_only

# From here on the number of rows in a resample may vary: it does by 10 % or less.
_MANY_ROWS = 100

# Resamples of fewer rows that are drawn at a time.
_BLOCK = 10_000


def resampled_means(
    values: np.ndarray, weight: np.ndarray | None, n_resamples: int, seed: int
) -> np.ndarray:
    """Weighted means sum w v / sum w of every column over resamples of rows.

    Fewer than 100 rows are drawn with replacement. Of more, every row counts Poisson(1) times, on
    its own: given how many count they are drawn with replacement, and that number is n up to
    sqrt(n), which makes the variance of a mean larger by about 1/n of itself. These counts depend
    on the seed, the resample's number and the row's alone, not on the threads.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns)
        Float32 or float64, finite.
    weight : ndarray of shape (n_samples,) or None
        Positive, all 1 where None.
    n_resamples : int
    seed : int
        From 0 to 2^63 - 1.

    Returns
    -------
    ndarray of shape (n_resamples, n_columns)

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import resampled_means
    >>> values = np.random.default_rng(0).normal(size=(10_000, 2))
    >>> 100 * resampled_means(values, None, 2000, seed=0).std(axis=0).round(4)
    array([0.98, 1.  ])
    """
    weight = np.ones(len(values), values.dtype) if weight is None else weight
    if len(values) < _MANY_ROWS:
        return _drawn_means(values, weight, n_resamples, np.random.default_rng(seed))
    out = np.empty((n_resamples, values.shape[1]))
    values, weight = (read_only(np.ascontiguousarray(a)) for a in (values, weight))
    # Four pieces a thread: who is free takes the next, and a piece prepares the rows once.
    size = -(-n_resamples // (4 * n_threads()))

    def piece(first: int) -> None:
        cpu.resample.bootstrap_means(values, weight, seed, first, out[first : first + size])

    thread_map(piece, range(0, n_resamples, size))
    return out


def _drawn_means(
    values: np.ndarray, weight: np.ndarray, n_resamples: int, random: np.random.Generator
) -> np.ndarray:
    n, product = len(values), weight[:, None] * values
    means = []
    for start in range(0, n_resamples, _BLOCK):
        drawn = random.integers(n, size=(min(_BLOCK, n_resamples - start), n))
        means.append(product[drawn].sum(axis=1) / weight[drawn].sum(axis=1, keepdims=True))
    return np.concatenate(means)
