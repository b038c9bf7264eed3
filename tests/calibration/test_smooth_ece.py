"""SmoothECE against quadrature of its definition, and against its authors' package."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from w2s_stats.calibration import smooth_ece

TIMES = (np.arange(10_000) + 0.5) / 10_000


def by_quadrature(y, f):
    """The definition, with images of each row at -f, 2 - f, f +- 2, ... for the reflections."""

    def error(bandwidth):
        total = np.zeros_like(TIMES)
        for place, residual in zip(f, y - f, strict=True):
            images = np.concatenate([place + 2 * np.arange(-3, 4), -place + 2 * np.arange(-3, 4)])
            for image in images:
                total += residual * norm.pdf(TIMES, image, bandwidth)
        return np.abs(total).mean() / len(f)

    return brentq(lambda s: error(s) - s, 1e-3, 1.0, xtol=1e-7)


def draw(rng, n):
    f = rng.random(n) if rng.random() < 0.7 else rng.integers(0, 4, n) / 3
    return (rng.random(n) < np.clip(f + rng.normal() * 0.3, 0, 1)).astype(float), f


def test_quadrature():
    rng = np.random.default_rng(0)
    for _ in range(4):
        y, f = draw(rng, int(rng.integers(1, 12)))
        assert smooth_ece(y, f) == pytest.approx(by_quadrature(y, f), abs=1e-5)


def test_relplot():
    relplot = pytest.importorskip("relplot")
    rng = np.random.default_rng(1)
    for _ in range(8):
        y, f = draw(rng, 500)
        # It looks for the bandwidth on a mesh of 1/1024, and gives rows at 0 and 1 half their
        # weight (a point of its mesh, which it does not reflect).
        f = 0.05 + 0.9 * f
        assert smooth_ece(y, f) == pytest.approx(relplot.smECE(f, y), abs=1.1e-3)


def test_known_values():
    assert smooth_ece([1, 1], [0.3, 0.3]) == pytest.approx(0.7, abs=1e-9)
    assert smooth_ece([0, 1], [0.0, 1.0]) == 0.0
    assert smooth_ece([1, 1], [0.0, 0.0]) == pytest.approx(1.0, abs=1e-9)
    assert smooth_ece([0.3, 0.6], [0.3, 0.6]) == 0.0


def test_columns_are_judged_by_the_top_label():
    rng = np.random.default_rng(2)
    proba = rng.dirichlet(np.ones(3), size=100)
    y = rng.integers(0, 2, 100)
    found = smooth_ece(y, proba)
    assert found == smooth_ece(proba.argmax(axis=1) == y, proba.max(axis=1))
    assert smooth_ece(np.eye(3)[y], proba) == found


def test_single_precision():
    rng = np.random.default_rng(3)
    y, f = draw(rng, 300)
    assert smooth_ece(y, f.astype(np.float32)) == pytest.approx(smooth_ece(y, f), abs=1e-6)
