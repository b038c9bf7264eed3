"""The order of the rows says nothing, and neither does the order of the experts."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.mixtures import FAMILIES, GATES, assert_same_mixture, data, estimator

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2)
@given(draw=st.data())
def test_order_of_rows(family, gate, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    order = np.random.default_rng(0).permutation(len(X))
    # A few passes: as sums in another order differ by rounding, long runs may part in the end.
    one = estimator(family, gate, 2, n_init=1, max_iter=4, gate_penalty=0.1).fit(X, y)
    two = estimator(family, gate, 2, n_init=1, max_iter=4, gate_penalty=0.1).fit(X[order], y[order])
    assert_same_mixture(one, two, X)


def relabelled(mixture, order):
    """The same mixture, its experts in another order, the gate's reference moved along."""
    other = copy.copy(mixture)
    for name in ("coef_", "intercept_", "scale_", "weights_"):
        if hasattr(mixture, name):
            setattr(other, name, getattr(mixture, name)[order])
    for name in ("gate_coef_", "gate_intercept_"):
        own = getattr(mixture, name)[order]
        setattr(other, name, own - own[0])
    return other


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2)
@given(draw=st.data())
def test_order_of_experts(family, gate, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    mixture = estimator(family, gate, 3, n_init=1, max_iter=20, gate_penalty=0.1).fit(X, y)
    order = np.array(draw.draw(st.permutations(range(3))))
    other = relabelled(mixture, order)
    np.testing.assert_allclose(other.log_prob(X, y), mixture.log_prob(X, y), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.gate_proba(X), mixture.gate_proba(X)[:, order], atol=1e-10)
    np.testing.assert_allclose(
        other.responsibilities(X, y), mixture.responsibilities(X, y)[:, order], atol=1e-9
    )
    # Classes that are equally likely may come out either way: probabilities are compared instead.
    predict = "predict" if family in ("gaussian", "poisson") else "predict_proba"
    np.testing.assert_allclose(
        getattr(other, predict)(X), getattr(mixture, predict)(X), rtol=1e-8, atol=1e-9
    )


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2)
@given(draw=st.data())
def test_experts_come_out_by_falling_weight(family, gate, draw):
    X, y, _ = draw.draw(data(family, clean=True))
    mixture = estimator(family, gate, 3, n_init=1, max_iter=20, gate_penalty=0.1).fit(X, y)
    assert np.all(np.diff(mixture.weights_) <= 0)
    np.testing.assert_allclose(mixture.gate_proba(X).mean(axis=0), mixture.weights_, atol=1e-8)
    assert mixture.gate_intercept_[0] == 0
    assert not mixture.gate_coef_[0].any()
