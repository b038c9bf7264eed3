"""Mixtures of experts by maximum likelihood, theory 6.1 and 6.2."""

from w2s_stats.mixture._classifier import MixtureOfExpertsClassifier
from w2s_stats.mixture._regressor import MixtureOfExpertsRegressor

__all__ = ["MixtureOfExpertsClassifier", "MixtureOfExpertsRegressor"]
