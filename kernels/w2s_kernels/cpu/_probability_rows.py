"""Terms of relative entropies of rows of probabilities, and their sums, row by row."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import exact, inlined, kernel, wide_vectors
from w2s_kernels.cpu._blocks import AHEAD, BLOCK, VECTORS, ask, fill
from w2s_kernels.elementary import (
    LINE,
    add_rows,
    not_plain,
    relative_entropy,
    relative_entropy_plain,
)

# Rows are filled up with equal probabilities.
_EQUAL = 1e-30


@kernel
def short_rows(x, y, n_columns, out, p_total, q_total):  # type: ignore[no-untyped-def]
    """Many rows together: terms as one array, then sums of as many rows as a vector has lanes."""
    lanes = LINE // x.itemsize
    n_together = lanes * max(1, min(BLOCK // n_columns, out.size) // lanes)
    size = n_together * n_columns
    term, change = np.empty(size, x.dtype), np.empty(size, x.dtype)
    sums = np.empty(n_together), np.empty(n_together), np.empty(n_together)
    for start in range(0, out.size, n_together):
        # The last rows, and the last piece, are computed with some of those before them.
        first = min(start, out.size - n_together)
        _add_together(x, y, n_columns, first, term, change, sums, out, p_total, q_total)


@inlined
def _add_together(x, y, n_columns, first, term, change, sums, out, p_total, q_total):  # type: ignore[no-untyped-def]
    """Write the results of the rows from `first` on, as many as there is room for."""
    wide_vectors()
    size = term.size
    piece = VECTORS * (LINE // x.itemsize)
    a = x[first * n_columns : first * n_columns + size]
    b = y[first * n_columns : first * n_columns + size]
    odd = not_plain(a[0], b[0], 0)
    for place in range(0, size, piece):
        begin = min(place, size - piece)
        ask(a, b, begin + AHEAD * piece, piece)
        c, d = a[begin : begin + piece], b[begin : begin + piece]
        e, f = term[begin : begin + piece], change[begin : begin + piece]
        for t in range(piece):
            e[t] = relative_entropy_plain(c[t], d[t])
            f[t] = d[t] - c[t]
            odd = not_plain(c[t], d[t], odd)
    if odd < 0:
        for t in range(size):
            term[t] = _term(a[t], b[t], term[t])
    sum_term, sum_p, sum_change = sums
    _add_short(term, n_columns, sum_term)
    _add_short(a, n_columns, sum_p)
    _add_short(change, n_columns, sum_change)
    for i in range(sum_p.size):
        out[first + i], p_total[first + i] = sum_term[i], sum_p[i]
        q_total[first + i] = sum_p[i] + sum_change[i]


@kernel
def long_rows(x, y, n_columns, out, p_total, q_total):  # type: ignore[no-untyped-def]
    """Pieces of one row after the other."""
    last = np.empty((2, VECTORS * (LINE // x.itemsize)), x.dtype)
    for i in range(out.size):
        out[i], p_total[i], q_total[i] = _add_long(x, y, i * n_columns, n_columns, last)


@inlined
def _add_long(x, y, first, n_columns, last):  # type: ignore[no-untyped-def]
    """Return the sums of a row that begins at `first`; `last` is room for its last piece."""
    wide_vectors()
    piece = last.shape[1]
    total = p_sum = change = 0.0
    for begin in range(first, first + n_columns, piece):
        ask(x, y, begin + AHEAD * piece, piece)
        a, b = last[0], last[1]
        if begin + piece <= first + n_columns:
            a, b = x[begin : begin + piece], y[begin : begin + piece]
        else:
            fill(a, x[begin : first + n_columns], 0, _EQUAL)
            fill(b, y[begin : first + n_columns], 0, _EQUAL)
        s = u = v = x.dtype.type(0)
        odd = not_plain(a[0], b[0], 0)
        for t in range(piece):
            s += relative_entropy_plain(a[t], b[t])
            u += a[t]
            v += b[t] - a[t]
            odd = not_plain(a[t], b[t], odd)
        if odd < 0:
            s = x.dtype.type(0)
            for t in range(piece):
                s += _term(a[t], b[t], relative_entropy_plain(a[t], b[t]))
        total += s
        p_sum += u
        change += v
    return total, p_sum, p_sum + change


@inlined
def _term(p, q, plain):  # type: ignore[no-untyped-def]
    """p log(p/q) - p + q of any two numbers; `plain` if they are plain."""
    wide_vectors()
    value = relative_entropy(p, q)
    value = q if p == 0 else value
    value = np.inf if q == 0 and 0 < p < np.inf else value
    value = np.nan if p < 0 or q < 0 else value
    return value if not_plain(p, q, 0) < 0 else plain


@inlined
def _add_short(numbers, width, sums):  # type: ignore[no-untyped-def]
    """Write the sums of rows of `width` numbers."""
    wide_vectors()
    if width == 2:
        _add_few(numbers, 2, sums)
    elif width == 3:
        _add_few(numbers, 3, sums)
    elif width == 4:
        _add_few(numbers, 4, sums)
    else:
        for i in range(0, sums.size, LINE // numbers.itemsize):
            add_rows(numbers, i * width, width, sums, i)


@exact
def _add_few(numbers, width, sums):  # type: ignore[no-untyped-def]
    """The same for a width that the compiler knows: it shuffles what it reads, in order."""
    wide_vectors()
    for i in range(sums.size):
        total = numbers[i * width]
        for j in range(1, width):
            total += numbers[i * width + j]
        sums[i] = total
