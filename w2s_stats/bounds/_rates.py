"""Interval for a rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from w2s_stats.bounds._intervals import Interval, check_confidence_level


def wilson_rate(events: Any, *, confidence_level: float = 0.95) -> Interval:
    """Wilson's interval for a rate, which does not collapse where the rate found is 0 or 1.

    (k + z^2/2) / (n + z^2) +- z sqrt(k (n - k) / n + z^2/4) / (n + z^2), k events in n rows.

    Parameters
    ----------
    events : array-like of bool of shape (n_samples,)
    confidence_level : float, default=0.95

    Returns
    -------
    Interval
        NaN, by "none", of no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._rates import wilson_rate
    >>> found = wilson_rate(np.zeros(20, dtype=bool))
    >>> found.estimate, found.low, round(found.high, 3)
    (0.0, 0.0, 0.161)
    """
    z = float(norm.ppf(0.5 + 0.5 * check_confidence_level(confidence_level)))
    n, k = len(events), int(np.count_nonzero(events))
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, "none")
    centre = (k + 0.5 * z**2) / (n + z**2)
    reach = z * np.sqrt(k * (n - k) / n + 0.25 * z**2) / (n + z**2)
    # Rounding may carry an end past the rate where that is 0 or 1.
    low, high = max(0.0, centre - reach), min(1.0, centre + reach)
    return Interval(k / n, float(min(low, k / n)), float(max(high, k / n)), "Wilson")
