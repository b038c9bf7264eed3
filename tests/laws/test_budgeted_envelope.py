"""Every truth within the budget has its gain between the ends, and a tilted one is at each end."""

import numpy as np
import pytest

from tests.laws.model_pairs import mean_kl, pair, probability_rows, quantity
from w2s_stats.bounds import BudgetedEnvelope

CASES = 1000


def gain(F, weak, student):
    return mean_kl(F, weak) - mean_kl(F, student)


def within(F, weak, budget):
    """F, drawn to the weak model until it costs no more than the budget."""
    share = 1.0
    while mean_kl(F, weak) > budget:
        share *= 0.7
        F = share * F + (1 - share) * weak
    return F


def tilted(weak, student, multiplier, sign):
    with np.errstate(divide="ignore", invalid="ignore"):
        score = sign * (np.log(student) - np.log(weak))
        score[weak == 0] = -np.inf
        score -= score.max(axis=1, keepdims=True)
        F = weak * (np.exp(score / multiplier) if multiplier > 0 else score == 0)
    return F / F.sum(axis=1, keepdims=True)


def test_gains_within_the_budget_and_the_tilted_truths_at_both_ends():
    rng = np.random.default_rng(0)
    slack = 0
    for _ in range(CASES):
        weak, student = pair(rng)
        budget = 10.0 ** rng.uniform(-5, 1)
        bound = BudgetedEnvelope(budget=budget).fit(weak, student)
        rounding = 1e-9 * (1 + abs(bound.lower_) + bound.upper_)
        assert quantity(bound, "envelope, low end") <= bound.lower_ + rounding
        assert bound.upper_ <= quantity(bound, "envelope, high end") + rounding
        truths = [within(probability_rows(rng, *weak.shape), weak, budget) for _ in range(2)]
        for F in [weak, within(student, weak, budget), *truths]:
            assert bound.lower_ - rounding <= gain(F, weak, student) <= bound.upper_ + rounding
        if np.array_equal(weak, student):
            assert bound.lower_ == bound.upper_ == 0
            continue
        ends = zip((bound.lower_, bound.upper_), bound.multipliers_, (-1, 1), strict=True)
        for end, multiplier, sign in ends:
            F = tilted(weak, student, multiplier, sign)
            assert gain(F, weak, student) == pytest.approx(end, rel=1e-6, abs=1e-9)
            if multiplier > 0:
                assert mean_kl(F, weak) == pytest.approx(budget, rel=1e-5, abs=1e-11)
            else:
                slack += 1
                assert mean_kl(F, weak) <= budget * (1 + 1e-9)
    # Budgets that bind and budgets that do not are both among the cases.
    assert 100 < slack < 2 * CASES - 100


def test_a_budget_of_nothing_and_one_without_limit():
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        weak, student = pair(rng)
        nothing = BudgetedEnvelope(budget=0.0).fit(weak, student)
        divergence = mean_kl(weak, student)
        assert nothing.lower_ == pytest.approx(-divergence, rel=1e-9, abs=1e-13)
        assert nothing.upper_ == pytest.approx(-divergence, rel=1e-9, abs=1e-13)
        everything = BudgetedEnvelope(budget=1e3).fit(weak, student)
        for side, end in ("low", everything.lower_), ("high", everything.upper_):
            assert end == pytest.approx(quantity(everything, f"envelope, {side} end"), abs=1e-12)
