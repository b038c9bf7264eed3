"""Wilson's interval, and the same for means whose variance is not that of a rate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtri

from w2s_stats._intervals._interval import Interval, checked_rows
from w2s_stats._validation import check_confidence_level


def score_mean(
    values: Any,
    weight: Any = None,
    *,
    largest: float = 1.0,
    covariance: float = 0.0,
    confidence_level: float = 0.95,
) -> Interval:
    """Wilson's interval for the mean of values in [0, largest], as counts of errors are.

    The variance is that after adding z^2/2 rows of 0 and as many of `largest`; the size is that at
    which Wilson's interval has this variance. For 0 and 1 of one weight it is Wilson's.

    Parameters
    ----------
    values, weight : as in `normal_mean`
    largest : float, default=1.0
    covariance : float, default=0.0
        What rows that depend on each other add to the mean's variance.
    confidence_level : float, default=0.95

    Returns
    -------
    Interval

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import score_mean, wilson_rate
    >>> errors = np.arange(100) < 4
    >>> bool(np.allclose(score_mean(errors)[:3], wilson_rate(errors)[:3]))
    True
    >>> round(score_mean(2 * errors, largest=2.0).high, 3)
    0.197
    """
    level = check_confidence_level(confidence_level)
    values, weight = checked_rows(values, weight)
    known = Sample(values, values, weight)
    added = np.array([0.0, 0.0, largest, largest])
    variance = covariance + variance_with_rows(known, values, added, level)
    return score_interval(known.mean(values), variance, largest, level, "score")


def wilson(rate: float, n: float, confidence_level: float) -> Interval:
    """Interval of a rate that was found in as many rows as `n` says, whole or not."""
    z2 = float(ndtri(0.5 + 0.5 * confidence_level)) ** 2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    # Rounding may carry an end past the rate where that is 0 or 1.
    low, high = min(max(0.0, centre - reach), rate), max(min(1.0, centre + reach), rate)
    few_low, few_high = _few(rate, n, confidence_level), 1 - _few(1 - rate, n, confidence_level)
    method = "modified Wilson" if few_low < low or few_high > high else "Wilson"
    return Interval(rate, float(min(low, few_low)), float(max(high, few_high)), method)


def _few(rate: float, n: float, confidence_level: float) -> float:
    """Clopper and Pearson's one-sided low end of one to three events; the rate itself of others."""
    events = rate * n
    if not 0.5 < events < 3.5:
        return rate
    return float(betaincinv(events, max(n - events, 0.0) + 1, 1 - confidence_level))


def score_interval(
    mean: float, variance: float, largest: float, confidence_level: float, method: str
) -> Interval:
    """Wilson's interval at the size at which it has a given variance.

    With p = mean / largest and v = variance / largest^2, n solves n v = q (1 - q) for
    q = (n p + z^2/2) / (n + z^2): the variance v is that of the rate q in n rows. Where v is found
    with z^2/2 rows of either outcome added to n rows of 0 and 1, it is those n.

    Parameters
    ----------
    mean : float
        Of values in [0, largest]; cut to it.
    variance : float
        Of the mean, above zero.
    largest : float
    confidence_level : float
    method : str
        What the interval is called.

    Examples
    --------
    >>> from w2s_stats._intervals._score import score_interval, wilson
    >>> z2 = 1.959963984540054**2
    >>> q = (3 + z2 / 2) / (200 + z2)
    >>> found = score_interval(3 / 200, q * (1 - q) / 200, 1.0, 0.95, "score")
    >>> abs(found.high - wilson(3 / 200, 200, 0.95).high) < 1e-12
    True
    """
    p, v = float(np.clip(mean / largest, 0.0, 1.0)), variance / largest**2
    z2 = float(ndtri(0.5 + 0.5 * confidence_level)) ** 2
    # n v (n + z^2)^2 - (n p + z^2/2) (n (1 - p) + z^2/2) changes its sign once in n > 0.
    mixed = 2 * v * z2 - p * (1 - p), v * z2**2 - z2 / 2, -(z2**2) / 4
    roots = np.roots([v, *mixed])
    n = float(roots.real[np.isclose(roots.imag, 0)].max())
    _, low, high, _ = wilson(p, n, confidence_level)
    return Interval(p * largest, low * largest, high * largest, method)


class Sample(NamedTuple):
    """Rows with their weights; unlabelled ones have a guess alone."""

    values: np.ndarray
    guess: np.ndarray
    weight: np.ndarray

    @property
    def size(self) -> float:
        """Kish's effective number of rows."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum())

    def mean(self, rows: np.ndarray) -> float:
        """Weighted mean of a number a row."""
        return float((self.weight * rows).sum() / self.weight.sum())

    def variance(self, rows: np.ndarray) -> float:
        """Of the mean."""
        return self._moment(rows, 2)

    def third(self, rows: np.ndarray) -> float:
        """Third central moment of the mean."""
        return self._moment(rows, 3)

    def _moment(self, rows: np.ndarray, power: int) -> float:
        parts = self.weight * (rows - self.mean(rows))
        return float((parts**power).sum() / self.weight.sum() ** power)


def variance_with_rows(known: Sample, rest: np.ndarray, added: np.ndarray, level: float) -> float:
    """Variance of the mean of n rows as it is among them and z^2/4 times each of four added ones.

    Weights are taken relative to sum w^2 / sum w, so that they sum to n, Kish's number of rows, and
    an added row weighs 1.
    """
    each, n = float(ndtri(0.5 + 0.5 * level)) ** 2 / 4, known.size
    weight = known.weight * (n / known.weight.sum())
    total = n + each * len(added)
    mean = ((weight * rest).sum() + each * added.sum()) / total
    square = ((weight * (rest - mean)) ** 2).sum() + each * ((added - mean) ** 2).sum()
    return float(square / (n * total))
