"""Several means at once of which few rows are known: prediction-powered, with their covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from w2s_stats._intervals import (
    Interval,
    normal_mean,
    power_tuning,
    prediction_powered_mean,
)
from w2s_stats._intervals._score import Sample, variance_with_rows


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
    tuning : ndarray of shape (m,)
        c; 0 where all are known.
    """

    intervals: list[Interval]
    known: np.ndarray
    others: np.ndarray
    tuning: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Estimates, shape (m,)."""
        return np.array([interval.estimate for interval in self.intervals])

    def covariance(self) -> np.ndarray:
        """Covariance of the estimates, shape (m, m): the variances are the intervals' own."""
        total = np.zeros((self.known.shape[1],) * 2)
        ddof = 0 if len(self.others) else 1
        for part in (self.known, self.others):
            if len(part) > 1:
                total += np.cov(part, rowvar=False, ddof=ddof).reshape(total.shape) / len(part)
        return total

    def covariance_of_differences(self, confidence_level: float) -> np.ndarray:
        """The same for how far two models differ from a third, right 1 and wrong 0, in few rows.

        Where all is known it is that with z^2 rows more, shared by the six ways in which three
        models are not all right or all wrong: (1, 1), (1, 0), (0, 1) and their opposites. In two
        thirds of these any two models differ: neither difference has width 0, nor that of both.

        Where rows lack, variances are those with z^2/4 known rows added of each of four kinds: a
        guessed difference that is one, one that is the opposite, and twice none that is none.
        """
        found = self.covariance()
        if not len(self.others):
            z = float(ndtri(0.5 + 0.5 * confidence_level))
            return found + z**2 / (3 * len(self.known) ** 2) * np.array([[2.0, 1.0], [1.0, 2.0]])
        more = np.zeros(len(self.tuning))
        for j, c in enumerate(self.tuning):
            rest, added = self.known[:, j], np.array([1 - c, -1 - c, 0.0, 0.0])
            sample = Sample(rest, rest, np.ones(len(rest)))
            more[j] = variance_with_rows(sample, rest, added, confidence_level)
            more[j] -= sample.variance(rest)
        return found + np.diag(np.maximum(more, 0.0))


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
    (True, 'prediction-powered, skew-widened')
    """
    if known.all():
        intervals = [normal_mean(column, confidence_level=confidence_level) for column in values.T]
        none = np.zeros((0, values.shape[1]))
        return PoweredMeans(intervals, values, none, np.zeros(values.shape[1]))
    near, far = predicted[known], predicted[~known]
    tuning = np.array(
        [power_tuning(y, f, g) for y, f, g in zip(values.T, near.T, far.T, strict=True)]
    )
    intervals = [
        prediction_powered_mean(y, f, g, tuning=c, confidence_level=confidence_level)
        for y, f, g, c in zip(values.T, near.T, far.T, tuning, strict=True)
    ]
    return PoweredMeans(intervals, values - tuning * near, tuning * far, tuning)
