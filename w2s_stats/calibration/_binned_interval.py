"""Asymptotic intervals for errors over bins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import norm

from w2s_stats.calibration._binned import debiased_square, folded_normal_mean
from w2s_stats.calibration._cells import Cells

# Residuals of an event and its cells; a marginal error has an event for each class.
Event = tuple[np.ndarray, Cells]


def squared_interval(
    events: Iterable[Event], times: int, level: float
) -> tuple[float, float, float]:
    """Root of the unbiased squared error, and the errors that its distribution allows.

    T = sum_cells share (gap^2 - s^2/size) has mean x^2. Its variance is V0 = 2/n^2 sum S^2/(m m')
    over pairs of cells of sizes m and m', S the sum of products of their common rows' residuals,
    plus that of the rows' 2 gap r - gap^2, which is in proportion to x^2 and estimated as c x^2, c
    the same variance over the plain squared error. Solved for x^2: a score interval, as Wilson's
    for a rate. The pairs of cells take O(n k^2) for k classes.

    Parameters
    ----------
    events : iterable of (residual, Cells)
    times : int
        How often the events count.
    level : float

    Returns
    -------
    estimate, low, high : float
    """
    squared = plain = 0.0
    influence: np.ndarray | float = 0.0
    scaled, places, n_cells = [], [], 0
    for residual, cells in events:
        gap = cells.gap[cells.member]
        squared += times * debiased_square(cells, cells.residual_variance)
        plain += times * float(cells.share @ cells.gap**2)
        influence = influence + times * gap * (2.0 * residual - gap)
        scaled.append((residual - gap) / np.sqrt(cells.size)[cells.member])
        places.append((cells.member + n_cells).astype(np.int32))
        n_cells += len(cells.size)
    n = len(scaled[0])
    rate = float(np.var(influence) / n / plain) if plain > 0 else 0.0
    null = times**2 * _null_variance(scaled, places, n_cells)
    z2 = float(norm.ppf(0.5 + 0.5 * level)) ** 2
    # A squared error below 0 is judged as 0, else no error at all might be left.
    squared = max(squared, 0.0)
    centre = squared + 0.5 * z2 * rate
    reach = np.sqrt(max(centre**2 - squared**2 + z2 * null, 0.0))
    low, high = max(centre - reach, 0.0), centre + reach
    return float(np.sqrt(squared)), float(np.sqrt(low)), float(np.sqrt(high))


def _null_variance(scaled: list[np.ndarray], places: list[np.ndarray], n_cells: int) -> float:
    """Variance of the unbiased squared error where all gaps are zero.

    The events' residuals in their cells, each over the root of its cell's size, are the columns of
    a sparse matrix Z; then V0 = 2/n^2 |Z^T Z|^2.
    """
    n, k = len(scaled[0]), len(scaled)
    starts = np.arange(n + 1) * k
    entries = np.stack(scaled, axis=1).ravel(), np.stack(places, axis=1).ravel()
    matrix = csr_array((*entries, starts), shape=(n, n_cells))
    products = (matrix.T @ matrix).data
    return float(2.0 / n**2 * (products @ products))


def absolute_interval(
    events: Iterable[Event], times: int, level: float
) -> tuple[float, float, float]:
    """Estimate without (most of) its bias, and ends that hold whatever the gaps are.

    With D = sum share |gap| of the sample, x that of the population and e the noise of share * gap:
    D - x <= sum |e|, and x - D <= -sum sign(gap) e. The first is compared with a normal of the
    mean and spread of sum |e| (classes taken as dependent as can be, and the mean at its largest
    for m cells of pooled variance s^2, sqrt(2 m s^2/(pi n)), as small cells know little of their
    own), the second with a normal of the variance of the rows' sign(gap) r.

    Parameters
    ----------
    events : iterable of (residual, Cells)
    times : int
    level : float

    Returns
    -------
    estimate, low, high : float
    """
    z = float(norm.ppf(0.5 + 0.5 * level))
    plain = debiased = noise = noise_sd = 0.0
    signed: np.ndarray | float = 0.0
    for residual, cells in events:
        n, m = len(residual), len(cells.size)
        absolute = float(cells.share @ np.abs(cells.gap))
        noisy = folded_normal_mean(cells.gap, np.sqrt(cells.residual_variance / cells.size))
        plain += times * absolute
        debiased += times * (2.0 * absolute - float(cells.share @ noisy))
        variance = float(cells.size @ cells.residual_variance) / (n - m)
        noise += times * np.sqrt(2.0 / np.pi * m * variance / n)
        noise_sd += times * np.sqrt((1.0 - 2.0 / np.pi) * variance / n)
        signed = signed + times * np.sign(cells.gap)[cells.member] * residual
    low = max(plain - noise - z * noise_sd, 0.0)
    high = plain + z * float(np.sqrt(np.var(signed) / n))
    return min(max(debiased, low), high), low, high
