"""Losses of a strategy on target rows that its fit has not seen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from w2s_stats.transfer._problem import Problem
from w2s_stats.transfer._routing import inner, last_step


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
        log q(y' | x); NaN in source rows, without a weak label, or where y' is not modelled; -inf
        where the weak label is impossible.
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
                    losses[gold] = _losses(partial, problem, gold)
                if weak.size and hasattr(last_step(partial), "weak_log_prob"):
                    weak_log_prob[weak] = _weak_log_prob(partial, problem, weak)
                report(number + 1)
    # A strategy that fails must not take the others with it, whatever it raises.
    except Exception as error:
        failure = f"{where}{type(error).__name__}: {_in_one_line(str(error))}"
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


def _losses(fitted: Any, problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Of a prediction that must have one: a row left out would flatter the strategy."""
    found = problem.loss(fitted.predict(problem.take(rows)), rows)
    without = ~np.isfinite(found)
    if without.any():
        raise ValueError(
            "predict must return numbers of finite loss; found a loss of "
            f"{found[without][0]} in row {rows[without][0]}."
        )
    return found


def _weak_log_prob(fitted: Any, problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Of what is inside of pipelines and searches, on what the steps before it make of X."""
    X = problem.take(rows)
    while (within := inner(fitted)) is not None:
        if isinstance(fitted, Pipeline) and len(fitted.steps) > 1:
            X = fitted[:-1].transform(X)
        fitted = within
    found = np.asarray(fitted.weak_log_prob(X, problem.y_weak[rows]))
    without = ~(found < np.inf)
    if without.any():
        raise ValueError(
            "weak_log_prob must return log-densities below infinity; found "
            f"{found[without][0]} in row {rows[without][0]}."
        )
    return found


def _in_one_line(words: str) -> str:
    """The first line that says something; of a report of failed fits, also the first's error."""
    lines = [line for line in words.splitlines() if line.strip()]
    told = next((number for number, line in enumerate(lines) if line.startswith("Traceback")), -1)
    cause = [line for line in lines[told + 1 :] if not line[0].isspace()] if told > 0 else []
    return " ".join(line.strip() for line in [*lines[:1], *cause[:1]])
