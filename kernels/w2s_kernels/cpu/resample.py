"""The Poisson bootstrap: means over resamples in which rows count Poisson(1) times each.

How often row i counts in replicate b is a function of (seed, b, i) and of nothing else: 16 bits of
a hash of a counter (SplitMix64's output function) are compared with whole numbers. Rows are taken
by tiles, a tile for every replicate while it is in the first-level cache; nothing is kept of size
rows x replicates.
"""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors
from w2s_kernels._poisson_law import LEFT, LIMITS

_TILE = 1024  # rows; a multiple of the four that share 64 bits

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = np.uint64(0x94D049BB133111EB)
_BY_30, _BY_27, _BY_31, _BY_11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_ULP = 2.0**-53

_C1, _C2, _C3, _C4, _C5, _C6, _C7, _RARE = LIMITS


@inlined
def _scrambled(state):  # type: ignore[no-untyped-def]
    """64 random bits from a state of SplitMix64."""
    z = (state ^ (state >> _BY_30)) * _FIRST_FACTOR
    z = (z ^ (z >> _BY_27)) * _SECOND_FACTOR
    return z ^ (z >> _BY_31)


@inlined
def _hash(key, number):  # type: ignore[no-untyped-def]
    """64 random bits, of SplitMix64 after `number` steps from the state `key`."""
    return _scrambled(key + _STEP * np.uint64(number))


@inlined
def _rare_count(key, row):  # type: ignore[no-untyped-def]
    """Draw the count of a row whose 16 bits did not decide."""
    uniform = np.float64(_hash(key, row) >> _BY_11) * _ULP
    count = 0
    while LEFT[count] <= uniform:
        count += 1
    return count


@inlined
def _draw(seed, replicate, first, bits, parts, count):  # type: ignore[no-untyped-def]
    """Write the counts of a tile that begins at row `first`; `parts` views `bits` by 16."""
    wide_vectors()
    state = _hash(seed, 2 * replicate) + _STEP * np.uint64(first >> 2)
    for t in range(bits.size):
        bits[t] = _scrambled(state)
        state += _STEP
    seen = np.uint16(0)
    for t in range(parts.size):
        u = parts[t]
        low = np.uint16(u >= _C1) + np.uint16(u >= _C2) + np.uint16(u >= _C3) + np.uint16(u >= _C4)
        high = np.uint16(u >= _C5) + np.uint16(u >= _C6) + np.uint16(u >= _C7)
        count[t] = low + high + np.uint16(u >= _RARE)
        seen = np.uint16(seen | count[t])
    if seen >= 8:
        key = _hash(seed, 2 * replicate + 1)
        for t in range(parts.size):
            if count[t] == 8:
                count[t] = _rare_count(key, first + t)


@inlined
def _add_products(count, tile, sums):  # type: ignore[no-untyped-def]
    """Add count . column of every column of a tile, four at a time while there are as many."""
    wide_vectors()
    n_columns = tile.shape[0]
    whole = n_columns // 4 * 4
    for j in range(0, whole, 4):
        x0, x1, x2, x3 = tile[j], tile[j + 1], tile[j + 2], tile[j + 3]
        s0 = s1 = s2 = s3 = 0.0
        for t in range(count.size):
            c = np.float64(count[t])
            s0 += c * x0[t]
            s1 += c * x1[t]
            s2 += c * x2[t]
            s3 += c * x3[t]
        sums[j] += s0
        sums[j + 1] += s1
        sums[j + 2] += s2
        sums[j + 3] += s3
    for j in range(whole, n_columns):
        x = tile[j]
        s = 0.0
        for t in range(count.size):
            s += np.float64(count[t]) * x[t]
        sums[j] += s


@kernel
def poisson_counts(seed: int, replicate: int, out: np.ndarray) -> None:
    """Write how often each row counts in a replicate; `out` is uint16, one number a row."""
    bits = np.empty(_TILE // 4, np.uint64)
    count = np.empty(_TILE, np.uint16)
    for first in range(0, out.size, _TILE):
        _draw(np.uint64(seed), replicate, first, bits, bits.view(np.uint16), count)
        size = min(_TILE, out.size - first)
        out[first : first + size] = count[:size]


@inlined
def _fill(values, weight, centre, start, tile):  # type: ignore[no-untyped-def]
    """Write the tile's columns w (v - centre), and w after them; zeros where rows end."""
    m = values.shape[1]
    size = min(_TILE, len(values) - start)
    tile[:, size:] = 0.0
    for t in range(size):
        w = np.float64(weight[start + t])
        tile[m, t] = w
        for j in range(m):
            tile[j, t] = w * (values[start + t, j] - centre[j])


@inlined
def _add_replicates(seed, first, start, tile, bits, parts, count, sums):  # type: ignore[no-untyped-def]
    for b in range(len(sums)):
        _draw(seed, first + b, start, bits, parts, count)
        _add_products(count, tile, sums[b])


@kernel
def bootstrap_means(
    values: np.ndarray, weight: np.ndarray, seed: int, first: int, out: np.ndarray
) -> int:
    """Write the means sum c w v / sum c w of replicates `first`, `first` + 1, ...

    c are the `poisson_counts` of the replicate: its number and the seed decide on them, so that
    replicates may be spread over threads in any way.

    Parameters
    ----------
    values : ndarray of shape (n, m)
        Float32 or float64, finite.
    weight : ndarray of shape (n,)
        Of the same type, >= 0, some positive.
    seed, first : int
        Not negative.
    out : ndarray of shape (n_replicates, m), float64

    Returns
    -------
    int
        Replicates in which no row of positive weight counts; their means are NaN.
    """
    wide_vectors()
    n, m = values.shape
    total = 0.0
    centre = np.zeros(m)
    for i in range(n):
        total += weight[i]
        for j in range(m):
            centre[j] += np.float64(weight[i]) * values[i, j]
    centre /= total
    sums = np.zeros((len(out), m + 1))
    tile = np.empty((m + 1, _TILE))
    bits = np.empty(_TILE // 4, np.uint64)
    parts = bits.view(np.uint16)
    count = np.empty(_TILE, np.uint16)
    for start in range(0, n, _TILE):
        _fill(values, weight, centre, start, tile)
        _add_replicates(np.uint64(seed), first, start, tile, bits, parts, count, sums)
    n_empty = 0
    for b in range(len(out)):
        n_empty += sums[b, m] == 0.0
        for j in range(m):
            out[b, j] = centre[j] + sums[b, j] / sums[b, m]
    return n_empty
