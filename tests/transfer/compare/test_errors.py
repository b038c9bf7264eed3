"""Strategies are judged on rows that they have not seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from tests.transfer.compare.strategies import LINEAR, NAMES, QUICK, compare
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    OracleRegressor,
    SourceOnlyRegressor,
    TargetKFold,
    compare_strategies,
    stack_domains,
)


def test_the_whole_table(comparison, data):
    assert [row.strategy for row in comparison.table] == NAMES
    assert list(comparison.estimators_) == NAMES
    assert comparison.metric == "mean squared error"
    assert (comparison.n_source, comparison.n_target, comparison.n_gold) == (300, 300, 300)
    for row in comparison.table:
        assert row.error_lower < row.error < row.error_upper
        assert row.fit_time > 0 and not row.failure
    models_weak = [np.isfinite(row.weak_log_likelihood) for row in comparison.table]
    assert models_weak == [True, True, False, False, False]
    assert all(row.diagnostics for row in comparison.table)


def test_deconvolution_is_trusted_under_a_shift(comparison):
    assert comparison.trusted_ == "concept deconvolution"
    assert comparison.recommendation[0].startswith("Trust concept deconvolution: on 300 held-out")
    assert comparison.difference("concept deconvolution", "weak training").upper < 0
    assert comparison.difference("source only", "weak training").lower > 0


def test_losses_are_of_rows_held_out_by_hand(data):
    folds = TargetKFold(4)
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold, cv=folds)
    source = data.sample_domain >= 0
    losses = {name: np.full(600, np.nan) for name in LINEAR}
    for train, test in folds.split(data.X, sample_domain=data.sample_domain):
        target = train[~source[train]]
        labels = {
            "weak training": (train, np.where(source, data.y_gold, data.y_weak)),
            "source only": (train[source[train]], data.y_gold),
            "oracle": (target, data.y_gold),
        }
        for name, (rows, y) in labels.items():
            model = LinearRegression().fit(data.X[rows], y[rows])
            losses[name][test] = (model.predict(data.X[test]) - data.y_gold[test]) ** 2
    for name in LINEAR:
        np.testing.assert_allclose(found.losses_[name], losses[name])
        row = found[name]
        expected = ttest_1samp(losses[name][~source], 0.0).confidence_interval(0.95)
        assert row.error == pytest.approx(losses[name][~source].mean())
        assert (row.error_lower, row.error_upper) == pytest.approx((expected.low, expected.high))
    difference = (losses["source only"] - losses["weak training"])[~source]
    expected = ttest_1samp(difference, 0.0).confidence_interval(0.95)
    row = found["source only"]
    assert row.difference == pytest.approx(difference.mean())
    assert (row.difference_lower, row.difference_upper) == pytest.approx(
        (expected.low, expected.high)
    )
    again = found.difference("source only", "weak training")
    assert (again.mean, again.lower) == pytest.approx((row.difference, row.difference_lower))
    own = (data.y_weak - data.y_gold)[~source] ** 2
    assert found.weak_labels.mean == pytest.approx(own.mean())


def test_weak_log_likelihood_is_of_held_out_rows(data):
    folds = TargetKFold(2)
    strategy = ConceptDeconvolutionRegressor(QUICK, random_state=0)
    found = compare(data, strategies={"deconvolution": strategy}, cv=folds)
    expected = []
    for train, test in folds.split(data.X, sample_domain=data.sample_domain):
        model = strategy.fit(
            data.X[train],
            data.y[train],
            y_weak=data.y_weak[train],
            sample_domain=data.sample_domain[train],
        )
        expected.append(model.weak_log_prob(data.X[test], data.y_weak[test]))
    row = found["deconvolution"]
    assert row.weak_log_likelihood == pytest.approx(np.concatenate(expected).mean())
    assert row.weak_log_likelihood_lower < row.weak_log_likelihood < row.weak_log_likelihood_upper
    assert np.isnan(row.error)


def test_the_oracle_is_not_judged_in_sample(data):
    found = compare(
        data,
        strategies={"oracle": OracleRegressor(KNeighborsRegressor(1))},
        y_gold=data.y_gold,
    )
    fitted = found.estimators_["oracle"]
    target = data.sample_domain < 0
    in_sample = np.mean((fitted.predict(data.X[target]) - data.y_gold[target]) ** 2)
    assert in_sample == pytest.approx(0.0, abs=1e-20)
    assert found["oracle"].error > 0.1


def test_intervals_cover_the_error_of_a_fixed_prediction():
    """A source without noise fixes the prediction, so the error's truth is known."""
    random = np.random.default_rng(0)
    X_source = random.normal(size=(20, 1))
    hits = 0
    n_trials = 60
    for _ in range(n_trials):
        X_target = random.normal(size=(40, 1))
        gold = X_target[:, 0] + 1.0 + random.normal(size=40)
        X, y, y_weak, domain = stack_domains(
            (X_source, X_source[:, 0]), (X_target, np.zeros(40), gold)
        )
        row = compare_strategies(
            X,
            y,
            y_weak=y_weak,
            sample_domain=domain,
            strategies={"source only": SourceOnlyRegressor()},
            cv=2,
        )["source only"]
        # f(x) = x, so that the loss is (1 + e)^2, of mean 2.
        hits += row.error_lower <= 2.0 <= row.error_upper
    assert 0.85 <= hits / n_trials <= 0.99


def test_weights_weigh_losses_and_fits(data):
    weight = np.random.default_rng(0).uniform(0.5, 2.0, size=600)
    folds = TargetKFold(3)
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold, sample_weight=weight, cv=folds)
    losses = found.losses_["weak training"]
    target = data.sample_domain < 0
    assert found["weak training"].error == pytest.approx(
        np.average(losses[target], weights=weight[target])
    )
    plain = compare(data, strategies=LINEAR, y_gold=data.y_gold, cv=folds)
    assert not np.allclose(plain.losses_["weak training"][target], losses[target])


def test_the_bootstrap_is_near_the_t_interval(data):
    t, bootstrap = (
        compare(data, strategies=LINEAR, y_gold=data.y_gold, interval=interval)["source only"]
        for interval in ("t", "bootstrap")
    )
    assert t.error == bootstrap.error
    width = t.error_upper - t.error_lower
    assert abs(t.error_lower - bootstrap.error_lower) < 0.15 * width
    assert abs(t.error_upper - bootstrap.error_upper) < 0.15 * width


def test_the_same_seed_gives_the_same_table(data):
    a, b, c = (
        compare(data, strategies=LINEAR, y_gold=data.y_gold, random_state=seed)["oracle"].error
        for seed in (1, 1, 2)
    )
    assert a == b != c
