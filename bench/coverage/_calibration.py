"""Intervals of calibration errors: labels are drawn from known class probabilities.

The truth is the error of a million rows whose labels are those probabilities, or their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

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
from w2s_stats.reports import ReliabilityDisplay

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
# Of reliability diagrams.
N_BINS = 5
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


def _drawn_labels(rng: np.random.Generator, p: np.ndarray, weak: bool) -> Any:
    """Labels of these probabilities, or weak ones with the errors taken off."""
    y = draw_labels(rng, p)
    if not weak:
        return y
    flipped = draw_labels(rng, FLIPPED[y.astype(int), 1])
    return correct_weak_labels(flipped, confusion_matrix=FLIPPED, independent_errors=True)


def _case(forecast: Forecast, intervals: dict[str, dict[str, str]], *, weak: bool = False) -> Draw:
    population = forecast(np.random.default_rng(0), LARGE)
    truth = {name: population_error(*population, **how) for name, how in intervals.items()}

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        f, p = forecast(rng, n)
        y = _drawn_labels(rng, p, weak)
        seed = int(rng.integers(2**31))
        for name, how in intervals.items():
            found = calibration_interval(y, f, n_resamples=RESAMPLES, random_state=seed, **how)
            yield Found(name, truth[name], *found[:4])

    return draw


def _diagram(forecast: Forecast, *, weak: bool = False) -> Draw:
    """The bins of a reliability diagram, by number."""
    f, p = forecast(np.random.default_rng(0), LARGE)
    bins = np.ceil(N_BINS * f).astype(int)
    truth = np.bincount(bins, weights=p) / np.maximum(np.bincount(bins), 1)

    def draw(rng: np.random.Generator, n: int) -> Iterator[Found]:
        f, p = forecast(rng, n)
        found = ReliabilityDisplay.from_predictions(_drawn_labels(rng, p, weak), f, n_bins=N_BINS)
        parts = found.predicted, found.observed, found.lower, found.upper, found.size
        for predicted, observed, low, high, size in zip(*parts, strict=True):
            number = int(np.ceil(N_BINS * predicted))
            # Corrected labels are no counts.
            trials = np.nan if weak else size
            ends = observed, low, high
            yield Found(f"bin {number}", truth[number], *ends, "Wilson", trials)

    return draw


CASES = {
    **{
        f"calibration: {name}": Case(
            partial(_case, forecast, EXPECTED | SMOOTH | (MARGINAL if "three" in name else {}))
        )
        for name, forecast in FORECASTS.items()
    },
    **{
        f"calibration, resampled: {name}": Case(
            partial(_case, forecast, BOOTSTRAP), (2, 4, 10) if "three" in name else (1, 2, 5)
        )
        for name, forecast in FORECASTS.items()
    },
    "calibration, corrected weak labels: binary, slightly off": Case(
        partial(_case, FORECASTS["binary, slightly off"], EXPECTED | SMOOTH, weak=True)
    ),
    "ReliabilityDisplay: binary, far off": Case(partial(_diagram, FORECASTS["binary, far off"])),
    "ReliabilityDisplay, corrected weak labels: binary, slightly off": Case(
        partial(_diagram, FORECASTS["binary, slightly off"], weak=True)
    ),
}
