"""Sums of rows of probabilities: the terms of their relative entropies, p, and q - p."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import aside, exact, inlined, kernel, wide_vectors
from w2s_kernels.cpu._blocks import AHEAD, BLOCK, SHORT, VECTORS, ask, fill
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
def enough_rows(p, q):  # type: ignore[no-untyped-def]
    """The rows one after the other, and with a few short ones so many more that they fill up.

    A few rows then get the same numbers as among many.
    """
    k = p.shape[1]
    enough = LINE // p.itemsize * (1 + (VECTORS - 1) // k)
    if k > SHORT or len(p) >= enough:
        return p.reshape(-1), q.reshape(-1)
    x, y = np.empty(enough * k, p.dtype), np.empty(enough * k, p.dtype)
    fill(x, p.reshape(-1), 0, 1)
    fill(y, q.reshape(-1), 0, 1)
    return x, y


@kernel
def block_room(x, n_columns):  # type: ignore[no-untyped-def]
    """Sums of the rows of a block, and room for its numbers: one long row, or many short ones."""
    lanes = LINE // x.itemsize
    n = lanes * max(1, min(BLOCK, x.size) // n_columns // lanes) if n_columns <= SHORT else 1
    size = n * n_columns if n_columns <= SHORT else VECTORS * lanes
    room = np.empty(size, x.dtype), np.empty(size, x.dtype)
    return (np.empty(n), np.empty(n), np.empty(n)), room


@inlined
def add_block(x, y, n_columns, first, sums, room):  # type: ignore[no-untyped-def]
    """Write the sums of the rows from `first` on, as many as there are sums."""
    begin = first * n_columns
    if n_columns > SHORT:
        sums[0][0], sums[1][0], sums[2][0] = _add_long(x, y, begin, n_columns, room)
    else:
        end = begin + sums[0].size * n_columns
        _add_short(x[begin:end], y[begin:end], n_columns, sums, room)


@inlined
def _add_short(a, b, n_columns, sums, room):  # type: ignore[no-untyped-def]
    """Many rows together: terms as one array, then sums of as many rows as a vector has lanes.

    With an even number of columns pairs are added up at once: LLVM reads pairs as vectors, and
    half the numbers are left to add.
    """
    if n_columns % 2 == 0:
        term, change = room[0][: a.size // 2], room[1][: a.size // 2]
        if _fold_terms(a, b, term, change) < 0:
            _any_terms(a, b, 2, term)
        width = n_columns // 2
    else:
        term, change = room[0][: a.size], room[1][: a.size]
        if _terms(a, b, term, change) < 0:
            _any_terms(a, b, 1, term)
        width = n_columns
    _add_rows(term, width, sums[0])
    _add_rows(a, n_columns, sums[1])
    _add_rows(change, width, sums[2])


@exact
def change_of(p, q):  # type: ignore[no-untyped-def]
    """q - p, in a sum that may be reordered: as sum q - sum p it would cancel."""
    return q - p


@exact
def change_of_two(a, b, p, q):  # type: ignore[no-untyped-def]
    return (p - a) + (q - b)


@inlined
def _terms(a, b, term, change):  # type: ignore[no-untyped-def]
    """Write terms of plain numbers; negative if there are others.

    The last piece is computed with some numbers of those before it.
    """
    wide_vectors()
    piece = VECTORS * (LINE // a.itemsize)
    odd = not_plain(a[0], b[0], 0)
    for place in range(0, a.size, piece):
        start = min(place, a.size - piece)
        ask(a, b, start + AHEAD * piece, piece)
        p, q = a[start : start + piece], b[start : start + piece]
        e, f = term[start : start + piece], change[start : start + piece]
        for t in range(piece):
            e[t] = relative_entropy_plain(p[t], q[t])
            f[t] = change_of(p[t], q[t])
            odd = not_plain(p[t], q[t], odd)
    return odd


@inlined
def _fold_terms(a, b, term, change):  # type: ignore[no-untyped-def]
    """The same, two of them added up."""
    wide_vectors()
    piece = VECTORS * (LINE // a.itemsize)
    half = piece // 2
    odd = not_plain(a[0], b[0], 0)
    for place in range(0, term.size, half):
        start = min(place, term.size - half)
        ask(a, b, 2 * start + AHEAD * piece, piece)
        p, q = a[2 * start : 2 * start + piece], b[2 * start : 2 * start + piece]
        e, f = term[start : start + half], change[start : start + half]
        for t in range(half):
            c, d, r, s = p[2 * t], p[2 * t + 1], q[2 * t], q[2 * t + 1]
            e[t] = relative_entropy_plain(c, r) + relative_entropy_plain(d, s)
            f[t] = change_of_two(c, d, r, s)
            odd = not_plain(c, r, not_plain(d, s, odd))
    return odd


@aside
def _any_terms(a, b, fold, term):  # type: ignore[no-untyped-def]
    """The same of any numbers, `fold` terms added up."""
    for t in range(term.size):
        total = a.dtype.type(0)
        for i in range(t * fold, (t + 1) * fold):
            total += _term(a[i], b[i])
        term[t] = total


@inlined
def _add_long(x, y, first, n_columns, last):  # type: ignore[no-untyped-def]
    """Return the sums of a row that begins at `first`; `last` is room for its last piece."""
    wide_vectors()
    piece = last[0].size
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
            v += change_of(a[t], b[t])
            odd = not_plain(a[t], b[t], odd)
        if odd < 0:
            s = x.dtype.type(0)
            for t in range(piece):
                s += _term(a[t], b[t])
        total += s
        p_sum += u
        change += v
    return total, p_sum, change


@inlined
def _term(p, q):  # type: ignore[no-untyped-def]
    """p log(p/q) - p + q of any two numbers; of plain ones as for them."""
    wide_vectors()
    value = relative_entropy(p, q)
    value = q if p == 0 else value
    value = np.inf if q == 0 and 0 < p < np.inf else value
    value = np.nan if p < 0 or q < 0 else value
    return value if not_plain(p, q, 0) < 0 else relative_entropy_plain(p, q)


@inlined
def _add_rows(numbers, width, sums):  # type: ignore[no-untyped-def]
    """Write the sums of rows of `width` numbers."""
    wide_vectors()
    if width == 1:
        for i in range(sums.size):
            sums[i] = numbers[i]
    elif width == 2:
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
