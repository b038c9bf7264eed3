"""Calibration that moves no further than the forecast does (theory 4.3), case by case."""

import numpy as np
import pytest

from w2s_stats.calibration import marginal_calibration_error, smooth_calibration_error

CASES = 1500


def two_forecasts(rng, n):
    """A binary forecast and a near or far one, with ties and ends; a label or its probability."""
    f = rng.random(n) if rng.random() < 0.6 else rng.integers(0, 5, n) / 4
    far = 10.0 ** rng.uniform(-3, 0)
    g = np.clip(f + far * rng.normal(size=n), 0, 1) if rng.random() < 0.8 else rng.permutation(f)
    if rng.random() < 0.3:
        g = np.where(rng.random(n) < 0.8, f, g)
    y = rng.random(n) if rng.random() < 0.2 else rng.integers(0, 2, n).astype(float)
    return y, f, g


def two_forecasts_of_classes(rng, n, k):
    f = rng.dirichlet(np.full(k, rng.choice([0.1, 1.0, 10.0])), size=n)
    g = rng.dirichlet(np.full(k, rng.choice([0.1, 1.0, 10.0])), size=n)
    near = 10.0 ** rng.uniform(-3, 0)
    g = (1 - near) * f + near * g
    y = rng.integers(0, k, n) if rng.random() < 0.5 else rng.dirichlet(np.ones(k), size=n)
    return y, f, g


def test_binary_smooth_error_moves_by_at_most_twice_the_distance():
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        y, f, g = two_forecasts(rng, int(rng.integers(1, 40)))
        moved = abs(smooth_calibration_error(y, f) - smooth_calibration_error(y, g))
        assert moved <= 2 * np.abs(f - g).mean() + 1e-12


def test_the_two_is_sharp():
    # Half of the rows pull w up at 0, half pull it down at 1, evenly matched: w = 1 - f or lower.
    n, d = 1000, 1e-3
    f = np.concatenate([np.zeros(n + 1), np.ones(n)])
    y = np.concatenate([np.ones(n + 1), np.zeros(n)])
    g = f.copy()
    g[0] = d
    moved = smooth_calibration_error(y, f) - smooth_calibration_error(y, g)
    assert moved == pytest.approx((2 - d) * np.abs(f - g).mean(), rel=1e-9)


def test_sum_over_classes_moves_by_at_most_twice_the_distance():
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        n, k = int(rng.integers(1, 30)), int(rng.integers(2, 6))
        y, f, g = two_forecasts_of_classes(rng, n, k)
        moved = abs(smooth_calibration_error(y, f) - smooth_calibration_error(y, g))
        assert moved <= 2 * np.abs(f - g).sum(axis=1).mean() + 1e-12


def test_error_given_the_same_cells_moves_by_at_most_the_distance():
    rng = np.random.default_rng(2)
    for _ in range(CASES):
        n, k = int(rng.integers(1, 60)), int(rng.integers(2, 6))
        y, f, g = two_forecasts_of_classes(rng, n, k)
        groups = rng.integers(0, rng.integers(1, n + 1), n)
        one, two = (marginal_calibration_error(y, p, groups=groups) for p in (f, g))
        assert abs(one - two) <= np.abs(f - g).sum(axis=1).mean() + 1e-12


def partitions(n):
    """Every partition of n rows, as labels of cells."""
    found = [[0]]
    for _ in range(n - 1):
        found = [[*cells, c] for cells in found for c in range(max(cells) + 2)]
    return np.array(found)


PARTITIONS = {n: partitions(n) for n in range(1, 7)}


def distance_to_calibration(y, f):
    """Least mean |f - g| over calibrated g: each cell of some partition forecasts its own mean."""
    cells = PARTITIONS[len(f)]
    member = cells[:, :, None] == np.arange(len(f))
    size = np.maximum(member.sum(axis=1), 1)
    mean = np.einsum("pic,i->pc", member, y) / size
    calibrated = np.take_along_axis(mean, cells, axis=1)
    return np.abs(f - calibrated).mean(axis=1).min()


def test_number_of_partitions():
    assert [len(PARTITIONS[n]) for n in (1, 2, 3, 4, 5, 6)] == [1, 2, 5, 15, 52, 203]
    assert all(len(np.unique(p, axis=0)) == len(p) for p in PARTITIONS.values())


def test_distance_to_calibration_moves_by_at_most_the_distance():
    rng = np.random.default_rng(3)
    for _ in range(CASES):
        y, f, g = two_forecasts(rng, int(rng.integers(1, 7)))
        near, far = distance_to_calibration(y, f), distance_to_calibration(y, g)
        assert abs(near - far) <= np.abs(f - g).mean() + 1e-12
        # A calibrated forecast has no smooth error, and that moves by twice the distance.
        assert smooth_calibration_error(y, f) <= 2 * near + 1e-12
