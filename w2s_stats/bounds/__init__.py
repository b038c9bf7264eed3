"""Inequalities of weak-to-strong generalization as estimators on predictions."""

from w2s_stats._intervals import Interval
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._budgeted_envelope import BudgetedEnvelope
from w2s_stats.bounds._calibration_shift import CalibrationShift
from w2s_stats.bounds._certificate import GainCertificate
from w2s_stats.bounds._classes import ConvexHull, FunctionClass, NormBall
from w2s_stats.bounds._error_floor import ErrorFloor
from w2s_stats.bounds._expansion import ExpansionBound
from w2s_stats.bounds._gold import GoldLabelPlan
from w2s_stats.bounds._heads_correction import heads_correction
from w2s_stats.bounds._kl_sandwich import KLSandwich
from w2s_stats.bounds._least_squares import project_least_squares
from w2s_stats.bounds._misfit_gain import MisfitGain
from w2s_stats.bounds._non_realizable import NonRealizableGain
from w2s_stats.bounds._output_kl_gain import OutputKLGain
from w2s_stats.bounds._positive_heads import PositiveHeads, project_positive_heads
from w2s_stats.bounds._projection import Projection, project_onto_hull
from w2s_stats.bounds._tasks import TaskGains, misfit_gain_tasks

__all__ = [
    "Assumption",
    "Bound",
    "BudgetedEnvelope",
    "CalibrationShift",
    "ConvexHull",
    "ErrorFloor",
    "ExpansionBound",
    "FunctionClass",
    "GainCertificate",
    "GoldLabelPlan",
    "Interval",
    "KLSandwich",
    "MisfitGain",
    "NonRealizableGain",
    "NormBall",
    "OutputKLGain",
    "PositiveHeads",
    "Projection",
    "Quantity",
    "TaskGains",
    "heads_correction",
    "misfit_gain_tasks",
    "project_least_squares",
    "project_onto_hull",
    "project_positive_heads",
]
