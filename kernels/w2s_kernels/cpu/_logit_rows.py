"""KL from rows of logits: sums relative to a large logit, a series where they cancel."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels.cpu._blocks import AHEAD, BLOCK, SHORT, VECTORS, ask, fill
from w2s_kernels.elementary import LINE, exact_difference, exp, small_excess

# Below this, the difference of two logarithms has lost digits, and the series is taken.
_SMALL = 0.1
# Below every logit; differences to it do not overflow.
_LOWEST = -1e301
# Sums relative to the first logits are good up to here, in float32 too.
_HUGE = 1e15
# Logarithm of next to no probability, in float32 too.
_FLOOR = -87.0


@kernel
def long_logits(flat_z, flat_u, n_columns, out):  # type: ignore[no-untyped-def]
    """One row after the other, its sums relative to the largest logit of the first piece.

    Where they leave the floats, or a logit is infinite, `any_logits` takes the row again.
    """
    last = np.empty((2, 2 * VECTORS * (LINE // flat_z.itemsize)), flat_z.dtype)
    top = np.empty(32)
    a, b, e = np.empty(BLOCK), np.empty(BLOCK + 8), np.empty(BLOCK + 16)
    # As arrays of one number, for `_near_zero`.
    of_z, of_u, mean, mean_t = np.empty(1), np.empty(1), np.empty(1), np.empty(1)
    for i in range(out.size):
        z = flat_z[i * n_columns : (i + 1) * n_columns]
        u = flat_u[i * n_columns : (i + 1) * n_columns]
        of_z[0], of_u[0] = _largest(z[:SHORT], top), _largest(u[:SHORT], top)
        sum_z, sum_u, sum_e, low = _add_long(z, u, of_z[0], of_u[0], last)
        if sum_z < _HUGE and sum_u < _HUGE and low > -_HUGE:
            mean[0] = sum_e / sum_z
            out[i] = mean[0] - np.log(sum_z) + np.log(sum_u)
            if out[i] < _SMALL:
                # What rounding took from the difference of the tops.
                shift = of_z[0] - of_u[0]
                mean_t[0] = mean[0] + exact_difference(of_z[0], of_u[0], shift, 0.0)
                _near_zero(z, u, of_z, of_u, mean_t, mean, a, b, e, out[i : i + 1])
        else:
            any_logits(z, u, n_columns, out[i : i + 1])


@inlined
def _add_long(z, u, top_z, top_u, last):  # type: ignore[no-untyped-def]
    """Return sums of exp(z - top_z), of exp(u - top_u), of the first times z - u less the tops'.

    And of u - top_u, which shows infinite ones; `last` is room for the last piece.
    """
    wide_vectors()
    piece = last.shape[1]
    real = z.dtype.type
    floor, zero = real(_FLOOR), real(0)
    sum_z = sum_u = sum_e = low = 0.0
    for start in range(0, z.size, piece):
        ask(z, u, start + AHEAD * piece, piece)
        first_z, first_u = real(top_z), real(top_u)
        x, y = last[0], last[1]
        if start + piece <= z.size:
            x, y = z[start : start + piece], u[start : start + piece]
        else:
            fill(x, z[start:], first_z, _FLOOR)
            fill(y, u[start:], first_u, 2 * _FLOOR)
            first_z = first_u = zero
        s = v = w = h = zero
        for t in range(piece):
            c, d = x[t] - first_z, y[t] - first_u
            c = floor if c < floor else c
            p = exp(c)
            s += p
            v += exp(d)
            w += p * (c - d)
            h += d
        sum_z += s
        sum_u += v
        sum_e += w
        low += h
    return sum_z, sum_u, sum_e, low


@kernel
def any_logits(flat_z, flat_u, n_columns, out):  # type: ignore[no-untyped-def]
    """Rows together, or a long one in blocks, each relative to its largest logits so far."""
    wide_vectors()
    n_rows = out.size
    n_together = max(1, BLOCK // n_columns)
    lanes = np.empty(32)
    # Buffers a multiple of 4096 bytes apart would share lines of the first-level cache.
    a, b, e = np.empty(BLOCK), np.empty(BLOCK + 8), np.empty(BLOCK + 16)
    # Of each row of a block: the largest logits, sum exp(z - top_z), sum exp(u - top_u) and
    # sum exp(z - top_z) (z - u - top_z + top_u).
    top_z, top_u = np.empty(n_together), np.empty(n_together)
    sum_z, sum_u, sum_e = np.empty(n_together), np.empty(n_together), np.empty(n_together)
    for first in range(0, n_rows, n_together):
        last = min(first + n_together, n_rows)
        top_z[:] = _LOWEST
        top_u[:] = _LOWEST
        sum_z[:] = 0.0
        sum_u[:] = 0.0
        sum_e[:] = 0.0
        for start in range(0, n_columns, BLOCK):
            width = min(BLOCK, n_columns - start)
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
        if any_small:
            x = flat_z[first * n_columns : last * n_columns]
            y = flat_u[first * n_columns : last * n_columns]
            _near_zero(x, y, top_z, top_u, sum_e, sum_u, a, b, e, out[first:last])


@kernel
def _near_zero(z, u, top_z, top_u, mean, mean_u, a, b, e, out):  # type: ignore[no-untyped-def]
    """Write the small ones among the divergences of a block anew, by the series.

    e = t holds z - u - (top_z - top_u) less its mean, and exp(b) is exp(z - top_z - t): as a
    product it could be zero times infinity. The two means differ by what rounding takes from the
    difference of the tops. By what t is off in the mean, the result is put right.
    """
    wide_vectors()
    n_rows = out.size
    n_columns = z.size // n_rows
    total, base, off = np.zeros(n_rows), np.zeros(n_rows), np.zeros(n_rows)
    for start in range(0, n_columns, BLOCK):
        width = min(BLOCK, n_columns - start)
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
            a[t] = w * e[t] if w > 0.0 else 0.0
            far = exp(b[t]) - w + a[t]
            near = w * small_excess(e[t])
            b[t] = w
            e[t] = near if abs(e[t]) <= 0.4 else far
        for r in range(n_rows):
            s = v = w = 0.0
            for t in range(r * width, (r + 1) * width):
                s += e[t]
                v += b[t]
                w += a[t]
            total[r] += s
            base[r] += v
            off[r] += w
    for r in range(n_rows):
        if out[r] < _SMALL:
            mean_t = off[r] / base[r]
            out[r] = np.log1p(total[r] / base[r] - mean_t) + mean_t


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
