"""Limits of a student's error from a few rates, theory 7.6: ours, and those of [L24]."""

from __future__ import annotations

import numpy as np


def expansion_limit(
    differs: float, unsteady: float, weak_error: float, expansion: float
) -> tuple[float, float]:
    """Limit of the student's error, and of the share of good rows in U, from four numbers.

    err(f, y) <= P(f != w) + a (1 - 2 c u) with u = (1 - a - r) / (1 - a - c a), not below
    1 - r / (1 - a) and between 0 and 1; a proof stands in `ExpansionBound`.

    Parameters
    ----------
    differs : float
        P(f != w): student against weak labels.
    unsteady : float
        r = P(f != w or f not robust).
    weak_error : float
        a = P(w != y).
    expansion : float
        c >= 0, with P(N(U) | bad) >= c P(U | good) for the student's own U.

    Returns
    -------
    limit : float
    share : float
        u.

    Examples
    --------
    >>> from w2s_stats.bounds._expansion_limits import expansion_limit
    >>> limit, share = expansion_limit(0.2, 0.25, weak_error=0.2, expansion=0.9)
    >>> round(limit, 4), round(share, 4)
    (0.0807, 0.8871)
    """
    good = 1 - weak_error
    share = 1 - unsteady / good if good > 0 else 0.0
    room = good - expansion * weak_error
    if share > 0 and room > 1e-6:  # nearer to 0 the quotient is rounding
        share = max(share, (good - unsteady) / room)
    share = min(max(share, 0.0), 1.0)
    reached = min(expansion * share, 1.0)
    return differs + weak_error * (1 - 2 * reached), share


def theorem_b1(differs: float, not_robust: float, weak_error: float, expansion: float) -> float:
    """Limit of [L24] Theorem B.1 within a class (theory 7.6).

    err(f, y) <= (P(f != w) - a (2 c' - 1) + 2 c' a P(not robust)) / (1 - 2 c' a) with
    c' = c / (1 - a + c a). It is `expansion_limit` with the sum P(f != w) + P(not robust) in place
    of r, the share of rows that one of the two is true of, and so not below it. Its condition
    r <= 1 - q - a says that (c, q)-expansion holds for the student's own set, the one that the
    proof needs; where c is measured on that set, 1 - 2 c' a > 0 is all that is left of it.

    Returns
    -------
    float
        NaN where the condition is not met.

    Examples
    --------
    The first of the two rows of [L24]'s Table 1:

    >>> from w2s_stats.bounds._expansion_limits import theorem_b1
    >>> round(theorem_b1(0.12, 0.0, weak_error=0.11, expansion=0.848), 2)
    0.05
    """
    a = weak_error
    within = expansion / (1 - a + expansion * a) if a < 1 else np.inf
    room = 1 - 2 * within * a
    if not room > 1e-6:  # nearer to 0 the quotient is rounding
        return np.nan
    return (differs - a * (2 * within - 1) + 2 * within * a * not_robust) / room


def theorem_4_1(
    differs: float, unsteady: float, not_robust: float, weak_error: float, expansion: float
) -> float:
    """Limit of [L24] Theorem 4.1 within a class, where it is true (theory 7.6).

    err(f, y) <= 2 a / (1 - 2 a) P(not robust) + P(f != w) + a (1 - 3 c / 2), for a < 1/2,
    r <= (1 - a + 3 c a) / 4 and c <= 1. The proof uses the last condition, the theorem does not
    print it; without it the statement is false. The printed q < 3/4 (1 - 2 a) is about
    (c, q)-expansion, of every set with more than a share q of the good rows; it is replaced by the
    measured expansion c of the student's own set, the one that the proof needs.

    Returns
    -------
    float
        NaN where a condition is not met.

    Examples
    --------
    >>> from w2s_stats.bounds._expansion_limits import theorem_4_1
    >>> round(theorem_4_1(0.2, 0.25, 0.1, weak_error=0.2, expansion=0.9), 4)
    0.1967
    """
    a, c = weak_error, expansion
    if not (a < 0.5 and c <= 1 and unsteady <= (1 - a + 3 * c * a) / 4):
        return np.nan
    return 2 * a / (1 - 2 * a) * not_robust + differs + a * (1 - 1.5 * c)
