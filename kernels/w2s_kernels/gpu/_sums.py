"""Weighted sums of products of features over the rows of a tile, on the device.

The tree of additions depends on sizes alone: sums repeat to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from w2s_kernels.gpu import _compile
from w2s_kernels.gpu._compile import ceil_div, empty, run
from w2s_kernels.gpu._sizes import FEATURE_ROOM, SHARING, THREADS

# Of more features, a block does not hold two rows. The one that is 1 is among them.
MOST_FEATURES = FEATURE_ROOM // 3 - 1
_LONGEST = 256  # rows of a strip in a block
_MOST_BLOCKS = 512
_PARTIAL_SUMS = 1 << 22  # numbers that the blocks leave, as a rule
_SCRATCH = 1 << 25  # numbers of the rows' weights at a time


def on_device(values: Any, dtype: Any = np.float64) -> Any:
    """Parameters, which are few, as a device array in C order."""
    return _compile.device.xp.asarray(values, dtype=dtype, order="C")


def on_host(values: Any) -> Any:
    """Sizes, which may come from either side, as a NumPy array."""
    return values.get() if hasattr(values, "get") else values


def row_grid(n_rows: int) -> dict:
    """Launch of a kernel whose threads have a row each."""
    return {"grid": ceil_div(n_rows, THREADS), "block": THREADS}


def strips(n_rows: int, n_weights: int) -> Iterator[tuple[int, int, Any]]:
    """Cut rows so that their weights do not fill the memory: start, size, room for the weights."""
    longest = max(1, _SCRATCH // n_weights)
    for start in range(0, n_rows, longest):
        size = min(longest, n_rows - start)
        yield start, size, empty((n_weights, size))


def weighted_sums(
    X: Any, start: int, *, second: Any = None, first: Any = None, zeroth: Any = None
) -> tuple[Any, Any, Any]:
    """Sum w x x' for every row of weights in `second`, w x for `first`, w for `zeroth`.

    X is (n_features, n_rows), of MOST_FEATURES at most; weights are (n_weights, size), of the rows
    from `start` on.
    """
    n_features, n_rows = X.shape
    assert n_features <= MOST_FEATURES
    groups = [second, first, zeroth]
    n_second, n_first, n_zeroth = counts = [0 if w is None else len(w) for w in groups]
    size = next(w.shape[1] for w in groups if w is not None)
    weights = [X if w is None else w for w in groups]
    n_pairs = n_features * (n_features + 1) // 2
    length = min(_LONGEST, (FEATURE_ROOM // (n_features + 1) - 1) // 2 * 2)
    n_tasks = sum(
        ceil_div(n, SHARING) * of for n, of in zip(counts, (n_pairs, n_features, 1), strict=True)
    )
    n_sums = n_second * n_pairs + n_first * n_features + n_zeroth
    width = min(n_tasks, THREADS)
    n_blocks = min(ceil_div(size, length), _MOST_BLOCKS, max(1, _PARTIAL_SUMS // n_sums))
    partial = empty((n_blocks, n_sums))
    pairs = (x for pair in zip(weights, counts, strict=True) for x in pair)
    run(
        "sums.partial_sums", X, n_rows, start, size, n_features, *pairs, length, width, partial,
        grid=(n_blocks, ceil_div(n_tasks, width)), block=THREADS,
    )  # fmt: skip
    cuts = np.cumsum([n_second * n_features**2, n_first * n_features])
    total = empty(int(cuts[-1]) + n_zeroth)
    run(
        "sums.total_sums", partial, n_blocks, n_sums, n_features, n_second, total,
        grid=n_sums, block=32,
    )  # fmt: skip
    return (
        total[: cuts[0]].reshape(n_second, n_features, n_features),
        total[cuts[0] : cuts[1]].reshape(n_first, n_features),
        total[cuts[1] :],
    )
