"""How many experts: the same mixture fitted with several numbers of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from w2s_stats._summary import number, plain_table, summary_of
from w2s_stats._validation import check_choice, shown
from w2s_stats.exceptions import DegenerateFitWarning, LikelihoodFellError, warn
from w2s_stats.mixture._base import BaseMixtureOfExperts

if TYPE_CHECKING:
    from pandas import DataFrame
    from statsmodels.iolib.summary import Summary

_CRITERIA = ("aic", "bic", "icl")
_RANKS = ("", "degenerate", "failed")


@dataclass(frozen=True)
class NumberOfExperts:
    """One number of experts: how well it fits, and at what price."""

    n_experts: int
    log_likelihood: float
    n_parameters: int
    aic: float
    bic: float
    icl: float
    converged: bool
    degenerate: bool
    failure: str  # why there is no fit; empty where there is one

    @property
    def rank(self) -> int:
        """0: a fit to compare; 1: a degenerate one; 2: none."""
        return 2 if self.failure else int(self.degenerate)


@dataclass(frozen=True)
class NumberOfExpertsResult:
    """Table of fits with several numbers of experts, and the choice.

    Made by `select_n_experts`, where there is an example.

    Attributes
    ----------
    table : tuple of NumberOfExperts
        A row for each number, in rising order.
    criterion : {"aic", "bic", "icl"}
    best_n_experts : int
    margin : float
        The runner-up's criterion minus the best one's; NaN where there is nothing to compare with.
    best_estimator_ : estimator
        Fitted with `best_n_experts`.
    """

    table: tuple[NumberOfExperts, ...]
    criterion: str
    best_n_experts: int
    margin: float
    best_estimator_: BaseMixtureOfExperts

    def to_frame(self) -> DataFrame:
        """The table as a pandas DataFrame indexed by n_experts."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.table]).set_index("n_experts")

    def summary(self) -> Summary:
        """The table in statsmodels' look, with notes on what to beware of."""
        headers = ["log-lik.", "params", "AIC", "BIC", "ICL", "converged", ""]
        rows = [
            [
                number(row.log_likelihood, 4),
                str(row.n_parameters),
                *(number(value, 3) for value in (row.aic, row.bic, row.icl)),
                str(row.converged),
                "best" if row.n_experts == self.best_n_experts else _RANKS[row.rank],
            ]
            for row in self.table
        ]
        names = [str(row.n_experts) for row in self.table]
        table = plain_table("Number of experts", "n_experts", names, headers, rows)
        return summary_of([table], self._notes())

    def _notes(self) -> list[str]:
        word = self.criterion.upper()
        out = [f"{self.best_n_experts} by {word}, without a runner-up."]
        if not np.isnan(self.margin):
            out = [f"{self.best_n_experts} by {word}, {self.margin:.2f} below the runner-up."]
        compared = [row for row in self.table if row.rank == 0]
        for before, row in pairwise(compared):
            if row.log_likelihood < before.log_likelihood - 1e-6 * abs(before.log_likelihood):
                out.append(
                    f"{row.n_experts} experts reached less than {before.n_experts}: no start found "
                    "the maximum; raise n_init."
                )
        for row in self.table:
            if row.failure:
                out.append(f"{row.n_experts} experts could not be fitted: {row.failure}")
            elif row.degenerate:
                out.append(
                    f"{row.n_experts} experts: every start ended with an expert on too few rows or "
                    "at its variance floor, so this fit ranks behind all others."
                )
            elif not row.converged:
                out.append(f"{row.n_experts} experts: EM stopped before it converged.")
        return out

    def __str__(self) -> str:
        return str(self.summary())


def select_n_experts(
    estimator: BaseMixtureOfExperts,
    X: Any,
    y: Any,
    *,
    n_experts: Iterable[int] = range(1, 6),
    criterion: str = "bic",
    sample_weight: Any = None,
) -> NumberOfExpertsResult:
    """Fit a mixture with several numbers of experts and choose one by an information criterion.

    AIC = -2 log L + 2 p, BIC = -2 log L + p log n, and ICL = BIC - 2 sum_i log max_k p(k | x_i,
    y_i), which asks for experts that rows can be told apart by (theory 6.2; the smaller, the
    better). The criteria say nothing of whether the experts are identified (theory 6.8).

    Parameters
    ----------
    estimator : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
        Its clones are fitted; it stays as it is.
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    n_experts : iterable of int, default=range(1, 6)
        Numbers to try, 1 or more each.
    criterion : {"bic", "aic", "icl"}, default="bic"
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    NumberOfExpertsResult
        With ``table``, ``best_n_experts``, ``margin``, ``best_estimator_``, ``summary()`` and
        ``to_frame()``. A number whose fit is degenerate ranks behind all others, one that cannot be
        fitted behind those; the summary says so.

    Raises
    ------
    TypeError
        If `estimator` is no mixture of experts, or `n_experts` not iterable.
    ValueError
        If `criterion` or an entry of `n_experts` is none of the above, or no number can be fitted.

    Examples
    --------
    >>> from w2s_stats.datasets import load_tone
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor, select_n_experts
    >>> X, y = load_tone(return_X_y=True)
    >>> result = select_n_experts(
    ...     MixtureOfExpertsRegressor(random_state=0), X, y, n_experts=[1, 2], criterion="icl"
    ... )
    >>> result.best_n_experts, round(result.margin, 1)
    (2, 207.0)
    """
    if not isinstance(estimator, BaseMixtureOfExperts):
        raise TypeError(
            "estimator must be a MixtureOfExpertsRegressor or a MixtureOfExpertsClassifier; found "
            f"{shown(estimator)}."
        )
    check_choice("criterion", criterion, _CRITERIA)
    numbers = _check_numbers_of_experts(n_experts)
    rows, fitted = [], {}
    first_error: Exception | None = None
    for n in numbers:
        candidate = clone(estimator).set_params(n_experts=n)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DegenerateFitWarning)
                candidate.fit(X, y, sample_weight=sample_weight)
        except (ValueError, LikelihoodFellError, np.linalg.LinAlgError) as error:
            first_error = first_error or error
            none = np.nan
            rows.append(NumberOfExperts(n, none, 0, none, none, none, False, False, str(error)))
            continue
        fitted[n] = candidate
        rows.append(_row(candidate, X, y, sample_weight))
    if first_error is not None and not fitted:
        raise first_error
    order = sorted(rows, key=lambda row: (row.rank, getattr(row, criterion)))
    best, others = order[0], [row for row in order[1:] if row.rank == order[0].rank]
    margin = getattr(others[0], criterion) - getattr(best, criterion) if others else np.nan
    if best.degenerate:
        warn(
            f"Every fit is degenerate; n_experts={best.n_experts} is the best of them. Try fewer "
            "experts.",
            DegenerateFitWarning,
        )
    n = best.n_experts
    return NumberOfExpertsResult(tuple(rows), criterion, n, float(margin), fitted[n])


def _check_numbers_of_experts(n_experts: Any) -> list[int]:
    """The numbers to try, each once, in rising order."""
    accepted = "n_experts must be an iterable of integers of 1 or more, as range(1, 6) is"
    if not isinstance(n_experts, Iterable):
        raise TypeError(f"{accepted}; found {shown(n_experts)}.")
    numbers = list(n_experts)
    wrong = [n for n in numbers if isinstance(n, bool) or not isinstance(n, Integral) or n < 1]
    if wrong or not numbers:
        raise ValueError(f"{accepted}; found {shown(wrong[0]) if wrong else 'none'}.")
    return sorted({int(n) for n in numbers})


def _row(mixture: BaseMixtureOfExperts, X: Any, y: Any, sample_weight: Any) -> NumberOfExperts:
    """Read one fitted mixture's row off it."""
    found = mixture._criteria(X, y, sample_weight)
    return NumberOfExperts(
        mixture.n_experts,  # type: ignore[attr-defined]
        found.log_likelihood,
        mixture.n_parameters_,
        found.aic,
        found.bic,
        found.icl,
        bool(mixture.converged_),
        bool(mixture.degenerate_experts_.size),
        "",
    )
