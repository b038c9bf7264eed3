"""Several means at once of which few rows are known: prediction-powered, with their covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from w2s_stats.bounds._intervals import (
    Interval,
    normal_mean,
    power_tuning,
    prediction_powered_mean,
)
from w2s_stats.bounds._rates import wilson_rate


class PoweredMeans(NamedTuple):
    """Estimates of m means as sums of two plain means, that of known rows and that of the others.

    Attributes
    ----------
    intervals : list of Interval
        One a mean.
    known : ndarray of shape (n_known, m)
        y - c f.
    others : ndarray of shape (n_others, m)
        c g; no rows where all are known.
    ddof : int
        Of the variances that the intervals are made of: 1 where all rows are known, else 0.
    """

    intervals: list[Interval]
    known: np.ndarray
    others: np.ndarray
    ddof: int

    @property
    def mean(self) -> np.ndarray:
        """Estimates, shape (m,)."""
        return np.array([interval.estimate for interval in self.intervals])

    def covariance(self) -> np.ndarray:
        """Covariance of the estimates, shape (m, m): the variances are the intervals' own."""
        total = np.zeros((self.known.shape[1],) * 2)
        for part in (self.known, self.others):
            if len(part) > 1:
                total += np.cov(part, rowvar=False, ddof=self.ddof).reshape(total.shape) / len(part)
        return total


def powered_means(
    values: np.ndarray, predicted: np.ndarray, known: np.ndarray, confidence_level: float
) -> PoweredMeans:
    """Means of m values over all rows; each by `prediction_powered_mean` where rows are lacking.

    Parameters
    ----------
    values : ndarray of shape (n_known, m)
    predicted : ndarray of shape (n_samples, m)
        Guesses of the values, of any quality.
    known : ndarray of bool of shape (n_samples,)
    confidence_level : float

    Returns
    -------
    PoweredMeans

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection._powered import powered_means
    >>> y = np.random.default_rng(0).normal(size=(500, 1))
    >>> known = np.arange(500) < 50
    >>> found = powered_means(y[:50], y, known, 0.95)
    >>> bool(abs(found.mean[0] - y.mean()) < 0.05), found.intervals[0].method
    (True, 'prediction-powered')
    """
    if known.all():
        intervals = [normal_mean(column, confidence_level=confidence_level) for column in values.T]
        return PoweredMeans(intervals, values, np.empty((0, values.shape[1])), 1)
    near, far = predicted[known], predicted[~known]
    tuning = np.array(
        [power_tuning(y, f, g) for y, f, g in zip(values.T, near.T, far.T, strict=True)]
    )
    intervals = [
        prediction_powered_mean(y, f, g, confidence_level=confidence_level)
        for y, f, g in zip(values.T, near.T, far.T, strict=True)
    ]
    return PoweredMeans(intervals, values - tuning * near, tuning * far, 0)


def accuracy(
    right: np.ndarray, powered: Interval, n_rows: int, confidence_level: float
) -> Interval:
    """Interval of a rate that stays one near 0 and 1, where normal ones collapse or leave [0, 1].

    Wilson's where all rows are known. Else the prediction-powered one; where that has no width or
    leaves [0, 1], its union with Wilson's of the known rows, cut to [0, 1].

    Parameters
    ----------
    right : ndarray of shape (n_known,)
        0 or 1.
    powered : Interval
        Of `powered_means`.
    n_rows : int
        Rows in all.
    confidence_level : float

    Returns
    -------
    Interval

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._intervals import Interval
    >>> from w2s_stats.selection._powered import accuracy
    >>> found = accuracy(np.ones(50), Interval(1.0, 1.0, 1.0, "prediction-powered"), 500, 0.95)
    >>> round(found.low, 3), found.high, found.method
    (0.929, 1.0, 'prediction-powered or Wilson')
    """
    alone = wilson_rate(right, confidence_level=confidence_level)
    if len(right) == n_rows:
        return alone
    estimate, low, high, method = powered
    # One row, or rows all alike, tell nothing of the variance.
    if len(np.unique(right)) > 1 and 0 <= low < high <= 1:
        return powered
    low, high = max(0.0, min(low, alone.low)), min(1.0, max(high, alone.high))
    return Interval(float(np.clip(estimate, 0.0, 1.0)), low, high, f"{method} or Wilson")
