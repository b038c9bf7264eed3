"""Differences that keep what rounding takes, and what an exponential has beyond its first terms."""

from __future__ import annotations

import math
from typing import Any

from w2s_kernels._jit import exact, exact_overload
from w2s_kernels.elementary._formats import format_named, format_of, polynomial

# (exp(-t) - 1 + t) / t**2 for |t| <= 0.4, by Remez: within 2e-17 and 3e-7.
_EXCESS = {
    52: polynomial(
        0.5,
        -0.16666666666666685,
        0.04166666666666674,
        -0.008333333333310674,
        0.0013888888888843268,
        -0.00019841269920568364,
        2.4801587409735625e-05,
        -2.7557205965312463e-06,
        2.7557201542250393e-07,
        -2.512286347805845e-08,
        2.0936488008908976e-09,
    ),
    23: polynomial(0.5, -0.16666508, 0.04166615, -0.008373108, 0.0013958496),
}


@exact
def exact_difference(x: Any, y: Any, shift: Any, mean: Any) -> Any:
    """((x - y) - shift) - mean, as if x - y were not rounded: what that took is added again.

    A caller that subtracted the mean itself would find shift + mean rounded before its loop.
    """
    high = x - y
    back = high - x
    return ((high - shift) + ((x - (high - back)) - (y + back))) - mean


def small_excess(t: Any) -> Any:
    """exp(-t) - 1 + t, within 3 units in the last place, for |t| <= 0.4."""
    f = format_of(t)
    t = float(t)
    if abs(t) > 0.5:
        return f.real(math.nan)  # callers compute it there too, and do not take it
    if abs(t) > 1e-2:
        return f.real(math.expm1(-t) + t)
    return f.real(sum((-t) ** n / math.factorial(n) for n in range(9, 1, -1)))


@exact_overload(small_excess)
def _small_excess(t):  # type: ignore[no-untyped-def]
    f = format_named(t)
    if f is None:
        return None
    tail = _EXCESS[f.digits]
    return lambda t: (t * t) * tail(t)
