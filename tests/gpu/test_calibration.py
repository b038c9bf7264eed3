"""Sums over bins, few and many, and the linear programme of the smooth error."""

from types import SimpleNamespace

import numpy as np
import pytest

from w2s_kernels import cpu, reference
from w2s_kernels.gpu import calibration


# 300 and 2,000 bins do not fit into shared memory; 5,000 rows make two chunks.
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("as_classes", [True, False])
@pytest.mark.parametrize(
    ("n", "k", "n_bins"), [(1, 1, 2), (31, 2, 1), (900, 5, 15), (400, 3, 300), (5000, 1, 2000)]
)
def test_sums_over_bins(on_device, n, k, n_bins, as_classes, dtype):
    rng = np.random.default_rng(n)
    proba = rng.dirichlet(np.ones(k + 1), size=n)[:, :k].astype(dtype)
    labels = rng.integers(0, k, n) if as_classes else rng.random((n, k))
    weight = rng.random(n) if as_classes else None
    edges = np.sort(rng.random((k, n_bins - 1)), axis=1)
    edges[:, n_bins // 2 :] = np.inf  # not needed
    if n_bins > 3:
        edges[:, 1] = np.sort(proba, axis=0)[n // 2]  # a number on an edge
        edges.sort(axis=1)
    there, here = on_device.put(np.ones((k, n_bins, 5))), np.ones((k, n_bins, 5))
    given = (on_device.put(a) if a is not None else None for a in (proba, labels, weight, edges))
    calibration.bin_sums(*given, there)
    reference.calibration.bin_sums(proba, labels, weight, edges, here)
    np.testing.assert_allclose(on_device.get(there), here, rtol=1e-11)


@pytest.mark.parametrize("n", [33, 3000])
@pytest.mark.parametrize("n_bins", [1, 2, 40])
def test_lanes_of_one_bin_and_of_many(on_device, n, n_bins):
    # A warp whose rows are all in one bin, all in different ones, and in two by turns.
    rng = np.random.default_rng(n)
    proba = np.stack([np.full(n, 0.5), np.arange(n) % 40 / 40, np.arange(n) % 2 * 0.9], axis=1)
    labels, weight = rng.random((n, 3)), 10.0 ** rng.uniform(-8, 8, n)
    edges = np.tile(np.arange(1, n_bins) / n_bins, (3, 1))
    given = [on_device.put(a) for a in (proba, labels, weight, edges)]
    here, there = np.zeros((3, n_bins, 5)), [on_device.put(np.zeros((3, n_bins, 5))) for _ in "ab"]
    reference.calibration.bin_sums(proba, labels, weight, edges, here)
    for sums in there:
        calibration.bin_sums(*given, sums)
    np.testing.assert_allclose(on_device.get(there[0]), here, rtol=1e-11)
    np.testing.assert_array_equal(on_device.get(there[0]), on_device.get(there[1]))


def test_no_rows(on_device):
    sums = on_device.put(np.ones((2, 4, 5)))
    nothing = (on_device.put(a) for a in (np.empty((0, 2)), np.empty(0, np.int64)))
    calibration.bin_sums(*nothing, None, on_device.put(np.full((2, 3), 0.5)), sums)
    np.testing.assert_array_equal(on_device.get(sums), 1.0)


def test_bins_beyond_shared_memory_take_limited_room(monkeypatch):
    taken = []
    monkeypatch.setattr(calibration, "run", lambda *args, **sizes: None)
    monkeypatch.setattr(calibration, "zeros", lambda *args: None)
    monkeypatch.setattr(calibration, "empty", lambda shape: taken.append(np.prod(shape)))
    monkeypatch.setattr(calibration._compile, "device", SimpleNamespace(xp=np))
    # Rows that take no memory themselves.
    proba, labels = np.broadcast_to(0.5, (10**7, 1)), np.broadcast_to(0, 10**7)
    calibration.bin_sums(proba, labels, None, np.empty((1, 1999)), np.empty((1, 2000, 5)))
    assert max(taken) <= 1 << 24


def test_columns_that_lie_together(on_device):
    rng = np.random.default_rng(0)
    proba, labels = rng.random((500, 3)), rng.integers(0, 3, 500)
    edges = np.tile([0.3, 0.6], (3, 1))
    there, here = on_device.put(np.zeros((3, 3, 5))), np.zeros((3, 3, 5))
    columns = on_device.put(proba.T.copy()).T
    calibration.bin_sums(columns, on_device.put(labels), None, on_device.put(edges), there)
    reference.calibration.bin_sums(proba, labels, None, edges, here)
    np.testing.assert_allclose(on_device.get(there), here, rtol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 3, 100, 2500])
@pytest.mark.parametrize("ties", [True, False])
def test_smooth_error(on_device, n, ties):
    rng = np.random.default_rng(n)
    place = np.sort(rng.random(n)) * (1.0 if ties else 4.0)
    place = np.round(place, 1) if ties else place
    gap, charge = np.diff(place), rng.normal(size=n) / n
    found = calibration.lipschitz_supremum(on_device.put(gap), on_device.put(charge))
    expected = (reference if n < 500 else cpu).calibration.lipschitz_supremum(gap, charge)
    np.testing.assert_allclose(on_device.get(found), expected, rtol=1e-10)


def test_gaps_and_charges_of_two_types(on_device):
    gap, charge = np.full(40, 0.25), np.linspace(-1.0, 1.0, 41)
    expected = reference.calibration.lipschitz_supremum(gap, charge)
    for types in (("float32", "float64"), ("float64", "float32")):
        given = (on_device.put(a.astype(t)) for a, t in zip((gap, charge), types, strict=True))
        found = on_device.get(calibration.lipschitz_supremum(*given))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
