"""Few gold labels among many rows: intervals cover, and are shorter than the labelled rows' own."""

import numpy as np
import pytest

from w2s_stats._intervals import prediction_powered_mean
from w2s_stats.bounds import (
    BudgetedEnvelope,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    OutputKLGain,
)

N, GOLD, REPEATS = 1000, 200, 120


def regression(rng, n):
    """A truth with a bend, a linear ceiling and student, and weights that go with the bend."""
    h = rng.uniform(-1.5, 1.5, size=(n, 2))
    truth = h @ [1.0, -1.0] + 0.5 * np.abs(h[:, 0])
    weak = truth + 0.5 * np.sign(h[:, 1]) + rng.uniform(-1, 1, size=n)
    ceiling = h @ [1.0, -1.0] + 0.4
    student = truth + 0.3 * (weak - truth)
    return (weak, student, truth, ceiling), 0.5 + np.abs(h[:, 0])


def positive(rng, n):
    truth = rng.uniform(1.0, 3.0, size=n)
    weak = truth * rng.uniform(0.3, 1.7, size=n)
    return (weak, weak**0.4 * truth**0.6, truth, None), truth


def classes(rng, n):
    truth = rng.dirichlet(np.ones(3), size=n)
    weak = 0.05 + 0.85 * (0.4 * truth + 0.6 * rng.dirichlet(np.ones(3), size=n))
    student = 0.05 + 0.85 * (0.8 * truth + 0.2 * rng.dirichlet(np.ones(3), size=n))
    labels = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return (weak, student, labels, None), 0.5 + truth[:, 0]


def quantity(name):
    def find(bound):
        row = next(row for row in bound.table_ if row.name == name)
        return row.value, row.low, row.high

    return find


def gain(bound):
    return bound.estimate_, *bound.interval_


CASES = {
    "epsilon": (NonRealizableGain(n_resamples=20), regression, quantity("epsilon = d(F_s, F*)")),
    "gain": (MisfitGain(n_resamples=20), regression, gain),
    "weak error": (MisfitGain(n_resamples=20), regression, quantity("error of the weak model")),
    "forward gain of outputs": (OutputKLGain(), positive, gain),
    "reverse gain of outputs": (OutputKLGain(training="reverse"), positive, gain),
    "gain in KL": (KLSandwich(gamma=0.0), classes, gain),
    "cross-entropy": (BudgetedEnvelope(budget=1.0), classes, quantity("weak model's error")),
}


def fit(bound, models, n_gold, weight):
    weak, student, truth, ceiling = models
    known = np.where(np.arange(len(truth)) < n_gold, truth, np.nan)
    return bound.fit(weak, student, known, y_ceiling=ceiling, sample_weight=weight)


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_intervals_cover(name, weighted, monkeypatch):
    # The bootstraps of what needs no truth, and most of the time, are tested elsewhere.
    monkeypatch.setattr("w2s_stats.bounds._gain.BOOTSTRAP_ROWS", 0)
    monkeypatch.setattr("w2s_stats.bounds._row_means.BOOTSTRAP_ROWS", 0)
    bound, draw, find = CASES[name]
    rng = np.random.default_rng(0)
    large, weight = draw(rng, 40_000)
    weight = weight if weighted else None
    population = find(fit(bound, large, len(large[0]), weight))[0]
    inside, shorter = [], []
    for repeat in range(REPEATS):
        models, weight = draw(rng, N)
        weight = weight if weighted else None
        _, low, high = find(fit(bound, models, GOLD, weight))
        inside.append(low <= population <= high)
        if repeat % 4:
            continue  # lengths differ less from sample to sample than ends do
        few = tuple(None if a is None else a[:GOLD] for a in models)
        alone = find(fit(bound, few, GOLD, None if weight is None else weight[:GOLD]))
        shorter.append((high - low) / (alone[2] - alone[1]))
    # 120 repeats of an interval that covers 95 %: three standard errors, 2 % each. More in bench.
    assert np.mean(inside) >= 0.89
    assert np.mean(shorter) < 0.98


def test_weighted_interval_is_that_of_ppi_python():
    """On values whose weighted means are 0: ppi-python takes variances of w v, not w (v - mean)."""
    ppi = pytest.importorskip("ppi_py")
    rng = np.random.default_rng(0)
    y, f, noise = rng.normal(size=(3, 1200))
    f = 0.8 * y + 0.5 * noise
    near, far = slice(0, 200), slice(200, None)
    weight = rng.uniform(0.2, 3.0, size=1200)
    for values in (y, f):
        for part in (near, far):
            values[part] -= np.average(values[part], weights=weight[part])
    found = prediction_powered_mean(
        y[near],
        f[near],
        f[far],
        labelled_weight=weight[near],
        unlabelled_weight=weight[far],
        tuning=0.7,
    )
    weights = {"w": weight[near], "w_unlabeled": weight[far]}
    ends = ppi.ppi_mean_ci(y[near], f[near], f[far], alpha=0.05, lam=0.7, **weights)
    assert found.estimate == pytest.approx(np.mean(ends), abs=1e-10)
    # Ends agree where there is no skewness: of rows and their mirror images.
    y, f, weight = (np.column_stack(p).ravel() for p in ((y, -y), (f, -f), (weight, weight)))
    near, far = slice(0, 400), slice(400, None)
    found = prediction_powered_mean(
        y[near],
        f[near],
        f[far],
        labelled_weight=weight[near],
        unlabelled_weight=weight[far],
        tuning=0.7,
    )
    weights = {"w": weight[near], "w_unlabeled": weight[far]}
    ends = ppi.ppi_mean_ci(y[near], f[near], f[far], alpha=0.05, lam=0.7, **weights)
    np.testing.assert_allclose(found[1:3], np.ravel(ends), rtol=0, atol=1e-10)
    # The estimate needs no centring.
    moved = prediction_powered_mean(
        y[near] + 3,
        f[near] + 1,
        f[far] + 1,
        labelled_weight=weight[near],
        unlabelled_weight=weight[far],
        tuning=0.7,
    )
    point = ppi.ppi_mean_pointestimate(y[near] + 3, f[near] + 1, f[far] + 1, lam=0.7, **weights)
    assert moved.estimate == pytest.approx(np.ravel(point)[0], abs=1e-10)
