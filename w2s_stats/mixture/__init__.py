"""Mixtures of experts by maximum likelihood, theory 6.1 and 6.2."""

from w2s_stats.mixture._classifier import MixtureOfExpertsClassifier
from w2s_stats.mixture._regressor import MixtureOfExpertsRegressor
from w2s_stats.mixture._select import NumberOfExpertsResult, select_n_experts

__all__ = [
    "MixtureOfExpertsClassifier",
    "MixtureOfExpertsRegressor",
    "NumberOfExpertsResult",
    "select_n_experts",
]
