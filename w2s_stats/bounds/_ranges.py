"""Ranges of a row's gain and misfit, for intervals that hold at every sample size."""

from __future__ import annotations

from math import inf, isfinite, log
from typing import Any

import numpy as np

from w2s_stats._validation import shown
from w2s_stats.bounds._inputs import Predictions
from w2s_stats.bounds._parameters import check_floor_of
from w2s_stats.divergences._bregman import REAL


def probability_ranges(gamma: float, data: Predictions) -> dict[str, tuple[float, float]] | None:
    """Ranges of KL's terms where weak and student probabilities are `gamma` or more.

    The gain is a mean of log-ratios of two such probabilities; there are no ranges for gamma = 0.
    """
    n_classes = data.weak.shape[1]
    check_floor_of(gamma, n_classes, min(data.weak.min(), data.student.min()))
    if gamma == 0:
        return None
    largest = log_range(gamma, n_classes)
    return _ranges(largest, largest)


def log_range(gamma: float, n_classes: int) -> float:
    """Largest |log(s_j / w_j)| of probabilities from gamma up, log((1 - (k - 1) gamma) / gamma).

    Examples
    --------
    >>> from w2s_stats.bounds._ranges import log_range
    >>> round(log_range(0.1, 2), 3), log_range(0.0, 2)
    (2.197, inf)
    """
    if gamma == 0:
        return inf
    # A floor of 1 / k up to rounding leaves nothing but the uniform distribution.
    return max(0.0, log((1.0 - (n_classes - 1) * gamma) / gamma))


def value_ranges(
    divergence: Any, output_range: Any, data: Predictions
) -> dict[str, tuple[float, float]]:
    """Ranges where predictions lie in `output_range`, for a divergence that sums over columns.

    D(p, q) grows as p and q part, so that a misfit is largest from end to end. D(p, w) - D(p, s) is
    linear in p, and so largest at an end of the truth's range, from which D(p, .) grows across the
    predictions'.

    An interval by empirical Bernstein is valid if its range holds every row that there may be and
    was known beforehand. So the truth's range is never read off this sample: it is `output_range`
    stretched to those ends of the divergence's domain that are closed, which truths such as hard
    labels may attain. It depends on `divergence` and `output_range` alone, and holds the truth
    whatever is drawn; where a domain's end is open, that the truth lies in `output_range` is the
    caller's word, and a sample that breaks it is refused.
    """
    low, high = _two_ends(output_range)
    for name, values in (("y_weak", data.weak), ("y_student", data.student)):
        _check_inside(name, (values.min(), values.max()), low, high)
    first, last = _ends_of_truth(divergence, low, high)
    if data.truth is not None:
        least, largest = data.truth.ends()
        if least < first or largest > last:
            _check_inside("y_true", (least, largest), low, high)
    p, q = np.array([[low, high, first, first, last, last], [high, low, high, low, low, high]])
    divergence.check(p[:2], q[:2], names=("output_range", "output_range"))
    up, down, *beyond = divergence.pointwise(p, q)
    gain = max(beyond[0] - beyond[1], beyond[2] - beyond[3])
    n_columns = 1 if data.weak.ndim == 1 else data.weak.shape[1]
    return _ranges(float(n_columns * gain), float(n_columns * max(up, down)))


def _two_ends(output_range: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in output_range)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not -np.inf < low < high < np.inf:
        raise ValueError(
            f"output_range must be two finite numbers, low < high; found {shown(output_range)}."
        )
    return low, high


def _ends_of_truth(divergence: Any, low: float, high: float) -> tuple[float, float]:
    """The range, stretched to the closed ends of what the divergence takes for a truth."""
    allowed = getattr(divergence, "p_range", REAL)
    first, last = low, high
    if isfinite(allowed.low) and not allowed.open_low:
        first = allowed.low
    if isfinite(allowed.high) and not allowed.open_high:
        last = allowed.high
    return first, last


def _check_inside(name: str, ends: tuple[float, float], low: float, high: float) -> None:
    least, largest = ends
    if least < low or largest > high:
        raise ValueError(
            f"{name} must lie in output_range, {low:g} to {high:g}; found values from {least:g} to "
            f"{largest:g}."
        )


def _ranges(gain: float, misfit: float) -> dict[str, tuple[float, float]]:
    """Of the rows' terms, where the gain is at most so large either way and the misfit."""
    return {
        "gain": (-gain, gain),
        "misfit": (0.0, misfit),
        "gain - misfit": (-gain - misfit, gain),
    }
