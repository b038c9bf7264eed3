"""EM never lowers its objective."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone

from w2s_stats.exceptions import LikelihoodFellError
from w2s_stats.testing._law import check_instance, demand

_PASSES = (1, 2, 3, 5, 8, 13, 21, 34)


def check_em_monotone(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    objective: Callable[[Any], float] | None = None,
    n_seeds: int = 3,
    tolerance: float = 1e-10,
    **fit_params: Any,
) -> None:
    """Check that an EM estimator's objective does not fall at any step, from several starts.

    The history `lower_bounds_` is finite, never falls and ends at `lower_bound_`. An estimator that
    keeps no history, or is not to be taken at its word, is checked from outside by `objective`: it
    may not fall from a fit of few passes to a fit of more, from the same start.

    Parameters
    ----------
    estimator : estimator
        Not fitted, and not changed. Its `random_state`, if it has one, is set to 0, 1, ..., and
        `n_init` to 1. With `objective` it must have `max_iter`.
    X, y : array-like
        What it is fitted on.
    objective : callable, default=None
        From the fitted estimator to what it maximises, ``lambda model: model.score(X)`` perhaps;
        for an estimator that starts anew when a start goes wrong this law may fail where it does.
    n_seeds : int, default=3
    tolerance : float, default=1e-10
        A fall of this much, relative to one plus the objective's size, is rounding.
    **fit_params
        For `fit`, as sample weights.

    Raises
    ------
    AssertionError
        If the objective falls, or the numbers disagree: one sentence with the numbers.
    TypeError
        If the estimator is a class, has no `lower_bounds_` and no objective is given, or no
        `max_iter` with one.
    ValueError
        If `n_seeds` is below 1.

    Examples
    --------
    >>> from w2s_stats.datasets import load_tone
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> from w2s_stats.testing import check_em_monotone
    >>> X, y = load_tone(return_X_y=True)
    >>> check_em_monotone(MixtureOfExpertsRegressor(2, max_iter=50), X, y)

    Without trust in the history:

    >>> def mean_log_likelihood(model):
    ...     return model.log_prob(X, y).mean()
    >>> check_em_monotone(MixtureOfExpertsRegressor(2), X, y, objective=mean_log_likelihood)
    """
    check_instance("estimator", estimator)
    if n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1, found {n_seeds!r}.")
    known = estimator.get_params()
    if objective is not None and "max_iter" not in known:
        raise TypeError(
            f"{type(estimator).__name__} must have a parameter max_iter if objective is given."
        )
    for seed in range(n_seeds if "random_state" in known else 1):
        chosen = {"random_state": seed, "n_init": 1}
        start = {name: value for name, value in chosen.items() if name in known}
        fit = partial(_fit, estimator, X, y, start, fit_params)
        if objective is not None:
            _follow(fit, objective, seed, tolerance)
        fitted = fit()
        if hasattr(fitted, "lower_bounds_"):
            _read(fitted, seed, tolerance)
        elif objective is None:
            raise TypeError(
                f"{type(estimator).__name__} must have lower_bounds_ after fit, its objective's "
                "history; without one, give objective."
            )


def _fit(
    estimator: Any, X: Any, y: Any, start: dict[str, Any], fit_params: dict[str, Any], **more: Any
) -> Any:
    model = clone(estimator).set_params(**start, **more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a run cut short has not converged, as it says
        try:
            return model.fit(X, y, **fit_params)
        except LikelihoodFellError as error:
            demand(
                False,
                model,
                "EM never lowers the objective",
                before=error.before,
                after=error.after,
                n_iter=error.n_iter,
            )


def _read(fitted: Any, seed: int, tolerance: float) -> None:
    """The history that the estimator kept."""
    history = np.asarray(fitted.lower_bounds_, dtype=np.float64)
    require = partial(demand, subject=fitted, seed=seed)
    require(
        history.size > 0 and bool(np.isfinite(history).all()),
        law="lower_bounds_ is finite, and holds a number for every step",
        lower_bounds_=history,
    )
    rises = np.diff(history)
    fell = rises < -tolerance * (1 + np.abs(history[1:]))
    step = int(fell.argmax()) if fell.any() else 0
    require(
        not fell.any(),
        law="EM never lowers the objective",
        step=step + 1,
        before=history[step],
        after=history[min(step + 1, len(history) - 1)],
    )
    if hasattr(fitted, "lower_bound_"):
        require(
            bool(np.isclose(fitted.lower_bound_, history[-1], rtol=tolerance, atol=tolerance)),
            law="lower_bound_ is the last of lower_bounds_",
            lower_bound_=fitted.lower_bound_,
            last=history[-1],
        )


def _follow(
    fit: Callable[..., Any], objective: Callable[[Any], float], seed: int, tolerance: float
) -> None:
    """The objective of fits of more and more passes from one start."""
    before, passes_before = -np.inf, 0
    for passes in _PASSES:
        fitted = fit(max_iter=passes)
        value = float(objective(fitted))
        demand(
            value >= before - tolerance * (1 + abs(value)),
            fitted,
            "the objective after more passes of EM is not lower",
            seed=seed,
            passes=(passes_before, passes),
            before=before,
            after=value,
        )
        before, passes_before = value, passes
