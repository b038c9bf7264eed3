"""The reliability diagram shows frequencies, their intervals and the calibration error."""

import numpy as np
import pytest
from scipy.stats import binomtest

from w2s_stats._intervals import normal_mean
from w2s_stats.calibration import (
    calibration_interval,
    correct_weak_labels,
    expected_calibration_error,
)
from w2s_stats.reports import ReliabilityDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
RNG = np.random.default_rng(4)
F = RNG.random(300)
Y = RNG.random(300) < F**2


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_points_and_intervals_are_those_of_the_bins():
    y = np.random.default_rng(5).random(300) < F  # no bin with few events, or few others
    display = ReliabilityDisplay.from_predictions(y, F, n_bins=3, confidence_level=0.9).plot()
    centres, ends = display.line_.get_xydata(), display.intervals_.get_segments()
    assert len(centres) == 3
    for b, (point, segment) in enumerate(zip(centres, ends, strict=True)):
        rows = (b / 3 < F) & ((b + 1) / 3 >= F)
        assert tuple(point) == pytest.approx((F[rows].mean(), y[rows].mean()))
        wilson = binomtest(int(y[rows].sum()), int(rows.sum())).proportion_ci(0.9, "wilson")
        np.testing.assert_allclose(segment, [[point[0], wilson.low], [point[0], wilson.high]])
        assert display.size[b] == rows.sum()
    assert "90% intervals" in display.ax_.get_ylabel()


def test_sizes_are_drawn_in_proportion():
    display = ReliabilityDisplay([0.2, 0.8], [0.1, 0.9], [0, 0.8], [0.2, 1], [50, 100]).plot()
    stems = display.ax_.collections[-1].get_segments()
    heights = [stem[1][1] - stem[0][1] for stem in stems]
    assert heights[0] == pytest.approx(heights[1] / 2)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_bins_make_up_the_expected_calibration_error(strategy):
    display = ReliabilityDisplay.from_predictions(Y, F, n_bins=7, strategy=strategy)
    gaps = np.abs(display.observed - display.predicted)
    wanted = expected_calibration_error(Y, F, n_bins=7, strategy=strategy)
    assert gaps @ display.size / len(Y) == pytest.approx(wanted)
    found = calibration_interval(Y, F, measure="expected", n_bins=7, strategy=strategy, norm="l1")
    assert display.error == found[:3]


def test_the_top_label_of_two_columns_or_more():
    proba = RNG.dirichlet(np.ones(3), size=200)
    labels = RNG.integers(3, size=200)
    display = ReliabilityDisplay.from_predictions(labels, proba, n_bins=1).plot()
    assert display.predicted[0] == pytest.approx(proba.max(axis=1).mean())
    assert display.observed[0] == pytest.approx((proba.argmax(axis=1) == labels).mean())
    assert display.ax_.get_xlabel() == "probability given to the top label"


def test_labels_that_are_probabilities_have_intervals_of_means():
    soft = F**2
    display = ReliabilityDisplay.from_predictions(soft, F, n_bins=1)
    assert display.upper[0] == pytest.approx(normal_mean(soft).high, rel=1e-12)


def test_corrected_labels_of_two_classes_have_the_interval_of_the_weak_ones():
    flipped = Y ^ (RNG.random(300) < 0.2)
    matrix = np.array([[0.8, 0.2], [0.2, 0.8]])
    labels = correct_weak_labels(flipped, confusion_matrix=matrix, independent_errors=True)
    corrected = ReliabilityDisplay.from_predictions(labels, F, n_bins=5)
    weak = ReliabilityDisplay.from_predictions(flipped, F, n_bins=5)
    for name in ("observed", "lower", "upper"):
        expected = (getattr(weak, name) - 0.2) / 0.6
        np.testing.assert_allclose(getattr(corrected, name), expected, atol=1e-12)


def test_an_estimated_confusion_matrix_leaves_intervals_out():
    flipped = Y ^ (RNG.random(300) < 0.2)
    labels = correct_weak_labels(flipped, y_true=Y, independent_errors=True)
    display = ReliabilityDisplay.from_predictions(labels, F)
    assert np.isnan(display.lower).all() and np.isnan(display.error[1:]).all()
    display.plot().figure_.canvas.draw()


def test_a_single_row():
    display = ReliabilityDisplay.from_predictions([1], [0.5]).plot()
    assert display.error[0] == 0.5 and np.isnan(display.error[1])
    assert display.line_.get_label() == "plain calibration error 0.500"


def test_the_legend_says_which_error_and_covers_no_point():
    display = ReliabilityDisplay.from_predictions(Y[:40], F[:40]).plot()
    ax, legend = display.ax_, display.ax_.get_legend()
    error = calibration_interval(Y[:40], F[:40], measure="expected", norm="l1").estimate
    plain = expected_calibration_error(Y[:40], F[:40])
    assert f"noise removed, {error:#.3g} [" in legend.get_texts()[1].get_text() and error < plain
    display.figure_.canvas.draw()
    box, label = legend.get_window_extent(), ax.xaxis.label.get_window_extent()
    assert box.y1 <= ax.get_window_extent().y0 and box.y1 <= label.y0
    assert box.y0 >= 0 and box.x1 <= display.figure_.bbox.x1


def test_a_second_model_on_the_same_axes():
    first = ReliabilityDisplay.from_predictions(Y, F, name="weak").plot()
    second = ReliabilityDisplay.from_predictions(Y, F**2, name="student").plot(ax=first.ax_)
    assert second.ax_ is first.ax_
    assert first.line_.get_color() != second.line_.get_color()
    assert first.line_.get_marker() != second.line_.get_marker()
    texts = [text.get_text().partition(":")[0] for text in first.ax_.get_legend().get_texts()]
    assert texts == ["calibrated", "weak", "student"]


def test_bad_input():
    with pytest.raises(ValueError, match="n_bins must be"):
        ReliabilityDisplay.from_predictions(Y, F, n_bins=0)
    with pytest.raises(ValueError, match="strategy must be"):
        ReliabilityDisplay.from_predictions(Y, F, strategy="mine")
    with pytest.raises(ValueError, match="y_true"):
        ReliabilityDisplay.from_predictions(Y[:3], F)
    with pytest.raises(ValueError, match="size must have one number for each of the 1 bins"):
        ReliabilityDisplay([0.5], [0.5], [0.4], [0.6], [3, 4])
