"""The envelope of the gain, given that the weak model is not too wrong, theory 9.2."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._validation import check_weight, whole_or_nothing
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._intervals import check_confidence_level
from w2s_stats.bounds._log_ratio import check_pair, distributions, row_blocks, row_facts
from w2s_stats.bounds._row_means import FRESH_ROWS, mean_of_known_rows, mean_of_rows
from w2s_stats.bounds._tilting import Tilted, tilted_supremum
from w2s_stats.bounds._truth import Truth, check_truth


class BudgetedEnvelope(Bound):
    r"""Limits of the gain in KL over all truths within a divergence of the weak model (theory 9.2).

    If d(F*, F_w) <= e, an upper limit of the weak model's cross-entropy will do, then

    .. math:: gain \le \inf_{\lambda > 0} \lambda e
              + \lambda E \log \sum_j F_{w,j} (F_{sw,j} / F_{w,j})^{1/\lambda},

    and gain >= minus the same with the ratio inverted. Both are attained, by the tilted truths
    F* ~ F_w (F_sw / F_w)^{+-1/lambda}. A budget that does not bind gives the envelope of
    `KLSandwich` (lambda = 0), without the classes that the weak model excludes; at e = 0 both ends
    are -d(F_w, F_sw). This is ours, not a paper's.

    Parameters
    ----------
    budget : float, default=None
        e >= 0, in nats. None: the upper end of the normal interval of the weak model's
        cross-entropy (of KL(F* || F_w) where the truth is given by probabilities) in the labelled
        rows.
    confidence_level : float, default=0.95

    Attributes
    ----------
    estimate_ : float
        The gain; NaN without truth; prediction-powered as in `KLSandwich`.
    lower_, upper_ : float
        Limits of the gain on this sample. `table_` has their intervals for a population, at the
        multipliers found; they take the budget as given.
    budget_ : float
    multipliers_ : tuple of two floats
        lambda of the lower and of the upper end; 0 where the budget does not bind.
    interval_, method_, holds_, assumptions_, table_
        As in every bound.

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
    """

    def __init__(self, *, budget: float | None = None, confidence_level: float = 0.95) -> None:
        self.budget = budget
        self.confidence_level = confidence_level

    @whole_or_nothing
    def fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any = None,
        *,
        y_ceiling: Any = None,
        neighbors: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Minimise the two convex duals in lambda, and estimate the gain where there is truth.

        Parameters
        ----------
        y_weak, y_student : array-like of shape (n_samples, n_classes) or (n_samples,)
            Class probabilities; one dimension: the positive class's.
        y_true : array-like of shape (n_samples,) or (n_samples, n_classes), default=None
            Class labels or probabilities, NaN where a row has no label.
        y_ceiling, neighbors : ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If rows are no distributions, shapes differ, a label is no class, the gain is infinity
            minus infinity, the budget is negative, or there is neither a budget nor a truth.
        """
        level = check_confidence_level(self.confidence_level)
        weak, student = check_pair(y_weak, y_student)
        truth = check_truth(y_true, *weak.shape)
        weight = check_weight(sample_weight, weak)
        facts = row_facts(weak, student, truth, weight)
        error = None if truth is None else mean_of_rows(*_weak_error(weak, truth, weight), level)
        self.budget_ = self._check_budget(None if error is None else error.high)
        upper = tilted_supremum(weak, student, self.budget_, weight)
        lower = tilted_supremum(weak, student, self.budget_, weight, sign=-1)
        self.multipliers_ = lower.multiplier, upper.multiplier
        # The student's own belief, sum_j s_j log(s_j / w_j), stands in for truths not known.
        gain, sampling = mean_of_known_rows(facts.gain, facts.reverse, facts.weight, level)
        table = [
            _end("budgeted, low end", lower, weight, level, sign=-1),
            _end("budgeted, high end", upper, weight, level, sign=1),
            Quantity("envelope, low end", *mean_of_rows(facts.low, facts.weight, level)),
            Quantity("envelope, high end", *mean_of_rows(facts.high, facts.weight, level)),
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
                self._on_budget(None if error is None else error.estimate, truth),
                *sampling,
            ],
            comparable=not sampling,
        )

    def _check_budget(self, limit: float | None) -> float:
        if self.budget is None:
            if limit is None:
                raise ValueError("budget must be given where y_true has no label, found None.")
            return limit
        if not isinstance(self.budget, int | float | np.number) or not self.budget >= 0:
            raise ValueError(f"budget must be None or a number >= 0, found {self.budget!r}.")
        return float(self.budget)

    def _on_budget(self, error: float | None, truth: Truth | None) -> Assumption:
        name = f"d(truth, weak model) is at most the budget, {self.budget_:.4g}"
        if self.budget is None:
            return Assumption(f"{name}, an upper confidence limit", "not checked")
        if truth is None or error is None:
            return Assumption(name, "not checked")
        if error <= self.budget_:
            return Assumption(name, "held")
        # The cross-entropy of labels is above d by the entropy of the truth.
        return Assumption(name, "violated" if truth.labels is None else "not checked")


def _weak_error(
    weak: np.ndarray, truth: Truth, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """-log w_y, or KL(F* || w), of each labelled row, and the rows' weights."""
    error = np.empty(len(weak))
    for block in row_blocks(*weak.shape):
        w = distributions(weak[block])
        with np.errstate(divide="ignore"):
            score = -np.log(w)
            if truth.rows is not None:
                score += np.log(truth.rows[block])
        error[block] = truth.expect(score, block)
    counted = truth.known if weight is None else truth.known & (weight > 0)
    return np.maximum(error[counted], 0.0), None if weight is None else weight[counted]


def _end(
    name: str,
    found: Tilted,
    weight: np.ndarray | None,
    confidence_level: float,
    *,
    sign: int,
) -> Quantity:
    """End of the gain's limits, with the interval of its mean over rows at a fixed lambda."""
    rows = found.rows if weight is None else found.rows[weight > 0]
    kept = None if weight is None else weight[weight > 0]
    mean = mean_of_rows(rows, kept, confidence_level)
    spent = found.value - mean.estimate if np.isfinite(found.value) else 0.0
    low, high = sorted((sign * (mean.low + spent), sign * (mean.high + spent)))
    return Quantity(name, sign * found.value, low, high, mean.method)
