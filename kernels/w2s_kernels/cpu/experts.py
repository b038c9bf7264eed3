"""Experts: log phi(y; x, theta_k) of a tile, and the sums that move their parameters.

X is (n_features, n_rows), Y (n_outputs, n_rows) with NaN where a label is missing, out and resp
(n_experts, n_rows). `*_log_prob` adds to out, `*_stats` adds to its last arguments; the weighted
responsibilities resp already hold the rows' weights. A missing label adds nothing.
"""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels.cpu.em import normalise
from w2s_kernels.cpu.gates import linear, subtract_log_sum_exp
from w2s_kernels.cpu.gram import add_products, add_strip, add_weighted_gram, strip_length
from w2s_kernels.elementary import exp

_BLOCK = 512
_PAD = 8  # rows of a buffer a multiple of 4096 bytes apart would share their places in L1
_HALF_LOG_2PI = 0.9189385332046727
_HIGHEST = 300.0  # logarithm of a Poisson rate; no count is as large


@inlined
def _add_log_normal(X, coef, log_scale, start, y, residual, out):  # type: ignore[no-untyped-def]
    """Add log N(y; coef @ x, exp(2 log_scale)) of a block of rows, and keep y - coef @ x."""
    wide_vectors()
    size = out.size
    precision = 0.5 * np.exp(-2.0 * log_scale)
    constant = -_HALF_LOG_2PI - log_scale
    # One to four features first: where there is no second, third or fourth, its coefficient is 0.
    n = (coef.size - 1) % 4 + 1
    a = X[0, start : start + size]
    b = X[min(1, n - 1), start : start + size]
    c = X[min(2, n - 1), start : start + size]
    d = X[n - 1, start : start + size]
    ca, cb = coef[0], coef[1] if n > 1 else 0.0
    cc, cd = coef[2] if n > 2 else 0.0, coef[3] if n > 3 else 0.0
    for t in range(size):
        residual[t] = y[t] - (ca * a[t] + cb * b[t] + cc * c[t] + cd * d[t])
    for i in range(n, coef.size, 4):
        a = X[i, start : start + size]
        b = X[i + 1, start : start + size]
        c = X[i + 2, start : start + size]
        d = X[i + 3, start : start + size]
        ca, cb, cc, cd = coef[i], coef[i + 1], coef[i + 2], coef[i + 3]
        for t in range(size):
            residual[t] -= ca * a[t] + cb * b[t] + cc * c[t] + cd * d[t]
    for t in range(size):
        e = residual[t]
        out[t] += constant - precision * e * e if e == e else 0.0


@inlined
def _start_row(log_gate, start, out):  # type: ignore[no-untyped-def]
    """Copy a block of the gate's log-probabilities, or repeat the only one."""
    wide_vectors()
    if log_gate.size == 1:
        for t in range(out.size):
            out[t] = log_gate[0]
    else:
        source = log_gate[start : start + out.size]
        for t in range(out.size):
            out[t] = source[t]


@inlined
def _observed_only(resp, residual, out):  # type: ignore[no-untyped-def]
    """Write the responsibilities, 0 where the label is missing, and return their sum."""
    wide_vectors()
    count = 0.0
    for t in range(out.size):
        out[t] = resp[t] if residual[t] == residual[t] else 0.0
        count += out[t]
    return count


@inlined
def _add_residual_stats(X, start, residual, observed, weighted, cross):  # type: ignore[no-untyped-def]
    """Add sum r x e to `cross` and return sum r e^2; `weighted` is room."""
    wide_vectors()
    square = 0.0
    for t in range(observed.size):
        e = residual[t] if residual[t] == residual[t] else 0.0
        weighted[t] = observed[t] * e
        square += observed[t] * e * e
    add_products(X, start, weighted, cross)
    return square


@inlined
def _add_expert_stats(X, start, resp, residual, room, gram, cross, square):  # type: ignore[no-untyped-def]
    """Add one expert's sums over a block and return sum r; `residual` has a row for each output."""
    observed, weighted = room[0, : resp.size], room[1, : resp.size]
    count = _observed_only(resp, residual[0], observed)
    for m in range(square.size):
        square[m] += _add_residual_stats(X, start, residual[m], observed, weighted, cross[m])
    add_strip(X, start, observed, gram)
    return count


@inlined
def _block_stats(X, Y, coef, resp, start, stop, residual, room, gram, cross, square, count):  # type: ignore[no-untyped-def]
    """Add gaussian_stats of the rows from `start` to `stop`."""
    wide_vectors()
    size = stop - start
    for k in range(count.size):
        for m in range(Y.shape[0]):
            e, y = residual[m, :size], Y[m, start:stop]
            linear(X, coef[k, m], start, e)
            for t in range(size):
                e[t] = y[t] - e[t]
        r = resp[k, start:stop]
        count[k] += _add_expert_stats(X, start, r, residual, room, gram[k], cross[k], square[k])


@inlined
def _block_pass(  # type: ignore[no-untyped-def]
    X,
    Y,
    weight,
    log_gate,
    coef,
    log_scale,
    resp,
    start,
    stop,
    residual,
    room,
    gram,
    cross,
    square,
    count,
):
    """gaussian_pass of the rows from `start` to `stop`; a residual for each expert and output."""
    wide_vectors()
    size = stop - start
    for k in range(count.size):
        row = resp[k, start:stop]
        _start_row(log_gate[k], start, row)
        for m in range(Y.shape[0]):
            e, y = residual[k, m, :size], Y[m, start:stop]
            _add_log_normal(X, coef[k, m], log_scale[k, m], start, y, e, row)
    evidence, share = room[0, :size], room[1, :size]
    log_likelihood = normalise(resp, start, weight[start:stop], evidence, share)
    for k in range(count.size):
        row = resp[k, start:stop]
        for t in range(size):
            row[t] *= share[t]
    for k in range(count.size):
        row = resp[k, start:stop]
        count[k] += _add_expert_stats(
            X, start, row, residual[k], room, gram[k], cross[k], square[k]
        )
    return log_likelihood


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
                _add_log_normal(X, coef[k, m], log_scale[k, m], start, Y[m, start:stop], e, row)


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
    residual = np.empty((n_outputs, length + _PAD))
    room = np.empty((2, length + _PAD))
    for start in range(0, X.shape[1], length):
        stop = min(start + length, X.shape[1])
        _block_stats(X, Y, coef, resp, start, stop, residual, room, gram, cross, square, count)


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
    n_experts, n_outputs, n_features = coef.shape
    length = strip_length(n_features + n_experts * (n_outputs + 1) + 3)
    residual = np.empty((n_experts, n_outputs, length + _PAD))
    room = np.empty((2, length + _PAD))
    log_likelihood = 0.0
    for start in range(0, X.shape[1], length):
        stop = min(start + length, X.shape[1])
        log_likelihood += _block_pass(
            X,
            Y,
            weight,
            log_gate,
            coef,
            log_scale,
            resp,
            start,
            stop,
            residual,
            room,
            gram,
            cross,
            square,
            count,
        )
    return log_likelihood


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
