"""Intervals of calibration errors: labels are drawn from known class probabilities.

The truth is the error of a million rows whose labels are those probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench.coverage._count import Case, Draw, Found
from bench.coverage._populations import draw_labels
from w2s_stats.calibration import (
    calibration_interval,
    correct_weak_labels,
    expected_calibration_error,
    marginal_calibration_error,
    smooth_calibration_error,
)

LARGE = 1_000_000
FLIPPED = np.array([[0.9, 0.1], [0.2, 0.8]])
# Forecasts and class probabilities.
Rows = tuple[np.ndarray, np.ndarray]
Forecast = Callable[[np.random.Generator, int], Rows]


def _binary(bend: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator, n: int) -> Rows:
    f = rng.random(n)
    return f, bend(f)


def _three_classes(power: float, rng: np.random.Generator, n: int) -> Rows:
    """Forecasts that are too sharp by a power (none where it is 1)."""
    f = rng.dirichlet([1.0, 1.0, 1.0], size=n)
    p = f**power
    return f, p / p.sum(axis=1, keepdims=True)


FORECASTS: dict[str, Forecast] = {
    "binary, calibrated": partial(_binary, lambda f: f),
    "binary, slightly off": partial(_binary, lambda f: f + 0.06 * np.sin(2 * np.pi * f)),
    "binary, far off": partial(_binary, lambda f: f**2),
    "three classes, calibrated": partial(_three_classes, 1.0),
    "three classes, off": partial(_three_classes, 0.7),
}
_OPTIONS = {
    "l2": {"norm": "l2"},
    "l1": {"norm": "l1"},
    "l2, equal counts": {"norm": "l2", "strategy": "quantile"},
}
EXPECTED = {f"expected {name}": {"measure": "expected", **how} for name, how in _OPTIONS.items()}
# Two classes have the expected error's interval, times 2 or its root.
MARGINAL = {f"marginal {name}": {"measure": "marginal", **how} for name, how in _OPTIONS.items()}
SMOOTH = {"smooth": {"measure": "smooth"}}
# Fewer resamples than the default 500, and fewer replicates: each takes as long as they do.
RESAMPLES = 200
BOOTSTRAP = {"smooth, bootstrap": {"measure": "smooth", "method": "bootstrap"}}


def population_error(
    f: np.ndarray, p: np.ndarray, *, measure: str, method: str = "", **options: str
) -> float:
    """Error of forecasts whose labels are the class probabilities themselves."""
    if measure == "smooth":
        return smooth_calibration_error(p, f)
    error = {"marginal": marginal_calibration_error, "expected": expected_calibration_error}
    return error[measure](p, f, **options)


def _case(forecast: Forecast, intervals: dict[str, dict[str, str]], *, weak: bool = False) -> Draw:
    population = forecast(np.random.default_rng(0), LARGE)
    truth = {name: population_error(*population, **how) for name, how in intervals.items()}

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        f, p = forecast(rng, n)
        y = draw_labels(rng, p)
        if weak:
            flipped = draw_labels(rng, FLIPPED[y.astype(int), 1])
            y = correct_weak_labels(flipped, confusion_matrix=FLIPPED, independent_errors=True)
        seed = int(rng.integers(2**31))
        for name, how in intervals.items():
            found = calibration_interval(y, f, n_resamples=RESAMPLES, random_state=seed, **how)
            # The docstring says so of the bootstrap, except for calibrated forecasts.
            sure = "conservative" if "bootstrap" in found.method and truth[name] > 1e-6 else ""
            method = ", ".join(filter(None, (found.method, sure)))
            yield Found(name, truth[name], found.estimate, found.low, found.high, method)

    return draw


CASES = {
    **{
        f"calibration: {name}": Case(
            partial(_case, forecast, EXPECTED | SMOOTH | (MARGINAL if "three" in name else {}))
        )
        for name, forecast in FORECASTS.items()
    },
    **{
        f"calibration, resampled: {name}": Case(partial(_case, forecast, BOOTSTRAP), (1, 2, 5))
        for name, forecast in FORECASTS.items()
    },
    "calibration, corrected weak labels: binary, slightly off": Case(
        partial(_case, FORECASTS["binary, slightly off"], EXPECTED | SMOOTH, weak=True)
    ),
}
