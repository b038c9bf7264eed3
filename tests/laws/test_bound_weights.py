"""A weight of a bound is a number of rows: rows of weight 0 are not there, 2 is the row twice."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import csr_array

from w2s_stats.bounds import (
    BudgetedEnvelope,
    CalibrationShift,
    ConvexHull,
    ErrorFloor,
    ExpansionBound,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    NormBall,
    OutputKLGain,
    PositiveHeads,
)
from w2s_stats.divergences import KL, GeneralizedKL, ItakuraSaito

CASES = 50  # of each of the twenty: 1,000


class Case(NamedTuple):
    """Models on the same rows; what a class of functions is made of is on these rows too."""

    weak: np.ndarray
    student: np.ndarray
    truth: np.ndarray
    ceiling: np.ndarray
    features: np.ndarray

    def of(self, rows):
        return Case(*(part[rows] for part in self))

    def with_rows(self, strangers):
        return Case(*(np.concatenate(pair) for pair in zip(self, strangers, strict=True)))


def probabilities(rng, n):
    k = int(rng.integers(2, 5))
    weak, student, ceiling, truth = rng.dirichlet(np.full(k, 2.0), size=(4, n)) + 1e-3
    weak, student, ceiling, truth = (
        p / p.sum(axis=1, keepdims=True) for p in (weak, student, ceiling, truth)
    )
    if rng.integers(2):
        truth = rng.integers(k, size=n).astype(float)
    return Case(weak, student, truth, ceiling, rng.normal(size=(n, 2)))


def impossible(case, n):
    """Certain of different classes: infinite divergences, and no gain in log-likelihood."""
    k = case.weak.shape[1]
    certain, other = np.eye(k)[np.zeros(n, dtype=int)], np.eye(k)[np.ones(n, dtype=int)]
    truth = np.zeros(n) if case.truth.ndim == 1 else other
    return Case(certain, other, truth, certain, np.full((n, 2), 1e6))


def outputs(rng, n):
    return Case(*rng.gamma(3.0, size=(4, n)), rng.normal(size=(n, 2)))


def enormous(case, n):
    """Beyond what can be squared, and no positive output."""
    return Case(*np.multiply.outer([-1e200, 1e200, -1e300, 1e300], np.ones(n)), np.ones((n, 2)))


def hull(case):
    return ConvexHull([case.ceiling, case.student])


def positive_heads(case):
    """Heads as distributions over the rows that count, as often as they do."""
    return PositiveHeads(np.column_stack([np.ones(len(case.weak)), case.features[:, 0]]))


BOUNDS = {
    "MisfitGain squared": (lambda case: MisfitGain(n_resamples=2, random_state=0), outputs),
    "MisfitGain Itakura-Saito": (
        lambda case: MisfitGain(ItakuraSaito(), n_resamples=2, random_state=0),
        outputs,
    ),
    "MisfitGain KL": (lambda case: MisfitGain(KL(), n_resamples=2, random_state=0), probabilities),
    "GainCertificate ball": (
        lambda case: GainCertificate(NormBall(case.features, 1.0), n_resamples=2, random_state=0),
        outputs,
    ),
    "GainCertificate KL": (
        lambda case: GainCertificate(hull(case), KL(), n_resamples=2, random_state=0),
        probabilities,
    ),
    "GainCertificate positive heads": (
        lambda case: GainCertificate(
            positive_heads(case), GeneralizedKL(), n_resamples=2, random_state=0
        ),
        outputs,
    ),
    "NonRealizableGain": (lambda case: NonRealizableGain(n_resamples=2, random_state=0), outputs),
    "NonRealizableGain hull": (
        lambda case: NonRealizableGain(hull(case), n_resamples=2, random_state=0),
        outputs,
    ),
    "OutputKLGain": (lambda case: OutputKLGain(), outputs),
    "KLSandwich": (lambda case: KLSandwich(random_state=0), probabilities),
    "BudgetedEnvelope": (lambda case: BudgetedEnvelope(), probabilities),
    "CalibrationShift": (lambda case: CalibrationShift(), probabilities),
    "CalibrationShift cells": (
        lambda case: CalibrationShift(measure="same-information", n_bins=3),
        probabilities,
    ),
    "ErrorFloor": (lambda case: ErrorFloor(), probabilities),
    "ErrorFloor cross-entropy": (lambda case: ErrorFloor(loss="cross-entropy"), probabilities),
    "ErrorFloor zero-one": (lambda case: ErrorFloor(loss="zero-one"), probabilities),
    "ErrorFloor squared": (lambda case: ErrorFloor(loss="squared"), outputs),
    "GoldLabelPlan": (lambda case: GoldLabelPlan(n_labels=100), probabilities),
    "GoldLabelPlan draws": (lambda case: GoldLabelPlan(n_labels=3), probabilities),
}
# The only numbers that may know how many rows stand for a sample.
OF_ROWS = {
    "budget",  # of labels: the end of an interval
    "budgeted, low end",
    "budgeted, high end",
    "rows whose label matters",
    "rows to label",
    "reach of the interval",
    "reach if rows were drawn uniformly",
}


def fit(make, case, weight):
    options = {"y_ceiling": case.ceiling, "sample_weight": weight}
    return make(case).fit(case.weak, case.student, case.truth, **options)


def numbers(bound):
    table = [value for row in bound.table_ for value in row[1:4]]
    return [bound.estimate_, bound.lower_, bound.upper_, *bound.interval_, *table]


@pytest.mark.parametrize("name", BOUNDS)
def test_rows_of_weight_zero_are_not_there(name):
    rng = np.random.default_rng(1)
    make, draw = BOUNDS[name]
    for case_number in range(CASES):
        n, beyond = rng.integers(4, 10), rng.integers(1, 4)
        case = draw(rng, n)
        if case_number % 3 == 0 and not name.startswith("GoldLabelPlan"):
            case.truth[n // 2 :] = np.nan
        strangers = (impossible if draw is probabilities else enormous)(case, beyond)
        weight = rng.uniform(0.5, 2.0, size=n) if rng.integers(2) else np.ones(n)
        # Anywhere among the rows that count, whose order stays: draws go by it.
        order = np.arange(n, n + beyond)
        order = np.insert(order, np.sort(rng.integers(beyond + 1, size=n)), np.arange(n))
        longer = case.with_rows(strangers).of(order)
        one = fit(make, case, weight)
        two = fit(make, longer, np.append(weight, np.zeros(beyond))[order])
        assert two.holds_ is one.holds_
        assert [row[::4] for row in two.table_] == [row[::4] for row in one.table_]
        np.testing.assert_allclose(numbers(two), numbers(one), rtol=1e-10, atol=1e-12)
        if name.startswith("GoldLabelPlan"):
            np.testing.assert_array_equal(order[two.rows_], one.rows_)


@pytest.mark.parametrize("name", [name for name in BOUNDS if name != "GoldLabelPlan draws"])
def test_a_weight_is_a_number_of_rows(name):
    rng = np.random.default_rng(2)
    make, draw = BOUNDS[name]
    for _ in range(CASES):
        case = draw(rng, rng.integers(3, 9))
        weight = rng.integers(0, 4, size=len(case.weak))
        weight[0] = 2
        rows = np.repeat(np.arange(len(weight)), weight)
        one, two = fit(make, case, weight), fit(make, case.of(rows), None)
        assert one.estimate_ == pytest.approx(two.estimate_, rel=1e-9, abs=1e-11)
        if name != "BudgetedEnvelope":
            limits = (two.lower_, two.upper_)
            assert (one.lower_, one.upper_) == pytest.approx(limits, rel=1e-9, abs=1e-11)
        assert not any(row.method == "empirical Bernstein" for row in one.table_)
        again = {(row.name, row.method): row.value for row in two.table_}
        for row in one.table_:
            # Others are for rows without weights only.
            if row.name not in OF_ROWS and (row.name, row.method) in again:
                expected = again[row.name, row.method]
                assert row.value == pytest.approx(expected, rel=1e-9, abs=1e-11), row.name


def test_a_budget_that_is_given_has_limits_of_as_many_rows():
    rng = np.random.default_rng(3)
    for _ in range(CASES):
        case = probabilities(rng, 6)
        weight = np.append(2, rng.integers(0, 4, size=5))
        rows = np.repeat(np.arange(6), weight)
        bound = BudgetedEnvelope(budget=10.0 ** rng.uniform(-3, 0))
        one = bound.fit(case.weak, case.student, sample_weight=weight)
        limits = one.lower_, one.upper_
        two = bound.fit(case.weak[rows], case.student[rows])
        assert limits == pytest.approx((two.lower_, two.upper_), rel=1e-9, abs=1e-11)


def neighborhoods(rng, n):
    """Labels, gold ones in part, and a graph."""
    weak, student, y = rng.integers(2, size=(3, n)).astype(float)
    y[rng.random(n) < 0.2] = np.nan
    y[0] = 1.0
    return weak, student, y, rng.random((n, n)) < 0.3


def expansion(labels, graph, weight):
    return ExpansionBound().fit(*labels, neighbors=csr_array(graph * 1.0), sample_weight=weight)


def test_expansion_counts_rows_with_weight_and_their_neighbors():
    rng = np.random.default_rng(4)
    for _ in range(CASES):
        n, beyond = rng.integers(4, 10), rng.integers(1, 4)
        *labels, graph = neighborhoods(rng, n + beyond)
        weight = np.append(rng.integers(1, 4, size=n), np.zeros(beyond))
        own = [part[:n] for part in labels]
        one = expansion(own, graph[:n, :n], weight[:n])
        two = expansion(labels, graph, weight)
        np.testing.assert_allclose(numbers(two), numbers(one), rtol=1e-10, atol=1e-12)
        if np.isnan(own[2]).any():
            continue
        rows = np.repeat(np.arange(n), weight[:n].astype(int))
        many = expansion([part[rows] for part in own], graph[np.ix_(rows, rows)], None)
        limits = many.estimate_, many.lower_, many.upper_
        assert (one.estimate_, one.lower_, one.upper_) == pytest.approx(limits, abs=1e-12)
