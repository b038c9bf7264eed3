"""Parameters in whitened coordinates and in the data's units."""

import numpy as np
import pytest

from tests.laws.mixtures import ALL_GATES
from tests.laws.test_backends_agree import BLOCKS, labels
from w2s_stats.em import measure
from w2s_stats.mixture._covariance import covariances
from w2s_stats.mixture._model import Model, build, mean_gate
from w2s_stats.mixture._units import in_order, to_parameters, to_theta


@pytest.mark.parametrize("gate", ALL_GATES)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_another_order_of_the_experts_is_the_same_mixture(gate, fit_intercept):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(1.0, 2.0, size=(300, 2)), labels(rng, 300)
    model = Model(3, BLOCKS, gate, fit_intercept, gate_penalty=0.3)
    gaussian = np.array([True, True, False, False, False])
    coordinates = measure(X, Y, None, center=fit_intercept, standardise=gaussian)
    mixture = build(model, X, Y, None, coordinates)
    theta = mixture.start(lambda number: rng.dirichlet(np.ones(3), size=300).T)
    theta = theta + 0.1 * rng.normal(size=theta.size)
    if gate == "constant":
        theta[:3] -= np.logaddexp.reduce(theta[:3])
    order = np.array([2, 0, 1])
    moved = in_order(mixture, theta, order)

    assert mixture.evaluate(moved).objective == pytest.approx(mixture.evaluate(theta).objective)
    np.testing.assert_allclose(mean_gate(mixture, moved), mean_gate(mixture, theta)[order])
    here, there = (to_parameters(model, mixture, t) for t in (theta, moved))
    for name in ("coef", "intercept", "scale"):
        np.testing.assert_allclose(getattr(there, name), getattr(here, name)[order], atol=1e-12)
    if gate == "gaussian-joint":
        for name in ("gate_prior", "gate_mean", "gate_covariance"):
            np.testing.assert_allclose(getattr(there, name), getattr(here, name)[order])
    else:
        np.testing.assert_allclose(to_theta(model, mixture, there), moved, atol=1e-10)
    back = in_order(mixture, moved, np.argsort(order))
    errors = [covariances(model, mixture, t)[0] for t in (theta, back)]
    np.testing.assert_allclose(errors[1], errors[0], rtol=1e-6, atol=1e-12)
