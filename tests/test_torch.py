"""Torch tensors in the CPU's memory are accepted wherever arrays are."""

import numpy as np
import pytest

from w2s_stats.mixture import MixtureOfExpertsRegressor

pytestmark = pytest.mark.torch

torch = pytest.importorskip("torch", reason="torch is not installed (it is not in the test extra)")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_fit_on_tensors_equals_the_fit_on_their_arrays(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)).astype(dtype)
    slope = np.where(rng.random(300) < 0.4, 3.0, -2.0)
    y = (slope * X[:, 0] + 0.2 * rng.normal(size=300)).astype(dtype)
    model = MixtureOfExpertsRegressor(n_experts=2, n_init=3, random_state=0)

    from_arrays = model.fit(X, y).predict(X)
    coef = model.coef_
    from_tensors = model.fit(torch.from_numpy(X), torch.from_numpy(y)).predict(torch.from_numpy(X))

    np.testing.assert_array_equal(model.coef_, coef)
    np.testing.assert_array_equal(np.asarray(from_tensors), from_arrays)


def test_a_tensor_in_a_graph_is_refused_with_advice():
    X = torch.ones((20, 1), requires_grad=True)
    with pytest.raises((RuntimeError, TypeError, ValueError), match="detach"):
        MixtureOfExpertsRegressor().fit(X, np.zeros(20))
