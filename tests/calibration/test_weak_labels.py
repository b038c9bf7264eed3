"""Weak labels: what they get wrong, what the correction repairs, and when it is refused."""

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

FLIPS = np.array([[0.8, 0.2], [0.2, 0.8]])
GRID = (np.arange(3000) + 0.5) / 3000


def correct(y_weak, **options):
    return correct_weak_labels(y_weak, independent_errors=True, **options)


def test_flipped_labels_shift_the_error_by_theory():
    # 2 rho E|F - 1/2| = 0.1 for a calibrated uniform forecast; labels as their probabilities.
    weak = 0.8 * GRID + 0.2 * (1 - GRID)
    assert expected_calibration_error(weak, GRID, n_bins=20) == pytest.approx(0.1, abs=1e-9)


def test_correction_inverts_the_confusion():
    weak = np.column_stack([1 - GRID, GRID]) @ FLIPS
    labels = correct(weak, confusion_matrix=FLIPS)
    np.testing.assert_allclose(labels.rows[:, 1], GRID, atol=1e-12)
    for measure in (
        expected_calibration_error,
        marginal_calibration_error,
        smooth_calibration_error,
        smooth_ece,
    ):
        assert measure(labels, GRID) == pytest.approx(0.0, abs=1e-12)
        assert measure(labels, np.column_stack([1 - GRID, GRID])) == pytest.approx(0.0, abs=1e-12)


def test_rows_are_unbiased_for_the_true_class():
    rng = np.random.default_rng(0)
    for k in (2, 3, 6):
        matrix = 0.5 * np.eye(k) + 0.5 * rng.dirichlet(np.ones(k), size=k)
        labels = correct(np.arange(k), confusion_matrix=matrix)
        # E[row | class j] = sum_l C[j, l] (C^-1)[l] = e_j.
        np.testing.assert_allclose(matrix @ labels.rows, np.eye(k), atol=1e-12)
        np.testing.assert_allclose(labels.rows.sum(axis=1), 1.0, atol=1e-12)
        assert not labels.estimated


def draw(rng, n, matrix):
    """Three classes, a calibrated forecast, and weak labels by a confusion matrix."""
    proba = rng.dirichlet(np.ones(3), size=n)
    cut = rng.random((n, 1))
    y = (cut > np.cumsum(proba, axis=1)[:, :-1]).sum(axis=1)
    weak = (rng.random((n, 1)) > np.cumsum(matrix, axis=1)[y][:, :-1]).sum(axis=1)
    return proba, y, weak


CONFUSION = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.1, 0.9]])


def test_estimated_matrix():
    rng = np.random.default_rng(1)
    proba, y, weak = draw(rng, 40_000, CONFUSION)
    known = np.where(rng.random(40_000) < 0.2, y, np.nan)
    labels = correct(weak, y_true=known)
    assert labels.estimated
    np.testing.assert_allclose(labels.confusion_matrix, CONFUSION, atol=0.02)
    counted = [np.bincount(weak[known == j], minlength=3) for j in range(3)]
    shares = [c / c.sum() for c in counted]
    np.testing.assert_allclose(labels.confusion_matrix, shares, atol=1e-15)
    plain = marginal_calibration_error(weak, proba)
    assert plain > 0.15
    assert marginal_calibration_error(labels, proba) < 0.35 * plain
    same = correct(weak, y_true=np.where(np.isnan(known), -1, known).astype(int))
    np.testing.assert_array_equal(same.rows, labels.rows)


def test_estimated_matrix_of_weak_probabilities():
    weak = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6]])
    labels = correct(weak, y_true=[0, 0, 1, -1])
    np.testing.assert_allclose(labels.confusion_matrix, [[0.8, 0.2], [0.2, 0.8]])


def test_errors_that_depend_on_the_input_are_not_repaired():
    # Flips where the forecast is below one half only; every true label known, and a calibrated
    # forecast.
    rng = np.random.default_rng(2)
    f = rng.random(100_000)
    y = rng.random(100_000) < f
    weak = y ^ ((rng.random(100_000) < 0.4) & (f < 0.5))
    labels = correct(weak, y_true=y)
    assert marginal_calibration_error(y, f) < 0.02
    assert marginal_calibration_error(labels, f) > 0.16


def test_intervals_of_corrected_labels_cover():
    rng = np.random.default_rng(3)
    covered = {"marginal": 0, "smooth": 0}
    for _ in range(200):
        proba, _, weak = draw(rng, 500, CONFUSION)
        labels = correct(weak, confusion_matrix=CONFUSION)
        for measure in covered:
            covered[measure] += calibration_interval(labels, proba, measure=measure).low == 0.0
    assert 182 <= covered["marginal"] < 200
    assert covered["smooth"] == 200


def test_finite_sample_interval_knows_the_larger_range():
    y, f = np.arange(400) % 2, np.full(400, 0.5)
    labels = correct(y, confusion_matrix=np.eye(2))
    same = calibration_interval(labels, f, measure="smooth")
    assert same == calibration_interval(y, f, measure="smooth")
    wider = calibration_interval(correct(y, confusion_matrix=FLIPS), f, measure="smooth")
    # Rows are 4/3 and -1/3: residuals of 5/6 in place of 1/2, and up to 4/3 in place of 1.
    assert 4 / 3 * same.high < wider.high < 5 / 3 * same.high


def test_estimated_matrix_has_no_interval():
    labels = correct([0, 1, 1, 0], y_true=[0, 1, 1, 0])
    with pytest.raises(ValueError, match="nothing of the error of an estimated confusion matrix"):
        calibration_interval(labels, [0.1, 0.8, 0.7, 0.2], n_bins=1)


def test_independence_must_be_asserted():
    with pytest.raises(ValueError, match="pass independent_errors=True to assert it"):
        correct_weak_labels([0, 1], confusion_matrix=FLIPS)
    with pytest.raises(ValueError, match="independent of the forecast"):
        correct_weak_labels([0, 1], confusion_matrix=FLIPS, independent_errors="yes")


@pytest.mark.parametrize(
    ("y_weak", "options", "sentence"),
    [
        ([0, 1], {}, "confusion_matrix or y_true .* one of them; found neither"),
        ([0, 1], {"confusion_matrix": FLIPS, "y_true": [0, 1]}, "one of them; found both"),
        ([0, 1], {"confusion_matrix": [[0.5, 0.5]] * 2}, "must tell the classes apart"),
        ([0, 1], {"confusion_matrix": [[0.5, 0.4], [0, 1]]}, "rows of confusion_matrix must sum"),
        ([0, 1], {"confusion_matrix": [[0.5, 0.5]] * 3}, "confusion_matrix must be square"),
        ([0, 2], {"confusion_matrix": FLIPS}, "y_weak must hold class labels from 0 to 1; found 2"),
        ([0, 0.5], {"confusion_matrix": FLIPS}, "y_weak must hold class labels .* found 0.5"),
        ([[0.5, 0.4]], {"confusion_matrix": FLIPS}, "rows of y_weak must sum to 1"),
        ([[0.2] * 5], {"confusion_matrix": FLIPS}, "a row for each of the 5 columns of y_weak"),
        ([0, 1], {"y_true": [0, 1, 1]}, "y_true must have 2 rows; found 3"),
        ([0, 1], {"y_true": [0, np.nan]}, "at least one row of every class .* none of class 1"),
        (
            [[0.9, 0.1]] * 2,
            {"y_true": [0, 2]},
            "y_true must hold class labels from 0 to 1; found 2",
        ),
        ([], {"confusion_matrix": FLIPS}, "y_weak must not be empty"),
        ([0, np.nan], {"confusion_matrix": FLIPS}, "y_weak must hold class labels .* found NaN"),
        ([0, np.inf], {"y_true": [0, 1]}, "y_weak must hold class labels .* found inf"),
    ],
)
def test_bad_input(y_weak, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        correct(y_weak, **options)
