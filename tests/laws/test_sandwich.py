"""The gain lies in its envelope, the envelope in the sharp limits, those in the printed ones."""

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.laws.model_pairs import as_rows, floored, mean_kl, pair, quantity, truth
from w2s_stats.bounds import KLSandwich
from w2s_stats.bounds._kl_sandwich import printed_constant, sharp_constant

CASES = 1000


def half_widths(bound):
    names = (
        "sharp, C mean sqrt KL: +-",
        "sharp, C sqrt mean KL: +-",
        "printed, C1 sqrt mean KL: +-",
    )
    return [quantity(bound, name) for name in names]


def test_tiers_are_ordered_hold_the_gain_and_the_envelope_is_attained():
    rng = np.random.default_rng(0)
    for case in range(CASES):
        weak, student = pair(rng)
        n, k = weak.shape
        gamma = None
        if case % 3:
            gamma = rng.choice([1e-12, 1e-3, 0.1, 0.5, 0.9]) * rng.uniform(0.5, 1) / k
            weak, student = floored(weak, gamma), floored(student, gamma)
            gamma *= 1 - 1e-12
        y = truth(rng, n, k)
        weight = None if case % 2 else rng.integers(1, 4, size=n)
        bound = KLSandwich(gamma=gamma, random_state=0).fit(weak, student, y, sample_weight=weight)

        first, second, printed = half_widths(bound)
        rounding = 1e-12 + 1e-9 * bound.upper_
        envelope = max(-bound.lower_, bound.upper_)
        assert bound.lower_ <= rounding and bound.upper_ >= -rounding
        assert envelope <= first * (1 + 1e-7) + 1e-13, (case, gamma)
        assert first <= second * (1 + 1e-12)
        other = quantity(bound, "sharp, C mean sqrt KL(student || weak): +-")
        assert envelope <= other * (1 + 1e-7) + 1e-13, (case, gamma)
        if bound.gamma_ <= 0.43542:
            assert second <= printed * (1 + 1e-12)

        assert bound.lower_ - rounding <= bound.estimate_ <= bound.upper_ + rounding
        assert bound.holds_
        F = as_rows(y, k)
        expected = mean_kl(F, weak, weight) - mean_kl(F, student, weight)
        scale = mean_kl(F, weak, weight) + mean_kl(F, student, weight)
        assert bound.estimate_ == pytest.approx(expected, rel=1e-9, abs=1e-13 * (1 + scale))

        # The truths that are certain of each row's best or worst class.
        ratio = np.log(student) - np.log(weak)
        for end, class_ in (
            (bound.lower_, ratio.argmin(axis=1)),
            (bound.upper_, ratio.argmax(axis=1)),
        ):
            F = np.eye(k)[class_]
            attained = mean_kl(F, weak, weight) - mean_kl(F, student, weight)
            assert attained == pytest.approx(end, rel=1e-9, abs=1e-12)


def test_sharp_constant_is_attained_in_the_limit():
    """Two classes, F_w at the floor and F_sw a little above it."""
    for gamma in (1e-3, 0.05, 0.2, 0.4, 0.45):
        ratios = []
        for step in (1e-2, 1e-4, 1e-6):
            bound = KLSandwich(gamma=gamma).fit([gamma], [gamma * (1 + step)], [1])
            root = np.sqrt(quantity(bound, "KL(weak || student)"))
            ratios.append(bound.estimate_ / (sharp_constant(gamma) * root))
        assert max(ratios) <= 1 + 1e-9
        assert abs(ratios[-1] - 1) < 1e-5
        assert abs(ratios[-1] - 1) < abs(ratios[0] - 1)


def test_printed_constant_is_false_above_043542():
    """Theory 3.1's example, for which [Y25] Theorem 1 as printed does not hold."""
    bound = KLSandwich().fit([[0.48, 0.52]], [[0.4801, 0.5199]], [[1.0, 0.0]])
    ratio = abs(bound.estimate_) / np.sqrt(quantity(bound, "KL(weak || student)"))
    assert ratio == pytest.approx(1.472, abs=1e-3)
    assert quantity(bound, "C1, printed constant") == pytest.approx(1.341, abs=1e-3)
    assert abs(bound.estimate_) > quantity(bound, "printed, C1 sqrt mean KL: +-")
    assert abs(bound.estimate_) <= quantity(bound, "sharp, C sqrt mean KL: +-")
    assert "violated" in [a.status for a in bound.assumptions_]


def test_constants_cross_at_043542():
    crossing = brentq(lambda g: sharp_constant(g) - printed_constant(g), 0.1, 0.49, xtol=1e-12)
    assert crossing == pytest.approx(0.43542, abs=5e-6)
    below, above = np.linspace(1e-6, crossing - 1e-9, 1000), np.linspace(crossing + 1e-9, 0.5, 100)
    assert all(sharp_constant(g) <= printed_constant(g) for g in below)
    assert all(sharp_constant(g) > printed_constant(g) for g in above)


@pytest.mark.parametrize("gamma", [0.0, None])
def test_without_a_floor_the_envelope_still_answers(gamma):
    bound = KLSandwich(gamma=gamma).fit([[0.0, 0.5, 0.5]], [[0.0, 0.25, 0.75]], [2])
    assert (bound.lower_, bound.upper_) == pytest.approx((-np.log(2), np.log(1.5)))
    assert half_widths(bound) == [np.inf] * 3
    assert bound.estimate_ == pytest.approx(np.log(1.5))
