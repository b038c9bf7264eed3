"""Predictions of several models for the same rows, checked, and a truth that some rows may lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from w2s_stats._validation import check_weight
from w2s_stats.bounds._log_ratio import check_pair
from w2s_stats.bounds._rows import blocks
from w2s_stats.bounds._truth import Truth, check_truth
from w2s_stats.divergences._probabilities import as_float
from w2s_stats.exceptions import warn

# Numbers in a block of rows that are made of labels, or chosen: some for every thread.
_BLOCK = 1 << 20


class Predictions(NamedTuple):
    """What a bound is fitted on: the rows that count, those of positive weight.

    Attributes
    ----------
    weak, student : ndarray of shape (n_rows,) or (n_rows, n_columns)
    truth : Truth or None
        None where no row has one.
    ceiling : ndarray like `weak` or None
    weight : ndarray of shape (n_rows,) or None
        > 0; None where all rows count alike.
    counted : slice or ndarray of bool of shape (n_samples,)
        Which of the rows that were given these are; all of them as a slice.
    """

    weak: np.ndarray
    student: np.ndarray
    truth: Truth | None
    ceiling: np.ndarray | None
    weight: np.ndarray | None
    counted: Any

    @property
    def complete(self) -> bool:
        """Whether every row has a truth, or none has."""
        return self.truth is None or bool(self.truth.known.all())

    @property
    def labelled(self) -> Any:
        """Which rows have a truth; all of them as a slice, so that nothing is copied."""
        return slice(None) if self.complete else self.truth.known  # type: ignore[union-attr]

    @property
    def labelled_weight(self) -> np.ndarray | None:
        """Weights of the rows that have a truth."""
        return None if self.weight is None else self.weight[self.labelled]

    def labelled_values(self, function: Callable[[np.ndarray, Any], np.ndarray]) -> np.ndarray:
        """Values of a function of (truth, rows) for every row that has a truth, block by block.

        Class labels are distributions with all their mass on one class.
        """
        return np.concatenate([function(*block) for block in self._truth_blocks()])

    def _truth_blocks(self) -> Iterator[tuple[np.ndarray, Any]]:
        assert self.truth is not None
        n_columns = self.weak.size // len(self.weak)
        chosen: list[Any] = [slice(None)]
        if not self.complete:
            labelled = np.flatnonzero(self.truth.known)
            chosen = [labelled[block] for block in blocks(len(labelled), n_columns, _BLOCK)]
        elif self.truth.labels is not None:
            chosen = list(blocks(len(self.weak), n_columns, _BLOCK))
        for rows in chosen:
            yield self.truth.values(rows, like=self.weak), rows

    def number(self, row: int, rows: Any = slice(None)) -> int:
        """What a row, the row-th of some, is called in the arrays that were given."""
        return int(self.numbers()[rows][row])

    @property
    def n_given(self) -> int:
        """How many rows were given, counted or not."""
        return len(self.weak if isinstance(self.counted, slice) else self.counted)

    def numbers(self) -> np.ndarray:
        """What the rows are called in the arrays that were given."""
        if isinstance(self.counted, slice):
            return np.arange(len(self.weak))
        return np.flatnonzero(self.counted)


def check_predictions(
    y_weak: Any,
    y_student: Any,
    y_true: Any = None,
    *,
    y_ceiling: Any = None,
    sample_weight: Any = None,
) -> Predictions:
    """Check that predictions are finite and of one shape, and find the rows that have a truth.

    Parameters
    ----------
    y_weak, y_student, y_ceiling : array-like of shape (n_samples,) or (n_samples, n_columns)
        `y_ceiling` may be None.
    y_true : array-like or None
        Of the same shape, a row of NaN where there is none; or, where predictions have columns,
        class labels 0, 1, ..., n_columns - 1 of shape (n_samples,), NaN where there is none.
    sample_weight : array-like of shape (n_samples,) or None
        Rows of weight zero are left out.

    Raises
    ------
    ValueError
        If an array is empty, not finite, of another shape, or has a label that is no column.
    """
    weak = as_predictions(y_weak, name="y_weak")
    student = as_predictions(y_student, name="y_student", like=weak)
    ceiling = None
    if y_ceiling is not None:
        ceiling = as_predictions(y_ceiling, name="y_ceiling", like=weak)
    weight = check_weight(sample_weight, weak)
    truth = None if y_true is None else _check_values(y_true, weak)
    return _counted(weak, student, truth, ceiling, weight)


def check_class_predictions(
    y_weak: Any,
    y_student: Any,
    y_true: Any = None,
    *,
    sample_weight: Any = None,
    truth_of: Callable[..., Truth | None] = check_truth,
) -> Predictions:
    """The same for class probabilities, where one dimension is the positive class's.

    `truth_of` makes a Truth of `y_true`, a number of rows and a number of classes.
    """
    weak, student = check_pair(y_weak, y_student)
    weight = check_weight(sample_weight, weak)
    return _counted(weak, student, truth_of(y_true, *weak.shape), None, weight)


def warn_of_hard_labels(data: Predictions) -> None:
    """Warn if a model's probabilities are all 0 or 1: most likely they are its labels."""
    for name, proba in (("y_weak", data.weak), ("y_student", data.student)):
        if len(proba) > 1 and all(_hard(proba[block]) for block in blocks(*proba.shape)):
            warn(
                f"{name} holds only 0 and 1, hard labels: taken for probabilities, a single wrong "
                "one makes errors and gains infinite. Give probabilities, or compare labels by "
                "ErrorFloor(loss='zero-one') or agreement_report.",
                UserWarning,
            )


def _hard(proba: np.ndarray) -> bool:
    return bool(((proba == 0) | (proba == 1)).all())


def _counted(
    weak: np.ndarray,
    student: np.ndarray,
    truth: Truth | None,
    ceiling: np.ndarray | None,
    weight: np.ndarray | None,
) -> Predictions:
    """Leave out the rows of weight zero, whatever they hold."""
    rows: Any = slice(None)
    if weight is not None and not weight.all():
        rows = weight > 0
    if truth is not None:
        truth = truth.of(rows)
        truth = truth if truth.known.any() else None
    return Predictions(
        weak[rows],
        student[rows],
        truth,
        None if ceiling is None else ceiling[rows],
        None if weight is None else weight[rows],
        rows,
    )


def as_predictions(values: Any, *, name: str, like: np.ndarray | None = None) -> np.ndarray:
    """One- or two-dimensional finite float array, shaped like another where one is given."""
    array = as_float(values, name=name)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions; found shape {array.shape}.")
    if like is not None and array.shape != like.shape:
        raise ValueError(
            f"{name} must have the shape of y_weak, {like.shape}; found {array.shape}."
        )
    _check_finite(array, np.ones(len(array), dtype=bool), name=name)
    return array


def _check_values(y_true: Any, weak: np.ndarray) -> Truth:
    """Values like the predictions, or class labels where predictions have columns."""
    array = as_float(y_true, name="y_true")
    if array.ndim == 1 and weak.ndim == 2:
        return check_truth(y_true, *weak.shape) or Truth.nowhere(len(weak))
    if array.shape != weak.shape:
        accepted = f"the shape of y_weak, {weak.shape}"
        if weak.ndim == 2:
            accepted += f", or class labels of shape ({len(weak)},)"
        raise ValueError(f"y_true must have {accepted}; found {array.shape}.")
    known = ~np.isnan(array).reshape(len(array), -1).all(axis=1)
    _check_finite(array, known, name="y_true")
    return Truth(known, None, array)


def _check_finite(array: np.ndarray, known: np.ndarray, *, name: str) -> None:
    wrong = known & ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"{name} must be finite; found NaN or infinity in row {row}.")
