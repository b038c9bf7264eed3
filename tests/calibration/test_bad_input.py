"""What is refused, and the sentence that says so."""

import numpy as np
import pytest

from w2s_stats.calibration import (
    calibration_interval,
    correct_weak_labels,
    expected_calibration_error,
    marginal_calibration_error,
    smooth_calibration_error,
    smooth_ece,
)

MEASURES = [
    marginal_calibration_error,
    expected_calibration_error,
    smooth_calibration_error,
    smooth_ece,
    calibration_interval,
]
HALF = [[0.5, 0.5], [0.5, 0.5]]
THIRDS = np.full((2, 3), 1 / 3)

BAD = {
    "sums": ([0, 1], [[0.5, 0.4], [0.5, 0.5]], r"rows of y_proba must sum to 1 within 1e-06"),
    "negative": ([0, 1], [[1.1, -0.1], [0.5, 0.5]], "y_proba must hold probabilities, none neg"),
    "nan": ([0, 1], [[np.nan, 0.5], [0.5, 0.5]], "y_proba must be finite"),
    "above one": ([0, 1], [0.5, 1.5], "y_proba must hold probabilities from 0 to 1[,;] found 1.5"),
    "nan in one": (
        [0, 1],
        [0.5, np.nan],
        "y_proba must hold probabilities from 0 to 1[,;] found nan",
    ),
    "one class": ([0, 0], [[1.0], [1.0]], "two or more classes[,;] found one"),
    "empty": ([], [], "y_proba must not be empty"),
    "three dimensions": ([0], [[[1.0]]], "y_proba must have two dimensions"),
    "length": ([0, 1, 1], HALF, "y_true must have 2 rows[,;] found 3"),
    "shape": (
        [[0, 1, 0]] * 2,
        HALF,
        r"y_true must have shape \(2,\) or \(2, 2\); found \(2, 3\)",
    ),
    "rows for one": (HALF, [0.5, 0.5], r"y_true must have shape \(2,\); found \(2, 2\)"),
    "label": ([0, 2], [0.5, 0.5], "0, 1 or probabilities of class 1; found 2 in row 1"),
    "label nan": ([0, np.nan], [0.5, 0.5], "found nan in row 1: leave out rows without a label"),
    "minus one": ([0, -1], THIRDS, "0 to 2; found -1 in row 1: leave out rows without a label"),
    "class": ([0, 3], THIRDS, "y_true must hold class labels from 0 to 2; found 3 in row 1"),
    "fraction": (
        [0, 0.5],
        THIRDS,
        "y_true must hold class labels from 0 to 2; found 0.5 in row 1",
    ),
    "soft sums": ([[0.5, 0.1, 0.1]] * 2, THIRDS, "rows of y_true must sum to 1"),
    "words": (["no", "yes"], [0.5, 0.5], "y_true must hold real numbers; found 'no' in row 0: cl"),
}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("name", BAD)
def test_data(measure, name):
    y_true, y_proba, sentence = BAD[name]
    with pytest.raises(ValueError, match=sentence):
        measure(y_true, y_proba)


@pytest.mark.parametrize("measure", [MEASURES[0], MEASURES[1], calibration_interval])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_bins": 0}, "n_bins must be an integer of at least 1; found 0"),
        ({"n_bins": 2.5}, "n_bins must be an integer of at least 1; found 2.5"),
        ({"n_bins": 10**9}, "n_bins must be at most 10000; found 1000000000"),
        ({"n_bins": True}, "n_bins must be an integer of at least 1; found True"),
        ({"strategy": "kmeans"}, "strategy must be one of uniform, quantile; found 'kmeans'"),
        ({"norm": "l3"}, "norm must be one of l1, l2; found 'l3'"),
    ],
)
def test_options(measure, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        measure([0, 1], [0.5, 0.5], **options)
    if measure is calibration_interval:  # also where they are not used
        with pytest.raises(ValueError, match=sentence):
            measure([0, 1], [0.5, 0.5], measure="smooth", **options)


@pytest.mark.parametrize("measure", MEASURES[:2])
def test_debias(measure):
    with pytest.raises(ValueError, match="debias must be one of labels, residuals; found 'yes'"):
        measure([0, 1], [0.5, 0.5], debias="yes")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"confidence_level": 1.0}, "confidence_level must be between 0 and 1; found 1.0"),
        ({"confidence_level": np.nan}, "confidence_level must be between 0 and 1; found NaN"),
        ({"confidence_level": "0.95"}, "confidence_level must be between 0 and 1; found '0.95'"),
        ({"confidence_level": None}, "confidence_level must be between 0 and 1; found None"),
        ({"measure": "smece"}, "measure must be one of marginal, expected, smooth"),
        ({"method": "bootstrap"}, "method for a binned error must be one of asymptotic"),
        ({"measure": "smooth", "method": "asymptotic"}, "must be one of finite-sample, bootstrap"),
        (
            {"measure": "smooth", "method": "bootstrap", "n_resamples": 0},
            "n_resamples must be an integer of at least 1; found 0",
        ),
        (
            {"strategy": "quantile"},
            "n_bins must leave two rows or more in some bin, to see their noise",
        ),
    ],
)
def test_interval(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        calibration_interval([0, 1], [0.4, 0.5], **options)


def test_corrected_labels_of_another_shape():
    labels = correct_weak_labels([0, 1], confusion_matrix=np.eye(3), independent_errors=True)
    with pytest.raises(ValueError, match="2 rows and 2 classes to fit y_proba; found 2 rows and 3"):
        marginal_calibration_error(labels, [0.5, 0.5])


@pytest.mark.parametrize("y_true", [[[0], [1], [1]], 1])
def test_true_labels_of_another_shape(y_true):
    with pytest.raises(
        ValueError, match=r"y_true must (hold one class label a row|have 3 rows); found"
    ):
        correct_weak_labels([0, 1, 1], y_true=y_true, independent_errors=True)
