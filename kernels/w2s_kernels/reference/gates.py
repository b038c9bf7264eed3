"""Gates: log p(k | x) of a tile, and the sums that move their parameters."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from w2s_kernels.reference.gram import add_weighted_gram


def softmax_log_prob(X: np.ndarray, coef: np.ndarray, out: np.ndarray) -> None:
    """Write log softmax_k(coef[k] @ x) of each row; X is (n_features, n_rows)."""
    out[:] = log_softmax(coef @ X, axis=0)


def softmax_stats(
    X: np.ndarray,
    log_prob: np.ndarray,
    resp: np.ndarray,
    score: np.ndarray,
    curvature: np.ndarray,
) -> None:
    """Add the gate's score and Hessian of one tile (reference: class 0)."""
    weight = resp.sum(axis=0)
    prob = np.exp(log_prob)
    for k in range(1, len(resp)):
        score[k] += X @ (resp[k] - weight * prob[k])
        for j in range(1, k + 1):
            add_weighted_gram(X, weight * prob[k] * ((j == k) - prob[j]), curvature[k, j])


def quadratic_features(X: np.ndarray, out: np.ndarray) -> None:
    """Write (1, z, z_i z_j for i <= j) for tiles whose rows are (1, z)."""
    i, j = np.triu_indices(len(X) - 1)
    out[:] = np.concatenate([X, X[1 + i] * X[1 + j]])
