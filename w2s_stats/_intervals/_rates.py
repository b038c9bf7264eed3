"""Intervals for a rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betaincinv

from w2s_stats._intervals._interval import Interval, checked_rows
from w2s_stats._intervals._score import score_mean, wilson
from w2s_stats._validation import check_confidence_level


def wilson_rate(events: Any, weight: Any = None, *, confidence_level: float = 0.95) -> Interval:
    """Wilson's interval for a rate, which does not collapse where the rate found is 0 or 1.

    (p + z^2/2n) / (1 + z^2/n) +- z sqrt(p (1 - p) / n + z^2/4n^2) / (1 + z^2/n) for a rate p of n
    rows. Where rows have weights, n is their effective number, as in `score_mean`: Kish's (sum w)^2
    / sum w^2 where weights do not follow the events. Of one to three events Wilson's low end is too
    high (at a rate of 0.2/n a 95 % interval covers 82 %): it is then no higher than the exact
    one-sided one; so is the high end where all but one to three rows are events. Where few events
    are expected, coverage goes in steps as long as their probabilities, for any interval: of one,
    0 to 2 events held are .92, 0 to 3 are .98.

    Parameters
    ----------
    events : array-like of bool of shape (n_samples,)
    weight : array-like of shape (n_samples,) or None
        >= 0, some positive; rows of weight zero are left out.
    confidence_level : float, default=0.95

    Returns
    -------
    Interval
        By "Wilson", or "modified Wilson" of one to three events; NaN, by "none", of no rows.

    Raises
    ------
    ValueError
        If an event is not finite, a weight is negative or all are zero, or `confidence_level` is
        not between 0 and 1.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion, section 4.1.1
    (with the Poisson limit's low end, here the binomial's).

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import wilson_rate
    >>> found = wilson_rate(np.zeros(20, dtype=bool))
    >>> found.estimate, found.low, round(found.high, 3)
    (0.0, 0.0, 0.161)
    """
    level = check_confidence_level(confidence_level)
    if len(events) == 0:
        return Interval(np.nan, np.nan, np.nan, "none")
    if weight is None:
        events, _ = checked_rows(events, None, name="events")
        return wilson(float(events.mean()), len(events), level)
    return score_mean(events, weight, confidence_level=level)._replace(method="Wilson")


def clopper_pearson_rate(events: Any, *, confidence_level: float = 0.95) -> Interval:
    """Exact interval for a rate, valid at every n: the rates that neither binomial tail excludes.

    Parameters
    ----------
    events : array-like of bool of shape (n_samples,)
    confidence_level : float, default=0.95

    Returns
    -------
    Interval

    References
    ----------
    Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of
    the binomial.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import clopper_pearson_rate
    >>> found = clopper_pearson_rate(np.zeros(20, dtype=bool))
    >>> found.estimate, found.low, round(found.high, 3)
    (0.0, 0.0, 0.168)
    """
    tail = 0.5 - 0.5 * check_confidence_level(confidence_level)
    events, _ = checked_rows(events, None, name="events")
    n, k = len(events), int(events.sum())
    low = betaincinv(k, n - k + 1, tail) if k > 0 else 0.0
    high = betaincinv(k + 1, n - k, 1 - tail) if k < n else 1.0
    return Interval(k / n, float(low), float(high), "Clopper-Pearson")
