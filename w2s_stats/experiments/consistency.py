"""Error against sample size for each transfer strategy (theory §6.7)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.utils import check_random_state

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.exceptions import DegenerateFitWarning, UnderdeterminedFitWarning
from w2s_stats.experiments._consistency_result import ConsistencyResult
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    LabelRefinementRegressor,
    OracleRegressor,
    SourceOnlyRegressor,
    WeakTrainingRegressor,
)

STRATEGIES = (
    "concept deconvolution",
    "label refinement",
    "weak training",
    "weak labels alone",
    "source only",
    "oracle",
)
_GATES = ("constant", "softmax")
_SEEDS = 2**31 - 1


def make_strategies(
    gate: str, n_experts: int, seed: int, *, n_init: int = 10
) -> dict[str, BaseEstimator]:
    """Return the unfitted strategies by name, each with a student that can represent the truth.

    Parameters
    ----------
    gate : {"constant", "softmax"}
        Gate of the truth. With a constant gate E_Q[Y|x] is linear, and so is the student; with a
        softmax gate the student is a mixture of experts. What separates the strategies is then
        what they learn from, not what they can express.
    n_experts : int
        Number of concepts.
    seed : int
        Seed of every draw.
    n_init : int, default=10
        Starts of every mixture.

    Returns
    -------
    dict
        Name to estimator, in the order of the table.
    """
    mixture = MixtureOfExpertsRegressor(n_experts, gate=gate, n_init=n_init, random_state=seed)
    student = LinearRegression() if gate == "constant" else mixture
    return {
        "concept deconvolution": ConceptDeconvolutionRegressor(mixture, random_state=seed),
        "label refinement": LabelRefinementRegressor(mixture, student, random_state=seed),
        "weak training": WeakTrainingRegressor(student),
        "weak labels alone": WeakTrainingRegressor(student, source_weight=0.0),
        "source only": SourceOnlyRegressor(student),
        "oracle": OracleRegressor(student),
    }


def consistency_experiment(
    sizes: Sequence[int] = (300, 1000, 3000, 10_000, 30_000),
    *,
    n_replicates: int = 5,
    gate: str = "constant",
    n_experts: int = 3,
    n_features: int = 5,
    n_init: int = 10,
    strategies: Sequence[str] = STRATEGIES,
    slope_from: int = 1000,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = 0,
    progress: Callable[[str, int, int], Any] | None = None,
) -> ConsistencyResult:
    r"""Measure how each strategy's error falls with the number of rows (theory §6.7).

    A replicate draws one truth (:func:`w2s_stats.datasets.make_latent_concept_shift`), and for
    each n a source and a target of n rows. Every strategy is fitted, and its error is

    .. math:: \frac1n \sum_{i \in Q} \bigl(\hat f(x_i) - E_Q[Y | x_i]\bigr)^2

    against the truth, over the target's x. Algorithm 1 falls like 1/n; weak training and
    refinement level off at their asymptotic bias (theory §6.5, §6.6).

    Parameters
    ----------
    sizes : sequence of int
        Rows of each domain, >= 50, at least two different ones.
    n_replicates : int, default=5
        Independent repetitions, each with its own truth.
    gate : {"constant", "softmax"}, default="constant"
        Gate of truth and model.
    n_experts, n_features : int, default=3 and 5
        Number of concepts, columns of X.
    n_init : int, default=10
        Starts of every mixture of experts.
    strategies : sequence of str
        Which of :data:`STRATEGIES`, all by default.
    slope_from : int, default=1000
        Smallest n that enters the slopes (smaller ones are still reported); where it leaves
        fewer than two sizes, all enter.
    confidence_level : float, default=0.95
        Of the slopes' intervals.
    random_state : int, RandomState instance or None, default=0
        Seed of truths, rows and fits.
    progress : callable or None, default=None
        Called as ``progress(stage, done, total)`` after every fit.

    Returns
    -------
    ConsistencyResult
        Errors by strategy, size and replicate; their means, standard errors and slopes.

    Raises
    ------
    ValueError
        If an argument is outside the range above; the message names it.

    References
    ----------
    .. [1] Somerstep et al. (2025), a transfer learning framework for weak-to-strong
       generalization, Algorithm 1 and section 4.

    Examples
    --------
    >>> from w2s_stats.experiments import consistency_experiment
    >>> result = consistency_experiment(
    ...     (300, 1000),
    ...     n_replicates=1,
    ...     n_init=2,
    ...     strategies=["concept deconvolution", "weak training"],
    ...     random_state=0,
    ... )
    >>> ours, baseline = result.mean_errors[:, -1]
    >>> bool(ours < 0.1 * baseline)
    True
    """
    sizes = _check_sizes(sizes)
    _check_arguments(n_replicates, gate, strategies, confidence_level)
    random = check_random_state(random_state)
    seeds = [int(seed) for seed in random.randint(_SEEDS, size=n_replicates)]
    errors = np.full((len(strategies), len(sizes), n_replicates), np.nan)
    started, done, total = time.perf_counter(), 0, errors.size
    for replicate, seed in enumerate(seeds):
        models = make_strategies(gate, n_experts, seed, n_init=n_init)
        for column, n in enumerate(sizes):
            data = make_latent_concept_shift(
                n, n, n_features=n_features, n_experts=n_experts, gate=gate, random_state=seed
            )
            for row, name in enumerate(strategies):
                errors[row, column, replicate] = _target_error(models[name], data)
                done += 1
                if progress is not None:
                    progress(f"{name}, n = {n}", done, total)
    return ConsistencyResult(
        sizes=np.array(sizes),
        strategies=tuple(strategies),
        errors=errors,
        gate=gate,
        slope_from=slope_from,
        confidence_level=confidence_level,
        seconds=time.perf_counter() - started,
    )


def _target_error(strategy: BaseEstimator, data: Any) -> float:
    """Mean squared error of E_Q[Y|x] over the target's x."""
    target = data.sample_domain < 0
    labels = data.y_gold if isinstance(strategy, OracleRegressor) else data.y
    with warnings.catch_warnings():  # a poor fit shows in its error
        for category in (ConvergenceWarning, DegenerateFitWarning, UnderdeterminedFitWarning):
            warnings.simplefilter("ignore", category)
        strategy.fit(data.X, labels, y_weak=data.y_weak, sample_domain=data.sample_domain)
    return float(np.mean((strategy.predict(data.X[target]) - data.target_mean[target]) ** 2))


def _check_sizes(sizes: Sequence[int]) -> list[int]:
    found = sorted({int(n) for n in sizes if n == int(n)})
    if len(found) < 2 or found[0] < 50 or len(found) < len(set(sizes)):
        raise ValueError(
            "sizes must be at least two different whole numbers of rows, each 50 or more; "
            f"found {list(sizes)}."
        )
    return found


def _check_arguments(
    n_replicates: int, gate: str, strategies: Sequence[str], confidence_level: float
) -> None:
    if n_replicates < 1:
        raise ValueError(f"n_replicates must be 1 or more, found {n_replicates}.")
    if gate not in _GATES:
        raise ValueError(f"gate must be one of {', '.join(_GATES)}; found {gate!r}.")
    unknown = [name for name in strategies if name not in STRATEGIES]
    if unknown or not strategies:
        found = repr(unknown[0]) if unknown else "none"
        raise ValueError(f"strategies must be some of {', '.join(STRATEGIES)}; found {found}.")
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level must be between 0 and 1, found {confidence_level}.")
