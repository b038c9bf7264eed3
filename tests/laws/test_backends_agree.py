"""A whole pass over the data, and the information, come out the same from either backend."""

import threading

import numpy as np
import pytest

from tests.laws.mixtures import ALL_GATES
from w2s_kernels import cpu, reference
from w2s_stats.em import measure
from w2s_stats.experts import Gaussian
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._parameters import Block, Parameters

BLOCKS = (Block("gaussian", 0, 2), Block("poisson", 2, 3), Block("multinomial", 3, 5))


# Gaussian experts alone are passed over by one kernel, with the gate's column or its rows.
ALONE = (Block("gaussian", 0, 2),)


def labels(rng, n):
    classes = rng.integers(0, 3, size=n)
    Y = np.column_stack(
        [rng.normal(3.0, 2.0, (n, 2)), rng.poisson(2.0, n), classes == 1, classes == 2]
    ).astype(float)
    # Blocks have gaps of their own; within a block the same rows are missing.
    for columns in (slice(0, 2), slice(2, 3), slice(3, 5)):
        Y[rng.random(n) < 0.2, columns] = np.nan
    return Y


def tied_to(rng):
    gate = np.vstack([np.zeros(3), rng.normal(size=(2, 3))])
    nothing = np.zeros((3, 5))
    return Parameters(np.zeros((3, 5, 2)), nothing, nothing, gate[:, 1:], gate[:, 0])


@pytest.mark.parametrize("gate", [*ALL_GATES, "tied"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("blocks", [BLOCKS, ALONE], ids=["three blocks", "gaussian"])
def test_one_pass(gate, fit_intercept, blocks):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(1.0, 2.0, size=(900, 2)), labels(rng, 900)[:, : blocks[-1].stop]
    weight = rng.uniform(0.0, 2.0, size=900)
    model = Model(3, blocks, gate, fit_intercept, gate_penalty=0.3)
    if gate == "tied":
        model = Model(3, blocks, "softmax", fit_intercept, tied_to=tied_to(rng))
    gaussian = np.array([True, True, False, False, False])[: Y.shape[1]]
    coordinates = measure(X, Y, weight, center=fit_intercept, standardise=gaussian)
    one, two = (build(model, X, Y, weight, coordinates, kernels=k) for k in (cpu, reference))
    theta = one.start(lambda number: rng.dirichlet(np.ones(3), size=900).T)
    theta = theta + 0.1 * rng.normal(size=theta.size)
    mine, other = one.evaluate(theta), two.evaluate(theta)
    assert mine.objective == pytest.approx(other.objective, rel=1e-12)
    np.testing.assert_allclose(mine.proposal, other.proposal, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(mine.info, other.info, rtol=1e-10)
    if gate != "gaussian-joint":
        for a, b in zip(one.information(theta), two.information(theta), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * np.abs(b).max())


@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_one_kernel_or_three(gate, monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(9_000, 2)), labels(rng, 9_000)[:, :2]
    coordinates = measure(X, Y, None, center=True, standardise=np.array([True, True]))
    theta = None

    def evaluate():
        nonlocal theta
        mixture = build(Model(3, ALONE, gate), X, Y, None, coordinates)
        if theta is None:
            theta = mixture.start(lambda i: rng.dirichlet(np.ones(3), size=tile_size(mixture, i)).T)
        return mixture.evaluate(theta)

    passes = [evaluate()]
    for one_kernel in ("mixture_pass", "whole_pass"):
        monkeypatch.delattr(Gaussian, one_kernel)
        passes.append(evaluate())
    for other in passes[1:]:
        assert passes[0].objective == pytest.approx(other.objective, rel=1e-13)
        np.testing.assert_allclose(passes[0].proposal, other.proposal, rtol=1e-10, atol=1e-11)


def tile_size(mixture, number):
    start, stop = mixture.tiles.bounds[number]
    return stop - start


@pytest.mark.parametrize("n_threads", [3, 16])
def test_each_lane_is_taken_by_one_thread(n_threads, monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(40_000, 2)), rng.normal(size=(40_000, 1))
    coordinates = measure(X, Y, None, center=True, standardise=np.array([True]))
    model = Model(3, (Block("gaussian", 0, 1),), "constant")
    mixture = build(model, X, Y, None, coordinates)
    theta = rng.normal(size=mixture.gate.size + mixture.experts[0].n_parameters)
    alone = mixture.evaluate(theta)
    monkeypatch.setattr("w2s_stats.em._model.n_threads", lambda: n_threads)
    monkeypatch.setattr("w2s_stats.em._model.thread_map", all_at_once)
    for _ in range(200):
        together = mixture.evaluate(theta)
        assert together.objective == alone.objective
        np.testing.assert_array_equal(together.proposal, alone.proposal)


def all_at_once(function, items):
    threads = [threading.Thread(target=function, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
