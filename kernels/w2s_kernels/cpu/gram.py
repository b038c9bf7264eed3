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
def _six_products(w, x, y, z):  # type: ignore[no-untyped-def]
    """Weighted sums of the products of three rows with each other."""
    wide_vectors()
    xx = xy = xz = yy = yz = zz = 0.0
    for t in range(w.size):
        a, b, c = w[t] * x[t], w[t] * y[t], w[t] * z[t]
        xx += a * x[t]
        xy += a * y[t]
        xz += a * z[t]
        yy += b * y[t]
        yz += b * z[t]
        zz += c * z[t]
    return xx, xy, xz, yy, yz, zz


@inlined
def _nine_products(w, x, y, z, d, e, f):  # type: ignore[no-untyped-def]
    """Weighted sums of the products of (x, y, z) with (d, e, f): seven loads for nine sums."""
    wide_vectors()
    xd = xe = xf = yd = ye = yf = zd = ze = zf = 0.0
    for t in range(w.size):
        a, b, c = w[t] * x[t], w[t] * y[t], w[t] * z[t]
        xd += a * d[t]
        xe += a * e[t]
        xf += a * f[t]
        yd += b * d[t]
        ye += b * e[t]
        yf += b * f[t]
        zd += c * d[t]
        ze += c * e[t]
        zf += c * f[t]
    return xd, xe, xf, yd, ye, yf, zd, ze, zf


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

    Three features at a time. Past the last one it is taken again, and not added.
    """
    last = X.shape[0] - 1
    stop = start + weight.size
    for i in range(0, last + 1, 3):
        x = X[i, start:stop]
        y = X[min(i + 1, last), start:stop]
        z = X[min(i + 2, last), start:stop]
        for j in range(0, i, 3):
            xd, xe, xf, yd, ye, yf, zd, ze, zf = _nine_products(
                weight, x, y, z, X[j, start:stop], X[j + 1, start:stop], X[j + 2, start:stop]
            )
            _add_three(gram, i, j, xd, xe, xf)
            _add_three(gram, i + 1, j, yd, ye, yf)
            _add_three(gram, i + 2, j, zd, ze, zf)
        xx, xy, xz, yy, yz, zz = _six_products(weight, x, y, z)
        gram[i, i] += xx
        if i + 1 <= last:
            gram[i + 1, i] += xy
            gram[i + 1, i + 1] += yy
        if i + 2 <= last:
            _add_three(gram, i + 2, i, xz, yz, zz)


@inlined
def _add_three(gram, i, j, first, second, third):  # type: ignore[no-untyped-def]
    if i < gram.shape[0]:
        gram[i, j] += first
        gram[i, j + 1] += second
        gram[i, j + 2] += third


@kernel
def add_weighted_gram(X: np.ndarray, weight: np.ndarray, gram: np.ndarray) -> None:
    """Add sum_t weight[t] X[i, t] X[j, t] to gram[i, j] for j <= i (the lower triangle)."""
    n_features, n_rows = X.shape
    length = strip_length(n_features)
    for start in range(0, n_rows, length):
        add_strip(X, start, weight[start : min(start + length, n_rows)], gram)
