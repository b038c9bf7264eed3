"""Asymptotic intervals for errors over bins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_array
from scipy.special import ndtr, ndtri

from w2s_stats.calibration._binned import debiased_square, folded_normal_mean
from w2s_stats.calibration._cells import Cells
from w2s_stats.calibration._forecast import Margin

# Entries of a block of rows and events: half a megabyte of residuals.
_BLOCK = 1 << 16
# Variance of a label below which a cell is taken to have seen one outcome alone.
_ONE_OUTCOME = 1e-12


@dataclass(frozen=True)
class Events:
    """The events of an error: one, or one for each class.

    Attributes
    ----------
    margins : callable
        The events' margins in some of the rows, made one after the other.
    cells : callable
        The cells of a margin of all rows.
    times : int
        How often the events count.
    """

    margins: Callable[[Any], Iterator[Margin]]
    cells: Callable[[Margin], Cells]
    times: int

    def __iter__(self) -> Iterator[tuple[np.ndarray, Cells]]:
        """Residuals and cells of each event, over all rows."""
        return ((margin.residual, self.cells(margin)) for margin in self.margins(slice(None)))


def squared_interval(events: Events, level: float) -> tuple[float, float, float]:
    """Root of the unbiased squared error, and the errors that its distribution allows.

    T = sum_cells share (gap^2 - s^2/size) has mean x^2. Its variance is V0 = 2/n^2 sum S^2/(m m')
    over pairs of cells of sizes m and m', S the sum of products of their common rows' residuals,
    plus that of the rows' 2 gap r - gap^2, which is in proportion to x^2 and estimated as c x^2, c
    the same variance over the plain squared error. Solved for x^2: a score interval, as Wilson's
    for a rate. The pairs of cells take O(n k^2) for k classes. Residuals enter both variances as
    `_noise` stretches them; what cells of one outcome may hide comes on top (the classes taken as
    dependent as can be).

    Parameters
    ----------
    events : Events
    level : float

    Returns
    -------
    estimate, low, high : float
    """
    z, times = float(ndtri(0.5 + 0.5 * level)), events.times
    squared = plain = null_sd = influence_sd = 0.0
    influence: np.ndarray | float = 0.0
    all_cells = []
    for residual, cells in events:
        gap = cells.gap[cells.member]
        squared += times * debiased_square(cells, cells.residual_variance)
        plain += times * float(cells.share @ cells.gap**2)
        stretch, unseen = _noise(cells, z, cells.share * cells.gap**2)
        noise = (residual - gap) * stretch[cells.member]
        influence = influence + times * gap * (2.0 * noise + gap)
        influence_sd += times * 2.0 * np.sqrt(float(cells.share @ (cells.gap**2 * unseen)))
        _, unseen = _noise(cells, z, _with_rows(cells, z**2))
        null_sd += times * np.sqrt(2.0 * float(unseen @ unseen)) / len(residual)
        small = cells.member.astype(np.min_scalar_type(len(cells.size)))
        all_cells.append(cells._replace(member=small))
    n = len(all_cells[0].member)
    rate = (float(np.var(influence)) + influence_sd**2) / n / plain if plain > 0 else 0.0
    null = times**2 * _null_variance(events, all_cells, z) + null_sd**2
    z2 = z**2
    # A squared error below 0 is judged as 0, else no error at all might be left.
    squared = max(squared, 0.0)
    centre = squared + 0.5 * z2 * rate
    reach = np.sqrt(max(centre**2 - squared**2 + z2 * null, 0.0))
    low, high = max(centre - reach, 0.0), centre + reach
    return float(np.sqrt(squared)), float(np.sqrt(low)), float(np.sqrt(high))


def _null_variance(events: Events, all_cells: list[Cells], z: float) -> float:
    """Variance of the unbiased squared error where all gaps are zero.

    The events' residuals in their cells, each over the root of its cell's size, are the columns of
    a sparse matrix Z; then V0 = 2/n^2 |Z^T Z|^2, Z^T Z summed over blocks of rows.
    """
    n, k = len(all_cells[0].member), len(all_cells)
    first = np.cumsum([0, *(len(cells.size) for cells in all_cells)])
    scale = [
        _noise(cells, z, _with_rows(cells, z**2))[0] / np.sqrt(cells.size) for cells in all_cells
    ]
    products = csr_array((first[-1], first[-1]))
    size = max(1, _BLOCK // k)
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        entries = np.empty((rows.stop - start, k))
        places = np.empty(entries.shape, dtype=np.int32)
        for j, margin in enumerate(events.margins(rows)):
            member = all_cells[j].member[rows]
            entries[:, j] = (margin.residual - all_cells[j].gap[member]) * scale[j][member]
            places[:, j] = first[j] + member
        starts = np.arange(len(entries) + 1) * k
        Z = csr_array((entries.ravel(), places.ravel(), starts), shape=(len(entries), first[-1]))
        products = products + Z.T @ Z
    return float(2.0 / n**2 * (products.data @ products.data))


def _noise(cells: Cells, z: float, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What makes up for rare events, of which few or none were seen and too little noise with them.

    Variances of a rate are taken with z^2 rows of either outcome added (the reach of no events is
    then Wilson's), which the cells share by their part of the noise.

    Parameters
    ----------
    cells : Cells
    z : float
    part : ndarray of shape (n_cells,)
        What a unit of a cell's variance adds to the noise that is asked for.

    Returns
    -------
    stretch : ndarray of shape (n_cells,)
        Factor, at least 1, of a cell's residuals.
    unseen : ndarray of shape (n_cells,)
        Variance of a label in cells that saw one outcome alone, which no factor makes of theirs.
    """
    variance, seen = _label_variance(cells), cells.label_variance >= _ONE_OUTCOME
    part = part * _with_rows(cells, z**2)
    total = part.sum()
    more = _with_rows(cells, z**2 * part / total if total > 0 else 0.0)
    ratio = np.divide(more, variance, where=seen, out=np.ones(len(more)))
    return np.sqrt(np.maximum(ratio, 1.0)), np.where(seen, 0.0, more)


def _label_variance(cells: Cells) -> np.ndarray:
    """Variance of labels in each cell: of 0 and 1 that of their rate, of others no less."""
    p = np.clip(cells.label, 0.0, 1.0)
    return np.maximum(cells.label_variance, p * (1.0 - p))


def _with_rows(cells: Cells, added: np.ndarray | float) -> np.ndarray:
    """The same with so many rows of 0 and as many of 1 added to each cell."""
    m = cells.size
    return (m**2 * _label_variance(cells) + added * (m + added)) / (m + 2.0 * added) ** 2


def absolute_interval(events: Events, level: float) -> tuple[float, float, float]:
    """Estimate without (most of) its bias, and ends that hold whatever the gaps are.

    With D = sum share |gap| of the sample, x that of the population and e the noise of share * gap:
    D - x <= sum |e|, and x - D <= -sum sign(gap) e. The first is compared with a normal of the
    mean and spread of sum |e| (classes taken as dependent as can be, and the mean at its largest
    for m cells of pooled variance s^2, sqrt(2 m s^2/(pi n)), as small cells know little of their
    own), the second with a normal of the variance of the rows' sign(gap) r. Residuals are stretched
    by `_noise`; what cells of one outcome may hide comes on top. The level is that of the gaps for
    which the ends miss most often, `least_quantile`.

    That is conservative where gaps are about as large as their noise, and must be: |gap| has a kink
    at 0, so that it has no estimate without bias, and each end allows for the largest one.

    Parameters
    ----------
    events : Events
    level : float

    Returns
    -------
    estimate, low, high : float
    """
    z, times = float(ndtri(0.5 + 0.5 * level)), events.times
    plain = debiased = noise = noise_sd = signed_sd = 0.0
    signed: np.ndarray | float = 0.0
    for residual, cells in events:
        n, m = len(residual), len(cells.size)
        absolute = float(cells.share @ np.abs(cells.gap))
        noisy = folded_normal_mean(cells.gap, np.sqrt(cells.residual_variance / cells.size))
        plain += times * absolute
        debiased += times * (2.0 * absolute - float(cells.share @ noisy))
        stretch, unseen = _noise(cells, z, cells.share)
        variance = float(cells.size @ (cells.residual_variance * stretch**2 + unseen)) / (n - m)
        signed_sd += times * np.sqrt(float(cells.share @ unseen))
        noise += times * np.sqrt(2.0 / np.pi * m * variance / n)
        noise_sd += times * np.sqrt((1.0 - 2.0 / np.pi) * variance / n)
        gap = cells.gap[cells.member]
        signed = signed + times * np.sign(gap) * ((residual - gap) * stretch[cells.member] + gap)
    spread = float(np.sqrt((np.var(signed) + signed_sd**2) / n))
    q = least_quantile(noise, noise_sd, spread, level)
    low, high = max(plain - noise - q * noise_sd, 0.0), plain + q * spread
    return float(min(max(debiased, low), high)), float(low), float(high)


def least_quantile(noise: float, noise_sd: float, spread: float, level: float) -> float:
    """Least q for which ends D - noise - q noise_sd and D + q spread hold x at the level.

    Of large gaps D - x is normal of deviation `spread`: the high end misses below -q, the low one
    only where the noise that it allows for is exceeded. Of no gaps the low end alone can miss. So q
    lies between the quantiles of one side and of two, as in [1] for a mean known up to a range.

    References
    ----------
    [1] Imbens and Manski (2004), Confidence intervals for partially identified parameters.

    Examples
    --------
    >>> from w2s_stats.calibration._binned_interval import least_quantile
    >>> [round(least_quantile(noise, 0.0, 1.0, 0.95), 2) for noise in (1.0, 2.0, 5.0)]
    [1.96, 1.92, 1.64]
    """
    one_side, two_sides = ndtri(level), ndtri(0.5 + 0.5 * level)

    def excess(q: float) -> float:
        missed_low = ndtr(-(noise + q * noise_sd) / spread) if spread > 0 else 0.0
        return float(ndtr(-q) + missed_low - (1.0 - level))

    if excess(one_side) <= 0.0:
        return float(one_side)
    return float(brentq(excess, one_side, two_sides) if excess(two_sides) < 0.0 else two_sides)
