"""Weights and labels of rows."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from w2s_kernels._backend import from_tensor
from w2s_stats._arrays import beside, to_host
from w2s_stats._validation._array_like import check_numbers, check_rows, checked
from w2s_stats._validation._values import shown
from w2s_stats.exceptions import warn


def check_weight(sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
    """Weights of the rows as float64 and where X lies, None where all are one."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(len(X), sample_weight)
    weight = check_numbers(sample_weight, "sample_weight", dimensions=(1,))
    if len(weight) != len(X):
        raise ValueError(
            f"sample_weight must have one weight for each of the {len(X)} rows of X; found "
            f"{len(weight)}."
        )
    if weight.min() < 0:
        row = int(weight.argmin())
        raise ValueError(
            f"sample_weight must be zero or positive; found {float(weight[row]):g} in row {row}."
        )
    if not weight.any():
        raise ValueError("sample_weight must have a positive entry; found zeros only.")
    return beside(weight, X)


def check_labels(y: Any, n_samples: int, *, name: str = "y") -> np.ndarray:
    """Real labels as a float64 array of one or two dimensions, NaN where missing."""
    _refuse_none(y, name)
    y = check_numbers(y, name, gaps=True)
    check_rows(y, n_samples, name)
    return y


def check_class_labels(y: Any, n_samples: int, *, name: str = "y") -> tuple[np.ndarray, np.ndarray]:
    """Class labels (n_samples, n_labels), and where they are missing (NaN or None)."""
    _refuse_none(y, name)
    y = to_host(from_tensor(y, name=name))
    y = checked(y, name, "classes", dtype=None, ensure_all_finite="allow-nan")
    check_rows(y, n_samples, name)
    if y.ndim == 2 and y.shape[1] == 1:
        warn(
            f"A column-vector y was passed when a 1d array was expected: pass {name}.ravel().",
            DataConversionWarning,
        )
    y = y.reshape(n_samples, -1)
    if y.dtype.kind == "f":
        return y, np.isnan(y)
    if y.dtype.kind == "O":
        missing = np.array([[is_gap(v) for v in row] for row in y], dtype=bool)
        return y, missing.reshape(y.shape)
    return y, np.zeros(y.shape, dtype=bool)


def is_gap(label: Any) -> bool:
    """Whether a label is None, a float that differs from itself, or pandas' NA."""
    try:
        return label is None or bool(label != label)
    except TypeError:  # NA is neither equal to itself nor not
        return True


def _refuse_none(y: Any, name: str) -> None:
    if y is None:
        raise ValueError(
            f"This estimator requires {name} to be passed, but the target {name} is None."
        )


def check_columns(Y: np.ndarray, n_columns: int, *, name: str = "y") -> None:
    """Raise unless labels have as many columns as those that were fitted."""
    if Y.shape[1] != n_columns:
        raise ValueError(
            f"{name} must have as many columns as in fit, {n_columns}; found {Y.shape[1]}."
        )


def plain_labels(labels: np.ndarray) -> np.ndarray:
    """Without its gaps an object array is what its entries are: strings or numbers."""
    return np.array(labels.tolist()) if labels.dtype.kind == "O" else labels


def check_discrete(labels: np.ndarray, *, name: str = "y") -> None:
    """Raise unless observed labels can be classes."""
    try:
        check_classification_targets(labels)
    except ValueError:
        found = labels[labels != np.floor(labels)][0] if labels.dtype.kind == "f" else labels[0]
        raise ValueError(
            f"{name} must hold class labels; found {shown(found)} (Unknown label type: "
            f"{type_of_target(labels)})."
        ) from None


def check_class_numbers(
    labels: np.ndarray, n_classes: int | None = None, *, name: str, gaps: bool = False
) -> None:
    """Raise unless labels, one a row, are classes 0, 1, ...; with `gaps`, NaN where missing.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._validation import check_class_numbers
    >>> check_class_numbers(np.array([0.0, np.nan, 2.0]), name="y", gaps=True)
    >>> check_class_numbers(np.array([0.0, np.nan, 2.0]), 2, name="y", gaps=True)
    Traceback (most recent call last):
    ValueError: y must hold class labels from 0 to 1; found 2 in row 2.
    """
    if labels.ndim != 1:
        raise ValueError(f"{name} must hold one class label a row; found shape {labels.shape}.")
    last = np.inf if n_classes is None else n_classes - 1
    with np.errstate(invalid="ignore"):
        fits = (labels >= 0) & (labels <= last) & (labels == np.floor(labels)) & (labels < np.inf)
    wrong = ~(fits | np.isnan(labels)) if gaps else ~fits
    if wrong.any():
        row = int(wrong.argmax())
        accepted = "0, 1, 2, ..." if n_classes is None else f"from 0 to {n_classes - 1}"
        found = f"{labels[row]:g}" if np.isfinite(labels[row]) else shown(labels[row])
        hint = ": a missing label is NaN here" if gaps and labels[row] == -1 else ""
        raise ValueError(
            f"{name} must hold class labels {accepted}; found {found} in row {row}{hint}."
        )


def check_counts(y: np.ndarray, *, name: str = "y") -> None:
    """Raise unless every observed label is a count."""
    observed = y[~np.isnan(y)]
    wrong = observed[(observed < 0) | (observed != np.floor(observed))]
    if wrong.size:
        raise ValueError(
            f"{name} must hold counts 0, 1, 2, ... (NaN where missing) for a Poisson expert; "
            f"found {float(wrong[0]):g}."
        )
