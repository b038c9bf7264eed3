"""Misfit and both errors: any length, alignment and type, weights of either shape, odd values."""

import numpy as np
import pytest

from w2s_kernels import reference
from w2s_kernels.gpu import misfit

# None, a single row, around a chunk of rows, several blocks a task.
LENGTHS = [0, 1, 2, 3, 1000, 2047, 2048, 2049, 16385, 40_001]


def sums(on_device, arrays, weight, *, above=(0, 0, 0)):
    there = [on_device.put(a, above=n) for a, n in zip(arrays, above, strict=True)]
    weight = None if weight is None else on_device.put(weight)
    out = on_device.put(np.ones((len(arrays[0]), 6)))
    status = misfit.squared_errors(*there, weight, out)
    return int(status), on_device.get(out)


def plain(arrays, weight):
    out = np.ones((len(arrays[0]), 6))
    with np.errstate(all="ignore"):
        return reference.misfit.squared_errors(*arrays, weight, out), out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_weights", [None, 1, 3])
@pytest.mark.parametrize("n", LENGTHS)
def test_tasks_of_any_length(on_device, n, n_weights, dtype):
    rng = np.random.default_rng(n)
    arrays = rng.normal(size=(3, 3, n)).astype(dtype)
    arrays[2][rng.random((3, n)) < 0.3] = np.nan
    weight = None if n_weights is None else rng.random((n_weights, n)).astype(dtype)
    if weight is not None:
        weight[rng.random(weight.shape) < 0.3] = 0.0
    status, found = sums(on_device, arrays, weight, above=(1, 1, 1) if n % 2 else (0, 0, 1))
    assert status == 0
    np.testing.assert_allclose(found, plain(arrays, weight)[1], rtol=1e-12, atol=1e-12)


def test_arrays_of_two_types(on_device):
    rng = np.random.default_rng(0)
    arrays = list(rng.normal(size=(3, 2, 50)))
    arrays[1] = arrays[1].astype(np.float32)
    weight = rng.integers(0, 3, size=(1, 50))
    np.testing.assert_allclose(
        sums(on_device, arrays, weight)[1], plain(arrays, weight)[1], rtol=1e-12
    )


def test_tasks_with_odd_numbers_are_counted(on_device):
    arrays = np.random.default_rng(0).normal(size=(3, 5, 100))
    arrays[0, 1, 7], arrays[1, 2, 99], arrays[2, 3, 0] = np.nan, np.inf, -np.inf
    status, found = sums(on_device, arrays, None)
    expected, values = plain(arrays, None)
    assert status == expected == 3
    np.testing.assert_allclose(found, values, rtol=1e-12)


def test_a_row_without_weight_may_hold_anything(on_device):
    arrays = np.random.default_rng(0).normal(size=(3, 1, 100))
    weight = np.ones((1, 100))
    weight[0, [3, 50]] = 0.0
    arrays[:, 0, 3], arrays[:, 0, 50] = np.nan, np.inf
    status, found = sums(on_device, arrays, weight)
    assert status == 0
    np.testing.assert_allclose(found, plain(arrays, weight)[1], rtol=1e-12)


def test_sums_are_looked_at_one_by_one(on_device):
    # Each is a number, and their sum is not.
    status, found = sums(on_device, np.array([[[0.0]], [[1.2e154]], [[0.0]]]), None)
    assert status == 0 and np.isfinite(found).all()
