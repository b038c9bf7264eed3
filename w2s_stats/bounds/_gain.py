"""Gain and misfit, a number a row, and the intervals of their means (theory 2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from w2s_stats._intervals import BOOTSTRAP_ROWS, Interval, bootstrap_mean, normal_mean
from w2s_stats._validation import shown
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._inputs import Predictions
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM, NEW_ROWS, powered_mean
from w2s_stats.bounds._rows import blocks_of

# Of a row's divergence: intervals are made of its third power.
LARGEST = 1e100

# Of a limit: what holds up to rounding holds.
ROUNDING = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-4}

# What a student may be a projection onto.
STUDENT_CLASSES = ("convex", "affine")

# Of a gain: units in the last place of the errors that it is the difference of.
CANCELLED = 64


class GainBound(Bound):
    """A bound on the gain d(F*, F_w) - d(F*, F_sw), with its intervals."""

    n_resamples: int
    random_state: Any

    def _mean(self, values: np.ndarray, weight: np.ndarray | None = None) -> Interval:
        """Interval of a mean: rows resampled, or the normal one where there are many."""
        if len(values) > BOOTSTRAP_ROWS:
            return normal_mean(values, weight, confidence_level=self.confidence_level)
        return bootstrap_mean(
            values,
            weight,
            confidence_level=self.confidence_level,
            n_resamples=self.n_resamples,
            random_state=self.random_state,
        )

    def _labelled_mean(self, values: np.ndarray, guess: np.ndarray, data: Predictions) -> Interval:
        """Interval of the mean over all rows of what is known of those that have a truth.

        Where some have none, a guess for every row stands in: theory says that the misfit predicts
        the gain, and so the errors.
        """
        if data.complete:
            return self._mean(values, data.weight)
        return powered_mean(values, guess, data.labelled, data.weight, self.confidence_level)

    def _conclude_gain(
        self,
        errors: tuple[np.ndarray, np.ndarray] | None,
        misfit: np.ndarray,
        data: Predictions,
        lower: float,
        upper: float,
        *,
        table: Sequence[Quantity],
        assumptions: Sequence[Assumption],
        excess: Quantity | None = None,
    ) -> Self:
        """Conclude with the gain, which is known where the models' errors are."""
        estimate, cancelled = None, 0.0
        if errors is not None:
            weak_error, student_error = errors
            estimate = self._labelled_mean(weak_error - student_error, misfit, data)
            # What rounding of the two leaves when one is taken from the other.
            size = mean(weak_error + student_error, data.labelled_weight)
            cancelled = float(CANCELLED * np.finfo(data.student.dtype).eps * size)
        sampling = [] if data.complete else [LABELLED_AT_RANDOM]
        return self._conclude(
            estimate,
            lower,
            upper,
            table=table,
            assumptions=[*assumptions, NEW_ROWS, *sampling],
            rounding=ROUNDING[data.student.dtype],
            cancelled=cancelled,
            comparable=data.complete,
            excess=excess,
        )


def errors(divergence: Any, data: Predictions) -> tuple[np.ndarray, np.ndarray] | None:
    """D(F*, F_w) and D(F*, F_sw) of every row that has a truth; None without."""
    if data.truth is None:
        return None

    def error(name: str, model: np.ndarray) -> np.ndarray:
        return data.labelled_values(
            lambda truth, rows: divergence_rows(
                divergence, "y_true", truth, name, model[rows], data, rows
            )
        )

    return error("y_weak", data.weak), error("y_student", data.student)


def divergence_rows(
    divergence: Any,
    first: str,
    p: np.ndarray,
    second: str,
    q: np.ndarray,
    data: Predictions | None = None,
    rows: Any = slice(None),
) -> np.ndarray:
    """D(p, q) of every row, finite, or one sentence that says where it is not.

    `p` and `q` are of these `rows` of `data`, whose numbers the sentence has.
    """
    _check_domain(divergence, first, p, second, q, data, rows)
    values = np.asarray(divergence.pointwise(p, q), dtype=np.float64)
    if not values.max() <= LARGEST:
        row = int((~(values <= LARGEST)).argmax())
        size = float(max(np.abs(p[row]).max(), np.abs(q[row]).max()))
        accepted, found = "finite", shown(values[row])
        advice = f"clip {second} away from the border of the domain"
        if np.isfinite(values[row]):
            accepted, found = f"at most {LARGEST:g}", f"{values[row]:.3g}"
        if np.isfinite(values[row]) or size > np.sqrt(LARGEST):
            advice = f"rescale {first} and {second}"
        raise ValueError(
            f"{type(divergence).__name__} of {first} from {second} must be {accepted}; found "
            f"{found} in row {_number(row, data, rows)}: {advice}."
        )
    return values


def slope(
    divergence: Any,
    weak: np.ndarray,
    student: np.ndarray,
    *,
    name: str = "y_student",
    data: Predictions | None = None,
) -> np.ndarray:
    """grad phi(F_sw) - grad phi(F_w), the direction in which the truth decides on the gain."""
    _check_domain(divergence, "y_weak", weak, name, student, data)
    out = np.empty(weak.shape, dtype=np.result_type(weak, student))
    for block in blocks_of(weak):
        ahead, behind = divergence.gradient(student[block]), divergence.gradient(weak[block])
        with np.errstate(invalid="ignore"):
            difference = np.subtract(ahead, behind, out=out[block])
        finite = np.isfinite(difference).reshape(len(difference), -1).all(axis=1)
        if not finite.all():
            row = block.start + int(finite.argmin())
            raise ValueError(
                f"y_weak and {name} must lie inside the domain of {type(divergence).__name__}; "
                f"found its border in row {_number(row, data)}: clip probabilities away from zero."
            )
    return out


def _check_domain(
    divergence: Any,
    first: str,
    p: np.ndarray,
    second: str,
    q: np.ndarray,
    data: Predictions | None,
    rows: Any = slice(None),
) -> None:
    try:
        divergence.check(p, q, names=(first, second))
    except ValueError as error:
        # Of the row's number in the arrays that were given.
        sentence = re.sub(
            r"(?<=\brow )\d+", lambda row: str(_number(int(row[0]), data, rows)), str(error)
        )
        raise ValueError(sentence) from None


def _number(row: int, data: Predictions | None, rows: Any = slice(None)) -> int:
    return row if data is None else data.number(row, rows)


def mean(values: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Weighted mean in double precision."""
    return float(np.average(values, weights=weight))
