"""Gaussian experts over a block of rows that stays in the first-level cache."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, wide_vectors
from w2s_kernels.cpu.em import normalise
from w2s_kernels.cpu.gates import linear
from w2s_kernels.cpu.gram import add_products, add_strip

PAD = 8  # rows of a buffer a multiple of 4096 bytes apart would share their places in L1
_HALF_LOG_2PI = 0.9189385332046727


@inlined
def add_log_normal(X, coef, log_scale, start, y, residual, out):  # type: ignore[no-untyped-def]
    """Add log N(y; coef @ x, exp(2 log_scale)) of a block of rows, and keep y - coef @ x."""
    wide_vectors()
    size = out.size
    precision = 0.5 * np.exp(-2.0 * log_scale)
    constant = -_HALF_LOG_2PI - log_scale
    n = min(coef.size, (coef.size - 1) % 4 + 1)
    if n == 0:
        for t in range(size):
            residual[t] = y[t]
    else:
        # One to four features first: where there is no second or third, its coefficient is 0.
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
def _share_out(resp, share, residual, out):  # type: ignore[no-untyped-def]
    """The same after resp is multiplied by `share`; returns the sum of all, and of the observed."""
    wide_vectors()
    mass = count = 0.0
    for t in range(out.size):
        r = resp[t] * share[t]
        resp[t] = r
        mass += r
        out[t] = r if residual[t] == residual[t] else 0.0
        count += out[t]
    return mass, count


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
def _add_expert_stats(X, start, residual, observed, weighted, gram, cross, square):  # type: ignore[no-untyped-def]
    """Add one expert's sums over a block; `residual` has a row for each output."""
    for m in range(square.size):
        square[m] += _add_residual_stats(X, start, residual[m], observed, weighted, cross[m])
    add_strip(X, start, observed, gram)


@inlined
def add_block_stats(X, Y, coef, resp, start, stop, residual, room, gram, cross, square, count):  # type: ignore[no-untyped-def]
    """Add gaussian_stats of the rows from `start` to `stop`."""
    wide_vectors()
    size = stop - start
    observed, weighted = room[0, :size], room[1, :size]
    for k in range(count.size):
        for m in range(Y.shape[0]):
            e, y = residual[m, :size], Y[m, start:stop]
            linear(X, coef[k, m], start, e)
            for t in range(size):
                e[t] = y[t] - e[t]
        count[k] += _observed_only(resp[k, start:stop], residual[0, :size], observed)
        _add_expert_stats(X, start, residual, observed, weighted, gram[k], cross[k], square[k])


@inlined
def pass_rows(  # type: ignore[no-untyped-def]
    X, Y, weight, log_gate, coef, log_scale, resp, room, residual, mass, gram, cross, square, count
):
    """The EM pass of a tile, a block of rows after the other; returns its log-likelihood.

    `residual` has a row for each expert and output, as long as a block and PAD. `resp` is as long
    as the tile, or else keeps the responsibilities of one block.
    """
    wide_vectors()
    n_rows, length = weight.size, residual.shape[2] - PAD
    keep = resp.shape[1] == n_rows
    log_likelihood = 0.0
    for start in range(0, n_rows, length):
        size = min(length, n_rows - start)
        at = start if keep else 0
        for k in range(count.size):
            row = resp[k, at : at + size]
            _start_row(log_gate[k], start, row)
            for m in range(Y.shape[0]):
                e, y = residual[k, m, :size], Y[m, start : start + size]
                add_log_normal(X, coef[k, m], log_scale[k, m], start, y, e, row)
        evidence, share = room[0, :size], room[1, :size]
        log_likelihood += normalise(resp, at, weight[start : start + size], evidence, share)
        observed, weighted = room[0, :size], room[2, :size]
        for k in range(count.size):
            row, e = resp[k, at : at + size], residual[k]
            total, seen = _share_out(row, share, e[0, :size], observed)
            mass[k] += total
            count[k] += seen
            _add_expert_stats(X, start, e, observed, weighted, gram[k], cross[k], square[k])
    return log_likelihood
