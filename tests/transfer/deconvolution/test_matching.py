"""Which of the target's concepts is which of the source's, and what the gate says to it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from tests.transfer.deconvolution.models import fit, regressor, squared_error
from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.exceptions import AmbiguousMatchingWarning


@pytest.mark.parametrize("matching", ["optimal", "nearest"])
@pytest.mark.parametrize("distance", ["prediction", "parameters"])
def test_matching_options_agree_where_experts_are_far_apart(data, fitted, matching, distance):
    model = fit(regressor(2, matching=matching, distance=distance), data)
    np.testing.assert_array_equal(model.assignment_, fitted.assignment_)
    assert model.margin_ > 0


def test_the_omegas_are_written_out():
    """omega_k(x) is proportional to pi^q_a(k) g(x; eta_k), theory 6.4."""
    data = make_latent_concept_shift(800, 800, n_features=2, gate="softmax", random_state=1)
    model = fit(regressor(3, gate="softmax"), data)
    source, target, a = model.source_, model.target_, model.assignment_
    logit = data.X @ source.gate_coef_.T + target.gate_intercept_[a]
    omega = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    mean = data.X @ source.coef_[:, 0].T + source.intercept_[:, 0]
    np.testing.assert_allclose(model.predict(data.X), (omega * mean).sum(axis=1))
    np.testing.assert_allclose(model.mixture_.gate_proba(data.X), omega)
    _check_inference(model)
    odds = np.log(model.target_.gate_proba(data.X)) - np.log(model.source_.gate_proba(data.X))
    log_rho = odds - odds[:, :1]
    np.testing.assert_allclose(log_rho, np.broadcast_to(log_rho[0], log_rho.shape), atol=1e-9)


def _check_inference(model):
    """Every parameter of the mixture has the variance that the fit which found it gives."""
    own, source, target = model.mixture_, model.source_, model.target_
    assert len(own.param_names_) == len(own.params_) == len(own.covariance_)
    variance = dict(zip(own.param_names_, np.diag(own.covariance_), strict=True))
    value = dict(zip(own.param_names_, own.params_, strict=True))
    for name, found, error in zip(
        source.param_names_, source.params_, np.diag(source.covariance_), strict=True
    ):
        if ".y1." not in name and not (name.startswith("gate") and name.endswith("intercept")):
            assert (value[name], variance[name]) == (found, error)
    a, n = model.assignment_, source.n_experts - 1
    padded = np.pad(target.covariance_[:n, :n], (1, 0))[np.ix_(a, a)]
    for k in range(1, source.n_experts):
        expected = padded[k, k] + padded[0, 0] - 2 * padded[0, k]
        assert variance[f"gate[{k}].intercept"] == pytest.approx(expected)
    np.testing.assert_allclose(
        np.diff(own.conf_int(0.6827)).ravel(), 2 * np.sqrt(np.diag(own.covariance_)), rtol=1e-3
    )


def test_the_mixture_answers_what_it_can(data, fitted):
    _check_inference(fitted)
    own, y = fitted.mixture_, data.y_gold
    for ask in (own.summary, lambda: own.aic(data.X, y), lambda: own.converged_):
        with pytest.raises(AttributeError, match="was put together from source_ and target_"):
            ask()
    with pytest.raises(AttributeError, match="has no attribute 'means_'"):
        own.means_  # noqa: B018
    assert np.isfinite(own.log_likelihood(data.X, y))
    again = clone(own).set_params(n_init=1).fit(data.X, y)
    assert again.converged_ and "Log-Likelihood" in str(again.summary())


def test_a_gate_that_is_noise_leaves_the_order_to_the_matching():
    """A softmax gate on data whose gate is constant: the tied gate's order means nothing."""
    data = make_latent_concept_shift(500, 2000, n_features=3, random_state=0)
    model = fit(regressor(3, gate="softmax", n_init=2), data)
    truth = fit(regressor(3, n_init=2), data)
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.1
    np.testing.assert_allclose(model.concept_prior_, truth.concept_prior_, atol=0.06)


def test_a_telling_gate_goes_before_the_matching():
    """Weak experts that change places in the target: the gate knows, the matching is misled."""
    truth = make_latent_concept_shift(
        1, 1, n_features=2, n_experts=2, gate="softmax", gate_scale=3.0, random_state=0
    )
    for name in ("coef", "intercept", "scale"):
        truth[f"target_weak_{name}"] = truth[f"source_weak_{name}"][::-1].copy()
    data = sample_latent_concept_shift(truth, 2000, 2000, random_state=1)
    with pytest.warns(AmbiguousMatchingWarning, match="the gate was followed"):
        model = fit(regressor(2, gate="softmax"), data)
    np.testing.assert_array_equal(model.assignment_, [0, 1])
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.02
    assert next(d for d in model.diagnostics_ if d.name == "gate and matching").ok is False


def test_a_spurious_maximum_is_passed_over():
    """Three rows that lie well raise the target's likelihood, but not by a parameter's price."""
    data = make_latent_concept_shift(500, 500, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmbiguousMatchingWarning)
        model = fit(regressor(3, n_init=10), data)
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.05
    starts = model.target_.start_lower_bounds_
    assert starts.max() > model.target_.lower_bound_
    finding = next(d for d in model.diagnostics_ if d.name == "target: likelihood")
    assert 0 < finding.value <= finding.threshold == model.target_.n_parameters_


def test_an_unclear_matching_is_said_so():
    """Weak experts that drift further than they differ."""
    data = make_latent_concept_shift(
        300, 300, n_features=2, n_experts=2, weak_drift=2.5, random_state=1
    )
    with pytest.warns(AmbiguousMatchingWarning, match="the margin is"):
        model = fit(regressor(2), data)
    assert next(d for d in model.diagnostics_ if d.name == "matching").ok is False


def test_a_single_expert_is_least_squares_on_the_source(data):
    model = fit(regressor(1), data)
    source = data.sample_domain > 0
    design = np.column_stack([np.ones(400), data.X[source]])
    coef = np.linalg.lstsq(design, data.y[source], rcond=None)[0]
    np.testing.assert_allclose(model.predict(data.X), data.X @ coef[1:] + coef[0], atol=1e-8)
    assert model.margin_ == np.inf and model.concept_prior_.tolist() == [1.0]
