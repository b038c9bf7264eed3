"""Sums over bins, few and many, and the linear programme of the smooth error."""

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
