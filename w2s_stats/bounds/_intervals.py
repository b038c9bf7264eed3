"""Intervals for a mean, each named by the method that made it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from w2s_stats import _validation
from w2s_stats._validation import check_seed
from w2s_stats.bounds._parameters import check_integer

# From here on the bootstrap of a mean is Wald's interval, at thousands of times its cost.
BOOTSTRAP_ROWS = 20_000

# Entries of a block of resamples: 8 MB of row numbers.
_BLOCK = 1 << 20


class Interval(NamedTuple):
    """An estimate, its interval and how the interval was made.

    Attributes
    ----------
    estimate, low, high : float
    method : str
        "normal", "bootstrap", "empirical Bernstein", "prediction-powered", ...

    Examples
    --------
    >>> from w2s_stats.bounds._intervals import Interval
    >>> Interval(0.1, 0.05, 0.15, "normal").high
    0.15
    """

    estimate: float
    low: float
    high: float
    method: str


def check_confidence_level(confidence_level: float) -> float:
    """Raise unless a confidence level lies strictly between 0 and 1."""
    _validation.check_confidence_level(confidence_level)
    return float(confidence_level)


def normal_mean(values: Any, weight: Any = None, *, confidence_level: float = 0.95) -> Interval:
    """Wald's interval for a mean: m +- z sqrt(n/(n-1) sum w^2 (v - m)^2) / sum w.

    Asymptotic: rows are taken to be independent, with a variance. Rows of unequal weights are
    single rows that represent more or fewer.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Finite.
    weight : array-like of shape (n_samples,) or None
        >= 0, some positive; rows of weight zero are left out.
    confidence_level : float, default=0.95

    Returns
    -------
    Interval
        Without ends (-inf, inf) where one row is all there is.

    Raises
    ------
    ValueError
        If there are no values, one is not finite, a weight is negative or all are zero, or
        `confidence_level` is not between 0 and 1.

    Examples
    --------
    >>> from w2s_stats.bounds._intervals import normal_mean
    >>> found = normal_mean([1.0, 2.0, 3.0, 4.0])
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (2.5, 1.23, 3.77)
    """
    values, weight = _weighted(values, weight)
    n, total = len(values), weight.sum()
    mean = float(weight @ values / total)
    z = norm.ppf(0.5 + 0.5 * check_confidence_level(confidence_level))
    if n == 1:
        return Interval(mean, -np.inf, np.inf, "normal")
    reach = float(z * np.sqrt(n / (n - 1) * (weight**2 @ (values - mean) ** 2)) / total)
    return Interval(mean, mean - reach, mean + reach, "normal")


def bootstrap_mean(
    values: Any,
    weight: Any = None,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 2000,
    random_state: Any = None,
) -> Interval:
    """Percentile interval of the (weighted) means of rows drawn with replacement.

    Asymptotic; rows are taken to be independent.

    Parameters
    ----------
    values, weight : as in `normal_mean`
    confidence_level : float, default=0.95
    n_resamples : int, default=2000
    random_state : int, RandomState or None

    Returns
    -------
    Interval
        Without ends (-inf, inf) where one row is all there is.

    Raises
    ------
    ValueError
        As `normal_mean`, and if `n_resamples` is no integer of at least 1.

    Examples
    --------
    >>> from w2s_stats.bounds._intervals import bootstrap_mean
    >>> found = bootstrap_mean([1.0, 2.0, 3.0, 4.0], random_state=0)
    >>> found.low, found.estimate, found.high
    (1.5, 2.5, 3.5)
    """
    values, weight = _weighted(values, weight)
    tail = 0.5 - 0.5 * check_confidence_level(confidence_level)
    check_integer("n_resamples", n_resamples, 1)
    random, n = check_seed(random_state), len(values)
    if n == 1:
        return Interval(float(values[0]), -np.inf, np.inf, "bootstrap")
    product = weight * values
    means = []
    for start in range(0, n_resamples, size := max(1, _BLOCK // n)):
        drawn = random.randint(n, size=(min(size, n_resamples - start), n))
        means.append(product[drawn].sum(axis=1) / weight[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Interval(float(product.sum() / weight.sum()), float(low), float(high), "bootstrap")


def empirical_bernstein_mean(
    values: Any, low: float, high: float, *, confidence_level: float = 0.95
) -> Interval:
    """Interval of Maurer and Pontil for the mean of independent values in [low, high].

    m +- sqrt(2 V ln(4/alpha) / n) + 7 (high - low) ln(4/alpha) / (3 (n - 1)), V the sample's
    variance; cut to [low, high]. Valid at every n (theory 3.3).

    Parameters
    ----------
    values : array-like of shape (n_samples,)
    low, high : float
        Known before the values were seen: the sample's own range is not valid.
    confidence_level : float, default=0.95

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If there are no values, or one lies outside [low, high].

    References
    ----------
    Maurer and Pontil (2009), Empirical Bernstein bounds and sample variance penalization, Thm 4.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._intervals import empirical_bernstein_mean
    >>> found = empirical_bernstein_mean(np.tile([0.2, 0.4], 500), 0.0, 1.0)
    >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
    (0.3, 0.28, 0.32)
    """
    values, _ = _weighted(values, None)
    slack = 1e-9 * max(abs(low), abs(high), 1.0)
    if values.min() < low - slack or values.max() > high + slack:
        raise ValueError(
            f"values must lie in [{low:g}, {high:g}], found {values.min():g} to {values.max():g}."
        )
    n, mean = len(values), float(values.mean())
    log = np.log(4.0 / (1.0 - check_confidence_level(confidence_level)))
    reach = np.inf
    if n > 1:
        spread = np.sqrt(2.0 * values.var(ddof=1) * log / n)
        reach = float(spread + 7.0 * (high - low) * log / (3.0 * (n - 1)))
    return Interval(mean, max(low, mean - reach), min(high, mean + reach), "empirical Bernstein")


def prediction_powered_mean(
    labelled: Any,
    predicted_labelled: Any,
    predicted_unlabelled: Any,
    *,
    tuning: float | None = None,
    confidence_level: float = 0.95,
) -> Interval:
    """Power-tuned prediction-powered interval for a mean of which few values are known.

    With n known values y, their predictions f and N predictions g of unknown values,
    m = c mean(g) + mean(y - c f) +- z sqrt(c^2 Var(g)/N + Var(y - c f)/n), where
    c = cov(y, f) / ((1 + n/N) var(f and g)), cut to [0, 1], makes it shortest.

    Asymptotic; the known values are taken to be a random sample of all. Predictions may be as bad
    as they like: the interval is then that of the known values alone.

    Parameters
    ----------
    labelled, predicted_labelled : array-like of shape (n_labelled,)
    predicted_unlabelled : array-like of shape (n_unlabelled,)
    tuning : float, default=None
        Another c than the shortest interval's, to give several means the same.
    confidence_level : float, default=0.95

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If one of the three is empty or not finite, or the first two differ in length.

    References
    ----------
    Angelopoulos, Duchi and Zrnic (2023), PPI++: Efficient prediction-powered inference.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._intervals import normal_mean, prediction_powered_mean
    >>> rng = np.random.default_rng(0)
    >>> y, noise = rng.normal(size=2000), rng.normal(size=2000)
    >>> guess = y + 0.3 * noise
    >>> found = prediction_powered_mean(y[:100], guess[:100], guess[100:])
    >>> alone = normal_mean(y[:100])
    >>> round((found.high - found.low) / (alone.high - alone.low), 2)
    0.36
    """
    y, _ = _weighted(labelled, None, name="labelled")
    f, _ = _weighted(predicted_labelled, None, name="predicted_labelled")
    g, _ = _weighted(predicted_unlabelled, None, name="predicted_unlabelled")
    n, N = len(y), len(g)
    if len(f) != n:
        raise ValueError(
            f"predicted_labelled must have an entry for each of the {n} labelled values, found "
            f"{len(f)}."
        )
    z = norm.ppf(0.5 + 0.5 * check_confidence_level(confidence_level))
    c = power_tuning(y, f, g) if tuning is None else tuning
    mean = float(c * g.mean() + (y - c * f).mean())
    reach = float(z * np.sqrt(c**2 * g.var() / N + (y - c * f).var() / n)) if n > 1 else np.inf
    return Interval(mean, mean - reach, mean + reach, "prediction-powered")


def power_tuning(y: np.ndarray, f: np.ndarray, g: np.ndarray) -> float:
    """The c of `prediction_powered_mean`: how far the predictions are to be trusted, 0 to 1."""
    variance = np.var(np.concatenate([f, g]), ddof=1)
    covariance = float(np.mean((y - y.mean()) * (f - f.mean())))
    if not variance > 0:
        return 0.0
    return float(np.clip(covariance / ((1 + len(y) / len(g)) * variance), 0.0, 1.0))


def _weighted(values: Any, weight: Any, *, name: str = "values") -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must be one row of numbers, found shape {values.shape}.")
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise ValueError(f"{name} must be finite, found {values[row]} at row {row}.")
    if weight is None:
        return values, np.ones(len(values))
    weight = np.asarray(weight, dtype=np.float64)
    if weight.shape != values.shape:
        raise ValueError(
            f"weight must have an entry for each of the {len(values)} values, found shape "
            f"{weight.shape}."
        )
    if not np.isfinite(weight).all() or weight.min() < 0 or not weight.any():
        raise ValueError("weight must be finite, zero or positive, with a positive entry.")
    return values[weight > 0], weight[weight > 0]
