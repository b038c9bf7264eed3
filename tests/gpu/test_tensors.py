"""Mixtures fitted to CUDA tensors, which go to CuPy where they lie: here, a torch without CUDA."""

import sys
import types

import numpy as np
import pytest

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor


class CudaTensor:
    """A tensor as far as it says where it is, and what it holds."""

    device = types.SimpleNamespace(type="cuda")
    layout = None

    def __init__(self, array):
        self.array, self.dtype = array, array.dtype

    def detach(self):
        return self


@pytest.fixture
def rows(monkeypatch):
    stand_in = types.SimpleNamespace(Tensor=CudaTensor, strided=None, bfloat16="bfloat16")
    monkeypatch.setitem(sys.modules, "torch", stand_in)
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 2))
    y = np.where(random.uniform(size=200) < 0.4, 3.0, -2.0) * X[:, 0]
    return X, y + 0.2 * random.normal(size=200), random.uniform(0.5, 2.0, size=200)


def test_a_fit_on_cuda_tensors_is_that_on_their_arrays(rows, cupy_of, monkeypatch):
    cupy = cupy_of("emulator")
    monkeypatch.setattr(cupy, "from_dlpack", lambda t: cupy.asarray(t.array), raising=False)
    model = MixtureOfExpertsRegressor(2, n_init=1, init="kmeans", random_state=0)
    expected = model.fit(*map(cupy.asarray, rows)).coef_
    there = [CudaTensor(a) for a in rows]
    np.testing.assert_array_equal(model.fit(*there).coef_, expected)
    predicted = model.predict(there[0])
    assert isinstance(predicted, cupy.ndarray)
    np.testing.assert_array_equal(predicted.get(), model.predict(cupy.asarray(rows[0])).get())
    assert model.score(*there) == model.score(*map(cupy.asarray, rows))
    classes = (rows[1] > 0).astype(int)
    MixtureOfExpertsClassifier(1).fit(there[0], CudaTensor(classes), there[2])
    # Labels and weights go where X is.
    np.testing.assert_allclose(model.fit(rows[0], *there[1:]).coef_, expected, rtol=1e-8)


def test_without_cupy_the_argument_is_named(rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    given = dict(zip(("X", "y", "sample_weight"), rows, strict=True))
    for name, array in given.items():
        with pytest.raises(ImportError, match=f"^{name} is a CUDA tensor and needs CuPy: pip"):
            MixtureOfExpertsRegressor(1).fit(**{**given, name: CudaTensor(array)})
