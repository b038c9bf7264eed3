"""The picture of a plan shows the labels that it needs."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from w2s_stats.bounds import GoldLabelPlan, KLSandwich
from w2s_stats.reports import GoldLabelPlanDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
RNG = np.random.default_rng(2)
TRUTH = RNG.dirichlet(np.ones(3), size=400)
LABELS = np.array([RNG.choice(3, p=p) for p in TRUTH])
WEAK = 0.5 * TRUTH + 0.5 * RNG.dirichlet(np.ones(3), size=400)
STUDENT = 0.7 * TRUTH + 0.3 * WEAK


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_lines_are_the_labels_needed():
    plan = GoldLabelPlan(n_labels=50).fit(WEAK, STUDENT)
    display = GoldLabelPlanDisplay.from_estimator(plan, powers=[0.5, 0.9]).plot()
    assert display.ax_.get_yscale() == "log"
    for power, line in zip((0.5, 0.9), display.lines_, strict=True):
        assert line.get_label() == f"{power:g}"
        for gain, labels in line.get_xydata()[::37]:
            assert labels == plan.labels_needed(gain, power=power)
    assert display.lines_[0].get_xdata()[-1] == plan.upper_
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[:2] == [f"all {plan.n_open_} that matter", "this plan, 50"]
    assert "Lines:" in texts[2] and "Blue" not in " ".join(texts)


def test_the_gain_found_stands_at_the_plans_labels():
    plan = GoldLabelPlan(n_labels=50).fit(WEAK, STUDENT, LABELS)
    ax = GoldLabelPlanDisplay.from_estimator(plan).plot().ax_
    segments = [line.get_xydata().tolist() for line in ax.lines]
    assert [[plan.interval_[0], 50], [plan.interval_[1], 50]] in segments
    assert [[plan.estimate_, 50]] in segments


def test_a_plan_of_all_rows():
    plan = GoldLabelPlan(n_labels=10_000).fit(WEAK, STUDENT, LABELS)
    display = GoldLabelPlanDisplay.from_estimator(plan).plot()
    assert display.n_labels == plan.n_open_
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[0].startswith("all ") and not any("this plan" in text for text in texts)
    assert "Blue:" in " ".join(texts)


def test_a_gain_that_needs_no_labels():
    display = GoldLabelPlanDisplay([0.1, 0.2], [0.8], np.zeros((1, 2)), n_open=9, n_labels=4).plot()
    assert display.ax_.texts[0].get_text() == "certified without labels"
    display.figure_.canvas.draw()


def test_bad_input():
    with pytest.raises(NotFittedError, match="GoldLabelPlan instance is not fitted yet"):
        GoldLabelPlanDisplay.from_estimator(GoldLabelPlan())
    with pytest.raises(TypeError, match=r"bound must be a w2s_stats\.bounds\.GoldLabelPlan"):
        GoldLabelPlanDisplay.from_estimator(KLSandwich())
    with pytest.raises(ValueError, match=r"plan must have a positive upper limit.*; found 0:"):
        GoldLabelPlanDisplay.from_estimator(GoldLabelPlan(gain="accuracy").fit(WEAK, WEAK))
    with pytest.raises(ValueError, match=r"labels must have a row for each .* \(1, 2\); found"):
        GoldLabelPlanDisplay([0.1, 0.2], [0.8], [[1.0]], n_open=9, n_labels=4)


def test_axes_of_the_caller():
    figure, ax = pyplot.subplots()
    plan = GoldLabelPlan().fit(WEAK, STUDENT)
    display = GoldLabelPlanDisplay.from_estimator(plan).plot(ax=ax, name="mine", color="red")
    assert display.ax_ is ax and display.figure_ is figure
    assert ax.get_title(loc="left") == "mine"
    assert {line.get_color() for line in display.lines_} == {"red"}
