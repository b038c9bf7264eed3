"""Intervals for means of rows that may be infinite, also where some rows have no truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from w2s_stats._intervals import (
    BOOTSTRAP_ROWS,
    Interval,
    bootstrap_mean,
    empirical_bernstein_mean,
    normal_mean,
    prediction_powered_mean,
)
from w2s_stats.bounds._base import Assumption, Quantity

FRESH_ROWS = Assumption("The rows are fresh ones, not the student's training rows", "not checked")
NEW_ROWS = Assumption(
    "Intervals are for new rows: these are independent, and the student was trained on others",
    "not checked",
)
LABELLED_AT_RANDOM = Assumption("The labelled rows are a random sample of all rows", "not checked")


def mean_of_rows(
    values: np.ndarray,
    weight: np.ndarray | None,
    confidence_level: float,
    *,
    method: Callable[..., Interval] = normal_mean,
    **options: Any,
) -> Interval:
    """Mean and its interval by `method`; an infinite row makes an infinite mean without one.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._row_means import mean_of_rows
    >>> mean_of_rows(np.array([0.0, np.inf]), None, 0.95)
    Interval(estimate=inf, low=-inf, high=inf, method='none')
    """
    if np.isfinite(values).all():
        return method(values, weight, confidence_level=confidence_level, **options)
    return Interval(float(np.average(values, weights=weight)), -np.inf, np.inf, "none")


def through(name: str, mean: Interval, increasing: Callable[[float], float]) -> Quantity:
    """What an increasing function makes of a mean that is not negative, and of its interval.

    Examples
    --------
    >>> from w2s_stats._intervals import Interval
    >>> from w2s_stats.bounds._row_means import through
    >>> through("root", Interval(4.0, -1.0, 9.0, "normal"), lambda d: d**0.5)
    Quantity(name='root', value=2.0, low=0.0, high=3.0, method='normal')
    """
    value, low, high = (float(increasing(max(end, 0.0))) for end in mean[:3])
    return Quantity(name, value, low, high, mean.method)


def intervals_of_end(
    values: np.ndarray,
    weight: np.ndarray | None,
    confidence_level: float,
    *,
    low: float,
    high: float,
    random_state: Any,
) -> list[tuple[str, Interval]]:
    """By bootstrap and, for rows without weights, by empirical Bernstein in [low, high]: any n."""
    if len(values) > BOOTSTRAP_ROWS:
        mean = mean_of_rows(values, weight, confidence_level)
    else:
        mean = mean_of_rows(
            values, weight, confidence_level, method=bootstrap_mean, random_state=random_state
        )
    found = [("", mean)]
    if weight is None and np.isfinite(values).all():
        # The floor behind low and high is met up to rounding only.
        inside = np.clip(values, low, high)
        bernstein = empirical_bernstein_mean(inside, low, high, confidence_level=confidence_level)
        found.append((", any n", bernstein._replace(estimate=mean.estimate)))
    return found


def mean_of_known_rows(
    values: np.ndarray, guess: np.ndarray, weight: np.ndarray | None, confidence_level: float
) -> tuple[Interval | None, list[Assumption]]:
    """Mean of values that need the truth, and what that takes for granted; None without truth.

    Where rows are labelled in part the interval is prediction-powered.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        NaN where the truth is not known.
    guess : ndarray of shape (n_samples,)
        What stands in for the values; it makes the interval shorter, never wrong.
    weight : ndarray of shape (n_samples,) or None
    confidence_level : float
    """
    known = ~np.isnan(values)
    if not known.any():
        return None, []
    if known.all():
        return mean_of_rows(values, weight, confidence_level), []
    if np.isfinite(values[known]).all() and np.isfinite(guess).all():
        found = powered_mean(values[known], guess, known, weight, confidence_level)
        return found, [LABELLED_AT_RANDOM]
    near = None if weight is None else weight[known]
    return mean_of_rows(values[known], near, confidence_level), [LABELLED_AT_RANDOM]


def powered_mean(
    values: np.ndarray,
    guess: np.ndarray,
    known: np.ndarray,
    weight: np.ndarray | None,
    confidence_level: float,
) -> Interval:
    """Prediction-powered mean over all rows of what is known of some.

    Parameters
    ----------
    values : ndarray of shape (n_known,)
    guess : ndarray of shape (n_samples,)
    known : ndarray of bool of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    confidence_level : float
    """
    near, far = (None, None) if weight is None else (weight[known], weight[~known])
    return prediction_powered_mean(
        values,
        guess[known],
        guess[~known],
        labelled_weight=near,
        unlabelled_weight=far,
        confidence_level=confidence_level,
    )
