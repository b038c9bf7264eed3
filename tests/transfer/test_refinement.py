"""Refined labels, their confusion matrix and what becomes of concept frequencies (theory 6.6)."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from scipy import stats
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    LabelRefinementClassifier,
    LabelRefinementRegressor,
    TargetKFold,
)
from w2s_stats.transfer._posterior import concept_posterior, draw_labels, label_log_density
from w2s_stats.transfer._refinement_model import Refinement

NAN = np.nan
ONE_START = {"n_init": 1, "max_iter": 100}


@parametrize_with_checks(
    [
        LabelRefinementRegressor(MixtureOfExpertsRegressor(**ONE_START), random_state=0),
        LabelRefinementClassifier(MixtureOfExpertsClassifier(**ONE_START), random_state=0),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def regressor(n_experts=2, gate="constant", expert="gaussian", **kwargs):
    source_model = MixtureOfExpertsRegressor(n_experts, gate=gate, expert=expert, n_init=2)
    return LabelRefinementRegressor(source_model, **({"random_state": 0} | kwargs))


def classifier(n_experts=2, **kwargs):
    source_model = MixtureOfExpertsClassifier(n_experts, n_init=2)
    return LabelRefinementClassifier(source_model, random_state=0, **kwargs)


def fit(model, data, **changed):
    given = {"y_weak": data.y_weak, "sample_domain": data.sample_domain} | changed
    X, y = given.pop("X", data.X), given.pop("y", data.y)
    return model.fit(X, y, **given)


@pytest.fixture(scope="module")
def data():
    return make_latent_concept_shift(1000, 1000, n_features=2, n_experts=2, random_state=2)


@pytest.fixture(scope="module")
def fitted(data):
    return fit(regressor(), data)


@pytest.fixture(scope="module")
def classes():
    return make_latent_concept_shift(
        1000, 1000, n_features=2, n_experts=2, expert="multinomial", random_state=1
    )


@pytest.fixture(scope="module")
def fitted_classes(classes):
    return fit(classifier(), classes)


# --- posteriors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("expert", ["gaussian", "poisson"])
@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_one_label_is_refined_by_the_responsibilities_of_y_weak(expert, gate):
    """p(k | x, y') with y missing, as the mixture itself has it."""
    data = make_latent_concept_shift(
        600, 600, n_features=2, n_experts=2, expert=expert, gate=gate, random_state=0
    )
    model = fit(regressor(gate=gate, expert=expert), data)
    weak = data.y_weak[:, None].copy()
    weak[:5] = NAN
    model.source_.set_params(expert="poisson" if expert == "gaussian" else "gaussian")  # too late
    log_density = label_log_density(model.source_, data.X, weak, 1)
    own = concept_posterior(model.source_, data.X, log_density)
    Y = np.column_stack([np.full(1200, NAN), weak])
    np.testing.assert_allclose(own, model.source_.responsibilities(data.X, Y), atol=1e-12)


def test_class_labels_hard_and_soft(fitted_classes, classes):
    source = fitted_classes.source_
    soft = np.random.default_rng(0).dirichlet(np.ones(3), size=len(classes.X))
    log_density = label_log_density(source, classes.X, soft[:, 1:], 1)
    proba = source._expert_proba(classes.X, 1)
    np.testing.assert_allclose(log_density, np.einsum("nc,kcn->nk", soft, np.log(proba)))


def test_a_context_is_a_product_over_its_pairs(fitted, data):
    """Written out for every row, with the same draws; no product underflows."""
    target = data.sample_domain < 0
    X, W = data.X[target], data.y_weak[target][:, None]
    source, weight = fitted.source_, np.ones(len(X))
    found = Refinement(source, 1, 5).posterior(X, W, weight, np.random.RandomState(3))
    random = np.random.RandomState(3)
    pairs = np.column_stack(
        [random.choice(len(X), size=len(X), p=weight / weight.sum()) for _ in range(5)]
    )
    mean = X @ source.coef_[:, 1].T + source.intercept_[:, 1]
    density = stats.norm.pdf(W, mean, source.scale_[:, 1])
    product = source.gate_proba(X) * density[pairs].prod(axis=1)
    np.testing.assert_allclose(found, product / product.sum(axis=1, keepdims=True), atol=1e-9)
    long = Refinement(source, 1, 3000).posterior(X, W, weight, random)
    np.testing.assert_allclose(long.sum(axis=1), 1.0)


def test_with_more_context_all_labels_are_refined_to_one_concept(data):
    model = fit(regressor(context="icl", n_context=100), data)
    assert model.refined_prior_.max() > 0.99
    assert model.diagnostics_[-1].ok is False


def test_a_single_concept_in_the_target_is_what_context_is_for():
    """Consistent if Q has one concept: the student learns that concept's regression."""
    truth = make_latent_concept_shift(
        1, 1, n_features=2, n_experts=2, target_prior=[0.0, 1.0], random_state=0
    )
    data = sample_latent_concept_shift(truth, 3000, 3000, random_state=0)
    test = sample_latent_concept_shift(truth, 0, 2000, random_state=1)
    errors = {}
    for context in ("single", "icl"):
        model = fit(regressor(context=context), data)
        errors[context] = np.mean((model.predict(test.X) - test.target_mean) ** 2)
    assert errors["icl"] < 0.01 < errors["single"]


# --- Proposition 3.2 ------------------------------------------------------------------------------


@pytest.mark.parametrize(("context", "n_context"), [("single", 1), ("icl", 3)])
def test_confusion_by_plain_monte_carlo(data, context, n_context):
    model = fit(regressor(context=context, n_context=n_context), data)
    random = np.random.default_rng(0)
    X = data.X[data.sample_domain < 0]
    source, target = model.source_, model.target_
    rounds, n = 30, len(X)
    expected = np.zeros((2, 2))
    for k in range(2):
        j = model.assignment_[k]
        for _ in range(rounds):
            joint = np.log(source.gate_proba(X))
            for _ in range(n_context):
                at = X if context == "single" else X[random.integers(n, size=n)]
                drawn = at @ target.coef_[j, 0] + target.intercept_[j, 0]
                drawn = drawn + target.scale_[j, 0] * random.standard_normal(n)
                mean = at @ source.coef_[:, 1].T + source.intercept_[:, 1]
                joint = joint + stats.norm.logpdf(drawn[:, None], mean, source.scale_[:, 1])
            resp = np.exp(joint - joint.max(axis=1, keepdims=True))
            expected[k] += (resp / resp.sum(axis=1, keepdims=True)).mean(axis=0) / rounds
    np.testing.assert_allclose(model.confusion_, expected, atol=0.012)
    np.testing.assert_allclose(model.confusion_.sum(axis=1), 1.0)


def test_concept_frequencies_pass_through_the_confusion(fitted):
    """q-hat(k) = sum_k' q(k') P{k | k'} for a constant gate."""
    passed = fitted.concept_prior_ @ fitted.confusion_
    np.testing.assert_allclose(fitted.refined_prior_, passed, atol=0.02)
    finding = fitted.diagnostics_[-1]
    assert finding.name == "refined concepts" and finding.ok is False
    distance = 0.5 * np.abs(fitted.refined_prior_ - fitted.concept_prior_).sum()
    assert finding.value == pytest.approx(distance)


def test_no_shift_is_a_fixed_point():
    """Without a shift the source's posterior is the target's: its mean is the prior."""
    data = make_latent_concept_shift(
        3000, 3000, n_experts=2, target_prior=[0.75, 0.25], random_state=0
    )
    model = fit(regressor(), data)
    assert model.diagnostics_[-1].ok is True
    target = data.sample_domain < 0
    assert np.mean((model.predict(data.X) - data.target_mean)[target] ** 2) < 0.01


def test_class_confusion_by_enumeration(classes, fitted_classes):
    """One label with three classes: the expectation is a sum."""
    model = fitted_classes
    X = classes.X[classes.sample_domain < 0]
    drawn = model.target_._expert_proba(X)
    seen = model.source_._expert_proba(X, 1)
    joint = model.source_.gate_proba(X).T[:, None] * seen
    posterior = joint / joint.sum(axis=0)
    for k, j in enumerate(model.assignment_):
        expected = np.einsum("cn,kcn->kn", drawn[j], posterior).mean(axis=1)
        np.testing.assert_allclose(model.confusion_[k], expected, atol=0.01)


# --- drawn labels and the student -----------------------------------------------------------------


@pytest.mark.parametrize("expert", ["gaussian", "poisson", "multinomial"])
def test_drawn_labels_have_the_experts_means(expert):
    data = make_latent_concept_shift(
        500, 500, n_features=2, n_experts=2, expert=expert, random_state=0
    )
    classes = data.n_classes is not None
    model = fit(classifier() if classes else regressor(expert=expert), data)
    X = np.tile([[0.4, -0.2]], (20_000, 1))
    source, random = model.source_, np.random.RandomState(0)
    if not classes:
        source.set_params(expert="poisson" if expert == "gaussian" else "gaussian")  # too late
    for k in range(2):
        drawn = draw_labels(source, X, np.full(len(X), k), 2 if classes else 1, random)
        if classes:
            mean = source._expert_proba(X[:1], 0)[k, 1:, 0]
        else:
            mean = source._expert_means(X[:1])[k, :1, 0]
        error = drawn.std(axis=0) / np.sqrt(len(X)) + 1e-12
        assert (abs(drawn.mean(axis=0) - mean) < 4.5 * error).all()
    if expert == "gaussian":
        assert drawn.std() == pytest.approx(source.scale_[1, 0], rel=0.05)


def test_the_students_by_default_and_by_choice(data, fitted, fitted_classes):
    assert isinstance(fitted.estimator_, LinearRegression)
    assert isinstance(fitted_classes.estimator_, LogisticRegression)
    tree = fit(regressor(estimator=DecisionTreeRegressor(max_depth=3)), data)
    assert tree.estimator_.get_depth() == 3


def test_without_a_target_the_student_learns_the_source(data, classes):
    source = data.sample_domain > 0
    X, y = data.X[source], data.y[source]
    model = regressor().fit(X, y)
    np.testing.assert_allclose(model.predict(X), LinearRegression().fit(X, y).predict(X))
    assert model.confusion_ is None and model.source_ is None
    with pytest.raises(ValueError, match="weak_log_prob needs a model of weak labels"):
        model.weak_log_prob(X, y)
    source = classes.sample_domain > 0
    labels = np.array(["x", "y", "z"])[classes.y[source]]
    model = classifier().fit(classes.X[source], labels)
    assert model.classes_.tolist() == ["x", "y", "z"]
    assert set(model.predict(classes.X)) <= {"x", "y", "z"}


def test_weak_densities_are_the_sources(data, fitted, classes, fitted_classes):
    weak = fitted.source_.log_prob(data.X, np.column_stack([np.full(2000, NAN), data.y_weak]))
    np.testing.assert_allclose(fitted.weak_log_prob(data.X, data.y_weak), weak)
    model = fitted_classes
    proba = model.source_.predict_proba(classes.X)[1]
    expected = np.log(proba[np.arange(len(proba)), classes.y_weak])
    np.testing.assert_allclose(model.weak_log_prob(classes.X, classes.y_weak), expected)


def test_several_outputs():
    """Each is refined as it is alone, only that two labels tell more of the concept than one."""
    data = make_latent_concept_shift(
        300, 300, n_features=2, n_experts=2, n_outputs=2, random_state=0
    )
    both = fit(regressor(), data)
    found = both.predict(data.X)
    for m in range(2):
        alone = fit(regressor(), data, y=data.y[:, m], y_weak=data.y_weak[:, m])
        own = alone.predict(data.X)
        assert abs(found[:, m] - own).mean() < 0.1 < 0.9 < abs(found[:, 1 - m] - own).mean()
        assert (np.diag(both.confusion_) > np.diag(alone.confusion_)).all()


def test_words_and_gaps_in_class_labels(classes):
    names = np.array(["x", "y", "z"], dtype=object)
    y = names[classes.y]
    y[classes.y < 0] = None
    weak = names[classes.y_weak]
    weak[-100:] = None
    model = fit(classifier(), classes, y=y, y_weak=weak)
    proba = model.predict_proba(classes.X)
    assert model.classes_.tolist() == ["x", "y", "z"] and proba.shape == (2000, 3)
    np.testing.assert_array_equal(model.predict(classes.X), names[proba.argmax(axis=1)])


# --- manners --------------------------------------------------------------------------------------


def test_a_seed_makes_it_reproducible_and_gold_is_not_looked_at(data, fitted):
    again = fit(regressor(), data, y=data.y_gold)
    np.testing.assert_array_equal(again.predict(data.X), fitted.predict(data.X))
    np.testing.assert_array_equal(again.confusion_, fitted.confusion_)
    other = fit(regressor(random_state=1), data)
    assert not np.array_equal(other.predict(data.X), fitted.predict(data.X))


def test_rows_of_weight_zero_are_not_there(data):
    weight = np.ones(2000)
    weight[::3] = 0
    keep = weight > 0
    one = fit(regressor(), data, sample_weight=weight)
    two = fit(
        regressor(),
        data,
        X=data.X[keep],
        y=data.y[keep],
        y_weak=data.y_weak[keep],
        sample_domain=data.sample_domain[keep],
        sample_weight=weight[keep],
    )
    np.testing.assert_array_equal(one.predict(data.X), two.predict(data.X))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (regressor(context="long"), "'context' parameter"),
        (regressor(n_context=0), "'n_context' parameter"),
        (regressor(estimator="ridge"), "'estimator' parameter"),
        (LabelRefinementRegressor(MixtureOfExpertsClassifier()), "'source_model' parameter"),
    ],
)
def test_bad_parameters(data, model, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit(model, data)


def test_the_source_must_show_how_weak_labels_go_with_concepts(data):
    weak = np.where(data.sample_domain > 0, NAN, data.y_weak)
    model = regressor()
    with pytest.raises(ValueError, match="y_weak must be observed in source rows too"):
        fit(model, data, y_weak=weak)
    with pytest.raises(NotFittedError):
        model.predict(data.X)


@pytest.mark.parametrize("routing", [False, True])
def test_pipeline_and_grid_search(data, routing):
    few = slice(800, 1200)
    step = "labelrefinementregressor"
    pipe = make_pipeline(StandardScaler(), regressor())
    prefix = "" if routing else f"{step}__"
    domain = data.sample_domain[few]
    given = {f"{prefix}y_weak": data.y_weak[few], f"{prefix}sample_domain": domain}
    groups = {} if routing else {"groups": domain}
    with sklearn.config_context(enable_metadata_routing=routing):
        search = GridSearchCV(
            pipe, {f"{step}__context": ["single", "icl"]}, cv=TargetKFold(2), error_score="raise"
        )
        search.fit(data.X[few], data.y_gold[few], **groups, **given)
    assert set(search.cv_results_["param_" + f"{step}__context"]) == {"single", "icl"}
