"""What a comparison takes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.transfer.compare.strategies import LINEAR, NAMES, QUICK, compare
from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    OracleRegressor,
    TargetKFold,
    WeakTrainingClassifier,
    compare_strategies,
)
from w2s_stats.transfer._default_strategies import default_strategies


@pytest.mark.parametrize("routing", [False, True])
def test_pipelines_are_strategies(data, routing):
    inner = ConceptDeconvolutionRegressor(QUICK, random_state=0)
    folds = TargetKFold(2)
    with sklearn.config_context(enable_metadata_routing=routing):
        found = compare(
            data,
            strategies={
                "plain": inner,
                "scaled": make_pipeline(StandardScaler(), inner),
                "oracle": make_pipeline(StandardScaler(), OracleRegressor()),
            },
            y_gold=data.y_gold,
            cv=folds,
        )
    assert not any(row.failure for row in found.table)
    assert found["scaled"].error == pytest.approx(found["plain"].error, rel=1e-3)
    assert found["scaled"].weak_log_likelihood == pytest.approx(
        found["plain"].weak_log_likelihood, rel=1e-3
    )
    assert found["scaled"].diagnostics and found["oracle"].is_oracle


@pytest.mark.parametrize("routing", [False, True])
def test_searches_are_strategies(data, routing):
    """One that tries one thing is that thing; an oracle within sees gold labels."""
    oracle, folds = OracleRegressor(), KFold(2, shuffle=True, random_state=0)
    with sklearn.config_context(enable_metadata_routing=routing):
        found = compare(
            data,
            strategies={
                "plain": oracle,
                "search": GridSearchCV(oracle, {"estimator": [None]}, cv=folds),
                "of pipelines": GridSearchCV(
                    make_pipeline(StandardScaler(), oracle), {"verbose": [False]}, cv=folds
                ),
            },
            y_gold=data.y_gold,
            cv=TargetKFold(2),
        )
    assert [row.failure for row in found.table] == ["", "", ""]
    assert all(row.is_oracle for row in found.table)
    assert found["search"].error == found["plain"].error
    assert found["of pipelines"].error == pytest.approx(found["plain"].error)


def test_data_frames(data):
    frame = pd.DataFrame(data.X, columns=["a", "b"])
    found = compare_strategies(
        frame,
        data.y,
        y_weak=pd.Series(data.y_weak),
        y_gold=pd.Series(data.y_gold),
        strategies=LINEAR,
        random_state=0,
    )
    plain = compare(data, strategies=LINEAR, y_gold=data.y_gold)
    assert found["oracle"].error == plain["oracle"].error
    assert list(found.estimators_["oracle"].feature_names_in_) == ["a", "b"]


def test_several_outputs():
    data = make_latent_concept_shift(80, 80, n_outputs=2, n_experts=2, random_state=0)
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold)
    target = data.sample_domain < 0
    own = ((data.y_weak - data.y_gold)[target] ** 2).mean()
    assert found.weak_labels.mean == pytest.approx(own)
    assert not any(row.failure for row in found.table)


@pytest.fixture(scope="module")
def classes():
    return make_latent_concept_shift(
        200, 150, n_features=2, n_experts=2, expert="multinomial", random_state=0
    )


def test_classes(classes):
    model = MixtureOfExpertsClassifier(2, n_init=1, max_iter=20)
    found = compare(classes, y_gold=classes.y_gold, source_model=model, cv=2)
    assert [row.strategy for row in found.table] == NAMES
    assert not any(row.failure for row in found.table)
    assert found.metric == "error rate"
    target = classes.sample_domain < 0
    wrong = (classes.y_weak != classes.y_gold)[target]
    assert found.weak_labels.mean == pytest.approx(wrong.mean())
    assert found.weak_labels.method == "Wilson"
    for values in found.losses_.values():
        assert set(values[target]) == {0.0, 1.0}


@pytest.mark.parametrize("kind", ["numbers", "names", "probabilities"])
def test_labels_of_classes_in_every_form(classes, kind):
    names = np.array(["cat", "dog", "owl"], dtype=object)
    y, y_weak, y_gold = classes.y, classes.y_weak, classes.y_gold
    if kind == "names":
        y = np.where(y < 0, None, names[y])
        y_weak, y_gold = names[y_weak], names[y_gold]
    if kind == "probabilities":
        y_weak = 0.7 * np.eye(3)[y_weak] + 0.1
    strategies = {"weak training": WeakTrainingClassifier()}
    found = compare(
        classes, y=y, y_weak=y_weak, y_gold=y_gold, strategies=strategies, cv=TargetKFold(3)
    )
    plain = compare(classes, y_gold=classes.y_gold, strategies=strategies, cv=TargetKFold(3))
    assert not found["weak training"].failure
    assert found.weak_labels.mean == plain.weak_labels.mean
    tolerance = 0.1 if kind == "probabilities" else 0.0
    assert found["weak training"].error == pytest.approx(
        plain["weak training"].error, abs=tolerance
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y_weak": None}, "y_weak must be given"),
        ({"y_weak": np.full(600, np.nan)}, "y_weak must be observed"),
        ({"y_weak": np.zeros(5)}, "y_weak must have a row for each"),
        ({"y_gold": np.zeros(5)}, "y_gold must have a row for each of the 600 rows of X; found 5"),
        ({"sample_domain": np.ones(600, int)}, "sample_domain must mark at least one target row"),
        ({"sample_domain": -np.ones(600, int)}, "sample_domain must mark at least one source row"),
        ({"sample_weight": -np.ones(600)}, "sample_weight must be zero or positive"),
        ({"cv": 1}, "cv must be a splitter, or a number of folds from 2 to"),
        ({"cv": 301}, "cv must be a splitter, or a number of folds from 2 to"),
        ({"cv": "five"}, "cv must be a splitter"),
        ({"interval": "exact"}, "interval must be one of t, bootstrap"),
        ({"confidence_level": 95}, "confidence_level must be between 0 and 1; found 95"),
        ({"task": "ranking"}, "task must be one of regression, classification"),
        (
            {"strategies": ["magic"]},
            "strategies must be a dict of estimators, or some of the names",
        ),
        ({"strategies": ["oracle"]}, "there are no gold labels for the oracle"),
        ({"strategies": "oracle"}, "strategies must be a dict"),
        ({"n_experts": 0}, "'n_experts' parameter of MixtureOfExpertsRegressor must be an int"),
        ({"source_model": LinearRegression()}, "source_model must be a MixtureOfExpertsRegressor"),
        (
            {"source_model": MixtureOfExpertsClassifier(), "task": "regression"},
            "source_model must be a MixtureOfExpertsRegressor for regression",
        ),
        ({"strategies": {}}, "strategies must hold at least one strategy"),
    ],
)
def test_bad_input_is_told_in_one_sentence(data, change, said):
    with pytest.raises(ValueError, match=said) as caught:
        compare(data, **change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("n_source", "n_experts", "said"),
    [
        (5, 6, "distinct labelled rows in the source, 5; found 6"),
        (300, 6, "distinct labelled rows in the smallest training fold of the target, 5; found 6"),
    ],
)
def test_more_experts_than_rows_are_refused_before_any_fit(data, n_source, n_experts, said):
    rows = np.r_[:n_source, 300:310]
    kept = {"y_weak": data.y_weak[rows], "sample_domain": data.sample_domain[rows], "cv": 2}
    fits = []
    with pytest.raises(ValueError, match=f"^n_experts must not exceed the number of {said}"):
        compare_strategies(
            data.X[rows],
            data.y[rows],
            n_experts=n_experts,
            progress=lambda *call: fits.append(call),
            **kept,
        )
    assert not fits


@pytest.mark.parametrize(
    ("model", "linear"),
    [
        (MixtureOfExpertsRegressor(2), True),
        (MixtureOfExpertsRegressor(2, expert=["gaussian", "gaussian"]), True),
        (MixtureOfExpertsRegressor(2, gate="softmax"), False),
        (MixtureOfExpertsRegressor(2, expert="poisson"), False),
        (MixtureOfExpertsClassifier(2), False),
    ],
)
def test_students_can_represent_what_the_source_model_can(model, linear):
    chosen = default_strategies(model, 0, oracle=True)
    assert list(chosen) == NAMES
    for name in ("label refinement", "weak training"):
        assert (chosen[name].estimator is None) == linear
        assert linear or chosen[name].estimator.get_params() == model.get_params()
    for name in ("source only", "oracle"):
        assert chosen[name].estimator is model
