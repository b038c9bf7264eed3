"""EM as one writes it in plain NumPy: the peer every reader knows, and a second opinion."""

from __future__ import annotations

import numpy as np


def em_step(
    X: np.ndarray, y: np.ndarray, coef: np.ndarray, scale: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """One EM iteration of a mixture of regressions; X has a column of ones."""
    log_joint = _log_prob(X, y, coef, scale) + np.log(weights)
    log_evidence, resp = _softmax(log_joint)
    return float(log_evidence.mean()), *_experts(X, y, resp), resp.mean(axis=0)


def softmax_em_step(
    X: np.ndarray, y: np.ndarray, coef: np.ndarray, scale: np.ndarray, gate: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """The same with a softmax gate, gate[0] = 0, which takes a Newton step."""
    logits = X @ gate.T
    log_total, prior = _softmax(logits)
    log_joint = _log_prob(X, y, coef, scale) + logits - log_total
    log_evidence, resp = _softmax(log_joint)
    n_free, p = len(gate) - 1, X.shape[1]
    score = (resp - prior)[:, 1:].T @ X
    curvature = np.empty((n_free, p, n_free, p))
    for j in range(n_free):
        for k in range(j + 1):
            weight = prior[:, 1 + j] * ((j == k) - prior[:, 1 + k])
            curvature[j, :, k] = curvature[k, :, j] = (X * weight[:, None]).T @ X
    moved = gate.copy()
    moved[1:] += np.linalg.solve(curvature.reshape(n_free * p, -1), score.ravel()).reshape(-1, p)
    return float(log_evidence.mean()), *_experts(X, y, resp), moved


def _log_prob(X: np.ndarray, y: np.ndarray, coef: np.ndarray, scale: np.ndarray) -> np.ndarray:
    residual = y[:, None] - X @ coef.T
    return -0.5 * (residual / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)


def _softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the sum of exponentials of each row, and their shares of it."""
    top = logits.max(axis=1, keepdims=True)
    share = np.exp(logits - top)
    total = share.sum(axis=1, keepdims=True)
    share /= total
    return top + np.log(total), share


def _experts(X: np.ndarray, y: np.ndarray, resp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares: coefficients and scales."""
    n_experts = resp.shape[1]
    coef, scale = np.empty((n_experts, X.shape[1])), np.empty(n_experts)
    for k in range(n_experts):
        weighted = X * resp[:, k, None]
        coef[k] = np.linalg.solve(weighted.T @ X, weighted.T @ y)
        scale[k] = np.sqrt(resp[:, k] @ (y - X @ coef[k]) ** 2 / resp[:, k].sum())
    return coef, scale
