"""Intervals for the mean of held-out losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_stats._intervals import bootstrap_mean, t_mean, wilson_rate


@dataclass(frozen=True)
class MeanInterval:
    """A weighted mean of independent rows and its interval; NaN where there are no rows.

    A row of -inf, the log-probability of what was held impossible, makes the mean -inf.

    Attributes
    ----------
    mean, lower, upper : float
    method : str
        "t", "Wilson", "bootstrap", or "none" where the mean has no interval.
    n_rows : int
        Rows of positive weight.
    """

    mean: float
    lower: float
    upper: float
    method: str
    n_rows: int


def mean_interval(
    values: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    confidence_level: float = 0.95,
    method: str = "t",
    rate: bool = False,
    random_state: int = 0,
) -> MeanInterval:
    """Mean of the rows' values, and an interval for the mean of the population they are from.

    "t": m +- t s / sqrt(n); rows of unequal weights are single rows that represent more or fewer
    (s is the sandwich sqrt(n / (n - 1) sum w^2 (v - m)^2) / sum w). For a rate it is Wilson's
    interval instead, at the rows' effective number (see `wilson_rate`), which does not collapse
    where no row is wrong. "bootstrap": bootstrap-t of 2,000 resamples of rows, Wald where wider.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Rows without a value (NaN) are left out.
    weight : ndarray of shape (n_samples,) or None
        >= 0; rows of weight zero are left out.
    confidence_level : float, default=0.95
    method : {"t", "bootstrap"}, default="t"
    rate : bool, default=False
        Whether the values are 0 and 1, the mean of which is a rate.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    MeanInterval

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer._intervals import mean_interval
    >>> found = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> round(found.mean, 2), round(found.lower, 2), round(found.upper, 2), found.method
    (2.5, 0.45, 4.55, 't')
    >>> found = mean_interval(np.zeros(20), rate=True)
    >>> found.mean, found.lower, round(found.upper, 2), found.method
    (0.0, 0.0, 0.16, 'Wilson')
    """
    weight = np.ones(len(values)) if weight is None else weight
    used = ~np.isnan(values) & (weight > 0)
    values, weight = values[used], weight[used]
    n = len(values)
    if n < 2 or not np.isfinite(values).all():
        mean = np.average(values, weights=weight) if n else np.nan
        return MeanInterval(float(mean), np.nan, np.nan, "none", n)
    if method == "bootstrap":
        found = bootstrap_mean(
            values, weight, confidence_level=confidence_level, random_state=random_state
        )
    else:
        found = (wilson_rate if rate else t_mean)(values, weight, confidence_level=confidence_level)
    return MeanInterval(*found, n)
