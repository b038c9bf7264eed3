"""Gain of a least-squares student whose class does not hold the truth (theory 9.1, 2.4)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import Interval
from w2s_stats._validation import check_choice, check_confidence_level, shown
from w2s_stats.bounds._base import Assumption, Quantity
from w2s_stats.bounds._classes import FunctionClass, extreme_gaps
from w2s_stats.bounds._finite_sample import (
    SQUARED,
    at_most,
    epsilon_of,
    finite_sample_terms,
    on_few_labels,
    on_width,
    root_of,
)
from w2s_stats.bounds._gain import (
    STUDENT_CLASSES,
    GainBound,
    divergence_rows,
    errors,
    mean,
)
from w2s_stats.bounds._inputs import Predictions, check_predictions
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
    For a linear or affine space the gain is at most I + 2 sqrt(epsilon I) + 2 v as well.

    With `function_class` neither v nor an optimal student is needed: 2 v gives way to
    2 sup_f E<F_sw - f, F_sw - F_w> on these rows, as in `GainCertificate`, and there is a limit
    from above. `fit` takes any numbers, in one column or several.

    Parameters
    ----------
    function_class : object with a method ``maximizer(direction, weight)``, default=None
        The student's convex class on the rows of the predictions: `NormBall`, `ConvexHull`, ...
    epsilon : float, default=None
        A known upper limit of d(F_s, F*), for use without truth or ceiling. None: measured; where
        few rows have a truth the limits are of the upper end of its interval, which is asymptotic:
        of 30 labels it is too low in 4 of 100 samples with normal F_s - F*, and in up to 14 with
        long tails. Noise in `y_true` counts as distance, which makes the limit loose but not false.
    student_class : {"convex", "affine"}, default="convex"
        "affine": a linear or affine space of predictions, in whose interior the student lies; there
        is then a limit from above. Not with `function_class`, which needs no such student.
    width : float, default=0.0
        The v above, for students that are projections on other rows. Not with `function_class`.
    confidence_level : float, default=0.95
    n_resamples : int, default=2000
        Of the bootstrap; above 20,000 rows Wald's intervals are as good, and taken.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    estimate_ : float
        The gain, NaN without truth.
    lower_, upper_ : float
        `upper_` is infinite for a convex class that `function_class` does not tell.
    interval_, method_, holds_, assumptions_, table_
        As for every bound.

    Raises
    ------
    ValueError
        In `fit`, also if a parameter does not go with `function_class`, or nothing tells epsilon:
        it needs `epsilon`, or `y_true` and `y_ceiling` in one row at least.

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
        student_class: str = "convex",
        width: float = 0.0,
        confidence_level: float = 0.95,
        n_resamples: int = 2000,
        random_state: Any = None,
    ) -> None:
        self.function_class = function_class
        self.epsilon = epsilon
        self.student_class = student_class
        self.width = width
        self.confidence_level = confidence_level
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any,
        *,
        y_ceiling: Any,
        sample_weight: Any,
        **unused: Any,
    ) -> Self:
        check_confidence_level(self.confidence_level)
        check_not_negative("width", self.width)
        check_choice("student_class", self.student_class, STUDENT_CLASSES)
        self._check_no_optimal_student()
        data = check_predictions(
            y_weak, y_student, y_true, y_ceiling=y_ceiling, sample_weight=sample_weight
        )
        misfit = divergence_rows(SQUARED, "y_student", data.student, "y_weak", data.weak, data)
        total = self._mean(misfit, data.weight)
        I, epsilon = total.estimate, self._given_or_measured(data)
        outside = 2.0 * root_of(at_most(epsilon, data), I)

        lower, upper = I - outside - 2.0 * self.width, np.inf
        if self.student_class == "affine":
            upper = I + outside + 2.0 * self.width
        gap = Quantity("2 v, given", 2.0 * self.width)
        if self.function_class is not None:
            below, above = extreme_gaps(self.function_class, SQUARED, data)
            lower = I - mean(below, data.weight) - outside
            upper = I + mean(above, data.weight) + outside
            gap = Quantity("2 sup E<F_sw - f, F_sw - F_w>", *self._mean(below, data.weight))

        known, printed = errors(SQUARED, data), []
        if known is not None and data.ceiling is not None:
            of_weak, of_student = (self._labelled_mean(error, misfit, data) for error in known)
            printed = [
                Quantity("error of the weak model", *of_weak),
                Quantity("error of the student", *of_student),
                *finite_sample_terms(
                    self,
                    data,
                    epsilon=epsilon,
                    weak_error=of_weak,
                    student_error=of_student,
                    misfit=total,
                    width=self.width,
                ),
            ]
        table = [
            Quantity("misfit", *total),
            Quantity("epsilon = d(F_s, F*)", *epsilon),
            Quantity("2 sqrt(epsilon misfit)", outside),
            gap,
            *printed,
        ]
        return self._conclude_gain(
            known,
            misfit,
            data,
            lower,
            upper,
            table=table,
            assumptions=[
                *self._assumptions(),
                self._on_epsilon(epsilon, data),
                *([on_width(self.width), *on_few_labels(data)] if printed else []),
            ],
        )

    def _check_no_optimal_student(self) -> None:
        """What is said of an optimal student does not go with `function_class`."""
        if self.function_class is None:
            return
        for name, value, none in (
            ("width", self.width, 0),
            ("student_class", self.student_class, "convex"),
        ):
            if value != none:
                raise ValueError(
                    f"{name} must be {none!r} with function_class, whose limits need no optimal "
                    f"student; found {shown(value)}."
                )

    def _given_or_measured(self, data: Predictions) -> Interval:
        if self.epsilon is not None:
            check_not_negative("epsilon", self.epsilon)
            return Interval(float(self.epsilon), np.nan, np.nan, "given")
        if data.truth is None or data.ceiling is None:
            raise ValueError(
                "epsilon must be given where y_true or y_ceiling is not: it is the distance of the "
                "two, and what the student's class misses of the truth; found None."
            )
        return epsilon_of(self, data)

    def _on_epsilon(self, epsilon: Interval, data: Predictions) -> Assumption:
        name = f"epsilon = d(F_s, F*) is at most {at_most(epsilon, data):.4g}"
        if self.epsilon is not None:
            return Assumption(f"{name}, as given", "not checked")
        if data.complete:
            return Assumption(f"{name}, measured on these rows", "held")
        return Assumption(f"{name}, an upper confidence limit", "not checked")

    def _assumptions(self) -> list[Assumption]:
        kind = self.student_class
        convex = Assumption(f"The student's class is {kind} and holds y_ceiling", "not checked")
        if self.function_class is not None:
            return [convex]
        where = "these rows" if self.width == 0 else "rows that differ from these by width"
        return [
            convex,
            Assumption(
                f"The student is of exact, unpenalised least squares on {where}", "not checked"
            ),
        ]
