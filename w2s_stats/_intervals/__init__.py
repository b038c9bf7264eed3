"""Intervals for a mean or a rate, each named by the method that made it."""

from w2s_stats._intervals._interval import Interval
from w2s_stats._intervals._means import (
    BOOTSTRAP_ROWS,
    bootstrap_mean,
    empirical_bernstein_mean,
    normal_mean,
    t_mean,
)
from w2s_stats._intervals._powered import (
    power_tuning,
    prediction_powered_mean,
    prediction_powered_rate,
    rate_of_known,
)
from w2s_stats._intervals._rates import clopper_pearson_rate, wilson_rate
from w2s_stats._intervals._resampling import resampled_means
from w2s_stats._intervals._score import score_mean

__all__ = [
    "BOOTSTRAP_ROWS",
    "Interval",
    "bootstrap_mean",
    "clopper_pearson_rate",
    "empirical_bernstein_mean",
    "normal_mean",
    "power_tuning",
    "prediction_powered_mean",
    "prediction_powered_rate",
    "rate_of_known",
    "resampled_means",
    "score_mean",
    "t_mean",
    "wilson_rate",
]
