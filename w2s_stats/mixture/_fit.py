"""Maximum likelihood for a mixture of experts: from arrays to parameters in the data's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from w2s_kernels._backend import on_gpu
from w2s_kernels._dispatch import one_blas_thread
from w2s_stats.em import (
    Mixture,
    Runs,
    best_of,
    candidates_per_run,
    hashed_labels,
    hashed_rows,
    kmeans_labels,
    measure,
    one_at_a_time,
    race,
)
from w2s_stats.exceptions import DegenerateFitWarning, SeparationWarning, warn
from w2s_stats.experts import JointGate
from w2s_stats.mixture._covariance import covariances
from w2s_stats.mixture._model import Model, build, mean_gate
from w2s_stats.mixture._parameters import Parameters
from w2s_stats.mixture._units import constant_of, in_order, to_parameters, to_theta

# Beyond this many parameters the information matrix costs more than the fit; it is left out.
_MOST_PARAMETERS = 1500


@dataclass(frozen=True)
class Fit:
    """A fitted mixture: parameters in canonical order, how the run went, and the information."""

    parameters: Parameters
    weights: np.ndarray  # mean gate probabilities
    lower_bounds: np.ndarray  # mean objective after every step
    penalty: float  # what the last of them lacks to the mean log-likelihood
    n_iter: int
    converged: bool
    start_bounds: np.ndarray
    degenerate: np.ndarray
    degenerate_starts: np.ndarray
    covariance: np.ndarray | None
    covariance_robust: np.ndarray | None
    n_parameters: int  # free ones of the objective: what X does not determine has none
    n_reference: int  # those of them that the gate's logits lack: expert 0's density of x


def fit_mixture(
    model: Model,
    X: np.ndarray,
    Y: np.ndarray,
    weight: np.ndarray | None,
    *,
    tol: float,
    max_iter: int,
    n_init: int,
    init: str,
    random_state: np.random.RandomState,
    n_jobs: int | None = None,
    verbose: int = 0,
    guesses: Sequence[Parameters] = (),
) -> Fit:
    """Fit by EM from the guesses and n_init random starts; experts end in canonical order.

    The order is by falling mean gate probability; a tied gate keeps the order of the gate that it
    is tied to.
    """
    n_jobs = 1 if on_gpu(X) else n_jobs  # starts would only wait for each other on a GPU
    standardise = np.zeros(Y.shape[1], dtype=bool)
    for block in model.blocks:
        standardise[block.outputs] = block.family == "gaussian"
    coordinates = measure(X, Y, weight, center=model.fit_intercept, standardise=standardise)
    mixture = build(model, X, Y, weight, coordinates, parallel=one_at_a_time(n_jobs))
    starts = [partial(to_theta, model, mixture, guess) for guess in guesses]
    constant = constant_of(model, mixture)

    def report(number: int, trace) -> None:  # type: ignore[no-untyped-def]
        if verbose:
            state = "converged" if trace.converged else "not converged"
            bound = trace.step.objective + constant
            print(f"start {number + 1}: {bound:.6f}, {trace.n_iter} passes, {state}")

    with one_blas_thread():
        starts += _random_starts(mixture, n_init, init, random_state, n_jobs)
        run = partial(best_of, mixture, tol=tol, max_iter=max_iter, n_jobs=n_jobs, report=report)
        runs = run(starts)
        if n_init and runs.degenerate.any() and mixture.gate.n_experts > 1:
            # A proper maximum may exist that none of them found: as many starts again.
            runs = runs.joined(run(_random_starts(mixture, n_init, init, random_state, n_jobs)))
        return _finish(model, replace(mixture, parallel=True), runs, constant)


def _random_starts(
    mixture: Mixture,
    n_init: int,
    init: str,
    random_state: np.random.RandomState,
    n_jobs: int | None,
) -> list:
    """n_init starts; where passes are cheap, the winners of a race among many.

    One expert has one start: its labels are all the same.
    """
    n_init = min(n_init, 1) if mixture.gate.n_experts == 1 else n_init
    if init == "kmeans":
        seeds = random_state.randint(2**31 - 1, size=n_init)
        return [partial(kmeans_labels, mixture, int(seed)) for seed in seeds]
    each = candidates_per_run(mixture) if mixture.gate.n_experts > 1 else 1
    n_candidates = n_init * each
    seeds = random_state.randint(2**31 - 1, size=n_candidates)
    kinds = [hashed_labels, hashed_rows] if n_candidates > n_init else [hashed_labels]
    starts = [
        partial(kinds[number % len(kinds)], mixture, int(seed)) for number, seed in enumerate(seeds)
    ]
    if n_candidates == n_init:
        return starts
    winners = race(mixture, starts, n_init, n_jobs)
    return [partial(np.copy, theta) for theta in winners]


def _finish(model: Model, mixture: Mixture, runs: Runs, constant: float) -> Fit:
    theta, degenerate = runs.best.theta, runs.degenerate
    weights = mean_gate(mixture, theta)
    if model.tied_to is None:
        order = np.argsort(-weights, kind="stable")
        theta = in_order(mixture, theta, order)
        weights, degenerate = weights[order], degenerate[order]
    if degenerate.any():
        warn(_degenerate_words(np.flatnonzero(degenerate)), DegenerateFitWarning)
    if not runs.best.converged:
        warn(
            f"EM has not converged after {runs.best.n_iter} passes: raise max_iter or tol.",
            ConvergenceWarning,
        )
    if mixture.separated(runs.best.theta):
        warn(
            "Coefficients grow without bound, for the labels or the gate are separated, and their "
            "standard errors mean nothing: use fewer experts, or a gate_penalty above 0.",
            SeparationWarning,
        )
    covariance, robust = None, None
    if mixture.n_parameters <= _MOST_PARAMETERS:
        covariance, robust = covariances(model, mixture, theta)
    return Fit(
        to_parameters(model, mixture, theta),
        weights,
        runs.best.objectives + constant,
        mixture.gate.penalty(mixture.split(runs.best.theta)[0]) / mixture.tiles.coordinates.weight,
        runs.best.n_iter,
        runs.best.converged,
        runs.objectives + constant,
        degenerate,
        runs.degenerate_starts,
        covariance,
        robust,
        mixture.n_parameters,
        mixture.gate.size // model.n_experts - 1 if isinstance(mixture.gate, JointGate) else 0,
    )


def _degenerate_words(experts: np.ndarray) -> str:
    first, last = ", ".join(str(k) for k in experts[:-1]), experts[-1]
    cause = (
        f"Experts {first} and {last} explain no more rows than they have coefficients, or their "
        "variances are at the floor"
        if first
        else f"Expert {last} explains no more rows than it has coefficients, or its variance is at "
        "the floor"
    )
    return (
        f"{cause}, and no start found anything better: use fewer experts, more rows or a larger "
        "var_floor."
    )
