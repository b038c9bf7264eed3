"""Two models' calibration errors in labelled rows, by measures that theory 4.3 has limits for."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats.bounds._inputs import Predictions
from w2s_stats.bounds._truth import Truth
from w2s_stats.calibration._cells import bin_of
from w2s_stats.calibration._forecast import Margin
from w2s_stats.calibration._smooth import SortedResiduals
from w2s_stats.calibration._smooth_interval import sampling_reach
from w2s_stats.calibration._weak_labels import CorrectedLabels, residual_limits

# Lipschitz constants of an event's weights. A vector of weights w, Lipschitz from l1 to l_inf, is
# for two classes one weight (w_1 - w_0) / 2 of the second's probability, which moves half as much.
SLOPES = {"smooth": 1.0, "smooth-vector": 2.0}


def is_computed(measure: str, n_classes: int) -> bool:
    """Whether the error is computed here, and not limited only."""
    if measure == "smooth-vector":
        return n_classes == 2
    return measure in ("same-information", "smooth")


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
    measure : {"same-information", "smooth", "smooth-vector"}
        The last for two classes only.
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
    scale = _totals(truth, rows)
    for j in events:
        y = _event(truth, j, rows) / scale
        margins = [Margin(y, p[rows, j] / total) for p, total in models]
        errors += np.array(_errors(margins, share, measure, n_bins))
        squares += [share @ margin.residual**2 for margin in margins]
    reach = sum(
        sampling_reach(
            float(square),
            n,
            error_rate / 2,
            limits=residual_limits(corrected, len(events)),
            n_events=len(events),
            # The grid's cells are the square of its side.
            size=1.0 + SLOPES[measure] if measure in SLOPES else float(n_bins),
        )
        for square in squares
    )
    before, after = times * errors
    return float(before), float(after), times * reach


def _errors(margins: list[Margin], share: np.ndarray, measure: str, n_bins: int) -> list[float]:
    """Calibration error of each model for one event."""
    if measure in SLOPES:
        slope = SLOPES[measure]
        return [SortedResiduals(margin).supremum(share, slope=slope) for margin in margins]
    weak, student = (bin_of(margin.f, n_bins, "uniform") for margin in margins)
    cell = weak * n_bins + student
    return [
        float(np.abs(np.bincount(cell, weights=share * margin.residual)).sum())
        for margin in margins
    ]


def _totals(truth: Truth, rows: Any) -> Any:
    """What the labelled rows of a truth sum to, one to a tolerance as those of the models."""
    return 1.0 if truth.rows is None else truth.rows.sum(axis=1, dtype=np.float64)[rows]


def _event(truth: Truth, j: int, rows: Any) -> np.ndarray:
    """Probability of class j in the labelled rows."""
    if truth.labels is not None:
        return (truth.labels[rows] == j).astype(np.float64)
    assert truth.rows is not None
    return truth.rows[rows, j].astype(np.float64)
