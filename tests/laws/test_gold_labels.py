"""Gold labels drawn by envelope width (theory 9.3): unbiased, and within the reach at every n."""

import numpy as np
import pytest
from scipy.stats import binom

from w2s_stats.bounds import GoldLabelPlan

N_CASES = 1300


def gains_of(weak, student, gain):
    """What the gain of each row is under each label that it may have."""
    if gain == "log_likelihood":
        return np.log(student / weak)
    classes = np.eye(weak.shape[1])
    return classes[student.argmax(axis=1)] - classes[weak.argmax(axis=1)]


def pools(kind, gain):
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
        gains = gains_of(weak, student, gain)
        y = gains.argmax(axis=1) if kind == "worst" else rng.integers(k, size=n)
        if kind == "worst":
            y = np.where(rng.random(n) < 0.5, y, gains.argmin(axis=1))
        yield weak, student, y, gains, rng


@pytest.mark.parametrize("gain", ["log_likelihood", "accuracy"])
@pytest.mark.parametrize("kind", ["any", "worst"])
def test_the_gain_is_within_reach(kind, gain):
    outside = open_pools = 0
    for case, (weak, student, y, gains, rng) in enumerate(pools(kind, gain)):
        true_gain = gains[np.arange(len(y)), y].mean()
        # In most pools fewer labels than rows that matter.
        n_open = np.count_nonzero(np.ptp(gains, axis=1))
        n_labels = max(1, n_open if case % 10 == 0 else int(rng.integers(max(n_open, 1))))
        plan = GoldLabelPlan(n_labels=n_labels, gain=gain, random_state=case)
        plan.fit(weak, student, y)
        low, high = plan.interval_
        assert plan.lower_ - 1e-9 <= true_gain <= plan.upper_ + 1e-9
        assert plan.lower_ - 1e-9 <= low <= plan.estimate_ <= high <= plan.upper_ + 1e-9
        if plan.method_ == "Hoeffding":
            open_pools += 1
            outside += not low - 1e-9 <= true_gain <= high + 1e-9
        else:
            assert plan.estimate_ == pytest.approx(true_gain, abs=1e-9)
    assert open_pools > 1000
    # The promise is 5 % at most in every pool; more outside than that is luck of one in a thousand.
    assert outside <= binom.ppf(0.999, open_pools, 0.05)


@pytest.mark.parametrize("gain", ["log_likelihood", "accuracy"])
def test_the_estimate_is_unbiased_and_its_terms_bounded(gain):
    for case, (weak, student, y, gains, _) in enumerate(pools("any", gain)):
        low, high = gains.min(axis=1), gains.max(axis=1)
        true_gain = gains[np.arange(len(y)), y].mean()
        # One label: the plan's estimate for each row it may draw, weighted by its probability.
        plan = GoldLabelPlan(n_labels=1, gain=gain, random_state=case).fit(weak, student, y)
        if plan.n_open_ <= 1:
            continue
        row = plan.rows_[0]
        width, middle = high - low, 0.5 * (low + high)
        seen = np.flatnonzero(width > 1e-12)
        term = (gains[seen, y[seen]] - middle[seen]) / width[seen]
        value = middle.mean() + width.mean() * term
        assert np.abs(term).max() <= 0.5 + 1e-9
        assert width[seen] / width.sum() @ value == pytest.approx(true_gain, abs=1e-9)
        assert plan.estimate_ == pytest.approx(value[list(seen).index(row)], abs=1e-9)
