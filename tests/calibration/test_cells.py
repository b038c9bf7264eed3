"""Cells made in one pass over the rows are those that are made a class at a time."""

import numpy as np
import pytest

from w2s_kernels import _dispatch
from w2s_stats.calibration import _cells, marginal_calibration_error
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


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_one_pass_or_a_class_at_a_time(strategy):
    rng = np.random.default_rng(0)
    for _ in range(1000):
        n, k = int(rng.choice([1, 2, 20, 511, 513, 1200])), int(rng.integers(2, 6))
        proba, columns, labels = draw(rng, n, k)
        n_bins = int(rng.choice([1, 2, 15, 40, 300]))
        found = binned_cells(proba, labels, n_bins, strategy)
        assert len(found) == k
        for j, own in enumerate(found):
            margin = Margin(columns[:, j], proba[:, j].astype(np.float64))
            expected = cells_of(margin, bin_of(margin.f, n_bins, strategy))
            np.testing.assert_array_equal(own.size, expected.size)
            for name in ("gap", "label", "label_variance", "residual_variance", "share"):
                np.testing.assert_allclose(getattr(own, name), getattr(expected, name), atol=1e-13)


def test_threads_and_pieces(monkeypatch):
    rng = np.random.default_rng(1)
    proba, y = rng.dirichlet(np.ones(4), size=5000), rng.integers(4, size=5000)
    expected = marginal_calibration_error(y, proba)
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 3)
    monkeypatch.setattr(_dispatch, "_pool", None)
    assert marginal_calibration_error(y, proba) == expected
    monkeypatch.setattr(_cells, "_PIECE", 400)
    assert marginal_calibration_error(y, proba) == pytest.approx(expected, rel=1e-12)
