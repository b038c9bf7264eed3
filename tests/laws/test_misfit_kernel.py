"""Sums of squared distances of many tasks: the identity of gain and misfit, and exact sums."""

from fractions import Fraction
from math import fsum

import numpy as np
import pytest

from w2s_kernels import cpu, reference
from w2s_kernels.cpu.misfit import squared_errors

TYPES = [np.float32, np.float64]


def sums_of(weak, student, truth, weight=None):
    sums = np.zeros((len(weak), 6))
    status = squared_errors(weak, student, truth, weight, sums)
    return sums, status


def tasks(rng, n_tasks, n, *, dtype=np.float64, gaps=0.3):
    weak, student, truth = rng.normal(size=(3, n_tasks, n)).astype(dtype)
    truth[rng.random(truth.shape) < gaps] = np.nan
    return weak, student, truth


@pytest.mark.parametrize("dtype", TYPES)
def test_gain_less_misfit_is_twice_the_inner_product(dtype):
    # Of rows with a truth: d(y, w) - d(y, s) - d(s, w) = 2 (y - s)(s - w) (theory 2.1).
    rng = np.random.default_rng(0)
    for _ in range(1000):
        n_tasks, n = int(rng.integers(1, 5)), int(rng.choice([1, 7, 300, 4095, 4096, 4100]))
        weak, student, truth = tasks(rng, n_tasks, n, dtype=dtype, gaps=rng.choice([0, 0.5, 1]))
        weight = rng.uniform(0, 2, size=(n_tasks, n)).astype(dtype)
        sums, status = sums_of(weak, student, truth, weight)
        assert status == 0
        w, s, y, g = (a.astype(np.float64) for a in (weak, student, truth, weight))
        inner = np.nansum(2.0 * g * (y - s) * (s - w), axis=1)
        atol = 1e-12 * sums.max()
        np.testing.assert_allclose(sums[:, 4] - sums[:, 5] - sums[:, 3], inner, atol=atol)
        np.testing.assert_allclose(sums[:, 1], np.where(np.isnan(y), 0.0, g).sum(axis=1))


@pytest.mark.parametrize("dtype", TYPES)
def test_sums_to_the_last_digits(dtype):
    # Numbers far from zero and close together: nothing cancels but what was rounded before.
    rng = np.random.default_rng(1)
    weak, student, truth = (rng.normal(size=(3, 2, 50_000)) + 1000.0).astype(dtype)
    sums, _ = sums_of(weak, student, truth)
    for task in range(2):
        for column, (a, b) in ((2, (student, weak)), (4, (truth, weak)), (5, (truth, student))):
            pairs = zip(a[task].tolist(), b[task].tolist(), strict=True)
            exact = fsum((x - y) ** 2 for x, y in pairs)
            assert sums[task, column] == pytest.approx(exact, rel=1e-13)


def test_a_few_rows_in_fractions():
    weak, student, truth = np.array([[[0.1, 0.7, 3.0]], [[0.2, 0.5, 1.0]], [[0.3, np.nan, 2.0]]])
    sums, status = sums_of(weak, student, truth)
    w, s = ([Fraction(x) for x in a[0]] for a in (weak, student))
    y = {0: Fraction(truth[0, 0]), 2: Fraction(truth[0, 2])}
    expected = [
        3,
        2,
        sum((b - a) ** 2 for a, b in zip(w, s, strict=True)),
        sum((s[i] - w[i]) ** 2 for i in y),
        sum((y[i] - w[i]) ** 2 for i in y),
        sum((y[i] - s[i]) ** 2 for i in y),
    ]
    assert status == 0
    np.testing.assert_allclose(sums[0], [float(x) for x in expected], rtol=1e-15)


@pytest.mark.parametrize("kernels", [cpu, reference], ids=["cpu", "reference"])
def test_sums_are_looked_at_one_by_one(kernels):
    # Each is a number, and their sum is not.
    weak, student, truth = np.array([[[0.0]], [[1.2e154]], [[0.0]]])
    sums = np.zeros((1, 6))
    assert kernels.misfit.squared_errors(weak, student, truth, None, sums) == 0
    assert np.isfinite(sums).all() and sum(map(Fraction, sums[0])) > np.finfo(float).max


def test_pieces_and_repeated_rows_add_up():
    rng = np.random.default_rng(2)
    weak, student, truth = tasks(rng, 3, 10_000)
    weight = rng.integers(0, 4, size=(1, 10_000)).astype(float)
    whole, _ = sums_of(weak, student, truth, weight)
    pieces = np.zeros((3, 6))
    for rows in (slice(0, 1), slice(1, 5000), slice(5000, 10_000)):
        parts = (np.ascontiguousarray(a[:, rows]) for a in (weak, student, truth, weight))
        *arrays, own = parts
        squared_errors(*arrays, own, pieces)
    np.testing.assert_allclose(pieces, whole, rtol=1e-13)
    repeated = (np.repeat(a, weight[0].astype(int), axis=1) for a in (weak, student, truth))
    np.testing.assert_allclose(sums_of(*repeated)[0], whole, rtol=1e-13)
    # One row of weights is every task's.
    every, _ = sums_of(weak, student, truth, np.tile(weight, (3, 1)))
    np.testing.assert_array_equal(every, whole)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_status_counts_tasks_that_are_not_finite(which, value):
    rng = np.random.default_rng(3)
    arrays = tasks(rng, 4, 500)
    arrays[which][[1, 3], [7, 499]] = value
    weight = np.ones((4, 500))
    sums, status = sums_of(*arrays, weight)
    assert status == 2
    assert np.isfinite(sums[[0, 2]]).all() and not np.isfinite(sums[[1, 3], 2]).any()
    # A row of weight zero does not count, whatever it holds.
    weight[[1, 3], [7, 499]] = 0.0
    sums, status = sums_of(*arrays, weight)
    assert status == 0 and np.isfinite(sums).all()
    np.testing.assert_allclose(sums[:, 0], [500, 499, 500, 499])
