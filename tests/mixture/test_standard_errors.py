"""Standard errors against numerical derivatives of a log-likelihood written in NumPy."""

import numpy as np
import pytest
from statsmodels.tools.numdiff import approx_fprime_cs, approx_hess_cs

from tests.mixture.models import FAMILIES, GATES, example
from w2s_stats.em import _tiles
from w2s_stats.mixture import MixtureOfExpertsClassifier

LABELS = [*((family,) for family in FAMILIES), ("gaussian", "gaussian"), ("gaussian", "poisson")]


def draw(model, truth, n, seed, *, missing=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, model.n_features))
    Y = model.draw(truth, X, rng)
    if missing:
        Y[rng.random(Y.shape) < 0.2] = np.nan
    return X, Y, rng.integers(0, 4, size=n) * 0.7


def oracle(model, params, X, Y, weight):
    """Inverse of minus the Hessian of sum_i w_i log p(y_i | x_i), and the sandwich."""
    hessian = approx_hess_cs(params, lambda p: weight @ model.log_prob(p, X, Y))
    scores = approx_fprime_cs(params, lambda p: model.log_prob(p, X, Y)) * weight[:, None]
    inverse = np.linalg.inv(-hessian)
    return inverse, inverse @ (scores.T @ scores) @ inverse


def assert_close(actual, expected):
    """As correlations are compared: entry by entry, relative to the standard errors."""
    se = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(actual / np.outer(se, se), expected / np.outer(se, se), atol=1e-4)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("families", LABELS, ids="-".join)
def test_information_and_sandwich(families, gate):
    model, truth = example(families, gate)
    X, Y, weight = draw(model, truth, 800, seed=1, missing=len(families) > 1)
    fitted = model.estimator(n_init=1).fit(X, model.labels(Y), sample_weight=weight)
    assert fitted.converged_
    inverse, sandwich = oracle(model, fitted.params_, X, Y, weight)
    assert_close(fitted.covariance_, inverse)
    assert_close(fitted.covariance_robust_, sandwich)


def test_far_from_the_origin_and_in_other_units():
    model, truth = example(("gaussian",), "gaussian")
    X, Y, weight = draw(model, truth, 2000, seed=2)
    X = X * [10.0, 0.01] + [30.0, -0.05]
    fitted = model.estimator(n_init=1).fit(X, 1e3 * Y[:, 0], sample_weight=weight)
    inverse, sandwich = oracle(model, fitted.params_, X, 1e3 * Y, weight)
    assert_close(fitted.covariance_, inverse)
    assert_close(fitted.covariance_robust_, sandwich)


def test_many_rows_in_several_tiles(monkeypatch):
    model, truth = example(("poisson",), "softmax")
    X, Y, _ = draw(model, truth, 9000, seed=3)
    fitted = model.estimator(n_init=1).fit(X, Y[:, 0])
    inverse, sandwich = oracle(model, fitted.params_, X, Y, np.ones(len(X)))
    assert_close(fitted.covariance_, inverse)
    assert_close(fitted.covariance_robust_, sandwich)
    # With very many parameters a tile is cut into strips: as if there were.
    monkeypatch.setattr(_tiles, "_STRIP", 64)
    again = model.estimator(n_init=1).fit(X, Y[:, 0])
    np.testing.assert_allclose(again.covariance_, fitted.covariance_, rtol=1e-9)
    np.testing.assert_allclose(again.covariance_robust_, fitted.covariance_robust_, rtol=1e-9)


def test_columns_that_tell_nothing_apart_get_no_standard_error():
    model, truth = example(("gaussian",), "softmax")
    X, Y, _ = draw(model, truth, 500, seed=4)
    doubled = np.column_stack([X, X[:, 0]])
    fitted = model.estimator(n_init=1).fit(doubled, Y[:, 0])
    known = ~np.isnan(np.diag(fitted.covariance_))
    for name, is_known in zip(fitted.param_names_, known, strict=True):
        if name.endswith((".x0", ".x2")):
            assert not is_known, name
        elif name.endswith((".x1", ".scale")):
            assert is_known, name
    # The rest is what the fit without the copy says.
    plain = model.estimator(n_init=1).fit(X, Y[:, 0])
    shared = [name for name in plain.param_names_ if name.endswith((".x1", ".scale"))]
    variance = [
        np.diag(m.covariance_)[[m.param_names_.index(name) for name in shared]]
        for m in (fitted, plain)
    ]
    np.testing.assert_allclose(*variance, rtol=1e-3)


def test_what_the_data_do_not_identify_gets_no_standard_error():
    # Two probabilities are all that a binary label at two points tells; the model has five.
    X = np.repeat([[0.0], [1.0]], 50, axis=0)
    y = np.tile([0, 1, 1, 1, 0, 1, 0, 0, 1, 0], 10) * np.r_[np.ones(50), np.tile([1, 0], 25)]
    fitted = MixtureOfExpertsClassifier(2, n_init=2, random_state=0).fit(X, y)
    assert np.isnan(fitted.covariance_).all()
    assert np.isnan(fitted.covariance_robust_).all()
    assert np.isnan(fitted.conf_int()).all()


def test_intervals_cover():
    """In 120 small samples, 95% intervals hold the truth in 90% to 99% of the cases."""
    model, truth = example(("gaussian",), "constant")
    hits = []
    for seed in range(120):
        X, Y, _ = draw(model, truth, 200, seed=1000 + seed)
        fitted = model.estimator(n_init=1, tol=1e-5).fit(X, Y[:, 0])
        interval = fitted.conf_int()
        hits.append((interval[:, 0] <= truth) & (truth <= interval[:, 1]))
    # Maximum-likelihood scales are a little too small: they are left out of the strict bounds.
    rates = np.mean(hits, axis=0)
    scales = np.array([name.endswith("scale") for name in model.names()])
    assert np.all((rates[~scales] >= 0.90) & (rates[~scales] <= 0.99))
    assert np.all(rates[scales] >= 0.86)
