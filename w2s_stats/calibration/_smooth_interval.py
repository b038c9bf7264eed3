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


def finite_sample_reach(forecast: Forecast, level: float) -> float:
    """Theory 9.5: sup_w |(E_n - E) w r| is at most its mean's bound and McDiarmid's deviation.

    A row changes the sum over classes by at most 2 R/n where sum_j |r_j| <= R, and the mean is at
    most 2 sqrt(k E|r|^2/n). Hoeffding's inequality limits E|r|^2 by the sample's, |r|^2 <= S.
    """
    margins, times = smooth_events(forecast)
    n_events = 0
    square = np.zeros(len(forecast.proba))
    for margin in margins:
        square += margin.residual**2
        n_events += 1
    n, risk = len(square), 1.0 - level
    largest, largest_square = residual_limits(forecast.corrected, n_events)
    limit = square.mean() + largest_square * np.sqrt(-np.log(_SHARE * risk) / (2.0 * n))
    mean = 2.0 * np.sqrt(n_events * min(limit, largest_square) / n)
    deviation = largest * np.sqrt(-2.0 * np.log((1.0 - _SHARE) * risk) / n)
    return float(times * (mean + deviation))


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
