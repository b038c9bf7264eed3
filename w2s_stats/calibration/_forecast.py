"""Probabilities beside the labels they are judged by, a class at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from w2s_kernels._backend import from_tensor
from w2s_stats._arrays import beside, device_of
from w2s_stats._validation import check_alignment
from w2s_stats.calibration._weak_labels import CorrectedLabels
from w2s_stats.divergences._probabilities import (
    as_float,
    as_float_anywhere,
    check_probabilities_anywhere,
    check_rows,
)


class Margin(NamedTuple):
    """One event: what happened (0, 1, or its probability) and the probability it was given.

    Attributes
    ----------
    y : ndarray of float64 of shape (n_samples,)
    f : ndarray of float32 or float64 of shape (n_samples,)
    """

    y: np.ndarray
    f: np.ndarray

    @property
    def residual(self) -> np.ndarray:
        """What calibration errors are made of, y - f."""
        return self.y - self.f


class Forecast(NamedTuple):
    """Checked probabilities and labels.

    Attributes
    ----------
    proba : ndarray of shape (n_samples,) or (n_samples, n_classes)
        The positive class's probability, or a column for each class.
    labels : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Two classes: the probability of class 1. More: class labels, or a column for each class.
    corrected : CorrectedLabels or None
        Where the labels came from, if they are corrected weak ones.
    """

    proba: np.ndarray
    labels: np.ndarray
    corrected: CorrectedLabels | None

    @property
    def n_classes(self) -> int:
        """Classes, two where `proba` is the positive class's."""
        return 2 if self.proba.ndim == 1 else self.proba.shape[1]

    def of_class(self, j: int) -> Margin:
        """The event that the class is `j`; with two classes, `j` is 1."""
        f = self.proba if self.proba.ndim == 1 else self.proba[:, j]
        if self.n_classes == 2:
            y = self.labels
        else:
            y = self.labels[:, j] if self.labels.ndim == 2 else self.labels == j
        return Margin(y.astype(np.float64), f)

    def columns(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The same events as columns: probabilities, labels, and how often each counts."""
        if self.n_classes > 2:
            return self.proba, self.labels, 1
        f = self.proba if self.proba.ndim == 1 else self.proba[:, 1]
        return f[:, None], self.labels[:, None], 2

    def classwise(self) -> tuple[Iterator[Margin], int]:
        """Events that make up a sum over classes, and how often each counts.

        The two classes of a binary forecast have the same error: one event, counted twice.
        """
        if self.n_classes == 2:
            return iter([self.of_class(1)]), 2
        return (self.of_class(j) for j in range(self.n_classes)), 1

    def confidence(self) -> Margin:
        """The positive class of a one-dimensional forecast, the top label of another."""
        if self.proba.ndim == 1:
            return self.of_class(1)
        top = self.proba.argmax(axis=1)
        f = np.take_along_axis(self.proba, top[:, None], axis=1)[:, 0]
        if self.n_classes == 2:
            y = np.where(top == 1, self.labels, 1.0 - self.labels)
        elif self.labels.ndim == 2:
            y = np.take_along_axis(self.labels, top[:, None], axis=1)[:, 0]
        else:
            y = self.labels == top
        return Margin(y.astype(np.float64), f)


def check_forecast(y_true: Any, y_proba: Any) -> Forecast:
    """Check labels and probabilities against each other.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes), or CorrectedLabels
        Classes 0, 1, ...; or, with two classes, the probability of class 1; or a row of class
        probabilities for each row of a two-dimensional `y_proba`.
    y_proba : array-like of shape (n_samples,) or (n_samples, n_classes)

    Returns
    -------
    Forecast

    Raises
    ------
    ValueError
        If an array is empty, of a shape that does not fit, or not made of probabilities or of
        labels of the classes.

    Examples
    --------
    >>> from w2s_stats.calibration._forecast import check_forecast
    >>> check_forecast([0, 2], [[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]).confidence().y
    array([1., 1.])
    >>> check_forecast([0, 2], [0.5, 0.8])
    Traceback (most recent call last):
    ValueError: y_true must hold 0, 1 or probabilities of class 1; found 2 in row 1.
    """
    check_alignment(y_true=y_true, y_proba=y_proba)
    y_proba = as_float(y_proba, name="y_proba")
    return check_forecast_anywhere(y_true, y_proba)


def check_forecast_anywhere(y_true: Any, y_proba: Any) -> Forecast:
    """`check_forecast` for those who take probabilities on a GPU too; labels are moved to them."""
    check_alignment(y_true=y_true, y_proba=y_proba)
    given = as_float_anywhere(from_tensor(y_proba, name="y_proba"), name="y_proba")
    with device_of(given):
        return _checked(y_true, given)


def _checked(y_true: Any, y_proba: Any) -> Forecast:
    proba = check_probabilities_anywhere(y_proba, name="y_proba", binary=True)
    n, k = proba.shape
    if y_proba.ndim == 1:
        proba = proba[:, 1]
    if isinstance(y_true, CorrectedLabels):
        rows = y_true.rows
        if rows.shape != (n, k):
            raise ValueError(
                f"y_true must be corrected labels of {n} rows and {k} classes to fit y_proba; "
                f"found {rows.shape[0]} rows and {rows.shape[1]} classes."
            )
        return Forecast(proba, beside(rows[:, 1] if k == 2 else rows, proba), y_true)
    labels = beside(as_float_anywhere(from_tensor(y_true, name="y_true"), name="y_true"), proba)
    check_rows(np.atleast_1d(labels), n, name="y_true")
    if labels.ndim == 2 and proba.ndim == 2 and labels.shape[1] == k:
        labels = check_probabilities_anywhere(labels, name="y_true")
        return Forecast(proba, labels[:, 1] if k == 2 else labels, None)
    if labels.ndim != 1:
        accepted = f"({n},)" if proba.ndim == 1 else f"({n},) or ({n}, {k})"
        raise ValueError(f"y_true must have shape {accepted}; found {labels.shape}.")
    return Forecast(proba, _class_labels(labels, k), None)


def _class_labels(labels: np.ndarray, n_classes: int) -> np.ndarray:
    last = n_classes - 1
    fits = (labels >= 0) & (labels <= last)
    accepted = "0, 1 or probabilities of class 1"
    if n_classes > 2:
        fits &= labels == np.floor(labels)
        accepted = f"class labels from 0 to {last}"
    if not fits.all():
        row = int(fits.argmin())
        found = float(labels[row])
        hint = ": leave out rows without a label" if found == -1 or np.isnan(found) else ""
        raise ValueError(f"y_true must hold {accepted}; found {found:g} in row {row}{hint}.")
    return labels if n_classes == 2 else labels.astype(np.intp)
