"""Algorithm 1 finds the truth (theory 6.2 to 6.7)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transfer.deconvolution.models import classifier, fit, regressor, squared_error
from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    LabelRefinementRegressor,
    WeakTrainingRegressor,
)


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
        4000, 4000, n_features=2, n_experts=2, expert=expert, gate=gate, random_state=3
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


@pytest.mark.slow
@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_the_error_falls_like_one_over_n_and_the_others_level_off(gate):
    """Theory 6.7, K = 3, d = 5: rate 1/n for Algorithm 1, a floor for the baselines."""
    sizes = [1000, 8000]
    errors = np.zeros((2, 3, 3))
    for seed in range(3):
        truth = make_latent_concept_shift(1, 1, gate=gate, random_state=seed)
        test = sample_latent_concept_shift(truth, 0, 4000, random_state=99)
        for i, n in enumerate(sizes):
            data = sample_latent_concept_shift(truth, n, n, random_state=seed)
            source_model = MixtureOfExpertsRegressor(3, gate=gate, n_init=1)
            models = (
                ConceptDeconvolutionRegressor(source_model, random_state=0),
                LabelRefinementRegressor(source_model, random_state=0),
                WeakTrainingRegressor(),
            )
            for j, model in enumerate(models):
                errors[i, j, seed] = squared_error(fit(model, data), test)
    mean = errors.mean(axis=2)
    slope = np.log(mean[1] / mean[0]) / np.log(sizes[1] / sizes[0])
    assert slope[0] < -0.8
    assert mean[0, 0] < 0.02 and mean[1, 0] < 0.004
    assert slope[1] > -0.5 and slope[2] > -0.2
    assert mean[1, 1] > 5 * mean[1, 0] and mean[1, 2] > 50 * mean[1, 0]


def test_several_outputs():
    data = make_latent_concept_shift(1500, 1500, n_features=2, n_outputs=2, random_state=0)
    model = fit(regressor(3), data)
    target = data.sample_domain < 0
    assert model.predict(data.X).shape == (3000, 2)
    assert np.mean((model.predict(data.X[target]) - data.target_mean[target]) ** 2) < 0.01
    assert model.source_.coef_.shape == (3, 4, 2)
    # Outputs in other units change no match.
    unit = np.array([1.0, 1000.0])
    scaled = fit(regressor(3), data, y=data.y * unit, y_weak=data.y_weak * unit)
    np.testing.assert_allclose(scaled.predict(data.X), model.predict(data.X) * unit, rtol=1e-4)
    assert scaled.margin_ == pytest.approx(model.margin_, rel=1e-4)
