"""Ranges of a row's gain and misfit, for intervals that hold at every sample size."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from w2s_stats._validation import shown
from w2s_stats.bounds._inputs import Predictions
from w2s_stats.bounds._parameters import check_floor_of


def probability_ranges(gamma: float, data: Predictions) -> dict[str, tuple[float, float]] | None:
    """Ranges of KL's terms where weak and student probabilities are `gamma` or more.

    A log-ratio of two such probabilities is at most log((1 - (c - 1) gamma) / gamma), c classes;
    there are no ranges for gamma = 0.
    """
    n_classes = data.weak.shape[1]
    check_floor_of(gamma, n_classes, min(data.weak.min(), data.student.min()))
    if gamma == 0:
        return None
    # A floor of 1/c up to rounding leaves nothing but the uniform distribution.
    return _ranges(max(0.0, log((1.0 - (n_classes - 1) * gamma) / gamma)))


def value_ranges(
    divergence: Any, output_range: Any, data: Predictions
) -> dict[str, tuple[float, float]]:
    """Ranges where all values lie in `output_range`, for a divergence that sums over columns.

    D(p, q) grows as p and q part, so that its largest value is at the ends of the range.
    """
    try:
        low, high = (float(end) for end in output_range)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not -np.inf < low < high < np.inf:
        raise ValueError(
            f"output_range must be two finite numbers, low < high; found {shown(output_range)}."
        )
    models = {"y_weak": data.weak, "y_student": data.student}
    ends_of = {name: (values.min(), values.max()) for name, values in models.items()}
    if data.truth is not None:
        ends_of["y_true"] = data.truth.ends()
    for name, (least, largest) in ends_of.items():
        if least < low or largest > high:
            raise ValueError(
                f"{name} must lie in output_range, {low:g} to {high:g}; found values from "
                f"{least:g} to {largest:g}."
            )
    ends = np.array([low, high], dtype=np.float64)
    divergence.check(ends, ends, names=("output_range", "output_range"))
    largest = float(np.max(divergence.pointwise(ends, ends[::-1])))
    return _ranges(largest * (1 if data.weak.ndim == 1 else data.weak.shape[1]))


def _ranges(largest: float) -> dict[str, tuple[float, float]]:
    return {
        "gain": (-largest, largest),
        "misfit": (0.0, largest),
        "gain - misfit": (-2.0 * largest, largest),
    }
