"""Divergences of rows of probabilities, and of rows of logits.

A block is as many whole rows as fit, or a piece of one row where it has more columns: the terms of
a block are computed as one array, then added up row by row. Rows are float32 or float64, sums
float64, and no row's result depends on the others.
"""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels.elementary import exact_difference, exp, relative_entropy

_BLOCK = 1024
# Below this, the difference of two logarithms has lost digits, and the series is taken.
_SMALL = 0.1
# Below every logit; differences to it do not overflow.
_LOWEST = -1e301


@kernel
def generalized_kl(
    p: np.ndarray, q: np.ndarray, out: np.ndarray, p_total: np.ndarray, q_total: np.ndarray
) -> int:
    """Write sum_j p log(p/q) - p + q of each row, and the rows' sums of p and of q.

    Infinite where q = 0 < p. NaN where a row holds NaN or a negative entry; returns how many do.
    """
    wide_vectors()
    n_rows, n_columns = p.shape
    flat_p, flat_q = p.reshape(-1), q.reshape(-1)
    term = np.empty(_BLOCK)
    n_together = max(1, _BLOCK // n_columns)
    for first in range(0, n_rows, n_together):
        last = min(first + n_together, n_rows)
        for i in range(first, last):
            out[i] = p_total[i] = q_total[i] = 0.0
        for start in range(0, n_columns, _BLOCK):
            width = min(_BLOCK, n_columns - start)
            begin = first * n_columns + start
            size = (last - first) * width
            x, y = flat_p[begin : begin + size], flat_q[begin : begin + size]
            for t in range(size):
                a, b = np.float64(x[t]), np.float64(y[t])
                value = relative_entropy(a, b)
                value = b if a == 0.0 else value
                value = np.inf if b == 0.0 and a > 0.0 else value
                term[t] = np.nan if a < 0.0 or b < 0.0 else value
            for i in range(first, last):
                offset = (i - first) * width
                total = p_sum = q_sum = 0.0
                for t in range(offset, offset + width):
                    total += term[t]
                    p_sum += x[t]
                    q_sum += y[t]
                out[i] += total
                p_total[i] += p_sum
                q_total[i] += q_sum
    n_bad = 0
    for i in range(n_rows):
        n_bad += out[i] != out[i]
    return n_bad


@inlined
def _largest(row, lanes):  # type: ignore[no-untyped-def]
    """Largest number of a row, where no NaN is: a maximum in lanes, which compares as vectors."""
    wide_vectors()
    top = _LOWEST
    whole = row.size // lanes.size * lanes.size
    if whole:
        lanes[:] = top
        for start in range(0, whole, lanes.size):
            part = row[start : start + lanes.size]
            for t in range(lanes.size):
                lanes[t] = part[t] if part[t] > lanes[t] else lanes[t]
        for t in range(lanes.size):
            top = max(top, lanes[t])
    for t in range(whole, row.size):
        top = max(top, np.float64(row[t]))
    return top


@inlined
def _small_excess(t):  # type: ignore[no-untyped-def]
    """exp(-t) - 1 + t for |t| <= 0.4, by its Taylor series (truncation below 1e-17 t**2)."""
    s = 1.0 / 6227020800.0
    s = 1.0 / 479001600.0 - t * s
    s = 1.0 / 39916800.0 - t * s
    s = 1.0 / 3628800.0 - t * s
    s = 1.0 / 362880.0 - t * s
    s = 1.0 / 40320.0 - t * s
    s = 1.0 / 5040.0 - t * s
    s = 1.0 / 720.0 - t * s
    s = 1.0 / 120.0 - t * s
    s = 1.0 / 24.0 - t * s
    s = 1.0 / 6.0 - t * s
    s = 0.5 - t * s
    return t * t * s


@kernel
def _near_zero(z, u, top_z, top_u, sum_z, mean, mean_u, a, b, e, out):  # type: ignore[no-untyped-def]
    """Write the small ones among the divergences of a block anew, by the series.

    e = t holds z - u - (top_z - top_u) less its mean, and exp(b) is exp(z - top_z - t): as a
    product it could be zero times infinity. The two means differ by what rounding takes from the
    difference of the tops.
    """
    wide_vectors()
    n_rows = out.size
    n_columns = z.size // n_rows
    total = np.zeros(n_rows)
    for start in range(0, n_columns, _BLOCK):
        width = min(_BLOCK, n_columns - start)
        for r in range(n_rows):
            offset = r * width
            x = z[r * n_columns + start : r * n_columns + start + width]
            y = u[r * n_columns + start : r * n_columns + start + width]
            shift = top_z[r] - top_u[r]
            for t in range(width):
                c, d = np.float64(x[t]), np.float64(y[t])
                a[offset + t] = c - top_z[r]
                log_v = exact_difference(d, top_u[r], 0.0, -mean_u[r])
                b[offset + t] = -np.inf if d == -np.inf else log_v
                e[offset + t] = exact_difference(c, d, shift, mean[r])
        for t in range(n_rows * width):
            w = exp(a[t])
            far = exp(b[t]) - w + (w * e[t] if w > 0.0 else 0.0)
            near = w * _small_excess(e[t])
            e[t] = near if abs(e[t]) <= 0.4 else far
        for r in range(n_rows):
            s = 0.0
            for t in range(r * width, (r + 1) * width):
                s += e[t]
            total[r] += s
    for r in range(n_rows):
        if out[r] < _SMALL:
            out[r] = np.log1p(total[r] / sum_z[r])


@kernel
def softmax_kl(z: np.ndarray, u: np.ndarray, out: np.ndarray) -> int:
    """Write KL(softmax(z) || softmax(u)) of each row; a logit of -inf is a probability of zero.

    Infinite where u_j = -inf < z_j. NaN where a row holds NaN or inf, or -inf only; returns how
    many do.

    The first pass takes sums relative to the largest logits so far and ends in the textbook form
    sum p (z - u) - lse(z) + lse(u). It cancels near zero: rows whose divergence is small are read
    again for log1p sum p (exp(-t) - 1 + t), t = z - u - sum p (z - u).
    """
    wide_vectors()
    n_rows, n_columns = z.shape
    flat_z, flat_u = z.reshape(-1), u.reshape(-1)
    n_together = max(1, _BLOCK // n_columns)
    lanes = np.empty(32)
    # Buffers a multiple of 4096 bytes apart would share lines of the first-level cache.
    a, b, e = np.empty(_BLOCK), np.empty(_BLOCK + 8), np.empty(_BLOCK + 16)
    # Of each row of a block: the largest logits, sum exp(z - top_z), sum exp(u - top_u) and
    # sum exp(z - top_z) (z - u - top_z + top_u).
    top_z, top_u = np.empty(n_together), np.empty(n_together)
    sum_z, sum_u, sum_e = np.empty(n_together), np.empty(n_together), np.empty(n_together)
    n_bad = 0
    for first in range(0, n_rows, n_together):
        last = min(first + n_together, n_rows)
        top_z[:] = _LOWEST
        top_u[:] = _LOWEST
        sum_z[:] = 0.0
        sum_u[:] = 0.0
        sum_e[:] = 0.0
        for start in range(0, n_columns, _BLOCK):
            width = min(_BLOCK, n_columns - start)
            begin = first * n_columns + start
            for r in range(last - first):
                offset = r * width
                x = flat_z[begin + offset : begin + offset + width]
                y = flat_u[begin + offset : begin + offset + width]
                new_z = max(top_z[r], _largest(x, lanes))
                new_u = max(top_u[r], _largest(y, lanes))
                if start > 0:
                    shift = (new_u - top_u[r]) - (new_z - top_z[r])
                    shrink = exp(top_z[r] - new_z)
                    if sum_e[r] != np.inf:
                        sum_e[r] = shrink * (sum_e[r] + shift * sum_z[r])
                    sum_z[r] *= shrink
                    sum_u[r] *= exp(top_u[r] - new_u)
                top_z[r], top_u[r] = new_z, new_u
                shift = new_z - new_u
                for t in range(width):
                    c, d = np.float64(x[t]), np.float64(y[t])
                    a[offset + t] = c - new_z
                    b[offset + t] = d - new_u
                    e[offset + t] = np.inf if d == -np.inf else exact_difference(c, d, shift, 0.0)
            for t in range((last - first) * width):
                possible = a[t] > -np.inf
                a[t] = exp(a[t])
                b[t] = exp(b[t])
                value = a[t] * e[t] if a[t] > 0.0 else 0.0
                alone = np.inf if possible else 0.0
                e[t] = alone if e[t] == np.inf else value
            for r in range(last - first):
                s = v = w = 0.0
                for t in range(r * width, (r + 1) * width):
                    s += a[t]
                    v += b[t]
                    w += e[t]
                sum_z[r] += s
                sum_u[r] += v
                sum_e[r] += w
        any_small = False
        for r in range(last - first):
            sum_e[r] /= sum_z[r]
            # What rounding took from top_z - top_u, which can be large.
            shift = top_z[r] - top_u[r]
            lost = exact_difference(top_z[r], top_u[r], shift, 0.0)
            value = (sum_e[r] - lost) - np.log(sum_z[r]) + np.log(sum_u[r])
            sum_u[r] = sum_e[r] - lost
            out[first + r] = value
            any_small |= value < _SMALL
            n_bad += value != value
        if any_small:
            x = flat_z[first * n_columns : last * n_columns]
            y = flat_u[first * n_columns : last * n_columns]
            _near_zero(x, y, top_z, top_u, sum_z, sum_e, sum_u, a, b, e, out[first:last])
    return n_bad
