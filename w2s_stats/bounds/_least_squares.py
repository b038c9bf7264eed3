"""Exact least-squares students: linear heads, free or of bounded norm (theory 2.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import norm  # of tiny numbers too: it does not square them
from scipy.optimize import brentq

from w2s_stats._validation import check_weight
from w2s_stats.bounds._classes import NormBall, check_features
from w2s_stats.bounds._gain import mean
from w2s_stats.bounds._inputs import as_predictions
from w2s_stats.bounds._projection import Projection
from w2s_stats.bounds._rows import blocks_of, inner, moment, weighted


def project_least_squares(
    features: Any, y_weak: Any, *, radius: float | None = None, sample_weight: Any = None
) -> Projection:
    """Exact least-squares projection onto linear heads, of bounded norm if asked (theory 2.1).

    Minimises E (theta'h - F_w)^2 over all theta by singular values, or over ||theta|| <= `radius`
    by the secular equation. No penalty is added: a ridge breaks the misfit-gain inequality, a bound
    on the norm does not.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Add a column of ones for an intercept.
    y_weak : array-like of shape (n_samples,) or (n_samples, n_outputs)
    radius : float, default=None
        Largest (Frobenius) norm of theta. None: no limit.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    Projection
        `parameters` of shape (n_features,) or (n_features, n_outputs), of least norm where features
        are collinear. `gap` with a radius: the supremum of theory 9.1. Without: what another
        projection of the residual takes off the misfit, which is what rounding left.

    Raises
    ------
    ValueError
        If arrays are not finite or differ in rows, or `radius` is not positive.

    Examples
    --------
    >>> from w2s_stats.bounds import project_least_squares
    >>> found = project_least_squares([[1.0], [1.0], [2.0]], [0.0, 2.0, 2.0])
    >>> found.parameters, round(found.misfit, 3), found.gap < 1e-30
    (array([1.]), 0.667, True)
    >>> project_least_squares([[1.0], [1.0], [2.0]], [0.0, 2.0, 2.0], radius=0.5).parameters
    array([0.5])
    """
    H = check_features(features)
    weak = as_predictions(y_weak, name="y_weak")
    if len(weak) != len(H):
        raise ValueError(f"y_weak must have the {len(H)} rows of features; found {len(weak)}.")
    weight = check_weight(sample_weight, H)
    scale = None if weight is None else np.sqrt(weight)
    ball = None if radius is None else NormBall(H, radius)

    U, S, Vt = np.linalg.svd(weighted(H, scale), full_matrices=False)
    rounding = S.max(initial=0.0) * max(H.shape) * np.finfo(S.dtype).eps
    kept = rounding < S
    U, S, Vt = U[:, kept], S[kept], Vt[kept]
    parameters = _coefficients(moment(U, weak, scale), S, Vt, radius)
    student = H @ parameters
    miss = weak - student
    if ball is None:
        remainder = moment(U, miss, scale)
        gap = float((remainder**2).sum() / (len(H) if weight is None else weight.sum()))
    else:
        worst, ahead = ball.coefficients(miss, weight), np.empty(len(H))
        for rows in blocks_of(weak):
            ahead[rows] = inner(H[rows] @ worst - student[rows], miss[rows])
        gap = mean(2.0 * ahead, weight)
    return Projection(student, parameters, mean(inner(miss, miss), weight), gap)


def _coefficients(
    target: np.ndarray, S: np.ndarray, Vt: np.ndarray, radius: float | None
) -> np.ndarray:
    """Coefficients V diag(S / (S^2 + l)) target with the least l >= 0 that keeps their norm."""
    # In units of the largest singular value, whose square may be too small for a float.
    unit = S.max(initial=0.0) or 1.0
    column = (S if target.ndim == 1 else S[:, None]) / unit
    radius = None if radius is None else radius * unit

    def rotated(penalty: float) -> np.ndarray:
        return target * (column / (column**2 + penalty))

    def excess(penalty: float) -> float:
        return float(1.0 / radius - 1.0 / norm(rotated(penalty)))  # type: ignore[operator]

    free = rotated(0.0)
    if radius is None or norm(free) <= radius:
        return Vt.T @ free / unit
    # ||theta|| <= ||S target|| / l: at this l the norm is below the radius.
    highest = float(norm(column * target)) / radius
    penalty = brentq(excess, 0.0, highest, xtol=1e-300, rtol=1e-15)
    inside = rotated(penalty)
    return Vt.T @ (inside * (radius / norm(inside))) / unit
