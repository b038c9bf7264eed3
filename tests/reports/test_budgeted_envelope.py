"""The picture of limits against a budget shows what the bound says at each."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from w2s_stats.bounds import BudgetedEnvelope, KLSandwich
from w2s_stats.reports import BudgetedEnvelopeDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
RNG = np.random.default_rng(1)
WEAK = RNG.dirichlet(np.ones(3), size=100)
STUDENT = 0.5 * WEAK + 0.5 * RNG.dirichlet(np.ones(3), size=100)
LABELS = RNG.integers(3, size=100)


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_lines_are_the_limits_of_a_fit_at_each_budget():
    weight = RNG.random(100)
    bound = BudgetedEnvelope(budget=0.2).fit(WEAK, STUDENT, LABELS, sample_weight=weight)
    budgets = [0.0, 0.05, 0.2, 0.5]
    display = BudgetedEnvelopeDisplay.from_estimator(
        bound, WEAK, STUDENT, sample_weight=weight, budgets=budgets
    ).plot()
    for budget, low, high in zip(
        budgets, display.lower_line_.get_ydata(), display.upper_line_.get_ydata(), strict=True
    ):
        fit = BudgetedEnvelope(budget=budget).fit(WEAK, STUDENT, sample_weight=weight)
        assert (low, high) == (fit.lower_, fit.upper_)
    np.testing.assert_array_equal(display.lower_line_.get_xdata(), budgets)
    assert display.upper_line_.get_ydata()[2] == bound.upper_
    assert bound.budget == 0.2 and bound.budget_ == 0.2  # asked again, not fitted again


def test_limits_widen_from_the_divergence_to_the_envelope():
    bound = BudgetedEnvelope().fit(WEAK, STUDENT, LABELS)
    display = BudgetedEnvelopeDisplay.from_estimator(bound, WEAK, STUDENT)
    envelope = KLSandwich(random_state=0).fit(WEAK, STUDENT)
    assert display.budgets[0] == 0.0 and display.budgets[-1] >= 2 * bound.budget_
    assert display.lower[0] == pytest.approx(display.upper[0])
    assert (np.diff(display.upper) >= -1e-12).all() and (np.diff(display.lower) <= 1e-12).all()
    assert display.envelope == pytest.approx((envelope.lower_, envelope.upper_))


def test_the_gain_stands_at_the_weak_models_error():
    bound = BudgetedEnvelope(budget=0.1).fit(WEAK, STUDENT, LABELS)
    weak = next(q for q in bound.table_ if q.name == "weak model's error")
    ax = BudgetedEnvelopeDisplay.from_estimator(bound, WEAK, STUDENT).plot().ax_
    point = next(line for line in ax.lines if line.get_marker() == "o")
    assert point.get_xydata().tolist() == [[weak.value, bound.estimate_]]
    segments = [line.get_xydata().tolist() for line in ax.lines]
    low, high = bound.interval_
    assert [[weak.value, low], [weak.value, high]] in segments
    assert [[weak.low, bound.estimate_], [weak.high, bound.estimate_]] in segments
    assert weak.high <= ax.get_xlim()[1]
    assert any(list(line.get_xdata()) == [0.1, 0.1] for line in ax.lines)


def test_infinite_limits_and_no_truth():
    student = STUDENT.copy()
    student[:, 0] = 0.0
    student /= student.sum(axis=1, keepdims=True)
    bound = BudgetedEnvelope(budget=0.1).fit(WEAK, student)
    display = BudgetedEnvelopeDisplay.from_estimator(bound, WEAK, student, budgets=[0.0, 5.0])
    assert display.lower[1] == -np.inf
    figure, ax = pyplot.subplots()
    assert display.plot(ax=ax, name="mine").ax_ is ax
    assert ax.get_title(loc="left") == "mine"
    figure.canvas.draw()


def test_it_asks_for_the_predictions_in_a_sentence():
    bound = BudgetedEnvelope(budget=0.1).fit(WEAK, STUDENT)
    with pytest.raises(TypeError, match=r"y_weak must be the predictions that .* found None"):
        BudgetedEnvelopeDisplay.from_estimator(bound)
    with pytest.raises(TypeError, match=r"y_student must be the predictions that"):
        BudgetedEnvelopeDisplay.from_estimator(bound, WEAK)


def test_marks_are_explained_below():
    bound = BudgetedEnvelope(budget=0.1).fit(WEAK, STUDENT, LABELS)
    display = BudgetedEnvelopeDisplay.from_estimator(bound, WEAK, STUDENT, budgets=[0.1]).plot()
    below = " ".join(text.get_text() for text in display.ax_.texts)
    for word in ("Shaded:", "Dashed:", "Blue:"):
        assert word in below
    plain = BudgetedEnvelopeDisplay([0.1], [0.0], [0.2]).plot()
    assert "Blue" not in " ".join(text.get_text() for text in plain.ax_.texts)


def test_bad_input():
    with pytest.raises(NotFittedError, match="BudgetedEnvelope instance is not fitted yet"):
        BudgetedEnvelopeDisplay.from_estimator(BudgetedEnvelope(), WEAK, STUDENT)
    with pytest.raises(TypeError, match=r"bound must be a w2s_stats\.bounds\.BudgetedEnvelope"):
        BudgetedEnvelopeDisplay.from_estimator(KLSandwich(), WEAK, STUDENT)
    with pytest.raises(ValueError, match=r"upper must have one number for each of the 2 budgets"):
        BudgetedEnvelopeDisplay([0.0, 1.0], [0.0, 0.0], [1.0])
