"""Wider intervals where the mean's own distribution is skewed: squared errors, divergences.

Both ends could be moved, one out and one in. But where rows have heavy tails the skewness found is
mostly noise, and an end moved in by noise misses: only what moves out is taken.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri


def skewness(third: float, variance: float) -> float:
    """Third central moment over the standard deviation's cube; 0 where nothing varies."""
    return float(third / variance**1.5) if variance > 0 else 0.0


def widened_ends(mean: float, error: float, skew: float, quantile: float) -> tuple[float, float]:
    """Ends of m +- q s, or those after Hall's transformation where they lie farther out.

    The transformation takes the skewness a of m out of T = (m - mu) / s: T + a T^2/3 + a^2 T^3/27 +
    a/6 is standard normal up to terms of order 1/n, and grows with T. Its inverse is T(x) =
    3 (cbrt(1 + a x - a^2/6) - 1) / a, here without the division. Of symmetric rows both are one.

    Parameters
    ----------
    mean, error : float
        Estimate m and its standard error s.
    skew : float
        Of m: that of a row over sqrt(n) where rows have one weight.
    quantile : float
        q > 0, of the normal or Student's distribution.

    References
    ----------
    Hall (1992), On the removal of skewness by transformation.

    Examples
    --------
    >>> from w2s_stats._intervals._skewness import widened_ends
    >>> low, high = widened_ends(1.0, 0.1, 0.2, 1.96)
    >>> round(low, 3), round(high, 3)
    (0.804, 1.234)
    >>> low, high = widened_ends(1.0, 0.1, 0.0, 1.96)
    >>> round(low, 3), round(high, 3)
    (0.804, 1.196)
    """

    def end(x: float) -> float:
        root = np.cbrt(1 + skew * x - skew**2 / 6)
        return float(mean - error * 3 * (x - skew / 6) / (1 + root + root**2))

    reach = float(quantile * error)
    return min(end(quantile), mean - reach), max(end(-quantile), mean + reach)


def widened_levels(skew: float, confidence_level: float) -> tuple[float, float]:
    """Levels of resampled means that are ends: the plain ones, or Efron's BCa where farther out.

    Bias correction and acceleration of a mean are both a = a sixth of its skewness: the levels
    Phi(a + y / (1 - a y)), y = a -+ z, need no second resampling.

    References
    ----------
    Efron (1987), Better bootstrap confidence intervals.

    Examples
    --------
    >>> from w2s_stats._intervals._skewness import widened_levels
    >>> [round(float(level), 4) for level in widened_levels(0.0, 0.95)]
    [0.025, 0.975]
    >>> [round(float(level), 4) for level in widened_levels(0.2, 0.95)]
    [0.025, 0.9849]
    """
    a, z = skew / 6, ndtri(0.5 + 0.5 * confidence_level)
    # Of levels near 1 an end may lie beyond all resamples.
    low, high = (ndtr(a + y / max(1 - a * y, 1e-9)) for y in (a - z, a + z))
    tail = 0.5 - 0.5 * confidence_level
    return min(float(low), tail), max(float(high), 1 - tail)
