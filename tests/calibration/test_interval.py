"""Intervals cover the error that they name, for calibrated forecasts and for others."""

import tracemalloc

import numpy as np
import pytest
from scipy.stats import binom, norm

from w2s_stats.calibration import (
    _binned_interval,
    calibration_interval,
    expected_calibration_error,
    marginal_calibration_error,
    smooth_calibration_error,
)
from w2s_stats.calibration._binned_interval import least_quantile


def binary(bend):
    def draw(rng, n):
        f = rng.random(n)
        return f, (rng.random(n) < bend(f)).astype(float), bend(f)

    return draw


def three_classes(power):
    def draw(rng, n):
        f = rng.dirichlet(np.ones(3), size=n)
        p = f**power / (f**power).sum(axis=1, keepdims=True)
        return f, (rng.random((n, 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1), p

    return draw


FORECASTS = {
    "calibrated": binary(lambda f: f),
    "far off": binary(lambda f: f**2),
    "three calibrated": three_classes(1.0),
    "three off": three_classes(0.7),
}
ERRORS = {
    "expected": expected_calibration_error,
    "marginal": marginal_calibration_error,
    "smooth": lambda y, f, **_: smooth_calibration_error(y, f),
}


def coverage(name, n, runs, measure, **options):
    """How often the interval holds the error of 200,000 rows with probabilities as labels."""
    rng = np.random.default_rng(n)
    f, _, p = FORECASTS[name](rng, 200_000)
    truth = ERRORS[measure](p, f, norm=options.get("norm", "l2"))
    found = []
    for run in range(runs):
        f, y, _ = FORECASTS[name](rng, n)
        found.append(calibration_interval(y, f, measure=measure, random_state=run, **options))
    assert all(i.low <= i.estimate <= i.high for i in found)
    return np.mean([i.low - 1e-9 <= truth <= i.high for i in found])


# Of two classes, the marginal error and its interval are the expected one's times a number.
CASES = [(name, "expected") for name in FORECASTS]
CASES += [(name, "marginal") for name in FORECASTS if name.startswith("three")]


@pytest.mark.parametrize(("name", "measure"), CASES)
def test_l2(name, measure):
    # 95 % of 300, give or take three standard errors.
    assert 0.912 <= coverage(name, 400, 300, measure) <= 0.988


@pytest.mark.parametrize(("name", "measure"), CASES)
def test_l1_covers_at_least(name, measure):
    assert coverage(name, 400, 150, measure, norm="l1") >= 0.92


@pytest.mark.parametrize("name", FORECASTS)
def test_smooth_in_finite_samples(name):
    assert coverage(name, 100, 100, "smooth") >= 0.97


@pytest.mark.parametrize("name", ["calibrated", "far off"])
def test_smooth_by_bootstrap(name):
    assert coverage(name, 300, 80, "smooth", method="bootstrap", n_resamples=80) >= 0.88


def test_finite_sample_reach_is_that_of_the_theory():
    rng = np.random.default_rng(0)
    f, y, _ = FORECASTS["calibrated"](rng, 4000)
    found = calibration_interval(y, f, measure="smooth")
    largest = 2 / np.sqrt(4000) + np.sqrt(2 * np.log(1 / (0.9 * 0.05)) / 4000)
    known = 2 * np.sqrt(np.mean((y - f) ** 2) / 4000) + np.sqrt(2 * np.log(1 / 0.05) / 4000)
    assert known < found.high - found.estimate < largest
    proba = np.column_stack([1 - f, f])
    twice = calibration_interval(y, proba, measure="smooth")
    assert twice[:3] == pytest.approx([2 * value for value in found[:3]])


def test_three_classes_by_theory():
    f, y, _ = FORECASTS["three off"](np.random.default_rng(1), 10_000)
    found = calibration_interval(y, f, measure="smooth")
    log = np.log(1 / (0.9 * 0.05))
    assert found.high - found.estimate <= 2 * np.sqrt(6 / 1e4) + np.sqrt(8 * log / 1e4)


def test_bootstrap_is_shorter_and_repeats():
    f, y, _ = FORECASTS["far off"](np.random.default_rng(2), 1000)
    options = {"measure": "smooth", "method": "bootstrap", "n_resamples": 100}
    one, two = (calibration_interval(y, f, random_state=7, **options) for _ in range(2))
    assert one == two
    assert one.method == "bootstrap, asymptotic, conservative"
    exact = calibration_interval(y, f, measure="smooth")
    assert one.high - one.low < 0.5 * (exact.high - exact.low)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("name", FORECASTS)
def test_estimate_is_the_public_one(norm, name):
    f, y, _ = FORECASTS[name](np.random.default_rng(3), 2000)
    for measure in ("expected", "marginal"):
        found = calibration_interval(y, f, measure=measure, norm=norm)
        plain = ERRORS[measure](y, f, norm=norm, debias="residuals")
        assert found.estimate == pytest.approx(min(max(plain, found.low), found.high), abs=1e-12)


def test_ends_miss_in_different_worlds():
    # Of one cell with noise |e| the sum of both misses is exact; of much noise one end misses.
    one, two = norm.ppf([0.95, 0.975])
    for noise, noise_sd in ((0.8, 0.6), (1.5, 0.3), (3.0, 0.0)):
        q = least_quantile(noise, noise_sd, 1.0, 0.95)
        assert one < q < two
        assert norm.sf(q) + norm.sf(noise + q * noise_sd) == pytest.approx(0.05, abs=1e-9)
    assert least_quantile(0.1, 0.0, 1.0, 0.95) == pytest.approx(two)
    assert least_quantile(1.0, 0.0, 0.0, 0.95) == pytest.approx(one)


def test_higher_level_is_wider_and_more_rows_are_shorter():
    rng = np.random.default_rng(4)
    f, y, _ = FORECASTS["far off"](rng, 8000)
    for options in ({"norm": "l1"}, {"norm": "l2"}, {"measure": "smooth"}):

        def width(rows, level, options=options):
            found = calibration_interval(y[:rows], f[:rows], confidence_level=level, **options)
            return found.high - found.low

        assert width(8000, 0.8) < width(8000, 0.95) < width(8000, 0.99)
        assert width(8000, 0.95) < 0.5 * width(1000, 0.95)


def test_what_is_covered_is_named():
    f, y, _ = FORECASTS["three off"](np.random.default_rng(5), 300)
    found = calibration_interval(y, f, measure="expected", norm="l1", strategy="quantile", n_bins=4)
    assert found.error == "l1 error of the top label over 4 quantile bins"
    assert found.method == "asymptotic, conservative"
    assert calibration_interval(y, f).error == "l2 error of 3 classes over 15 uniform bins"
    assert calibration_interval(y, f, measure="smooth").error == "smooth error of 3 classes"


@pytest.mark.parametrize("options", [{"norm": "l2"}, {"norm": "l1"}, {"measure": "smooth"}])
def test_finite_data_never_show_a_perfect_forecast(options):
    y = np.arange(50) % 2
    found = calibration_interval(y, y.astype(float), **options)
    assert found[:2] == (0.0, 0.0)
    assert found.high > 0.04


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("norm", "largest"), [("l1", 2.0), ("l2", np.sqrt(2.0))])
def test_few_rows_allow_for_no_more_than_is_possible(norm, largest, n_classes):
    proba = np.full((4, n_classes), 0.02 / (n_classes - 1))
    proba[:, 1] = 0.98
    options = {"norm": norm, "n_bins": 2}
    for y in ([0, 0, 0, 0], [0, 1, 0, 0]):
        marginal = calibration_interval(y, proba, **options)
        expected = calibration_interval(y, proba, measure="expected", **options)
        assert marginal.low <= marginal.estimate < marginal.high == largest
        assert expected.low <= expected.estimate < expected.high == 1.0


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize(("rate", "least"), [(0.01, 0.93), (0.03, 0.93), (0.1, 0.93), (0.5, 0.925)])
def test_rare_events_are_covered(rate, least, n, norm):
    # Of none, or few, the residuals show no noise, or too little. Summed over all numbers of them.
    for forecast in (0.0, 0.002, 0.05, rate):
        f, share = np.full(n, forecast), binom.pmf(np.arange(n + 1), n, rate)
        likely = np.flatnonzero(share > 1e-6)
        found = [
            calibration_interval(np.arange(n) < k, f, measure="expected", norm=norm) for k in likely
        ]
        x = abs(forecast - rate)
        inside = [i.low - 1e-12 <= x <= i.high + 1e-12 for i in found]
        assert share[likely] @ inside >= least


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("measure", ["expected", "marginal"])
def test_memory_is_less_than_a_copy_of_the_forecast(measure, norm):
    rng = np.random.default_rng(0)
    f = rng.dirichlet(np.ones(50), size=40_000)
    y = rng.integers(50, size=len(f))
    calibration_interval(y[:99], f[:99], measure=measure, norm=norm)
    tracemalloc.start()
    try:
        calibration_interval(y, f, measure=measure, norm=norm)
        assert tracemalloc.get_traced_memory()[1] < f.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rows_in_a_block", [1, 7, 40])
def test_blocks_change_nothing(monkeypatch, rows_in_a_block):
    f, y, _ = FORECASTS["three off"](np.random.default_rng(6), 200)
    whole = calibration_interval(y, f)
    monkeypatch.setattr(_binned_interval, "_BLOCK", 3 * rows_in_a_block)
    assert calibration_interval(y, f)[:3] == pytest.approx(whole[:3], rel=1e-10)
