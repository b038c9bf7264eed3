"""Intervals of the bounds: models are fixed, rows are drawn from a population with replacement.

The truth is what the same bound finds on the population itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.neighbors import NearestNeighbors

from bench.coverage._count import Case, Draw, Found
from bench.coverage._populations import (
    FLOOR,
    Population,
    bounded_outputs,
    draw_labels,
    one_probability,
    one_sided,
    pairs,
    positive_outputs,
    real_outputs,
    three_classes,
    weighted_outputs,
)
from w2s_stats.bounds import (
    Bound,
    BudgetedEnvelope,
    CalibrationShift,
    ErrorFloor,
    ExpansionBound,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    NormBall,
    OutputKLGain,
)
from w2s_stats.calibration import correct_weak_labels
from w2s_stats.divergences import KL, BinaryKL

# From the rows that it is fitted on and a seed.
Make = Callable[[Population, int], Bound]


def intervals_of(bound: Bound) -> dict[str, tuple[float, float, float, str]]:
    """Estimate and every row of the table that has an interval, by name; a second one by method.

    The terms of a printed theorem, "A = ...", are the same means again and left out.
    """
    rows = [("estimate", bound.estimate_, *bound.interval_, bound.method_), *bound.table_]
    found: dict[str, tuple[float, float, float, str]] = {}
    for name, value, low, high, method in rows:
        if not np.isnan(low) and name[1:4] != " = ":
            found[f"{name}, {method}" if name in found else name] = (value, low, high, method)
    return found


def _fit(make: Make, rows: Population, seed: int) -> Bound:
    return make(rows, seed).fit(
        rows.weak, rows.student, rows.truth, y_ceiling=rows.ceiling, sample_weight=rows.weight
    )


def _sampled(make: Make, population: Callable[[], Population], n_gold: int | None = None) -> Draw:
    whole = population()
    truth = {name: found[0] for name, found in intervals_of(_fit(make, whole, 0)).items()}

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        sample = whole.sample(rng, n).with_gold(n_gold)
        for name, found in intervals_of(_fit(make, sample, int(rng.integers(2**31)))).items():
            yield Found(name, truth[name], *found)

    return draw


def _corrected(measure: str) -> Draw:
    """Labels of a labeller with known errors, which are taken off; the truth has none."""
    whole, make = one_probability(), partial(_plain, CalibrationShift, measure=measure)
    truth = {name: found[0] for name, found in intervals_of(_fit(make, whole, 0)).items()}
    confusion = np.array([[0.9, 0.1], [0.2, 0.8]])

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        rows = whole.sample(rng, n)
        flipped = draw_labels(rng, confusion[rows.truth, 1])
        options = {"confusion_matrix": confusion, "independent_errors": True}
        sample = rows._replace(truth=correct_weak_labels(flipped, **options))
        for name, found in intervals_of(_fit(make, sample, 0)).items():
            yield Found(name, truth[name], *found)

    return draw


def _gold_labels(gain: str, population: Callable[[], Population]) -> Draw:
    """A pool whose gain is known; n labels are drawn from it."""
    pool = population()
    every = GoldLabelPlan(n_labels=len(pool.weak), gain=gain)
    truth = every.fit(pool.weak, pool.student, pool.truth).estimate_

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        plan = GoldLabelPlan(n_labels=n, gain=gain, random_state=int(rng.integers(2**31)))
        plan.fit(pool.weak, pool.student, pool.truth)
        for name, found in intervals_of(plan).items():
            yield Found(name, truth, *found)

    return draw


def _pairs(n_gold: int | None = None) -> Draw:
    """Pairs of rows, the second the first one's neighbour: what is reached depends on both."""
    whole = pairs()

    def fit(rows: Population) -> dict[str, tuple[float, float, float, str]]:
        near = np.arange(1, len(rows.weak) + 1)[:, None]
        near[1::2] = -1
        return intervals_of(
            ExpansionBound().fit(rows.weak, rows.student, rows.truth, neighbors=near)
        )

    truth = {name: found[0] for name, found in fit(whole).items()}

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        first = 2 * rng.integers(len(whole.weak) // 2, size=n // 2)
        rows = np.column_stack([first, first + 1]).ravel()
        sample = Population(*(part[rows] for part in whole[:3])).with_gold(n_gold)
        for name, found in fit(sample).items():
            yield Found(name, truth[name], *found)

    return draw


def _neighbourhoods(n_gold: int | None = None) -> Draw:
    """Two clusters 3 sqrt(2) apart, five neighbours a row, a fifth of the weak labels flipped.

    The student's error is known. Neighbours are those in the sample: the limit is a number of each
    sample, whose truth is the replicates' mean.
    """
    exact = {
        "estimate": float(norm.sf(3 / np.sqrt(2))),
        "student against weak labels": float(0.2 + 0.6 * norm.sf(3 / np.sqrt(2))),
        "weak error": 0.2,
    }

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        y = rng.integers(2, size=n)
        X = 3.0 * y[:, None] + rng.normal(size=(n, 2))
        weak = np.where(rng.random(n) < 0.2, 1 - y, y)
        near = NearestNeighbors(n_neighbors=5).fit(X).kneighbors(return_distance=False)
        rows = Population(weak, (X.sum(axis=1) > 3).astype(int), y).with_gold(n_gold)
        bound = ExpansionBound().fit(rows.weak, rows.student, rows.truth, neighbors=near)
        for name, found in intervals_of(bound).items():
            yield Found(name, exact.get(name, np.nan), *found)

    return draw


# Fewer replicates where resamples, or a budget's multipliers, take long.
DEAR = (1, 1, 2)
# Prediction-powered: 200 gold labels of n rows.
GOLD, MORE_THAN_GOLD = {"n_gold": 200}, (0, 1, 1)
EVERY_AND_GOLD: tuple[tuple[str, tuple[int, ...], dict[str, int]], ...] = (
    ("", (), {}),
    (", 200 gold", MORE_THAN_GOLD, GOLD),
)


def _misfit(rows: Population, seed: int, **options: Any) -> Bound:
    return MisfitGain(random_state=seed, **options)


def _outside(rows: Population, seed: int) -> Bound:
    return NonRealizableGain(random_state=seed)


def _certificate(rows: Population, seed: int) -> Bound:
    return GainCertificate(NormBall(rows.features, 2.5), random_state=seed)


def _sandwich(rows: Population, seed: int) -> Bound:
    return KLSandwich(gamma=FLOOR, random_state=seed)


def _plain(bound: type[Bound], rows: Population, seed: int, **options: Any) -> Bound:
    """A bound that resamples nothing."""
    return bound(**options)


def _case(make: Make, population: Callable[[], Population], *divide: int, **gold: int) -> Case:
    return Case(partial(_sampled, make, population, **gold), divide or (1, 1, 1))


BOUNDED = partial(_misfit, output_range=(-1.0, 1.0))
CLASSES = partial(_misfit, divergence=KL(), gamma=FLOOR)
HARD = partial(_misfit, divergence=BinaryKL(), output_range=(FLOOR, 1 - FLOOR))
BUDGETED = partial(_plain, BudgetedEnvelope, budget=0.3)
ZERO_ONE = partial(_plain, ErrorFloor, loss="zero-one")
WEIGHTED = partial(three_classes, weighted=True)
POOL = partial(three_classes, times=4)

CASES = {
    "MisfitGain, squared error": _case(_misfit, real_outputs, *DEAR),
    "MisfitGain, squared error, weights": _case(_misfit, weighted_outputs, *DEAR),
    "MisfitGain, squared error, bounded": _case(BOUNDED, bounded_outputs, *DEAR),
    "MisfitGain, binary KL of hard labels": _case(HARD, one_probability, *DEAR),
    "MisfitGain, KL": _case(CLASSES, three_classes, *DEAR),
    "MisfitGain, squared error, 200 gold": _case(_misfit, real_outputs, 0, 1, 2, **GOLD),
    "MisfitGain, KL, 200 gold": _case(CLASSES, three_classes, 0, 1, 2, **GOLD),
    "MisfitGain, squared error, weights, 200 gold": _case(
        _misfit, weighted_outputs, 0, 1, 2, **GOLD
    ),
    "NonRealizableGain": _case(_outside, real_outputs, *DEAR),
    "NonRealizableGain, 200 gold": _case(_outside, real_outputs, 0, 1, 2, **GOLD),
    "GainCertificate": _case(_certificate, real_outputs, *DEAR),
    "KLSandwich": _case(_sandwich, three_classes, *DEAR),
    "KLSandwich, weights": _case(_sandwich, WEIGHTED, *DEAR),
    "KLSandwich, 200 gold": _case(_sandwich, three_classes, 0, 1, 2, **GOLD),
    "BudgetedEnvelope": _case(BUDGETED, three_classes, *DEAR),
    "BudgetedEnvelope, weights": _case(BUDGETED, WEIGHTED, *DEAR),
    "BudgetedEnvelope, 200 gold": _case(BUDGETED, three_classes, 0, 1, 2, **GOLD),
    "BudgetedEnvelope, weights, 200 gold": _case(BUDGETED, WEIGHTED, 0, 1, 2, **GOLD),
    **{
        f"OutputKLGain, {training}{some}": _case(
            partial(_plain, OutputKLGain, training=training), positive_outputs, *divide, **gold
        )
        for training in ("forward", "reverse")
        for some, divide, gold in EVERY_AND_GOLD
    },
    **{
        f"ErrorFloor, {loss}{some}": _case(
            partial(_plain, ErrorFloor, loss=loss), three_classes, *divide, **gold
        )
        for loss in ("kl", "cross-entropy", "zero-one", "squared")
        for some, divide, gold in EVERY_AND_GOLD
    },
    "ErrorFloor, zero-one, weights": _case(ZERO_ONE, WEIGHTED),
    **{
        f"CalibrationShift, {measure}, {name}": _case(
            partial(_plain, CalibrationShift, measure=measure), population
        )
        for measure in ("smooth", "same-information")
        for name, population in (
            ("one probability", one_probability),
            ("three classes", three_classes),
        )
    },
    "CalibrationShift, smooth-vector, one probability": _case(
        partial(_plain, CalibrationShift, measure="smooth-vector"), one_probability
    ),
    **{
        f"CalibrationShift, {measure}, corrected weak labels": Case(partial(_corrected, measure))
        for measure in ("smooth", "same-information")
    },
    "ExpansionBound, pairs": Case(_pairs),
    "ExpansionBound, pairs, 200 gold": Case(partial(_pairs, **GOLD), MORE_THAN_GOLD),
    "ExpansionBound, neighbours in the sample": Case(_neighbourhoods, (1, 1, 2)),
    "ExpansionBound, neighbours in the sample, 200 gold": Case(
        partial(_neighbourhoods, **GOLD), (0, 1, 2)
    ),
    **{
        f"GoldLabelPlan, {gain}": Case(partial(_gold_labels, gain, POOL))
        for gain in ("log_likelihood", "accuracy")
    },
    "GoldLabelPlan, accuracy, one-sided": Case(partial(_gold_labels, "accuracy", one_sided)),
}
