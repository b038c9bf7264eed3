"""Which weak model to trust, and how much of the gap to the ceiling its student closes."""

from w2s_stats.selection._agreement import AgreementReport, agreement_report
from w2s_stats.selection._gap import PredictedGap, predicted_gap
from w2s_stats.selection._ranked import WeakModelRanking
from w2s_stats.selection._ranking import rank_weak_models
from w2s_stats.selection._recovered import PerformanceGapRecovered, performance_gap_recovered

__all__ = [
    "AgreementReport",
    "PerformanceGapRecovered",
    "PredictedGap",
    "WeakModelRanking",
    "agreement_report",
    "performance_gap_recovered",
    "predicted_gap",
    "rank_weak_models",
]
