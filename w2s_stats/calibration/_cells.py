"""Cells of rows, and what a calibration error needs to know of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_stats._validation import check_choice
from w2s_stats.calibration._forecast import Margin


class Cells(NamedTuple):
    """Sufficient statistics of the cells that have rows.

    Attributes
    ----------
    size : ndarray of int of shape (n_cells,)
        Rows of each cell, at least one.
    gap : ndarray of shape (n_cells,)
        Mean of the residuals y - f.
    label_variance, residual_variance : ndarray of shape (n_cells,)
        Mean squared distances of y, and of y - f, to their means (divided by the size).
    member : ndarray of int of shape (n_samples,)
        The cell of each row.
    """

    size: np.ndarray
    gap: np.ndarray
    label_variance: np.ndarray
    residual_variance: np.ndarray
    member: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Each cell's part of the rows."""
        return self.size / len(self.member)


def check_bins(n_bins: Any, strategy: Any) -> None:
    """Raise unless there is a positive number of bins of a known kind."""
    if isinstance(n_bins, bool) or not isinstance(n_bins, int | np.integer) or n_bins < 1:
        raise ValueError(f"n_bins must be a positive integer, found {n_bins!r}.")
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
    if strategy == "uniform":
        edges = np.arange(1, n_bins) / n_bins
    else:
        ordered = np.sort(f)
        n_bins = min(n_bins, len(f))
        size, longer = divmod(len(f), n_bins)
        first = np.arange(1, n_bins) * size + np.minimum(np.arange(1, n_bins), longer)
        edges = np.unique((ordered[first - 1] + ordered[first]) / 2.0)
    return np.searchsorted(edges, f, side="left")


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
    gap = mean(residual)
    return Cells(
        count,
        gap,
        mean((margin.y - mean(margin.y)[member]) ** 2),
        mean((residual - gap[member]) ** 2),
        member,
    )
