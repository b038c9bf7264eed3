"""Gates: log p(k | x) of a tile, and the sums that move their parameters."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels.cpu.gram import add_products, add_weighted_gram
from w2s_kernels.elementary import exp, log

_BLOCK = 512


@inlined
def linear(X, coef, start, out):  # type: ignore[no-untyped-def]
    """Write the linear predictor coef @ X of a block of rows that begins at `start`."""
    wide_vectors()
    size = out.size
    i = coef.size % 4
    if i == 0:
        for t in range(size):
            out[t] = 0.0
    else:
        # One to three features first: where there is no second or third, its coefficient is zero.
        a = X[0, start : start + size]
        b = X[min(1, i - 1), start : start + size]
        c = X[min(2, i - 1), start : start + size]
        ca, cb, cc = coef[0], coef[1] if i > 1 else 0.0, coef[2] if i > 2 else 0.0
        for t in range(size):
            out[t] = ca * a[t] + cb * b[t] + cc * c[t]
    while i < coef.size:
        a = X[i, start : start + size]
        b = X[i + 1, start : start + size]
        c = X[i + 2, start : start + size]
        d = X[i + 3, start : start + size]
        ca, cb, cc, cd = coef[i], coef[i + 1], coef[i + 2], coef[i + 3]
        for t in range(size):
            out[t] += ca * a[t] + cb * b[t] + cc * c[t] + cd * d[t]
        i += 4


@inlined
def subtract_log_sum_exp(rows, room):  # type: ignore[no-untyped-def]
    """Normalise a block (n_classes, n_rows) of logits to log-probabilities; two rows of room."""
    wide_vectors()
    n_classes, size = rows.shape
    top, total = room[0], room[1]
    for t in range(size):
        top[t] = rows[0, t]
    for k in range(1, n_classes):
        row = rows[k]
        for t in range(size):
            top[t] = row[t] if row[t] > top[t] else top[t]
    for t in range(size):
        total[t] = 0.0
    for k in range(n_classes):
        row = rows[k]
        for t in range(size):
            total[t] += exp(row[t] - top[t])
    for t in range(size):
        top[t] += log(total[t])
    for k in range(n_classes):
        row = rows[k]
        for t in range(size):
            row[t] -= top[t]


@kernel
def softmax_log_prob(X: np.ndarray, coef: np.ndarray, out: np.ndarray) -> None:
    """Write log softmax_k(coef[k] @ x) of each row; X is (n_features, n_rows)."""
    wide_vectors()
    n_experts, n_rows = out.shape
    logits = np.empty((n_experts, _BLOCK))
    room = np.empty((2, _BLOCK))
    for start in range(0, n_rows, _BLOCK):
        size = min(_BLOCK, n_rows - start)
        for k in range(n_experts):
            linear(X, coef[k], start, logits[k, :size])
        for t in range(size, _BLOCK):
            for k in range(n_experts):
                logits[k, t] = 0.0
        subtract_log_sum_exp(logits, room)
        for k in range(n_experts):
            row = out[k, start : start + size]
            source = logits[k]
            for t in range(size):
                row[t] = source[t]


@kernel
def softmax_stats(
    X: np.ndarray,
    log_prob: np.ndarray,
    resp: np.ndarray,
    score: np.ndarray,
    curvature: np.ndarray,
) -> None:
    """Add the gate's score and Hessian of one tile (reference: class 0).

    resp holds weighted responsibilities, whose sum over k is the row's weight w;
    score[k] += sum (resp_k - w p_k) x and, for 1 <= j <= k,
    curvature[k, j] += sum w p_k (1[j=k] - p_j) x x' (its lower triangle).
    """
    n_experts, n_rows = resp.shape
    weight = np.empty(n_rows)
    for t in range(n_rows):
        weight[t] = resp[0, t]
    for k in range(1, n_experts):
        row = resp[k]
        for t in range(n_rows):
            weight[t] += row[t]
    prob = np.empty((n_experts, n_rows))
    for k in range(1, n_experts):
        source = log_prob[k]
        row = prob[k]
        for t in range(n_rows):
            row[t] = exp(source[t])
    factor = np.empty(n_rows)
    for k in range(1, n_experts):
        r = resp[k]
        p = prob[k]
        for t in range(n_rows):
            factor[t] = r[t] - weight[t] * p[t]
        add_products(X, 0, factor, score[k])
        for j in range(1, k + 1):
            q = prob[j]
            if j == k:
                for t in range(n_rows):
                    factor[t] = weight[t] * p[t] * (1.0 - p[t])
            else:
                for t in range(n_rows):
                    factor[t] = -weight[t] * p[t] * q[t]
            add_weighted_gram(X, factor, curvature[k, j])


@kernel
def quadratic_features(X: np.ndarray, out: np.ndarray) -> None:
    """Write (1, z, z_i z_j for i <= j) for tiles whose rows are (1, z)."""
    n_features = X.shape[0]
    for i in range(n_features):
        out[i] = X[i]
    row = n_features
    for i in range(1, n_features):
        for j in range(i, n_features):
            for t in range(X.shape[1]):
                out[row, t] = X[i, t] * X[j, t]
            row += 1
