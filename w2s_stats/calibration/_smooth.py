"""Smooth calibration error: the exact value of its linear programme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from w2s_kernels.cpu.calibration import lipschitz_supremum
from w2s_stats.calibration._forecast import Forecast, Margin, check_forecast


def smooth_calibration_error(y_true: Any, y_proba: Any) -> float:
    """Largest weighted mean residual over weights that vary slowly with the probability.

    ``sup_w mean w(F)(y - F)`` over w: [0, 1] -> [-1, 1] with Lipschitz constant 1, summed over the
    columns of a two-dimensional `y_proba` (theory 4.3c). Needs no bins, and moves by at most
    2 mean|F - F'| when the forecast does (2 mean|F - F'|_1 for the sum over classes); two columns
    have twice the error of one dimension. Exact, by a flow on a line: O(n log n) a class. It is at
    most twice, and at least half, the lower distance to calibration.

    The sample's error is biased up, by about 1/sqrt(n) for a calibrated forecast;
    `calibration_interval` has intervals.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes), or CorrectedLabels
        Classes 0, 1, ...; with two classes also probabilities of class 1; or rows of class
        probabilities.
    y_proba : array-like of shape (n_samples,) or (n_samples, n_classes)
        The positive class's probability, or rows that sum to 1 within 1e-6 (float32: 1e-4).

    Returns
    -------
    float
        In [0, 1], for two-dimensional `y_proba` in [0, 2].

    Raises
    ------
    ValueError
        If labels or probabilities are not such, or shapes differ.

    References
    ----------
    Blasiok, Gopalan, Hu and Nakkiran (2023), A unifying theory of distance from calibration.

    Examples
    --------
    >>> from w2s_stats.calibration import smooth_calibration_error
    >>> smooth_calibration_error([0, 1], [0.5, 0.5])
    0.0
    >>> round(smooth_calibration_error([0, 1], [0.4, 0.6]), 3)
    0.04
    """
    return smooth_error(check_forecast(y_true, y_proba))


def smooth_error(forecast: Forecast) -> float:
    """Smooth error of the positive class, or the sum over classes."""
    margins, times = smooth_events(forecast)
    return times * sum(SortedResiduals(margin).supremum() for margin in margins)


def smooth_events(forecast: Forecast) -> tuple[Iterator[Margin], int]:
    """Events that the smooth error is made of, and how often each counts."""
    if forecast.proba.ndim == 1:
        return iter([forecast.of_class(1)]), 1
    return forecast.classwise()


class SortedResiduals:
    """Residuals of an event in the order of its probabilities.

    Attributes
    ----------
    order : ndarray of int of shape (n_samples,)
    gap : ndarray of shape (n_samples - 1,)
        Between neighbouring probabilities.
    residual : ndarray of shape (n_samples,)
    """

    def __init__(self, margin: Margin) -> None:
        self.order = np.argsort(margin.f, kind="stable")
        self.gap = np.diff(margin.f[self.order].astype(np.float64))
        self.residual = margin.residual[self.order]

    def supremum(self, weight: np.ndarray | None = None, *, slope: float = 1.0) -> float:
        """sup_w sum_i weight_i w(f_i) r_i, weights in the rows' order, 1/n where not given.

        Over w: [0, 1] -> [-1, 1] with Lipschitz constant `slope`.
        """
        n = len(self.residual)
        scale = 1.0 / n if weight is None else weight[self.order]
        return float(lipschitz_supremum(slope * self.gap, self.residual * scale))
