"""Whether labels are numbers or classes, told from the arrays themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._validation import as_array, is_gap


def infer_task(y: Any, y_weak: Any = None) -> str:
    """Say whether labels call for regression or for classification.

    Labels in floating point, several columns of them, and integers whose weak labels are fractions
    are for regression. Other integers, strings, booleans, and labels whose weak labels are rows of
    probabilities, are classes. None and NaN do not count.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    y_weak : array-like or None

    Returns
    -------
    {"regression", "classification"}

    Examples
    --------
    >>> from w2s_stats.transfer._task import infer_task
    >>> infer_task([0.5, 2.0, None]), infer_task([0, 1, -1]), infer_task([0, 1], [0.3, 0.9])
    ('regression', 'classification', 'regression')
    """
    strong = as_array(y, "y")
    weak = None if y_weak is None else as_array(y_weak, "y_weak")
    if strong.ndim == 2 and strong.shape[1] > 1:
        return "regression"
    if weak is not None and weak.ndim == 2 and weak.shape[1] > 1:
        return "classification"
    kind = _observed(strong).dtype.kind
    if kind == "i" and weak is not None:
        weak = _observed(weak)
        if weak.dtype.kind == "f" and (weak != np.floor(weak)).any():
            return "regression"
    return "regression" if kind == "f" else "classification"


def _observed(labels: np.ndarray) -> np.ndarray:
    labels = labels.ravel()
    if labels.dtype.kind == "O":
        return np.array([value for value in labels if not is_gap(value)])
    return labels[~np.isnan(labels)] if labels.dtype.kind == "f" else labels
