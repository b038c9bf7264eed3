"""Gain and misfit, a number a row, and the intervals of their means (theory 2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats.bounds._base import Assumption, Bound
from w2s_stats.bounds._inputs import Predictions
from w2s_stats.bounds._intervals import (
    BOOTSTRAP_ROWS,
    Interval,
    bootstrap_mean,
    normal_mean,
    prediction_powered_mean,
)
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM

# Of a limit: what holds up to rounding holds.
ROUNDING = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-4}

# Of a gain: units in the last place of the errors that it is the difference of.
_CANCELLED = 64


class GainBound(Bound):
    """A bound on the gain d(F*, F_w) - d(F*, F_sw), with its intervals."""

    n_resamples: int
    random_state: Any

    def _mean(self, values: np.ndarray, weight: np.ndarray | None = None) -> Interval:
        """Interval of a mean: rows resampled, or Wald's where there are many."""
        if len(values) > BOOTSTRAP_ROWS:
            return normal_mean(values, weight, confidence_level=self.confidence_level)
        return bootstrap_mean(
            values,
            weight,
            confidence_level=self.confidence_level,
            n_resamples=self.n_resamples,
            random_state=self.random_state,
        )

    def _gain(self, gain: np.ndarray, misfit: np.ndarray, data: Predictions) -> Interval:
        """Interval of the mean gain of all rows, from the rows that have a truth.

        Theory says that misfit predicts gain: where some rows have no truth, it does.
        """
        if data.complete or data.weight is not None:
            return self._mean(gain, rows_of(data.weight, data.labelled))
        return prediction_powered_mean(
            gain,
            misfit[data.labelled],
            misfit[~data.labelled],
            confidence_level=self.confidence_level,
        )


def sampling(data: Predictions) -> list[Assumption]:
    """What a gain takes for granted where some of the rows have no truth."""
    return [] if data.truth is None or data.comparable else [LABELLED_AT_RANDOM]


def cancelled(weak_error: np.ndarray, student_error: np.ndarray, data: Predictions) -> float:
    """Rounding of two errors, which is left when one is taken from the other."""
    size = mean(weak_error + student_error, rows_of(data.weight, data.labelled))
    return float(_CANCELLED * np.finfo(data.student.dtype).eps * size)


def errors(divergence: Any, data: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """D(F*, F_w) and D(F*, F_sw) of every row that has a truth."""
    return (
        divergence_rows(divergence, "y_true", data.truth, "y_weak", data.weak[data.labelled]),
        divergence_rows(divergence, "y_true", data.truth, "y_student", data.student[data.labelled]),
    )


def divergence_rows(
    divergence: Any, first: str, p: np.ndarray | None, second: str, q: np.ndarray
) -> np.ndarray:
    """D(p, q) of every row, finite, or one sentence that says where it is not."""
    p, q = divergence.check(p, q, names=(first, second))
    values = np.asarray(divergence.pointwise(p, q), dtype=np.float64)
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise ValueError(
            f"{type(divergence).__name__} of {first} from {second} must be finite, found "
            f"{values[row]} at row {row}: clip {second} away from the border of the domain."
        )
    return values


def slope(
    divergence: Any, weak: np.ndarray, student: np.ndarray, *, name: str = "y_student"
) -> np.ndarray:
    """grad phi(F_sw) - grad phi(F_w), the direction in which the truth decides on the gain."""
    divergence.check(weak, student, names=("y_weak", name))
    with np.errstate(invalid="ignore"):
        difference = divergence.gradient(student) - divergence.gradient(weak)
    if not np.isfinite(difference).all():
        wrong = ~np.isfinite(difference.reshape(len(difference), -1)).all(axis=1)
        raise ValueError(
            f"y_weak and {name} must lie inside the domain of {type(divergence).__name__}, found "
            f"its border in row {int(wrong.argmax())}: clip probabilities away from zero."
        )
    return difference


def inner(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Inner product of every two rows."""
    return a * b if a.ndim == 1 else np.einsum("ij,ij->i", a, b)


def rows_of(values: np.ndarray | None, rows: Any) -> np.ndarray | None:
    """Choose rows of an array, if there is one."""
    return None if values is None else values[rows]


def mean(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Weighted mean in double precision."""
    return float(np.average(values, weights=weight))
