"""Calibration errors of probabilities, with intervals, and with weak labels in place of true ones.

A one-dimensional ``y_proba`` is the positive class's probability; a two-dimensional one has a
column for each class. Labels may be classes or probabilities.
"""

from w2s_stats.calibration._binned import expected_calibration_error, marginal_calibration_error
from w2s_stats.calibration._interval import CalibrationInterval, calibration_interval
from w2s_stats.calibration._smooth import smooth_calibration_error
from w2s_stats.calibration._smooth_ece import smooth_ece
from w2s_stats.calibration._weak_labels import CorrectedLabels, correct_weak_labels

__all__ = [
    "CalibrationInterval",
    "CorrectedLabels",
    "calibration_interval",
    "correct_weak_labels",
    "expected_calibration_error",
    "marginal_calibration_error",
    "smooth_calibration_error",
    "smooth_ece",
]
