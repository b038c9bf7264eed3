"""Intervals of rates, with weights, with few gold labels, and of rare events."""

import numpy as np
import pytest
from scipy import stats

from w2s_stats._intervals import (
    clopper_pearson_rate,
    prediction_powered_mean,
    prediction_powered_rate,
    rate_of_known,
    score_mean,
    wilson_rate,
)

N_TRIALS = 1500
# Three standard errors of a simulated coverage of 93 %.
LEAST = 0.93 - 3 * np.sqrt(0.93 * 0.07 / N_TRIALS)


def coverage(interval, truth, seed=0, n_trials=N_TRIALS):
    rng = np.random.default_rng(seed)
    found = [interval(rng) for _ in range(n_trials)]
    assert all(0 <= f.low <= f.estimate <= f.high for f in found)
    return np.mean([f.low <= truth <= f.high for f in found])


def exact_coverage(interval, n, rate):
    """Of a rate by summing over all numbers of events, without a simulation."""
    ends = [interval(np.arange(n) < k) for k in range(n + 1)]
    inside = [e.low <= rate <= e.high for e in ends]
    return float(stats.binom.pmf(np.arange(n + 1), n, rate) @ inside)


def test_wilson_is_that_of_scipy():
    for k, n in [(0, 10), (4, 10), (10, 10), (250, 1000)]:
        oracle = stats.binomtest(k, n).proportion_ci(0.9, method="wilson")
        found = wilson_rate(np.arange(n) < k, confidence_level=0.9)
        np.testing.assert_allclose(found[:3], (k / n, *oracle), atol=1e-12)
    assert np.isnan(wilson_rate(np.zeros(0)).low)


def test_few_events_take_the_exact_one_sided_end():
    for k in (1, 2, 3):
        found = wilson_rate(np.arange(200) < k, confidence_level=0.9)
        exact = stats.binomtest(k, 200, alternative="greater").proportion_ci(0.9)
        wilson = stats.binomtest(k, 200).proportion_ci(0.9, method="wilson")
        assert (found.low, found.high) == pytest.approx((exact.low, wilson.high), abs=1e-12)
        assert found.method == "modified Wilson"
        mirrored = wilson_rate(np.arange(200) >= k, confidence_level=0.9)
        assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx(found[1:3], abs=1e-12)


@pytest.mark.parametrize("n", [100, 200, 1000])
def test_wilson_covers_rare_and_ordinary_rates(n):
    for rate in (0.2 / n, 0.005, 0.01, 0.03, 0.1, 0.5):
        found = exact_coverage(wilson_rate, n, rate)
        assert found >= 0.93
        assert found <= 0.965 or n * rate < 5


def test_clopper_pearson_is_that_of_scipy_and_covers_always():
    for k, n in [(0, 10), (3, 10), (10, 10), (250, 1000)]:
        oracle = stats.binomtest(k, n).proportion_ci(0.9, method="exact")
        found = clopper_pearson_rate(np.arange(n) < k, confidence_level=0.9)
        np.testing.assert_allclose(found[:3], (k / n, *oracle), atol=1e-12)
    for n in (1, 7, 60):
        for rate in np.random.default_rng(n).random(20) ** 3:
            assert exact_coverage(clopper_pearson_rate, n, rate) >= 0.95


def test_score_interval_of_0_and_1_is_that_of_wilson():
    for k in (0, 1, 3, 40, 99, 100):
        events = np.arange(100) < k
        one, weighted = wilson_rate(events), wilson_rate(events, np.full(100, 0.3))
        for found in (score_mean(events), weighted):
            np.testing.assert_allclose(found[:3], one[:3], atol=1e-9)
        doubled = score_mean(2.0 * events, largest=2.0)
        np.testing.assert_allclose(doubled[:3], 2 * np.array(one[:3]), atol=1e-9)


def test_weights_that_do_not_follow_events_leave_kish_s_number_of_rows():
    rng = np.random.default_rng(0)
    events, weight = rng.random(20_000) < 0.3, rng.exponential(size=20_000)
    found = wilson_rate(events, weight)
    n = weight.sum() ** 2 / (weight @ weight)
    reach = 1.96 * np.sqrt(found.estimate * (1 - found.estimate) / n)
    assert found.high - found.low == pytest.approx(2 * reach, rel=0.02)


@pytest.mark.parametrize("rate", [0.03, 0.1])
def test_weights_that_follow_the_rate_are_covered(rate):
    def interval(rng):
        weight = np.where(rng.random(500) < 0.5, 3.0, 1.0)
        return wilson_rate(rng.random(500) < np.where(weight > 2, 1.3, 0.1) * rate, weight)

    assert coverage(interval, rate) >= LEAST


@pytest.mark.parametrize("n", [100, 200, 1000])
@pytest.mark.parametrize("rate", [0.005, 0.03, 0.5])
@pytest.mark.parametrize("missed", [0.0, 0.3, 1.0])
def test_powered_rates_cover(n, rate, missed):
    """The guess misses a part of the errors and raises some false alarms."""
    alarms = {0.0: 0.02 * rate, 0.3: 0.5 * rate, 1.0: 0.1}[missed]

    def interval(rng):
        y = rng.random(6 * n) < rate
        guess = np.where(y, rng.random(6 * n) >= missed, rng.random(6 * n) < alarms)
        return prediction_powered_rate(y[:n], guess[:n], guess[n:])

    found = coverage(interval, rate, n_trials=400)
    assert found >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / 400)
    if n * rate > 50 and missed > 0:
        assert found <= 0.95 + 3 * np.sqrt(0.95 * 0.05 / 400)


def test_powered_rates_are_powered_means_where_events_are_many():
    rng = np.random.default_rng(1)
    y = rng.random(60_000) < 0.3
    guess = np.where(rng.random(60_000) < 0.9, y, 1 - y)
    arguments = y[:5000], guess[:5000], guess[5000:]
    one, two = prediction_powered_rate(*arguments), prediction_powered_mean(*arguments)
    np.testing.assert_allclose(one[:3], two[:3], atol=2e-4)
    alone = wilson_rate(y[:5000])
    assert one.high - one.low < 0.75 * (alone.high - alone.low)


def test_useless_guesses_leave_the_known_rows():
    y, guess = np.arange(200) < 3, np.zeros(5000)
    found = prediction_powered_rate(y, guess[:200], guess)
    np.testing.assert_allclose(found[:3], wilson_rate(y)[:3], atol=1e-9)


def test_known_rows_alone_are_wilson_and_counts_a_score_interval():
    known, y = np.ones(50, dtype=bool), np.arange(50) % 7 == 0
    assert rate_of_known(y, y, known) == wilson_rate(y)
    assert rate_of_known(y, y, known, largest=2.0) == score_mean(y, largest=2.0)


def test_weights_are_rows_and_zero_weights_are_none():
    rng = np.random.default_rng(2)
    y, guess = rng.random(3000) < 0.1, rng.random(3000) < 0.2
    u, v = rng.integers(0, 3, 300), rng.integers(0, 3, 2700)
    options = {"labelled_weight": u, "unlabelled_weight": v}
    for interval in (prediction_powered_mean, prediction_powered_rate):
        one = interval(y[:300], guess[:300], guess[300:], **options)
        a, b = u > 0, v > 0
        kept = {"labelled_weight": u[a], "unlabelled_weight": v[b]}
        two = interval(y[:300][a], guess[:300][a], guess[300:][b], **kept)
        assert one == two
        scaled = interval(
            y[:300], guess[:300], guess[300:], labelled_weight=5 * u, unlabelled_weight=5 * v
        )
        np.testing.assert_allclose(one[:3], scaled[:3], rtol=1e-9)
        repeated = interval(
            np.repeat(y[:300], u), np.repeat(guess[:300], u), np.repeat(guess[300:], v), tuning=0.5
        )
        half = interval(y[:300], guess[:300], guess[300:], tuning=0.5, **options)
        assert half.estimate == pytest.approx(repeated.estimate, rel=1e-12)
        assert half.high - half.low > repeated.high - repeated.low


def test_weighted_powered_means_cover():
    def interval(rng):
        weight = np.where(rng.random(2400) < 0.5, 3.0, 1.0)
        y = rng.exponential(size=2400) * weight
        guess = y + rng.normal(size=2400)
        return prediction_powered_mean(
            y[:400],
            guess[:400],
            guess[400:],
            labelled_weight=weight[:400],
            unlabelled_weight=weight[400:],
        )

    assert 0.93 <= coverage_of_means(interval, (3 * 3 + 1) / 4) <= 0.97


def coverage_of_means(interval, truth):
    rng = np.random.default_rng(3)
    found = [interval(rng) for _ in range(N_TRIALS)]
    return np.mean([f.low <= truth <= f.high for f in found])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson_rate([np.nan]), "events must be finite; found NaN in row 0"),
        (lambda: wilson_rate([1.0], [0.0]), "weight must have a positive entry; found zeros only"),
        (lambda: wilson_rate([1.0], confidence_level=2), "confidence_level must .* found 2"),
        (
            lambda: prediction_powered_rate([1.0], [1.0, 2.0], [1.0]),
            "predicted_labelled must have an entry for each of the 1 labelled values; found 2",
        ),
        (
            lambda: prediction_powered_rate([1, 0], [1, 0], [0], unlabelled_weight=[-1]),
            "weight must be finite, zero or positive; found -1.0 in row 0",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_rows_have_no_rate():
    assert np.isnan(wilson_rate(np.zeros(0))[:3]).all()
    assert wilson_rate(np.zeros(0)).method == "none"
