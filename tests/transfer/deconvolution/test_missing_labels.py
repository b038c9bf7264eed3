"""Labels that are missing, and rows that do not count."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transfer.deconvolution.models import fit, regressor, squared_error
from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor

NAN = np.nan


def test_gold_labels_are_not_looked_at(data, fitted):
    gold = fit(regressor(2), data, y=data.y_gold)
    np.testing.assert_array_equal(fitted.predict(data.X), gold.predict(data.X))


def test_without_weak_labels_in_the_source_strong_experts_are_matched(data):
    source = data.sample_domain > 0
    weak = np.where(source, NAN, data.y_weak)
    model = fit(regressor(2), data, y_weak=weak)
    assert model.source_.coef_.shape == (2, 1, 2)
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.05


def test_missing_entries_drop_out_of_the_likelihood(data):
    random = np.random.default_rng(0)
    source = data.sample_domain > 0
    weak = np.where(random.random(800) < 0.3, NAN, data.y_weak)
    y = np.where(source & (random.random(800) < 0.3), NAN, data.y)
    model = fit(regressor(2), data, y=y, y_weak=weak)
    Y = np.column_stack([y, weak])[source]
    assert model.source_.log_likelihood(data.X[source], Y) == pytest.approx(
        model.source_.lower_bound_ * model.source_.n_rows_
    )
    kept = ~source & ~np.isnan(weak)
    assert model.target_.log_likelihood(data.X[kept], weak[kept]) == pytest.approx(
        model.target_.lower_bound_ * kept.sum()
    )
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.05


def test_source_rows_without_any_label_change_nothing(data, fitted):
    X = np.concatenate([data.X, data.X[:50] + 9.0])
    pad = np.full(50, NAN)
    model = fit(
        regressor(2),
        data,
        X=X,
        y=np.concatenate([data.y, pad]),
        y_weak=np.concatenate([data.y_weak, pad]),
        sample_domain=np.concatenate([data.sample_domain, np.ones(50, dtype=int)]),
    )
    np.testing.assert_array_equal(model.predict(data.X), fitted.predict(data.X))


def test_the_prior_is_over_all_target_rows(data):
    """A target row without weak label still has an x over which the gate is averaged."""
    target = np.flatnonzero(data.sample_domain < 0)
    weak = data.y_weak.copy()
    weak[target[:150]] = NAN
    soft = make_latent_concept_shift(400, 400, n_features=2, n_experts=2, gate="softmax")
    weak_soft = np.where(np.isnan(weak), NAN, soft.y_weak)
    model = fit(regressor(2, gate="softmax"), soft, y_weak=weak_soft)
    omega = model.mixture_.gate_proba(soft.X[soft.sample_domain < 0])
    np.testing.assert_allclose(model.concept_prior_, omega.mean(axis=0))


def test_the_order_of_rows_changes_nothing(data, fitted):
    order, one = np.random.default_rng(0).permutation(800), fitted
    two = fit(
        regressor(2),
        data,
        X=data.X[order],
        y=data.y[order],
        y_weak=data.y_weak[order],
        sample_domain=data.sample_domain[order],
    )
    np.testing.assert_allclose(two.predict(data.X), one.predict(data.X), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(one.assignment_, two.assignment_)


def test_a_weight_of_two_is_the_row_twice(data):
    weight = np.random.default_rng(0).integers(0, 3, 800)
    rows = np.repeat(np.arange(800), weight)
    one = fit(regressor(2), data, sample_weight=weight.astype(float))
    two = fit(
        regressor(2),
        data,
        X=data.X[rows],
        y=data.y[rows],
        y_weak=data.y_weak[rows],
        sample_domain=data.sample_domain[rows],
    )
    np.testing.assert_allclose(one.predict(data.X), two.predict(data.X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one.concept_prior_, two.concept_prior_, rtol=1e-6)
    assert one.margin_ == pytest.approx(two.margin_, rel=1e-5)


def test_without_a_shift_it_is_the_source_mixture(data):
    source = data.sample_domain > 0
    X, y = data.X[source], data.y[source]
    model = regressor(2).fit(X, y)
    mixture = MixtureOfExpertsRegressor(2, n_init=3, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.predict(X), mixture.predict(X), atol=1e-3)
    np.testing.assert_allclose(model.predict(X), model.source_.predict(X))
    assert model.target_ is None and np.isnan(model.margin_)
    np.testing.assert_array_equal(model.assignment_, [0, 1])
    with pytest.raises(ValueError, match="weak_log_prob is of the target"):
        model.weak_log_prob(X, y)
