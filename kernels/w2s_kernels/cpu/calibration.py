"""The linear programme of the smooth calibration error, by its dual: a flow on a line."""

from __future__ import annotations

import numpy as np

from w2s_kernels._jit import inlined, kernel


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
