"""How far a student's calibration can be from its weak model's, theory 4.2 and 4.3."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import Interval, empirical_bernstein_mean
from w2s_stats._validation import check_choice, check_confidence_level
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._calibration_change import calibration_change, is_computed
from w2s_stats.bounds._inputs import Predictions, check_class_predictions
from w2s_stats.bounds._log_ratio import distributions, row_facts
from w2s_stats.bounds._row_means import (
    FRESH_ROWS,
    LABELLED_AT_RANDOM,
    mean_of_rows,
    through,
)
from w2s_stats.bounds._rows import blocks
from w2s_stats.bounds._truth import Truth, check_truth
from w2s_stats.calibration._cells import check_bins
from w2s_stats.calibration._weak_labels import CorrectedLabels

# A measure of calibration moves by at most so many mean distances of the two models.
LIPSCHITZ = {"same-information": 1.0, "distance": 1.0, "smooth": 2.0, "smooth-vector": 3.0}
# These condition on each model's own scores, and have no such constant.
SCORE_CONDITIONAL = ("marginal", "expected", "top-label")

TRUE_LABELS = Assumption("Labels are true ones, not the weak model's", "not checked")
INDEPENDENT_ERRORS = Assumption(
    "Given the class, errors of the corrected labels are independent of both forecasts",
    "not checked",
)


class CalibrationShift(Bound):
    r"""Limits of the change in calibration error from weak model to student (theory 4.3).

    \|C(F_sw) - C(F_w)\| <= L E\|F_sw - F_w\|_1, and by Pinsker and by Bretagnolle and Huber
    E\|F_sw - F_w\|_1 <= 2 min(sqrt(d / 2), sqrt(1 - exp(-d))), d the mean KL in either direction.
    By measure C:

    - "same-information", L = 1: sum_j E\|E[y_j - F_j \| A]\|, A the same for both models; here
      cells of a grid on (F_w,j, F_sw,j);
    - "distance", L = 1, two classes: distance to calibration of the positive class's probability;
    - "smooth", L = 2: smooth calibration error, summed over classes;
    - "smooth-vector", L = 3: its version with a vector of weights, Lipschitz from l1 to l_inf. For
      two classes its weights have Lipschitz constant 2 in the positive class's probability.

    `fit` takes class probabilities. In one dimension, the positive class's, the distance is
    E\|F_sw - F_w\|, half of the two classes' sum, and so are the measures. `y_true` may also be
    `CorrectedLabels` of a labeller whose errors, given the class, are independent of both
    forecasts, as those of `y_weak` itself or of the student's training labels are not (theory 4.5).
    The limits of the smooth measures are then those of a population, and `holds_` is None.

    Yao et al. (Theorem 2) print 2 sqrt(1 - exp(-d)) for the *marginal* calibration error, which
    conditions each model on its own scores. That is false (theory 4.2): F_w = 1/2 is calibrated for
    balanced labels, F_sw = 1/2 +- e along the label is off by 1/2 - e, for any e > 0. It is refused
    here, as are the other errors that condition on scores.

    Parameters
    ----------
    measure : {"same-information", "distance", "smooth", "smooth-vector"}, default="smooth"
    n_bins : int, default=10
        Of each model's probability, in the grid of "same-information"; at most 1,000.
    confidence_level : float, default=0.95

    Attributes
    ----------
    estimate_ : float
        C(F_sw) - C(F_w) in the labelled rows. NaN without truth, and for "distance" and, of more
        than two classes, "smooth-vector", which are limited here but not computed.
    lower_, upper_ : float
        -+ L times the observed mean distance in this sample, the tightest limit. `table_` has its
        intervals for a population, and the limits by Pinsker and by Bretagnolle and Huber. None
        is above 2 (1 in one dimension), the largest error; of corrected labels there is no largest.
    interval_ : tuple of two floats
        Valid at every n, and wide (theory 9.5, and its like for cells): each of the two errors is
        within c sqrt(E r^2 / n) + sqrt(2 log(1 / delta) / n) of its population value, r = y - F,
        c = L for weights and `n_bins` for cells, and the change within L times the mean distance,
        by empirical Bernstein. NaN where rows have weights, or labels were corrected by an
        estimated matrix. Errors are suprema of means, not means of rows, so that none of it is
        prediction-powered: rows without label count for the distance only.
    method_, holds_, assumptions_, table_
        As in every bound.

    Raises
    ------
    ValueError
        In `fit`, also if the measure conditions on scores or is unknown, or "distance" is asked for
        other than one-dimensional probabilities.

    References
    ----------
    Yao et al. (2025), The capabilities and limitations of weak-to-strong generalization, Theorem 2.
    Blasiok, Gopalan, Hu and Nakkiran (2023), A unifying theory of distance from calibration.

    Examples
    --------
    >>> from w2s_stats.bounds import CalibrationShift
    >>> bound = CalibrationShift().fit([0.5, 0.5, 0.5, 0.5], [0.6, 0.4, 0.6, 0.4], [1, 0, 1, 0])
    >>> round(bound.estimate_, 3), round(bound.upper_, 3), bound.holds_
    (0.04, 0.2, True)
    """

    def __init__(
        self, *, measure: str = "smooth", n_bins: int = 10, confidence_level: float = 0.95
    ) -> None:
        self.measure = measure
        self.n_bins = n_bins
        self.confidence_level = confidence_level

    def _fit(
        self, y_weak: Any, y_student: Any, y_true: Any, *, sample_weight: Any, **unused: Any
    ) -> Self:
        level = check_confidence_level(self.confidence_level)
        self._check_measure()
        data = check_class_predictions(
            y_weak, y_student, y_true, sample_weight=sample_weight, truth_of=_truth_of
        )
        positive_only = np.ndim(y_weak) == 1 and np.ndim(y_student) == 1
        if self.measure == "distance" and not positive_only:
            raise ValueError(
                "y_weak and y_student must have one dimension, the positive class's probability, "
                f'for measure="distance"; found {np.ndim(y_weak)} and {np.ndim(y_student)}.'
            )
        apart = _distances(data.weak, data.student) * (0.5 if positive_only else 1.0)
        largest = 1.0 if positive_only else 2.0
        corrected = y_true if isinstance(y_true, CorrectedLabels) else None
        # An error is at most the distance of labels and forecast: of labels in [0, 1], `largest`.
        most = largest if corrected is None else np.inf
        table = self._limits(apart, data, level, largest=largest, most=most)
        limit = table[0].value
        estimate = None
        if data.truth is not None and is_computed(self.measure, data.weak.shape[1]):
            before, after, reach = calibration_change(
                data,
                measure=self.measure,
                n_bins=self.n_bins,
                positive_only=positive_only,
                corrected=corrected,
                error_rate=(1 - level) / 2,
            )
            change = after - before
            if data.weight is not None or (corrected is not None and corrected.estimated):
                estimate = Interval(change, np.nan, np.nan, "")
            else:
                # The other half of the error rate is for the distance, which limits it too.
                bernstein = empirical_bernstein_mean(
                    apart, 0.0, largest, confidence_level=(1 + level) / 2
                )
                cap = min(LIPSCHITZ[self.measure] * bernstein.high, most)
                low, high = max(change - reach, -cap), min(change + reach, cap)
                estimate = Interval(change, low, high, "finite-sample")
            table += [
                Quantity("calibration error, weak model", before),
                Quantity("calibration error, student", after),
            ]
        return self._conclude(
            estimate,
            -limit,
            limit,
            table=table,
            assumptions=[
                FRESH_ROWS,
                TRUE_LABELS if corrected is None else INDEPENDENT_ERRORS,
                *([] if data.complete else [LABELLED_AT_RANDOM]),
            ],
            # Cells average labels that lie outside [0, 1], smooth weights do not.
            comparable=data.complete and (corrected is None or self.measure == "same-information"),
            # The change is a difference of errors of order 1, exact to their rounding.
            rounding=1e-9 + 1e-13 / max(limit, 1e-13),
        )

    def _check_measure(self) -> None:
        if self.measure in SCORE_CONDITIONAL:
            raise ValueError(
                f"measure must be one of {', '.join(LIPSCHITZ)}; found {self.measure!r}, which "
                "conditions each model on its own scores: a student at any distance e from a "
                "calibrated weak model can be off by 1/2 - e (theory 4.2), so no bound is true."
            )
        check_choice("measure", self.measure, tuple(LIPSCHITZ))
        check_bins(self.n_bins, "uniform", most=1000)  # on two sides of a grid

    def _limits(
        self, apart: np.ndarray, data: Predictions, level: float, *, largest: float, most: float
    ) -> list[Quantity]:
        """L times the mean distance, which is `largest` at most, and times what KL makes of it.

        No limit is above `most`, the largest change that there is.
        """
        factor = LIPSCHITZ[self.measure]
        found = {"": mean_of_rows(apart, data.weight, level)}
        if data.weight is None:
            found[", any n"] = empirical_bernstein_mean(apart, 0.0, largest, confidence_level=level)
        table = [
            Quantity(
                f"observed, L mean distance{kind}: +-",
                min(factor * mean.estimate, most),
                min(factor * mean.low, most),
                min(factor * mean.high, most),
                mean.method,
            )
            for kind, mean in found.items()
        ]
        facts, half = row_facts(data.weak, data.student), factor * largest
        for name, rows in (("weak || student", facts.forward), ("student || weak", facts.reverse)):
            d = mean_of_rows(rows, data.weight, level)
            table += [
                through(f"Pinsker, KL({name}): +-", d, lambda d: min(half * np.sqrt(d / 2), most)),
                through(
                    f"Bretagnolle-Huber, KL({name}): +-",
                    d,
                    lambda d: min(half * np.sqrt(-np.expm1(-d)), most),
                ),
                Quantity(f"KL({name})", *d),
            ]
        return table


def _distances(weak: np.ndarray, student: np.ndarray) -> np.ndarray:
    """||s - w||_1 of every row, at most 2."""
    out = np.empty(len(weak))
    for block in blocks(*weak.shape):
        w, s = distributions(weak[block]), distributions(student[block])
        out[block] = np.abs(s - w).sum(axis=1)
    return np.minimum(out, 2.0, out=out)


def _truth_of(y_true: Any, n_rows: int, n_classes: int) -> Truth | None:
    """Truth of labels, probabilities or corrected labels."""
    if not isinstance(y_true, CorrectedLabels):
        return check_truth(y_true, n_rows, n_classes)
    if y_true.rows.shape != (n_rows, n_classes):
        raise ValueError(
            f"y_true must be corrected labels of {n_rows} rows and {n_classes} classes; found "
            f"{y_true.rows.shape[0]} rows and {y_true.rows.shape[1]} classes."
        )
    return Truth(np.ones(n_rows, dtype=bool), None, y_true.rows)
