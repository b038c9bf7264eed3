"""Two models' calibration errors in labelled rows, by measures that theory 4.3 has limits for."""

from __future__ import annotations

import numpy as np

from w2s_stats.bounds._truth import Truth
from w2s_stats.calibration._cells import bin_of
from w2s_stats.calibration._forecast import Margin
from w2s_stats.calibration._smooth import SortedResiduals

COMPUTED = ("same-information", "smooth")


def calibration_change(
    weak: np.ndarray,
    student: np.ndarray,
    truth: Truth,
    weight: np.ndarray | None,
    *,
    measure: str,
    n_bins: int,
    positive_only: bool,
    error_rate: float,
) -> tuple[float, float, float]:
    """Errors of the weak model and of the student, and how far their difference may be off.

    Parameters
    ----------
    weak, student : ndarray of shape (n_samples, n_classes)
    truth : Truth
    weight : ndarray of shape (n_samples,) or None
    measure : {"same-information", "smooth"}
    n_bins : int
        A side of the grid of cells of "same-information".
    positive_only : bool
        Whether to take the second of two classes alone, not the sum over classes.
    error_rate : float
        Probability with which the difference may be further off, in rows without weights.

    Returns
    -------
    before, after, reach : float

    Raises
    ------
    ValueError
        If no labelled row has weight.
    """
    known = truth.known if weight is None else truth.known & (weight > 0)
    if not known.any():
        raise ValueError("sample_weight must be positive in a labelled row, found none.")
    share = np.ones(known.sum()) if weight is None else weight[known]
    share = share / share.sum()
    n_classes = weak.shape[1]
    # Of two columns each is the other's mirror image: one event, which counts twice.
    events = range(1, 2) if n_classes == 2 else range(n_classes)
    times = 2.0 if n_classes == 2 and not positive_only else 1.0
    errors, squares = np.zeros(2), np.zeros(2)
    for j in events:
        y = _event(truth, j, known)
        margins = [Margin(y, p[known, j].astype(np.float64)) for p in (weak, student)]
        errors += times * np.array(_errors(margins, share, measure, n_bins))
        squares += [share @ margin.residual**2 for margin in margins]
    size = 2.0 if measure == "smooth" else float(n_bins)
    reach = (
        _reach_of_event(squares, size, len(share), error_rate)
        if positive_only
        else _reach_of_sum(n_classes, size, len(share), error_rate)
    )
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


def _reach_of_event(squares: np.ndarray, size: float, n: int, error_rate: float) -> float:
    """Theory 9.5 for both models: size sqrt(E r^2 / n) + sqrt(2 log(1 / delta) / n) each.

    For cells the mean of the largest deviation is at most sqrt(n_cells E r^2 / n), by Cauchy and
    Schwarz, so that a grid's size is its side.
    """
    # Two of the four facts are E r^2 <= its sample mean + sqrt(log / (2 n)).
    log = np.log(4 / error_rate)
    squares = np.minimum(squares + np.sqrt(log / (2 * n)), 1.0)
    return float((size * np.sqrt(squares / n) + np.sqrt(2 * log / n)).sum())


def _reach_of_sum(n_classes: int, size: float, n: int, error_rate: float) -> float:
    """The same for sums over classes, whose squared residuals sum to 2 at most."""
    log = np.log(2 / error_rate)
    return float(2 * (size * np.sqrt(2 * n_classes / n) + np.sqrt(8 * log / n)))


def _event(truth: Truth, j: int, known: np.ndarray) -> np.ndarray:
    """Probability of class j in the labelled rows."""
    if truth.labels is not None:
        return (truth.labels[known] == j).astype(np.float64)
    assert truth.rows is not None
    return truth.rows[known, j].astype(np.float64)
