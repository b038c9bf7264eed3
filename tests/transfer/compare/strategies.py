"""Strategies that are quick to fit, and how they are compared on a data set."""

from __future__ import annotations

from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    OracleRegressor,
    SourceOnlyRegressor,
    WeakTrainingRegressor,
    compare_strategies,
)

NAMES = ["concept deconvolution", "label refinement", "weak training", "source only", "oracle"]
QUICK = MixtureOfExpertsRegressor(2, n_init=2, tol=1e-6)
LINEAR = {
    "weak training": WeakTrainingRegressor(),
    "source only": SourceOnlyRegressor(),
    "oracle": OracleRegressor(),
}


def compare(data, y=None, **kwargs):
    kwargs = {"y_weak": data.y_weak, "sample_domain": data.sample_domain, **kwargs}
    kwargs.setdefault("random_state", 0)
    return compare_strategies(data.X, data.y if y is None else y, **kwargs)
