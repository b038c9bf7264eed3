"""``python -m bench.coverage [--replicates R] [--json FILE]``: how often intervals cover.

Labels are drawn from known class probabilities, so that the error of the population is known: that
of a million rows whose labels are those probabilities.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from w2s_stats.calibration import (
    calibration_interval,
    expected_calibration_error,
    marginal_calibration_error,
    smooth_calibration_error,
)

SIZES = (200, 1000, 5000)
POPULATION = 1_000_000
Rows = tuple[np.ndarray, np.ndarray]  # forecasts, class probabilities


def _binary(bend: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.random.Generator, int], Rows]:
    def draw(rng: np.random.Generator, n: int) -> Rows:
        f = rng.random(n)
        return f, bend(f)

    return draw


def _three_classes(power: float) -> Callable[[np.random.Generator, int], Rows]:
    """Forecasts that are too sharp by a power (none where it is 1)."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        f = rng.dirichlet([1.0, 1.0, 1.0], size=n)
        p = f**power
        return f, p / p.sum(axis=1, keepdims=True)

    return draw


FORECASTS = {
    "binary, calibrated": _binary(lambda f: f),
    "binary, slightly off": _binary(lambda f: f + 0.06 * np.sin(2 * np.pi * f)),
    "binary, far off": _binary(lambda f: f**2),
    "three classes, calibrated": _three_classes(1.0),
    "three classes, off": _three_classes(0.7),
}
# measure, norm, method, resamples
INTERVALS = [
    ("expected", "l2", "asymptotic", 0),
    ("marginal", "l2", "asymptotic", 0),
    ("expected", "l1", "asymptotic", 0),
    ("marginal", "l1", "asymptotic", 0),
    ("smooth", "l1", "finite-sample", 0),
    ("smooth", "l1", "bootstrap", 200),
]


def population_error(measure: str, norm: str, f: np.ndarray, p: np.ndarray) -> float:
    """Error of a large sample whose labels are the class probabilities themselves."""
    if measure == "smooth":
        return smooth_calibration_error(p, f)
    if measure == "marginal":
        return marginal_calibration_error(p, f, norm=norm)
    return expected_calibration_error(p, f, norm=norm)


def draw_labels(rng: np.random.Generator, p: np.ndarray) -> np.ndarray:
    """One label a row."""
    if p.ndim == 1:
        return (rng.random(len(p)) < p).astype(float)
    return (rng.random((len(p), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)


def rows(replicates: int) -> list[dict]:
    """Coverage and mean width for every forecast, interval and size."""
    found = []
    for name, draw in FORECASTS.items():
        population = draw(np.random.default_rng(0), POPULATION)
        for measure, norm, method, resamples in INTERVALS:
            truth = population_error(measure, norm, *population)
            for n in SIZES:
                # A bootstrap costs as much as its resamples do.
                runs = replicates if not resamples else max(replicates // 5, 1)
                covered, width = 0, 0.0
                rng = np.random.default_rng(n)
                for run in range(runs):
                    f, p = draw(rng, n)
                    interval = calibration_interval(
                        draw_labels(rng, p),
                        f,
                        measure=measure,
                        norm=norm,
                        method=method,
                        n_resamples=max(resamples, 1),
                        random_state=run,
                    )
                    covered += interval.low - 1e-12 <= truth <= interval.high + 1e-12
                    width += interval.high - interval.low
                found.append(
                    {
                        "forecast": name,
                        "error": interval.error,
                        "method": interval.method,
                        "n": n,
                        "truth": round(truth, 5),
                        "coverage": covered / runs,
                        "mean_width": round(width / runs, 4),
                        "replicates": runs,
                    }
                )
                print(*found[-1].values(), sep=" | ", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    table = {
        "confidence_level": 0.95,
        "date": time.strftime("%Y-%m-%d"),
        "calibration": rows(arguments.replicates),
    }
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(table, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
