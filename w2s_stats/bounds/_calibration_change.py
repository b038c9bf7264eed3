"""Two models' calibration errors in labelled rows, by measures that theory 4.3 has limits for."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats.bounds._inputs import Predictions
from w2s_stats.bounds._truth import Truth
from w2s_stats.calibration._cells import bin_of
from w2s_stats.calibration._forecast import Margin
from w2s_stats.calibration._smooth import SortedResiduals
from w2s_stats.calibration._weak_labels import CorrectedLabels, residual_limits

COMPUTED = ("same-information", "smooth")


def calibration_change(
    data: Predictions,
    *,
    measure: str,
    n_bins: int,
    positive_only: bool,
    corrected: CorrectedLabels | None,
    error_rate: float,
) -> tuple[float, float, float]:
    """Errors of the weak model and of the student, and how far their difference may be off.

    Parameters
    ----------
    data : Predictions
        With truth.
    measure : {"same-information", "smooth"}
    n_bins : int
        A side of the grid of cells of "same-information".
    positive_only : bool
        Whether to take the second of two classes alone, not the sum over classes.
    corrected : CorrectedLabels or None
        Where the truth comes from, if they are corrected labels.
    error_rate : float
        Probability with which the difference may be further off, in rows without weights.

    Returns
    -------
    before, after, reach : float
    """
    truth, rows, weight = data.truth, data.labelled, data.labelled_weight
    assert truth is not None
    n, n_classes = int(truth.known.sum()), data.weak.shape[1]
    share = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    # Of two columns each is the other's mirror image: one event, which counts twice.
    events = range(1, 2) if n_classes == 2 else range(n_classes)
    times = 2.0 if n_classes == 2 and not positive_only else 1.0
    errors, squares = np.zeros(2), np.zeros(2)
    # Rows sum to one to a tolerance only, where the limits take distributions.
    models = [(p, p.sum(axis=1, dtype=np.float64)[rows]) for p in (data.weak, data.student)]
    for j in events:
        y = _event(truth, j, rows)
        margins = [Margin(y, p[rows, j] / total) for p, total in models]
        errors += times * np.array(_errors(margins, share, measure, n_bins))
        squares += [share @ margin.residual**2 for margin in margins]
    size = 2.0 if measure == "smooth" else float(n_bins)
    if positive_only:
        limits = residual_limits(corrected, 1)
        reach = _reach_of_event(squares, size, n, error_rate, *limits)
    else:
        limits = residual_limits(corrected, n_classes)
        reach = _reach_of_sum(n_classes, size, n, error_rate, *limits)
    return float(errors[0]), float(errors[1]), reach


def _errors(margins: list[Margin], share: np.ndarray, measure: str, n_bins: int) -> list[float]:
    """Calibration error of each model for one event."""
    if measure == "smooth":
        return [SortedResiduals(margin).supremum(share) for margin in margins]
    weak, student = (bin_of(margin.f, n_bins, "uniform") for margin in margins)
    cell = weak * n_bins + student
    return [
        float(np.abs(np.bincount(cell, weights=share * margin.residual)).sum())
        for margin in margins
    ]


def _reach_of_event(
    squares: np.ndarray,
    size: float,
    n: int,
    error_rate: float,
    largest: float,
    largest_square: float,
) -> float:
    """Theory 9.5: size sqrt(E r^2 / n) + R sqrt(2 log(1 / delta) / n) for each model, |r| <= R.

    For cells the mean of the largest deviation is at most sqrt(n_cells E r^2 / n), by Cauchy and
    Schwarz, so that a grid's size is its side.
    """
    # Two of the four facts are E r^2 <= its sample mean + R^2 sqrt(log / (2 n)).
    log = np.log(4 / error_rate)
    squares = np.minimum(squares + largest_square * np.sqrt(log / (2 * n)), largest_square)
    return float((size * np.sqrt(squares / n) + largest * np.sqrt(2 * log / n)).sum())


def _reach_of_sum(
    n_classes: int,
    size: float,
    n: int,
    error_rate: float,
    largest: float,
    largest_square: float,
) -> float:
    """The same for sums over classes, of residuals with sum |r_j| <= R and sum r_j^2 <= R2."""
    log = np.log(2 / error_rate)
    mean = size * np.sqrt(largest_square * n_classes / n)
    return float(2 * (mean + largest * np.sqrt(2 * log / n)))


def _event(truth: Truth, j: int, rows: Any) -> np.ndarray:
    """Probability of class j in the labelled rows."""
    if truth.labels is not None:
        return (truth.labels[rows] == j).astype(np.float64)
    assert truth.rows is not None
    return truth.rows[rows, j].astype(np.float64)
