"""Labels of a weak model, corrected so that calibration can be measured by them (theory 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_stats._validation import check_alignment, check_class_numbers
from w2s_stats.divergences._probabilities import as_float, check_probabilities, check_rows

# Below this the weak labels hardly tell some class from a mixture of the others.
_SMALLEST_SINGULAR_VALUE = 1e-6


@dataclass(frozen=True, eq=False)
class CorrectedLabels:
    """Rows whose mean given the forecast is that of the true classes' indicators.

    Made by `correct_weak_labels`, where there is an example; every function of this package takes
    it as ``y_true``.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_classes)
        Sum to 1; entries may lie outside [0, 1].
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        ``[j, l]`` is the probability of weak label l where the class is j.
    estimated : bool
        Whether the matrix was estimated: intervals do not know of its error.
    """

    rows: np.ndarray
    confusion_matrix: np.ndarray
    estimated: bool


def residual_limits(corrected: CorrectedLabels | None, n_events: int) -> tuple[float, float]:
    """Largest sum_j |r_j| and sum_j r_j^2 that a row can have, r = y - F, over so many events."""
    if corrected is None:
        return (1.0, 1.0) if n_events == 1 else (2.0, 2.0)
    rows = np.linalg.inv(corrected.confusion_matrix.astype(np.float64))
    if n_events == 1:
        largest = float(max(rows[:, 1].max(), 1.0 - rows[:, 1].min()))
        return largest, largest**2
    absolute, length = np.abs(rows).sum(axis=1).max(), np.linalg.norm(rows, axis=1).max()
    return float(1.0 + absolute), float((1.0 + length) ** 2)


def correct_weak_labels(
    y_weak: Any,
    *,
    confusion_matrix: Any = None,
    y_true: Any = None,
    independent_errors: bool = False,
) -> CorrectedLabels:
    """Replace weak labels by rows of the inverse confusion matrix, unbiased for the true ones.

    With C[j, l] = P(weak label l | class j) and weak labels that are independent of the forecast F
    given the class, P(weak | F) = P(class | F) C, so that E[e(weak) C^-1 | F] = P(class | F), where
    e(l) is the l-th unit row (theory 4.5). A calibration error computed from these rows is that of
    the true classes; computed from the weak labels it is wrong by construction: flips at rate rho
    shift it by 2 rho E|F - 1/2|.

    Parameters
    ----------
    y_weak : array-like of shape (n_samples,) or (n_samples, n_classes)
        Weak labels 0, 1, ..., or a row of weak probabilities each.
    confusion_matrix : array-like of shape (n_classes, n_classes), optional
        Rows sum to 1. With weak probabilities, row j is their mean where the class is j.
    y_true : array-like of shape (n_samples,), optional
        In place of a matrix: true classes, NaN or -1 where unknown, to estimate it from the rows
        that have both labels (a random sample of each class).
    independent_errors : bool, default=False
        Your assertion that given the true class the weak label says nothing about the forecast.
        It cannot be seen in the data, and errors that depend on the input, or a student trained on
        these very labels, violate it: a calibrated forecast may then show a marginal error of 0.16.

    Returns
    -------
    CorrectedLabels

    Raises
    ------
    ValueError
        If independence is not asserted, if neither or both of `confusion_matrix` and `y_true` are
        given, if an array is not what it should be, a class has no row with both labels, or the
        matrix has no inverse.

    Examples
    --------
    A calibrated forecast, judged by labels of which a fifth are flipped:

    >>> import numpy as np
    >>> from w2s_stats.calibration import correct_weak_labels, marginal_calibration_error
    >>> rng = np.random.default_rng(0)
    >>> f = rng.random(100_000)
    >>> y = rng.random(100_000) < f
    >>> y_weak = y ^ (rng.random(100_000) < 0.2)
    >>> round(marginal_calibration_error(y_weak, f, norm="l2"), 2)
    0.16
    >>> labels = correct_weak_labels(
    ...     y_weak, confusion_matrix=[[0.8, 0.2], [0.2, 0.8]], independent_errors=True
    ... )
    >>> round(marginal_calibration_error(labels, f, norm="l2"), 2)
    0.01
    """
    if independent_errors is not True:
        raise ValueError(
            "Weak labels can stand in for true ones only where, given the true class, their errors "
            "are independent of the forecast, which fails if errors depend on the input or the "
            "forecast was trained on these labels: pass independent_errors=True to assert it, or "
            "use true labels."
        )
    if (confusion_matrix is None) == (y_true is None):
        found = "neither" if y_true is None else "both"
        raise ValueError(
            "Weak labels measure agreement with the weak model, not with the truth: give "
            f"confusion_matrix or y_true (true labels of some rows), one of them; found {found}."
        )
    check_alignment(y_weak=y_weak, y_true=y_true)
    weak = as_float(y_weak, name="y_weak")
    if weak.ndim == 2:
        weak = check_probabilities(weak, name="y_weak")
    if y_true is None:
        matrix = _check_matrix(confusion_matrix, weak)
        weak = _check_weak(weak, len(matrix))
    else:
        true = _check_known(y_true, len(np.atleast_1d(weak)))
        n_classes = _number_of_classes(weak, true)
        check_class_numbers(true, n_classes, name="y_true", gaps=True)
        weak = _check_weak(weak, n_classes)
        matrix = _estimate(weak, true, n_classes)
    inverse = _inverse(matrix)
    rows = weak @ inverse if weak.ndim == 2 else inverse[weak]
    return CorrectedLabels(rows, matrix, y_true is not None)


def _check_matrix(confusion_matrix: Any, weak: np.ndarray) -> np.ndarray:
    matrix = check_probabilities(confusion_matrix, name="confusion_matrix")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"confusion_matrix must be square; found shape {matrix.shape}.")
    if weak.ndim == 2 and len(matrix) != weak.shape[1]:
        raise ValueError(
            f"confusion_matrix must have a row for each of the {weak.shape[1]} columns of y_weak, "
            f"found {len(matrix)}."
        )
    return matrix


def _inverse(matrix: np.ndarray) -> np.ndarray:
    smallest = np.linalg.svd(matrix, compute_uv=False)[-1]
    if smallest < _SMALLEST_SINGULAR_VALUE:
        raise ValueError(
            "The confusion matrix must have an inverse, that is, weak labels must tell the classes "
            f"apart; found a smallest singular value of {smallest:.2g}."
        )
    return np.linalg.inv(matrix.astype(np.float64))


def _check_known(y_true: Any, n_rows: int) -> np.ndarray:
    """True classes, NaN where unknown."""
    labels = as_float(y_true, name="y_true")
    labels = np.where(labels == -1, np.nan, labels)
    check_class_numbers(labels, name="y_true", gaps=True)
    check_rows(labels, n_rows, name="y_true")
    return labels


def _number_of_classes(weak: np.ndarray, true: np.ndarray) -> int:
    """Columns of the weak labels, or as many as the largest label asks for."""
    if weak.ndim == 2:
        return weak.shape[1]
    labels = np.concatenate([np.ravel(weak), np.ravel(true)])
    return max(2, int(labels[np.isfinite(labels)].max(initial=0)) + 1)


def _check_weak(weak: np.ndarray, n_classes: int) -> np.ndarray:
    """Weak probabilities as they are, weak labels as integers."""
    if weak.ndim == 2:
        return weak
    check_class_numbers(weak, n_classes, name="y_weak")
    return weak.astype(np.intp)


def _estimate(weak: np.ndarray, true: np.ndarray, n_classes: int) -> np.ndarray:
    """Mean weak label, as a row, of the labelled rows of each class."""
    known = ~np.isnan(true)
    true = true[known].astype(np.intp)
    count = np.bincount(true, minlength=n_classes)
    if not count.all():
        raise ValueError(
            "y_true must label at least one row of every class to estimate the confusion matrix, "
            f"found none of class {int(count.argmin())}."
        )
    total = np.zeros((n_classes, n_classes))
    if weak.ndim == 2:
        np.add.at(total, true, weak[known])
    else:
        np.add.at(total, (true, weak[known]), 1.0)
    return total / count[:, None]
