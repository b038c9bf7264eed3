"""Whether the rows suffice for what is to be fitted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import numpy as np

from w2s_kernels._backend import on_gpu
from w2s_stats._arrays import to_host
from w2s_stats.exceptions import UnderdeterminedFitWarning, warn

_CHUNK = 1 << 14  # rows
_GPU_CHUNK = 1 << 24  # numbers: a launch costs as much as many rows
_LARGEST = 1e70


def count_distinct(keys: Iterable[Hashable], enough: int) -> int:
    """How many distinct keys there are; counts up to `enough`."""
    seen: set[Hashable] = set()
    for key in keys:
        seen.add(key)
        if len(seen) >= enough:
            break
    return len(seen)


def row_keys(rows: np.ndarray) -> Iterator[bytes]:
    """Bits of each row; zero has one sign."""
    return ((row + 0.0).tobytes() for row in rows)


def check_distinct_rows(
    X: np.ndarray, Y: np.ndarray, weight: np.ndarray | None, n_experts: int
) -> None:
    """Raise if fewer distinct rows (x, y) have weight than there are experts."""

    def keys() -> Iterator[bytes]:
        for start in range(0, len(X), _CHUNK):
            stop = min(start + _CHUNK, len(X))
            keep = slice(None) if weight is None else weight[start:stop] > 0
            yield from row_keys(
                to_host(np.concatenate([X[start:stop], Y[start:stop]], axis=1)[keep])
            )

    found = count_distinct(keys(), n_experts)
    if found < n_experts:
        raise ValueError(
            f"n_experts={n_experts} needs at least as many distinct rows of X and y; found "
            f"n_samples={len(X)} with {found} distinct."
        )


def check_sizes(values: np.ndarray, name: str, apart: np.ndarray | None = None) -> None:
    """Raise if a column holds numbers whose fourth power, or its inverse, is beyond floating point.

    The information of a Gaussian gate has such powers of X in it. NaN is passed over. Rows `apart`
    (a mask) are fitted apart from the others, and looked at apart from them.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._validation import check_sizes
    >>> check_sizes(np.array([[0.0, 1e60], [0.0, -2.0]]), "X")
    >>> check_sizes(np.array([[0.0, 1e90], [0.0, -2.0]]), "X")
    Traceback (most recent call last):
    ValueError: X must hold numbers of which the largest is between 1e-70 and 1e+70 in size...
    """
    columns = values.reshape(len(values), -1)
    for rows in (None,) if apart is None else (apart, ~apart):
        size = _largest(columns, rows)
        wrong = np.flatnonzero((size > _LARGEST) | ((size < 1 / _LARGEST) & (size > 0)))
        if wrong.size:
            column = int(wrong[0])
            where = f" in column {column}" if columns.shape[1] > 1 else ""
            raise ValueError(
                f"{name} must hold numbers of which the largest is between {1 / _LARGEST:g} and "
                f"{_LARGEST:g} in size{', in every column' if where else ''}; found "
                f"{size[column]:g}{where}: rescale it."
            )


def _largest(columns: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    """The largest number of each column in size, on the host; NaN is passed over."""
    size, there = np.zeros(columns.shape[1]), on_gpu(columns)
    length = max(_CHUNK, _GPU_CHUNK // columns.shape[1]) if there else _CHUNK
    for start in range(0, len(columns), length):
        part = columns[start : start + length]
        part = part if rows is None else part[rows[start : start + length]]
        if there:  # CuPy's fmax does not reduce
            found = to_host(np.where(np.isnan(part), 0.0, np.abs(part)).max(axis=0))
        elif len(part):
            found = np.maximum(np.fmax.reduce(part), -np.fmin.reduce(part))
        else:
            continue
        size = np.fmax(size, found)
    return size


def check_observed(Y: np.ndarray, weight: np.ndarray | None = None, *, name: str = "y") -> None:
    """Raise if an output has no label at all in rows that have weight."""
    Y = Y if weight is None else Y[weight > 0]
    for column in range(Y.shape[1]):
        if np.isnan(Y[:, column]).all():
            which = name if Y.shape[1] == 1 else f"column {column} of {name}"
            raise ValueError(f"{which} must have at least one label; found missing values only.")


def warn_columns(X: np.ndarray, feature_names: list[str], *, fit_intercept: bool) -> None:
    """Warn of what X leaves open: constant columns, fewer rows than coefficients."""
    if fit_intercept:
        ends = to_host(X.min(axis=0)), to_host(X.max(axis=0))
        constant = [n for n, low, high in zip(feature_names, *ends, strict=True) if low == high]
        if constant and len(X) > 1:
            warn(
                f"X is constant in {', '.join(constant)}: a constant column cannot be told from "
                "the intercept and gets coefficient 0.",
                UnderdeterminedFitWarning,
            )
    n_coefficients = X.shape[1] + fit_intercept
    if len(X) < n_coefficients:
        warn(
            f"X has {len(X)} rows for {n_coefficients} coefficients an expert: the fit of minimum "
            "norm is taken, and its coefficients are not determined by the data.",
            UnderdeterminedFitWarning,
        )
