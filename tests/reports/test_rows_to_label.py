"""The picture of the rows to label shows those that the plan has drawn."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from w2s_stats.bounds import GoldLabelPlan, KLSandwich
from w2s_stats.reports import RowsToLabelDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
RNG = np.random.default_rng(3)
WEAK, STUDENT = RNG.dirichlet(np.ones(3), size=(2, 300))


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def strokes(display):
    return display.line_.get_xydata().reshape(-1, 3, 2)


@pytest.mark.parametrize("weight", [None, RNG.integers(0, 3, size=300)])
@pytest.mark.parametrize("gain", ["log_likelihood", "accuracy"])
def test_strokes_are_the_rows_drawn_over_what_their_label_can_make(gain, weight):
    plan = GoldLabelPlan(n_labels=40, gain=gain).fit(WEAK, STUDENT, sample_weight=weight)
    display = RowsToLabelDisplay.from_estimator(plan).plot()
    found = strokes(display)
    assert len(found) == len(plan.to_label_)
    rows = display.rows[(found[:, 0, 0] - 1).astype(int)]
    assert sorted(rows) == plan.to_label_.tolist()
    np.testing.assert_array_equal(found[:, :2, 1], plan.envelope_[rows])
    assert np.isnan(found[:, 2, 1]).all()  # a gap
    assert (np.diff(np.ptp(plan.envelope_[display.rows], axis=1)) <= 0).all()
    assert len(display.rows) == plan.n_open_
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[:2] == [f"│ still to label: {len(rows)}", "│ labelled: 0"]
    assert f"{plan.n_open_} of 300" in display.ax_.get_xlabel()
    assert gain.replace("_", "-") in display.ax_.get_ylabel()
    low, high = display.ax_.get_ylim()
    assert low < plan.envelope_.min() and high > plan.envelope_.max()


def test_rows_that_have_their_label_are_told_from_those_to_label():
    labels = RNG.integers(3, size=300)
    plan = GoldLabelPlan(n_labels=40).fit(WEAK, STUDENT, labels)
    first = GoldLabelPlan(n_labels=20).fit(WEAK, STUDENT).to_label_
    for given, n_done in ((None, len(plan.to_label_)), (first, len(first)), ([], 0)):
        display = RowsToLabelDisplay.from_estimator(plan, labelled=given).plot()
        missing = len(plan.to_label_) - n_done
        texts = [text.get_text() for text in display.ax_.texts]
        assert texts[:2] == [f"│ still to label: {missing}", f"│ labelled: {n_done}"]
        assert len(strokes(display)) == missing
        done = display.labelled_line_.get_xdata().reshape(-1, 3)[:, 0]
        expected = plan.to_label_ if given is None else given
        assert sorted(display.rows[(done - 1).astype(int)]) == sorted(expected)
        assert display.labelled_line_.get_color() != display.line_.get_color()


def test_few_rows_have_their_numbers():
    plan = GoldLabelPlan(n_labels=2).fit(WEAK[:5], STUDENT[:5])
    display = RowsToLabelDisplay.from_estimator(plan).plot()
    ticks = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert ticks == [str(row) for row in display.rows] and sorted(ticks) == list("01234")


def test_models_that_agree_leave_nothing_to_label():
    plan = GoldLabelPlan().fit(WEAK, WEAK)
    display = RowsToLabelDisplay.from_estimator(plan).plot()
    assert len(display.rows) == 0 and len(strokes(display)) == 0
    display.figure_.canvas.draw()


def test_axes_of_the_caller():
    figure, ax = pyplot.subplots()
    plan = GoldLabelPlan(n_labels=9).fit(WEAK, STUDENT)
    display = RowsToLabelDisplay.from_estimator(plan).plot(ax=ax, name="mine", color="red")
    assert display.ax_ is ax and display.figure_ is figure
    assert ax.get_title(loc="left") == "mine" and display.line_.get_color() == "red"


def test_bad_input():
    with pytest.raises(NotFittedError, match="GoldLabelPlan instance is not fitted yet"):
        RowsToLabelDisplay.from_estimator(GoldLabelPlan())
    with pytest.raises(TypeError, match=r"bound must be a w2s_stats\.bounds\.GoldLabelPlan"):
        RowsToLabelDisplay.from_estimator(KLSandwich())
    with pytest.raises(ValueError, match=r"envelope must have two columns; found shape \(3,\)"):
        RowsToLabelDisplay([1, 2, 3], [0])
    with pytest.raises(ValueError, match="labelled must hold numbers of rows from 0 to 1; found 2"):
        RowsToLabelDisplay([[0, 1], [0, 1]], [0], labelled=[2])
    with pytest.raises(ValueError, match="whose two limits differ; found 1 among 2"):
        RowsToLabelDisplay([[0, 1], [1, 1]], [0, 1])
