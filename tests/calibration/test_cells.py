"""Cells made in one pass over the rows are those that are made a class at a time."""

import numpy as np
import pytest

from w2s_kernels import _dispatch
from w2s_stats.calibration import _cells, expected_calibration_error, marginal_calibration_error
from w2s_stats.calibration._cells import bin_of, binned_cells, cells_of
from w2s_stats.calibration._forecast import Margin


def draw(rng, n, k):
    """Probabilities, labels as columns, and the same labels as classes where there is a choice."""
    proba = rng.dirichlet(np.full(k, 0.5), size=n)
    if rng.random() < 0.5:
        proba = np.round(proba, 2)  # ties, and numbers on the edges
    proba = proba.astype(rng.choice([np.float32, np.float64]))
    if rng.random() < 0.5:
        proba = np.asfortranarray(proba)
    if rng.random() < 0.5:
        y = rng.dirichlet(np.ones(k), size=n)
        return proba, y, y
    classes = rng.integers(k, size=n)
    return proba, np.eye(k)[classes], classes


def numbers(cells):
    names = ("size", "gap", "label", "label_variance", "residual_variance", "share")
    return np.concatenate([getattr(own, name) for own in cells for name in names])


def test_one_pass_or_a_class_at_a_time():
    rng = np.random.default_rng(0)
    for case in range(1000):
        strategy = ("uniform", "quantile")[case % 2]
        n, k = int(rng.choice([1, 2, 20, 511, 513, 1200])), int(rng.integers(2, 6))
        proba, columns, labels = draw(rng, n, k)
        n_bins = int(rng.choice([1, 2, 15, 40, 300]))
        found = binned_cells(proba, labels, n_bins, strategy)
        assert len(found) == k
        margins = [Margin(columns[:, j], proba[:, j]) for j in range(k)]
        expected = [cells_of(own, bin_of(own.f, n_bins, strategy)) for own in margins]
        np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-7, atol=1e-13)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_forecasts_on_the_edges_are_in_one_bin_in_either_type(strategy):
    # 0.3 of float32 is more than 0.3 of float64.
    for n_bins in range(2, 41):
        f = np.arange(n_bins + 1) / n_bins
        found = bin_of(f.astype(np.float32), n_bins, strategy)
        np.testing.assert_array_equal(found, bin_of(f, n_bins, strategy))
        if strategy == "uniform":
            np.testing.assert_array_equal(found, np.maximum(np.arange(n_bins + 1) - 1, 0))
    rng = np.random.default_rng(2)
    f = rng.integers(11, size=60) / 10
    y = rng.random(60) < f
    for measure in (expected_calibration_error, marginal_calibration_error):
        for proba in (f, np.column_stack([1.0 - f, f])):
            expected = measure(y, proba, n_bins=10, strategy=strategy)
            narrow = measure(y, proba.astype(np.float32), n_bins=10, strategy=strategy)
            assert narrow == pytest.approx(expected, abs=1e-6)


def test_threads_and_pieces(monkeypatch):
    rng = np.random.default_rng(1)
    proba, y = rng.dirichlet(np.ones(4), size=5000), rng.integers(4, size=5000)
    expected = marginal_calibration_error(y, proba)
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 3)
    monkeypatch.setattr(_dispatch, "_pool", None)
    assert marginal_calibration_error(y, proba) == expected
    monkeypatch.setattr(_cells, "_PIECE", 400)
    assert marginal_calibration_error(y, proba) == pytest.approx(expected, rel=1e-12)
