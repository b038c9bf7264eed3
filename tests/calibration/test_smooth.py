"""The smooth error against its linear programme, and against a walk over weights on a grid."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter1d
from scipy.optimize import linprog

from w2s_stats.calibration import smooth_calibration_error


def by_linear_programme(y, f):
    """The definition: w in [-1, 1] at every row, |w_i - w_j| <= |f_i - f_j| for neighbours."""
    order = np.argsort(f)
    f, residual = f[order], (y - f)[order]
    n = len(f)
    step = np.eye(n - 1, n, k=1) - np.eye(n - 1, n)
    limits = np.concatenate([np.diff(f), np.diff(f)])
    found = linprog(-residual / n, np.vstack([step, -step]), limits, bounds=(-1, 1))
    assert found.status == 0
    return -found.fun


def by_walk(y, place, n_steps):
    """Exact where f = place / n_steps: some best w is a multiple of 1 / n_steps at every row.

    (The constraints are totally unimodular.) The best sum for each last weight is carried along.
    """
    w = np.arange(-n_steps, n_steps + 1) / n_steps
    order = np.argsort(place, kind="stable")
    best, last = np.zeros(len(w)), place[order[0]]
    for i in order:
        reach = place[i] - last
        best = maximum_filter1d(best, 2 * reach + 1, mode="constant", cval=-np.inf)
        best = best + w * (y[i] - place[i] / n_steps)
        last = place[i]
    return best.max() / len(y)


def draw(rng, n):
    """Labels and probabilities with ties, ends and soft labels among them."""
    kind = rng.integers(4)
    f = rng.random(n) if kind < 2 else rng.integers(0, 6, n) / 5
    if kind == 1:
        f = rng.beta(0.2, 0.2, n)
    f[rng.random(n) < 0.1] = rng.integers(2)
    y = rng.random(n) if kind == 3 else (rng.random(n) < rng.permutation(f)).astype(float)
    return y, f


def test_against_a_linear_programme():
    rng = np.random.default_rng(0)
    for _ in range(60):
        y, f = draw(rng, int(rng.integers(2, 50)))
        assert smooth_calibration_error(y, f) == pytest.approx(by_linear_programme(y, f), abs=1e-7)


def test_against_a_walk_over_a_grid():
    rng = np.random.default_rng(1)
    for _ in range(300):
        n, n_steps = int(rng.integers(1, 80)), int(rng.choice([1, 2, 7, 64, 100]))
        place = rng.integers(0, n_steps + 1, n)
        y = rng.random(n) if rng.random() < 0.3 else (rng.random(n) < 0.5).astype(float)
        assert (
            abs(smooth_calibration_error(y, place / n_steps) - by_walk(y, place, n_steps)) < 1e-12
        )


def test_large_sample_against_the_walk():
    rng = np.random.default_rng(2)
    place = rng.integers(0, 129, 20_000)
    y = (rng.random(20_000) < (place / 128) ** 2).astype(float)
    assert abs(smooth_calibration_error(y, place / 128) - by_walk(y, place, 128)) < 1e-12


def test_million_rows():
    rng = np.random.default_rng(3)
    f = rng.random(1_000_000)
    y = (rng.random(1_000_000) < f**2).astype(float)
    # All residuals have mean f^2 - f < 0, so that w = -1 is best: 1/6.
    assert smooth_calibration_error(y, f) == pytest.approx(1 / 6, abs=0.002)


def test_known_values():
    assert smooth_calibration_error([1], [0.25]) == 0.75
    assert smooth_calibration_error([0, 1], [0.0, 1.0]) == 0.0
    assert smooth_calibration_error([1, 0], [0.0, 1.0]) == pytest.approx(0.5)
    # One half lower, one higher by e along the label: e (1/2 - e), theory 4.2's forecast.
    assert smooth_calibration_error([0, 1], [0.45, 0.55]) == pytest.approx(0.05 * 0.45)


def test_order_of_rows_and_ties_say_nothing():
    rng = np.random.default_rng(4)
    y, f = (rng.random(200) < 0.4).astype(float), rng.integers(0, 8, 200) / 7
    order = rng.permutation(200)
    found = smooth_calibration_error(y, f)
    assert smooth_calibration_error(y[order], f[order]) == pytest.approx(found, abs=1e-14)
    means = np.array([y[f == value].mean() for value in f])
    assert smooth_calibration_error(means, f) == pytest.approx(found, abs=1e-14)


def test_classes_are_summed():
    rng = np.random.default_rng(5)
    proba = rng.dirichlet(np.ones(4), size=300)
    y = rng.integers(0, 3, 300)  # class 3 has no row
    parts = [smooth_calibration_error(y == j, proba[:, j]) for j in range(4)]
    assert smooth_calibration_error(y, proba) == pytest.approx(sum(parts), abs=1e-14)
    rows = np.eye(4)[y]
    assert smooth_calibration_error(rows, proba) == pytest.approx(sum(parts), abs=1e-14)


def test_two_columns_have_twice_the_error_of_one_dimension():
    rng = np.random.default_rng(6)
    y, f = draw(rng, 300)
    both = np.column_stack([1 - f, f])
    one = smooth_calibration_error(y, f)
    assert smooth_calibration_error(y, both) == pytest.approx(2 * one)
    assert smooth_calibration_error(1 - y, 1 - f) == pytest.approx(one, abs=1e-14)


def test_single_precision():
    rng = np.random.default_rng(7)
    y, f = draw(rng, 500)
    single = smooth_calibration_error(y, f.astype(np.float32))
    assert single == pytest.approx(smooth_calibration_error(y, f), abs=1e-6)
