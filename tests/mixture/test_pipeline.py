"""Mixtures inside Pipeline, GridSearchCV and cross_validate, with metadata routing off and on."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:EM has not converged",
    "ignore:Coefficients grow without bound",
    "ignore:The scoring .* does not support sample_weight",
)

QUICK = {"n_init": 1, "max_iter": 30, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    first = rng.random(200) < 1 / (1 + np.exp(-2 * X[:, 1]))
    y = np.where(first, 2 * X[:, 0], 3 - X[:, 0]) + 0.3 * rng.normal(size=200)
    weight = rng.integers(0, 3, size=200).astype(float)
    return X, y, weight


def log_likelihood_per_row(estimator, X, y):
    return estimator.log_likelihood(X, y) / len(X)


def test_pipeline_is_the_mixture_of_its_features(data):
    X, y, weight = data
    pipeline = make_pipeline(StandardScaler(), MixtureOfExpertsRegressor(gate="softmax", **QUICK))
    pipeline.fit(X, y, mixtureofexpertsregressor__sample_weight=weight)
    features = StandardScaler().fit_transform(X)
    alone = MixtureOfExpertsRegressor(gate="softmax", **QUICK).fit(features, y, weight)
    np.testing.assert_array_equal(pipeline.predict(X), alone.predict(features))
    assert pipeline[-1].lower_bound_ == alone.lower_bound_


def test_pipeline_with_routing(data):
    X, y, weight = data
    mixture = MixtureOfExpertsRegressor(gate="softmax", **QUICK)
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            mixture.set_fit_request(sample_weight=True),
        ).fit(X, y, sample_weight=weight)
    alone = clone(mixture).fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    np.testing.assert_array_equal(pipeline[-1].params_, alone.params_)


def test_feature_names_go_through(data):
    pandas = pytest.importorskip("pandas")
    X, y, _ = data
    frame = pandas.DataFrame(X, columns=["dose", "age"])
    pipeline = make_pipeline(
        PolynomialFeatures(2, include_bias=False).set_output(transform="pandas"),
        MixtureOfExpertsRegressor(**QUICK),
    ).fit(frame, y)
    names = [n for n in pipeline[-1].param_names_ if n.startswith("expert[0]")]
    terms = ["intercept", "dose", "age", "dose^2", "dose age", "age^2", "scale"]
    assert names == [f"expert[0].y0.{term}" for term in terms]


GRID = {"n_experts": [1, 2], "gate": ["constant", "softmax"]}


@pytest.mark.parametrize("routing", [False, True])
def test_grid_search(data, routing):
    X, y, weight = data
    mixture = MixtureOfExpertsRegressor(**QUICK)
    with sklearn.config_context(enable_metadata_routing=routing):
        if routing:
            mixture.set_fit_request(sample_weight=True)
        search = GridSearchCV(
            mixture, GRID, scoring=log_likelihood_per_row, cv=4, error_score="raise"
        )
        search.fit(X, y, sample_weight=weight)
    # y was drawn from two experts whose gate depends on x.
    assert search.best_params_ == {"n_experts": 2, "gate": "softmax"}
    best = MixtureOfExpertsRegressor(**QUICK, **search.best_params_).fit(X, y, weight)
    np.testing.assert_array_equal(search.best_estimator_.params_, best.params_)


@pytest.mark.parametrize("routing", [False, True])
def test_grid_search_over_a_pipeline(data, routing):
    X, y, weight = data
    with sklearn.config_context(enable_metadata_routing=routing):
        mixture = MixtureOfExpertsRegressor(**QUICK)
        scaler = StandardScaler()
        scorer = make_scorer(mean_squared_error, greater_is_better=False)
        key = "mixtureofexpertsregressor__sample_weight"
        if routing:
            scorer.set_score_request(sample_weight=False)
            mixture.set_fit_request(sample_weight=True)
            scaler.set_fit_request(sample_weight=False)
            key = "sample_weight"
        search = GridSearchCV(
            make_pipeline(scaler, mixture),
            {f"mixtureofexpertsregressor__{name}": values for name, values in GRID.items()},
            scoring=scorer,
            cv=4,
            error_score="raise",
        ).fit(X, y, **{key: weight})
    assert search.best_params_["mixtureofexpertsregressor__gate"] == "softmax"
    assert search.predict(X).shape == (200,)


@pytest.mark.parametrize("routing", [False, True])
def test_cross_validate_a_classifier(data, routing):
    X, y, weight = data
    labels = np.where(y > 2, "high", np.where(y > 0, "middle", "low"))
    with sklearn.config_context(enable_metadata_routing=routing):
        mixture = MixtureOfExpertsClassifier(gate="softmax", gate_penalty=0.1, **QUICK)
        if routing:
            mixture.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        result = cross_validate(
            mixture,
            X,
            labels,
            params={"sample_weight": weight},
            scoring=["neg_log_loss", "accuracy"] if not routing else None,
            error_score="raise",
        )
    score = result["test_score" if routing else "test_accuracy"]
    assert np.all(score > 0.5)


def test_out_of_fold_prediction_with_gaps(data):
    X, y, _ = data
    gaps = y.copy()
    gaps[::5] = np.nan
    predicted = cross_val_predict(MixtureOfExpertsRegressor(gate="softmax", **QUICK), X, gaps, cv=4)
    assert np.mean((predicted - y) ** 2) < 0.8 * np.var(y)


def test_one_mixture_for_each_output(data):
    X, y, _ = data
    Y = np.column_stack([y, -y])
    each = MultiOutputRegressor(MixtureOfExpertsRegressor(**QUICK)).fit(X, Y)
    np.testing.assert_allclose(each.predict(X)[:, 0], -each.predict(X)[:, 1], atol=1e-6)
