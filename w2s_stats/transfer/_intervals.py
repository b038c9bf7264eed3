"""Intervals for the mean of held-out losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t
from sklearn.utils import check_random_state

_N_RESAMPLES = 2000
# Entries of a block of resamples: 8 MB of multinomial counts.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class MeanInterval:
    """A weighted mean of independent rows and its interval; NaN where there are no rows.

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
    interval instead, at the effective size (sum w)^2 / sum w^2, which does not collapse where no
    row is wrong. "bootstrap": percentiles over 2,000 resamples of rows.

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
    used = np.isfinite(values) & (weight > 0)
    values, weight = values[used], weight[used]
    n, total = len(values), float(weight.sum())
    if n == 0:
        return MeanInterval(np.nan, np.nan, np.nan, "none", 0)
    mean = float(weight @ values / total)
    if n == 1:
        return MeanInterval(mean, np.nan, np.nan, "none", 1)
    if method == "bootstrap":
        lower, upper = _percentiles(values, weight, confidence_level, random_state)
    elif rate:
        method = "Wilson"
        lower, upper = _wilson(mean, total**2 / float(weight @ weight), confidence_level)
    else:
        spread = np.sqrt(n / (n - 1) * float(weight**2 @ (values - mean) ** 2)) / total
        reach = float(t.ppf(0.5 + 0.5 * confidence_level, n - 1)) * spread
        lower, upper = mean - reach, mean + reach
    return MeanInterval(mean, float(lower), float(upper), method, n)


def _wilson(mean: float, n: float, confidence_level: float) -> tuple[float, float]:
    z2 = float(norm.ppf(0.5 + 0.5 * confidence_level)) ** 2
    centre = (mean + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2 * (mean * (1 - mean) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    # Rounding may carry an end past the mean where that is 0 or 1.
    return min(max(0.0, centre - reach), mean), max(min(1.0, centre + reach), mean)


def _percentiles(
    values: np.ndarray, weight: np.ndarray, confidence_level: float, random_state: int
) -> np.ndarray:
    random = check_random_state(random_state)
    n = len(values)
    means = []
    for start in range(0, _N_RESAMPLES, size := max(1, _BLOCK // n)):
        drawn = random.randint(n, size=(min(size, _N_RESAMPLES - start), n))
        means.append((weight * values)[drawn].sum(axis=1) / weight[drawn].sum(axis=1))
    tail = 0.5 - 0.5 * confidence_level
    return np.quantile(np.concatenate(means), [tail, 1 - tail])
