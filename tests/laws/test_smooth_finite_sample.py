"""Theory 9.5: a sample's smooth calibration error is near the population's, at every n.

Populations are small enough for every sample of n rows to be counted: means and tails are exact.
"""

from itertools import combinations_with_replacement
from math import factorial

import numpy as np

from w2s_stats.calibration import calibration_interval, smooth_calibration_error
from w2s_stats.calibration._forecast import Margin
from w2s_stats.calibration._smooth import SortedResiduals

CASES = 1000
RISKS = (0.5, 0.2, 0.05, 0.01)


def samples(probability, n):
    """Every sample of n outcomes, in any order, and its probability."""
    chosen = np.array(list(combinations_with_replacement(range(len(probability)), n)))
    counts = np.array([np.bincount(s, minlength=len(probability)) for s in chosen])
    orders = [factorial(n) / np.prod([factorial(c) for c in count]) for count in counts]
    return chosen, np.array(orders) * np.prod(probability[chosen], axis=1)


def binary(rng):
    """Equally likely rows, forecasts with ties and ends, and their outcomes."""
    m = int(rng.integers(1, 4))
    f = rng.random(m) if rng.random() < 0.6 else rng.integers(0, 3, m) / 2
    p = f.copy() if rng.random() < 0.3 else rng.random(m) ** rng.choice([0.2, 1.0, 5.0])
    y = np.repeat([0.0, 1.0], m)
    return smooth_calibration_error(p, f), np.tile(f, 2), y, np.concatenate([1 - p, p]) / m


def of_classes(rng):
    m, k = int(rng.integers(1, 3)), int(rng.integers(3, 5))
    f = rng.dirichlet(np.full(k, rng.choice([0.2, 1.0, 5.0])), size=m)
    p = f if rng.random() < 0.3 else rng.dirichlet(np.ones(k), size=m)
    return (
        smooth_calibration_error(p, f),
        np.tile(f, (k, 1)),
        np.repeat(range(k), m),
        p.T.ravel() / m,
    )


def distances(population, f, y, probability, n, error=smooth_calibration_error):
    chosen, share = samples(probability, n)
    found = np.array([error(y[s], f[s]) for s in chosen])
    assert abs(share.sum() - 1) < 1e-12
    return np.abs(found - population), share


def test_binary():
    rng, used = np.random.default_rng(0), []
    for _ in range(CASES):
        population, f, y, probability = binary(rng)
        n = int(rng.integers(1, 5))
        apart, share = distances(population, f, y, probability, n)
        mean = 2 * np.sqrt(probability @ (y - f) ** 2 / n)
        assert share @ apart <= mean + 1e-12
        for risk in RISKS:
            reach = mean + np.sqrt(2 * np.log(1 / risk) / n)
            assert share @ (apart > reach + 1e-12) <= risk
        used.append(share @ apart / mean if mean > 0 else 0.0)
    assert np.max(used) > 0.3


def steep_error(y, f):
    """Of weights with Lipschitz constant 2, as a vector's of two classes are (theory 4.3)."""
    return SortedResiduals(Margin(y, f)).supremum(slope=2.0)


def test_weights_of_another_constant():
    rng, used = np.random.default_rng(4), []
    for _ in range(CASES):
        _, f, y, probability = binary(rng)
        n, half = int(rng.integers(1, 4)), len(f) // 2
        chance = probability[half:] / (probability[:half] + probability[half:])
        population = steep_error(chance, f[:half])
        apart, share = distances(population, f, y, probability, n, steep_error)
        mean = 3 * np.sqrt(probability @ (y - f) ** 2 / n)
        assert share @ apart <= mean + 1e-12
        for risk in RISKS:
            assert share @ (apart > mean + np.sqrt(2 * np.log(1 / risk) / n) + 1e-12) <= risk
        used.append(share @ apart / mean if mean > 0 else 0.0)
    assert np.max(used) > 0.25


def test_sum_over_classes():
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        population, f, y, probability = of_classes(rng)
        n, k = int(rng.integers(1, 4 if len(y) < 6 else 3)), f.shape[1]
        apart, share = distances(population, f, y, probability, n)
        square = probability @ ((np.eye(k)[y] - f) ** 2).sum(axis=1)
        mean = 2 * np.sqrt(k * square / n)
        assert mean <= 2 * np.sqrt(2 * k / n) + 1e-12
        assert share @ apart <= mean + 1e-12
        for risk in RISKS:
            reach = mean + np.sqrt(8 * np.log(1 / risk) / n)
            assert share @ (apart > reach + 1e-12) <= risk


def test_one_row_moves_the_error_by_little():
    """What the deviation rests on: 2/n for two classes, and twice that for a sum over more."""
    rng, largest = np.random.default_rng(2), 0.0
    for case in range(CASES):
        n, k = int(rng.integers(1, 15)), int(rng.integers(3, 6))
        if case % 2:
            f, y, most = rng.random(n), rng.integers(0, 2, n), 2 / n
            g, z = rng.integers(0, 2) / 1.0, rng.integers(0, 2)
        else:
            f, y, most = rng.dirichlet(np.full(k, 0.3), size=n), rng.integers(0, k, n), 4 / n
            g, z = rng.dirichlet(np.full(k, 0.3)), rng.integers(0, k)
        before, row = smooth_calibration_error(y, f), rng.integers(n)
        f[row], y[row] = g, z
        moved = abs(smooth_calibration_error(y, f) - before)
        assert moved <= most + 1e-12
        largest = max(largest, moved / most)
    assert largest > 0.45


def test_the_interval_of_larger_samples_holds_the_population():
    rng, outside = np.random.default_rng(3), 0
    for _ in range(CASES):
        population, f, y, probability = binary(rng)
        drawn = rng.choice(len(y), size=int(rng.integers(5, 300)), p=probability)
        found = calibration_interval(y[drawn], f[drawn], measure="smooth", confidence_level=0.5)
        outside += not found.low <= population <= found.high
    assert outside == 0  # at a level of one half: the bounds are 3 to 6 times too wide
