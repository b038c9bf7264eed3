"""Calibration bins, and the exact smooth error."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from sklearn.calibration import calibration_curve

from bench._case import Case, Peer
from w2s_stats.calibration import smooth_calibration_error
from w2s_stats.calibration._cells import binned_cells


def _forecast(n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    f = random.random(n)
    return f, (random.random(n) < f + 0.1 * np.sin(6.0 * f)).astype(np.int64)


def bins(n: int, n_bins: int) -> Iterator[Case]:
    """Mean residual y - f of every bin."""
    f, y = _forecast(n)

    def by_numpy() -> np.ndarray:
        member = np.searchsorted(np.arange(1, n_bins) / n_bins, f)
        count = np.bincount(member, minlength=n_bins)
        sums = [np.bincount(member, weights=w, minlength=n_bins) for w in (y, f)]
        return (sums[0] - sums[1]) / count

    def by_sklearn() -> np.ndarray:
        share, mean = calibration_curve(y, f, n_bins=n_bins)
        return share - mean

    yield Case(
        "calibration bins",
        f"{n:,}, {n_bins} bins",
        "float64",
        lambda: binned_cells(f[:, None], y[:, None], n_bins, "uniform"),
        [f, y],
        {"NumPy": Peer(by_numpy), "scikit-learn": Peer(by_sklearn)},
        comparable=lambda cells: cells[0].gap,
    )


def smooth(n: int) -> Iterator[Case]:
    """The exact smooth calibration error, sorting included."""
    f, y = _forecast(n)
    yield Case(
        "smooth_calibration_error",
        f"{n:,}",
        "float64",
        lambda: smooth_calibration_error(y, f),
        aims={"seconds": 1.0},
        threads=1,
    )


ROWS = {
    "calibration bins": partial(bins, 1_000_000, 15),
    "smooth calibration": partial(smooth, 1_000_000),
}
