"""Errors that a student corrects because correct rows in the neighbourhood make it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._validation import whole_or_nothing
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._intervals import (
    Interval,
    check_confidence_level,
    normal_mean,
    power_tuning,
)
from w2s_stats.bounds._intervals import prediction_powered_mean as powered_mean
from w2s_stats.bounds._labels import check_classes, predicted_labels, true_labels
from w2s_stats.bounds._neighborhoods import (
    Rows,
    distinguish,
    edges,
    expansion_limit,
    expansion_of,
    printed_limit,
)
from w2s_stats.bounds._parameters import is_number
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM


class ExpansionBound(Bound):
    r"""Limit of a student's error from its neighbourhoods: weak labels are corrected by expansion.

    With weak labels w of error a, student f, U the rows where f = w = y and f agrees with all
    neighbours, N(U) their neighbours of the same class:

    .. math:: P(f \ne y) \le P(f \ne w) + a (1 - 2 P(N(U) \mid w \ne y))

    (in place of [L24] Theorem B.1, theory 7.6; the proof is below). P(f != w) needs no gold
    labels. The rest is measured on the rows that have one; or, without any, follows from an
    assumed expansion c, P(N(U) | w != y) >= c P(U | w = y), and an assumed weak error.

    Parameters
    ----------
    expansion : float, default=None
        c >= 0, assumed; with `weak_error`. None: measured, which needs gold labels.
    weak_error : float, default=None
        a in [0, 1), assumed; with `expansion`.
    confidence_level : float, default=0.95
        Of the intervals. With gold labels in all rows the limit is a fact about these rows; with
        few it is an estimate, whose interval stands in the table.

    Attributes
    ----------
    estimate_, interval_ : float, tuple of two floats
        The student's error, cut to [0, 1]: prediction-powered (f != w predicts f != y in the rows
        without gold label), or normal where every row has one.
    lower_, upper_ : float
        0 and the limit, also in the table with its interval where it is measured.
    expansion_ : float
        P(N(U) | w != y) / P(U | w = y) on the gold labels; NaN without, or where undefined.
    robustness_ : float
        Share of rows whose neighbours all have the student's label.
    holds_, assumptions_, table_ : see `Bound`

    Notes
    -----
    Proof, row by row. Claim: 1[f != y] <= 1[f != w] + 1[w != y] - 2 1[row in N(U)], N(U) taken
    within the wrong rows w != y. Where w = y, both sides are 1[f != w]. Where w != y and the row
    is not in N(U), the right side is at least 1. In N(U) there is a neighbouring u in U with
    f(row) = f(u) = y(u) = y(row) by robustness and the same class, so f is right and differs from
    w: both sides are 0. Averaging gives the bound, for any weights, any number of classes and any
    expansion; gold labels that are missing only make U and N(U) smaller, and the limit larger.

    For the assumed form let r = P(f != w or f not robust), u = P(U | w = y), a the weak error. Good
    rows outside U are among those of r, so u >= 1 - r / (1 - a). The rows of N(U), at least c a u,
    are among those of r as well and are wrong ones, so (1 - a)(1 - u) <= r - c a u, that is
    u >= (1 - a - r) / (1 - a - c a) for 1 - a > c a. Insert P(N(U) | w != y) >= c u. The
    (c, q)-expansion of [L24] gives this for every student with 1 - r / (1 - a) > q.

    [L24] Theorem 4.1 follows for c <= 1, even without its term in P(not robust): its conditions
    give u >= 3/4. For c > 1, which a family of sets smaller than all of the good rows allows, it
    is false. Theorem B.1 is not reproduced here: its exact statement was not at hand.

    A student that fits its weak labels has P(f != w) = 0 and an empty N(U): the limit is then a.

    References
    ----------
    Lang, Sontag and Vijayaraghavan (2024), Theoretical analysis of weak-to-strong generalization.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import NearestNeighbors
    >>> from w2s_stats.bounds import ExpansionBound
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=1000)
    >>> X = 6.0 * y[:, None] + rng.normal(size=(1000, 2))
    >>> weak = np.where(rng.random(1000) < 0.2, 1 - y, y)
    >>> student = (X.sum(axis=1) > 6).astype(int)
    >>> near = NearestNeighbors(n_neighbors=5).fit(X).kneighbors(return_distance=False)
    >>> bound = ExpansionBound().fit(weak, student, y, neighbors=near)
    >>> bound.estimate_, round(bound.upper_, 3), round(bound.expansion_, 2)
    (0.0, 0.004, 0.99)
    >>> free = ExpansionBound(expansion=0.9, weak_error=0.2).fit(weak, student, neighbors=near)
    >>> round(free.upper_, 3)
    0.044
    """

    def __init__(
        self,
        *,
        expansion: float | None = None,
        weak_error: float | None = None,
        confidence_level: float = 0.95,
    ) -> None:
        self.expansion = expansion
        self.weak_error = weak_error
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
        """Measure disagreement, robustness and expansion, and the limit they imply.

        Parameters
        ----------
        y_weak, y_student : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels 0, 1, ..., or probabilities, whose most probable class is taken.
        y_true : array-like of shape (n_samples,) or None
            Classes 0, 1, ...; NaN where not known. The known ones are taken to be a random sample.
        y_ceiling : None
            Not used.
        neighbors : array-like of shape (n_samples, n_neighbors), or sparse (n_samples, n_samples)
            The rows next to each row, by number (-1 fills up), or a graph of scikit-learn. Which
            rows are neighbours must not depend on labels.
        sample_weight : None
            Not supported: repeat rows instead.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `neighbors` is missing or names rows that are not there, labels are no classes, one
            of `expansion` and `weak_error` is given without the other or out of range, or neither
            is and `y_true` is empty.
        """
        level = check_confidence_level(self.confidence_level)
        self._check_assumed()
        if sample_weight is not None:
            raise ValueError("sample_weight is not supported by ExpansionBound: repeat rows.")
        weak = predicted_labels(y_weak, name="y_weak")
        student = predicted_labels(y_student, len(weak), name="y_student")
        truth = true_labels(y_true, len(weak))
        check_classes(y_weak=y_weak, y_student=y_student, y_true=y_true)
        rows = distinguish(weak, student, truth, *edges(neighbors, len(weak)))
        measured = self.expansion is None
        if measured and not rows.known.any():
            raise ValueError(
                "ExpansionBound needs y_true in some rows, or both expansion and weak_error; "
                "found neither."
            )
        differs, unsteady = rows.differs.mean(), (rows.differs | ~rows.robust).mean()
        table = [
            _quantity("student against weak labels", rows.differs, level),
            _quantity("robust rows", rows.robust, level),
        ]
        error, expansion, upper = None, np.nan, np.nan
        if rows.known.any():
            wrong = (student != truth)[rows.known].astype(float)
            terms = (rows.differs + 1.0 * rows.bad - 2.0 * rows.reached)[rows.known]
            # One tuning for both: limit minus error is then a mean over gold rows, none negative.
            tuning = _tuning(wrong, rows)
            error = _rate(_mean(wrong, rows, tuning, level))
            limit = _rate(_mean(terms, rows, tuning, level))
            upper, expansion = limit.estimate, expansion_of(rows)
            table += [
                _quantity("weak error", rows.bad[rows.known], level),
                Quantity("expansion of the student's set", expansion),
                Quantity("limit, measured on gold labels", *limit),
                *_class_table(rows, truth, level),
            ]
        partly = bool(rows.known.any() and not rows.known.all())
        assumptions = []
        if not measured:
            assert self.weak_error is not None and self.expansion is not None
            upper, share = expansion_limit(differs, unsteady, self.weak_error, self.expansion)
            table.append(Quantity("share of good rows that anchor, at least", share))
            assumptions = _assumed(rows, self.expansion, self.weak_error, share, level)
        assumptions += [
            LABELLED_AT_RANDOM if partly else LABELLED_AT_RANDOM._replace(status="held"),
            Assumption(
                "Rows are independent and their neighbourhoods given, for the intervals",
                "not checked",
            ),
        ]
        if measured:
            every = "All rows have a gold label; with fewer the limit is an estimate, and larger"
            assumptions.append(Assumption(every, "violated" if partly else "held"))
        self.expansion_ = float(expansion)
        self.robustness_ = float(rows.robust.mean())
        return self._conclude(
            error,
            0.0,
            min(upper, 1.0),
            table=table,
            assumptions=assumptions,
            comparable=not partly,
        )

    def _check_assumed(self) -> None:
        c, a = self.expansion, self.weak_error
        if (c is None) != (a is None):
            raise ValueError(
                "expansion and weak_error must be given both or not at all, found "
                f"expansion={c!r} and weak_error={a!r}."
            )
        if c is not None and not (is_number(c) and 0 <= c < np.inf):
            raise ValueError(f"expansion must be a number of at least 0, found {c!r}.")
        if a is not None and not (is_number(a) and 0 <= a < 1):
            raise ValueError(f"weak_error must lie from 0 to below 1, found {a!r}.")


def _assumed(
    rows: Rows, expansion: float, weak_error: float, share: float, level: float
) -> list[Assumption]:
    """Whether gold labels, where there are any, agree with what is assumed."""
    expands = weak = "not checked"
    if rows.known.any():
        found = normal_mean(rows.bad[rows.known], confidence_level=level)
        weak = "held" if found.low <= weak_error <= found.high else "violated"
    if rows.known.all():
        # Without bad rows there is nothing to reach, and any expansion is there.
        short = rows.bad.any() and not expansion_of(rows) >= expansion - 1e-12
        expands = "violated" if short and rows.anchor.any() else "held"
    if expansion * share > 1 + 1e-9:  # no more than all bad rows can be reached
        expands = "violated"
    return [
        Assumption(f"The student's set expands by {expansion:g}", expands),
        Assumption(f"The weak labels' error is {weak_error:g}", weak),
    ]


def _class_table(rows: Rows, truth: np.ndarray, level: float) -> list[Quantity]:
    """Limits within each class: ours, and that of Theorem 4.1 where its conditions are met."""
    table = []
    for label in np.unique(truth[rows.known]):
        own = Rows(*(part[truth == label] for part in rows))
        limit = own.differs + 1.0 * own.bad - 2.0 * own.reached
        table.append(_quantity(f"class {label}: limit", limit, level))
        printed = printed_limit(
            own.differs.mean(),
            (own.differs | ~own.robust).mean(),
            1 - own.robust.mean(),
            own.bad.mean(),
            min(expansion_of(own), 1.0),  # what expands by more expands by 1
        )
        if not np.isnan(printed):
            table.append(Quantity(f"class {label}: limit of Theorem 4.1", printed))
    return table


def _quantity(name: str, values: np.ndarray, level: float) -> Quantity:
    return Quantity(name, *normal_mean(values, confidence_level=level))


def _tuning(wrong: np.ndarray, rows: Rows) -> float:
    """How far the disagreement is trusted where there is no gold label, if there is such a row."""
    if rows.known.all():
        return 0.0
    return power_tuning(wrong, 1.0 * rows.differs[rows.known], 1.0 * rows.differs[~rows.known])


def _mean(values: np.ndarray, rows: Rows, tuning: float, level: float) -> Interval:
    """Mean over all rows of what gold rows know; the disagreement predicts it elsewhere."""
    if rows.known.all():
        return normal_mean(values, confidence_level=level)
    known, rest = rows.differs[rows.known], rows.differs[~rows.known]
    return powered_mean(values, known, rest, tuning=tuning, confidence_level=level)


def _rate(found: Interval) -> Interval:
    """An interval for a rate, cut to [0, 1]."""
    value, low, high = np.clip(found[:3], 0.0, 1.0).tolist()
    return Interval(value, low, high, found.method)
