"""Responsibilities are Bayes' rule: p(k | x, y) is proportional to p(k | x) phi_k(y; x)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp, softmax

from tests.laws.mixtures import ALL_GATES, FAMILIES, data, estimator

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def gate_by_hand(mixture, X):
    features = [np.ones(len(X)), *X.T]
    features += [X[:, i] * X[:, j] for i in range(X.shape[1]) for j in range(i, X.shape[1])]
    affine = np.column_stack([mixture.gate_intercept_, mixture.gate_coef_])
    return softmax(np.stack(features, axis=1)[:, : affine.shape[1]] @ affine.T, axis=1)


def log_density_by_hand(mixture, family, X, y):
    """log phi_k(y; x) by SciPy's distributions; a missing y says nothing."""
    seen = ~np.isnan(y)
    out = np.zeros((len(X), mixture.n_experts))
    for k in range(mixture.n_experts):
        eta = X @ mixture.coef_[k].T + mixture.intercept_[k]
        if family == "gaussian":
            log_p = stats.norm.logpdf(y, eta[:, 0], mixture.scale_[k, 0])
        elif family == "poisson":
            log_p = stats.poisson.logpmf(y, np.exp(eta[:, 0]))
        else:
            proba = softmax(eta, axis=1)
            with np.errstate(divide="ignore"):
                log_p = np.log(proba[np.arange(len(X)), np.nan_to_num(y).astype(int)])
        out[:, k] = np.where(seen, log_p, 0.0)
    return out


@pytest.mark.parametrize("gate", ALL_GATES)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2)
@given(draw=st.data())
def test_bayes_rule(family, gate, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    mixture = estimator(family, gate, 3, n_init=1, max_iter=15, gate_penalty=0.1).fit(X, y)
    y = y.copy()
    y[::7] = np.nan
    gate_proba = gate_by_hand(mixture, X)
    np.testing.assert_allclose(mixture.gate_proba(X), gate_proba, atol=1e-10)
    with np.errstate(divide="ignore"):
        joint = np.log(gate_proba) + log_density_by_hand(mixture, family, X, y)
    resp = mixture.responsibilities(X, y)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(resp, softmax(joint, axis=1), atol=1e-8)
    np.testing.assert_allclose(
        mixture.log_prob(X, y), logsumexp(joint, axis=1), rtol=1e-7, atol=1e-8
    )
    # Rows without a label have the gate's probabilities, and probability one.
    np.testing.assert_allclose(resp[::7], gate_proba[::7], atol=1e-10)
    np.testing.assert_allclose(mixture.log_prob(X, y)[::7], 0.0, atol=1e-12)


@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_rows_that_no_expert_can_explain(gate):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 1))
    y = np.where(rng.random(100) < 0.6, 2 * X[:, 0], 3 - X[:, 0]) + 0.01 * rng.normal(size=100)
    mixture = estimator("gaussian", gate, 2).fit(X, y)
    far = np.array([1e4, -1e6, 1e12])
    resp = mixture.responsibilities(np.zeros((3, 1)), far)
    assert np.isfinite(resp).all()
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=1e-12)
    assert np.isfinite(mixture.log_prob(np.zeros((3, 1)), far)).all()


def test_counts_that_no_rate_can_reach():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 1))
    y = rng.poisson(np.exp(np.where(rng.random(200) < 0.5, 1 + X[:, 0], 2 - X[:, 0])))
    mixture = estimator("poisson", "softmax", 2).fit(X, y)
    X_far = np.array([[800.0], [-800.0], [0.0]])  # rates beyond the largest float
    resp = mixture.responsibilities(X_far, [3, 3, 10**6])
    assert np.isfinite(resp).all()
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=1e-12)


def test_several_labels_multiply():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(300, 2))
    k = rng.random(300) < 0.6
    Y = np.column_stack([np.where(k, X[:, 0], 2 - X[:, 0]), np.where(k, 1 - X[:, 1], X[:, 1])])
    Y += 0.3 * rng.normal(size=Y.shape)
    mixture = estimator("gaussian", "softmax", 2).fit(X, Y)
    first, second = Y.copy(), Y.copy()
    first[:, 1], second[:, 0] = np.nan, np.nan
    log_gate = np.log(mixture.gate_proba(X))
    # log p(k|x,y1) + log p(k|x,y2) - log p(k|x) is log p(k|x,y1,y2) up to a constant of the row.
    parts = [np.log(mixture.responsibilities(X, y) + 1e-300) for y in (first, second)]
    both = softmax(parts[0] + parts[1] - log_gate, axis=1)
    np.testing.assert_allclose(mixture.responsibilities(X, Y), both, atol=1e-8)
