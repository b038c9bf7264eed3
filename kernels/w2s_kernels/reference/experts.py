"""Experts: log phi(y; x, theta_k) of a tile, and the sums that move their parameters."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from w2s_kernels.reference.em import posterior
from w2s_kernels.reference.gram import add_weighted_gram

_HIGHEST = 300.0  # logarithm of a Poisson rate


def gaussian_log_prob(
    X: np.ndarray, Y: np.ndarray, coef: np.ndarray, log_scale: np.ndarray, out: np.ndarray
) -> None:
    """Add log N(y_m; coef[k, m] @ x, exp(2 log_scale[k, m])), summed over the observed outputs."""
    residual = (Y - coef @ X) / np.exp(log_scale)[:, :, None]
    log_prob = -0.5 * residual**2 - log_scale[:, :, None] - 0.5 * np.log(2 * np.pi)
    out += np.nansum(log_prob, axis=1)


def gaussian_stats(
    X: np.ndarray,
    Y: np.ndarray,
    coef: np.ndarray,
    resp: np.ndarray,
    gram: np.ndarray,
    cross: np.ndarray,
    square: np.ndarray,
    count: np.ndarray,
) -> None:
    """Add sum r, sum r x x', and of the residuals e at coef: sum r x e, sum r e^2."""
    resp = np.where(np.isnan(Y[0]), 0.0, resp)
    residual = np.nan_to_num(Y - coef @ X)
    count += resp.sum(axis=1)
    for k in range(len(resp)):
        add_weighted_gram(X, resp[k], gram[k])
        cross[k] += (residual[k] * resp[k]) @ X.T
        square[k] += residual[k] ** 2 @ resp[k]


def gaussian_pass(
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray,
    log_gate: np.ndarray,
    coef: np.ndarray,
    log_scale: np.ndarray,
    resp: np.ndarray,
    gram: np.ndarray,
    cross: np.ndarray,
    square: np.ndarray,
    count: np.ndarray,
) -> float:
    """gaussian_log_prob, em.posterior and gaussian_stats, one after the other."""
    resp[:] = log_gate
    gaussian_log_prob(X, Y, coef, log_scale, resp)
    log_likelihood = posterior(resp, weight, np.empty(X.shape[1]))
    gaussian_stats(X, Y, coef, resp, gram, cross, square, count)
    return log_likelihood


def gaussian_mixture_pass(
    rows: np.ndarray,
    cuts: np.ndarray,
    lanes: np.ndarray,
    log_prior: np.ndarray,
    coef: np.ndarray,
    log_scale: np.ndarray,
    begin: int,
    taken: np.ndarray,
    log_likelihood: np.ndarray,
    mass: np.ndarray,
    gram: np.ndarray,
    cross: np.ndarray,
    square: np.ndarray,
    count: np.ndarray,
) -> None:
    """gaussian_pass of the tiles of each lane that is not taken yet, under a constant gate."""
    n_experts, n_outputs, n_features = coef.shape
    height = rows.size // cuts[-1]
    last = height - n_outputs - 1
    for lane in np.flatnonzero(taken == 0):
        taken[lane] = 1
        for t in range(lanes[lane], lanes[lane + 1]):
            tile = rows[cuts[t] * height : cuts[t + 1] * height].reshape(height, -1)
            X, Y = tile[last - n_features : last], tile[last : height - 1]
            resp = np.empty((n_experts, tile.shape[1]))
            sums = gram[lane], cross[lane], square[lane], count[lane]
            log_likelihood[lane] += gaussian_pass(
                X, Y, tile[-1], log_prior[:, None], coef, log_scale, resp, *sums
            )
            mass[lane] += resp.sum(axis=1)


def poisson_log_prob(X: np.ndarray, Y: np.ndarray, coef: np.ndarray, out: np.ndarray) -> None:
    """Add y_m eta - exp(eta), eta = coef[k, m] @ x (without the constant -log y!)."""
    eta = coef @ X
    out += np.nansum(Y * eta - np.exp(np.minimum(eta, _HIGHEST)), axis=1)


def poisson_stats(
    X: np.ndarray,
    Y: np.ndarray,
    coef: np.ndarray,
    resp: np.ndarray,
    score: np.ndarray,
    curvature: np.ndarray,
    count: np.ndarray,
) -> None:
    """Add sum r x (y - mu), sum r mu x x' (lower triangle) and sum r, for each output."""
    rate = np.exp(np.minimum(coef @ X, _HIGHEST))
    for k in range(len(resp)):
        for m in range(len(Y)):
            weight = np.where(np.isnan(Y[m]), 0.0, resp[k])
            score[k, m] += X @ (weight * np.nan_to_num(Y[m] - rate[k, m]))
            add_weighted_gram(X, weight * rate[k, m], curvature[k, m])
            count[k, m] += weight.sum()


def _multinomial_log_softmax(X: np.ndarray, coef: np.ndarray) -> np.ndarray:
    reference = np.zeros((len(coef), 1, X.shape[1]))
    return log_softmax(np.concatenate([reference, coef @ X], axis=1), axis=1)


def multinomial_log_prob(X: np.ndarray, Y: np.ndarray, coef: np.ndarray, out: np.ndarray) -> None:
    """Add sum_c y_c log softmax_c(0, coef[k] @ x); Y: probabilities of classes 1, 2, ..."""
    target = np.concatenate([1.0 - Y.sum(axis=0, keepdims=True), Y])
    out += np.nansum(target * _multinomial_log_softmax(X, coef), axis=1)


def multinomial_stats(
    X: np.ndarray,
    Y: np.ndarray,
    coef: np.ndarray,
    resp: np.ndarray,
    score: np.ndarray,
    curvature: np.ndarray,
    count: np.ndarray,
) -> None:
    """Add sum r x (y_c - p_c), for b <= c sum r p_c (1[b=c] - p_b) x x', and sum r."""
    prob = np.exp(_multinomial_log_softmax(X, coef))[:, 1:]
    resp = np.where(np.isnan(Y[0]), 0.0, resp)
    count += resp.sum(axis=1)
    for k in range(len(resp)):
        for c in range(len(Y)):
            score[k, c] += X @ (resp[k] * np.nan_to_num(Y[c] - prob[k, c]))
            for b in range(c + 1):
                weight = resp[k] * prob[k, c] * ((b == c) - prob[k, b])
                add_weighted_gram(X, weight, curvature[k, c, b])
