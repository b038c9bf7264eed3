"""Passes over the data, and copies of it: no more than a result needs."""

import numpy as np
import pytest

from w2s_kernels import cpu, gpu
from w2s_stats.em import Tiles, measure
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor, _model
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._normal_of_x import NormalOfX
from w2s_stats.mixture._parameters import Block


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 2))
    second = random.uniform(size=600) < 0.4
    X[second] += 2.0
    y = np.where(second, X[:, 0], -X[:, 1]) + 0.3 * random.normal(size=600)
    return X, y, random.uniform(0.5, 2.0, size=600)


@pytest.fixture
def kept(monkeypatch):
    """For every whitened copy of the data, whether threads filled it."""
    calls = []
    keep = Tiles.keep

    def counted(self, *, parallel):
        calls.append(parallel)
        return keep(self, parallel=parallel)

    monkeypatch.setattr(Tiles, "keep", counted)
    return calls


@pytest.mark.parametrize("gate", ["softmax", "gaussian-joint"])
def test_data_that_are_read_once_are_not_copied(data, kept, gate):
    X, y, weight = data
    model = MixtureOfExpertsRegressor(2, gate=gate, n_init=2, random_state=0).fit(X, y, weight)
    assert kept == [True]  # by the fit; its covariances read the rows once more
    before = model.log_prob(X, y), model.responsibilities(X, y)
    model.aic(X, y), model.bic(X, y), model.icl(X, y), model.predict(X)
    assert kept == [True]
    assert all(np.isfinite(a).all() for a in before)


def test_starts_in_threads_fill_the_copy_without_more(data, kept):
    X, y, _ = data
    MixtureOfExpertsRegressor(2, n_init=2, n_jobs=2, random_state=0).fit(X, y)
    assert kept == [False]


def test_too_many_features_are_refused_before_anything_is_copied(data, kept, monkeypatch):
    X, y, _ = data
    coordinates = measure(X, y[:, None], None, center=True, standardise=np.array([True]))
    monkeypatch.setattr(gpu, "MOST_FEATURES", 3)
    monkeypatch.setattr(_model, "on_gpu", lambda array: True)
    model = Model(2, (Block("gaussian", 0, 1),), "gaussian")
    with pytest.raises(ValueError, match="X must have at most 2 features on a GPU"):
        build(model, X, y[:, None], None, coordinates, kernels=cpu)
    assert kept == []


def test_moments_of_order_four_are_made_once(data, monkeypatch):
    X, y, _ = data
    calls = []
    isserlis = NormalOfX._isserlis

    def counted(self, theta):
        calls.append(1)
        return isserlis(self, theta)

    monkeypatch.setattr(NormalOfX, "_isserlis", counted)
    monkeypatch.setattr("w2s_stats.em._tiles._STRIP", 640)  # strips of 64 rows
    model = MixtureOfExpertsRegressor(2, gate="gaussian-joint", n_init=2, random_state=0)
    first = model.fit(X, y).covariance_
    assert calls == [1]
    monkeypatch.undo()
    np.testing.assert_allclose(model.fit(X, y).covariance_, first, rtol=1e-8, atol=1e-12)


def test_moments_are_those_of_a_normal_sample():
    random = np.random.default_rng(0)
    mean, root = np.array([0.3, -0.5]), np.array([[1.0, 0.0], [0.4, 0.8]])
    precision = np.linalg.inv(root @ root.T)
    natural = np.concatenate(
        [precision @ mean, [-0.5 * precision[0, 0], -precision[0, 1], -0.5 * precision[1, 1]]]
    )
    x = mean + random.normal(size=(400_000, 2)) @ root.T
    t = np.stack([x[:, 0], x[:, 1], x[:, 0] ** 2, x[:, 0] * x[:, 1], x[:, 1] ** 2], axis=1)
    of_x = NormalOfX(1, 2)
    np.testing.assert_allclose(of_x.expected(natural)[0], t.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(of_x.spread(natural)[0], np.cov(t.T), atol=0.03)
    other = np.concatenate([natural[:2] + 1.0, natural[2:]])
    assert not np.allclose(of_x.spread(other), of_x.spread(natural))


@pytest.mark.parametrize("criterion", ["aic", "bic", "icl"])
def test_a_criterion_takes_one_pass(data, criterion, monkeypatch):
    X, y, weight = data
    classifier = MixtureOfExpertsClassifier(2, n_init=1, random_state=0).fit(X, y > 0, weight)
    regressor = MixtureOfExpertsRegressor(2, n_init=1, random_state=0).fit(X, y, weight)
    for model, labels in ((classifier, y > 0), (regressor, y)):
        resp, log_prob = model.responsibilities(X, labels), model.log_prob(X, labels)
        n, p = weight.sum(), model.n_parameters_
        expected = {"aic": 2 * p, "bic": p * np.log(n)}
        expected["icl"] = expected["bic"] - 2 * weight @ np.log(resp.max(axis=1))
        calls = []
        posterior = type(model)._posterior

        def counted(self, *args, posterior=posterior, calls=calls):
            calls.append(1)
            return posterior(self, *args)

        with monkeypatch.context() as patch:
            patch.setattr(type(model), "_posterior", counted)
            found = getattr(model, criterion)(X, labels, weight)
        assert calls == [1]
        assert found == pytest.approx(expected[criterion] - 2 * weight @ log_prob, rel=1e-12)
