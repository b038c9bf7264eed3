"""Torch tensors in the CPU's memory are accepted wherever arrays are."""

import numpy as np
import pytest

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

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


def test_a_tensor_in_a_graph_is_read_for_its_numbers():
    X = torch.linspace(0.0, 1.0, 20, dtype=torch.float64)[:, None]
    y = torch.sin(9.0 * X[:, 0])
    weight = torch.linspace(0.5, 1.5, 20, dtype=torch.float64)
    expected = MixtureOfExpertsRegressor(1).fit(X.numpy(), y.numpy(), weight.numpy())
    given = [a.clone().requires_grad_() for a in (X, y, weight)]
    model = MixtureOfExpertsRegressor(1).fit(*given)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.predict(given[0]), expected.predict(X.numpy()))
    assert model.score(*given) == expected.score(X.numpy(), y.numpy(), weight.numpy())
    assert model.icl(*given) == expected.icl(X.numpy(), y.numpy(), weight.numpy())


def test_classes_and_narrow_floats():
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(200, 2)), 1).astype(np.float16)
    y = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
    expected = MixtureOfExpertsClassifier(1).fit(X.astype(np.float64), y)
    there = torch.from_numpy(X), torch.from_numpy(y)
    model = MixtureOfExpertsClassifier(1).fit(*there)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6)
    assert model.score(*there) == expected.score(X, y)
    MixtureOfExpertsClassifier(1).fit(there[0].to(torch.bfloat16), there[1])


def test_tensors_that_cannot_be_read_are_named():
    X, y = torch.ones((20, 1)), torch.zeros(20)
    fit = MixtureOfExpertsRegressor(1).fit
    with pytest.raises(TypeError, match=r"^X must be a dense tensor; found torch.sparse_coo"):
        fit(X.to_sparse(), y)
    with pytest.raises(TypeError, match=r"^y must be on the CPU or on a CUDA device; found .*meta"):
        fit(X, y.to("meta"))
    with pytest.raises(TypeError, match=r"^sample_weight must be on the CPU .*; found .*meta"):
        fit(X, y, y.to("meta"))
    with pytest.raises(TypeError, match=r"^y must be on the CPU .*; found .*meta"):
        MixtureOfExpertsClassifier(1).fit(X, y.to("meta"))
