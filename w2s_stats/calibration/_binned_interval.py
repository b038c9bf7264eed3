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
    for a rate. The pairs of cells take O(n k^2) for k classes. Neither variance is taken to be less
    than what cells of one outcome may hide (the classes taken as dependent as can be).

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
    z = float(norm.ppf(0.5 + 0.5 * level))
    squared = plain = null_sd = influence_sd = 0.0
    influence: np.ndarray | float = 0.0
    scaled, places, n_cells = [], [], 0
    for residual, cells in events:
        gap = cells.gap[cells.member]
        squared += times * debiased_square(cells, cells.residual_variance)
        plain += times * float(cells.share @ cells.gap**2)
        influence = influence + times * gap * (2.0 * residual - gap)
        unseen = _unseen_variance(cells, z)
        null_sd += times * np.sqrt(2.0 * float(unseen @ unseen)) / len(residual)
        influence_sd += times * 2.0 * np.sqrt(float(cells.share @ (cells.gap**2 * unseen)))
        scaled.append((residual - gap) / np.sqrt(cells.size)[cells.member])
        places.append((cells.member + n_cells).astype(np.int32))
        n_cells += len(cells.size)
    n = len(scaled[0])
    rate = max(float(np.var(influence)), influence_sd**2) / n / plain if plain > 0 else 0.0
    null = max(times**2 * _null_variance(scaled, places, n_cells), null_sd**2)
    z2 = z**2
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


def _unseen_variance(cells: Cells, z: float) -> np.ndarray:
    """Variance of a label in cells that saw one outcome alone, by Wilson's rate; 0 in others.

    No event in m rows has the rate p = (z^2/2) / (m + z^2) at the middle of Wilson's interval.
    """
    rate = 0.5 * z**2 / (cells.size + z**2)
    return np.where(cells.label_variance < 1e-12, rate * (1.0 - rate), 0.0)


def absolute_interval(
    events: Iterable[Event], times: int, level: float
) -> tuple[float, float, float]:
    """Estimate without (most of) its bias, and ends that hold whatever the gaps are.

    With D = sum share |gap| of the sample, x that of the population and e the noise of share * gap:
    D - x <= sum |e|, and x - D <= -sum sign(gap) e. The first is compared with a normal of the
    mean and spread of sum |e| (classes taken as dependent as can be, and the mean at its largest
    for m cells of pooled variance s^2, sqrt(2 m s^2/(pi n)), as small cells know little of their
    own), the second with a normal of the variance of the rows' sign(gap) r. Cells of one outcome
    keep a floor under both variances.

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
    plain = debiased = noise = noise_sd = signed_sd = 0.0
    signed: np.ndarray | float = 0.0
    for residual, cells in events:
        n, m = len(residual), len(cells.size)
        absolute = float(cells.share @ np.abs(cells.gap))
        noisy = folded_normal_mean(cells.gap, np.sqrt(cells.residual_variance / cells.size))
        plain += times * absolute
        debiased += times * (2.0 * absolute - float(cells.share @ noisy))
        unseen = _unseen_variance(cells, z)
        variance = max(float(cells.size @ cells.residual_variance), cells.size @ unseen) / (n - m)
        signed_sd += times * np.sqrt(float(cells.share @ unseen))
        noise += times * np.sqrt(2.0 / np.pi * m * variance / n)
        noise_sd += times * np.sqrt((1.0 - 2.0 / np.pi) * variance / n)
        signed = signed + times * np.sign(cells.gap)[cells.member] * residual
    low = max(plain - noise - z * noise_sd, 0.0)
    high = plain + z * max(float(np.std(signed)), signed_sd) / np.sqrt(n)
    return float(min(max(debiased, low), high)), float(low), float(high)
