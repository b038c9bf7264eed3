"""What two models that disagree must get wrong between them, theory 9.4."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import (
    Interval,
    clopper_pearson_rate,
    empirical_bernstein_mean,
    rate_of_known,
    wilson_rate,
)
from w2s_stats._validation import (
    check_choice,
    check_confidence_level,
)
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._gain import LARGEST
from w2s_stats.bounds._inputs import (
    Predictions,
    check_class_predictions,
    check_predictions,
    warn_of_hard_labels,
)
from w2s_stats.bounds._log_ratio import distributions
from w2s_stats.bounds._row_means import (
    FRESH_ROWS,
    LABELLED_AT_RANDOM,
    mean_of_known_rows,
    mean_of_rows,
)
from w2s_stats.bounds._rows import blocks, blocks_of
from w2s_stats.bounds._truth import Truth
from w2s_stats.divergences._probabilities import check_probabilities

LOSSES = ("kl", "cross-entropy", "zero-one", "squared")
# The floor with an interval that is no approximation.
_AT_EVERY_N = "floor, valid at every n"


class ErrorFloor(Bound):
    r"""A label-free floor under the two models' summed errors (theory 9.4).

    Whatever the truth, error(F_w) + error(F_sw) is at least, by loss,

    ============= ==================================== ===========================================
    kl            d(F*, F), truth a distribution       -2 E log sum_j sqrt(F_w,j F_sw,j)
    cross-entropy -E log F_y                           -E log max_j F_w,j F_sw,j
    zero-one      P(argmax F != y)                     P(argmax F_w != argmax F_sw)
    squared       E \|F* - F\|^2                       E \|F_w - F_sw\|^2 / 2
    ============= ==================================== ===========================================

    Each is attained: by the normalised geometric mean of the two, by the class of the largest
    product, by either prediction, by the mean of the two. There is no such floor under one model
    alone, since it may be the truth: theory 9.4's (floor - U) / 2 under d(F*, F_sw), with U the
    upper end of `KLSandwich`, is never positive (F* = F_sw has gain KL(F_sw || F_w), which is <= U
    and >= the floor). The cross-entropy of labels is the exception: -E log max_j F_j is under it,
    and in the table. This is ours, not a paper's. `fit` takes class probabilities, for the squared
    loss any numbers.

    Parameters
    ----------
    loss : {"kl", "cross-entropy", "zero-one", "squared"}, default="kl"
    confidence_level : float, default=0.95

    Attributes
    ----------
    estimate_ : float
        Sum of the two errors; NaN without truth. With a part of the rows labelled,
        prediction-powered by the floor's rows (without weights, or for the zero-one loss).
    lower_, upper_ : float
        The floor on this sample, and infinity. For a population take the interval in `table_`:
        normal, and for the zero-one loss Wilson's; without weights also one that is valid at every
        n, where there is one: Clopper and Pearson's for the zero-one loss, by empirical Bernstein
        for the squared one of class probabilities (two columns or more, every row checked).
    interval_, method_, holds_, assumptions_, table_
        As in every bound.

    Raises
    ------
    ValueError
        In `fit`, also if `loss` is none of the four.

    Examples
    --------
    >>> from w2s_stats.bounds import ErrorFloor
    >>> bound = ErrorFloor(loss="zero-one").fit([0.9, 0.2, 0.6, 0.4], [0.8, 0.3, 0.1, 0.1])
    >>> bound.lower_
    0.25
    >>> round(ErrorFloor().fit([[0.9, 0.1]], [[0.1, 0.9]]).lower_, 3)
    1.022
    """

    def __init__(self, *, loss: str = "kl", confidence_level: float = 0.95) -> None:
        self.loss = loss
        self.confidence_level = confidence_level

    def _fit(
        self, y_weak: Any, y_student: Any, y_true: Any, *, sample_weight: Any, **unused: Any
    ) -> Self:
        level = check_confidence_level(self.confidence_level)
        check_choice("loss", self.loss, LOSSES)
        if self.loss == "squared":
            found = check_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
            rows = _squared_rows(found)
        else:
            found = check_class_predictions(y_weak, y_student, y_true, sample_weight=sample_weight)
            if self.loss != "zero-one":
                warn_of_hard_labels(found)
            rows = _probability_rows(found.weak, found.student, found.truth, self.loss)
        weight = found.weight
        error, floor = rows.pop("error"), rows["floor"]
        if self.loss == "zero-one":
            table = [Quantity("floor", *wilson_rate(floor, weight, confidence_level=level))]
            if weight is None:
                exact = clopper_pearson_rate(floor, confidence_level=level)
                table.append(Quantity(_AT_EVERY_N, *exact))
            estimate, sampling = _summed_rates(error, floor, weight, level)
        else:
            table = [
                Quantity(name, *mean_of_rows(row, weight, level)) for name, row in rows.items()
            ]
            if weight is None and self.loss == "squared" and _at_most_one(found):
                # Rows of probabilities sum to 1 up to rounding only.
                inside = np.minimum(floor, 1.0)
                bernstein = empirical_bernstein_mean(inside, 0.0, 1.0, confidence_level=level)
                table.insert(1, Quantity(_AT_EVERY_N, *bernstein))
            estimate, sampling = mean_of_known_rows(error, floor, weight, level)
        return self._conclude(
            estimate,
            table[0].value,
            np.inf,
            table=table,
            assumptions=[FRESH_ROWS, *sampling],
            comparable=not sampling,
        )


def _summed_rates(
    error: np.ndarray, floor: np.ndarray, weight: np.ndarray | None, level: float
) -> tuple[Interval | None, list[Assumption]]:
    """Two models' 0-1 errors, counted together; a disagreement is the guess that one is wrong."""
    known = ~np.isnan(error)
    if not known.any():
        return None, []
    found = rate_of_known(error[known], floor, known, weight, largest=2.0, confidence_level=level)
    return found, [] if known.all() else [LABELLED_AT_RANDOM]


def _probability_rows(
    weak: np.ndarray, student: np.ndarray, truth: Truth | None, loss: str
) -> dict[str, np.ndarray]:
    """Floor and error of each row, the error NaN where the truth is not known."""
    n_rows, n_classes = weak.shape
    names = ["floor", "error"]
    if loss == "cross-entropy":
        names += ["weak model alone", "student alone"]
    rows = {name: np.full(n_rows, np.nan) for name in names}
    for block in blocks(n_rows, n_classes):
        w, s = distributions(weak[block]), distributions(student[block])
        if loss == "zero-one":
            classes = np.arange(w.shape[1])
            score = (classes != w.argmax(axis=1)[:, None]) + 1.0
            score -= classes == s.argmax(axis=1)[:, None]
        else:
            with np.errstate(divide="ignore"):
                score = -np.log(w) - np.log(s)
        rows["floor"][block] = score.min(axis=1)
        if loss == "kl":
            # sum sqrt(w s) = 1 - sum (sqrt w - sqrt s)^2 / 2, exact where the two are close.
            apart = ((np.sqrt(w) - np.sqrt(s)) ** 2).sum(axis=1) / 2
            with np.errstate(divide="ignore"):
                rows["floor"][block] = -2 * np.log1p(-np.minimum(apart, 1.0))
                if truth is not None and truth.rows is not None:
                    score += 2 * np.log(truth.rows[block])
        if loss == "cross-entropy":
            rows["weak model alone"][block] = -np.log(w.max(axis=1))
            rows["student alone"][block] = -np.log(s.max(axis=1))
        if truth is not None:
            rows["error"][block] = truth.expect(score, block)
    return rows


def _squared_rows(found: Predictions) -> dict[str, np.ndarray]:
    """||w - s||^2 / 2 and ||F* - w||^2 + ||F* - s||^2 of each row."""
    weak, student = found.weak, found.student
    error = np.full(len(weak), np.nan)
    if found.truth is not None:
        error[found.labelled] = found.labelled_values(
            lambda truth, rows: _square(truth, weak[rows]) + _square(truth, student[rows])
        )
    floor = _square(weak, student) / 2
    for row in np.flatnonzero((floor > LARGEST) | (error > LARGEST)):
        size = max(floor[row], error[row])
        raise ValueError(
            f"Squared errors must be at most {LARGEST:g}; found {size:.3g} in row "
            f"{found.number(int(row))}: rescale y_weak, y_student and y_true."
        )
    return {"floor": floor, "error": error}


def _at_most_one(found: Predictions) -> bool:
    """Whether rows are class probabilities, whose floor is at most 1 wherever they are from.

    Numbers that merely lie in [0, 1] here say nothing of others.
    """
    try:
        for rows in (found.weak, found.student):
            check_probabilities(rows.reshape(len(rows), -1), name="rows")
    except ValueError:
        return False
    return True


def _square(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distance of every two rows, in double precision."""
    out = np.empty(len(a))
    for block in blocks_of(a):
        with np.errstate(over="ignore"):
            apart = (a[block].astype(np.float64) - b[block]) ** 2
            out[block] = apart if apart.ndim == 1 else apart.sum(axis=1)
    return out
