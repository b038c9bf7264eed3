"""The Poisson bootstrap: means over resamples in which rows count Poisson(1) times each."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_kernels._poisson_law import LEFT, LIMITS
from w2s_kernels.gpu import _compile
from w2s_kernels.gpu._compile import alike, ceil_div, empty, run, zeros
from w2s_kernels.gpu._sizes import COLUMNS, REPLICATES

_CHUNK = 4096  # rows of a block
_MOST_CHUNKS = 512
_SCRATCH = 1 << 24  # numbers that the chunks leave, at most


def poisson_counts(seed: int, replicate: int, out: Any) -> None:
    """Write how often each row counts in a replicate; `out` is uint16, one number a row."""
    n = len(out)
    law = _law()
    run(
        "resample.poisson_counts",
        out,
        np.uint64(seed),
        np.uint64(replicate),
        *law,
        n,
        grid=ceil_div(n, 1024),
        block=256,
        real=np.float64,
    )


def bootstrap_means(values: Any, weight: Any, seed: int, first: int, out: Any) -> Any:
    """Write the means sum c w v / sum c w of replicates `first`, `first` + 1, ...

    c are the `poisson_counts` of the replicate. values is (n, m), weight (n,).
    Returns the number of replicates in which no row of positive weight counts; their means are NaN.
    """
    values, weight = alike(values, weight)
    (n, m), n_replicates = values.shape, len(out)
    groups, n_columns = ceil_div(n_replicates, REPLICATES), ceil_div(m, COLUMNS)
    n_left = n_columns * (COLUMNS + 1) * n_replicates  # numbers, of a chunk
    most = min(_MOST_CHUNKS, max(1, _SCRATCH // max(1, n_left)))
    chunk = ceil_div(max(_CHUNK, ceil_div(n, most)), 128) * 128
    # Without rows too there is a block, which writes NaN.
    grid = (max(1, ceil_div(n, chunk)), groups, n_columns)
    middle, n_empty = empty(m), zeros()
    run("resample.centre", values, weight, middle, n, m, grid=m, block=1024)
    run(
        "resample.bootstrap_means",
        values,
        weight,
        middle,
        np.uint64(seed),
        first,
        *_law(),
        empty((n_columns * (COLUMNS + 1), grid[0], n_replicates)),
        zeros(groups * n_columns, np.uint32),
        out,
        n_empty,
        n,
        m,
        n_replicates,
        chunk,
        grid=grid,
        block=REPLICATES,
    )
    return n_empty


def _law() -> tuple[Any, Any]:
    """The limits of the counts, and the law of the rare ones, on the device."""
    xp = _compile.device.xp
    return xp.asarray(LIMITS), xp.asarray(LEFT)
