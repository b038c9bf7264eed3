"""Class labels of models and of the truth, as integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._validation import check_class_numbers
from w2s_stats.divergences._probabilities import as_float, check_probabilities, check_rows


def predicted_labels(y: Any, n_samples: int | None = None, *, name: str) -> np.ndarray:
    """Labels a model gives: its own, or the most probable class of its probabilities.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Integers from 0, or rows of probabilities (of tied classes the first).
    n_samples : int, default=None
        The rows `y` must have.
    name : str
        What messages call it.

    Returns
    -------
    ndarray of int64 of shape (n_samples,)

    Raises
    ------
    ValueError
        If `y` is empty, has other rows, or holds neither.

    Examples
    --------
    >>> from w2s_stats.bounds._labels import predicted_labels
    >>> predicted_labels([[0.2, 0.8], [0.5, 0.5]], name="y_weak")
    array([1, 0])
    """
    values = as_float(y, name=name)
    if values.ndim == 2:
        return check_probabilities(values, name=name, n_rows=n_samples).argmax(axis=1)
    labels = true_labels(values, values.size if n_samples is None else n_samples, name=name)
    if labels.min() < 0:
        raise ValueError(
            f"{name} must have a label in every row; found none in row {labels.argmin()}."
        )
    return labels


def check_classes(**given: Any) -> None:
    """Raise where probabilities and labels are of different classes.

    Where any argument has a column a class, all that have must have as many, and labels must be
    less. Call it once each argument is known to be one or the other.

    Examples
    --------
    >>> from w2s_stats.bounds._labels import check_classes
    >>> check_classes(y_weak=[[0.2, 0.8]], y_true=[2])
    Traceback (most recent call last):
    ValueError: y_true must hold labels of the 2 classes of y_weak, 0 to 1; found 2.
    """
    columns = {name: np.shape(y)[1] for name, y in given.items() if np.ndim(y) == 2}
    if not columns:
        return
    first, k = next(iter(columns.items()))
    for name, y in given.items():
        if columns.get(name, k) != k:
            raise ValueError(
                f"{name} must have a column for each of the {k} classes of {first}; found "
                f"{columns[name]}."
            )
        if name not in columns and y is not None:
            largest = np.fmax.reduce(as_float(y, name=name))
            if largest >= k:
                raise ValueError(
                    f"{name} must hold labels of the {k} classes of {first}, 0 to {k - 1}; found "
                    f"{largest:g}."
                )


def true_labels(y: Any, n_samples: int, *, name: str = "y_true") -> np.ndarray:
    """Class labels of the rows whose truth is known, -1 elsewhere.

    Parameters
    ----------
    y : array-like of shape (n_samples,), or None
        Integers from 0 (floats too); NaN where the label is not known.
    n_samples : int
    name : str, default="y_true"

    Returns
    -------
    ndarray of int64 of shape (n_samples,)

    Raises
    ------
    ValueError
        If `y` has another shape, or an entry that is no class.

    Examples
    --------
    >>> from w2s_stats.bounds._labels import true_labels
    >>> true_labels([1.0, float("nan"), 0.0], 3)
    array([ 1, -1,  0])
    """
    if y is None:
        return np.full(n_samples, -1)
    values = as_float(y, name=name)
    check_class_numbers(values, name=name, gaps=True)
    check_rows(values, n_samples, name=name)
    known = ~np.isnan(values)
    return np.where(known, np.where(known, values, 0.0).astype(np.int64), -1)
