"""Failures, progress, and what a comparison gives out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.transfer.compare.strategies import LINEAR, NAMES, compare
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import LabelRefinementRegressor, SourceOnlyRegressor, WeakTrainingRegressor


class Breaks(WeakTrainingRegressor):
    """Fits as long as it sees all 300 target rows."""

    def fit(self, X, y, *, y_weak=None, sample_domain=None, sample_weight=None):
        if (np.asarray(sample_domain) < 0).sum() < 300:
            raise RuntimeError("too few rows\nfor me")
        return super().fit(X, y, y_weak=y_weak, sample_domain=sample_domain)


def test_a_strategy_that_fails_does_not_stop_the_others(data):
    never = WeakTrainingRegressor(KNeighborsRegressor(), source_weight=2.0)
    found = compare(
        data, strategies={"never": never, "breaks": Breaks(), **LINEAR}, y_gold=data.y_gold
    )
    assert "estimator must take sample_weight" in found["never"].failure
    assert found["breaks"].failure == "with fold 1 of 5 held out: RuntimeError: too few rows"
    assert np.isnan(found["never"].error) and np.isnan(found["breaks"].error)
    assert "never" not in found.estimators_ and "breaks" in found.estimators_
    assert found.trusted_ == "weak training"
    assert "never failed: ValueError: estimator must take" in str(found).replace("\n    ", " ")


class Gaps(LinearRegression):
    """Predicts nothing where it would err most."""

    def predict(self, X):
        found = super().predict(X)
        found[np.abs(X[:, 0]) > 0.5] = np.nan
        return found


def test_a_prediction_without_a_loss_is_a_failure(data):
    gaps = SourceOnlyRegressor(Gaps())
    far = SourceOnlyRegressor(DummyRegressor(strategy="constant", constant=1e200))
    found = compare(data, strategies={"gaps": gaps, "far": far, **LINEAR}, y_gold=data.y_gold, cv=2)
    said = "with fold 1 of 2 held out: ValueError: predict must return numbers of finite loss; "
    assert found["gaps"].failure.startswith(said + "found a loss of nan in row")
    assert found["far"].failure.startswith(said + "found a loss of inf in row")
    assert np.isnan(found["gaps"].error) and np.isnan(found.losses_["gaps"]).all()
    assert found.trusted_ == "weak training"


class Tells(WeakTrainingRegressor):
    """With a log-density of weak labels that is one value in its last row."""

    def __init__(self, last=0.0):
        super().__init__()
        self.last = last

    def weak_log_prob(self, X, y_weak):
        return np.where(np.arange(len(X)) < len(X) - 1, -1.0, self.last)


def test_an_impossible_weak_label_is_not_left_out(data):
    tellers = {"sure": Tells(-np.inf), "lost": Tells(np.nan), "fair": Tells(-1.0)}
    found = compare(data, strategies=tellers, cv=2)
    assert found["sure"].weak_log_likelihood == -np.inf and not found["sure"].failure
    assert np.isnan(found["sure"].weak_log_likelihood_lower)
    assert "weak_log_prob must return log-densities below infinity; found nan in row" in (
        found["lost"].failure
    )
    assert found["fair"].weak_log_likelihood == -1.0
    assert "-inf" in str(found)
    assert found.to_dict()["strategies"][0]["weak_log_likelihood"] is None


def test_a_search_answers_for_the_best_it_found(data):
    halves = ShuffleSplit(1, test_size=0.5, random_state=0)
    search = GridSearchCV(Tells(), {"last": [-3.0]}, cv=halves)
    inside = make_pipeline(StandardScaler(), search)
    found = compare(data, strategies={"plain": Tells(-3.0), "search": search, "in": inside}, cv=2)
    assert [row.failure for row in found.table] == ["", "", ""]
    assert len({row.weak_log_likelihood for row in found.table}) == 1
    assert found["search"].diagnostics == found["plain"].diagnostics != ()


def test_a_search_that_fails_says_why(data):
    search = GridSearchCV(WeakTrainingRegressor(), {"source_weight": [0.5, -1.0]}, cv=KFold(2))
    found = compare(data, strategies={"search": search, **LINEAR}, cv=2)
    assert found["search"].failure.startswith("ValueError: All the 4 fits failed. ValueError: samp")


def test_all_strategies_may_fail(data):
    never = WeakTrainingRegressor(KNeighborsRegressor(), source_weight=2.0)
    found = compare(data, strategies={"never": never}, y_gold=data.y_gold)
    assert found.trusted_ is None and found.recommendation[0].startswith("Trust none")
    assert "never failed" in str(found)


def test_progress_runs_to_its_end(data):
    calls = []
    compare(
        data,
        strategies={"breaks": Breaks(), **LINEAR},
        cv=3,
        progress=lambda *call: calls.append(call),
    )
    assert [total for *_, total in calls] == [16] * len(calls)
    done = [done for _, done, _ in calls]
    assert done == sorted(done) and done[-1] == 16
    assert list(dict.fromkeys(stage for stage, *_ in calls)) == ["breaks", *LINEAR]


def test_what_it_gives_out(comparison):
    text = str(comparison)
    for name in NAMES:
        assert name in text
    assert "Trust concept deconvolution" in text and "log q(y'|x)" in text
    found = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert found["trusted"] == "concept deconvolution"
    assert [row["strategy"] for row in found["strategies"]] == NAMES
    assert found["strategies"][2]["weak_log_likelihood"] is None
    assert found["strategies"][0]["diagnostics"][0]["name"] == "source rows"
    frame = comparison.to_frame()
    assert list(frame.index) == NAMES
    assert frame.loc["oracle", "error"] == comparison["oracle"].error
    with pytest.raises(KeyError, match="strategy must be one of concept deconvolution"):
        comparison["magic"]


def test_warnings_of_a_fit_are_kept_and_not_shown(data, recwarn):
    short = MixtureOfExpertsRegressor(3, n_init=1, max_iter=2, random_state=0)
    found = compare(
        data,
        strategies={"refinement": LabelRefinementRegressor(short, LinearRegression())},
        cv=2,
        y_gold=data.y_gold,
    )
    assert not [w for w in recwarn if issubclass(w.category, UserWarning)]
    failed = {check.name for check in found["refinement"].failed_checks}
    assert "source: convergence" in failed
