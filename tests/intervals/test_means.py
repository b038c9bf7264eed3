"""Intervals of means: against SciPy, ppi-python and the formulas; coverage in simulations."""

import numpy as np
import pytest
from scipy import stats

from w2s_stats._intervals import (
    bootstrap_mean,
    empirical_bernstein_mean,
    normal_mean,
    power_tuning,
    prediction_powered_mean,
)

SIZES = (200, 1000, 5000)


@pytest.fixture
def values():
    return np.random.default_rng(0).gamma(2.0, size=300)


def test_normal_interval_of_symmetric_rows_is_that_of_scipy(values):
    rows = 2.0 + np.r_[values, -values]
    found = normal_mean(rows, confidence_level=0.9)
    ends = stats.norm.interval(0.9, loc=2.0, scale=stats.sem(rows))
    np.testing.assert_allclose(found[1:3], ends, rtol=1e-12)
    assert normal_mean(values).estimate == pytest.approx(values.mean(), rel=1e-14)


def test_the_longer_tail_ends_where_hall_s_transformation_is_a_normal_quantile(values):
    for weight in (None, np.random.default_rng(1).exponential(size=len(values))):
        found, w = normal_mean(values, weight), np.ones(len(values)) if weight is None else weight
        parts = w * (values - found.estimate) / w.sum()
        a = (parts**3).sum() / (parts**2).sum() ** 1.5
        error = np.sqrt(len(values) / (len(values) - 1) * (parts**2).sum())
        if weight is None:
            assert a == pytest.approx(stats.skew(values) / np.sqrt(len(values)), rel=1e-12)
            assert error == pytest.approx(stats.sem(values), rel=1e-12)
        t = (found.estimate - np.array(found[1:3])) / error
        assert a > 0 and t[0] == pytest.approx(1.959963985)  # the shorter tail's end is Wald's
        hall = t[1] + a * t[1] ** 2 / 3 + a**2 * t[1] ** 3 / 27 + a / 6
        assert t[1] < -2 and hall == pytest.approx(-1.959963985)
        mirrored = normal_mean(-values, weight)
        assert (-mirrored.high, -mirrored.low) == pytest.approx(found[1:3], rel=1e-12)


def test_corrected_ends_hold_the_estimate_at_every_level():
    rows = np.r_[np.zeros(99), 1.0]
    for level in (1e-4, 0.05, 0.5, 0.95, 1 - 1e-9):
        for values in (rows, -rows):
            for found in (
                normal_mean(values, confidence_level=level),
                bootstrap_mean(values, confidence_level=level, random_state=0),
            ):
                assert found.low <= found.estimate <= found.high


def test_weights_scale_and_zero_weights_are_no_rows(values):
    weight = np.random.default_rng(1).integers(0, 4, size=len(values)).astype(float)
    found, kept = normal_mean(values, weight), weight > 0
    np.testing.assert_allclose(found[:3], normal_mean(values, 7 * weight)[:3], rtol=1e-12)
    np.testing.assert_allclose(found[:3], normal_mean(values[kept], weight[kept])[:3], rtol=1e-12)
    assert found.estimate == pytest.approx(np.average(values, weights=weight))
    equal = normal_mean(values, np.full(len(values), 3.0))
    np.testing.assert_allclose(equal[:3], normal_mean(values)[:3], rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_bootstrap_is_studentised_and_repeats(values, weighted):
    rng, values = np.random.default_rng(1), values[:200] ** 3
    weight = rng.uniform(0.2, 2.0, size=len(values)) if weighted else np.ones(len(values))
    rows = rng.integers(len(values), size=(5000, len(values)))
    drawn, w = values[rows], weight[rows]
    mean = (w * drawn).sum(axis=1) / w.sum(axis=1)
    error = np.sqrt(((w * (drawn - mean[:, None])) ** 2).sum(axis=1)) / w.sum(axis=1)
    found = bootstrap_mean(values, weight, random_state=0, n_resamples=5000)
    m = np.average(values, weights=weight)
    s = np.sqrt(((weight * (values - m)) ** 2).sum()) / weight.sum()
    oracle = m - s * np.quantile((mean - m) / error, [0.975, 0.025])
    # The ends of the shorter tail and, beyond it, of the longer one: Wald's and the resamples'.
    assert found.low == pytest.approx(m - 1.96 * s, rel=0.01)
    assert oracle[1] > m + 2.5 * s and found.high == pytest.approx(oracle[1], abs=0.15 * s)
    assert found == bootstrap_mean(values, weight, random_state=0, n_resamples=5000)
    assert found != bootstrap_mean(values, weight, random_state=1, n_resamples=5000)


@pytest.mark.parametrize("values", [[3.0] * 40, [0.1] * 7, [0.0] * 199 + [1.0], [-1e-9, 1.0, 1e6]])
def test_bootstrap_lies_between_wald_and_hall(values):
    """Also where most resamples have rows of one value, and no standard error."""
    found, hall = bootstrap_mean(values, random_state=0), normal_mean(values)
    n, mean = len(values), np.mean(values)
    reach = 1.959964 * np.std(values) / np.sqrt(max(n - 1, 1))
    slack = 1e-6 * (1 + abs(mean))
    assert hall.low - slack <= found.low <= mean - reach + slack
    assert mean + reach - slack <= found.high <= hall.high + slack


def test_empirical_bernstein_is_the_formula(values):
    inside = np.clip(values, 0, 9)
    n, log = len(inside), np.log(4 / 0.1)
    reach = np.sqrt(2 * inside.var(ddof=1) * log / n) + 7 * 9 * log / (3 * (n - 1))
    found = empirical_bernstein_mean(inside, 0, 9, confidence_level=0.9)
    expected = inside.mean() - reach, inside.mean() + reach
    np.testing.assert_allclose(found[1:3], expected, rtol=1e-12)
    assert empirical_bernstein_mean([0.3], 0.0, 1.0)[1:3] == (0.0, 1.0)


@pytest.mark.parametrize("quality", [0.0, 0.3, 1.0, -1.0, 3.0])
@pytest.mark.parametrize(("n", "N"), [(5, 3), (50, 2000), (400, 100)])
def test_prediction_powered_is_that_of_ppi_python(quality, n, N):
    ppi = pytest.importorskip("ppi_py")
    rng = np.random.default_rng(n)
    y, noise = rng.normal(size=n + N), rng.normal(size=n + N)
    guess = quality * y + 0.5 * noise
    found = prediction_powered_mean(y[:n], guess[:n], guess[n:], confidence_level=0.9)
    ends = ppi.ppi_mean_ci(y[:n], guess[:n], guess[n:], alpha=0.1)
    # Of rows and their mirror images, whose skewness is 0, the ends; of others the estimate.
    mirrored = [np.r_[1 + part, 1 - part] for part in (y[:n], guess[:n], guess[n:])]
    symmetric = prediction_powered_mean(*mirrored, confidence_level=0.9)
    np.testing.assert_allclose(
        symmetric[1:3], np.ravel(ppi.ppi_mean_ci(*mirrored, alpha=0.1)), rtol=0, atol=1e-10
    )
    point = ppi.ppi_mean_pointestimate(y[:n], guess[:n], guess[n:])
    # Its two functions tune at different points; the interval's middle is what agrees always.
    assert found.estimate == pytest.approx(np.mean(ends), abs=1e-10)
    assert found.estimate == pytest.approx(np.ravel(point)[0], abs=1e-10)


def test_prediction_powered_tuning_minimises_the_variance():
    rng = np.random.default_rng(3)
    y = rng.normal(size=4000)
    guess = 0.8 * y + rng.normal(size=4000)
    n, far = 400, guess[400:]

    def variance(c):
        return c**2 * far.var() / len(far) + (y[:n] - c * guess[:n]).var() / n

    best = min(np.linspace(0, 1, 2001), key=variance)
    assert power_tuning(y[:n], guess[:n], far) == pytest.approx(best, abs=0.05)
    found = prediction_powered_mean(y[:n], guess[:n], far)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * variance(best) ** 0.5, rel=1e-3)


def test_constant_predictions_leave_the_labels_alone():
    y = np.random.default_rng(0).normal(size=30)
    found = prediction_powered_mean(y, np.ones(30), np.ones(100))
    assert found.estimate == pytest.approx(y.mean())


def coverage(interval, truth, n_simulations=1200):
    rng = np.random.default_rng(1)
    found = [interval(rng) for _ in range(n_simulations)]
    return np.mean([low <= truth <= high for _, low, high, _ in found])


@pytest.mark.parametrize("n", SIZES[:2])
def test_asymptotic_intervals_cover(n):
    def powered(rng):
        y = rng.random(n + 2 * n) < 0.3
        guess = np.where(rng.random(3 * n) < 0.8, y, 0.5)
        return prediction_powered_mean(y[:n], guess[:n], guess[n:])

    assert 0.93 <= coverage(lambda rng: normal_mean(rng.exponential(size=n)), 1.0) <= 0.97
    assert 0.93 <= coverage(powered, 0.3) <= 0.97


def squared_heavy(rng, n):
    return rng.standard_t(8, size=n) ** 2


def squared(rng, n):
    return rng.normal(size=n) ** 2


@pytest.mark.parametrize(("n", "draw", "truth"), [(200, squared, 1.0), (200, squared_heavy, 4 / 3)])
def test_means_of_skewed_rows_are_covered(n, draw, truth):
    """The plain normal interval misses chi-square rows at 200 by 1.5 % below and 4.7 % above."""
    rng, found = np.random.default_rng(4), {"normal": [], "powered": [], "bootstrap": []}
    for seed in range(1000):
        y = draw(rng, n)
        guess = np.r_[y + 0.3 * rng.normal(size=n), draw(rng, 2 * n) + 0.3 * rng.normal(size=2 * n)]
        found["normal"].append(normal_mean(y))
        found["powered"].append(prediction_powered_mean(y, guess[:n], guess[n:]))
        if seed % 2:
            found["bootstrap"].append(bootstrap_mean(y, n_resamples=400, random_state=seed))
    for name, intervals in found.items():
        low, high = np.array(intervals, dtype=object)[:, 1:3].astype(float).T
        # Three standard errors below .93.
        covered = np.mean((low <= truth) & (truth <= high))
        assert covered >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / len(intervals)), name
        if name != "bootstrap":  # the low end is the plain one
            plain = 2 * np.array([one.estimate for one in intervals]) - low
            assert np.mean(plain < truth) >= np.mean(high < truth) + 0.01, name


@pytest.mark.parametrize("draw", ["standard_normal", "random"])
def test_symmetric_rows_are_covered_as_before(draw):
    rng = np.random.default_rng(5)
    truth = {"standard_normal": 0.0, "random": 0.5}[draw]
    found = coverage(lambda _: normal_mean(getattr(rng, draw)(size=200)), truth, 4000)
    assert 0.94 <= found <= 0.96


@pytest.mark.parametrize("n", SIZES)
def test_empirical_bernstein_covers_at_every_n(n):
    def interval(rng):
        return empirical_bernstein_mean(rng.beta(0.5, 5.0, size=n), 0.0, 1.0)

    assert coverage(interval, 1 / 11, 1000) >= 0.95


def test_empirical_bernstein_covers_rare_events():
    for n in (2, 10, 50):
        assert (
            coverage(
                lambda rng, n=n: empirical_bernstein_mean(1.0 * (rng.random(n) < 0.02), 0, 1), 0.02
            )
            >= 0.95
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normal_mean([]), r"values must be one row of numbers; found shape \(0,\)"),
        (lambda: normal_mean([[1.0]]), "values must be one row of numbers; found shape"),
        (lambda: normal_mean([1.0, np.nan]), "values must be finite; found NaN in row 1"),
        (lambda: normal_mean([1.0], [1.0, 2.0]), "weight must have an entry for each of the 1"),
        (
            lambda: normal_mean([1.0, 2.0], [1.0, -2.0]),
            "weight must be finite, zero or positive; found -2.0 in row 1",
        ),
        (
            lambda: normal_mean([1.0, 2.0], [0.0, 0.0]),
            "weight must have a positive entry; found zeros only",
        ),
        (lambda: normal_mean([1.0], confidence_level=1.0), "confidence_level must"),
        (
            lambda: bootstrap_mean([1.0], n_resamples=0),
            "n_resamples must be an integer of at least 1; found 0",
        ),
        (lambda: empirical_bernstein_mean([2.0], 0, 1), r"values must lie in \[0, 1\]; found 2"),
        (lambda: prediction_powered_mean([1.0], [1.0, 2.0], [1.0]), "predicted_labelled must have"),
        (lambda: prediction_powered_mean([1.0], [1.0], []), "predicted_unlabelled must be one row"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_one_row_has_no_ends():
    assert normal_mean([2.0])[:3] == (2.0, -np.inf, np.inf)
    assert prediction_powered_mean([2.0], [1.0], [1.0, 3.0])[1:3] == (-np.inf, np.inf)


def test_one_row_has_no_bootstrap():
    assert bootstrap_mean([2.0], random_state=0) == (
        2.0,
        -np.inf,
        np.inf,
        "bootstrap, skew-widened",
    )
    weighted = bootstrap_mean([2.0, 5.0], [3.0, 0.0], random_state=0)
    assert weighted == (2.0, -np.inf, np.inf, "bootstrap, skew-widened")


def test_a_tuning_of_zero_trusts_no_prediction():
    y, f, g = np.random.default_rng(0).normal(size=(3, 40))
    found = prediction_powered_mean(y, y + f, g, tuning=0.0)
    assert found.estimate == pytest.approx(y.mean())
    mirrored = prediction_powered_mean(np.r_[y, -y], np.r_[f, -f], g, tuning=0.0)
    assert mirrored.high == pytest.approx(1.959964 * np.r_[y, -y].std() / np.sqrt(80))
