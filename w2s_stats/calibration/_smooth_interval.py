"""How far the sample's smooth calibration error may be from the population's."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from w2s_stats._validation import check_integer
from w2s_stats.calibration._forecast import Forecast
from w2s_stats.calibration._smooth import SortedResiduals, smooth_events
from w2s_stats.calibration._weak_labels import residual_limits

# The part of the risk that the limit of E r^2 takes.
_SHARE = 0.1


def sampling_reach(
    square: float,
    n: int,
    risk: float,
    *,
    limits: tuple[float, float],
    n_events: int = 1,
    size: float = 2.0,
) -> float:
    """Theory 9.5: how far sup_w E_n <w, r> may be from sup_w E <w, r>, but for a given risk.

    size sqrt(k E|r|^2 / n) + R sqrt(2 log(1 / delta) / n), of which the first term limits the mean
    of sup_w |(E_n - E) <w, r>| and the second, as a row changes it by at most 2 R / n, what it is
    above its mean (McDiarmid). Hoeffding's inequality limits E|r|^2 by the sample's.

    Parameters
    ----------
    square : float
        Mean of |r|^2 over the sample.
    n : int
        Rows.
    risk : float
        Probability with which the distance may be larger.
    limits : tuple of two floats
        R and S with sum_j |r_j| <= R and |r|^2 <= S in every row.
    n_events : int, default=1
        k, over which r is summed.
    size : float, default=2.0
        Of the class of weights w of an event: 1 + L for those that are Lipschitz with constant L
        on [0, 1] and at most 1 (w(0) and the integral of w', a term each); the square root of the
        number of cells for those that are constant on cells (Cauchy and Schwarz).

    Examples
    --------
    >>> from w2s_stats.calibration._smooth_interval import sampling_reach
    >>> round(sampling_reach(0.2, 10_000, 0.05, limits=(1.0, 1.0)), 3)
    0.034
    """
    largest, largest_square = limits
    limit = square + largest_square * np.sqrt(-np.log(_SHARE * risk) / (2.0 * n))
    mean = size * np.sqrt(n_events * min(limit, largest_square) / n)
    return float(mean + largest * np.sqrt(-2.0 * np.log((1.0 - _SHARE) * risk) / n))


def finite_sample_reach(forecast: Forecast, level: float) -> float:
    """How far the smooth error of a forecast may be from the population's."""
    margins, times = smooth_events(forecast)
    squares = [float(np.mean(margin.residual**2)) for margin in margins]
    limits = residual_limits(forecast.corrected, len(squares))
    n = len(forecast.proba)
    return times * sampling_reach(
        sum(squares), n, 1.0 - level, limits=limits, n_events=len(squares)
    )


def bootstrap_reach(forecast: Forecast, level: float, n_resamples: int, random_state: Any) -> float:
    """Quantile of sup_w (E* - E_n) w r over resamples of rows.

    The distance of the two errors is at most sup_w |(E_n - E) w r|, whose distribution the
    bootstrap finds also where the error itself is 0 (the class of weights is Donsker).
    """
    check_integer("n_resamples", n_resamples, 1)
    margins, times = smooth_events(forecast)
    events = [SortedResiduals(margin) for margin in margins]
    n, random = len(forecast.proba), check_random_state(random_state)
    suprema = []
    for _ in range(n_resamples):
        count = np.bincount(random.randint(n, size=n), minlength=n)
        weight = (count - 1.0) / n
        suprema.append(times * sum(event.supremum(weight) for event in events))
    return float(np.quantile(suprema, level))
