"""Expectation-maximisation as a pure loop over arrays, theory 6.2."""

from w2s_stats.em._coordinates import Coordinates, measure, quadratic
from w2s_stats.em._loop import Step, Trace, maximise
from w2s_stats.em._model import Mixture
from w2s_stats.em._starts import (
    Runs,
    best_of,
    candidates_per_run,
    hashed_labels,
    hashed_rows,
    kmeans_labels,
    one_at_a_time,
    race,
)
from w2s_stats.em._tiles import Tiles

__all__ = [
    "Coordinates",
    "Mixture",
    "Runs",
    "Step",
    "Tiles",
    "Trace",
    "best_of",
    "candidates_per_run",
    "hashed_labels",
    "hashed_rows",
    "kmeans_labels",
    "maximise",
    "measure",
    "one_at_a_time",
    "quadratic",
    "race",
]
