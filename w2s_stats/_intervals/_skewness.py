"""Wider intervals where the mean's own distribution is skewed: squared errors, divergences.

Both ends could be moved, one out and one in. But where rows have heavy tails the skewness found is
mostly noise, and an end moved in by noise misses: only what moves out is taken.
"""

from __future__ import annotations

import numpy as np


def skewness(third: float, variance: float) -> float:
    """Third central moment over the standard deviation's cube; 0 where that is 0."""
    cube = variance**1.5
    return float(third / cube) if cube > 0 else 0.0


def widened_ends(
    mean: float, error: float, skew: float, quantile: float, *, bias: float = 0.0
) -> tuple[float, float]:
    """Ends of m +- q s, or those after Hall's transformation where they lie farther out.

    The transformation takes the skewness a of m out of T = (m - mu) / s: T + a T^2/3 + a^2 T^3/27 +
    a/6 is standard normal up to terms of order 1/n, and grows with T. Its inverse is T(x) =
    3 (cbrt(1 + a x - a^2/6) - 1) / a, here without the division. Of symmetric rows both are one.
    A bias of order 1/n is taken out as a/6 is: where m is too low by b on average, b/s is added.

    Parameters
    ----------
    mean, error : float
        Estimate m and its standard error s.
    skew : float
        Of m: that of a row over sqrt(n) where rows have one weight.
    quantile : float
        q > 0, of the normal or Student's distribution.
    bias : float, default=0.0
        b; negative where m is too high.

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
    reach = float(quantile * error)
    if not 0 < error < np.inf:
        return mean - reach, mean + reach

    def end(x: float) -> float:
        x -= skew / 6 + bias / error
        root = np.cbrt(1 + skew * x)
        return float(mean - error * 3 * x / (1 + root + root**2))

    return min(end(quantile), mean - reach), max(end(-quantile), mean + reach)
