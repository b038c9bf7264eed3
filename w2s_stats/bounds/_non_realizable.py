"""Gain of a least-squares student whose class does not hold the truth (theory 9.1, 2.4)."""

from __future__ import annotations

from math import sqrt
from typing import Any, Self

import numpy as np

from w2s_stats._validation import whole_or_nothing
from w2s_stats.bounds._base import Assumption, Quantity
from w2s_stats.bounds._classes import FunctionClass, extreme_member
from w2s_stats.bounds._finite_sample import finite_sample_terms
from w2s_stats.bounds._gain import (
    ROUNDING,
    GainBound,
    cancelled,
    inner,
    mean,
    rows_of,
    sampling,
)
from w2s_stats.bounds._inputs import Predictions, check_predictions
from w2s_stats.bounds._intervals import Interval, check_confidence_level
from w2s_stats.bounds._parameters import check_not_negative


class NonRealizableGain(GainBound):
    r"""Least gain, in squared error, where the truth is outside the student's class (theory 9.1).

    .. math::
        \text{gain} \ge I - 2\sqrt{\varepsilon I} - 2v, \qquad
        I = d(F_{sw}, F_w), \quad \varepsilon = d(F_s, F^*),

    for any member F_s of a convex class, the ceiling say, and the student of least squares on the
    weak labels. v = sup_f |(E - E_n)<F_s - f, f - F_w>| is what fresh rows differ by from the rows
    the student learned from: 0 on those rows themselves, O(sqrt(C/n)) on others, where Theorem 2 of
    [C24] has the fourth root; that older limit is in the table with all its terms (theory 2.4).

    With `function_class` neither v nor an optimal student is needed: 2 v gives way to
    2 sup_f E<F_sw - f, F_sw - F_w> on these rows, as in `GainCertificate`, and there is a limit
    from above.

    Parameters
    ----------
    function_class : object with a method ``maximizer(direction, weight)``, default=None
        The student's convex class on the rows of the predictions: `NormBall`, `ConvexHull`, ...
    epsilon : float, default=None
        A known upper limit of d(F_s, F*), for use without truth or ceiling. None: measured. Noise
        in `y_true` counts as distance, which makes the limit loose but not false.
    width : float, default=0.0
        The v above, for students that are projections on other rows.
    confidence_level : float, default=0.95
    n_resamples : int, default=2000
        Of the bootstrap; above 20,000 rows Wald's intervals are as good, and taken.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    estimate_ : float
        The gain, NaN without truth.
    lower_, upper_ : float
        `upper_` is infinite without `function_class`.
    interval_, method_, holds_, assumptions_, table_
        As for every bound.

    Raises
    ------
    ValueError
        In `fit`, if arrays differ in shape or are not finite, or nothing tells epsilon: it needs
        `epsilon`, or `y_true` and `y_ceiling` in one row at least.

    References
    ----------
    Charikar, Pabbaraju and Shiragur (2024), Quantifying the Gain in Weak-to-Strong Generalization,
    Theorem 2.

    Examples
    --------
    A truth with a bend, and linear students of exact least squares:

    >>> import numpy as np
    >>> from w2s_stats.bounds import NonRealizableGain, project_least_squares
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(500, 4))
    >>> y_true = h.sum(axis=1) + 0.1 * h[:, 0] ** 2
    >>> y_weak = y_true + 2.0 * rng.normal(size=500)
    >>> student = project_least_squares(h, y_weak).fitted
    >>> ceiling = project_least_squares(h, y_true).fitted
    >>> bound = NonRealizableGain(random_state=0).fit(y_weak, student, y_true, y_ceiling=ceiling)
    >>> round(bound.lower_, 2), round(bound.estimate_, 2), bound.holds_
    (3.2, 3.82, True)
    """

    def __init__(
        self,
        function_class: FunctionClass | None = None,
        *,
        epsilon: float | None = None,
        width: float = 0.0,
        confidence_level: float = 0.95,
        n_resamples: int = 2000,
        random_state: Any = None,
    ) -> None:
        self.function_class = function_class
        self.epsilon = epsilon
        self.width = width
        self.confidence_level = confidence_level
        self.n_resamples = n_resamples
        self.random_state = random_state

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
        """Compute the limits, and the gain where rows have a truth.

        Parameters
        ----------
        y_weak, y_student : array-like of shape (n_samples,) or (n_samples, n_columns)
            Predictions.
        y_true : array-like, default=None
            Of the same shape, NaN where a row has none.
        y_ceiling : array-like, default=None
            Predictions of F_s, any member of the student's class; the nearer the truth the better.
        neighbors : ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        check_confidence_level(self.confidence_level)
        check_not_negative("width", self.width)
        data = check_predictions(
            y_weak, y_student, y_true, y_ceiling=y_ceiling, sample_weight=sample_weight
        )
        move = data.student - data.weak
        misfit = inner(move, move).astype(np.float64)
        I, epsilon = mean(misfit, data.weight), self._epsilon(data)
        outside = 2.0 * sqrt(epsilon.estimate * I)

        lower, upper = I - outside - 2.0 * self.width, np.inf
        gap = Quantity("2 v, given", 2.0 * self.width)
        if self.function_class is not None:
            worst = extreme_member(self.function_class, -2.0 * move, data.weight)
            best = extreme_member(self.function_class, 2.0 * move, data.weight)
            below = 2.0 * inner(data.student - worst, move)
            lower = I - mean(below, data.weight) - outside
            upper = I + mean(2.0 * inner(best - data.student, move), data.weight) + outside
            gap = Quantity("2 sup E<F_sw - f, F_sw - F_w>", *self._mean(below, data.weight))

        estimate, lost, printed = None, 0.0, []
        if data.truth is not None:
            weak_gap = data.truth - data.weak[data.labelled]
            student_gap = data.truth - data.student[data.labelled]
            weak_error, student_error = inner(weak_gap, weak_gap), inner(student_gap, student_gap)
            estimate = self._gain(weak_error - student_error, misfit, data)
            lost = cancelled(weak_error, student_error, data)
            if data.ceiling is not None:
                printed = finite_sample_terms(data, width=self.width)
        table = [
            Quantity("misfit", *self._mean(misfit, data.weight)),
            Quantity("epsilon = d(F_s, F*)", *epsilon),
            Quantity("2 sqrt(epsilon misfit)", outside),
            gap,
            *printed,
        ]
        return self._conclude(
            estimate,
            lower,
            upper,
            table=table,
            assumptions=[*self._assumptions(), *sampling(data)],
            rounding=ROUNDING[data.student.dtype],
            cancelled=lost,
            comparable=data.comparable,
        )

    def _epsilon(self, data: Predictions) -> Interval:
        if self.epsilon is not None:
            check_not_negative("epsilon", self.epsilon)
            return Interval(float(self.epsilon), np.nan, np.nan, "given")
        if data.truth is None or data.ceiling is None:
            raise ValueError(
                "epsilon must be given where y_true or y_ceiling is not: it is the distance of the "
                "two, and what the student's class misses of the truth."
            )
        miss = data.truth - data.ceiling[data.labelled]
        return self._mean(inner(miss, miss), rows_of(data.weight, data.labelled))

    def _assumptions(self) -> list[Assumption]:
        convex = Assumption("The student's class is convex and holds y_ceiling", "not checked")
        if self.function_class is not None:
            return [convex]
        where = "these rows" if self.width == 0 else "rows that differ from these by width"
        return [
            convex,
            Assumption(
                f"The student is of exact, unpenalised least squares on {where}", "not checked"
            ),
        ]
