"""Standard errors against numerical derivatives of a log-likelihood written in NumPy."""

import numpy as np
import pytest
from statsmodels.tools.numdiff import approx_fprime_cs, approx_hess_cs

from tests.mixture.models import FAMILIES, GATES, Model, example
from w2s_stats.em import _tiles
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

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


def joint_log_prob(params, X, y):
    """log p(x, y) of two experts by log pi_1 / pi_0, then for each its natural parameters of x and
    its row of the experts. Complex-safe."""
    d = X.shape[1]
    i, j = np.triu_indices(d)
    prior = np.array([0.0, params[0]]) - np.log(1.0 + np.exp(params[0]))
    q = d + len(i)
    columns, logits = [], []
    for k in range(2):
        natural = params[1 + k * q : 1 + (k + 1) * q]
        row = params[1 + 2 * q + k * (d + 2) :][: d + 2]
        half = np.zeros((d, d), dtype=natural.dtype)
        half[i, j] = -natural[d:]
        precision = half + half.T
        mean = np.linalg.solve(precision, natural[:d])
        log_norm = 0.5 * natural[:d] @ mean - 0.5 * np.log(np.linalg.det(precision / 2 / np.pi))
        z = (y - row[0] - X @ row[1:-1]) / row[-1]
        log_y = -0.5 * z**2 - np.log(row[-1]) - 0.5 * np.log(2 * np.pi)
        features = np.concatenate([X, X[:, i] * X[:, j]], axis=1)
        columns.append(prior[k] + features @ natural - log_norm + log_y)
        logits.append(np.concatenate([[prior[k] - log_norm], natural]))
    top = columns[0].real
    log_prob = top + np.log(sum(np.exp(column - top) for column in columns))
    return log_prob, np.concatenate([logits[1] - logits[0], params[1 + 2 * q :]])


def test_information_of_the_joint_density():
    rng = np.random.default_rng(6)
    second = rng.random(500) < 0.4
    X = rng.normal(size=(500, 2)) * np.where(second, 1, 2)[:, None] + 2.0 * second[:, None]
    X = X @ [[3.0, 0.1], [0.0, 0.2]] + [5.0, -1.0]
    y = np.where(second, X[:, 0], -X[:, 1]) + 0.5 * rng.normal(size=500)
    weight = rng.integers(0, 4, size=500) * 0.7
    fitted = MixtureOfExpertsRegressor(
        gate="gaussian-joint", n_init=1, tol=1e-12, random_state=0
    ).fit(X, y, weight)
    assert fitted.converged_
    natural = []
    for mean, covariance in zip(fitted.gate_means_, fitted.gate_covariances_, strict=True):
        P = np.linalg.inv(covariance)
        natural += [*(P @ mean), -0.5 * P[0, 0], -P[0, 1], -0.5 * P[1, 1]]
    log_odds = np.log(fitted.gate_prior_[1] / fitted.gate_prior_[0])
    params = np.array([log_odds, *natural, *fitted.params_[6:]])
    log_prob, named = joint_log_prob(params, X, y)
    assert weight @ log_prob / weight.sum() == pytest.approx(fitted.lower_bound_, abs=1e-10)
    np.testing.assert_allclose(named, fitted.params_, rtol=1e-9)
    # Scaled, so that all steps of the differences suit: natural parameters differ by powers of ten.
    hessian = approx_hess_cs(
        np.ones_like(params), lambda u: weight @ joint_log_prob(u * params, X, y)[0]
    )
    scores = approx_fprime_cs(np.ones_like(params), lambda u: joint_log_prob(u * params, X, y)[0])
    jacobian = approx_fprime_cs(np.ones_like(params), lambda u: joint_log_prob(u * params, X, y)[1])
    inverse = np.linalg.inv(-hessian)
    scores = scores * weight[:, None]
    assert_close(fitted.covariance_, jacobian @ inverse @ jacobian.T)
    sandwich = inverse @ scores.T @ scores @ inverse
    assert_close(fitted.covariance_robust_, jacobian @ sandwich @ jacobian.T)


def errors_by_name(fitted):
    with np.errstate(invalid="ignore"):
        return dict(zip(fitted.param_names_, np.sqrt(np.diag(fitted.covariance_)), strict=True))


# A column more, and the coefficients that the rows do not determine then, by what they multiply.
COLLINEAR = {
    "a copy": (lambda X: X[:, 0], {"x0", "x2", "x0^2", "x0 x1", "x0 x2", "x1 x2", "x2^2"}),
    "a rest to one": (
        lambda X: 1 - X[:, 0],
        # (x0 + x2 - 1) times 1, x0, x1 and x2 is zero.
        {"intercept", "x0", "x2", "x0^2", "x0 x1", "x0 x2", "x1 x2", "x2^2"},
    ),
    "a constant": (lambda X: np.full(len(X), 3.0), {"x2", "x0 x2", "x1 x2", "x2^2"}),
}


@pytest.mark.filterwarnings("ignore:X is constant")
@pytest.mark.parametrize("gate", ["constant", "softmax", "gaussian", "gaussian-joint"])
@pytest.mark.parametrize("column", COLLINEAR)
def test_what_a_further_column_leaves_determined(column, gate):
    """Such coefficients have the standard errors of the fit without the column, others none."""
    model, truth = example(("gaussian",), "softmax")
    X, Y, _ = draw(model, truth, 500, seed=4)
    make, undetermined = COLLINEAR[column]
    settings = {"gate": gate, "n_init": 1, "random_state": 0}
    fitted = MixtureOfExpertsRegressor(**settings).fit(np.column_stack([X, make(X)]), Y[:, 0])
    plain = MixtureOfExpertsRegressor(**settings).fit(X, Y[:, 0])
    expected = errors_by_name(plain)
    for name, error in errors_by_name(fitted).items():
        term = name.rpartition(".")[2]
        if name.startswith("gate") and gate == "constant":
            wrong = False
        elif name.startswith("gate") and gate.startswith("gaussian") and term == "x1":
            wrong = column == "a rest to one"  # x1 (x0 + x2 - 1) holds it
        else:
            wrong = term in undetermined
        assert np.isnan(error) == wrong, name
        if not wrong:
            assert error == pytest.approx(expected[name], rel=1e-4), name
    assert fitted.n_parameters_ == plain.n_parameters_ == len(plain.param_names_)
    for criterion in ("aic", "bic", "icl"):
        values = [
            getattr(m, criterion)(x, Y[:, 0])
            for m, x in ((fitted, np.column_stack([X, make(X)])), (plain, X))
        ]
        assert values[0] == pytest.approx(values[1], abs=1e-6)


def test_a_column_of_ones_in_place_of_the_intercept():
    """A gate has its own intercept: the two share what one of them would be."""
    model, truth = example(("gaussian",), "softmax")
    X, Y, _ = draw(model, truth, 500, seed=4)
    plain = errors_by_name(model.estimator(n_init=1).fit(X, Y[:, 0]))
    fitted = model.estimator(n_init=1, fit_intercept=False).fit(
        np.column_stack([X, np.ones(500)]), Y[:, 0]
    )
    errors = errors_by_name(fitted)
    assert np.isnan(errors.pop("gate[1].intercept"))
    assert np.isnan(errors.pop("gate[1].x2"))
    for name, error in errors.items():
        same = name.replace(".x2", ".intercept")
        assert error == pytest.approx(plain[same], rel=1e-4), name


def test_the_square_of_a_column_of_zeros_and_ones():
    rng = np.random.default_rng(7)
    X = np.column_stack([rng.normal(size=600), rng.random(600) < 0.5])
    first = rng.random(600) < 1 / (1 + np.exp(1 - 2 * X[:, 0] ** 2 + X[:, 1]))
    y = np.where(first, X[:, 0], 1 - X[:, 0]) + 0.3 * rng.normal(size=600)
    fitted = MixtureOfExpertsRegressor(gate="gaussian", n_init=1, random_state=0).fit(X, y)
    errors = errors_by_name(fitted)
    unknown = {name for name, error in errors.items() if np.isnan(error)}
    assert unknown == {"gate[1].x1", "gate[1].x1^2"}
    # The same gate, written as a softmax gate on what is left of its features.
    features = np.column_stack([X, X[:, 0] ** 2, X[:, 0] * X[:, 1]])
    model = Model(("gaussian",), "softmax", 2, 4)
    chosen = [fitted.params_[i] for i in (0, 1, 2, 3, 4)]
    chosen[2] += fitted.params_[5]
    rows = [
        [fitted.intercept_[k, 0], *fitted.coef_[k, 0], 0.0, 0.0, fitted.scale_[k, 0]]
        for k in range(2)
    ]
    params = np.concatenate([chosen, *rows])
    free = [i for i, name in enumerate(model.names()) if not name.endswith((".y0.x2", ".y0.x3"))]
    hessian = approx_hess_cs(
        params[free],
        lambda p: model.log_prob(_put(params, free, p), features, y[:, None]).sum(),
    )
    expected = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    known = [error for name, error in errors.items() if name not in unknown]
    order = [0, 1, 3, 4, *range(5, len(expected))]
    np.testing.assert_allclose(known, expected[order], rtol=1e-4)


def _put(params, where, values):
    out = params.astype(values.dtype)
    out[where] = values
    return out


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
