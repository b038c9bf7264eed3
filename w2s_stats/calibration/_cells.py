"""Cells of rows, and what a calibration error needs to know of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_kernels import cpu, gpu
from w2s_kernels._backend import on_gpu
from w2s_kernels._dispatch import thread_map
from w2s_stats._arrays import array_module, beside, device_of, to_host
from w2s_stats._validation import check_choice, check_integer
from w2s_stats.calibration._forecast import Margin

# Numbers of a piece of rows, which is copied: it stays in a core's second-level cache.
_PIECE = 1 << 16
# Rows are added up in this many lanes, whatever the number of threads.
_LANES = 8


class Cells(NamedTuple):
    """Sufficient statistics of the cells that have rows.

    Attributes
    ----------
    size : ndarray of int of shape (n_cells,)
        Rows of each cell, at least one.
    gap : ndarray of shape (n_cells,)
        Mean of the residuals y - f.
    label : ndarray of shape (n_cells,)
        Mean of y.
    label_variance, residual_variance : ndarray of shape (n_cells,)
        Mean squared distances of y, and of y - f, to their means (divided by the size).
    member : ndarray of int of shape (n_samples,) or None
        The cell of each row; None of cells whose rows were only added up.
    """

    size: np.ndarray
    gap: np.ndarray
    label: np.ndarray
    label_variance: np.ndarray
    residual_variance: np.ndarray
    member: Any

    @property
    def share(self) -> np.ndarray:
        """Each cell's part of the rows."""
        return self.size / self.size.sum()


def check_bins(n_bins: Any, strategy: Any, most: int = 10_000) -> None:
    """Raise unless there is a number of bins, from 1 to `most`, of a known kind."""
    check_integer("n_bins", n_bins, 1)
    if n_bins > most:
        raise ValueError(f"n_bins must be at most {most}; found {n_bins}.")
    check_choice("strategy", strategy, ("uniform", "quantile"))


def bin_of(f: np.ndarray, n_bins: int, strategy: str) -> np.ndarray:
    """Number of each probability's bin; bins are closed on the right, so that ties stay together.

    Parameters
    ----------
    f : ndarray of shape (n_samples,)
    n_bins : int
    strategy : {"uniform", "quantile"}
        Equal widths; or equal counts, cut half-way between neighbours.

    Returns
    -------
    ndarray of int of shape (n_samples,)

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.calibration._cells import bin_of
    >>> bin_of(np.array([0.0, 0.5, 0.6, 1.0]), 2, "uniform")
    array([0, 0, 1, 1])
    >>> bin_of(np.array([0.7, 0.8, 0.8, 0.9]), 2, "quantile")
    array([0, 0, 0, 1])
    """
    return np.searchsorted(_edges(f, n_bins, strategy), f, side="left")


def _edges(f: np.ndarray, n_bins: int, strategy: str) -> np.ndarray:
    if strategy == "uniform":
        # Of f's type, as 0.3 of float32 is more than 0.3 of float64.
        return (np.arange(1, n_bins) / n_bins).astype(f.dtype)
    ordered = np.sort(f)
    n_bins = min(n_bins, len(f))
    size, longer = divmod(len(f), n_bins)
    first = np.arange(1, n_bins) * size + np.minimum(np.arange(1, n_bins), longer)
    first = beside(first, ordered)
    # Half-way between neighbours of float32 is in float64 alone.
    return np.unique((ordered[first - 1].astype(np.float64) + ordered[first]) / 2.0)


def cells_of(margin: Margin, member: np.ndarray) -> Cells:
    """Gather the rows of an event by cell.

    Parameters
    ----------
    margin : Margin
    member : ndarray of int of shape (n_samples,)
        Number of each row's cell; numbers without rows are left out.

    Returns
    -------
    Cells
    """
    count = np.bincount(member)
    member = (np.cumsum(count > 0) - 1)[member]
    count = count[count > 0]

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(member, weights=values) / count

    residual = margin.residual
    gap, label = mean(residual), mean(margin.y)
    return Cells(
        count,
        gap,
        label,
        mean((margin.y - label[member]) ** 2),
        mean((residual - gap[member]) ** 2),
        member,
    )


def binned_cells(proba: np.ndarray, labels: np.ndarray, n_bins: int, strategy: str) -> list[Cells]:
    """Cells of every column over bins of its own, by one pass over the rows.

    What `cells_of` finds by `bin_of`, up to rounding, but for the rows' numbers of cells.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_columns), NumPy's or CuPy's
    labels : ndarray of int of shape (n_samples,), or of shape (n_samples, n_columns), beside it
        The column that came true, or what happened in each (0, 1, or its probability).
    n_bins : int
    strategy : {"uniform", "quantile"}

    Returns
    -------
    list of Cells

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.calibration._cells import binned_cells
    >>> proba = np.array([[0.2], [0.4], [0.9]])
    >>> (cells,) = binned_cells(proba, np.array([[0], [1], [1]]), 2, "uniform")
    >>> cells.size, cells.gap.round(2)
    (array([2, 1]), array([0.2, 0.1]))
    """
    k = proba.shape[1]
    edges = np.full((k, n_bins - 1), np.inf)
    for row, column in zip(edges, proba.T, strict=True):
        own = to_host(_edges(column, n_bins, strategy))
        row[: len(own)] = own
    bin_sums = _bin_sums_there if on_gpu(proba) else _bin_sums_here
    return [_from_sums(own) for own in bin_sums(proba, labels, edges)]


def _bin_sums_there(proba: Any, labels: Any, edges: np.ndarray) -> np.ndarray:
    """Sums over the bins of CuPy arrays, the only numbers of them that come to the host."""
    with device_of(proba):
        sums = array_module(proba).zeros((*_shape(edges), 5))
        gpu.calibration.bin_sums(proba, labels, None, beside(edges, proba), sums)
        return to_host(sums)


def _bin_sums_here(proba: np.ndarray, labels: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Sums over the bins of NumPy arrays, piece after piece on the threads."""
    n, k = proba.shape
    n_rows = max(1, _PIECE // k)

    def lane(starts: np.ndarray) -> np.ndarray:
        sums = np.zeros((*_shape(edges), 5))
        for start in starts:
            rows = slice(start, start + n_rows)
            p = proba[rows].astype(np.float64, order="C")
            y = labels[rows].astype(np.float64 if labels.ndim == 2 else np.int64)
            cpu.calibration.bin_sums(p, y, None, edges, sums)
        return sums

    lanes = np.array_split(np.arange(0, n, n_rows), _LANES)
    return np.sum(thread_map(lane, lanes), axis=0)


def _shape(edges: np.ndarray) -> tuple[int, int]:
    """Columns, and bins of each."""
    return edges.shape[0], edges.shape[1] + 1


def _from_sums(sums: np.ndarray) -> Cells:
    """Cells of the sums of 1, f, y, y^2 and (y - f)^2 over each bin."""
    count, f, y, y_square, square = sums[sums[:, 0] > 0].T
    gap, label = (y - f) / count, y / count
    return Cells(
        count.astype(np.int64),
        gap,
        label,
        np.maximum(y_square / count - label**2, 0.0),
        np.maximum(square / count - gap**2, 0.0),
        None,
    )
