"""What every bound answers: an estimate, its limits, whether they held, what it assumes."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from w2s_stats._summary import interval_table, summary_of
from w2s_stats._validation import check_alignment, whole_or_nothing
from w2s_stats.bounds._glossary import explained
from w2s_stats.bounds._verdict import Excess, excess_of, verdict

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary

STATUSES = ("held", "violated", "not checked")


class Assumption(NamedTuple):
    """A sentence that a bound rests on, and what is known of it.

    In every bound's `assumptions_`.

    Attributes
    ----------
    name : str
        The sentence.
    status : str
        "held", "violated" or "not checked".

    Examples
    --------
    >>> from w2s_stats.bounds import ErrorFloor
    >>> ErrorFloor().fit([0.2, 0.6], [0.4, 0.6]).assumptions_[0].status
    'not checked'
    """

    name: str
    status: str


class Quantity(NamedTuple):
    """A number of a bound's table, with its interval (NaN where it has none) and the method.

    Attributes
    ----------
    name : str
    value, low, high : float
    method : str
        Of the interval; empty where there is none.

    Examples
    --------
    >>> from w2s_stats.bounds import ErrorFloor
    >>> bound = ErrorFloor(loss="zero-one").fit([0.2, 0.6], [0.4, 0.1])
    >>> {row.name: row.value for row in bound.table_}["floor"]
    0.5
    """

    name: str
    value: float
    low: float = np.nan
    high: float = np.nan
    method: str = ""


class Bound(BaseEstimator, metaclass=ABCMeta):
    """Base of the bounds: `_fit` concludes with `_conclude`, `summary` prints what it left.

    A bound follows scikit-learn's conventions for parameters; what it is fitted on are
    predictions, not features, so it is none of scikit-learn's estimators.

    Attributes
    ----------
    estimate_ : float
        The bounded quantity, NaN without truth.
    lower_, upper_ : float
        The bound on this sample, infinite on an open side.
    interval_ : tuple of two floats
        Of `estimate_`, by `method_`.
    method_ : str
    holds_ : bool or None
        Whether `estimate_` lies between the limits, up to rounding. None without truth, and where
        only some rows are labelled: estimate and limits are then means over different rows, and a
        true inequality can fail between them. (Likewise where labels are right on average only, as
        corrected ones.) `summary` then says, as it does where this is False, what the interval of
        "gain - misfit" tells of the inequality, for bounds that have one; of others compare
        `interval_` with the limits.
    assumptions_ : list of Assumption
    table_ : list of Quantity
        Every other quantity, under a name of its own.

    Examples
    --------
    A bound of one's own: a student cannot gain more than its weak model has to lose.

    >>> import numpy as np
    >>> from w2s_stats.bounds import Bound
    >>> class AtMostTheWeakError(Bound):
    ...     def __init__(self, *, confidence_level=0.95):
    ...         self.confidence_level = confidence_level
    ...
    ...     def _fit(self, y_weak, y_student, y_true, **unused):
    ...         if y_true is None:
    ...             return self._conclude(None, -np.inf, np.inf, table=[], assumptions=[])
    ...         weak = np.mean(np.subtract(y_true, y_weak) ** 2)
    ...         student = np.mean(np.subtract(y_true, y_student) ** 2)
    ...         estimate = (weak - student, np.nan, np.nan, "")
    ...         return self._conclude(estimate, -np.inf, weak, table=[], assumptions=[])
    >>> bound = AtMostTheWeakError().fit([0.0, 2.0], [0.5, 1.0], [1.0, 1.0])
    >>> bound.estimate_, bound.upper_, bound.holds_
    (0.875, 1.0, True)
    >>> from w2s_stats.testing import check_bound
    >>> from w2s_stats.testing.strategies import model_triples, real_rows
    >>> check_bound(AtMostTheWeakError(), model_triples(real_rows), max_examples=20)
    """

    confidence_level: float
    _excess: Excess | None = None

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
        """Compute the bound on predictions for the same rows, of the kind that the class is for.

        Parameters
        ----------
        y_weak, y_student : array-like of shape (n_samples,) or (n_samples, n_columns)
            Predictions of the weak model and of the student: any numbers; or class probabilities,
            a column a class or, in one dimension, the positive class's. Rows are taken by their
            position; data frames that differ in index or columns are refused, here and below.
        y_true : array-like of shape (n_samples,) or (n_samples, n_columns), default=None
            The truth in the form of the predictions, or class labels 0, 1, ... where they have
            classes; NaN, or masked, where a row has none. None: no row has.
        y_ceiling : array-like of the shape of `y_weak`, default=None
            Predictions of F_s, a member of the student's class. Ignored by most.
        neighbors : array-like of shape (n_samples, n_neighbors), or sparse (n_samples, n_samples)
            The rows next to each row, by number (-1 fills up), or a graph of scikit-learn. Which
            rows are neighbours must not depend on labels. Ignored by most.
        sample_weight : array-like of shape (n_samples,), default=None
            Importance weights: estimates and limits are weighted means, so that weight 2 there is
            the row twice. In intervals it is not: a row is one observation, whatever it weighs
            (n stays, and uneven weights widen). For rows that were seen twice, repeat them. Rows of
            weight zero are left out. Intervals that hold at every n are for rows without weights.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If arrays differ in shape or are not of the kind, data frames in their columns or index,
            a label is no class, or a parameter is not what it should be: one sentence, and nothing
            is half-fitted.

        Warns
        -----
        UserWarning
            If a bound that takes logarithms of probabilities finds only 0 and 1 in `y_weak` or
            `y_student`: hard labels, most likely.
        """
        check_alignment(
            y_weak=y_weak,
            y_student=y_student,
            y_true=y_true,
            y_ceiling=y_ceiling,
            sample_weight=sample_weight,
        )
        return self._fit(
            y_weak,
            y_student,
            y_true,
            y_ceiling=y_ceiling,
            neighbors=neighbors,
            sample_weight=sample_weight,
        )

    @abstractmethod
    def _fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any,
        *,
        y_ceiling: Any,
        neighbors: Any,
        sample_weight: Any,
    ) -> Self:
        """What `fit` does. A class takes by name what it uses, and the rest as `**unused`."""

    def _conclude(
        self,
        estimate: tuple[float, float, float, str] | None,
        lower: float,
        upper: float,
        *,
        table: Sequence[Quantity],
        assumptions: Sequence[Assumption],
        rounding: float = 1e-9,
        cancelled: float = 0.0,
        comparable: bool = True,
        excess: Quantity | None = None,
    ) -> Self:
        """Set all fitted attributes at once; `estimate` is an Interval, None without truth.

        `rounding` is relative to the largest finite number of the three compared; `cancelled` is
        the rounding of larger numbers that the estimate is the difference of. `comparable` says
        whether the estimate is the sample's value over the very rows of the limits. `excess` is
        the estimate less the lower limit, with the interval of their difference.
        """
        for assumption in assumptions:
            if assumption.status not in STATUSES:
                raise ValueError(
                    f"status must be one of {', '.join(STATUSES)}; found {assumption.status!r}."
                )
        names = [row.name for row in table]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"table must have rows of different names; found {twice!r} twice.")
        value, low, high, method = estimate or (np.nan, np.nan, np.nan, "")
        self.estimate_ = float(value)
        self.lower_, self.upper_ = float(lower), float(upper)
        self.interval_ = float(low), float(high)
        self.method_ = method
        self.holds_ = None
        compared = np.array([self.estimate_, self.lower_, self.upper_])
        slack = rounding * np.abs(compared[np.isfinite(compared)]).max(initial=0.0)
        slack += cancelled
        self._excess = excess_of(excess, self.upper_ - self.lower_, slack)
        if comparable and not np.isnan(self.estimate_):
            self.holds_ = bool(self.lower_ - slack <= self.estimate_ <= self.upper_ + slack)
        self.assumptions_ = list(assumptions)
        self.table_ = list(table)
        return self

    def summary(self) -> Summary:
        """Table of the estimate, its limits and every other quantity, with the assumptions below.

        Returns
        -------
        statsmodels.iolib.summary.Summary
            Prints as text; has `as_text`, `as_html`, `as_latex`.
        """
        check_is_fitted(self, "table_")
        rows = [
            Quantity("estimate", self.estimate_, *self.interval_, self.method_),
            Quantity("lower limit", self.lower_),
            Quantity("upper limit", self.upper_),
            *self.table_,
        ]
        table = interval_table(type(self).__name__, rows, self.confidence_level)
        assumptions = [f"{a.name}: {a.status}." for a in self.assumptions_]
        words = explained([*(f"{row.name} {row.method}" for row in rows), *assumptions])
        return summary_of([table], [verdict(self), *assumptions, *words])
