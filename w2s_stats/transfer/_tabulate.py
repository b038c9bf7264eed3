"""From every row's held-out losses to the table and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from w2s_stats.transfer._comparison import StrategyComparison, StrategyResult
from w2s_stats.transfer._deconvolution import Deconvolution
from w2s_stats.transfer._held_out import HeldOut
from w2s_stats.transfer._intervals import MeanInterval, mean_interval
from w2s_stats.transfer._problem import Problem, is_oracle
from w2s_stats.transfer._recommendation import recommend_by_checks, recommend_by_error
from w2s_stats.transfer._routing import last_step


def tabulate(
    problem: Problem,
    strategies: Mapping[str, Any],
    found: Mapping[str, HeldOut],
    *,
    n_splits: int,
    interval: str,
    confidence_level: float,
) -> StrategyComparison:
    """Take means, differences to the reference and intervals, and draw the verdict.

    Parameters
    ----------
    problem : Problem
    strategies : dict of str to estimator
    found : dict of str to HeldOut
        The same names.
    n_splits : int
    interval : {"t", "bootstrap"}
    confidence_level : float

    Returns
    -------
    StrategyComparison
    """

    def mean(values: np.ndarray, *, rate: bool = False) -> MeanInterval:
        return mean_interval(
            values,
            problem.weight,
            confidence_level=confidence_level,
            method=interval,
            rate=rate,
        )

    classes = problem.classes is not None

    losses = {name: held.losses for name, held in found.items()}
    reference = _find_reference(losses)
    table = tuple(
        _row(
            name,
            held,
            mean(held.losses, rate=classes),
            mean(held.losses - losses[reference]),
            mean(held.weak_log_prob),
            oracle=is_oracle(strategies[name]),
        )
        for name, held in found.items()
    )
    judged = np.any([np.isfinite(values) for values in losses.values()], axis=0)
    if problem.weight is not None:
        judged &= problem.weight > 0
    rows = np.flatnonzero(judged & problem.weak)
    own = np.full(len(judged), np.nan)
    own[rows] = problem.loss(problem.weak_prediction[rows], rows)
    weak_labels, n_gold = mean(own, rate=classes), int(judged.sum())
    metric = "error rate" if classes else "mean squared error"
    named = {name for name, s in strategies.items() if isinstance(last_step(s), Deconvolution)}
    if any(np.isfinite(row.error_upper) for row in table if not row.is_oracle):
        trusted, sentences = recommend_by_error(
            table,
            named,
            losses,
            problem.weight,
            metric=metric,
            weak_labels=weak_labels,
            n_gold=n_gold,
            interval=interval,
            confidence_level=confidence_level,
        )
    else:
        trusted, sentences = recommend_by_checks(table, named, n_gold)
    return StrategyComparison(
        table=table,
        trusted_=trusted,
        recommendation=sentences,
        estimators_={name: h.estimator for name, h in found.items() if h.estimator is not None},
        metric=metric,
        weak_labels=weak_labels,
        reference=reference,
        n_source=int((problem.domain >= 0).sum()),
        n_target=int((problem.domain < 0).sum()),
        n_gold=n_gold,
        n_splits=n_splits,
        interval=interval,
        confidence_level=confidence_level,
        losses_=losses,
        weight=problem.weight,
    )


def _row(
    name: str,
    held: HeldOut,
    error: MeanInterval,
    difference: MeanInterval,
    weak: MeanInterval,
    *,
    oracle: bool,
) -> StrategyResult:
    return StrategyResult(
        strategy=name,
        error=error.mean,
        # A loss is never negative, whatever the normal law says.
        error_lower=float(np.maximum(0.0, error.lower)),
        error_upper=error.upper,
        difference=difference.mean,
        difference_lower=difference.lower,
        difference_upper=difference.upper,
        weak_log_likelihood=weak.mean,
        weak_log_likelihood_lower=weak.lower,
        weak_log_likelihood_upper=weak.upper,
        fit_time=held.fit_time,
        is_oracle=oracle,
        failure=held.failure,
        diagnostics=tuple(getattr(last_step(held.estimator), "diagnostics_", ())),
        warnings=held.warnings,
    )


def _find_reference(losses: Mapping[str, np.ndarray]) -> str:
    """Weak training, if it is there and has losses; or else the first that has."""
    able = [name for name, values in losses.items() if np.isfinite(values).any()]
    return "weak training" if "weak training" in able else [*able, *losses][0]
