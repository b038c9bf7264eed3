"""Certificate of the misfit-gain inequality for any student, without truth (theory 9.1)."""

from __future__ import annotations

from typing import Any, Self

from w2s_stats._validation import check_confidence_level
from w2s_stats.bounds._base import Assumption, Quantity
from w2s_stats.bounds._classes import FunctionClass, extreme_gaps
from w2s_stats.bounds._gain import GainBound, divergence_rows, errors, mean
from w2s_stats.bounds._inputs import check_predictions
from w2s_stats.bounds._parameters import check_divergence


class GainCertificate(GainBound):
    r"""Limits of the gain of any student whatever truth a convex class holds (theory 9.1).

    .. math::
        \text{gain} - \text{misfit}
        = E\langle F^* - F_{sw}, \nabla\phi(F_{sw}) - \nabla\phi(F_w)\rangle
        \ge -\sup_{f \in \mathcal F}
        E\langle F_{sw} - f, \nabla\phi(F_{sw}) - \nabla\phi(F_w)\rangle,

    and likewise from above. It needs no truth and no optimal student: early stopping, a penalty, or
    another loss only widen it. For the student that projects the weak model onto the class the
    supremum is zero and the limit is the misfit; see theory 2.1 and 2.2. A supremum over a sample
    is too large on average, so the lower limit errs downwards. `fit` takes any numbers, in one
    column or several; noisy labels will do as truth, for the gain is linear in it.

    Parameters
    ----------
    function_class : object with a method ``maximizer(direction, weight)``
        A convex class that holds the truth, on the rows of the predictions: `NormBall`,
        `ConvexHull`, `PositiveHeads`, or your own. For divergences of probabilities it must be
        convex in probability; softmax heads are not.
    divergence : Bregman divergence of `w2s_stats.divergences`, default=None
        None: squared error.
    confidence_level : float, default=0.95
    n_resamples : int, default=2000
        Of the bootstrap; above 20,000 rows Wald's intervals are as good, and taken.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    estimate_ : float
        The gain, NaN without truth.
    lower_, upper_ : float
        Smallest and largest gain that a truth in the class can give.
    interval_, method_, holds_, assumptions_, table_
        As for every bound. The table has the limits' own intervals over new rows.

    Raises
    ------
    ValueError
        In `fit`, also if predictions lie outside the divergence's domain.

    See Also
    --------
    MisfitGain : For students that are known to be projections.

    Examples
    --------
    A student that stopped half way, in a class that holds the truth:

    >>> import numpy as np
    >>> from w2s_stats.bounds import GainCertificate, NormBall
    >>> rng = np.random.default_rng(0)
    >>> h = rng.normal(size=(400, 3))
    >>> y_true = h @ [1.0, -1.0, 0.5]
    >>> y_weak = y_true + 2.0 * rng.normal(size=400)
    >>> y_student = 0.8 * h @ np.linalg.lstsq(h, y_weak)[0]
    >>> bound = GainCertificate(NormBall(h, radius=1.6), random_state=0).fit(y_weak, y_student)
    >>> round(bound.lower_, 2), round(bound.upper_, 2)
    (3.98, 5.9)
    >>> bound.fit(y_weak, y_student, y_true).holds_
    True
    """

    def __init__(
        self,
        function_class: FunctionClass,
        divergence: Any = None,
        *,
        confidence_level: float = 0.95,
        n_resamples: int = 2000,
        random_state: Any = None,
    ) -> None:
        self.function_class = function_class
        self.divergence = divergence
        self.confidence_level = confidence_level
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _fit(
        self, y_weak: Any, y_student: Any, y_true: Any, *, sample_weight: Any, **unused: Any
    ) -> Self:
        check_confidence_level(self.confidence_level)
        data = check_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
        divergence = check_divergence(self.divergence)
        misfit = divergence_rows(divergence, "y_student", data.student, "y_weak", data.weak, data)
        below, above = extreme_gaps(self.function_class, divergence, data)
        lowest, highest = misfit - below, misfit + above

        table = [
            Quantity("misfit", *self._mean(misfit, data.weight)),
            Quantity("misfit - lower limit", mean(below, data.weight)),
            Quantity("lower limit, new rows", *self._mean(lowest, data.weight)),
            Quantity("upper limit, new rows", *self._mean(highest, data.weight)),
        ]
        return self._conclude_gain(
            errors(divergence, data),
            misfit,
            data,
            mean(lowest, data.weight),
            mean(highest, data.weight),
            table=table,
            assumptions=[
                Assumption("The truth lies in function_class, a convex class", "not checked")
            ],
        )
