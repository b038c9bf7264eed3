"""The target's standard errors carry those of the source's gate (theory 6.2)."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import ConceptDeconvolutionRegressor
from w2s_stats.transfer._domains import split_domains_classification, split_domains_regression
from w2s_stats.transfer._stages import Stages
from w2s_stats.transfer._two_steps import carry_gate_error


def stages_of(data, gate, tol=1e-13):
    classes = data.n_classes is not None
    kind = MixtureOfExpertsClassifier if classes else MixtureOfExpertsRegressor
    split = split_domains_classification if classes else split_domains_regression
    model = kind(len(data.coef), gate=gate, n_init=1, tol=tol)
    rows = split(kind(), data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
    return Stages(model, rows, None, 0)


@pytest.mark.parametrize(
    ("expert", "gate"),
    [("gaussian", "softmax"), ("gaussian", "gaussian"), ("bernoulli", "softmax")],
)
def test_the_target_follows_the_gate_as_differences_say(expert, gate):
    """A Cov(eta) A' with A from fits to a gate whose slopes are moved a little."""
    data = make_latent_concept_shift(
        1500, 1500, n_features=1, n_experts=2, expert=expert, gate=gate, random_state=1
    )
    stages = stages_of(data, gate)
    source = stages.fit_source()
    target = stages.fit_target(source)
    naive = target.covariance_.copy()
    carry_gate_error(stages, source, target)

    n_slopes, step = source.gate_coef_.shape[1], 1e-3
    slopes = source.gate_coef_.copy()
    columns = []
    for j in range(n_slopes):
        ends = []
        for sign in (1, -1):
            source.gate_coef_ = slopes.copy()
            source.gate_coef_[1, j] += sign * step
            ends.append(stages.fit_target(source, [target._parameters], n_init=0).params_)
        columns.append((ends[0] - ends[1]) / (2 * step))
    moved = np.array(columns).T
    error = source.covariance_[1 : 1 + n_slopes, 1 : 1 + n_slopes]
    expected = moved @ error @ moved.T
    scale = np.sqrt(np.diag(naive))
    assert (scale > 0).all()
    np.testing.assert_allclose(
        (target.covariance_ - naive) / np.outer(scale, scale),
        expected / np.outer(scale, scale),
        atol=2e-3,
    )
    assert (np.diag(target.covariance_) >= np.diag(naive)).all()


def test_a_constant_gate_has_nothing_to_carry():
    data = make_latent_concept_shift(300, 300, n_features=2, n_experts=2, random_state=0)
    stages = stages_of(data, "constant")
    source = stages.fit_source()
    target = stages.fit_target(source)
    naive = target.covariance_.copy()
    carry_gate_error(stages, source, target)
    np.testing.assert_array_equal(target.covariance_, naive)


def test_standard_errors_are_the_spread_over_samples():
    """A small source and a large target: most of the error in log rho is the source's."""
    truth = make_latent_concept_shift(
        1, 1, n_features=1, n_experts=2, gate="softmax", gate_scale=2.0, random_state=3
    )
    found, carried, naive = [], [], []
    for seed in range(30):
        data = sample_latent_concept_shift(truth, 250, 1500, random_state=seed)
        stages = stages_of(data, "softmax", tol=1e-6)
        source = stages.fit_source()
        target = stages.fit_target(source)
        naive.append(np.sqrt(target.covariance_[0, 0]))
        carry_gate_error(stages, source, target)
        found.append(target.gate_intercept_[1])
        carried.append(np.sqrt(target.covariance_[0, 0]))
    spread = np.std(found, ddof=1)
    assert 0.7 < np.mean(carried) / spread < 1.4
    assert np.mean(naive) < 0.8 * spread


def test_the_strategy_uses_it():
    data = make_latent_concept_shift(
        800, 800, n_features=1, n_experts=2, gate="softmax", random_state=1
    )
    source_model = MixtureOfExpertsRegressor(2, gate="softmax", n_init=2)
    fitted = ConceptDeconvolutionRegressor(source_model, random_state=0)
    fitted.fit(data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
    alone = stages_of(data, "softmax", tol=1e-8).fit_target(fitted.source_, n_init=0)
    wider = np.diag(fitted.target_.covariance_) / np.diag(alone.covariance_)
    assert wider.max() > 1.001 and wider.min() > 0.999
    assert "gate[1]" in str(fitted.target_.summary())


def test_a_constant_column_does_not_spoil_the_rest():
    data = make_latent_concept_shift(
        800, 800, n_features=1, n_experts=2, gate="softmax", random_state=1
    )
    data.X = np.column_stack([data.X, np.ones(1600)])
    stages = stages_of(data, "softmax", tol=1e-8)
    with pytest.warns(UserWarning, match="X is constant"):
        source = stages.fit_source()
        target = stages.fit_target(source)
    carry_gate_error(stages, source, target)
    determined = ~np.isnan(np.diag(target.covariance_))
    assert determined.any() and (np.diag(target.covariance_)[determined] > 0).all()
