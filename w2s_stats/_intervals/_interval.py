"""What an interval is, and the rows that one is made of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_stats._validation import shown


class Interval(NamedTuple):
    """An estimate, its interval and how the interval was made.

    Attributes
    ----------
    estimate, low, high : float
    method : str
        "normal", "bootstrap", "empirical Bernstein", "prediction-powered", ...

    Examples
    --------
    >>> from w2s_stats.bounds import Interval
    >>> Interval(0.1, 0.05, 0.15, "normal").high
    0.15
    """

    estimate: float
    low: float
    high: float
    method: str


def checked_rows(
    values: Any, weight: Any, *, name: str = "values"
) -> tuple[np.ndarray, np.ndarray]:
    """Rows that have weight, in double precision, and their weights (1 where none are given)."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must be one row of numbers; found shape {values.shape}.")
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise ValueError(f"{name} must be finite; found {shown(values[row])} in row {row}.")
    if weight is None:
        return values, np.ones(len(values))
    weight = np.asarray(weight, dtype=np.float64)
    if weight.shape != values.shape:
        raise ValueError(
            f"weight must have an entry for each of the {len(values)} values; found shape "
            f"{weight.shape}."
        )
    if not np.isfinite(weight).all() or weight.min() < 0:
        row = int((~(np.isfinite(weight) & (weight >= 0))).argmax())
        raise ValueError(
            f"weight must be finite, zero or positive; found {shown(weight[row])} in row {row}."
        )
    if not weight.any():
        raise ValueError("weight must have a positive entry; found zeros only.")
    return values[weight > 0], weight[weight > 0]
