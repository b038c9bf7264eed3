"""Weak training has the limit of theory 6.5; only the oracle looks at gold labels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    OracleClassifier,
    OracleRegressor,
    SourceOnlyClassifier,
    SourceOnlyRegressor,
    WeakTrainingClassifier,
    WeakTrainingRegressor,
)

REGRESSORS = [OracleRegressor, SourceOnlyRegressor, WeakTrainingRegressor]
CLASSIFIERS = [OracleClassifier, SourceOnlyClassifier, WeakTrainingClassifier]


@parametrize_with_checks([strategy() for strategy in REGRESSORS + CLASSIFIERS])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def real():
    return make_latent_concept_shift(120, 90, n_features=3, n_experts=2, random_state=0)


@pytest.fixture(scope="module")
def classes():
    return make_latent_concept_shift(
        150, 120, n_features=2, n_experts=2, expert="multinomial", random_state=1
    )


def fit(strategy, data, y=None, **kwargs):
    y = data.y if y is None else y
    return strategy.fit(data.X, y, y_weak=data.y_weak, sample_domain=data.sample_domain, **kwargs)


# --- theory 6.5 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source_weight", [0.0, 0.3, 1.0, 7.0])
def test_weak_training_is_least_squares_on_both_samples(real, source_weight):
    model = fit(WeakTrainingRegressor(source_weight=source_weight), real)
    target = real.sample_domain < 0
    weight = np.where(target, 1.0, source_weight)
    labels = np.where(target, real.y_weak, real.y)
    design = np.column_stack([np.ones(len(labels)), real.X])
    beta = np.linalg.solve(design.T @ (weight[:, None] * design), design.T @ (weight * labels))
    np.testing.assert_allclose(model.predict(real.X), design @ beta, rtol=1e-9)


@pytest.mark.parametrize("source_weight", [0.0, 0.25, 1.0, 4.0])
def test_its_limit_mixes_the_regression_functions(source_weight):
    """Without noise, and with the same x in both domains, the limit is there exactly."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3))
    p, q, q_weak = (x @ random.normal(size=3) + random.normal() for _ in range(3))
    n_p, n_q = 3 * 40, 2 * 40
    X = np.concatenate([x] * 5)
    model = WeakTrainingRegressor(source_weight=source_weight).fit(
        X,
        np.concatenate([*[p] * 3, *[np.full(40, np.nan)] * 2]),
        y_weak=np.concatenate([*[np.full(40, np.nan)] * 3, *[q_weak] * 2]),
    )
    eta = source_weight * n_p / (n_q + source_weight * n_p)
    assert model.source_share_ == pytest.approx(eta)
    np.testing.assert_allclose(model.predict(x), eta * p + (1 - eta) * q_weak, atol=1e-10)
    error = np.mean((model.predict(x) - q) ** 2)
    assert error == pytest.approx(np.mean((eta * (q - p) + (1 - eta) * (q - q_weak)) ** 2))


def test_the_limit_in_a_concept_shift():
    data = make_latent_concept_shift(20_000, 10_000, random_state=0)
    model = fit(WeakTrainingRegressor(source_weight=2.0), data)
    eta = 0.8
    p = data.source_prior @ data.coef[:, 0], data.source_prior @ data.intercept[:, 0]
    q = (
        data.target_prior @ data.target_weak_coef[:, 0],
        data.target_prior @ data.target_weak_intercept[:, 0],
    )
    assert model.source_share_ == pytest.approx(eta)
    np.testing.assert_allclose(model.estimator_.coef_, eta * p[0] + (1 - eta) * q[0], atol=0.05)
    assert model.estimator_.intercept_ == pytest.approx(eta * p[1] + (1 - eta) * q[1], abs=0.05)


# --- who sees what --------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", REGRESSORS)
def test_gold_labels_reach_the_oracle_only_real(real, strategy):
    target = real.sample_domain < 0
    other = np.where(target, 10.0 - real.y_gold, real.y_gold)
    same = np.array_equal(
        fit(strategy(), real, real.y_gold).predict(real.X),
        fit(strategy(), real, other).predict(real.X),
    )
    assert same == (strategy is not OracleRegressor)
    if strategy is not OracleRegressor:
        hidden = fit(strategy(), real).predict(real.X)
        np.testing.assert_array_equal(fit(strategy(), real, other).predict(real.X), hidden)


@pytest.mark.parametrize("strategy", CLASSIFIERS)
def test_gold_labels_reach_the_oracle_only_classes(classes, strategy):
    target = classes.sample_domain < 0
    other = np.where(target, 2 - classes.y_gold, classes.y_gold)
    proba = [fit(strategy(), classes, y).predict_proba(classes.X) for y in (classes.y_gold, other)]
    assert np.array_equal(*proba) == (strategy is not OracleClassifier)
    if strategy is not OracleClassifier:
        hidden = fit(strategy(), classes).predict_proba(classes.X)
        np.testing.assert_array_equal(proba[0], hidden)


def test_the_oracle_fits_gold_labels_and_the_source_the_source(real):
    target = real.sample_domain < 0
    for strategy, rows in [(OracleRegressor, target), (SourceOnlyRegressor, ~target)]:
        expected = LinearRegression().fit(real.X[rows], real.y_gold[rows]).predict(real.X)
        found = fit(strategy(), real, real.y_gold).predict(real.X)
        np.testing.assert_allclose(found, expected)


def test_an_oracle_with_some_gold_labels(real):
    y = real.y_gold.copy()
    y[real.sample_domain < 0] = np.nan
    rows = np.flatnonzero(real.sample_domain < 0)[::3]
    y[rows] = real.y_gold[rows]
    expected = LinearRegression().fit(real.X[rows], y[rows]).predict(real.X)
    np.testing.assert_allclose(fit(OracleRegressor(), real, y).predict(real.X), expected)


@pytest.mark.parametrize("strategy", REGRESSORS)
def test_without_a_target_all_are_the_source_fit(real, strategy):
    source = real.sample_domain >= 0
    X, y = real.X[source], real.y[source]
    expected = Ridge(10.0).fit(X, y).predict(X)
    np.testing.assert_array_equal(strategy(Ridge(10.0)).fit(X, y).predict(X), expected)


def test_without_a_target_the_source_weight_does_nothing(real):
    source = real.sample_domain >= 0
    X, y = real.X[source], real.y[source]
    model = WeakTrainingRegressor(Ridge(10.0), source_weight=0.1).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), Ridge(10.0).fit(X, y).predict(X))
    assert model.source_share_ == 1.0


def test_rows_without_weak_labels_drop_out(real):
    y_weak = real.y_weak.copy()
    gone = np.flatnonzero(real.sample_domain < 0)[:50]
    y_weak[gone] = np.nan
    keep = np.setdiff1d(np.arange(len(y_weak)), gone)
    model = WeakTrainingRegressor().fit(
        real.X, real.y, y_weak=y_weak, sample_domain=real.sample_domain
    )
    without = WeakTrainingRegressor().fit(
        real.X[keep],
        real.y[keep],
        y_weak=y_weak[keep],
        sample_domain=real.sample_domain[keep],
    )
    np.testing.assert_allclose(model.predict(real.X), without.predict(real.X))


def test_several_outputs():
    data = make_latent_concept_shift(80, 60, n_outputs=2, n_experts=2, random_state=0)
    both = fit(WeakTrainingRegressor(), data).predict(data.X)
    for output in range(2):
        one = WeakTrainingRegressor().fit(
            data.X,
            data.y[:, output],
            y_weak=data.y_weak[:, output],
            sample_domain=data.sample_domain,
        )
        np.testing.assert_allclose(both[:, output], one.predict(data.X))


# --- classes --------------------------------------------------------------------------------------


def test_certain_probabilities_are_labels(classes):
    hard = fit(WeakTrainingClassifier(), classes).predict_proba(classes.X)
    soft = WeakTrainingClassifier().fit(
        classes.X,
        classes.y,
        y_weak=np.eye(3)[classes.y_weak],
        sample_domain=classes.sample_domain,
    )
    np.testing.assert_allclose(soft.predict_proba(classes.X), hard)


def test_probabilities_are_fractions_of_rows(classes):
    target = classes.sample_domain < 0
    proba = np.random.default_rng(0).dirichlet(np.ones(3), size=len(classes.X))
    model = WeakTrainingClassifier(source_weight=0.5).fit(
        classes.X, classes.y, y_weak=proba, sample_domain=classes.sample_domain
    )
    X = np.concatenate([classes.X[~target], *[classes.X[target]] * 3])
    y = np.concatenate([classes.y[~target], np.repeat([0, 1, 2], target.sum())])
    weight = np.concatenate([np.full((~target).sum(), 0.5), proba[target].T.ravel()])
    expected = LogisticRegression(max_iter=1000).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        model.predict_proba(classes.X), expected.predict_proba(classes.X), atol=1e-4
    )


def test_names_of_classes_come_back(classes):
    names = np.array(["cat", "dog", "owl"], dtype=object)
    y = np.where(classes.y < 0, None, names[classes.y])
    model = WeakTrainingClassifier().fit(classes.X, y, y_weak=names[classes.y_weak])
    assert list(model.classes_) == list(names)
    assert set(model.predict(classes.X)) <= set(names)
    numbers = fit(WeakTrainingClassifier(), classes).predict(classes.X)
    np.testing.assert_array_equal(model.predict(classes.X), names[numbers])


def test_a_class_that_the_source_lacks_has_probability_zero(classes):
    y = np.where(classes.y == 2, 1, classes.y)
    with pytest.warns(UserWarning, match="labels that y never has"):
        model = fit(SourceOnlyClassifier(), classes, y)
    assert list(model.classes_) == [0, 1, 2]
    proba = model.predict_proba(classes.X)
    assert (proba[:, 2] == 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)


# --- the estimator inside -------------------------------------------------------------------------


def test_an_estimator_without_weights_is_for_rows_of_weight_one(real):
    nearest = KNeighborsRegressor(1)
    target = real.sample_domain < 0
    model = fit(WeakTrainingRegressor(nearest), real)
    np.testing.assert_allclose(model.predict(real.X[target]), real.y_weak[target])
    for refused in [
        lambda: fit(WeakTrainingRegressor(nearest, source_weight=2.0), real),
        lambda: fit(SourceOnlyRegressor(nearest), real, sample_weight=np.full(210, 2.0)),
    ]:
        with pytest.raises(ValueError, match=r"estimator must take.*KNeighborsRegressor"):
            refused()


def test_pipelines_and_searches_get_their_weights(real):
    scaled = make_pipeline(StandardScaler(), LinearRegression())
    expected = fit(WeakTrainingRegressor(source_weight=3.0), real).predict(real.X)
    for inside in (
        scaled,
        GridSearchCV(LinearRegression(), {"positive": [False]}, cv=2),
        GridSearchCV(scaled, {"verbose": [False]}, cv=2),
    ):
        found = fit(WeakTrainingRegressor(inside, source_weight=3.0), real).predict(real.X)
        np.testing.assert_allclose(found, expected)


def test_the_seed_reaches_what_is_inside(real):
    trees = [
        fit(SourceOnlyRegressor(DecisionTreeRegressor(max_features=1), random_state=seed), real)
        for seed in (0, 0, 1)
    ]
    predictions = [tree.predict(real.X) for tree in trees]
    np.testing.assert_array_equal(predictions[0], predictions[1])
    assert not np.array_equal(predictions[0], predictions[2])
    fixed = DecisionTreeRegressor(random_state=5)
    assert fit(SourceOnlyRegressor(fixed, random_state=0), real).estimator_.random_state == 5


def test_methods_are_those_of_the_estimator(real, classes):
    mixture = MixtureOfExpertsRegressor(2, n_init=2, random_state=0)
    model = fit(SourceOnlyRegressor(mixture), real)
    np.testing.assert_allclose(
        model.log_prob(real.X, real.y_gold), model.estimator_.log_prob(real.X, real.y_gold)
    )
    assert not hasattr(SourceOnlyRegressor(), "log_prob")
    assert not hasattr(SourceOnlyClassifier(RidgeClassifier()), "predict_proba")
    assert fit(SourceOnlyClassifier(RidgeClassifier()), classes).score(classes.X, classes.y) > 0.3


def test_diagnostics_tell_biased_weak_labels(real):
    names = {found.name: found for found in fit(WeakTrainingRegressor(), real).diagnostics_}
    assert names["weak bias"].ok is False
    few = fit(OracleRegressor(), real, real.y_gold).diagnostics_
    assert [found.name for found in few] == ["labelled rows"]
    assert few[0].value == 90 and few[0].ok


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "change", "said"),
    [
        (WeakTrainingRegressor(), {"y_weak": None}, "y_weak must be given"),
        (WeakTrainingRegressor(), {"y_weak": np.full(210, np.nan)}, "y_weak must be observed"),
        (WeakTrainingRegressor(), {"y_weak": np.zeros(7)}, "y_weak must have a row for each"),
        (WeakTrainingRegressor(), {"sample_domain": -np.ones(210, int)}, "sample_domain must mark"),
        (WeakTrainingRegressor(), {"sample_weight": -np.ones(210)}, "sample_weight must be zero"),
        (OracleRegressor(), {}, "y must hold a gold label in at least one target row"),
        (SourceOnlyRegressor(), {"y": np.full(210, np.nan)}, "y must be observed"),
    ],
)
def test_bad_input_is_told_in_one_sentence(real, strategy, change, said):
    given = {"y": real.y, "y_weak": real.y_weak, "sample_domain": real.sample_domain} | change
    with pytest.raises(ValueError, match=said) as caught:
        strategy.fit(real.X, **given)
    assert "\n" not in str(caught.value)
    assert not hasattr(strategy, "estimator_")


def test_a_negative_source_weight(real):
    with pytest.raises(ValueError, match="'source_weight' parameter"):
        fit(WeakTrainingRegressor(source_weight=-1.0), real)
