"""Algorithm 1 among scikit-learn's estimators: checks, parameters, pipelines and searches."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.transfer.deconvolution.models import fit, regressor
from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionClassifier,
    ConceptDeconvolutionRegressor,
    TargetKFold,
)

NAN = np.nan
ONE_START = {"n_init": 1, "max_iter": 100}


@parametrize_with_checks(
    [
        ConceptDeconvolutionRegressor(MixtureOfExpertsRegressor(**ONE_START), random_state=0),
        ConceptDeconvolutionClassifier(MixtureOfExpertsClassifier(**ONE_START), random_state=0),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_the_source_model_is_left_alone(data):
    source_model = MixtureOfExpertsRegressor(2, n_init=2, expert=["gaussian"])
    before = source_model.get_params()
    model = fit(ConceptDeconvolutionRegressor(source_model, random_state=0), data)
    assert source_model.get_params() == before
    assert not hasattr(source_model, "coef_")
    assert model.source_.expert == ["gaussian", "gaussian"]
    again = fit(clone(model), data)
    np.testing.assert_array_equal(again.predict(data.X), model.predict(data.X))
    thawed = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(thawed.predict(data.X), model.predict(data.X))


def test_its_own_seed_or_the_source_models(data):
    source_model = MixtureOfExpertsRegressor(2, n_init=2, random_state=7)
    one = fit(ConceptDeconvolutionRegressor(source_model), data)
    two = fit(ConceptDeconvolutionRegressor(source_model), data)
    np.testing.assert_array_equal(one.predict(data.X), two.predict(data.X))
    assert one.source_.random_state == 7
    seeded = fit(ConceptDeconvolutionRegressor(source_model, random_state=0), data)
    assert seeded.source_.random_state != 7


def test_feature_names_reach_the_mixtures(data):
    frame = pd.DataFrame(data.X, columns=["age", "dose"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fit(regressor(2), data, X=frame)
        model.predict(frame)
        model.log_prob(frame, data.y_gold)
        model.weak_log_prob(frame, data.y_weak)
        model.mixture_.predict(frame)
    assert any("dose" in name for name in model.source_.param_names_)


def test_single_precision_is_near(data, fitted):
    single = fit(regressor(2), data, X=data.X.astype(np.float32))
    np.testing.assert_allclose(single.predict(data.X), fitted.predict(data.X), atol=1e-3)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (ConceptDeconvolutionRegressor("gmm"), "'source_model' parameter"),
        (ConceptDeconvolutionRegressor(MixtureOfExpertsClassifier()), "'source_model' parameter"),
        (ConceptDeconvolutionRegressor(matching="greedy"), "'matching' parameter"),
        (ConceptDeconvolutionRegressor(distance="kl"), "'distance' parameter"),
        (regressor(2, expert=["gaussian", "poisson"]), "expert must be one family"),
    ],
)
def test_bad_parameters(data, model, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit(model, data)


def test_bad_rows_leave_nothing_half_fitted(data):
    X = data.X.copy()
    X[0, 0] = NAN
    tiny = np.full(800, NAN)
    tiny[-1] = 1.0
    counts = make_latent_concept_shift(50, 50, n_features=1, expert="poisson", random_state=0)
    counts.y_weak[3] = 1.5
    for model, given, sample, sentence in [
        (regressor(2), {"X": X}, data, "X must hold finite numbers; found NaN in row 0, column 0"),
        (regressor(2), {"y_weak": tiny}, data, "needs at least as many distinct rows"),
        (regressor(2), {"y_weak": data.y_weak[:-1]}, data, "y_weak must have a row"),
        (regressor(2, expert="poisson"), {}, counts, "y_weak must hold counts"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            fit(model, sample, **given)
        with pytest.raises(NotFittedError):
            model.predict(sample.X)


@pytest.mark.parametrize("routing", [False, True])
def test_pipeline_and_grid_search(data, routing):
    """Routing on hands y_weak and sample_domain through; off, they are named for their step."""
    step = "conceptdeconvolutionregressor"
    pipe = make_pipeline(StandardScaler(), regressor(2, n_init=1))
    prefix = "" if routing else f"{step}__"
    given = {
        f"{prefix}y_weak": data.y_weak,
        f"{prefix}sample_domain": data.sample_domain,
    }
    with sklearn.config_context(enable_metadata_routing=routing):
        pipe.fit(data.X, data.y, **given)
        direct = fit(regressor(2, n_init=1), data, X=StandardScaler().fit_transform(data.X))
        np.testing.assert_allclose(
            pipe.predict(data.X), direct.predict(StandardScaler().fit_transform(data.X))
        )
        grid = {f"{step}__source_model__n_experts": [1, 2]}
        search = GridSearchCV(pipe, grid, cv=TargetKFold(2), error_score="raise")
        groups = {} if routing else {"groups": data.sample_domain}
        search.fit(data.X, data.y_gold, **groups, **given)
    assert search.best_params_[f"{step}__source_model__n_experts"] == 2
    assert search.best_score_ > 0.2


def test_ordinary_folds_score_the_rows_that_have_a_label(data, fitted):
    scores = cross_validate(
        regressor(2, n_init=1),
        data.X,
        data.y,
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
        params={"y_weak": data.y_weak, "sample_domain": data.sample_domain},
    )
    assert len(scores["test_score"]) == 2 and (scores["test_score"] < 1).all()
    target = data.sample_domain < 0
    with pytest.raises(ValueError, match="compare_strategies judges by held-out weak"):
        fitted.score(data.X[target], data.y[target])
    assert fitted.score(data.X, data.y) == fitted.score(data.X[~target], data.y[~target])
