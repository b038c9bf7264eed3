"""Intervals of fitted mixtures, of strategies' errors, of a concept's margin, of slopes in log n.

Mixtures have the parameters that labels were drawn with. Errors of strategies and margins take the
fits as given: their truth is that of the fits of each sample, in the population.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import multivariate_normal, norm
from sklearn.linear_model import LinearRegression, LogisticRegression

from bench.coverage._count import Case, Draw, Found
from w2s_stats.experiments import ConsistencyResult
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    KMeansConceptAssigner,
    SourceOnlyClassifier,
    SourceOnlyRegressor,
    WeakTrainingClassifier,
    WeakTrainingRegressor,
    compare_strategies,
    stack_domains,
)

# Intercept, slope and standard deviation of two experts, the more frequent one first.
STRONG = np.array([[-1.0, 0.5, 0.5], [2.0, 1.0, 0.7]])
WEAK_SOURCE = np.array([[-0.8, 0.4, 0.6], [1.5, 0.8, 0.8]])
WEAK_TARGET = np.array([[-0.5, 0.4, 0.6], [1.8, 0.6, 0.8]])
# Of labels in the target of `compare_strategies`.
SLOPES = np.array([1.5, -0.5])


def _labels(rng: np.random.Generator, x: np.ndarray, k: np.ndarray, experts: Any) -> np.ndarray:
    intercept, slope, scale = experts[k].T
    return intercept + slope * x + scale * rng.normal(size=len(x))


def _parameters(mixture: Any, truth: np.ndarray, cov_type: str) -> Iterator[Found]:
    ends = mixture.conf_int(cov_type=cov_type)
    for name, true, value, (low, high) in zip(
        mixture.param_names_, truth, mixture.params_, ends, strict=True
    ):
        yield Found(f"{name}, {cov_type}", true, value, low, high, "normal")


def _mixture(gate_slope: float, rng: np.random.Generator, n: int) -> Iterator[Found]:
    """One covariate and two experts, of which the second one has a share of .35 where x = 0."""
    intercept = np.log(0.35 / 0.65)
    x = rng.normal(size=n)
    k = (rng.random(n) < expit(intercept + gate_slope * x)).astype(int)
    gate = "softmax" if gate_slope else "constant"
    mixture = MixtureOfExpertsRegressor(gate=gate, n_init=2, random_state=0)
    mixture.fit(x[:, None], _labels(rng, x, k, STRONG))
    truth = np.r_[[intercept, gate_slope] if gate_slope else intercept, STRONG.ravel()]
    for cov_type in ("nonrobust", "robust"):
        yield from _parameters(mixture, truth, cov_type)


def _deconvolution(rng: np.random.Generator, n: int) -> Iterator[Found]:
    """Weak experts of a target whose gate has the slope of a source of as many rows."""
    slope, source_gate, target_gate = 1.0, -0.6, -0.9
    x, z = rng.normal(size=(2, n))
    k = (rng.random(n) < expit(source_gate + slope * x)).astype(int)
    j = (rng.random(n) < expit(target_gate + slope * z)).astype(int)
    X, y, y_weak, domain = stack_domains(
        source=(x[:, None], _labels(rng, x, k, STRONG), _labels(rng, x, k, WEAK_SOURCE)),
        target=(z[:, None], _labels(rng, z, j, WEAK_TARGET)),
    )
    experts = MixtureOfExpertsRegressor(gate="softmax", n_init=2)
    found = ConceptDeconvolutionRegressor(experts, random_state=0)
    found.fit(X, y, y_weak=y_weak, sample_domain=domain)
    truth = np.r_[target_gate, WEAK_TARGET.ravel()]
    yield from _parameters(found.target_, truth, "nonrobust")


def _target(rng: np.random.Generator, n: int, classes: bool) -> tuple[np.ndarray, ...]:
    """Inputs, source labels, target labels and weak labels; the target's slopes are others."""
    x = rng.normal(size=(n, 2))
    noise, weak_noise = rng.normal(size=(2, n))
    source, target = x @ [1.0, 0.0] + noise, x @ SLOPES + noise
    weak = target + 0.5 + weak_noise
    labels = (part > 0 if classes else part for part in (source, target, weak))
    return x, *(part.astype(int) if classes else part for part in labels)


def _risk(strategy: Any, classes: bool) -> float:
    """Of a linear model in the target's population, whose inputs and noise are standard normal."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    if classes:
        at = logit(strategy.predict_proba(points)[:, 1])
    else:
        at = strategy.predict(points)
    intercept, slopes = at[0], at[1:] - at[0]
    if not classes:
        return float(intercept**2 + ((slopes - SLOPES) ** 2).sum() + 1.0)
    # Signs of two normal variables that differ: that of the model, and the label's.
    covariance = [[slopes @ slopes, slopes @ SLOPES], [slopes @ SLOPES, SLOPES @ SLOPES + 1.0]]
    below = multivariate_normal([intercept, 0.0], covariance).cdf([0.0, 0.0])
    return float(norm.cdf(-intercept / np.sqrt(slopes @ slopes)) + 0.5 - 2.0 * below)


def _strategies(classes: bool, interval: str) -> Draw:
    """Two strategies on as many source as target rows, the latter with gold labels.

    Errors are those of the folds' fits, which leave a fifth of the target out. For the fits to all
    rows to have about the same, weak training is on the target alone: a pool with the source would
    be another mixture of the two.
    """
    if classes:
        fit = {"weak": WeakTrainingClassifier(LogisticRegression(), source_weight=0.0)}
        fit["source"] = SourceOnlyClassifier(LogisticRegression())
    else:
        fit = {"weak": WeakTrainingRegressor(LinearRegression(), source_weight=0.0)}
        fit["source"] = SourceOnlyRegressor(LinearRegression())

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        x, y, _, y_weak = _target(rng, n, classes)
        z, _, gold, z_weak = _target(rng, n, classes)
        X, y, y_weak, domain = stack_domains(source=(x, y, y_weak), target=(z, z_weak, gold))
        given = {"y_weak": y_weak, "sample_domain": domain, "strategies": fit}
        found = compare_strategies(X, y, **given, interval=interval, random_state=0)
        weak, source = found.table
        error = {name: _risk(fitted, classes) for name, fitted in found.estimators_.items()}
        rate = classes and interval == "t"
        for row in (weak, source):
            yield Found(
                f"error, {row.strategy}",
                error[row.strategy],
                *(row.error, row.error_lower, row.error_upper),
                "Wilson" if rate else interval,
                trials=n if rate else np.nan,
            )
        difference = found.difference("source", "weak")
        yield Found(
            "difference, source - weak",
            error["source"] - error["weak"],
            *(difference.mean, difference.lower, difference.upper, difference.method),
        )

    return draw


def _margin(rng: np.random.Generator, n: int) -> Iterator[Found]:
    """Three clusters, and n weak outputs that lie between two of them."""
    centres, mean = np.array([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]]), np.array([2.0, 0.5])
    source = np.repeat(centres, 100, axis=0) + rng.normal(size=(300, 2))
    rows = np.concatenate([source, mean + rng.normal(size=(n, 2))])
    domain = np.repeat([1, -1], [len(source), n])
    found = KMeansConceptAssigner(3, n_init=1, random_state=0).fit(rows, sample_domain=domain)
    length = np.linalg.norm(found.cluster_centers_, axis=1)
    similarity = found.cluster_centers_ @ mean / (length * np.linalg.norm(mean))
    best, second = np.argsort(-found.similarity_)[:2]
    truth = similarity[best] - similarity[second]
    yield Found("margin", truth, found.margin_, *found.margin_interval_, "delta")


def _slope(rng: np.random.Generator, n: int) -> Iterator[Found]:
    """Errors of n repetitions, 1/n of their rows but for factors, one of which all sizes share."""
    sizes = np.array([1000, 3000, 10_000])
    factor = np.exp(rng.normal(size=(1, 1, n)) + 0.5 * rng.normal(size=(1, 3, n)))
    result = ConsistencyResult(sizes, ("strategy",), factor / sizes[None, :, None])
    yield Found("slope", -1.0, result.slopes[0], *result.slope_intervals[0], "t")


def _of(draw: Draw, *first: Any) -> Any:
    """What builds a draw that needs no population."""
    return partial(partial, draw, *first)


CASES = {
    # Normal intervals of mixtures need more rows than 200.
    "mixture, constant gate": Case(_of(_mixture, 0.0), (0, 2, 10)),
    "mixture, softmax gate": Case(_of(_mixture, 1.0), (0, 2, 10)),
    "ConceptDeconvolution, weak experts of the target": Case(_of(_deconvolution), (0, 4, 0)),
    **{
        f"compare_strategies, {'classes' if classes else 'regression'}, {interval}": Case(
            partial(_strategies, classes, interval), (4, 4, 10)
        )
        for classes, interval in ((False, "t"), (False, "bootstrap"), (True, "t"))
    },
    "KMeansConceptAssigner": Case(_of(_margin)),
    "ConsistencyResult, n repetitions": Case(_of(_slope)),
}
