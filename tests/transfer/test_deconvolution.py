"""Algorithm 1 recovers the target's law, whatever is missing or permuted (theory 6.2 to 6.7)."""

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

from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.exceptions import AmbiguousMatchingWarning
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionClassifier,
    ConceptDeconvolutionRegressor,
    LabelRefinementRegressor,
    TargetKFold,
    WeakTrainingRegressor,
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


def regressor(n_experts=3, n_init=3, **kwargs):
    names = ("matching", "distance", "random_state")
    own = {"random_state": 0} | {name: kwargs.pop(name) for name in names if name in kwargs}
    source_model = MixtureOfExpertsRegressor(n_experts, n_init=n_init, **kwargs)
    return ConceptDeconvolutionRegressor(source_model, **own)


def classifier(n_experts=2, n_init=3, **kwargs):
    source_model = MixtureOfExpertsClassifier(n_experts, n_init=n_init, **kwargs)
    return ConceptDeconvolutionClassifier(source_model, random_state=0)


def fit(model, data, **changed):
    given = {"y_weak": data.y_weak, "sample_domain": data.sample_domain} | changed
    X, y = given.pop("X", data.X), given.pop("y", data.y)
    return model.fit(X, y, **given)


def squared_error(model, test):
    return float(np.mean((model.predict(test.X) - test.target_mean) ** 2))


@pytest.fixture(scope="module")
def data():
    return make_latent_concept_shift(400, 400, n_features=2, n_experts=2, random_state=2)


@pytest.fixture(scope="module")
def classes():
    return make_latent_concept_shift(
        1500, 1500, n_features=2, n_experts=2, expert="multinomial", random_state=1
    )


# --- it finds the truth ---------------------------------------------------------------------------


@pytest.mark.parametrize("expert", ["gaussian", "poisson"])
@pytest.mark.parametrize("gate", ["constant", "softmax", "gaussian"])
def test_experts_prior_and_predictions_are_recovered(expert, gate):
    data = make_latent_concept_shift(
        3000, 3000, n_features=2, n_experts=2, expert=expert, gate=gate, random_state=4
    )
    model = fit(regressor(2, expert=expert, gate=gate), data)
    truth = data.coef[:, 0], data.intercept[:, 0]
    strong = model.mixture_
    found = strong.coef_[:, 0], strong.intercept_[:, 0]
    # The order of the source's concepts: by their frequency there.
    order = np.argsort(-data.source_gate.mean(axis=0))
    np.testing.assert_allclose(found[0], truth[0][order], atol=0.1)
    np.testing.assert_allclose(found[1], truth[1][order], atol=0.1)
    target = data.sample_domain < 0
    gate_found = strong.gate_proba(data.X[target])
    assert np.abs(gate_found - data.target_gate[target][:, order]).mean() < 0.04
    np.testing.assert_allclose(
        model.concept_prior_, data.target_gate[target].mean(axis=0)[order], atol=0.04
    )
    weak = model.target_.coef_[model.assignment_, 0]
    np.testing.assert_allclose(weak, data.target_weak_coef[order, 0], atol=0.15)
    scale = data.target_mean[target].var()
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.02 * scale


@pytest.mark.parametrize("expert", ["bernoulli", "multinomial"])
@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_class_probabilities_are_recovered(expert, gate):
    data = make_latent_concept_shift(
        4000, 4000, n_features=2, n_experts=2, expert=expert, gate=gate, random_state=3
    )
    model = fit(classifier(gate=gate), data)
    target = data.sample_domain < 0
    proba = model.predict_proba(data.X[target])
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert np.mean((proba - data.target_proba[target]) ** 2) < 0.004
    source_only = model.source_.predict_proba(data.X[target])[0]
    assert np.mean((source_only - data.target_proba[target]) ** 2) > 0.01
    label = model.predict(data.X[target])
    np.testing.assert_array_equal(label, proba.argmax(axis=1))
    assert model.score(data.X, data.y_gold) == np.mean(model.predict(data.X) == data.y_gold)


@pytest.mark.slow
@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_the_error_falls_like_one_over_n_and_the_others_level_off(gate):
    """Theory 6.7, K = 3, d = 5: rate 1/n for Algorithm 1, a floor for the baselines."""
    sizes = [1000, 8000]
    errors = np.zeros((2, 3, 3))
    for seed in range(3):
        truth = make_latent_concept_shift(1, 1, gate=gate, random_state=seed)
        test = sample_latent_concept_shift(truth, 0, 4000, random_state=99)
        for i, n in enumerate(sizes):
            data = sample_latent_concept_shift(truth, n, n, random_state=seed)
            source_model = MixtureOfExpertsRegressor(3, gate=gate, n_init=1)
            models = (
                ConceptDeconvolutionRegressor(source_model, random_state=0),
                LabelRefinementRegressor(source_model, random_state=0),
                WeakTrainingRegressor(),
            )
            for j, model in enumerate(models):
                errors[i, j, seed] = squared_error(fit(model, data), test)
    mean = errors.mean(axis=2)
    slope = np.log(mean[1] / mean[0]) / np.log(sizes[1] / sizes[0])
    assert slope[0] < -0.8
    assert mean[0, 0] < 0.02 and mean[1, 0] < 0.004
    assert slope[1] > -0.5 and slope[2] > -0.2
    assert mean[1, 1] > 5 * mean[1, 0] and mean[1, 2] > 50 * mean[1, 0]


def test_several_outputs():
    data = make_latent_concept_shift(1500, 1500, n_features=2, n_outputs=2, random_state=0)
    model = fit(regressor(3), data)
    target = data.sample_domain < 0
    assert model.predict(data.X).shape == (3000, 2)
    assert np.mean((model.predict(data.X[target]) - data.target_mean[target]) ** 2) < 0.01
    assert model.source_.coef_.shape == (3, 4, 2)
    # Outputs in other units change no match.
    unit = np.array([1.0, 1000.0])
    scaled = fit(regressor(3), data, y=data.y * unit, y_weak=data.y_weak * unit)
    np.testing.assert_allclose(scaled.predict(data.X), model.predict(data.X) * unit, rtol=1e-4)
    assert scaled.margin_ == pytest.approx(model.margin_, rel=1e-4)


# --- labels that are missing, and rows that do not count ------------------------------------------


def test_gold_labels_are_not_looked_at(data):
    plain = fit(regressor(2), data)
    gold = fit(regressor(2), data, y=data.y_gold)
    np.testing.assert_array_equal(plain.predict(data.X), gold.predict(data.X))


def test_without_weak_labels_in_the_source_strong_experts_are_matched(data):
    source = data.sample_domain > 0
    weak = np.where(source, NAN, data.y_weak)
    model = fit(regressor(2), data, y_weak=weak)
    assert model.source_.coef_.shape == (2, 1, 2)
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.05


def test_missing_entries_drop_out_of_the_likelihood(data):
    random = np.random.default_rng(0)
    source = data.sample_domain > 0
    weak = np.where(random.random(800) < 0.3, NAN, data.y_weak)
    y = np.where(source & (random.random(800) < 0.3), NAN, data.y)
    model = fit(regressor(2), data, y=y, y_weak=weak)
    Y = np.column_stack([y, weak])[source]
    assert model.source_.log_likelihood(data.X[source], Y) == pytest.approx(
        model.source_.lower_bound_ * model.source_.n_rows_
    )
    kept = ~source & ~np.isnan(weak)
    assert model.target_.log_likelihood(data.X[kept], weak[kept]) == pytest.approx(
        model.target_.lower_bound_ * kept.sum()
    )
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.05


def test_source_rows_without_any_label_change_nothing(data):
    X = np.concatenate([data.X, data.X[:50] + 9.0])
    pad = np.full(50, NAN)
    model = fit(
        regressor(2),
        data,
        X=X,
        y=np.concatenate([data.y, pad]),
        y_weak=np.concatenate([data.y_weak, pad]),
        sample_domain=np.concatenate([data.sample_domain, np.ones(50, dtype=int)]),
    )
    np.testing.assert_array_equal(model.predict(data.X), fit(regressor(2), data).predict(data.X))


def test_the_prior_is_over_all_target_rows(data):
    """A target row without weak label still has an x over which the gate is averaged."""
    target = np.flatnonzero(data.sample_domain < 0)
    weak = data.y_weak.copy()
    weak[target[:150]] = NAN
    soft = make_latent_concept_shift(400, 400, n_features=2, n_experts=2, gate="softmax")
    weak_soft = np.where(np.isnan(weak), NAN, soft.y_weak)
    model = fit(regressor(2, gate="softmax"), soft, y_weak=weak_soft)
    omega = model.mixture_.gate_proba(soft.X[soft.sample_domain < 0])
    np.testing.assert_allclose(model.concept_prior_, omega.mean(axis=0))


def test_the_order_of_rows_changes_nothing(data):
    order = np.random.default_rng(0).permutation(800)
    one = fit(regressor(2), data)
    two = fit(
        regressor(2),
        data,
        X=data.X[order],
        y=data.y[order],
        y_weak=data.y_weak[order],
        sample_domain=data.sample_domain[order],
    )
    np.testing.assert_allclose(two.predict(data.X), one.predict(data.X), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(one.assignment_, two.assignment_)


def test_a_weight_of_two_is_the_row_twice(data):
    weight = np.random.default_rng(0).integers(0, 3, 800)
    rows = np.repeat(np.arange(800), weight)
    one = fit(regressor(2), data, sample_weight=weight.astype(float))
    two = fit(
        regressor(2),
        data,
        X=data.X[rows],
        y=data.y[rows],
        y_weak=data.y_weak[rows],
        sample_domain=data.sample_domain[rows],
    )
    np.testing.assert_allclose(one.predict(data.X), two.predict(data.X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one.concept_prior_, two.concept_prior_, rtol=1e-6)
    assert one.margin_ == pytest.approx(two.margin_, rel=1e-5)


def test_without_a_shift_it_is_the_source_mixture(data):
    source = data.sample_domain > 0
    X, y = data.X[source], data.y[source]
    model = regressor(2).fit(X, y)
    mixture = MixtureOfExpertsRegressor(2, n_init=3, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.predict(X), mixture.predict(X), atol=1e-3)
    np.testing.assert_allclose(model.predict(X), model.source_.predict(X))
    assert model.target_ is None and np.isnan(model.margin_)
    np.testing.assert_array_equal(model.assignment_, [0, 1])
    with pytest.raises(ValueError, match="weak_log_prob is of the target"):
        model.weak_log_prob(X, y)


# --- matching and gates ---------------------------------------------------------------------------


@pytest.mark.parametrize("matching", ["optimal", "nearest"])
@pytest.mark.parametrize("distance", ["prediction", "parameters"])
def test_matching_options_agree_where_experts_are_far_apart(data, matching, distance):
    model = fit(regressor(2, matching=matching, distance=distance), data)
    reference = fit(regressor(2), data)
    np.testing.assert_array_equal(model.assignment_, reference.assignment_)
    assert model.margin_ > 0


def test_the_omegas_are_written_out():
    """omega_k(x) is proportional to pi^q_a(k) g(x; eta_k), theory 6.4."""
    data = make_latent_concept_shift(800, 800, n_features=2, gate="softmax", random_state=1)
    model = fit(regressor(3, gate="softmax"), data)
    source, target, a = model.source_, model.target_, model.assignment_
    logit = data.X @ source.gate_coef_.T + target.gate_intercept_[a]
    omega = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    mean = data.X @ source.coef_[:, 0].T + source.intercept_[:, 0]
    np.testing.assert_allclose(model.predict(data.X), (omega * mean).sum(axis=1))
    np.testing.assert_allclose(model.mixture_.gate_proba(data.X), omega)


def test_a_tied_gate_differs_from_the_sources_by_the_prior_alone():
    data = make_latent_concept_shift(800, 800, n_features=2, gate="softmax", random_state=1)
    model = fit(regressor(3, gate="softmax"), data)
    odds = np.log(model.target_.gate_proba(data.X)) - np.log(model.source_.gate_proba(data.X))
    log_rho = odds - odds[:, :1]
    np.testing.assert_allclose(log_rho, np.broadcast_to(log_rho[0], log_rho.shape), atol=1e-9)


def test_a_gate_that_is_noise_leaves_the_order_to_the_matching():
    """A softmax gate on data whose gate is constant: the tied gate's order means nothing."""
    for seed in range(2):
        data = make_latent_concept_shift(500, 2000, n_features=3, random_state=seed)
        model = fit(regressor(3, gate="softmax"), data)
        truth = fit(regressor(3), data)
        assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.1
        np.testing.assert_allclose(model.concept_prior_, truth.concept_prior_, atol=0.06)


def test_a_telling_gate_goes_before_the_matching():
    """Weak experts that change places in the target: the gate knows, the matching is misled."""
    truth = make_latent_concept_shift(
        1, 1, n_features=2, n_experts=2, gate="softmax", gate_scale=3.0, random_state=0
    )
    for name in ("coef", "intercept", "scale"):
        truth[f"target_weak_{name}"] = truth[f"source_weak_{name}"][::-1].copy()
    data = sample_latent_concept_shift(truth, 2000, 2000, random_state=1)
    with pytest.warns(AmbiguousMatchingWarning, match="the gate was followed"):
        model = fit(regressor(2, gate="softmax"), data)
    np.testing.assert_array_equal(model.assignment_, [0, 1])
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.02
    assert next(d for d in model.diagnostics_ if d.name == "gate and matching").ok is False


def test_a_spurious_maximum_is_passed_over():
    """Three rows that lie well raise the target's likelihood, but not by a parameter's price."""
    data = make_latent_concept_shift(500, 500, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmbiguousMatchingWarning)
        model = fit(regressor(3, n_init=10), data)
    assert squared_error(model, sample_latent_concept_shift(data, 0, 2000)) < 0.05
    starts = model.target_.start_lower_bounds_
    assert starts.max() > model.target_.lower_bound_
    finding = next(d for d in model.diagnostics_ if d.name == "target: likelihood")
    assert 0 < finding.value <= finding.threshold == model.target_.n_parameters_


def test_an_unclear_matching_is_said_so():
    """Weak experts that drift further than they differ."""
    data = make_latent_concept_shift(
        300, 300, n_features=2, n_experts=2, weak_drift=2.5, random_state=1
    )
    with pytest.warns(AmbiguousMatchingWarning, match="the margin is"):
        model = fit(regressor(2), data)
    assert next(d for d in model.diagnostics_ if d.name == "matching").ok is False


def test_a_single_expert_is_least_squares_on_the_source(data):
    model = fit(regressor(1), data)
    source = data.sample_domain > 0
    design = np.column_stack([np.ones(400), data.X[source]])
    coef = np.linalg.lstsq(design, data.y[source], rcond=None)[0]
    np.testing.assert_allclose(model.predict(data.X), data.X @ coef[1:] + coef[0], atol=1e-8)
    assert model.margin_ == np.inf and model.concept_prior_.tolist() == [1.0]


# --- densities ------------------------------------------------------------------------------------


def test_densities_integrate_to_one_and_have_the_predicted_mean(data):
    model = fit(regressor(2), data)
    grid = np.linspace(-30, 30, 20001)
    x = np.tile([[0.3, -0.7]], (len(grid), 1))
    density = np.exp(model.log_prob(x, grid))
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-6)
    assert np.trapezoid(density * grid, grid) == pytest.approx(model.predict(x[:1])[0], abs=1e-6)
    weak = np.exp(model.weak_log_prob(x, grid))
    assert np.trapezoid(weak, grid) == pytest.approx(1.0, abs=1e-6)


def test_class_densities_are_log_probabilities(classes):
    model = fit(classifier(), classes)
    proba = model.predict_proba(classes.X)
    rows = np.arange(len(proba))
    np.testing.assert_allclose(
        model.log_prob(classes.X, classes.y_gold), np.log(proba[rows, classes.y_gold])
    )
    target = classes.sample_domain < 0
    weak = model.weak_log_prob(classes.X[target], classes.y_weak[target])
    assert weak.mean() == pytest.approx(model.target_.lower_bound_)
    soft = np.eye(3)[classes.y_weak[target]]
    np.testing.assert_allclose(model.weak_log_prob(classes.X[target], soft), weak)


def test_a_missing_label_has_no_density(data, classes):
    model = fit(regressor(2), data)
    np.testing.assert_allclose(model.log_prob(data.X[:3], [NAN] * 3), 0.0, atol=1e-15)
    np.testing.assert_allclose(model.weak_log_prob(data.X[:3], [NAN] * 3), 0.0, atol=1e-15)
    model = fit(classifier(), classes)
    np.testing.assert_allclose(model.log_prob(classes.X[:3], [-1] * 3), 0.0, atol=1e-15)
    with pytest.raises(ValueError, match="y must hold the classes seen in fit"):
        model.log_prob(classes.X[:3], [0, 1, 7])


# --- labels of other types ------------------------------------------------------------------------


def test_class_labels_of_every_type_give_one_fit(classes):
    codes = fit(classifier(), classes)
    names = np.array(["x", "y", "z"], dtype=object)
    y = names[classes.y]
    y[classes.y < 0] = None
    words = fit(classifier(), classes, y=y, y_weak=names[classes.y_weak])
    assert words.classes_.tolist() == ["x", "y", "z"]
    np.testing.assert_array_equal(words.predict(classes.X), names[codes.predict(classes.X)])
    floats = np.where(classes.y < 0, NAN, classes.y)
    soft = fit(classifier(), classes, y=floats, y_weak=np.eye(3)[classes.y_weak])
    np.testing.assert_array_equal(soft.predict_proba(classes.X), codes.predict_proba(classes.X))


def test_soft_weak_labels_are_used_as_such(classes):
    """Probabilities of the weak model, which say more than the labels drawn from them."""
    target = classes.sample_domain < 0
    predictor = np.einsum("kcd,nd->nkc", classes.target_weak_coef, classes.X)
    predictor += classes.target_weak_intercept
    proba = np.exp(predictor - predictor.max(axis=2, keepdims=True))
    proba /= proba.sum(axis=2, keepdims=True)
    soft = proba[np.arange(len(proba)), classes.concept]
    model = fit(classifier(), classes, y_weak=soft)
    error = model.predict_proba(classes.X[target]) - classes.target_proba[target]
    assert np.mean(error**2) < 0.01


# --- manners --------------------------------------------------------------------------------------


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


def test_single_precision_is_near(data):
    one = fit(regressor(2), data)
    two = fit(regressor(2), data, X=data.X.astype(np.float32))
    np.testing.assert_allclose(two.predict(data.X), one.predict(data.X), atol=1e-3)


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


# --- inside pipelines and searches ----------------------------------------------------------------


@pytest.mark.parametrize("routing", [False, True])
def test_pipeline_and_grid_search(data, routing):
    """Routing on hands y_weak and sample_domain through; off, they are named for their step."""
    step = "conceptdeconvolutionregressor"
    pipe = make_pipeline(StandardScaler(), regressor(2, n_init=2))
    prefix = "" if routing else f"{step}__"
    given = {
        f"{prefix}y_weak": data.y_weak,
        f"{prefix}sample_domain": data.sample_domain,
    }
    with sklearn.config_context(enable_metadata_routing=routing):
        pipe.fit(data.X, data.y, **given)
        direct = fit(regressor(2, n_init=2), data, X=StandardScaler().fit_transform(data.X))
        np.testing.assert_allclose(
            pipe.predict(data.X), direct.predict(StandardScaler().fit_transform(data.X))
        )
        grid = {f"{step}__source_model__n_experts": [1, 2]}
        search = GridSearchCV(pipe, grid, cv=TargetKFold(3), error_score="raise")
        groups = {} if routing else {"groups": data.sample_domain}
        search.fit(data.X, data.y_gold, **groups, **given)
        scores = cross_validate(
            pipe,
            data.X,
            data.y_gold,
            cv=TargetKFold(3),
            params=given,
            error_score="raise",
            **groups,
        )
    assert search.best_params_[f"{step}__source_model__n_experts"] == 2
    assert scores["test_score"].mean() > 0.2


def test_ordinary_folds_score_the_rows_that_have_a_label(data):
    scores = cross_validate(
        regressor(2, n_init=2),
        data.X,
        data.y,
        cv=KFold(4, shuffle=True, random_state=0),
        error_score="raise",
        params={"y_weak": data.y_weak, "sample_domain": data.sample_domain},
    )
    assert len(scores["test_score"]) == 4
    target = data.sample_domain < 0
    model = fit(regressor(2), data)
    with pytest.raises(ValueError, match="y must have at least one label to score with"):
        model.score(data.X[target], data.y[target])
    assert model.score(data.X, data.y) == model.score(data.X[~target], data.y[~target])
