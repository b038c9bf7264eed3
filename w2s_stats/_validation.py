"""Checks of what users pass, in one clear sentence each."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import _check_sample_weight

from w2s_stats.exceptions import UnderdeterminedFitWarning

_CHUNK = 1 << 14
Fit = TypeVar("Fit", bound=Callable[..., Any])


def whole_or_nothing(fit: Fit) -> Fit:
    """Let a fit that fails leave the estimator as it was: unfitted, or with its former fit."""

    @wraps(fit)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return cast(Fit, guarded)


def check_weight(sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
    """Weights of the rows as float64, None where all are one."""
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if weight.min() < 0:
        row = int(weight.argmin())
        raise ValueError(
            f"sample_weight must be zero or positive, found {weight[row]:g} at row {row}."
        )
    if not weight.any():
        raise ValueError("sample_weight must have a positive entry, found zeros only.")
    return weight


def check_labels(y: Any, n_samples: int, *, name: str = "y") -> np.ndarray:
    """Real labels as a float64 array of one or two dimensions, NaN where missing."""
    if y is None:
        raise ValueError(
            f"This estimator requires {name} to be passed, but the target {name} is None."
        )
    y = check_array(
        y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name=name
    )
    if y.ndim > 2:
        raise ValueError(f"{name} must have one or two dimensions, found {y.ndim}.")
    if len(y) != n_samples:
        raise ValueError(
            f"{name} must have a row for each of the {n_samples} rows of X, found {len(y)}."
        )
    return y


def check_class_labels(y: Any, n_samples: int, *, name: str = "y") -> tuple[np.ndarray, np.ndarray]:
    """Class labels (n_samples, n_labels), and where they are missing (NaN or None)."""
    if y is None:
        raise ValueError(
            f"This estimator requires {name} to be passed, but the target {name} is None."
        )
    y = np.asarray(y)
    y = check_array(y, dtype=None, ensure_2d=False, ensure_all_finite="allow-nan", input_name=name)
    if len(y) != n_samples:
        raise ValueError(
            f"{name} must have a row for each of the {n_samples} rows of X, found {len(y)}."
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    y = y.reshape(n_samples, -1)
    if y.dtype.kind == "f":
        return y, np.isnan(y)
    if y.dtype.kind == "O":
        # A missing marker is None, or a float that differs from itself.
        missing = np.array([[v is None or v != v for v in row] for row in y], dtype=bool)
        return y, missing.reshape(y.shape)
    return y, np.zeros(y.shape, dtype=bool)


def plain_labels(labels: np.ndarray) -> np.ndarray:
    """Without its gaps an object array is what its entries are: strings or numbers."""
    return np.array(labels.tolist()) if labels.dtype.kind == "O" else labels


def check_counts(y: np.ndarray, *, name: str = "y") -> None:
    """Raise unless every observed label is a count."""
    observed = y[~np.isnan(y)]
    wrong = observed[(observed < 0) | (observed != np.floor(observed))]
    if wrong.size:
        raise ValueError(
            f"{name} must hold counts 0, 1, 2, ... (NaN where missing) for a Poisson expert, "
            f"found {wrong[0]:g}."
        )


def check_distinct_rows(
    X: np.ndarray, Y: np.ndarray, weight: np.ndarray | None, n_experts: int
) -> None:
    """Raise if fewer distinct rows (x, y) have weight than there are experts."""
    seen: set[bytes] = set()
    for start in range(0, len(X), _CHUNK):
        stop = min(start + _CHUNK, len(X))
        keep = slice(None) if weight is None else weight[start:stop] > 0
        rows = np.concatenate([X[start:stop], Y[start:stop]], axis=1)[keep]
        for row in rows:
            seen.add((row + 0.0).tobytes())
            if len(seen) >= n_experts:
                return
    raise ValueError(
        f"n_experts={n_experts} needs at least as many distinct rows of X and y; found "
        f"n_samples={len(X)} with {len(seen)} distinct."
    )


def check_observed(Y: np.ndarray, weight: np.ndarray | None = None, *, name: str = "y") -> None:
    """Raise if an output has no label at all in rows that have weight."""
    Y = Y if weight is None else Y[weight > 0]
    for column in range(Y.shape[1]):
        if np.isnan(Y[:, column]).all():
            which = name if Y.shape[1] == 1 else f"column {column} of {name}"
            raise ValueError(f"{which} must have at least one label, found missing values only.")


def warn_columns(X: np.ndarray, feature_names: list[str], *, fit_intercept: bool) -> None:
    """Warn of what X leaves open: constant columns, fewer rows than coefficients."""
    if fit_intercept:
        constant = [
            n for n, low, high in zip(feature_names, X.min(0), X.max(0), strict=True) if low == high
        ]
        if constant and len(X) > 1:
            warnings.warn(
                f"X is constant in {', '.join(constant)}: a constant column cannot be told from "
                "the intercept and gets coefficient 0.",
                UnderdeterminedFitWarning,
                stacklevel=3,
            )
    n_coefficients = X.shape[1] + fit_intercept
    if len(X) < n_coefficients:
        warnings.warn(
            f"X has {len(X)} rows for {n_coefficients} coefficients an expert: the fit of minimum "
            "norm is taken, and its coefficients are not determined by the data.",
            UnderdeterminedFitWarning,
            stacklevel=3,
        )


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise unless a value is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; found {value!r}.")
