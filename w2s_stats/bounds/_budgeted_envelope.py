"""The envelope of the gain, given that the weak model is not too wrong, theory 9.2."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import Interval
from w2s_stats._validation import check_confidence_level, is_number, shown
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._inputs import Predictions, check_class_predictions, warn_of_hard_labels
from w2s_stats.bounds._log_ratio import distributions, row_facts
from w2s_stats.bounds._row_means import FRESH_ROWS, mean_of_known_rows, mean_of_rows
from w2s_stats.bounds._rows import blocks
from w2s_stats.bounds._tilting import Tilted, tilted_supremum


class BudgetedEnvelope(Bound):
    r"""Limits of the gain in KL over all truths within a divergence of the weak model (theory 9.2).

    If d(F*, F_w) <= e, an upper limit of the weak model's cross-entropy will do, then

    .. math:: gain \le \inf_{\lambda > 0} \lambda e
              + \lambda E \log \sum_j F_{w,j} (F_{sw,j} / F_{w,j})^{1/\lambda},

    and gain >= minus the same with the ratio inverted. Both are attained, by the tilted truths
    F* ~ F_w (F_sw / F_w)^{+-1/lambda}. A budget that does not bind gives the envelope of
    `KLSandwich` (lambda = 0), without the classes that the weak model excludes; at e = 0 both ends
    are -d(F_w, F_sw). This is ours, not a paper's. `fit` takes class probabilities.

    Parameters
    ----------
    budget : float, default=None
        e >= 0, in nats: what you know the weak model's error to be at most, on other rows, say.
        None: the upper end of the interval of its cross-entropy here (of KL(F* || F_w) where the
        truth is given by probabilities), from the rows that have a label; where some have none, the
        student stands in for it (prediction-powered).
    confidence_level : float, default=0.95

    Attributes
    ----------
    estimate_ : float
        The gain; NaN without truth; prediction-powered as in `KLSandwich`.
    lower_, upper_ : float
        Limits of the gain on this sample. `table_` has their intervals for a population, at the
        multipliers found; they take the budget as given.
    budget_ : float
        e, as given or estimated; what is known of it stands in `assumptions_`.
    multipliers_ : tuple of two floats
        lambda of the lower and of the upper end, by how much an end moves as the budget does; 0
        where the budget does not bind, infinite at e = 0.
    interval_, method_, holds_, assumptions_, table_
        As in every bound. The table has the two ends and, around them, those of the envelope.

    Raises
    ------
    ValueError
        In `fit`, also if the budget is negative, there is neither a budget nor a truth, or the gain
        is infinity minus infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import BudgetedEnvelope, KLSandwich
    >>> weak = np.array([[0.6, 0.4], [0.5, 0.5]])
    >>> student = np.array([[0.8, 0.2], [0.3, 0.7]])
    >>> for bound in KLSandwich(), BudgetedEnvelope(budget=0.1):
    ...     found = bound.fit(weak, student)
    ...     print(round(found.lower_, 3), round(found.upper_, 3))
    -0.602 0.312
    -0.299 0.099

    Without a budget, labels give one. With few of them it is large and may not bind:

    >>> bound = BudgetedEnvelope().fit(weak, student, [0, 0])
    >>> round(bound.budget_, 3), round(bound.upper_, 3), bound.multipliers_[1]
    (0.781, 0.312, 0.0)
    """

    def __init__(self, *, budget: float | None = None, confidence_level: float = 0.95) -> None:
        self.budget = budget
        self.confidence_level = confidence_level

    def _fit(
        self, y_weak: Any, y_student: Any, y_true: Any, *, sample_weight: Any, **unused: Any
    ) -> Self:
        level = check_confidence_level(self.confidence_level)
        data = check_class_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
        warn_of_hard_labels(data)
        weak, student, weight = data.weak, data.student, data.weight
        facts = row_facts(weak, student, data.truth)
        error = _weak_error(data, level)
        self.budget_ = self._check_budget(None if error is None else error.high)
        upper = tilted_supremum(weak, student, self.budget_, weight)
        lower = tilted_supremum(weak, student, self.budget_, weight, sign=-1)
        self.multipliers_ = lower.multiplier, upper.multiplier
        # The student's own belief, sum_j s_j log(s_j / w_j), stands in for truths not known.
        gain, sampling = mean_of_known_rows(facts.gain, facts.reverse, weight, level)
        table = [
            _end("budgeted, low end", lower, weight, level, sign=-1),
            _end("budgeted, high end", upper, weight, level, sign=1),
            Quantity("envelope, low end", *mean_of_rows(facts.low, weight, level)),
            Quantity("envelope, high end", *mean_of_rows(facts.high, weight, level)),
            Quantity("budget", self.budget_),
        ]
        if error is not None:
            table.append(Quantity("weak model's error", *error))
        return self._conclude(
            gain,
            -lower.value,
            upper.value,
            table=table,
            assumptions=[
                FRESH_ROWS,
                self._on_budget(error, data),
                *sampling,
            ],
            comparable=not sampling,
        )

    def _check_budget(self, limit: float | None) -> float:
        if self.budget is None:
            if limit is None:
                raise ValueError("budget must be given where y_true has no label; found None.")
            return max(limit, 0.0)
        if not is_number(self.budget) or not self.budget >= 0:
            raise ValueError(
                f"budget must be None or a number from 0 up; found {shown(self.budget)}."
            )
        return float(self.budget)

    def _on_budget(self, error: Interval | None, data: Predictions) -> Assumption:
        name = f"d(truth, weak model) is at most the budget, {self.budget_:.4g}"
        if self.budget is None:
            return Assumption(f"{name}, an upper confidence limit", "not checked")
        if data.truth is None or error is None:
            return Assumption(name, "not checked")
        least, most = error.estimate, error.estimate
        if not data.complete:
            least, most = error.low, error.high
        if most <= self.budget_:
            return Assumption(name, "held")
        # The cross-entropy of labels is above d by the entropy of the truth.
        refuted = least > self.budget_ and data.truth.labels is None
        return Assumption(name, "violated" if refuted else "not checked")


def _weak_error(data: Predictions, confidence_level: float) -> Interval | None:
    """Mean of -log w_y, or of KL(F* || w); None without truth.

    In rows without truth the student stands in for it.
    """
    if data.truth is None:
        return None
    soft = data.truth.rows
    error, guess = np.empty((2, len(data.weak)))
    for block in blocks(*data.weak.shape):
        w, s = distributions(data.weak[block]), distributions(data.student[block])
        with np.errstate(divide="ignore", invalid="ignore"):
            score = -np.log(w)
            log_s = np.log(s)
            expected = s * (score if soft is None else score + log_s)
            guess[block] = np.where(s > 0, expected, 0.0).sum(axis=1)
            if soft is not None:
                score += np.log(soft[block])
        error[block] = np.maximum(data.truth.expect(score, block), 0.0)
    return mean_of_known_rows(error, guess, data.weight, confidence_level)[0]


def _end(
    name: str,
    found: Tilted,
    weight: np.ndarray | None,
    confidence_level: float,
    *,
    sign: int,
) -> Quantity:
    """End of the gain's limits, with the interval of its mean over rows at a fixed lambda."""
    mean = mean_of_rows(found.rows, weight, confidence_level)
    spent = found.value - mean.estimate if np.isfinite(found.value) else 0.0
    low, high = sorted((sign * (mean.low + spent), sign * (mean.high + spent)))
    return Quantity(name, sign * found.value, low, high, mean.method)
