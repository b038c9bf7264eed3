"""Weighted sums of squares and cross products."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel

_STRIP = 3072  # numbers of a strip of rows that stays in L1 beside its weighted copies


@inlined
def _eight_products(a, b, c, d, e, f):  # type: ignore[no-untyped-def]
    """Sums of the products of (a, b) with (c, d, e, f): six loads for eight multiply-adds."""
    ac = ad = ae = af = bc = bd = be = bf = 0.0
    for t in range(a.size):
        ac += a[t] * c[t]
        ad += a[t] * d[t]
        ae += a[t] * e[t]
        af += a[t] * f[t]
        bc += b[t] * c[t]
        bd += b[t] * d[t]
        be += b[t] * e[t]
        bf += b[t] * f[t]
    return ac, ad, ae, af, bc, bd, be, bf


@kernel
def add_weighted_gram(X: np.ndarray, weight: np.ndarray, gram: np.ndarray) -> None:
    """Add sum_t weight[t] X[i, t] X[j, t] to gram[i, j] for j <= i (the lower triangle).

    Entries next to the diagonal above it may be written too; only the lower triangle counts.
    """
    n_features, n_rows = X.shape
    block = max(64, min(1024, _STRIP // n_features // 8 * 8))
    scaled = np.empty((2, block))
    for start in range(0, n_rows, block):
        stop = min(start + block, n_rows)
        size = stop - start
        w = weight[start:stop]
        for i in range(0, n_features, 2):
            second = min(i + 1, n_features - 1)
            a = scaled[0, :size]
            b = scaled[1, :size]
            x = X[i, start:stop]
            z = X[second, start:stop]
            for t in range(size):
                a[t] = w[t] * x[t]
                b[t] = w[t] * z[t]
            end = second + 1
            j = 0
            while j + 4 <= end:
                ac, ad, ae, af, bc, bd, be, bf = _eight_products(
                    a,
                    b,
                    X[j, start:stop],
                    X[j + 1, start:stop],
                    X[j + 2, start:stop],
                    X[j + 3, start:stop],
                )
                gram[i, j] += ac
                gram[i, j + 1] += ad
                gram[i, j + 2] += ae
                gram[i, j + 3] += af
                if second > i:
                    gram[second, j] += bc
                    gram[second, j + 1] += bd
                    gram[second, j + 2] += be
                    gram[second, j + 3] += bf
                j += 4
            while j < end:
                c = X[j, start:stop]
                ac = 0.0
                bc = 0.0
                for t in range(size):
                    ac += a[t] * c[t]
                    bc += b[t] * c[t]
                gram[i, j] += ac
                if second > i:
                    gram[second, j] += bc
                j += 1
