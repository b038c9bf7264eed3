"""Errors that a student corrects because correct rows in the neighbourhood make it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import score_mean
from w2s_stats._validation import (
    check_confidence_level,
    check_weight,
    is_number,
    shown,
)
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._expansion_limits import expansion_limit
from w2s_stats.bounds._expansion_table import (
    class_table,
    error_and_limit,
    on_what_is_assumed,
    rate,
    with_neighbours,
)
from w2s_stats.bounds._labels import check_classes, predicted_labels, true_labels
from w2s_stats.bounds._neighborhoods import distinguish, edges, expansion_of
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM


class ExpansionBound(Bound):
    r"""Limit of a student's error from its neighbourhoods: weak labels are corrected by expansion.

    With weak labels w of error a, student f, U the rows where f = w = y and f is robust, N(U)
    their neighbours of the same class to which f gives the same label:

    .. math:: P(f \ne y) \le P(f \ne w) + a (1 - 2 P(N(U) \mid w \ne y))

    (theory 7.6; it implies [L24] Theorems B.1 and 4.1, as is shown below). P(f != w) needs no gold
    labels. The rest is measured on the rows that have one; or, without any, follows from an
    assumed expansion c, P(N(U) | w != y) >= c P(U | w = y), and an assumed weak error.

    `fit` takes class labels 0, 1, ..., or probabilities, whose most probable class is taken, and
    needs `neighbors`. Rows of weight zero are left out, as rows and as neighbours.

    Parameters
    ----------
    expansion : float, default=None
        c >= 0, assumed; with `weak_error`. None: measured, which needs gold labels.
    weak_error : float, default=None
        a in [0, 1), assumed; with `expansion`.
    eta : float, default=0.0
        A row is robust where at most this share of its neighbours, in [0, 1], has another label of
        the student's ([L24]'s eta-robust): 0 asks for all of them. A larger eta makes U larger and
        so the limit smaller; it asks more of an assumed expansion, whose N(U) is then the part that
        has f's own label ([L24]'s robust expansion).
    confidence_level : float, default=0.95
        Of the intervals. With gold labels in all rows the limit is a fact about these rows; with
        few it is an estimate, whose interval stands in the table.

    Attributes
    ----------
    estimate_, interval_ : float, tuple of two floats
        The student's error: prediction-powered (f != w predicts f != y in the rows without gold
        label), or Wilson's where every row has one.
    lower_, upper_ : float
        0 and the limit, also in the table with its interval where it is measured. Where it follows
        from what is assumed it has none: it is of these rows' shares.
    expansion_ : float
        P(N(U) | w != y) / P(U | w = y) on the gold labels; NaN without, or where undefined. It is
        also in the table, without an interval: with few gold labels U and N(U) are too small, and
        by how much is not known.
    robustness_ : float
        Share of the robust rows.
    holds_, assumptions_, table_ : see `Bound`

    Raises
    ------
    ValueError
        In `fit`, also if `neighbors` is missing or names rows that are not there, one of
        `expansion` and `weak_error` is given without the other or out of range, or neither is and
        `y_true` is empty, or `eta` is out of range.

    Notes
    -----
    Proof, row by row. Claim: 1[f != y] <= 1[f != w] + 1[w != y] - 2 1[row in N(U)], N(U) taken
    within the wrong rows w != y. Where w = y, both sides are 1[f != w]. Where w != y and the row
    is not in N(U), the right side is at least 1. In N(U) there is a neighbouring u in U with
    f(row) = f(u) = y(u) = y(row), so f is right and differs from w: both sides are 0. Averaging
    gives the bound, for any weights, any number of classes, any expansion and any eta; gold labels
    that are missing only make U and N(U) smaller, and the limit larger.

    For the assumed form let r = P(f != w or f not robust), u = P(U | w = y), a the weak error. Good
    rows outside U are among those of r, so u >= 1 - r / (1 - a). The rows of N(U), at least c a u,
    are among those of r as well and are wrong ones, so (1 - a)(1 - u) <= r - c a u, that is
    u >= (1 - a - r) / (1 - a - c a) for 1 - a > c a. Insert P(N(U) | w != y) >= c u. The
    (c, q)-expansion of [L24] gives this for every student with 1 - r / (1 - a) > q.

    [L24] Theorem B.1 says err <= (D - a (2 c' - 1) + 2 c' a R) / (1 - 2 c' a) with
    c' = c / (1 - a + c a), D = P(f != w) and R = P(f not robust), if r <= 1 - q - a. Written out
    this is D + a (1 - 2 c u) with u from D + R in place of r, its upper end: the assumed form above
    is never larger, and needs no q where c is that of the student's own set. (The proof of its
    Lemma B.3 multiplies by 1 - a where it has to divide; the lemma is true for q > 0.) Its Theorem
    4.1 follows for c <= 1, even without its term in R: its conditions give u >= 3/4. For c > 1,
    which a family of sets smaller than all of the good rows allows, it is false; B.1 is not: its
    condition leaves no room for c a >= 1 - a. With gold labels the table has all three limits for
    each class, from the class's own rates.

    Intervals of what depends on neighbours (the robust rows, the limit, the limit of a class) are
    "conservative with neighbours": their variance is sum d_i d_j / n^2 over i and j that are equal
    or neighbours, d the rows' distances from their mean, less what neighbours would add to it if
    they had no more in common than rows two steps apart, and not below sum d_i^2 / n^2. Rows of one
    place are alike without being dependent, and rows two steps apart are taken to be just that. In
    simulations with rows in independent pairs the limit's 95 % interval covers 93 to 97 % (88 to 91
    % as if rows were independent); with five nearest neighbours that of the limit 94 to 98 %, of a
    class's limit 93 to 98 %, and that of the robust rows 96 to 100 %: whether a row is robust
    changes from one place to the next, which cannot be told from dependence. Beyond 10^8 pairs two
    steps apart nothing is taken off.

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
        eta: float = 0.0,
        confidence_level: float = 0.95,
    ) -> None:
        self.expansion = expansion
        self.weak_error = weak_error
        self.eta = eta
        self.confidence_level = confidence_level

    def _fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any,
        *,
        neighbors: Any,
        sample_weight: Any,
        **unused: Any,
    ) -> Self:
        level = check_confidence_level(self.confidence_level)
        self._check_parameters()
        weak = predicted_labels(y_weak, name="y_weak")
        student = predicted_labels(y_student, len(weak), name="y_student")
        truth = true_labels(y_true, len(weak))
        check_classes(y_weak=y_weak, y_student=y_student, y_true=y_true)
        weight = check_weight(sample_weight, weak)
        rows = distinguish(weak, student, truth, *edges(neighbors, len(weak)), weight, self.eta)
        wrong = student != truth
        if weight is not None:
            wrong, truth = wrong[weight > 0], truth[weight > 0]
        measured, labelled = self.expansion is None, bool(rows.known.any())
        if measured and not labelled:
            raise ValueError(
                "ExpansionBound needs y_true in some rows, or both expansion and weak_error; "
                "found neither."
            )
        robust = score_mean(
            rows.robust,
            rows.weight,
            covariance=rows.covariance(1.0 * rows.robust),
            confidence_level=level,
        )
        table = [
            rate("student against weak labels", rows.differs, rows, level),
            Quantity("robust rows", *with_neighbours(robust)),
        ]
        error, expansion, upper = None, np.nan, np.nan
        if labelled:
            error, limit = error_and_limit(wrong, rows, level)
            upper, expansion = limit.estimate, expansion_of(rows)
            gold = rows.of(rows.known)
            table += [
                rate("weak error", gold.bad, gold, level),
                Quantity("expansion of the student's set", expansion),
                Quantity("limit, measured on gold labels", *limit),
                *class_table(rows, truth, level),
            ]
        partly = labelled and not rows.known.all()
        assumptions = []
        if not measured:
            assert self.weak_error is not None and self.expansion is not None
            differs, unsteady = rows.share(rows.differs), rows.share(rows.differs | ~rows.robust)
            upper, share = expansion_limit(differs, unsteady, self.weak_error, self.expansion)
            table.append(Quantity("share of good rows that anchor, at least", share))
            assumptions = on_what_is_assumed(rows, self.expansion, self.weak_error, share, level)
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
        self.robustness_ = rows.share(rows.robust)
        return self._conclude(
            error,
            0.0,
            min(max(upper, 0.0), 1.0),  # below 0 where what is assumed is not so
            table=table,
            assumptions=assumptions,
            comparable=not partly,
        )

    def _check_parameters(self) -> None:
        c, a = self.expansion, self.weak_error
        if (c is None) != (a is None):
            raise ValueError(
                "expansion and weak_error must be given both or not at all; found "
                f"expansion={c!r} and weak_error={a!r}."
            )
        if c is not None and not (is_number(c) and 0 <= c < np.inf):
            raise ValueError(f"expansion must be a number of at least 0; found {shown(c)}.")
        if a is not None and not (is_number(a) and 0 <= a < 1):
            raise ValueError(f"weak_error must lie from 0 to below 1; found {shown(a)}.")
        if not (is_number(self.eta) and 0 <= self.eta <= 1):
            raise ValueError(f"eta must lie between 0 and 1; found {shown(self.eta)}.")
