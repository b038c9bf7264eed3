"""Divergences of rows of probabilities, of rows of logits, and of outputs.

Both arrays are of one shape; rows are of one type too, float32 or float64. Logits may be float16,
or bfloat16, whose bits a uint16 array holds. Terms of float32 and shorter rows are computed in
float32; sums are float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels.gpu._compile import alike, ceil_div, chunk_of, empty, run, zeros
from w2s_kernels.gpu._sizes import TILE_BYTES

_SHORT = 64  # rows that go through tiles
_LONG = 2048  # rows that take a whole block


def generalized_kl(p: Any, q: Any, out: Any, p_total: Any, q_total: Any) -> Any:
    """Write sum_j p log(p/q) - p + q of each row, and the rows' sums of p and of q.

    Infinite where q = 0 < p or q = inf. NaN where a row holds NaN, a negative entry or p = inf;
    returns how many do.
    """
    return _rows("divergence.generalized_kl", p, q, out, p_total, q_total)


def simplex_kl(p: Any, q: Any, tolerance: float, out: Any) -> Any:
    """Write KL of each row of p from that of q, both taken as if divided by their sums.

    Infinite where q = 0 < p. NaN where a row holds NaN or a negative entry or does not sum to one
    within the tolerance, 1e-3 at most; returns how many do.
    """
    return _rows("divergence.simplex_kl", p, q, float(tolerance), out)


def output_kl(f: Any, g: Any, weight: Any, f_scale: float, g_scale: float, sums: Any) -> Any:
    """Add sum w (a log(a/b) - a + b), sum w a and sum w b, of a = f f_scale and b = g g_scale.

    An empty `weight` stands for ones. Returns 1 if an a or b is not positive or not finite, and
    the first sum is NaN then; 0 otherwise.
    """
    assert f.shape == g.shape
    f, g = alike(f, g)
    n, chunk = f.size, chunk_of(f.size)
    n_chunks, status = ceil_div(n, chunk), zeros()
    run(
        "divergence.output_kl",
        f,
        g,
        weight.astype(np.float64, copy=False) if weight.size else np.uint64(0),
        float(f_scale),
        float(g_scale),
        empty((n_chunks, 3)),
        zeros(1, np.uint32),
        sums,
        status,
        n,
        chunk,
        grid=n_chunks,
        block=256,
    )
    return status


def softmax_kl(z: Any, u: Any, out: Any) -> Any:
    """Write KL(softmax(z) || softmax(u)) of each row; a logit of -inf is a probability of zero.

    Infinite where u_j = -inf < z_j. NaN where a row holds NaN or inf, or -inf only; returns how
    many do.
    """
    return _rows("softmax.softmax_kl", z, u, out)


def _rows(kernel: str, a: Any, b: Any, *results: Any) -> Any:
    """Launch the variant for this length of rows; returns the count of bad ones, on the device."""
    # Of another it would be read past its end.
    assert a.dtype == b.dtype and a.shape == b.shape
    n_rows, k = a.shape
    n_bad = zeros()
    sizes: tuple[int, ...]
    if k <= _SHORT:
        # A power of two that divides k: at most four lanes want the same bank of shared memory.
        lanes = max(1, (k & -k) // 4)
        # A whole number of 16-byte loads, whatever k.
        tile = TILE_BYTES // (k * a.dtype.itemsize) // 16 * 16
        name, sizes, grid, block = "tiles", (lanes, tile), ceil_div(n_rows, tile), 128
    else:
        lanes = 32 if k <= _LONG else 256
        name, sizes, grid, block = "rows", (lanes,), ceil_div(n_rows * lanes, 256), 256
    run(f"{kernel}_{name}", a, b, *results, n_bad, n_rows, k, *sizes, grid=grid, block=block)
    return n_bad
