"""The picture of a ranking shows its numbers."""

import numpy as np
import pytest

from w2s_stats.reports import WeakModelRankingDisplay
from w2s_stats.selection import rank_weak_models

pyplot = pytest.importorskip("matplotlib.pyplot")
LONG = "a weak model whose name is much longer than a row of the picture is wide"


@pytest.fixture
def ranking():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=100)
    weak = {name: truth + s * rng.normal(size=100) for name, s in (("a", 1.0), (LONG, 0.3))}
    student = {name: 0.5 * (values + truth) for name, values in weak.items()}
    known = np.where(np.arange(100) < 30, truth, np.nan)
    yield rank_weak_models(weak, student, known, confidence_level=0.9, n_resamples=200)
    pyplot.close("all")


def test_points_intervals_and_probabilities(ranking):
    display = WeakModelRankingDisplay.from_ranking(ranking).plot()
    ax = display.ax_
    names = [tick.get_text().replace("\n", " ") for tick in ax.get_yticklabels()]
    assert names == ranking.names == [LONG, "a"]
    for row, (score, error) in enumerate(zip(ranking.score, ranking.weak_error, strict=True)):
        assert display.points_[row].get_xydata().tolist() == [[score.estimate, row]]
        assert display.weak_points_[row].get_xydata().tolist() == [[error.estimate, row]]
        assert list(display.intervals_[row].get_xdata()) == [score.low, score.high]
    assert all(point.get_markerfacecolor() == "white" for point in display.weak_points_)
    texts = [text.get_text() for text in ax.texts]
    columns = {"P(limit)": ranking.probability_best, "P(error)": ranking.probability_least_error}
    for header, column in columns.items():
        assert header in texts and all(f"{p:.2f}" in texts for p in column)
    assert "90% intervals" in " ".join(texts)


def test_measured_errors_stand_below_the_limits_they_refute():
    """Both models have the same student, whose errors are above the limits."""
    rng = np.random.default_rng(0)
    truth, noise = rng.normal(size=(2, 200))
    weak, student = truth + noise, truth + 0.6
    ranking = rank_weak_models({"a": weak, "b": 0.5 * weak}, {"a": student, "b": student}, truth)
    display = WeakModelRankingDisplay.from_ranking(ranking).plot()
    for row, error in enumerate(ranking.student_error):
        (x, y), ends = display.student_points_[row].get_xydata()[0], display.student_intervals_[row]
        assert x == error.estimate == pytest.approx(0.36) and row < y < row + 0.5
        assert list(ends.get_xdata()) == [error.low, error.high]
    assert [found.status for found in ranking.assumptions] == ["violated"] * 2
    bold = [t.get_text() for t in display.ax_.texts if t.get_fontweight() == "bold"]
    assert sum(line.startswith("violated: The student of") for line in bold) == 2
    plain = WeakModelRankingDisplay(["a", "b"], [0, 1], [0, 1], [0, 1], [0, 1], [1, 0]).plot()
    assert plain.student_points_ == [] and "measured" not in plain.ax_.get_xlabel()


def test_axes_of_the_caller(ranking):
    figure, ax = pyplot.subplots()
    display = WeakModelRankingDisplay.from_ranking(ranking).plot(ax=ax, name="mine", marker="s")
    assert display.ax_ is ax and display.figure_ is figure
    assert ax.get_title(loc="left") == "mine"
    assert display.points_[0].get_marker() == "s"


def test_numbers_of_another_length():
    with pytest.raises(ValueError, match="weak_error must have one number for each of the 2 weak"):
        WeakModelRankingDisplay(["a", "b"], [0, 1], [0, 1], [0, 1], [0], [0.5, 0.5])
