"""Losses of a strategy on target rows that its fit has not seen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from w2s_stats.transfer._problem import Problem
from w2s_stats.transfer._routing import last_step


@dataclass(frozen=True)
class HeldOut:
    """What came of one strategy.

    Attributes
    ----------
    estimator : estimator or None
        Fitted to all rows; None if that failed.
    losses : ndarray of shape (n_samples,)
        NaN in source rows, and in target rows without a gold label.
    weak_log_prob : ndarray of shape (n_samples,)
        log q(y' | x); NaN in source rows, without a weak label, or where y' is not modelled.
    fit_time : float
        Seconds of the fit to all rows.
    failure : str
        Why there are no losses, in one line; empty where there are.
    warnings : tuple of str
        Of the fit to all rows.
    """

    estimator: Any
    losses: np.ndarray
    weak_log_prob: np.ndarray
    fit_time: float
    failure: str
    warnings: tuple[str, ...]


def hold_out(
    strategy: Any,
    problem: Problem,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    report: Callable[[int], Any],
) -> HeldOut:
    """Fit a strategy to all rows, then to all but each fold; an error ends it, and nothing else.

    Parameters
    ----------
    strategy : estimator
        Cloned for every fit.
    problem : Problem
    folds : sequence of (train, test)
        Positions of rows.
    report : callable
        Gets the number of fits done, after each.

    Returns
    -------
    HeldOut
    """
    n = len(problem.domain)
    losses, weak_log_prob = np.full(n, np.nan), np.full(n, np.nan)
    fitted, seconds, failure, where = None, np.nan, "", ""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            started = time.perf_counter()
            fitted = problem.fit(clone(strategy), np.arange(n))
            seconds = time.perf_counter() - started
        report(1)
        with warnings.catch_warnings():
            # What the fit to all rows warns of is kept; the folds would say it again.
            warnings.simplefilter("ignore")
            for number, (train, test) in enumerate(folds, 1):
                where = f"with fold {number} of {len(folds)} held out: "
                partial = problem.fit(clone(strategy), train)
                gold, weak = test[problem.gold[test]], test[problem.weak[test]]
                if gold.size:
                    losses[gold] = problem.loss(partial.predict(problem.take(gold)), gold)
                if weak.size and hasattr(last_step(partial), "weak_log_prob"):
                    weak_log_prob[weak] = _weak_log_prob(partial, problem, weak)
                report(number + 1)
    # A strategy that fails must not take the others with it, whatever it raises.
    except Exception as error:
        failure = f"{where}{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        losses[:], weak_log_prob[:] = np.nan, np.nan
    spoken = [w for w in caught if issubclass(w.category, UserWarning)]
    return HeldOut(
        fitted,
        losses,
        weak_log_prob,
        seconds,
        failure,
        tuple(dict.fromkeys(str(w.message) for w in spoken)),
    )


def _weak_log_prob(fitted: Any, problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Of the last step of a pipeline, on what the steps before it make of X."""
    X = problem.take(rows)
    while hasattr(fitted, "steps"):
        if len(fitted.steps) > 1:
            X = fitted[:-1].transform(X)
        fitted = fitted.steps[-1][1]
    return fitted.weak_log_prob(X, problem.y_weak[rows])
