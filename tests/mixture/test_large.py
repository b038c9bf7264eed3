"""Where the rows lie, how they are stored and cut, and how many threads run: none of it matters."""

import tracemalloc

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone

from tests.mixture.models import GATES, example
from w2s_kernels import _dispatch
from w2s_stats.datasets import load_tone
from w2s_stats.em import _tiles
from w2s_stats.mixture import MixtureOfExpertsRegressor

LABELS = [("gaussian",), ("poisson",), ("multinomial",), ("gaussian", "poisson")]


def draw(families, gate, n=1500, seed=0):
    model, truth = example(families, gate)
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return model, X, model.labels(model.draw(truth, X, rng))


def fit(model, X, y, **options):
    return model.estimator(**{"n_init": 1, "max_iter": 15, **options}).fit(X, y)


def assert_identical(one, two):
    np.testing.assert_array_equal(one.params_, two.params_)
    np.testing.assert_array_equal(one.lower_bounds_, two.lower_bounds_)
    np.testing.assert_array_equal(one.covariance_, two.covariance_)


def assert_same(one, two):
    np.testing.assert_allclose(two.lower_bound_, one.lower_bound_, rtol=1e-9)
    np.testing.assert_allclose(two.params_, one.params_, rtol=1e-5, atol=1e-6)


pytestmark = pytest.mark.filterwarnings("ignore:EM has not converged")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("families", LABELS[::3], ids="-".join)
def test_memory_mapped_files(families, dtype, tmp_path):
    model, X, y = draw(families, "softmax")
    X = X.astype(dtype)
    mapped = []
    for name, array in (("X.npy", X), ("y.npy", y)):
        np.save(tmp_path / name, array)
        mapped.append(np.load(tmp_path / name, mmap_mode="r"))
    one, two = fit(model, X, y), fit(model, *mapped)
    assert_identical(one, two)
    np.testing.assert_array_equal(one.predict(X), two.predict(mapped[0]))
    np.testing.assert_array_equal(one.log_prob(X, y), two.log_prob(*mapped))


@pytest.mark.parametrize("gate", GATES)
def test_single_precision_is_taken_as_it_is(gate):
    model, X, y = draw(("gaussian",), gate)
    single = X.astype(np.float32)
    assert_identical(fit(model, single, y), fit(model, single.astype(np.float64), y))


@pytest.mark.parametrize("gate", GATES)
def test_order_in_memory(gate):
    model, X, y = draw(("gaussian", "poisson"), gate)
    one = fit(model, X, y)
    # BLAS takes other paths for other strides: the last digit may differ.
    assert_same(one, fit(model, np.asfortranarray(X), np.asfortranarray(y)))
    assert_same(one, fit(model, np.repeat(X, 2, axis=1)[:, ::2], np.repeat(y, 2, axis=0)[::2]))
    assert_identical(one, fit(model, X.tolist(), y.tolist()))
    read_only = X.copy()
    read_only.setflags(write=False)
    assert_identical(one, fit(model, read_only, y))


# Gaussian experts alone are passed over by one kernel, others by theirs and the gate's.
@pytest.mark.parametrize("families", LABELS[::3], ids="-".join)
def test_threads(families, monkeypatch):
    model, X, y = draw(families, "softmax", n=12_000)
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 1)
    one = fit(model, X, y, max_iter=6)
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 3)
    monkeypatch.setattr(_dispatch, "_pool", None)
    assert_identical(one, fit(model, X, y, max_iter=6))
    monkeypatch.setattr(_dispatch, "_pool", None)


@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_starts_at_a_time(gate):
    model, X, y = draw(("gaussian",), gate)
    assert_identical(fit(model, X, y, n_init=4), fit(model, X, y, n_init=4, n_jobs=2))


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("families", LABELS[2:], ids="-".join)
def test_length_of_tiles(families, gate, monkeypatch):
    model, X, y = draw(families, gate, n=600)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, size=len(X))
    options = {"n_init": 1, "max_iter": 4}
    one = model.estimator(**options).fit(X, y, sample_weight=weight)
    monkeypatch.setattr(_tiles, "_LONGEST", 100)
    monkeypatch.setattr(_tiles, "_SHORTEST", 100)
    two = model.estimator(**options).fit(X, y, sample_weight=weight)
    assert_same(one, two)
    np.testing.assert_allclose(two.covariance_, one.covariance_, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(two.log_prob(X, y), one.log_prob(X, y), rtol=1e-5, atol=1e-6)
    # Made anew in every pass instead of kept.
    monkeypatch.setattr(_tiles, "_KEEP_BYTES", 0)
    assert_identical(two, model.estimator(**options).fit(X, y, sample_weight=weight))


def peak_of_fit(mixture, X, y):
    tracemalloc.start()
    mixture.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_nothing_of_the_size_of_the_data_is_kept(gate, monkeypatch):
    n, d, k = 160_000, 4, 8
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    y = X[:, 0] * rng.choice([-2.0, 0.0, 1.0, 3.0], size=n) + 0.1 * rng.normal(size=n)
    monkeypatch.setattr(_tiles, "_KEEP_BYTES", 0)  # as for data of several hundred megabytes
    mixture = MixtureOfExpertsRegressor(k, gate=gate, n_init=1, max_iter=2, random_state=0)
    half, all_rows = (peak_of_fit(mixture, X[:m], y[:m]) for m in (n // 2, n))
    # Twice the rows take less than half of what an array (n_samples, n_experts) would.
    assert all_rows - half < 8 * k * (n // 2) / 2
    assert all_rows < 50e6


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_joblib_s_context_changes_nothing(backend):
    X, y = load_tone(return_X_y=True)
    model = MixtureOfExpertsRegressor(2, n_init=2, random_state=0)
    with parallel_config(backend=backend, n_jobs=2):
        inside = clone(model).fit(X, y)
    np.testing.assert_array_equal(inside.coef_, clone(model).fit(X, y).coef_)
