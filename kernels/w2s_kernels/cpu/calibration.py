"""Sums over bins, and the linear programme of the smooth error by its dual: a flow on a line."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel, wide_vectors


@inlined
def _push(keys, ids, size, key, own):  # type: ignore[no-untyped-def]
    """Put an entry into a heap of `size` entries whose smallest key is on top."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if keys[parent] <= key:
            break
        keys[child] = keys[parent]
        ids[child] = ids[parent]
        child = parent
    keys[child] = key
    ids[child] = own


@inlined
def _pop(keys, ids, size):  # type: ignore[no-untyped-def]
    """Take the top from a heap of `size` entries."""
    last = size - 1
    key = keys[last]
    own = ids[last]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and keys[child + 1] < keys[child]:
            child += 1
        if key <= keys[child]:
            break
        keys[parent] = keys[child]
        ids[parent] = ids[child]
        parent = child
    keys[parent] = key
    ids[parent] = own


@inlined
def _trim(keys, ids, size, weight, amount):  # type: ignore[no-untyped-def]
    """Take weight off the smallest keys; return what is left of the heap, and sum taken * key."""
    cost = 0.0
    # An entry that the other heap has used up has weight zero: it only leaves.
    while amount > 0.0 and size > 0:
        own = ids[0]
        taken = min(amount, weight[own])
        cost += taken * keys[0]
        amount -= taken
        weight[own] -= taken
        if weight[own] <= 0.0:
            _pop(keys, ids, size)
            size -= 1
    return size, cost


@kernel
def lipschitz_supremum(gap: np.ndarray, charge: np.ndarray) -> float:
    """Maximum of sum_i charge[i] w[i] over |w[i]| <= 1 and |w[i + 1] - w[i]| <= gap[i].

    The dual carries every charge along the line, at cost gap[i] a unit, to where another cancels
    it, or drops it, at cost one. Its cost as a function of the flow F over the last gap is

        H(F) = trimmed + sum_j weight[j] |F - (total - level[j])| / 2,    sum_j weight[j] = 2,

    level[j] being the sum of the charges before j. A gap g adds g |F|, a break of weight 2 g at the
    present total; that dropping costs no more than one keeps the slopes in [-1, 1], so that weight
    g goes from either end. Two heaps over the same breaks have the ends: O(n log n).
    """
    n = charge.size
    level = np.empty(n)
    weight = np.empty(n)
    low = np.empty(n)
    low_ids = np.empty(n, np.int64)
    high = np.empty(n)
    high_ids = np.empty(n, np.int64)
    level[0] = low[0] = high[0] = 0.0
    weight[0] = 2.0
    low_ids[0] = high_ids[0] = 0
    n_low = n_high = 1
    total = charge[0]
    trimmed = 0.0
    for i in range(1, n):
        level[i] = total
        weight[i] = 2.0 * gap[i - 1]
        if gap[i - 1] > 0.0:
            _push(low, low_ids, n_low, total, i)
            _push(high, high_ids, n_high, -total, i)
            n_low, least = _trim(low, low_ids, n_low + 1, weight, gap[i - 1])
            n_high, most = _trim(high, high_ids, n_high + 1, weight, gap[i - 1])
            trimmed -= least + most
        total += charge[i]
    for i in range(n):
        trimmed += weight[i] * abs(total - level[i])
    return 0.5 * trimmed


# Rows of a block, whose columns are taken to buffers one after another.
_BLOCK = 512
# Up to here every edge is compared with every number, which vectors do; a search jumps.
_FEW_EDGES = 256


@inlined
def _find_bins(numbers, edges, place):  # type: ignore[no-untyped-def]
    """Write how many edges lie below each number."""
    wide_vectors()
    place[:] = 0
    if edges.size <= _FEW_EDGES:
        for edge in edges:
            for t in range(numbers.size):
                place[t] += numbers[t] > edge
    else:
        for t in range(numbers.size):
            low, high = 0, edges.size
            while low < high:
                middle = (low + high) >> 1
                if edges[middle] < numbers[t]:
                    low = middle + 1
                else:
                    high = middle
            place[t] = low


@inlined
def _add_block(proba, labels, weight, edges, start, numbers, place, sums):  # type: ignore[no-untyped-def]
    """Add the rows of a block from `start` on; `numbers` and `place` are room for a column."""
    size = min(_BLOCK, len(proba) - start)
    for j in range(proba.shape[1]):
        for t in range(size):
            numbers[t] = proba[start + t, j]
        _find_bins(numbers[:size], edges[j], place[:size])
        for t in range(size):
            i, p = start + t, numbers[t]
            w = 1.0 if weight is None else np.float64(weight[i])
            if labels.ndim == 1:
                y = 1.0 if labels[i] == j else 0.0
            else:
                y = np.float64(labels[i, j])
            own = sums[j, place[t]]
            own[0] += w
            own[1] += w * p
            own[2] += w * y
            own[3] += w * y * y
            own[4] += w * (y - p) * (y - p)


@kernel
def bin_sums(
    proba: np.ndarray,
    labels: np.ndarray,
    weight: np.ndarray | None,
    edges: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Add the sums that errors over bins are made of, class by class, in one pass over the rows.

    A number is in bin b if b edges are less than it: bins are closed on the right.

    Parameters
    ----------
    proba : ndarray of shape (n, k)
        Float32 or float64.
    labels : ndarray of shape (n,) or (n, k)
        The class of each row, or y, the probabilities of the classes.
    weight : ndarray of shape (n,) or None
        None counts every row once.
    edges : ndarray of shape (k, n_bins - 1), float64
        Of each class, in rising order; those that a class does not need are inf.
    sums : ndarray of shape (k, n_bins, 5), float64
        Of w, w p, w y, w y^2 and w (y - p)^2.
    """
    numbers = np.empty(_BLOCK)
    place = np.empty(_BLOCK, np.int64)
    for start in range(0, len(proba), _BLOCK):
        _add_block(proba, labels, weight, edges, start, numbers, place, sums)
