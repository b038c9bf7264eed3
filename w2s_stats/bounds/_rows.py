"""Inner products of rows and of columns, that copy no more than a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Numbers in a block: each of its temporaries is 1 MB of float64.
_BLOCK = 1 << 17


def blocks(n_rows: int, n_columns: int, size: int | None = None) -> Iterator[slice]:
    """Slices of rows, small enough that a few temporaries of a block stay in cache."""
    step = max(1, (size or _BLOCK) // n_columns)
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def blocks_of(array: np.ndarray) -> Iterator[slice]:
    """The same for an array of one or two dimensions."""
    return blocks(len(array), 1 if array.ndim == 1 else array.shape[1])


def inner(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Inner product of every two rows."""
    return a * b if a.ndim == 1 else np.einsum("ij,ij->i", a, b)


def ahead(p: np.ndarray, q: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """<p - q, direction> of every row, in double precision.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._rows import ahead
    >>> ahead(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), np.array([[3.0, 4.0]]))
    array([7.])
    """
    out = np.empty(len(p))
    for block in blocks_of(p):
        out[block] = inner(p[block].astype(np.float64) - q[block], direction[block])
    return out


def weighted(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Rows times their weights."""
    if weight is None:
        return values
    return values * (weight if values.ndim == 1 else weight[:, None])


def moment(features: np.ndarray, values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Weighted sum over rows of features times values, (n_features,) or (n_features, n_columns).

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._rows import moment
    >>> moment(np.array([[1.0], [2.0]]), np.array([3.0, 4.0]), np.array([1.0, 10.0]))
    array([83.])
    """
    if weight is None:
        return features.T @ values
    total = np.zeros((features.shape[1], *values.shape[1:]))
    for block in blocks_of(values):
        total += features[block].T @ weighted(values[block], weight[block])
    return total
