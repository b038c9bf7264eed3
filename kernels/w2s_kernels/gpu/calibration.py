"""Sums over bins, and the linear programme of the smooth calibration error."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels.gpu import _compile
from w2s_kernels.gpu._compile import alike, ceil_div, empty, run, zeros
from w2s_kernels.gpu._sizes import BIN_ROOM, BIN_WARPS

_CHUNK = 1 << 10  # rows of a block
_MOST_BLOCKS, _MOST_CHUNKS = 1 << 11, 1 << 9  # of all classes, of a class
_SCRATCH = 1 << 24  # numbers of bins that shared memory does not hold


def lipschitz_supremum(gap: Any, charge: Any) -> Any:
    """Maximum of sum_i charge[i] w[i] over |w[i]| <= 1 and |w[i + 1] - w[i]| <= gap[i].

    Each charge waits for the one before it: a single thread, which a CPU's core outruns. It is here
    for charges that are on the device and shall stay there.
    """
    n = len(charge)
    assert len(gap) == n - 1
    gap, charge = alike(gap, charge)
    value = empty(())
    room = (empty(4 * n), empty(2 * n, np.int64))
    run("calibration.lipschitz_supremum", gap, charge, *room, value, n, grid=1, block=1)
    return value


def bin_sums(proba: Any, labels: Any, weight: Any, edges: Any, sums: Any) -> None:
    """Add the sums that errors over bins are made of, class by class, in one pass over the rows.

    A number is in bin b if b edges are less than it. proba is (n, k); labels (n,), the class of
    each row, or (n, k), the probabilities of the classes; weight (n,) or None; edges
    (k, n_bins - 1). `sums`: of w, w p, w y, w y^2 and w (y - p)^2, of shape (k, n_bins, 5).
    """
    n, k = proba.shape
    n_bins = sums.shape[1]
    xp, nothing = _compile.device.xp, np.uint64(0)
    n_shared = 5 * BIN_WARPS * n_bins
    spills = n_shared > BIN_ROOM
    most = min(_MOST_CHUNKS, _MOST_BLOCKS // k, _SCRATCH // (n_shared * k) if spills else n)
    chunk = max(_CHUNK, ceil_div(n, max(1, most)))
    n_chunks = ceil_div(n, chunk)
    classes, y = nothing, nothing
    if labels.ndim == 1:
        classes = labels.astype(np.int64, copy=False)
    else:
        y = xp.ascontiguousarray(labels, dtype=np.float64)
    by_column = proba.flags.f_contiguous and not proba.flags.c_contiguous
    run(
        "calibration.bin_sums",
        proba.T if by_column else xp.ascontiguousarray(proba),
        classes,
        y,
        nothing if weight is None else weight.astype(np.float64, copy=False),
        edges,
        empty(n_shared * n_chunks * k if spills else 0),
        empty((k, n_chunks, n_bins, 5)),
        zeros(k, np.uint32),
        sums,
        n,
        k,
        n_bins,
        chunk,
        *((1, n) if by_column else (k, 1)),
        grid=(k, n_chunks),
        block=32 * BIN_WARPS,
    )
