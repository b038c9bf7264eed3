"""Choosing the number of experts: the table, the choice, its margin, and what ranks last."""

import numpy as np
import pytest
from sklearn.base import clone

from tests.mixture.models import Model
from w2s_stats.datasets import load_tone
from w2s_stats.exceptions import DegenerateFitWarning
from w2s_stats.mixture import (
    MixtureOfExpertsClassifier,
    MixtureOfExpertsRegressor,
    select_n_experts,
)


@pytest.fixture(scope="module")
def three_lines():
    model = Model(("gaussian",), "constant", 3, 1)
    truth = np.array([-0.3, -0.6, 0, 3, 0.4, 1, -3, 0.5, 4, 0.5, 0.6])
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1))
    return X, model.draw(truth, X, rng)[:, 0]


@pytest.mark.parametrize("criterion", ["bic", "icl"])
def test_the_true_number_is_found(three_lines, criterion):
    X, y = three_lines
    estimator = MixtureOfExpertsRegressor(7, n_init=2, random_state=0)
    result = select_n_experts(estimator, X, y, n_experts=range(1, 5), criterion=criterion)
    assert result.best_n_experts == 3
    assert [row.n_experts for row in result.table] == [1, 2, 3, 4]
    for row in result.table:
        alone = clone(estimator).set_params(n_experts=row.n_experts).fit(X, y)
        expected = alone.log_likelihood(X, y), alone.aic(X, y), alone.bic(X, y), alone.icl(X, y)
        np.testing.assert_array_equal((row.log_likelihood, row.aic, row.bic, row.icl), expected)
        assert row.n_parameters == 4 * row.n_experts - 1 == alone.n_parameters_
        assert row.converged == alone.converged_
    values = sorted(getattr(row, criterion) for row in result.table if not row.degenerate)
    assert result.margin == values[1] - values[0] > 0
    assert result.best_estimator_.n_experts == 3
    assert result.best_estimator_.bic(X, y) == result.table[2].bic
    assert estimator.n_experts == 7
    assert not hasattr(estimator, "coef_")


def test_criteria_are_as_defined(three_lines):
    X, y = three_lines
    estimator = MixtureOfExpertsRegressor(n_init=2, random_state=0)
    result = select_n_experts(estimator, X, y, n_experts=[1, 2], criterion="aic")
    one, two = result.table
    assert result.best_n_experts == 2
    assert result.margin == one.aic - two.aic
    assert one.aic == pytest.approx(-2 * one.log_likelihood + 2 * 3)
    assert one.bic == pytest.approx(-2 * one.log_likelihood + 3 * np.log(400))
    assert one.icl == pytest.approx(one.bic)
    resp = result.best_estimator_.responsibilities(X, y)
    assert two.icl == pytest.approx(two.bic - 2 * np.log(resp.max(axis=1)).sum())


def test_table_and_text(three_lines):
    X, y = three_lines
    result = select_n_experts(
        MixtureOfExpertsRegressor(n_init=2, random_state=0), X, y, n_experts=[3, 2, 2]
    )
    text = str(result)
    assert f"[1] 3 by BIC, {result.margin:.2f} below the runner-up." in text
    lines = [line for line in text.splitlines() if line.rstrip().endswith("best")]
    assert len(lines) == 1
    assert lines[0].startswith("3 ")
    frame = result.to_frame()
    assert list(frame.index) == [2, 3]
    assert frame.loc[3, "bic"] == result.table[1].bic
    with pytest.raises(AttributeError):
        result.margin = 0.0


def test_weights_and_other_arguments_reach_fit(three_lines):
    X, y = three_lines
    weight = np.random.default_rng(1).integers(0, 3, size=len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    estimator = MixtureOfExpertsRegressor(n_init=2, random_state=0)
    one = select_n_experts(estimator, X, y, n_experts=[1, 2], sample_weight=weight)
    two = select_n_experts(estimator, X[rows], y[rows], n_experts=[1, 2])
    assert one.margin == pytest.approx(two.margin, rel=1e-4)
    with pytest.raises(TypeError, match="colour"):
        select_n_experts(estimator, X, y, n_experts=[1], colour="red")


def test_degenerate_and_impossible_numbers_rank_last():
    X, y = load_tone(return_X_y=True)
    estimator = MixtureOfExpertsRegressor(n_init=2, random_state=0)
    result = select_n_experts(estimator, X[:4], y[:4], n_experts=[1, 2, 7])
    one, two, seven = result.table
    assert two.degenerate
    assert two.bic < one.bic
    assert seven.failure.startswith("n_experts=7 needs at least as many distinct rows")
    assert result.best_n_experts == 1
    assert np.isnan(result.margin)
    text = str(result)
    assert "1 by BIC, without a runner-up" in text
    assert "ranks behind all others" in text
    assert "7 experts could not be fitted: n_experts=7 needs" in text


def test_nothing_but_degenerate_fits():
    X, y = load_tone(return_X_y=True)
    estimator = MixtureOfExpertsRegressor(n_init=2, random_state=0)
    with pytest.warns(DegenerateFitWarning, match="Every fit is degenerate"):
        result = select_n_experts(estimator, X[:4], y[:4], n_experts=[2, 3])
    assert result.best_estimator_.degenerate_experts_.size


def test_nothing_can_be_fitted():
    X, y = load_tone(return_X_y=True)
    with pytest.raises(ValueError, match="n_experts=5 needs"):
        select_n_experts(MixtureOfExpertsRegressor(), X[:3], y[:3], n_experts=[5, 6])


def test_a_start_too_few_is_said():
    # With one start each, more experts may end lower than fewer: then no maximum was found.
    from w2s_stats.mixture._select import NumberOfExperts, NumberOfExpertsResult

    rows = (
        NumberOfExperts(1, -90.0, 3, 186.0, 190.0, 190.0, True, False, ""),
        NumberOfExperts(2, -95.0, 7, 204.0, 210.0, 215.0, False, False, ""),
    )
    text = str(NumberOfExpertsResult(rows, "aic", 1, 18.0, MixtureOfExpertsRegressor()))
    assert "2 experts reached less than 1" in text
    assert "raise n_init" in text
    assert "2 experts: EM stopped before it converged" in text


def test_classifier():
    model = Model(("bernoulli",), "softmax", 2, 2)
    truth = np.array([-0.5, 2.0, -2.0, 0.5, 4.0, -1.0, -0.5, -4.0, -3.0])
    rng = np.random.default_rng(3)
    X = rng.normal(size=(1500, 2))
    y = model.labels(model.draw(truth, X, rng))
    estimator = MixtureOfExpertsClassifier(gate="softmax", n_init=2, random_state=0)
    result = select_n_experts(estimator, X, y, n_experts=[1, 2])
    assert result.best_n_experts == 2
    assert result.margin > 10
