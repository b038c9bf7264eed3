"""EM as one writes it in plain NumPy: the peer every reader knows, and a second opinion."""

from __future__ import annotations

import numpy as np


def em_step(
    X: np.ndarray, y: np.ndarray, coef: np.ndarray, scale: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """One EM iteration of a mixture of regressions; X has a column of ones."""
    residual = y[:, None] - X @ coef.T
    log_prob = -0.5 * (residual / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)
    log_joint = log_prob + np.log(weights)
    top = log_joint.max(axis=1, keepdims=True)
    resp = np.exp(log_joint - top)
    total = resp.sum(axis=1, keepdims=True)
    log_likelihood = float((top + np.log(total)).mean())
    resp /= total
    count = resp.sum(axis=0)
    new_coef = np.empty_like(coef)
    new_scale = np.empty_like(scale)
    for k in range(len(coef)):
        weighted = X * resp[:, k, None]
        new_coef[k] = np.linalg.solve(weighted.T @ X, weighted.T @ y)
        new_scale[k] = np.sqrt(resp[:, k] @ (y - X @ new_coef[k]) ** 2 / count[k])
    return log_likelihood, new_coef, new_scale, count / len(y)
