"""Means of resampled rows: what they estimate, and that threads change nothing."""

import numpy as np
import pytest
from scipy import stats

from w2s_kernels import _dispatch
from w2s_stats._intervals import bootstrap_mean, resampled_means


@pytest.mark.parametrize("n", [30, 99, 100, 3000])
@pytest.mark.parametrize("weighted", [True, False])
def test_moments(n, weighted):
    rng = np.random.default_rng(n)
    values = rng.normal([0.0, 1.0, 1e6], size=(n, 3))
    weight = rng.uniform(0.2, 2, size=n) if weighted else None
    w = np.ones(n) if weight is None else weight
    found = resampled_means(values, weight, 4000, seed=1)
    mean = w @ values / w.sum()
    error = np.sqrt(w**2 @ (values - mean) ** 2) / w.sum()
    assert found.shape == (4000, 3)
    # A ratio's bias is of order 1/n, an eighth of an error here at most.
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - mean), (5 / 63 + 1 / n) * error)
    np.testing.assert_allclose(found.std(axis=0), error, rtol=0.05 + 2 / n)


def test_few_rows_are_drawn_with_replacement():
    # Of two rows, the mean is one of them half of the time: exactly, however few they are.
    found = resampled_means(np.array([[0.0], [1.0]]), None, 40_000, seed=0)[:, 0]
    seen = [np.sum(found == value) for value in (0.0, 0.5, 1.0)]
    assert sum(seen) == 40_000
    assert stats.chisquare(seen, [10_000, 20_000, 10_000]).pvalue > 1e-3


def test_many_rows_have_the_law_of_those_drawn_with_replacement():
    rng = np.random.default_rng(0)
    values = rng.exponential(size=(150, 1))
    drawn = values[rng.integers(150, size=(20_000, 150)), 0].mean(axis=1)
    found = resampled_means(values, None, 20_000, seed=3)[:, 0]
    # The Poisson variance is larger by 1/150 of itself: below what the test can see.
    assert stats.ks_2samp(found, drawn).pvalue > 1e-3


@pytest.mark.parametrize("n_threads", [2, 3, 5])
def test_threads_change_nothing(monkeypatch, n_threads):
    values = np.random.default_rng(0).normal(size=(2500, 2))
    monkeypatch.setattr(_dispatch, "_pool", None)
    expected = resampled_means(values, None, 101, seed=7)
    for name in ("w2s_kernels._dispatch", "w2s_stats._intervals._resampling"):
        monkeypatch.setattr(f"{name}.n_threads", lambda: n_threads)
    np.testing.assert_array_equal(resampled_means(values, None, 101, seed=7), expected)


def test_seeds_types_and_views():
    values = np.random.default_rng(0).normal(size=(500, 4))
    expected = resampled_means(values, None, 50, seed=2)
    assert not np.isclose(resampled_means(values, None, 50, seed=3), expected).any()
    # More resamples begin with the same; a column does not know the others.
    np.testing.assert_array_equal(resampled_means(values, None, 80, seed=2)[:50], expected)
    one = resampled_means(values[:, ::2], None, 50, seed=2)
    np.testing.assert_allclose(one, expected[:, ::2], rtol=1e-12, atol=1e-14)
    single = resampled_means(values.astype(np.float32), None, 50, seed=2)
    np.testing.assert_allclose(single, expected, atol=1e-6)
    assert single.dtype == np.float64


@pytest.mark.parametrize(("n", "draw"), [(200, "normal"), (200, "exponential"), (1000, "normal")])
def test_bootstrap_covers(n, draw):
    """Of other rows, and more of them, in bench.coverage."""
    rng = np.random.default_rng(n)
    truth = {"normal": 0.0, "exponential": 1.0}[draw]
    hits = 0
    for seed in range(800):
        values = getattr(rng, draw)(size=n)
        found = bootstrap_mean(values, n_resamples=400, random_state=seed)
        hits += found.low <= truth <= found.high
    assert 0.93 <= hits / 800 <= 0.97
