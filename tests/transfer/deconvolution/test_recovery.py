"""Algorithm 1 finds the truth (theory 6.2 to 6.6); its rate is tested with the experiments."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tests.transfer.deconvolution.models import classifier, fit, regressor, squared_error
from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift


@pytest.mark.parametrize("expert", ["gaussian", "poisson"])
@pytest.mark.parametrize("gate", ["constant", "softmax", "gaussian"])
def test_experts_prior_and_predictions_are_recovered(expert, gate):
    data = make_latent_concept_shift(
        3000, 3000, n_features=2, n_experts=2, expert=expert, gate=gate, random_state=4
    )
    model = fit(regressor(2, expert=expert, gate=gate), data)
    truth = data.coef[:, 0], data.intercept[:, 0]
    strong = model.mixture_
    found = strong.coef_[:, 0], strong.intercept_[:, 0]
    # The order of the source's concepts: by their frequency there.
    order = np.argsort(-data.source_gate.mean(axis=0))
    np.testing.assert_allclose(found[0], truth[0][order], atol=0.1)
    np.testing.assert_allclose(found[1], truth[1][order], atol=0.1)
    target = data.sample_domain < 0
    gate_found = strong.gate_proba(data.X[target])
    assert np.abs(gate_found - data.target_gate[target][:, order]).mean() < 0.04
    np.testing.assert_allclose(
        model.concept_prior_, data.target_gate[target].mean(axis=0)[order], atol=0.04
    )
    weak = model.target_.coef_[model.assignment_, 0]
    np.testing.assert_allclose(weak, data.target_weak_coef[order, 0], atol=0.15)
    scale = data.target_mean[target].var()
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.02 * scale


@pytest.mark.parametrize("expert", ["bernoulli", "multinomial"])
@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_class_probabilities_are_recovered(expert, gate):
    data = make_latent_concept_shift(
        3000, 3000, n_features=2, n_experts=2, expert=expert, gate=gate, random_state=3
    )
    model = fit(classifier(gate=gate), data)
    target = data.sample_domain < 0
    proba = model.predict_proba(data.X[target])
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert np.mean((proba - data.target_proba[target]) ** 2) < 0.004
    source_only = model.source_.predict_proba(data.X[target])[0]
    assert np.mean((source_only - data.target_proba[target]) ** 2) > 0.01
    label = model.predict(data.X[target])
    np.testing.assert_array_equal(label, proba.argmax(axis=1))
    assert model.score(data.X, data.y_gold) == np.mean(model.predict(data.X) == data.y_gold)


def test_several_outputs():
    data = make_latent_concept_shift(1000, 1000, n_features=2, n_outputs=2, random_state=0)
    model = fit(regressor(3, n_init=2), data)
    target = data.sample_domain < 0
    assert model.predict(data.X).shape == (2000, 2)
    assert np.mean((model.predict(data.X[target]) - data.target_mean[target]) ** 2) < 0.01
    assert model.source_.coef_.shape == (3, 4, 2)
    # Outputs in other units change no match.
    unit = np.array([1.0, 1000.0])
    scaled = fit(regressor(3, n_init=2), data, y=data.y * unit, y_weak=data.y_weak * unit)
    np.testing.assert_allclose(scaled.predict(data.X), model.predict(data.X) * unit, rtol=1e-4)
    assert scaled.margin_ == pytest.approx(model.margin_, rel=1e-4)


def test_a_target_where_every_start_degenerates():
    """Targets with hardly more rows than coefficients: the starts are all given."""
    data = make_latent_concept_shift(150, 9, n_features=2, gate="softmax", random_state=5)
    model = regressor(3, n_init=1, gate="softmax", max_iter=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(model, data)
    assert np.isfinite(model.predict(data.X)).all()
