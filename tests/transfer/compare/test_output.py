"""Failures, progress, and what a comparison gives out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from tests.transfer.compare.strategies import LINEAR, NAMES, compare
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import LabelRefinementRegressor, WeakTrainingRegressor


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
