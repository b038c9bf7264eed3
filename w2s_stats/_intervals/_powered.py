"""Means and rates of which few values are known: prediction-powered intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from w2s_stats._intervals._interval import Interval, checked_rows
from w2s_stats._intervals._rates import wilson_rate
from w2s_stats._intervals._score import Sample, score_interval, score_mean, variance_with_rows
from w2s_stats._intervals._skewness import skewness, widened_ends
from w2s_stats._validation import check_confidence_level


def prediction_powered_mean(
    labelled: Any,
    predicted_labelled: Any,
    predicted_unlabelled: Any,
    *,
    labelled_weight: Any = None,
    unlabelled_weight: Any = None,
    tuning: float | None = None,
    confidence_level: float = 0.95,
) -> Interval:
    """Power-tuned prediction-powered interval for a mean of which few values are known.

    With n known values y, their predictions f and N predictions g of unknown values,
    m = c mean(g) + mean(y - c f) +- z sqrt(c^2 Var(g)/N + Var(y - c f)/n), where
    c = cov(y, f) / ((1 + n/N) var(f and g)), cut to [0, 1], makes it shortest. With weights, means
    are weighted and Var(v)/n is sum w^2 (v - m)^2 / (sum w)^2. On the side of the estimate's longer
    tail the end is that of Hall's transformation (`widened_ends`), which also allows for c being
    found in the same rows: on average m is too low by about sum u^2 ((y - my) (f - mf) - cov(y, f))
    (f - mf) / ((1 + n/N) var(f and g)), u = w / sum w. The interval is PPI++'s own where third
    moments are 0, and its estimate and standard error always are. Of 200 known squares of normal
    values and 800 predictions, 95 % intervals cover 95.6 % (94.6 without what c costs); where
    weights go with squared errors, 93 to 97.7 %.

    Asymptotic; the known values are taken to be a random sample of all. Predictions may be as bad
    as they like: the interval is then that of the known values alone.

    Parameters
    ----------
    labelled, predicted_labelled : array-like of shape (n_labelled,)
    predicted_unlabelled : array-like of shape (n_unlabelled,)
    labelled_weight : array-like of shape (n_labelled,), default=None
    unlabelled_weight : array-like of shape (n_unlabelled,), default=None
        >= 0, some positive; rows of weight zero are left out.
    tuning : float, default=None
        Another c than the shortest interval's, to give several means the same.
    confidence_level : float, default=0.95

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If one of the three is empty or not finite, the first two differ in length, a weight is
        negative or all are zero.

    References
    ----------
    Angelopoulos, Duchi and Zrnic (2023), PPI++: Efficient prediction-powered inference.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import normal_mean, prediction_powered_mean
    >>> rng = np.random.default_rng(0)
    >>> y, noise = rng.normal(size=2000), rng.normal(size=2000)
    >>> guess = y + 0.3 * noise
    >>> found = prediction_powered_mean(y[:100], guess[:100], guess[100:])
    >>> alone = normal_mean(y[:100])
    >>> round((found.high - found.low) / (alone.high - alone.low), 2)
    0.37
    """
    known, others = _parts(
        labelled, predicted_labelled, predicted_unlabelled, labelled_weight, unlabelled_weight
    )
    z = ndtri(0.5 + 0.5 * check_confidence_level(confidence_level))
    c = _tuning(known, others) if tuning is None else tuning
    rest = known.values - c * known.guess
    mean = float(c * others.mean(others.guess) + known.mean(rest))
    if len(rest) == 1:
        return Interval(mean, -np.inf, np.inf, "prediction-powered, skew-widened")
    variance = c**2 * others.variance(others.guess) + known.variance(rest)
    skew = skewness(c**3 * others.third(others.guess) + known.third(rest), variance)
    bias = _bias(known, others) if tuning is None and 0 < c < 1 else 0.0
    ends = widened_ends(mean, float(np.sqrt(variance)), skew, z, bias=bias)
    return Interval(mean, *ends, "prediction-powered, skew-widened")


def prediction_powered_rate(
    labelled: Any,
    predicted_labelled: Any,
    predicted_unlabelled: Any,
    *,
    labelled_weight: Any = None,
    unlabelled_weight: Any = None,
    largest: float = 1.0,
    covariance: float = 0.0,
    tuning: float | None = None,
    confidence_level: float = 0.95,
) -> Interval:
    """`prediction_powered_mean` of 0 and 1 that covers where either, or a wrong guess, is rare.

    The variance is that after adding z^2/4 known rows of each pair (y, f) of 0 or 1, and the
    interval is Wilson's at the size at which it has this variance. Useless predictions (c = 0)
    leave Wilson's interval of the known rows, at their number. Asymptotic; conservative (97 to 99 %
    for 95) where few known rows, up to about six, are expected to be guessed wrong: how many are,
    and which way, is then known too badly for a shorter interval that covers whichever way it is.

    Parameters
    ----------
    labelled, predicted_labelled, predicted_unlabelled : as in `prediction_powered_mean`
        From 0 to `largest`; predictions from 0 to 1.
    labelled_weight, unlabelled_weight : as in `prediction_powered_mean`
    largest : float, default=1.0
        Of the values, for counts of more than one error.
    covariance : float, default=0.0
        What rows that depend on each other add to the estimate's variance.
    tuning : float, default=None
    confidence_level : float, default=0.95

    Returns
    -------
    Interval
        In [0, largest].

    Raises
    ------
    ValueError
        As `prediction_powered_mean`.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import prediction_powered_rate
    >>> error, guess = np.zeros(200), np.zeros(2000)
    >>> found = prediction_powered_rate(error, guess[:200], guess)
    >>> found.estimate, found.low, round(found.high, 4)
    (0.0, 0.0, 0.0188)
    """
    level = check_confidence_level(confidence_level)
    known, others = _parts(
        labelled, predicted_labelled, predicted_unlabelled, labelled_weight, unlabelled_weight
    )
    c = _tuning(known, others) if tuning is None else tuning
    rest = known.values - c * known.guess
    mean = float(c * others.mean(others.guess) + known.mean(rest))
    added = np.array([0.0, -c, largest, largest - c])
    variance = c**2 * others.variance(others.guess) + variance_with_rows(known, rest, added, level)
    variance += covariance
    return score_interval(mean, variance, largest, level, "prediction-powered")


def rate_of_known(
    values: np.ndarray,
    guess: np.ndarray,
    known: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    largest: float = 1.0,
    covariance: float = 0.0,
    tuning: float | None = None,
    confidence_level: float = 0.95,
) -> Interval:
    """Rate over all rows of what is known in some: Wilson's, or prediction-powered where rows lack.

    Parameters
    ----------
    values : ndarray of shape (n_known,)
        From 0 to `largest`.
    guess : ndarray of shape (n_samples,)
        From 0 to 1.
    known : ndarray of bool of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    largest, covariance, tuning, confidence_level : as in `prediction_powered_rate`

    Returns
    -------
    Interval

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._intervals import rate_of_known
    >>> wrong, known = np.arange(500) < 50, np.arange(500) % 5 == 0
    >>> rate_of_known(wrong[known], wrong, known).method
    'prediction-powered'
    """
    own, rest = (None, None) if weight is None else (weight[known], weight[~known])
    if not known.all():
        return prediction_powered_rate(
            values,
            guess[known],
            guess[~known],
            labelled_weight=own,
            unlabelled_weight=rest,
            largest=largest,
            covariance=covariance,
            tuning=tuning,
            confidence_level=confidence_level,
        )
    if largest == 1 and not covariance:
        return wilson_rate(values, own, confidence_level=confidence_level)
    return score_mean(
        values, own, largest=largest, covariance=covariance, confidence_level=confidence_level
    )


def power_tuning(
    y: Any, f: Any, g: Any, labelled_weight: Any = None, unlabelled_weight: Any = None
) -> float:
    """The c of `prediction_powered_mean`: how far the predictions are to be trusted, 0 to 1."""
    return _tuning(*_parts(y, f, g, labelled_weight, unlabelled_weight))


def _parts(y: Any, f: Any, g: Any, u: Any, v: Any) -> tuple[Sample, Sample]:
    """Known rows and the others, without those that have no weight."""
    values, weight = checked_rows(y, u, name="labelled")
    n, n_guesses = len(np.asarray(y)), len(np.asarray(f))
    if n_guesses != n:
        raise ValueError(
            f"predicted_labelled must have an entry for each of the {n} labelled values; found "
            f"{n_guesses}."
        )
    guess, _ = checked_rows(f, u, name="predicted_labelled")
    rest, rest_weight = checked_rows(g, v, name="predicted_unlabelled")
    return Sample(values, guess, weight), Sample(rest, rest, rest_weight)


def _tuning(known: Sample, others: Sample) -> float:
    spread = _spread(known, others)
    y, f = known.values - known.mean(known.values), known.guess - known.mean(known.guess)
    return float(np.clip(known.mean(y * f) / spread, 0.0, 1.0)) if spread > 0 else 0.0


def _bias(known: Sample, others: Sample) -> float:
    """By how much the estimate is too low: covariance of c and mean(f) - mean(g), both found."""
    y, f = known.values - known.mean(known.values), known.guess - known.mean(known.guess)
    rows = (known.weight / known.weight.sum()) ** 2 * (y * f - known.mean(y * f)) * f
    return float(rows.sum() / _spread(known, others))


def _spread(known: Sample, others: Sample) -> float:
    """(1 + n/N) times the variance of all guesses; 0 where they do not vary."""
    pooled = Sample(*(np.concatenate(pair) for pair in zip(known, others, strict=True)))
    spread = pooled.mean((pooled.guess - pooled.mean(pooled.guess)) ** 2)
    if not spread > 0 or not pooled.size > 1:
        return 0.0
    return float((1 + known.size / others.size) * spread * pooled.size / (pooled.size - 1))
