"""Calibration errors over bins, as they are and with the bias of sampling taken off."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf

from w2s_stats._arrays import device_of
from w2s_stats._validation import check_choice
from w2s_stats.calibration._cells import Cells, binned_cells, cells_of, check_bins
from w2s_stats.calibration._forecast import Forecast, check_forecast, check_forecast_anywhere
from w2s_stats.divergences._probabilities import check_rows


def marginal_calibration_error(
    y_true: Any,
    y_proba: Any,
    *,
    n_bins: int = 15,
    strategy: str = "uniform",
    norm: str = "l1",
    debias: bool | str = False,
    groups: Any = None,
) -> float:
    """Classwise calibration error over bins, summed over the classes.

    ``sum_j sum_b n_jb/n |mean(y_j - F_j in b)|`` for "l1", and the square root of the sum of
    squares for "l2" (theory 4.1): how far each class's probability is from its frequency. Two
    classes have twice the l1 error of class 1, and sqrt(2) times its l2 error, also where `y_proba`
    is one-dimensional; the l1 error lies in [0, 2]. Other packages average over classes where the
    theory, and this function, sum.

    It estimates the error of the binned forecast, sum_j E|E[y_j - F_j | bin of F_j]|, which is at
    most the error of F itself: binning hides what cancels in a bin. The plain estimate is biased up
    by the noise of the frequencies; `calibration_interval` has intervals.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes), or CorrectedLabels
        Classes 0, 1, ...; with two classes also probabilities of class 1; or rows of class
        probabilities. Classes without a row count with frequency 0.
    y_proba : array-like of shape (n_samples,) or (n_samples, n_classes)
        The positive class's probability, or rows that sum to 1 within 1e-6 (float32: 1e-4). Arrays
        of CuPy, and CUDA tensors, are read where they lie, and only the bins' sums come to the
        host; `groups` ask for one in the CPU's memory.
    n_bins : int, default=15
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width or of equal counts, ``(low, high]``; equal probabilities are never cut
        apart.
    norm : {"l1", "l2"}, default="l1"
    debias : bool or {"labels", "residuals"}, default=False
        "labels", or True: as Kumar, Liang and Ma have it. "l2": each squared gap less
        ``mean(y)(1 - mean(y))/(n_b - 1)``, each class's sum cut at 0; "l1": less the mean by which
        normal noise of that size raises the absolute gap (about half of the bias of a calibrated
        forecast), which is exact here and drawn in their code. "residuals": with the variance of
        y - F in place of that of y, which makes the squared l2 error unbiased also where F varies
        inside a bin; only the total is cut at 0. Bins of one row are left out of the l2 sum.
    groups : array-like of shape (n_samples,), optional
        Cells of your own in place of bins of F_j: the same information for every model that is
        compared, for which the error moves by at most E|F - F'|_1 between models (theory 4.3a).
        Over bins of F it may jump (theory 4.2).

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If labels or probabilities are not such, shapes differ, or an option is unknown.

    References
    ----------
    Kumar, Liang and Ma (2019), Verified uncertainty calibration.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.calibration import marginal_calibration_error
    >>> y = [0, 1, 1, 1]
    >>> marginal_calibration_error(y, [0.25, 0.25, 0.75, 0.75], n_bins=2)
    0.5
    >>> rng = np.random.default_rng(0)
    >>> f = rng.random(1000)
    >>> y = rng.random(1000) < f
    >>> round(marginal_calibration_error(y, f, norm="l2"), 3)
    0.062
    >>> round(marginal_calibration_error(y, f, norm="l2", debias=True), 3)
    0.0
    """
    _check_options(n_bins, strategy, norm, debias)
    if groups is None:
        proba, labels, times = check_forecast_anywhere(y_true, y_proba).columns()
        with device_of(proba):
            events = binned_cells(proba, labels, n_bins, strategy)
    else:
        forecast = check_forecast(y_true, y_proba)
        margins, times = forecast.classwise()
        shared = _check_groups(groups, forecast)
        events = [cells_of(margin, shared) for margin in margins]
    total = times * sum(_error(cells, norm, debias) for cells in events)
    return _rooted(total, norm)


def expected_calibration_error(
    y_true: Any,
    y_proba: Any,
    *,
    n_bins: int = 15,
    strategy: str = "uniform",
    norm: str = "l1",
    debias: bool | str = False,
) -> float:
    """Calibration error over bins of one event: the positive class, or the top label.

    ``sum_b n_b/n |mean(y - F in b)|`` for "l1", and the root of the sum of squares for "l2" (theory
    4.1). One-dimensional `y_proba`: F is the probability of class 1. Two-dimensional: F is the
    largest probability and y whether its class (the first, of equals) is the true one; this can be
    smaller than half the marginal error of the same forecast. What it estimates, and what the
    options mean, is as in `marginal_calibration_error`.

    Parameters
    ----------
    y_true, y_proba : array-like
        As in `marginal_calibration_error`.
    n_bins : int, default=15
    strategy : {"uniform", "quantile"}, default="uniform"
    norm : {"l1", "l2"}, default="l1"
    debias : bool or {"labels", "residuals"}, default=False

    Returns
    -------
    float
        In [0, 1] for true labels.

    Raises
    ------
    ValueError
        If labels or probabilities are not such, shapes differ, or an option is unknown.

    Examples
    --------
    >>> from w2s_stats.calibration import expected_calibration_error
    >>> expected_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)
    0.25
    >>> proba = [[0.6, 0.4], [0.2, 0.8], [0.3, 0.7]]
    >>> round(expected_calibration_error([0, 1, 0], proba, n_bins=1), 3)
    0.033
    """
    _check_options(n_bins, strategy, norm, debias)
    forecast = check_forecast_anywhere(y_true, y_proba)
    with device_of(forecast.proba):
        margin = forecast.confidence()
        (cells,) = binned_cells(margin.f[:, None], margin.y[:, None], n_bins, strategy)
    return _rooted(_error(cells, norm, debias), norm)


def _check_options(n_bins: Any, strategy: Any, norm: Any, debias: Any) -> None:
    check_bins(n_bins, strategy)
    check_choice("norm", norm, ("l1", "l2"))
    if not isinstance(debias, bool | np.bool_):
        check_choice("debias", debias, ("labels", "residuals"))


def _check_groups(groups: Any, forecast: Forecast) -> np.ndarray:
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"groups must have one entry a row; found shape {groups.shape}.")
    check_rows(groups, len(forecast.proba), name="groups")
    return np.unique(groups, return_inverse=True)[1]


def _error(cells: Cells, norm: str, debias: bool | str) -> float:
    """Sum over cells of an absolute or squared gap, without its bias where asked for."""
    if not debias:
        return float(cells.share @ np.abs(cells.gap) ** (1 if norm == "l1" else 2))
    by_residuals = debias == "residuals"
    variance = cells.residual_variance if by_residuals else cells.label_variance
    if norm == "l1":
        return _debiased_absolute(cells, variance)
    squared = debiased_square(cells, variance)
    return squared if by_residuals else max(squared, 0.0)


def _debiased_absolute(cells: Cells, variance: np.ndarray) -> float:
    noisy = folded_normal_mean(cells.gap, np.sqrt(variance / cells.size))
    return float(cells.share @ (2.0 * np.abs(cells.gap) - noisy))


def debiased_square(cells: Cells, variance: np.ndarray) -> float:
    """Sum over cells of share * (gap^2 - variance/(size - 1)), those of one row left out."""
    many = cells.size > 1
    unbiased = cells.gap[many] ** 2 - variance[many] / (cells.size[many] - 1)
    return float(cells.share[many] @ unbiased)


def folded_normal_mean(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """E|N(mean, sd^2)|.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.calibration._binned import folded_normal_mean
    >>> folded_normal_mean(np.array([0.0, 2.0]), np.array([1.0, 0.0])).round(4)
    array([0.7979, 2.    ])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sd > 0, np.abs(mean) / sd, np.inf)
    return sd * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * z**2) + np.abs(mean) * erf(z / np.sqrt(2.0))


def _rooted(total: float, norm: str) -> float:
    total = max(total, 0.0)
    return float(total if norm == "l1" else np.sqrt(total))
