"""Intervals for means of rows cover as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from w2s_stats._intervals import bootstrap_mean, wilson_rate
from w2s_stats.transfer._intervals import mean_interval

N_TRIALS = 600


def coverage(draw, truth, n_trials=N_TRIALS, **kwargs):
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(n_trials):
        values, weight = draw(random)
        found = mean_interval(values, weight, **kwargs)
        hits += found.lower <= truth <= found.upper
    return hits / n_trials


@pytest.mark.parametrize("confidence_level", [0.8, 0.95])
def test_t_of_squared_errors(confidence_level):
    found = coverage(
        lambda r: (r.normal(size=200) ** 2, None), 1.0, confidence_level=confidence_level
    )
    assert confidence_level - 0.04 <= found <= confidence_level + 0.03


def test_t_with_weights_that_follow_the_values():
    """A weighted mean estimates E[w v] / E[w]."""

    def draw(random):
        v = random.normal(size=300)
        return v, np.where(v > 0, 3.0, 1.0)

    half_normal = np.sqrt(2 / np.pi)
    truth = (3 * half_normal - half_normal) / 4
    assert 0.92 <= coverage(draw, truth) <= 0.975


def test_rates_and_resamples_are_those_of_the_intervals():
    random = np.random.default_rng(0)
    values, weight = random.normal(size=50) ** 2, random.uniform(0.5, 2.0, 50)
    wrong = (values > 1.0) * 1.0
    resampled = bootstrap_mean(values, weight, random_state=0)
    for found, expected in [
        (mean_interval(wrong, weight, rate=True), wilson_rate(wrong, weight)),
        (mean_interval(values, weight, method="bootstrap"), resampled),
    ]:
        assert (found.mean, found.lower, found.upper, found.method) == tuple(expected)
        assert found.n_rows == 50


def test_t_is_the_textbook_interval():
    values = np.random.default_rng(1).normal(size=23)
    found = mean_interval(values)
    expected = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))
    assert mean_interval(values, np.full(23, 7.0)).upper == pytest.approx(found.upper)


def test_rows_without_value_or_weight_do_not_count():
    values = np.array([1.0, 2.0, np.nan, 4.0, 100.0])
    found = mean_interval(values, np.array([1.0, 1.0, 1.0, 1.0, 0.0]))
    assert found == mean_interval(values[[0, 1, 3]])
    assert found.n_rows == 3


def test_what_was_held_impossible_is_not_left_out():
    found = mean_interval(np.array([-1.0, -2.0, -np.inf]))
    assert (found.mean, found.method, found.n_rows) == (-np.inf, "none", 3)
    assert np.isnan(found.lower) and np.isnan(found.upper)


@pytest.mark.parametrize("values", [[], [np.nan], [2.0]])
def test_too_few_rows_have_no_interval(values):
    found = mean_interval(np.array(values))
    assert np.isnan(found.lower) and np.isnan(found.upper) and found.method == "none"
    assert found.mean == 2.0 if values == [2.0] else np.isnan(found.mean)


def test_wilson_does_not_collapse():
    for value in (0.0, 1.0):
        found = mean_interval(np.full(10, value), rate=True)
        assert found.mean == value and found.upper - found.lower > 0.2
        assert 0.0 <= found.lower <= found.mean <= found.upper <= 1.0
