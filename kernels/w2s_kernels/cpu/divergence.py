"""Divergences of rows of probabilities, of rows of logits, and of outputs.

Terms are computed in the type of the rows, float32 or float64, one after the other in memory
whatever the number of columns; then they are added up row by row, long sums in float64. A row's
result does not depend on what the others hold.
"""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import kernel, wide_vectors
from w2s_kernels.cpu._blocks import BLOCK, SHORT, VECTORS, ask, fill
from w2s_kernels.cpu._logit_rows import any_logits, long_logits
from w2s_kernels.cpu._probability_rows import long_rows, short_rows
from w2s_kernels.elementary import LINE, relative_entropy

_ROWS = 2048  # that are divided by their sums together


@kernel
def generalized_kl(
    p: np.ndarray, q: np.ndarray, out: np.ndarray, p_total: np.ndarray, q_total: np.ndarray
) -> int:
    """Write sum_j p log(p/q) - p + q of each row, and the rows' sums of p and of q.

    Infinite where q = 0 < p or q = inf. NaN where a row holds NaN, a negative entry or p = inf;
    returns how many do.
    float32 is computed as such: the relative error of a row is below 3e-6 then, that of q_total -
    p_total too.
    """
    wide_vectors()
    x, y, k = p.reshape(-1), q.reshape(-1), p.shape[1]
    lanes = LINE // p.itemsize
    enough = lanes * (1 + (VECTORS - 1) // k)
    if k > SHORT:
        long_rows(x, y, k, out, p_total, q_total)
    elif len(p) >= enough:
        short_rows(x, y, k, out, p_total, q_total)
    else:
        # With rows that fill up, so that a few get the same numbers as among many.
        more_x, more_y = np.empty(enough * k, p.dtype), np.empty(enough * k, p.dtype)
        fill(more_x, x, 0, 1)
        fill(more_y, y, 0, 1)
        value, u, v = np.empty(enough), np.empty(enough), np.empty(enough)
        short_rows(more_x, more_y, k, value, u, v)
        for i in range(out.size):
            out[i], p_total[i], q_total[i] = value[i], u[i], v[i]
    n_bad = 0
    for i in range(out.size):
        n_bad += out[i] != out[i]
    return n_bad


@kernel
def simplex_kl(p: np.ndarray, q: np.ndarray, tolerance: float, out: np.ndarray) -> int:
    """Write KL of each row of p from that of q, both taken as if divided by their sums.

    Infinite where q = 0 < p. NaN where a row holds NaN or a negative entry or does not sum to one
    within the tolerance, 1e-3 at most; returns how many do.
    """
    wide_vectors()
    p_total, q_total = np.empty(_ROWS), np.empty(_ROWS)
    n_bad = 0
    for first in range(0, len(p), _ROWS):
        last = min(first + _ROWS, len(p))
        value, u, v = out[first:last], p_total[: last - first], q_total[: last - first]
        generalized_kl(p[first:last], q[first:last], value, u, v)
        for i in range(value.size):
            # The sums enter to second order only, as d - log(1 + d).
            d = (v[i] - u[i]) / u[i]
            kl = value[i] / u[i] - d * d * (1.0 / 2.0 - d * (1.0 / 3.0 - d * (1.0 / 4.0)))
            kl = 0.0 if kl < 0.0 else kl
            is_row = abs(u[i] - 1.0) <= tolerance and abs(v[i] - 1.0) <= tolerance
            value[i] = kl if is_row else np.nan
            n_bad += value[i] != value[i]
    return n_bad


@kernel
def output_kl(
    f: np.ndarray,
    g: np.ndarray,
    weight: np.ndarray,
    f_scale: float,
    g_scale: float,
    sums: np.ndarray,
) -> int:
    """Add sum w (a log(a/b) - a + b), sum w a and sum w b, of a = f f_scale and b = g g_scale.

    An empty `weight` stands for ones. Returns 1 if an a or b is not positive or not finite, and
    the first sum is NaN then; 0 otherwise.
    """
    wide_vectors()
    ones = np.ones(BLOCK)
    for start in range(0, f.size, BLOCK):
        ask(f, g, start + 2 * BLOCK, BLOCK)
        x, y = f[start : start + BLOCK], g[start : start + BLOCK]
        w = weight[start : start + BLOCK] if weight.size else ones
        s = u = v = 0.0
        for t in range(x.size):
            a, b = np.float64(x[t]) * f_scale, np.float64(y[t]) * g_scale
            s += w[t] * relative_entropy(a, b)
            u += w[t] * a
            v += w[t] * b
        sums[0] += s
        sums[1] += u
        sums[2] += v
    return int(sums[0] != sums[0])


@kernel
def softmax_kl(z: np.ndarray, u: np.ndarray, out: np.ndarray) -> int:
    """Write KL(softmax(z) || softmax(u)) of each row; a logit of -inf is a probability of zero.

    Infinite where u_j = -inf < z_j. NaN where a row holds NaN or inf, or -inf only; returns how
    many do.

    The first pass takes sums relative to the largest logits so far and ends in the textbook form
    sum p (z - u) - lse(z) + lse(u). It cancels near zero: rows whose divergence is small are read
    again, in float64, for log1p sum p (exp(-t) - 1 + t), t = z - u - sum p (z - u). The first pass
    over long rows of float32 is one in float32: its relative error is below 1e-5.
    """
    wide_vectors()
    flat_z, flat_u = z.reshape(-1), u.reshape(-1)
    if z.shape[1] > SHORT:
        long_logits(flat_z, flat_u, z.shape[1], out)
    else:
        any_logits(flat_z, flat_u, z.shape[1], out)
    n_bad = 0
    for i in range(out.size):
        n_bad += out[i] != out[i]
    return n_bad
