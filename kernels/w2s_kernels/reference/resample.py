"""The Poisson bootstrap: means over resamples in which rows count Poisson(1) times each."""

from __future__ import annotations

import numpy as np
from scipy.stats import poisson

# Of the 65,536 values of 16 bits, how many mean 0, ..., 7: the whole part of each share. Five are
# left over, for the fractions and the counts above; these are then drawn from.
_SHARES = 65536.0 * poisson.pmf(np.arange(24), 1.0)
_WHOLE = np.floor(_SHARES) * (np.arange(24) < 8)
_LIMITS = np.cumsum(_WHOLE[:8])
_LEFT = np.cumsum(_SHARES - _WHOLE) / (65536.0 - _LIMITS[-1])


def _split_mix(key: int, number: np.ndarray) -> np.ndarray:
    """Output of SplitMix64 after `number` steps from the state `key`."""
    z = np.uint64(key) + np.uint64(0x9E3779B97F4A7C15) * number.astype(np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def poisson_counts(seed: int, replicate: int, out: np.ndarray) -> None:
    """Write how often each row counts in a replicate; `out` is uint16, one number a row."""
    often, rarely = _split_mix(seed, np.array([2 * replicate, 2 * replicate + 1]))
    rows = np.arange(len(out))
    parts = _split_mix(often, np.arange(-(-len(out) // 4))).view(np.uint16)[: len(out)]
    uniform = (_split_mix(rarely, rows) >> np.uint64(11)) * 2.0**-53
    decided = np.searchsorted(_LIMITS, parts, side="right")
    out[:] = np.where(decided < 8, decided, np.searchsorted(_LEFT, uniform, side="right"))


def bootstrap_means(
    values: np.ndarray, weight: np.ndarray, seed: int, first: int, out: np.ndarray
) -> int:
    """Write the means sum c w v / sum c w of replicates `first`, `first` + 1, ...

    c are the `poisson_counts` of the replicate. Returns the number of replicates in which no row of
    positive weight counts; their means are NaN.
    """
    values, weight = values.astype(np.float64), weight.astype(np.float64)
    count = np.empty(len(values), dtype=np.uint16)
    for b in range(len(out)):
        poisson_counts(seed, first + b, count)
        total = count @ weight
        out[b] = (count * weight) @ values / total if total > 0 else np.nan
    return int(np.isnan(out[:, 0]).sum())
