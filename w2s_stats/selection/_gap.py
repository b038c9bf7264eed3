"""How far a student stays from its ceiling, from the two representations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from w2s_stats._intervals import Interval, normal_mean
from w2s_stats._validation import check_confidence_level, is_number, shown
from w2s_stats.divergences._probabilities import as_float


@dataclass(frozen=True)
class PredictedGap:
    """Predicted mean squared distance of a student from its ceiling.

    Attributes
    ----------
    gap : Interval
        ||P_s (I - P_w) y||^2 / n; NaN without labels.
    limit : float
        ||P_s (I - P_w)||^2 times the labels' mean square: no labels of the rows are needed.
    operator_norm : float
        ||P_s (I - P_w)||: what the strong representation keeps of what the weak one loses.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import predicted_gap
    >>> X = np.eye(4)[:, :2]
    >>> found = predicted_gap(X[:, :1], X, [1.0, 2.0, 0.0, 0.0], beta_weak=1e-9, beta_strong=1e-9)
    >>> round(found.gap.estimate, 3), round(found.limit, 3), round(found.operator_norm, 3)
    (1.0, 1.25, 1.0)
    """

    gap: Interval
    limit: float
    operator_norm: float


class _Ridge(NamedTuple):
    """P = U diag(kept) U^T of kernel ridge regression, kept = s^2 / (s^2 + n beta)."""

    U: np.ndarray
    kept: np.ndarray

    def fit(self, y: np.ndarray) -> np.ndarray:
        return self.U @ (self.kept[:, None] * (self.U.T @ y))


def predicted_gap(
    X_weak: Any,
    X_strong: Any,
    y: Any = None,
    *,
    beta_weak: float = 1e-3,
    beta_strong: float = 1e-3,
    mean_square: float = 1.0,
    confidence_level: float = 0.95,
) -> PredictedGap:
    """Gap between a student and its ceiling from features alone, or with labels (theory 7.5).

    With P = K (K + beta I)^-1, K = X X^T / n, of the weak and of the strong features,
    ||P_s (I - P_w) y||^2 / n estimates E (F_sw - F_s)^2. On the rows given it is exact for a weak
    model P_w y, a student P_s P_w y and a ceiling P_s y, all by ridge regression without intercept
    on these rows; for new rows, and for models trained otherwise, it is a prediction.

    Parameters
    ----------
    X_weak, X_strong : array-like of shape (n_samples, n_features)
        Representations of the same rows; centre them for models with an intercept.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Labels; one column a class for classes.
    beta_weak, beta_strong : float, default=1e-3
        Ridge penalties, > 0; an entry of K is of the order of X's entries squared.
    mean_square : float, default=1.0
        ||y||^2 / n for the limit where `y` is None: 1 for labels of +-1 and for one-hot rows.
    confidence_level : float, default=0.95
        Of the gap's normal interval, by the delta method, as P is from the same rows: asymptotic.

    Returns
    -------
    PredictedGap

    Raises
    ------
    ValueError
        If arrays are not finite or differ in rows, or a penalty is not positive.

    References
    ----------
    Xue, Li and Mirzasoleiman (2025), Representations shape weak-to-strong generalization.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import predicted_gap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 6))
    >>> y = X @ [1.0, 1.0, 1.0, 0.0, 0.0, 0.5]
    >>> found = predicted_gap(X[:, :3], X, y)  # the weak features miss a part of variance 1/4
    >>> round(found.gap.estimate, 2), round(found.operator_norm, 2)
    (0.25, 1.0)
    >>> round(predicted_gap(X, X, y).gap.estimate, 4)
    0.0
    """
    level = check_confidence_level(confidence_level)
    weak = _ridge(_features(X_weak, "X_weak"), beta_weak, "beta_weak")
    strong = _ridge(_features(X_strong, "X_strong", len(weak.U)), beta_strong, "beta_strong")
    norm = _operator_norm(weak, strong)
    gap = Interval(np.nan, np.nan, np.nan, "none")
    if y is not None:
        labels = as_float(y, name="y").astype(np.float64)
        labels = labels.reshape(len(labels), -1)
        labels = _features(labels, "y", len(weak.U))
        residual = labels - weak.fit(labels)
        ahead = strong.fit(residual)
        distance = (ahead**2).sum(axis=1)
        # What a row moves in both fits: E g^2, g = P_s r, changes by 2 E g dg.
        pulled = strong.fit(ahead)
        fits = 2 * (pulled * (residual - ahead) - weak.fit(pulled) * residual).sum(axis=1)
        gap = normal_mean(distance + fits - fits.mean(), confidence_level=level)
        mean_square = float((labels**2).sum(axis=1).mean())
    if not is_number(mean_square) or not 0 <= mean_square < np.inf:
        raise ValueError(f"mean_square must be a number of at least 0; found {shown(mean_square)}.")
    return PredictedGap(gap, norm**2 * mean_square, norm)


def _features(X: Any, name: str, n_rows: int | None = None) -> np.ndarray:
    array = as_float(X, name=name)
    if array.ndim != 2 or (n_rows is not None and len(array) != n_rows):
        rows = "rows and columns" if n_rows is None else f"{n_rows} rows, and columns"
        raise ValueError(f"{name} must have {rows}; found shape {array.shape}.")
    if not np.isfinite(array).all():
        row = int((~np.isfinite(array)).any(axis=1).argmax())
        raise ValueError(f"{name} must be finite; found NaN or infinity in row {row}.")
    return array


def _ridge(X: np.ndarray, beta: float, name: str) -> _Ridge:
    if not is_number(beta) or not 0 < beta < np.inf:
        raise ValueError(f"{name} must be a number above 0; found {shown(beta)}.")
    U, s, _ = np.linalg.svd(X.astype(np.float64, copy=False), full_matrices=False)
    return _Ridge(U, s**2 / (s**2 + len(X) * beta))


def _operator_norm(weak: _Ridge, strong: _Ridge) -> float:
    """Norm of M = D_s U_s^T (I - P_w), the root of the largest eigenvalue of M M^T."""
    across = strong.U.T @ weak.U
    lost = np.eye(len(strong.kept)) - (across * (2 * weak.kept - weak.kept**2)) @ across.T
    gram = strong.kept[:, None] * lost * strong.kept
    return float(np.sqrt(max(np.linalg.eigvalsh(gram)[-1], 0.0)))
