"""Known parameters come back, within the standard errors that the fit itself reports."""

import numpy as np
import pytest
from scipy.stats import chi2

from tests.mixture.models import GATES, Model, example


def draw(model, truth, n, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, model.n_features))
    return X, model.draw(truth, X, rng)


def assert_recovered(fitted, names, truth):
    """Every parameter within 4.5 standard errors, and all of them together (chi-squared)."""
    assert fitted.converged_
    assert fitted.degenerate_experts_.size == 0
    assert fitted.param_names_ == names
    error = fitted.params_ - truth
    standard_error = np.sqrt(np.diag(fitted.covariance_))
    assert np.all(np.abs(error) < 4.5 * standard_error)
    distance = error @ np.linalg.solve(fitted.covariance_, error)
    assert distance < chi2.ppf(0.9999, len(truth))


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(
    "families",
    [
        ("gaussian",),
        ("poisson",),
        ("multinomial",),
        ("gaussian", "gaussian"),
        ("gaussian", "poisson"),
    ],
    ids="-".join,
)
def test_parameters_come_back(families, gate):
    model, truth = example(families, gate)
    X, Y = draw(model, truth, 2500, seed=1)
    fitted = model.estimator(n_init=3).fit(X, model.labels(Y))
    assert_recovered(fitted, model.names(), truth)


@pytest.mark.parametrize("gate", GATES)
def test_binary_labels(gate):
    # One binary label says little: more rows, and a covariate that takes many values.
    model, truth = example(("bernoulli",), gate)
    X, Y = draw(model, truth, 8000, seed=2)
    fitted = model.estimator(n_init=3).fit(X, model.labels(Y))
    assert_recovered(fitted, model.names(), truth)


@pytest.mark.parametrize(
    "families", [("gaussian", "gaussian"), ("gaussian", "poisson")], ids="-".join
)
@pytest.mark.parametrize("gate", GATES)
def test_missing_labels(families, gate):
    model, truth = example(families, gate)
    X, Y = draw(model, truth, 3000, seed=3)
    # Missing at random: which label is absent depends on x alone, and some rows have none.
    rng = np.random.default_rng(4)
    Y[rng.random(Y.shape) < 1 / (1 + np.exp(1 - X))] = np.nan
    assert np.isnan(Y).all(axis=1).any()
    fitted = model.estimator(n_init=3).fit(X, Y)
    assert_recovered(fitted, model.names(), truth)
    # What the gaps could have said is lost: the standard errors are wider than without them.
    complete = model.estimator(n_init=3).fit(X, model.draw(truth, X, rng))
    assert np.all(np.diag(fitted.covariance_) > np.diag(complete.covariance_))


def test_four_experts():
    model = Model(("gaussian",), "softmax", 4, 1)
    gate = [-0.7, 0.8, -1.1, -0.8, -1.5, 0.2]
    experts = [0, 3, 0.4, 1, -3, 0.5, 4, 0.5, 0.6, -4, 0, 0.7]
    truth = np.array(gate + experts)
    X, Y = draw(model, truth, 4000, seed=5)
    fitted = model.estimator(n_init=3).fit(X, Y[:, 0])
    assert_recovered(fitted, model.names(), truth)


def test_without_intercept():
    model, truth = example(("gaussian",), "softmax")
    intercepts = [model.names().index(f"expert[{k}].y0.intercept") for k in range(2)]
    truth[intercepts] = 0.0
    X, Y = draw(model, truth, 5000, seed=6)
    X += np.array([-1.0, 1.0])  # away from the origin, where an intercept would matter
    Y = model.draw(truth, X, np.random.default_rng(7))
    fitted = model.estimator(fit_intercept=False, n_init=3).fit(X, Y[:, 0])
    keep = np.setdiff1d(np.arange(len(truth)), intercepts)
    assert_recovered(fitted, [model.names()[i] for i in keep], truth[keep])
    np.testing.assert_array_equal(fitted.intercept_, 0.0)


@pytest.mark.parametrize("family", ["gaussian", "poisson", "multinomial"])
def test_one_expert_is_a_regression(family):
    import statsmodels.api as sm

    model = Model((family,), "softmax", 1, 2)
    sizes = {"gaussian": 4, "poisson": 3, "multinomial": 6}
    truth = np.array([0.3, 0.5, -0.4, 0.8, 0.2, -0.6][: sizes[family]])
    X, Y = draw(model, truth, 400, seed=8)
    fitted = model.estimator(n_init=1).fit(X, model.labels(Y))
    design = sm.add_constant(X)
    if family == "gaussian":
        other = sm.OLS(Y[:, 0], design).fit()
        params = np.append(other.params, np.sqrt(other.ssr / len(X)))
    elif family == "poisson":
        other = sm.GLM(Y[:, 0], design, family=sm.families.Poisson()).fit(tol=1e-12)
        params = other.params
    else:
        other = sm.MNLogit(Y[:, 0], design).fit(disp=False, tol=1e-12)
        params = np.asarray(other.params).T.ravel()
    np.testing.assert_allclose(fitted.params_, params, atol=1e-5)
    assert fitted.log_likelihood(X, model.labels(Y)) == pytest.approx(other.llf, abs=1e-6)
    if family != "gaussian":
        np.testing.assert_allclose(fitted.covariance_, other.cov_params(), rtol=1e-4, atol=1e-8)


def test_scale_and_place_of_the_data_do_not_matter():
    model, truth = example(("gaussian",), "softmax")
    X, Y = draw(model, truth, 1000, seed=9)
    near = model.estimator(n_init=3).fit(X, Y[:, 0])
    far = model.estimator(n_init=3).fit(1e-4 * X + 7.0, 1e6 * Y[:, 0] - 1e8)
    np.testing.assert_allclose(far.coef_, near.coef_ * 1e10, rtol=1e-5)
    np.testing.assert_allclose(far.scale_, near.scale_ * 1e6, rtol=1e-5)
    np.testing.assert_allclose(far.gate_coef_, near.gate_coef_ * 1e4, rtol=1e-4)
    assert far.lower_bound_ == pytest.approx(near.lower_bound_ - np.log(1e6), abs=1e-7)
