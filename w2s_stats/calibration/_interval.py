"""Intervals for calibration errors, each for an error that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from w2s_stats._summary import number
from w2s_stats._validation import check_choice, check_confidence_level
from w2s_stats.calibration._binned_interval import Events, absolute_interval, squared_interval
from w2s_stats.calibration._cells import Cells, bin_of, cells_of, check_bins
from w2s_stats.calibration._forecast import Forecast, Margin, check_forecast
from w2s_stats.calibration._smooth import smooth_error
from w2s_stats.calibration._smooth_interval import bootstrap_reach, finite_sample_reach


class CalibrationInterval(NamedTuple):
    """An estimate and its interval.

    Attributes
    ----------
    estimate, low, high : float
    method : str
        How the interval was made, and whether its level is met, or at least met.
    error : str
        Which error it is an interval for.

    Examples
    --------
    >>> from w2s_stats.calibration import calibration_interval
    >>> found = calibration_interval([0, 1] * 50, [0.5] * 100, measure="expected")
    >>> found.estimate, found.low, round(found.high, 3), found.method
    (0.0, 0.0, 0.083, 'asymptotic')
    >>> print(found)
    0.000 [0.000, 0.083] l2 error of the positive class over 15 uniform bins (asymptotic)
    """

    estimate: float
    low: float
    high: float
    method: str
    error: str

    def __str__(self) -> str:
        ends = f"[{number(self.low)}, {number(self.high)}]"
        return f"{number(self.estimate)} {ends} {self.error} ({self.method})"


def calibration_interval(
    y_true: Any,
    y_proba: Any,
    *,
    measure: str = "marginal",
    n_bins: int = 15,
    strategy: str = "uniform",
    norm: str = "l2",
    method: str | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 500,
    random_state: Any = None,
) -> CalibrationInterval:
    """Interval for a calibration error in the population; rows are taken to be independent.

    - "marginal" and "expected", norm "l2" (asymptotic): with T the unbiased squared error over bins
      (``debias="residuals"``), the errors x >= 0 with ``(T - x^2)^2 <= z^2 (V0 + c x^2)``, where V0
      is the variance of T for a calibrated forecast and c x^2 what its gaps add, both with
      Agresti and Coull's variances, as events may be rare. Holds its level
      for calibrated and miscalibrated forecasts alike, where the interval of T's own standard error
      does not.
    - the same, norm "l1" (asymptotic, conservative): the absolute value of a small gap cannot be
      estimated without bias, so the ends allow for all values of the bias: the plain error less
      all noise that absolute values may have made, and the plain error plus its own noise. Its
      level is met where all gaps are 0, or all larger than their noise; between, and for sums over
      classes, it covers more, up to always. The estimate is that of ``debias="residuals"``.
    - "smooth", method "finite-sample" (its default; conservative, valid at every n): the sample's
      error +- ``2 sqrt(E r^2/n) + sqrt(2 ln(1/a)/n)``, r = y - F (theory 9.5), with an upper limit
      of E r^2 that takes a tenth of the risk; k > 2 classes: ``2 sqrt(k E|r|^2/n) +
      sqrt(8 ln(1/a)/n)``.
    - "smooth", method "bootstrap" (asymptotic, conservative): +- the quantile of
      ``sup_w (E* - E_n) w(F) r`` over resamples of rows; several times shorter. It covers as the l1
      one does, and for its reason.

    The binned errors are those of the bins at hand: E over F's bins, which is at most the error of
    F itself. `low` therefore is a lower limit for the error without bins as well; `high` is not an
    upper one. The normal approximation needs several rows of either outcome in most bins.

    Parameters
    ----------
    y_true, y_proba : array-like
        As in `marginal_calibration_error`. Corrected weak labels must have a given matrix.
    measure : {"marginal", "expected", "smooth"}, default="marginal"
    n_bins : int, default=15
    strategy : {"uniform", "quantile"}, default="uniform"
    norm : {"l2", "l1"}, default="l2"
        Of binned errors.
    method : {"asymptotic", "finite-sample", "bootstrap"}, optional
        By default "asymptotic" for binned errors, "finite-sample" for the smooth one.
    confidence_level : float, default=0.95
    n_resamples : int, default=500
    random_state : int, RandomState or None
        For the bootstrap.

    Returns
    -------
    CalibrationInterval

    Raises
    ------
    ValueError
        If labels or probabilities are not such, an option is unknown or does not fit the measure,
        the confidence level is not inside (0, 1), or labels were corrected by an estimated matrix.

    References
    ----------
    Sun, Chaudhari, Barnett and Dobriban (2024), A confidence interval for the l2 expected
    calibration error (the debiased estimate and its two limits; the inversion here is ours).

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.calibration import calibration_interval
    >>> rng = np.random.default_rng(0)
    >>> f = rng.random(2000)
    >>> y = rng.random(2000) < f**2
    >>> found = calibration_interval(y, f, measure="expected")
    >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
    (0.188, 0.171, 0.207)
    >>> found.error
    'l2 error of the positive class over 15 uniform bins'
    >>> found = calibration_interval(y, f, measure="smooth")
    >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
    (0.169, 0.093, 0.244)
    """
    forecast = check_forecast(y_true, y_proba)
    check_choice("measure", measure, ("marginal", "expected", "smooth"))
    check_bins(n_bins, strategy)
    check_choice("norm", norm, ("l1", "l2"))
    level = check_confidence_level(confidence_level)
    if forecast.corrected is not None and forecast.corrected.estimated:
        raise ValueError(
            "calibration_interval knows nothing of the error of an estimated confusion matrix: "
            "give labels corrected by a known one, or resample all rows and estimate it anew."
        )
    if measure == "smooth":
        method = "finite-sample" if method is None else method
        check_choice("method for the smooth error", method, ("finite-sample", "bootstrap"))
        return _smooth(forecast, method, level, n_resamples, random_state)
    check_choice("method for a binned error", method or "asymptotic", ("asymptotic",))
    return _binned(forecast, measure, n_bins, strategy, norm, level)


def _binned(
    forecast: Forecast, measure: str, n_bins: int, strategy: str, norm: str, level: float
) -> CalibrationInterval:
    def margins(rows: Any) -> Iterator[Margin]:
        part = forecast._replace(proba=forecast.proba[rows], labels=forecast.labels[rows])
        return part.classwise()[0] if measure == "marginal" else iter([part.confidence()])

    def cells(margin: Margin) -> Cells:
        found = cells_of(margin, bin_of(margin.f, n_bins, strategy))
        if found.size.max() == 1:
            raise ValueError(
                "n_bins must leave two rows or more in some bin, to see their noise; found "
                f"n_bins={n_bins} with {len(margin.f)} rows, each alone in its bin."
            )
        return found

    times = forecast.classwise()[1] if measure == "marginal" else 1
    interval = squared_interval if norm == "l2" else absolute_interval
    what = f"{forecast.n_classes} classes"
    if measure == "expected":
        what = "the positive class" if forecast.proba.ndim == 1 else "the top label"
    method = "asymptotic" if norm == "l2" else "asymptotic, conservative"
    error = f"{norm} error of {what} over {n_bins} {strategy} bins"
    # Residuals of a row, of all classes, add up to 2 at most, and so do their squares.
    largest = {"expected": 1.0, "marginal": 2.0 if norm == "l1" else 2.0**0.5}[measure]
    found = interval(Events(margins, cells, times), level)
    return CalibrationInterval(*_within(*found, largest), method, error)


def _smooth(
    forecast: Forecast, method: str, level: float, n_resamples: int, random_state: Any
) -> CalibrationInterval:
    estimate = smooth_error(forecast)
    if method == "finite-sample":
        kind, reach = method, finite_sample_reach(forecast, level)
    else:
        kind = "bootstrap, asymptotic"
        reach = bootstrap_reach(forecast, level, n_resamples, random_state)
    what = "the positive class" if forecast.proba.ndim == 1 else f"{forecast.n_classes} classes"
    largest = 1.0 if forecast.proba.ndim == 1 else 2.0
    found = _within(estimate, estimate - reach, estimate + reach, largest)
    return CalibrationInterval(*found, f"{kind}, conservative", f"smooth error of {what}")


def _within(estimate: float, low: float, high: float, largest: float) -> tuple[float, float, float]:
    """An interval with its ends cut to errors that are possible, and the estimate as it is."""
    return estimate, min(max(0.0, low), largest), min(high, largest)
