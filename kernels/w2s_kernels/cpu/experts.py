"""Experts: log phi(y; x, theta_k) of a tile, and the sums that move their parameters.

X is (n_features, n_rows), Y (n_outputs, n_rows) with NaN where a label is missing, out and resp
(n_experts, n_rows). `*_log_prob` adds to out, `*_stats` adds to its last arguments; the weighted
responsibilities resp already hold the rows' weights. A missing label adds nothing.
"""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import kernel, take
from w2s_kernels.cpu._gaussian_blocks import PAD, add_block_stats, add_log_normal, pass_rows
from w2s_kernels.cpu.gates import linear, subtract_log_sum_exp
from w2s_kernels.cpu.gram import add_products, add_weighted_gram, strip_length
from w2s_kernels.elementary import exp

_BLOCK = 512
_HIGHEST = 300.0  # logarithm of a Poisson rate; no count is as large


@kernel
def gaussian_log_prob(
    X: np.ndarray, Y: np.ndarray, coef: np.ndarray, log_scale: np.ndarray, out: np.ndarray
) -> None:
    """Add log N(y_m; coef[k, m] @ x, exp(2 log_scale[k, m])), summed over the observed outputs."""
    n_experts, n_outputs = log_scale.shape
    residual = np.empty(_BLOCK)
    for start in range(0, X.shape[1], _BLOCK):
        stop = min(start + _BLOCK, X.shape[1])
        e = residual[: stop - start]
        for k in range(n_experts):
            row = out[k, start:stop]
            for m in range(n_outputs):
                add_log_normal(X, coef[k, m], log_scale[k, m], start, Y[m, start:stop], e, row)


@kernel
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
    """Add sum r, sum r x x', and of the residuals e at coef: sum r x e, sum r e^2.

    The outputs of one call are observed in the same rows, so that they share gram (n_experts,
    n_features, n_features; lower triangle) and count (n_experts).
    """
    _, n_outputs, n_features = coef.shape
    length = strip_length(n_features + n_outputs + 3)
    residual = np.empty((n_outputs, length + PAD))
    room = np.empty((2, length + PAD))
    for start in range(0, X.shape[1], length):
        stop = min(start + length, X.shape[1])
        add_block_stats(X, Y, coef, resp, start, stop, residual, room, gram, cross, square, count)


@kernel
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
    """The whole EM pass of a tile whose experts are these alone, while its rows are in L1.

    gaussian_log_prob, em.posterior and gaussian_stats in one: writes resp, adds to the sums,
    returns the weighted sum of the log evidences. log_gate has a column for every row, or one for
    all.
    """
    residual, room = _block_buffers(coef)
    return pass_rows(
        X, Y, weight, log_gate, coef, log_scale, resp, room, residual,
        np.zeros(count.size), gram, cross, square, count,
    )  # fmt: skip


@kernel
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
    """The EM pass of many tiles under a constant gate, by as many threads as call this at once.

    Tile t has the rows from cuts[t] to cuts[t + 1], lane l the tiles from lanes[l] to lanes[l + 1].
    `rows` holds one tile after the other, each of shape (n_components + n_outputs + 1, n_rows): X,
    Y and the weights. The experts see the last components of X that they have coefficients for.
    A call takes the lanes that no other call has `taken`, from `begin` on, round to it: a thread
    that begins where it did the last time finds rows in its cache. Adds to the sums of each lane,
    as gaussian_pass does; `mass` is that of all rows, observed or not.
    """
    n_experts, n_outputs, n_features = coef.shape
    n_lanes = len(taken)
    height = rows.size // cuts[-1]
    n_components = height - n_outputs - 1
    log_gate = log_prior.reshape((n_experts, 1))
    residual, room = _block_buffers(coef)
    resp = np.empty((n_experts, residual.shape[2]))
    for number in range(n_lanes):
        lane = (begin + number) % n_lanes
        if not take(taken, lane):
            continue
        for t in range(lanes[lane], lanes[lane + 1]):
            tile = rows[cuts[t] * height : cuts[t + 1] * height].reshape((height, -1))
            X, Y = tile[n_components - n_features : n_components], tile[n_components : height - 1]
            log_likelihood[lane] += pass_rows(
                X, Y, tile[height - 1], log_gate, coef, log_scale, resp, room, residual,
                mass[lane], gram[lane], cross[lane], square[lane], count[lane],
            )  # fmt: skip


@kernel
def _block_buffers(coef: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Room for the residuals of a block, and for three numbers a row; all of a block is in L1."""
    n_experts, n_outputs, n_features = coef.shape
    length = strip_length(n_features + n_experts * (n_outputs + 1) + 3) + PAD
    return np.empty((n_experts, n_outputs, length)), np.empty((3, length))


@kernel
def poisson_log_prob(X: np.ndarray, Y: np.ndarray, coef: np.ndarray, out: np.ndarray) -> None:
    """Add y_m eta - exp(eta), eta = coef[k, m] @ x (without the constant -log y!).

    Rates are held at exp(300): infinite ones would make rows without weight NaN.
    """
    n_experts, n_outputs, _ = coef.shape
    eta = np.empty(_BLOCK)
    for start in range(0, X.shape[1], _BLOCK):
        size = min(_BLOCK, X.shape[1] - start)
        for k in range(n_experts):
            row = out[k, start : start + size]
            for m in range(n_outputs):
                linear(X, coef[k, m], start, eta[:size])
                y = Y[m, start : start + size]
                for t in range(size):
                    rate = exp(eta[t] if eta[t] < _HIGHEST else _HIGHEST)
                    row[t] += y[t] * eta[t] - rate if y[t] == y[t] else 0.0


@kernel
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
    n_experts, n_outputs, _ = coef.shape
    n_rows = X.shape[1]
    eta = np.empty(_BLOCK)
    rate = np.empty(n_rows)
    error = np.empty(n_rows)
    for k in range(n_experts):
        for m in range(n_outputs):
            total = 0.0
            for start in range(0, n_rows, _BLOCK):
                size = min(_BLOCK, n_rows - start)
                linear(X, coef[k, m], start, eta[:size])
                y = Y[m, start : start + size]
                r = resp[k, start : start + size]
                mu = rate[start : start + size]
                e = error[start : start + size]
                for t in range(size):
                    w = r[t] if y[t] == y[t] else 0.0
                    mu[t] = w * exp(eta[t] if eta[t] < _HIGHEST else _HIGHEST)
                    e[t] = w * y[t] - mu[t] if y[t] == y[t] else 0.0
                    total += w
            count[k, m] += total
            add_products(X, 0, error, score[k, m])
            add_weighted_gram(X, rate, curvature[k, m])


@kernel
def multinomial_log_prob(X: np.ndarray, Y: np.ndarray, coef: np.ndarray, out: np.ndarray) -> None:
    """Add sum_c y_c log softmax_c(0, coef[k] @ x); Y: probabilities of classes 1, 2, ..."""
    n_experts, n_free, _ = coef.shape
    block = np.empty((n_free + 1, _BLOCK))
    room = np.empty((2, _BLOCK))
    for start in range(0, X.shape[1], _BLOCK):
        size = min(_BLOCK, X.shape[1] - start)
        for k in range(n_experts):
            block[:] = 0.0
            for c in range(n_free):
                linear(X, coef[k, c], start, block[c + 1, :size])
            subtract_log_sum_exp(block, room)
            row = out[k, start : start + size]
            base = block[0]
            for c in range(n_free):
                y = Y[c, start : start + size]
                lp = block[c + 1]
                for t in range(size):
                    row[t] += y[t] * (lp[t] - base[t]) if y[t] == y[t] else 0.0
            y = Y[0, start : start + size]
            for t in range(size):
                row[t] += base[t] if y[t] == y[t] else 0.0


@kernel
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
    n_experts, n_free, _ = coef.shape
    n_rows = X.shape[1]
    block = np.empty((n_free + 1, _BLOCK))
    room = np.empty((2, _BLOCK))
    prob = np.empty((n_free, n_rows))
    observed = np.empty(n_rows)
    factor = np.empty(n_rows)
    for k in range(n_experts):
        r = resp[k]
        y = Y[0]
        total = 0.0
        for t in range(n_rows):
            observed[t] = r[t] if y[t] == y[t] else 0.0
            total += observed[t]
        count[k] += total
        for start in range(0, n_rows, _BLOCK):
            size = min(_BLOCK, n_rows - start)
            block[:] = 0.0
            for c in range(n_free):
                linear(X, coef[k, c], start, block[c + 1, :size])
            subtract_log_sum_exp(block, room)
            for c in range(n_free):
                p = prob[c, start : start + size]
                lp = block[c + 1]
                for t in range(size):
                    p[t] = exp(lp[t])
        for c in range(n_free):
            p = prob[c]
            y = Y[c]
            for t in range(n_rows):
                factor[t] = observed[t] * (y[t] - p[t]) if y[t] == y[t] else 0.0
            add_products(X, 0, factor, score[k, c])
            for b in range(c + 1):
                q = prob[b]
                if b == c:
                    for t in range(n_rows):
                        factor[t] = observed[t] * p[t] * (1.0 - p[t])
                else:
                    for t in range(n_rows):
                        factor[t] = -observed[t] * p[t] * q[t]
                add_weighted_gram(X, factor, curvature[k, c, b])
