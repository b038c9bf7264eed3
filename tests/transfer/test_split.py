"""Folds of the target, with metadata routing on and off."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.transfer import TargetKFold, WeakTrainingClassifier, WeakTrainingRegressor


@pytest.fixture(scope="module")
def data():
    return make_latent_concept_shift(60, 40, n_features=2, n_experts=2, random_state=0)


@pytest.mark.parametrize("shuffle", [False, True])
def test_folds_cut_the_target_and_keep_the_source(shuffle):
    random = np.random.default_rng(0)
    domain = random.choice([-2, -1, 0, 3], size=57)
    splitter = TargetKFold(4, shuffle=shuffle, random_state=0 if shuffle else None)
    folds = list(splitter.split(np.zeros((57, 1)), sample_domain=domain))
    assert len(folds) == splitter.get_n_splits() == 4
    source = np.flatnonzero(domain >= 0)
    for train, test in folds:
        assert (domain[test] < 0).all()
        assert np.isin(source, train).all()
        assert sorted([*train, *test]) == list(range(57))
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == list(np.flatnonzero(domain < 0))
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) <= 1


def test_domains_as_groups_and_as_metadata_are_the_same():
    domain = np.tile([1, -1], 10)
    X = np.zeros((20, 1))
    a = TargetKFold(3, shuffle=True, random_state=1).split(X, None, domain)
    b = TargetKFold(3, shuffle=True, random_state=1).split(X, sample_domain=domain)
    for (train_a, test_a), (train_b, test_b) in zip(a, b, strict=True):
        np.testing.assert_array_equal(train_a, train_b)
        np.testing.assert_array_equal(test_a, test_b)


def test_shuffling_is_reproducible():
    domain = -np.ones(30, dtype=int)
    X = np.zeros((30, 1))
    tests = [
        [
            list(test)
            for _, test in TargetKFold(3, shuffle=True, random_state=s).split(X, None, domain)
        ]
        for s in (0, 0, 1)
    ]
    assert tests[0] == tests[1] != tests[2]
    assert tests[0] != [list(test) for _, test in TargetKFold(3).split(X, None, domain)]


def test_repr():
    assert repr(TargetKFold(3)) == "TargetKFold(n_splits=3, random_state=None, shuffle=False)"


@pytest.mark.parametrize("n_splits", [1, 2.5, "3"])
def test_too_few_folds(n_splits):
    with pytest.raises(ValueError, match="n_splits must be an integer of at least 2"):
        TargetKFold(n_splits)


def test_a_seed_without_shuffling():
    with pytest.raises(ValueError, match="random_state must be None unless shuffle=True"):
        TargetKFold(2, random_state=0)


def test_without_domains():
    with pytest.raises(ValueError, match="sample_domain must be passed to TargetKFold"):
        next(TargetKFold(2).split(np.zeros((4, 1))))


def test_fewer_target_rows_than_folds():
    with pytest.raises(ValueError, match="n_splits=3 needs at least as many target rows, found 2"):
        next(TargetKFold(3).split(np.zeros((4, 1)), sample_domain=[1, 1, -1, -1]))


def scores_by_hand(data, splitter):
    """R2 on held-out gold labels of weak training by ridge regression on scaled inputs."""
    scores = []
    for train, test in splitter.split(data.X, sample_domain=data.sample_domain):
        scaler = StandardScaler().fit(data.X[train])
        model = WeakTrainingRegressor(Ridge()).fit(
            scaler.transform(data.X[train]),
            data.y_gold[train],
            y_weak=data.y_weak[train],
            sample_domain=data.sample_domain[train],
        )
        scores.append(model.score(scaler.transform(data.X[test]), data.y_gold[test]))
    return np.array(scores)


def test_cross_validate_with_routing_off(data):
    found = cross_validate(
        make_pipeline(StandardScaler(), WeakTrainingRegressor(Ridge())),
        data.X,
        data.y_gold,
        groups=data.sample_domain,
        params={
            "weaktrainingregressor__y_weak": data.y_weak,
            "weaktrainingregressor__sample_domain": data.sample_domain,
        },
        cv=TargetKFold(4),
        error_score="raise",
    )
    np.testing.assert_allclose(found["test_score"], scores_by_hand(data, TargetKFold(4)))


def test_cross_validate_with_routing_on(data):
    with sklearn.config_context(enable_metadata_routing=True):
        found = cross_validate(
            make_pipeline(StandardScaler(), WeakTrainingRegressor(Ridge())),
            data.X,
            data.y_gold,
            params={"y_weak": data.y_weak, "sample_domain": data.sample_domain},
            cv=TargetKFold(4),
            error_score="raise",
        )
    np.testing.assert_allclose(found["test_score"], scores_by_hand(data, TargetKFold(4)))


@pytest.mark.parametrize("routing", [False, True])
def test_grid_search(data, routing):
    name = "weaktrainingregressor"
    pipeline = make_pipeline(StandardScaler(), WeakTrainingRegressor(Ridge()))
    search = GridSearchCV(
        pipeline,
        {f"{name}__source_weight": [0.0, 1.0, 10.0]},
        cv=TargetKFold(3),
        error_score="raise",
    )
    metadata = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    with sklearn.config_context(enable_metadata_routing=routing):
        if not routing:
            metadata = {f"{name}__{key}": value for key, value in metadata.items()}
            metadata["groups"] = data.sample_domain
        search.fit(data.X, data.y_gold, **metadata)
    assert search.n_splits_ == 3
    # The strong labels of the source mislead under this shift.
    assert search.best_params_ == {f"{name}__source_weight": 0.0}


@pytest.mark.parametrize("routing", [False, True])
def test_grid_search_over_classes(routing):
    data = make_latent_concept_shift(80, 60, n_features=2, expert="bernoulli", random_state=0)
    search = GridSearchCV(
        WeakTrainingClassifier(),
        {"source_weight": [0.0, 1.0]},
        cv=TargetKFold(3),
        error_score="raise",
    )
    metadata = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    with sklearn.config_context(enable_metadata_routing=routing):
        if not routing:
            metadata["groups"] = data.sample_domain
        search.fit(data.X, data.y_gold, **metadata)
    assert 0.5 < search.best_score_ <= 1.0
