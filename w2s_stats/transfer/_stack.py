"""A source and a target as one stacked sample, scikit-learn style."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._validation import as_array, check_choice, check_numbers, is_gap
from w2s_stats.transfer._task import infer_task


def stack_domains(
    source: tuple, target: tuple, *, task: str | None = None
) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """Stack a source and a target into what the `fit` of a strategy takes.

    Labels that a domain lacks are filled in as missing: NaN in regression; -1 among integer
    classes, None among other classes, rows of NaN among class probabilities.

    Parameters
    ----------
    source : tuple (X, y) or (X, y, y_weak)
        Inputs of shape (n_source, n_features), their strong labels, and the weak model's labels
        where they are known.
    target : tuple (X, y_weak) or (X, y_weak, y_gold)
        Inputs of shape (n_target, n_features), the weak model's labels, and strong labels as far as
        they are known (NaN, None or, among integer classes, -1 elsewhere), for the oracle and for
        scores.
    task : {"regression", "classification"} or None, default=None
        What the labels are. None: numbers in floating point are for regression, integers, strings
        and booleans are classes. So pass counts as floats, or name the task.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_source + n_target, n_features)
        A DataFrame where both inputs are.
    y : ndarray of shape (n_source + n_target,) or (n_source + n_target, n_outputs)
        Strong labels; in target rows missing, or gold.
    y_weak : ndarray like y, or of shape (n_source + n_target, n_classes)
    sample_domain : ndarray of int, shape (n_source + n_target,)
        1 in source rows, -1 in target rows.

    Raises
    ------
    ValueError
        If a tuple has another length, or its entries do not go together.

    See Also
    --------
    TargetKFold : Cross-validation on the target rows of such a sample.

    Examples
    --------
    >>> from w2s_stats.transfer import stack_domains
    >>> X, y, y_weak, sample_domain = stack_domains(
    ...     source=([[0.0], [1.0]], [0.5, 1.5]), target=([[2.0], [3.0], [4.0]], [2.0, 3.0, 4.0])
    ... )
    >>> y
    array([0.5, 1.5, nan, nan, nan])
    >>> y_weak
    array([nan, nan,  2.,  3.,  4.])
    >>> sample_domain
    array([ 1,  1, -1, -1, -1])
    """
    X_source, y, weak_source = _unpack(source, "source", "(X, y) or (X, y, y_weak)")
    X_target, weak_target, gold = _unpack(target, "target", "(X, y_weak) or (X, y_weak, y_gold)")
    if task is None:
        task = infer_task(y, weak_target)
    check_choice("task", task, ("regression", "classification"))
    X = _stack_inputs(X_source, X_target)
    sizes = len(X_source), len(X_target)
    if task == "classification":
        _check_marker(as_array(y, "y"))
    return (
        X,
        _stack_labels("y", (y, gold), sizes, task),
        _stack_labels("y_weak", (weak_source, weak_target), sizes, task),
        np.repeat([1, -1], sizes),
    )


def _unpack(domain: Any, name: str, accepted: str) -> tuple:
    if not isinstance(domain, tuple | list) or len(domain) not in (2, 3):
        found = (
            f"{len(domain)} entries"
            if isinstance(domain, tuple | list)
            else f"an object of type {type(domain).__name__}"
        )
        raise ValueError(f"{name} must be a tuple {accepted}; found {found}.")
    X, first, second = (*domain, None)[:3]
    if first is None:
        raise ValueError(f"{name} must be a tuple {accepted}; found None as its second entry.")
    return X, first, second


def _stack_inputs(X_source: Any, X_target: Any) -> Any:
    if hasattr(X_source, "columns") and hasattr(X_target, "columns"):
        if list(X_source.columns) != list(X_target.columns):
            raise ValueError(
                "source and target must have the same columns in X; found "
                f"{list(X_source.columns)} and {list(X_target.columns)}."
            )
        import pandas as pd

        return pd.concat([X_source, X_target], ignore_index=True)
    X_source, X_target = as_array(X_source, "source's X"), as_array(X_target, "target's X")
    shapes = X_source.shape, X_target.shape
    if len(shapes[0]) != 2 or len(shapes[1]) != 2 or shapes[0][1] != shapes[1][1]:
        raise ValueError(
            "source and target must have an X of two dimensions with the same number of columns; "
            f"found shapes {shapes[0]} and {shapes[1]}."
        )
    return np.concatenate([X_source, X_target])


def _check_marker(y: np.ndarray) -> None:
    """Two classes of which one is -1: the marker of missing labels would swallow it."""
    if y.dtype.kind == "i" and -1 in y and len(np.unique(y)) == 2:
        raise ValueError(
            "y must not have -1 for a class, since -1 marks missing labels beside a target; found "
            f"the classes {np.unique(y).tolist()}: recode them, as 0 and 1 for instance."
        )


def _stack_labels(
    name: str, labels: tuple[Any, Any], sizes: tuple[int, int], task: str
) -> np.ndarray:
    """Labels of both domains, where one of them may have none."""
    known = [None if part is None else as_array(part, name) for part in labels]
    for part, size, domain in zip(known, sizes, ("source", "target"), strict=True):
        if part is not None and (part.ndim not in (1, 2) or len(part) != size):
            raise ValueError(
                f"{name} must have a label for each of the {size} rows of the {domain}'s X; found "
                f"shape {part.shape}."
            )
    present = [part for part in known if part is not None]
    if len({part.shape[1:] for part in present}) > 1:
        raise ValueError(
            f"{name} must have the same number of columns in source and target; found shapes "
            f"{present[0].shape} and {present[1].shape}."
        )
    dtype: Any
    missing: Any
    if task == "regression" or present[0].ndim == 2:
        # Probabilities of single precision stay so: their rows sum to 1 less exactly.
        single = task != "regression" and {part.dtype for part in present} == {np.dtype("float32")}
        dtype, missing = np.float32 if single else np.float64, np.nan
        known = [None if part is None else check_numbers(part, name, gaps=True) for part in known]
    elif all(part.dtype.kind in "iu" for part in present):
        dtype, missing = np.int64, -1
    else:
        dtype, missing = object, None
    out = np.full((sum(sizes), *present[0].shape[1:]), missing, dtype=dtype)
    for part, rows in zip(known, (slice(sizes[0]), slice(sizes[0], None)), strict=True):
        if part is not None:
            out[rows] = part
    if dtype is object:
        out[[is_gap(value) for value in out]] = None
    return out
