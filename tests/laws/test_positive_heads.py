"""Positive linear heads as distributions over the sample: convex, so no condition is needed."""

import numpy as np
import pytest

from w2s_stats._intervals import Interval
from w2s_stats.bounds import GainCertificate, PositiveHeads, _gain, project_positive_heads
from w2s_stats.divergences import GeneralizedKL, output_kl_divergence

CASES = 1000


def problem(rng):
    """Features with a column of ones, weak outputs, and outputs of a head: the truth."""
    n, d = rng.integers(3, 25), rng.integers(1, 4)
    h = np.column_stack([np.ones(n), rng.normal(size=(n, d))])
    weak = rng.gamma(rng.uniform(0.5, 5.0), size=n) + 1e-3
    theta = np.append(1.0, rng.normal(size=d))
    theta[0] += max(0.0, 1e-3 - (h @ theta).min())
    return h, weak, h @ theta


def test_gain_of_a_projection_is_at_least_its_misfit():
    """Reverse training, theory 5.3: the sum over the sample keeps the class convex."""
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        h, weak, truth = problem(rng)
        found = project_positive_heads(h, weak)
        gain = output_kl_divergence(truth, weak) - output_kl_divergence(truth, found.fitted)
        assert gain >= found.misfit - max(found.gap, 0) - 1e-9


@pytest.fixture(autouse=True)
def means_only(monkeypatch):
    """Intervals are no part of these laws, and much of their time."""

    def mean(values, weight, **options):
        return Interval(float(np.average(values, weights=weight)), np.nan, np.nan, "none")

    monkeypatch.setattr(_gain, "bootstrap_mean", mean)


class Recorded(PositiveHeads):
    """Remembers its extreme members."""

    def maximizer(self, direction, weight=None):
        found = super().maximizer(direction, weight)
        self.extremes = [*getattr(self, "extremes", []), found]
        return found


def test_certificate_of_any_student_is_attained_at_both_ends():
    """Theory 9.1: generalised KL of outputs with one sum is their KL, up to the number of rows."""
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        h, weak, truth = problem(rng)
        student = rng.gamma(2.0, size=len(weak)) + 1e-3
        weak, truth, student = (outputs / outputs.sum() for outputs in (weak, truth, student))
        heads = Recorded(h)
        bound = GainCertificate(heads, GeneralizedKL(), n_resamples=1).fit(weak, student, truth)
        gain = output_kl_divergence(truth, weak) - output_kl_divergence(truth, student)
        assert bound.estimate_ * len(weak) == pytest.approx(gain, abs=1e-9)
        assert bound.lower_ - 1e-9 <= bound.estimate_ <= bound.upper_ + 1e-9
        ahead = np.log(student / weak)
        # The gain is linear in the truth, and each end is a member's.
        members = np.array(heads.extremes)
        assert members.min() > -1e-9
        np.testing.assert_allclose(members.sum(axis=1), 1.0, rtol=1e-9)
        ends = np.array([bound.lower_, bound.upper_]) * len(weak)
        gains = members @ ahead
        np.testing.assert_allclose([gains.min(), gains.max()], ends, atol=1e-8)
