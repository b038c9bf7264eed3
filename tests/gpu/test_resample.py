"""The Poisson bootstrap: the very counts of the CPU, and the means that they make."""

import numpy as np
import pytest

from w2s_kernels import reference
from w2s_kernels.gpu import resample


@pytest.mark.parametrize(("seed", "replicate"), [(0, 0), (2**62 + 5, 7), (5, 10**9)])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 1023, 5000])
def test_counts_are_the_same_to_the_last(on_device, n, seed, replicate):
    there, here = on_device.put(np.zeros(n, np.uint16)), np.zeros(n, np.uint16)
    resample.poisson_counts(seed, replicate, there)
    with np.errstate(over="ignore"):
        reference.resample.poisson_counts(seed, replicate, here)
    np.testing.assert_array_equal(on_device.get(there), here)


def test_rare_counts_too(on_device):
    there, here = on_device.put(np.zeros(400_000, np.uint16)), np.zeros(400_000, np.uint16)
    resample.poisson_counts(1, 1, there)
    with np.errstate(over="ignore"):
        reference.resample.poisson_counts(1, 1, here)
    assert here.max() >= 8
    np.testing.assert_array_equal(on_device.get(there), here)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("n", "m", "n_replicates"),
    [(0, 2, 130), (1, 1, 5), (127, 1, 129), (700, 3, 10), (4097, 6, 20), (9000, 4, 3)],
)
def test_means(on_device, n, m, n_replicates, dtype):
    rng = np.random.default_rng(n)
    values, weight = (100 + rng.normal(size=(n, m))).astype(dtype), rng.random(n).astype(dtype)
    weight[1:][rng.random(max(n - 1, 0)) < 0.3] = 0.0
    there, here = on_device.put(np.empty((n_replicates, m))), np.empty((n_replicates, m))
    arrays = on_device.put(values), on_device.put(weight)
    status = int(resample.bootstrap_means(*arrays, 77, 3, there))
    with np.errstate(all="ignore"):
        expected = reference.resample.bootstrap_means(values, weight, 77, 3, here)
    assert status == expected == np.isnan(here[:, 0]).sum()
    assert n > 1 or status > 0
    np.testing.assert_allclose(on_device.get(there), here, rtol=1e-12)


@pytest.mark.parametrize("m", [1, 100, 1000])
def test_what_chunks_leave_is_limited(m, monkeypatch):
    taken = []
    monkeypatch.setattr(resample, "run", lambda *args, **sizes: None)
    monkeypatch.setattr(resample, "zeros", lambda *args: None)
    monkeypatch.setattr(resample, "empty", lambda shape: taken.append(np.prod(shape)))
    monkeypatch.setattr(resample, "_law", lambda: ())
    # Rows that take no memory themselves.
    values, weight = np.broadcast_to(1.0, (10**7, m)), np.broadcast_to(1.0, 10**7)
    resample.bootstrap_means(values, weight, 0, 0, np.empty((2000, m)))
    assert max(taken) <= 1 << 24


def test_means_where_chunks_are_few(on_device, monkeypatch):
    monkeypatch.setattr(resample, "_SCRATCH", 200)  # two chunks of 20 replicates, of five sums
    values = np.random.default_rng(0).normal(size=(9000, 2))
    weight = np.ones(9000)
    there, here = on_device.put(np.empty((20, 2))), np.empty((20, 2))
    resample.bootstrap_means(on_device.put(values), on_device.put(weight), 7, 3, there)
    with np.errstate(over="ignore"):
        reference.resample.bootstrap_means(values, weight, 7, 3, here)
    np.testing.assert_allclose(on_device.get(there), here, rtol=1e-10)
