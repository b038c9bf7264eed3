"""Gold labels drawn by envelope width (theory 9.3): unbiased, and within the reach at every n."""

import numpy as np
import pytest
from scipy.stats import binom

from w2s_stats.bounds import GoldLabelPlan

N_CASES = 1300


def pools(kind):
    """Weak and student rows of random sizes, and labels: likely ones, or the worst there are."""
    rng = np.random.default_rng(7)
    for case in range(N_CASES):
        n, k = rng.integers(2, 120), rng.integers(2, 6)
        sharpness = 10.0 ** rng.uniform(-1, 2)
        weak, student = np.maximum(rng.dirichlet(np.full(k, sharpness), size=(2, n)), 1e-6)
        weak /= weak.sum(axis=1, keepdims=True)
        student /= student.sum(axis=1, keepdims=True)
        if case % 5 == 0:
            student[: n // 2] = weak[: n // 2]  # rows that nobody need label
        ratio = np.log(student / weak)
        y = ratio.argmax(axis=1) if kind == "worst" else rng.integers(k, size=n)
        if kind == "worst":
            y = np.where(rng.random(n) < 0.5, y, ratio.argmin(axis=1))
        yield weak, student, y, ratio[np.arange(n), y].mean(), rng


@pytest.mark.parametrize("kind", ["any", "worst"])
def test_the_gain_is_within_reach(kind):
    outside = open_pools = 0
    for case, (weak, student, y, gain, rng) in enumerate(pools(kind)):
        plan = GoldLabelPlan(n_labels=int(rng.integers(1, len(y))), random_state=case)
        plan.fit(weak, student, y)
        low, high = plan.interval_
        assert plan.lower_ - 1e-9 <= gain <= plan.upper_ + 1e-9
        assert plan.lower_ - 1e-9 <= low <= plan.estimate_ <= high <= plan.upper_ + 1e-9
        if plan.method_ == "Hoeffding":
            open_pools += 1
            outside += not low - 1e-9 <= gain <= high + 1e-9
        else:
            assert plan.estimate_ == pytest.approx(gain, abs=1e-9)
    assert open_pools > 1000
    # The promise is 5 % at most in every pool; more outside than that is luck of one in a thousand.
    assert outside <= binom.ppf(0.999, open_pools, 0.05)


def test_the_estimate_is_unbiased_and_its_terms_bounded():
    for case, (weak, student, y, gain, _) in enumerate(pools("any")):
        ratio = np.log(student / weak)
        low, high = ratio.min(axis=1), ratio.max(axis=1)
        # One label: the plan's estimate for each row it may draw, weighted by its probability.
        plan = GoldLabelPlan(n_labels=1, random_state=case).fit(weak, student, y)
        if plan.n_open_ <= 1:
            continue
        row = plan.rows_[0]
        width, middle = high - low, 0.5 * (low + high)
        seen = np.flatnonzero(width > 1e-12)
        term = (ratio[seen, y[seen]] - middle[seen]) / width[seen]
        value = middle.mean() + width.mean() * term
        assert np.abs(term).max() <= 0.5 + 1e-9
        assert width[seen] / width.sum() @ value == pytest.approx(gain, abs=1e-9)
        assert plan.estimate_ == pytest.approx(value[list(seen).index(row)], abs=1e-9)
