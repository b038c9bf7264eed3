import numpy as np
import pytest

from w2s_stats._intervals import normal_mean
from w2s_stats.selection._powered import powered_means


def sample(n=2000, n_known=200):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, 3)) + rng.normal(size=(n, 1))
    predicted = values * [0.9, 0.3, 0.0] + rng.normal(size=(n, 3))
    known = np.zeros(n, dtype=bool)
    known[rng.permutation(n)[:n_known]] = True
    return values, predicted, known


def test_means_are_those_of_ppi_python():
    ppi = pytest.importorskip("ppi_py")
    values, predicted, known = sample()
    found = powered_means(values[known], predicted, known, 0.9)
    # Of rows and their mirror images, which have no skewness, the ends agree as well.
    both = np.r_[known, known]
    mirrored = powered_means(
        np.r_[values[known], 1 - values[known]], np.r_[predicted, -predicted], both, 0.9
    )
    for j, interval in enumerate(found.intervals):
        near, far, y = predicted[known, j], predicted[~known, j], values[known, j]
        ends = ppi.ppi_mean_ci(y, near, far, alpha=0.1)
        assert interval.estimate == pytest.approx(np.mean(ends), abs=1e-10)
        parts = np.r_[y, 1 - y], np.r_[near, -near], np.r_[far, -far]
        np.testing.assert_allclose(
            mirrored.intervals[j][1:3],
            np.ravel(ppi.ppi_mean_ci(*parts, alpha=0.1)),
            rtol=0,
            atol=1e-10,
        )


def test_parts_add_up_to_the_means_and_to_their_variances():
    values, predicted, known = sample()
    found = powered_means(values[known], predicted, known, 0.95)
    np.testing.assert_allclose(found.known.mean(0) + found.others.mean(0), found.mean, atol=1e-12)
    reach = [(i.high - i.low) / 2 / 1.959964 for i in found.intervals]
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance())), reach, rtol=0.005)


def test_covariance_is_that_of_repeated_samples():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(1500):
        shared = rng.normal(size=(450, 1))
        values = shared + rng.normal(size=(450, 2))
        known = np.arange(450) < 150
        found.append(powered_means(values[known], np.tile(shared, 2), known, 0.95))
    seen = np.cov([f.mean for f in found], rowvar=False)
    np.testing.assert_allclose(np.mean([f.covariance() for f in found], axis=0), seen, rtol=0.15)


def test_added_rows_are_those_of_the_six_ways_to_differ():
    right = np.random.default_rng(2).random((60, 3)) < 0.7
    values = right[:, :2] * 1.0 - right[:, 2:]
    found = powered_means(values, values, np.ones(60, dtype=bool), 0.95)
    ways = [(a - c, b - c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    added = 1.959963984540054**2 / 6 * np.array(ways).T @ np.array(ways)
    covariance = found.covariance_of_differences(0.95)
    np.testing.assert_allclose(covariance, found.covariance() + added / 60**2, rtol=1e-12)


def test_where_all_is_known_it_is_the_normal_interval():
    values, predicted, _ = sample()
    found = powered_means(values, predicted, np.ones(len(values), dtype=bool), 0.95)
    assert found.intervals[1] == normal_mean(values[:, 1])
    np.testing.assert_allclose(found.covariance(), np.cov(values, rowvar=False) / len(values))
