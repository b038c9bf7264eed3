"""Scores of predictions over the rows whose label is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from w2s_stats._arrays import to_host
from w2s_stats._validation import check_labels, check_weight


def r2_of_known(y: Any, prediction: np.ndarray, sample_weight: Any) -> float:
    """Coefficient of determination over the rows that have a label in every output."""
    y, prediction = to_host(check_labels(y, len(prediction))), to_host(prediction)
    if y.size != prediction.size:
        raise ValueError(
            f"y must have the shape of the prediction, {prediction.shape}; found {y.shape}."
        )
    y = y.reshape(prediction.shape)
    known = ~np.isnan(y.reshape(len(y), -1)).any(axis=1)
    weight = _weight_of_known(sample_weight, known)
    return float(r2_score(y[known], prediction[known], sample_weight=weight))


def accuracy_of_known(
    labels: np.ndarray, missing: np.ndarray, prediction: np.ndarray, sample_weight: Any
) -> float:
    """Share of rows that are predicted right, over the rows where every label is known.

    Parameters
    ----------
    labels, prediction : ndarray of shape (n_samples, n_labels)
    missing : ndarray of bool of shape (n_samples, n_labels)
    sample_weight : array-like of shape (n_samples,) or None
    """
    known = np.asarray(~missing.any(axis=1))
    weight = _weight_of_known(sample_weight, known)
    return float(np.average((prediction[known] == labels[known]).all(axis=1), weights=weight))


def _weight_of_known(sample_weight: Any, known: np.ndarray) -> np.ndarray | None:
    if not known.any():
        raise ValueError("y must have at least one label to score with; found missing labels only.")
    weight = check_weight(sample_weight, known[:, None])
    if weight is None:
        return None
    if not weight[known].any():
        raise ValueError(
            "sample_weight must have a positive entry in a row whose label is known; found zeros "
            "only."
        )
    return weight[known]
