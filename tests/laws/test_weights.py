"""A weight is a number of rows: 2 is the row twice, 0 is no row, and all may be scaled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.mixtures import FAMILIES, GATES, assert_same_mixture, data, estimator
from tests.mixture.models import example

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

CASES = [(family, gate) for family in FAMILIES for gate in GATES]


def fit(family, gate, X, y, weight=None, **options):
    # A few passes: runs that differ by rounding alone may part in the end.
    options = {"n_init": 1, "max_iter": 4, "gate_penalty": 0.1, **options}
    return estimator(family, gate, 2, **options).fit(X, y, sample_weight=weight)


@pytest.mark.parametrize(("family", "gate"), CASES)
@settings(max_examples=2)
@given(draw=st.data())
def test_weight_is_a_number_of_rows(family, gate, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    weight = np.random.default_rng(1).integers(0, 4, size=len(X))
    weight[:3] = 1  # every class stays
    rows = np.repeat(np.arange(len(X)), weight)
    weighted, repeated = fit(family, gate, X, y, weight), fit(family, gate, X[rows], y[rows])
    assert_same_mixture(weighted, repeated, X)
    assert weighted.n_rows_ == len(rows)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2)
@given(draw=st.data())
def test_starts_from_clusters_weigh_rows_too(family, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    weight = np.random.default_rng(1).integers(0, 4, size=len(X))
    weight[:3] = 1
    rows = np.random.default_rng(2).permutation(np.repeat(np.arange(len(X)), weight))
    weighted = fit(family, "softmax", X, y, weight, init="kmeans")
    assert_same_mixture(weighted, fit(family, "softmax", X[rows], y[rows], init="kmeans"), X)


@pytest.mark.parametrize(("family", "gate"), CASES)
@settings(max_examples=2)
@given(draw=st.data())
def test_rows_of_weight_zero_are_not_there(family, gate, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    strangers = 1e3 * np.ones((5, X.shape[1]))
    weight = np.random.default_rng(2).uniform(0.5, 2.0, size=len(X))
    longer = np.concatenate([X, strangers]), np.concatenate([y, y[:5]])
    one = fit(family, gate, X, y, weight)
    two = fit(family, gate, *longer, np.concatenate([weight, np.zeros(5)]))
    assert_same_mixture(one, two, X)


@pytest.mark.parametrize(("family", "gate"), CASES)
def test_scaling_all_weights(family, gate):
    # To the end: how many starts there are may depend on the number of rows.
    model, truth = example((family,), gate)
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 2))
    y = model.labels(model.draw(truth, X, rng))
    weight = rng.uniform(0.5, 2.0, size=len(X))
    one = model.estimator(n_init=1, gate_penalty=0.1).fit(X, y, sample_weight=weight)
    two = model.estimator(n_init=1, gate_penalty=0.8).fit(X, y, sample_weight=8 * weight)
    assert two.lower_bound_ == pytest.approx(one.lower_bound_, abs=1e-7)
    error = np.sqrt(np.diag(one.covariance_))
    np.testing.assert_allclose(two.params_ / error, one.params_ / error, atol=0.02)
    scale = np.outer(error, error)
    np.testing.assert_allclose(8 * two.covariance_ / scale, one.covariance_ / scale, atol=0.02)
    # The sandwich does not see the scale.
    np.testing.assert_allclose(
        two.covariance_robust_ / scale, one.covariance_robust_ / scale, atol=0.05
    )


@pytest.mark.parametrize("gate", GATES)
def test_covariance_counts_rows(gate):
    model, truth = example(("gaussian",), gate)
    rng = np.random.default_rng(4)
    X = rng.normal(size=(500, 2))
    y = model.draw(truth, X, rng)[:, 0]
    weight = rng.integers(0, 4, size=len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    one = model.estimator(n_init=1).fit(X, y, sample_weight=weight)
    two = model.estimator(n_init=1).fit(X[rows], y[rows])
    np.testing.assert_allclose(one.covariance_, two.covariance_, rtol=1e-3, atol=1e-8)
    # The sandwich does: a weight of 2 is one row whose score counts twice, not two rows.
    assert np.diag(one.covariance_robust_ - two.covariance_robust_).min() > 0


def test_criteria_take_weights():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(60, 1)), rng.normal(size=60)
    weight = rng.integers(0, 3, size=60)
    rows = np.repeat(np.arange(60), weight)
    mixture = estimator("gaussian", "constant", 2, n_init=2).fit(X, y)
    for name in ("log_likelihood", "aic", "bic", "icl"):
        method = getattr(mixture, name)
        assert method(X, y, weight) == pytest.approx(method(X[rows], y[rows]), rel=1e-10), name
