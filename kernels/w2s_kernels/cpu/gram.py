"""Weighted sums of squares and cross products."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors

_STRIP = 4608  # numbers of the rows that a strip works on, most of L1


@inlined
def strip_length(n_features):  # type: ignore[no-untyped-def]
    """Rows of a strip of so many features: whole vectors, four at a time."""
    return max(64, min(512, _STRIP // n_features // 32 * 32))


@inlined
def _eight_products(w, x, z, c, d, e, f):  # type: ignore[no-untyped-def]
    """Weighted sums of the products of (x, z) with (c, d, e, f): seven loads for eight sums."""
    wide_vectors()
    xc = xd = xe = xf = zc = zd = ze = zf = 0.0
    for t in range(w.size):
        a = w[t] * x[t]
        b = w[t] * z[t]
        xc += a * c[t]
        xd += a * d[t]
        xe += a * e[t]
        xf += a * f[t]
        zc += b * c[t]
        zd += b * d[t]
        ze += b * e[t]
        zf += b * f[t]
    return xc, xd, xe, xf, zc, zd, ze, zf


@inlined
def _four_products(w, x, z, c, d):  # type: ignore[no-untyped-def]
    """Weighted sums of the products of (x, z) with (c, d)."""
    wide_vectors()
    xc = xd = zc = zd = 0.0
    for t in range(w.size):
        a = w[t] * x[t]
        b = w[t] * z[t]
        xc += a * c[t]
        xd += a * d[t]
        zc += b * c[t]
        zd += b * d[t]
    return xc, xd, zc, zd


@inlined
def add_products(X, start, weight, out):  # type: ignore[no-untyped-def]
    """Add X @ weight of the rows that begin at `start`, as many as there are weights."""
    wide_vectors()
    stop = start + weight.size
    last = out.size - 1
    for i in range(0, out.size, 4):
        # Past the last feature it is taken again, and not added.
        a = X[i, start:stop]
        b = X[min(i + 1, last), start:stop]
        c = X[min(i + 2, last), start:stop]
        d = X[min(i + 3, last), start:stop]
        wa = wb = wc = wd = 0.0
        for t in range(weight.size):
            wa += weight[t] * a[t]
            wb += weight[t] * b[t]
            wc += weight[t] * c[t]
            wd += weight[t] * d[t]
        out[i] += wa
        if i + 1 <= last:
            out[i + 1] += wb
        if i + 2 <= last:
            out[i + 2] += wc
        if i + 3 <= last:
            out[i + 3] += wd


@inlined
def add_strip(X, start, weight, gram):  # type: ignore[no-untyped-def]
    """Add the weighted products of the rows that begin at `start`, as many as there are weights.

    Pairs of features at a time. An odd last one is its own partner, and writes the same twice.
    """
    n_features = X.shape[0]
    stop = start + weight.size
    for i in range(0, n_features, 2):
        second = min(i + 1, n_features - 1)
        x = X[i, start:stop]
        z = X[second, start:stop]
        j = 0
        while j + 4 <= second + 1:
            xc, xd, xe, xf, zc, zd, ze, zf = _eight_products(
                weight,
                x,
                z,
                X[j, start:stop],
                X[j + 1, start:stop],
                X[j + 2, start:stop],
                X[j + 3, start:stop],
            )
            gram[i, j] += xc
            gram[i, j + 1] += xd
            gram[i, j + 2] += xe
            gram[i, j + 3] += xf
            if second > i:
                gram[second, j] += zc
                gram[second, j + 1] += zd
                gram[second, j + 2] += ze
                gram[second, j + 3] += zf
            j += 4
        while j <= second:
            last = min(j + 1, second)
            xc, xd, zc, zd = _four_products(weight, x, z, X[j, start:stop], X[last, start:stop])
            gram[i, j] += xc
            if last > j:
                gram[i, last] += xd
            if second > i:
                gram[second, j] += zc
                if last > j:
                    gram[second, last] += zd
            j += 2


@kernel
def add_weighted_gram(X: np.ndarray, weight: np.ndarray, gram: np.ndarray) -> None:
    """Add sum_t weight[t] X[i, t] X[j, t] to gram[i, j] for j <= i (the lower triangle).

    Entries next to the diagonal above it may be written too; only the lower triangle counts.
    """
    n_features, n_rows = X.shape
    length = strip_length(n_features)
    for start in range(0, n_rows, length):
        add_strip(X, start, weight[start : min(start + length, n_rows)], gram)
