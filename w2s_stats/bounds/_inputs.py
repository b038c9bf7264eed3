"""Predictions of several models for the same rows, checked, and a truth that some rows may lack."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from w2s_stats._validation import check_weight
from w2s_stats.bounds._truth import check_truth
from w2s_stats.divergences._probabilities import as_float


class Predictions(NamedTuple):
    """What a bound is fitted on.

    Attributes
    ----------
    weak, student : ndarray of shape (n_samples,) or (n_samples, n_columns)
    truth : ndarray of shape (n_labelled,) or (n_labelled, n_columns), or None
    labelled : slice or ndarray of bool, shape (n_samples,)
        Which rows `truth` is of; all of them as a slice, so that nothing is copied.
    ceiling : ndarray like `weak` or None
    weight : ndarray of shape (n_samples,) or None
    """

    weak: np.ndarray
    student: np.ndarray
    truth: np.ndarray | None
    labelled: Any
    ceiling: np.ndarray | None
    weight: np.ndarray | None

    @property
    def complete(self) -> bool:
        """Whether every row has a truth."""
        return isinstance(self.labelled, slice)

    @property
    def comparable(self) -> bool:
        """Whether means over the rows with a truth are means over all rows that count."""
        return self.complete or (
            self.weight is not None and bool(self.labelled[self.weight > 0].all())
        )


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
    truth, labelled = None, slice(None)
    if y_true is not None:
        truth, labelled = _labelled_rows(y_true, weak)
    return Predictions(weak, student, truth, labelled, ceiling, weight)


def as_predictions(values: Any, *, name: str, like: np.ndarray | None = None) -> np.ndarray:
    """One- or two-dimensional finite float array, shaped like another where one is given."""
    array = as_float(values, name=name)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions, found shape {array.shape}.")
    if like is not None and array.shape != like.shape:
        raise ValueError(
            f"{name} must have the shape of y_weak, {like.shape}; found {array.shape}."
        )
    if not np.isfinite(array).all():
        row = int((~np.isfinite(array.reshape(len(array), -1))).any(axis=1).argmax())
        raise ValueError(f"{name} must be finite, found NaN or infinity in row {row}.")
    return array


def _labelled_rows(y_true: Any, weak: np.ndarray) -> tuple[np.ndarray | None, Any]:
    truth = as_float(y_true, name="y_true")
    if truth.ndim == 1 and weak.ndim == 2:
        return _rows_of_labels(truth, weak)
    if truth.shape != weak.shape:
        accepted = f"the shape of y_weak, {weak.shape}"
        if weak.ndim == 2:
            accepted += f", or class labels of shape ({len(weak)},)"
        raise ValueError(f"y_true must have {accepted}; found {truth.shape}.")
    known = ~np.isnan(truth).reshape(len(truth), -1).all(axis=1)
    if not known.any():
        return None, slice(None)
    labelled: Any = slice(None) if known.all() else known
    return as_predictions(truth[labelled], name="y_true, where it has labels,"), labelled


def _rows_of_labels(y_true: np.ndarray, weak: np.ndarray) -> tuple[np.ndarray | None, Any]:
    """Class labels as distributions with all their mass on one class."""
    truth = check_truth(y_true, *weak.shape)
    if truth is None:
        return None, slice(None)
    labelled: Any = slice(None) if truth.known.all() else truth.known
    if truth.rows is not None:
        return truth.rows[labelled], labelled
    assert truth.labels is not None
    labels = truth.labels[labelled]
    rows = np.zeros((len(labels), weak.shape[1]), dtype=weak.dtype)
    rows[np.arange(len(labels)), labels] = 1
    return rows, labelled
