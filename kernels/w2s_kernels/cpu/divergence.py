"""Divergences of rows of probabilities, of rows of logits, and of outputs.

Terms are computed in the type of the rows, float32 or float64, one after the other in memory
whatever the number of columns; then they are added up row by row, long sums in float64. A row's
result does not depend on what the others hold.

LLVM vectorises no loop that would compare more than eight pairs of arrays for an overlap: one that
writes three of them, as many as it reads, is scalar.
"""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels.cpu._blocks import AHEAD, SHORT, VECTORS, ask
from w2s_kernels.cpu._logit_rows import any_logits, long_logits
from w2s_kernels.cpu._probability_rows import add_block, block_room, enough_rows
from w2s_kernels.elementary import LINE, not_plain, relative_entropy, relative_entropy_plain


@kernel
def generalized_kl(
    p: np.ndarray, q: np.ndarray, out: np.ndarray, p_total: np.ndarray, q_total: np.ndarray
) -> int:
    """Write sum_j p log(p/q) - p + q of each row, and the rows' sums of p and of q.

    Infinite where q = 0 < p or q = inf. NaN where a row holds NaN, a negative entry or p = inf;
    returns how many do.
    float32 is computed as such: the relative error of a row is below 3e-6 then, and the error of
    q_total - p_total below 3e-6 of sum |q - p|.
    """
    k, n_bad = p.shape[1], 0
    x, y = enough_rows(p, q)
    sums, room = block_room(x, k)
    n = sums[0].size
    for start in range(0, len(p), n):
        # The last rows are computed with some of those before them.
        first = min(start, x.size // k - n)
        add_block(x, y, k, first, sums, room)
        rows = slice(start, first + n)
        n_bad += _write(sums, start - first, out[rows], p_total[rows], q_total[rows])
    return n_bad


@inlined
def _write(sums, skip, out, p_total, q_total):  # type: ignore[no-untyped-def]
    wide_vectors()
    term, p_sum, change = sums[0][skip:], sums[1][skip:], sums[2][skip:]
    n_bad = 0
    for i in range(out.size):
        out[i] = term[i]
        n_bad += term[i] != term[i]
    for i in range(out.size):
        p_total[i] = p_sum[i]
    for i in range(out.size):
        q_total[i] = p_sum[i] + change[i]
    return n_bad


@kernel
def simplex_kl(p: np.ndarray, q: np.ndarray, tolerance: float, out: np.ndarray) -> int:
    """Write KL of each row of p from that of q, both taken as if divided by their sums.

    Infinite where q = 0 < p. NaN where a row holds NaN or a negative entry or does not sum to one
    within the tolerance, 1e-3 at most; returns how many do.
    """
    k, n_bad = p.shape[1], 0
    x, y = enough_rows(p, q)
    sums, room = block_room(x, k)
    n = sums[0].size
    for start in range(0, len(p), n):
        first = min(start, x.size // k - n)
        add_block(x, y, k, first, sums, room)
        n_bad += _normalise(sums, start - first, tolerance, out[start : first + n])
    return n_bad


@inlined
def _normalise(sums, skip, tolerance, out):  # type: ignore[no-untyped-def]
    """Divide by the sums, which enter to second order only, as d - log(1 + d)."""
    wide_vectors()
    term, p_sum, change = sums[0][skip:], sums[1][skip:], sums[2][skip:]
    n_bad = 0
    for i in range(out.size):
        inverse = 1.0 / p_sum[i]
        d = change[i] * inverse
        kl = term[i] * inverse - d * d * (1.0 / 2.0 - d * (1.0 / 3.0 - d * (1.0 / 4.0)))
        kl = 0.0 if kl < 0.0 else kl
        q_sum = p_sum[i] + change[i]
        is_row = abs(p_sum[i] - 1.0) <= tolerance and abs(q_sum - 1.0) <= tolerance
        out[i] = kl if is_row else np.nan
        n_bad += out[i] != out[i]
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
    the first sum is NaN then; 0 otherwise. The terms of float32 outputs without weights and scales
    are float32: within 3e-6 of their sum.
    """
    wide_vectors()
    as_given = weight.size == 0 and f_scale == 1.0 and g_scale == 1.0
    piece = VECTORS * (LINE // f.itemsize)
    ones = np.ones(piece)
    for start in range(0, f.size, piece):
        ask(f, g, start + AHEAD * piece, piece)
        rows = slice(start, min(start + piece, f.size))
        if as_given:
            s, u, v = _plain_sums(f[rows], g[rows])
        else:
            w = weight[rows] if weight.size else ones
            s, u, v = _scaled_sums(f[rows], g[rows], w, f_scale, g_scale)
        sums[0] += s
        sums[1] += u
        sums[2] += v
    return int(sums[0] != sums[0])


@inlined
def _plain_sums(f, g):  # type: ignore[no-untyped-def]
    """The three sums of unweighted outputs as they are, whose terms are of their own type."""
    wide_vectors()
    s = f.dtype.type(0)
    u = v = 0.0
    odd = not_plain(f[0], g[0], 0)
    for t in range(f.size):
        s += relative_entropy_plain(f[t], g[t])
        u += f[t]
        v += g[t]
        odd = not_plain(f[t], g[t], not_plain(g[t], f[t], odd))
    total = float(s)
    # Of tiny outputs, terms are subnormal.
    if odd < 0 or not s < np.inf or not u > (1e-20 if f.itemsize == 4 else 1e-270):
        total = 0.0
        for t in range(f.size):
            total += relative_entropy(np.float64(f[t]), np.float64(g[t]))
    return total, u, v


@inlined
def _scaled_sums(f, g, weight, f_scale, g_scale):  # type: ignore[no-untyped-def]
    wide_vectors()
    s = u = v = 0.0
    for t in range(f.size):
        a, b = np.float64(f[t]) * f_scale, np.float64(g[t]) * g_scale
        s += weight[t] * relative_entropy(a, b)
        u += weight[t] * a
        v += weight[t] * b
    return s, u, v


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
