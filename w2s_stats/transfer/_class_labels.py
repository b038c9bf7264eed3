"""Class labels with missing entries, and weak labels that may be probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._validation import (
    as_array,
    check_class_labels,
    check_discrete,
    check_numbers,
    plain_labels,
    shown,
)
from w2s_stats.divergences._probabilities import TOLERANCE, check_row_facts


def read_classes(
    y: Any, n_samples: int, name: str, *, minus_one_is_missing: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n_samples,) and where they are missing: NaN, None and, if asked for, integer -1."""
    labels, missing = check_class_labels(y, n_samples, name=name)
    if labels.shape[1] != 1:
        raise ValueError(f"{name} must have one column of labels; found {labels.shape[1]}.")
    labels, missing = labels[:, 0], missing[:, 0]
    if minus_one_is_missing and plain_labels(labels[~missing]).dtype.kind == "i":
        missing = missing | (labels == -1)
    return labels, missing


def is_probabilities(y_weak: Any) -> bool:
    """Whether weak labels are given as a row of probabilities for each sample."""
    shape = as_array(y_weak, "y_weak").shape
    return len(shape) == 2 and shape[1] > 1


def find_classes(y: np.ndarray, y_weak: np.ndarray | None = None) -> np.ndarray:
    """The sorted classes of observed labels, strong and weak ones together."""
    if not y.size:
        raise ValueError(
            "y must be observed in at least one source row; found missing labels only."
        )
    strong = plain_labels(y)
    check_discrete(strong)
    classes = np.unique(strong)
    if len(classes) < 2:
        raise ValueError(f"y must have at least two classes; found one class: {classes.tolist()}.")
    if y_weak is None or not y_weak.size:
        return classes
    weak = plain_labels(y_weak)
    check_kind(weak, classes, "y_weak")
    if weak.dtype.kind == "f":
        strange = weak[(weak != np.floor(weak)) & ~np.isin(weak, classes)]
        if strange.size:
            raise ValueError(
                "y_weak must hold labels, or probabilities of shape (n_samples, n_classes); found "
                f"the number {strange[0]:g}."
            )
    return classes if np.isin(weak, classes).all() else np.union1d(classes, weak)


def check_kind(labels: np.ndarray, classes: np.ndarray, name: str) -> None:
    """Raise if labels are words beside numbers, or numbers beside words."""
    if labels.size and (labels.dtype.kind in "US") != (classes.dtype.kind in "US"):
        raise ValueError(
            f"{name} must hold labels of the kind that y has, {classes.tolist()}; found "
            f"{shown(labels[0])}."
        )


def encode_classes(
    y: np.ndarray, missing: np.ndarray, classes: np.ndarray, name: str = "y"
) -> np.ndarray:
    """Positions in `classes`, -1 where a label is missing."""
    known = plain_labels(y[~missing])
    strange = known[~np.isin(known, classes)]
    if strange.size:
        raise ValueError(
            f"{name} must hold the classes seen in fit, {classes.tolist()}; found {strange[0]}."
        )
    codes = np.full(len(y), -1)
    codes[~missing] = np.searchsorted(classes, known)
    return codes


def one_hot(codes: np.ndarray, n_classes: int) -> np.ndarray:
    """Probabilities 0 and 1 of the classes, rows of NaN where a label is missing."""
    proba = np.eye(n_classes)[codes]
    proba[codes < 0] = np.nan
    return proba


def weak_probabilities(y_weak: Any, n_samples: int, classes: np.ndarray) -> np.ndarray:
    """Weak labels, hard or given as probabilities, as probabilities of known classes."""
    if is_probabilities(y_weak):
        return check_probabilities(y_weak, n_samples, classes)
    minus_one = not np.isin(-1, classes)
    labels, missing = read_classes(y_weak, n_samples, "y_weak", minus_one_is_missing=minus_one)
    return one_hot(encode_classes(labels, missing, classes, "y_weak"), len(classes))


def check_probabilities(y_weak: Any, n_samples: int, classes: np.ndarray) -> np.ndarray:
    """Weak labels given as probabilities of the classes; their rows then sum to one exactly."""
    proba = check_numbers(y_weak, "y_weak", gaps=True)
    if len(proba) != n_samples:
        raise ValueError(
            f"y_weak must have a row for each of the {n_samples} rows of X; found {len(proba)}."
        )
    if proba.shape[1] != len(classes):
        raise ValueError(
            f"y_weak must hold labels, or a probability for each of the {len(classes)} classes "
            f"{classes.tolist()} of y; found {proba.shape[1]} columns."
        )
    missing = np.isnan(proba).any(axis=1)
    total, low = proba.sum(axis=1), proba.min(axis=1)
    total[missing], low[missing] = 1.0, 0.0
    given = as_array(y_weak, "y_weak").dtype
    check_row_facts(total, low, given if given in TOLERANCE else proba.dtype, name="y_weak")
    proba = proba / total[:, None]
    proba[missing] = np.nan
    return proba
