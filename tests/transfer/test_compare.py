"""Strategies are judged on rows they have not seen, and the verdict follows from the findings."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import ttest_1samp
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    LabelRefinementRegressor,
    OracleRegressor,
    SourceOnlyRegressor,
    TargetKFold,
    WeakTrainingClassifier,
    WeakTrainingRegressor,
    compare_strategies,
    stack_domains,
)
from w2s_stats.transfer._default_strategies import default_strategies

NAMES = ["concept deconvolution", "label refinement", "weak training", "source only", "oracle"]
QUICK = MixtureOfExpertsRegressor(2, n_init=3, tol=1e-6)
LINEAR = {
    "weak training": WeakTrainingRegressor(),
    "source only": SourceOnlyRegressor(),
    "oracle": OracleRegressor(),
}


@pytest.fixture(scope="module")
def data():
    return make_latent_concept_shift(300, 300, n_features=2, n_experts=2, random_state=0)


@pytest.fixture(scope="module")
def comparison(data):
    return compare(data, y_gold=data.y_gold, source_model=QUICK, cv=3)


def compare(data, y=None, **kwargs):
    kwargs = {"y_weak": data.y_weak, "sample_domain": data.sample_domain, **kwargs}
    kwargs.setdefault("random_state", 0)
    return compare_strategies(data.X, data.y if y is None else y, **kwargs)


# --- the numbers ----------------------------------------------------------------------------------


def test_the_whole_table(comparison, data):
    assert [row.strategy for row in comparison.table] == NAMES
    assert list(comparison.estimators_) == NAMES
    assert comparison.metric == "mean squared error"
    assert (comparison.n_source, comparison.n_target, comparison.n_gold) == (300, 300, 300)
    for row in comparison.table:
        assert row.error_lower < row.error < row.error_upper
        assert row.fit_time > 0 and not row.failure
    models_weak = [np.isfinite(row.weak_log_likelihood) for row in comparison.table]
    assert models_weak == [True, True, False, False, False]
    assert all(row.diagnostics for row in comparison.table)


def test_deconvolution_is_trusted_under_a_shift(comparison):
    assert comparison.trusted_ == "concept deconvolution"
    assert comparison.recommendation[0].startswith("Trust concept deconvolution: on 300 held-out")
    assert comparison.difference("concept deconvolution", "weak training").upper < 0
    assert comparison.difference("source only", "weak training").lower > 0


def test_losses_are_of_rows_held_out_by_hand(data):
    folds = TargetKFold(4)
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold, cv=folds)
    source = data.sample_domain >= 0
    losses = {name: np.full(600, np.nan) for name in LINEAR}
    for train, test in folds.split(data.X, sample_domain=data.sample_domain):
        target = train[~source[train]]
        labels = {
            "weak training": (train, np.where(source, data.y_gold, data.y_weak)),
            "source only": (train[source[train]], data.y_gold),
            "oracle": (target, data.y_gold),
        }
        for name, (rows, y) in labels.items():
            model = LinearRegression().fit(data.X[rows], y[rows])
            losses[name][test] = (model.predict(data.X[test]) - data.y_gold[test]) ** 2
    for name in LINEAR:
        np.testing.assert_allclose(found.losses_[name], losses[name])
        row = found[name]
        expected = ttest_1samp(losses[name][~source], 0.0).confidence_interval(0.95)
        assert row.error == pytest.approx(losses[name][~source].mean())
        assert (row.error_lower, row.error_upper) == pytest.approx((expected.low, expected.high))
    difference = (losses["source only"] - losses["weak training"])[~source]
    expected = ttest_1samp(difference, 0.0).confidence_interval(0.95)
    row = found["source only"]
    assert row.difference == pytest.approx(difference.mean())
    assert (row.difference_lower, row.difference_upper) == pytest.approx(
        (expected.low, expected.high)
    )
    again = found.difference("source only", "weak training")
    assert (again.mean, again.lower) == pytest.approx((row.difference, row.difference_lower))
    own = (data.y_weak - data.y_gold)[~source] ** 2
    assert found.weak_labels.mean == pytest.approx(own.mean())


def test_weak_log_likelihood_is_of_held_out_rows(data):
    folds = TargetKFold(2)
    strategy = ConceptDeconvolutionRegressor(QUICK, random_state=0)
    found = compare(data, strategies={"deconvolution": strategy}, cv=folds)
    expected = []
    for train, test in folds.split(data.X, sample_domain=data.sample_domain):
        model = strategy.fit(
            data.X[train],
            data.y[train],
            y_weak=data.y_weak[train],
            sample_domain=data.sample_domain[train],
        )
        expected.append(model.weak_log_prob(data.X[test], data.y_weak[test]))
    row = found["deconvolution"]
    assert row.weak_log_likelihood == pytest.approx(np.concatenate(expected).mean())
    assert row.weak_log_likelihood_lower < row.weak_log_likelihood < row.weak_log_likelihood_upper
    assert np.isnan(row.error)


def test_the_oracle_is_not_judged_in_sample(data):
    found = compare(
        data,
        strategies={"oracle": OracleRegressor(KNeighborsRegressor(1))},
        y_gold=data.y_gold,
    )
    fitted = found.estimators_["oracle"]
    target = data.sample_domain < 0
    in_sample = np.mean((fitted.predict(data.X[target]) - data.y_gold[target]) ** 2)
    assert in_sample == pytest.approx(0.0, abs=1e-20)
    assert found["oracle"].error > 0.1


def test_intervals_cover_the_error_of_a_fixed_prediction():
    """A source without noise fixes the prediction, so the error's truth is known."""
    random = np.random.default_rng(0)
    X_source = random.normal(size=(20, 1))
    hits = 0
    n_trials = 120
    for _ in range(n_trials):
        X_target = random.normal(size=(40, 1))
        gold = X_target[:, 0] + 1.0 + random.normal(size=40)
        X, y, y_weak, domain = stack_domains(
            (X_source, X_source[:, 0]), (X_target, np.zeros(40), gold)
        )
        row = compare_strategies(
            X,
            y,
            y_weak=y_weak,
            sample_domain=domain,
            strategies={"source only": SourceOnlyRegressor()},
            cv=2,
        )["source only"]
        # f(x) = x, so that the loss is (1 + e)^2, of mean 2.
        hits += row.error_lower <= 2.0 <= row.error_upper
    assert 0.87 <= hits / n_trials <= 0.99


def test_weights_weigh_losses_and_fits(data):
    weight = np.random.default_rng(0).uniform(0.5, 2.0, size=600)
    folds = TargetKFold(3)
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold, sample_weight=weight, cv=folds)
    losses = found.losses_["weak training"]
    target = data.sample_domain < 0
    assert found["weak training"].error == pytest.approx(
        np.average(losses[target], weights=weight[target])
    )
    plain = compare(data, strategies=LINEAR, y_gold=data.y_gold, cv=folds)
    assert not np.allclose(plain.losses_["weak training"][target], losses[target])


def test_the_bootstrap_is_near_the_t_interval(data):
    t, bootstrap = (
        compare(data, strategies=LINEAR, y_gold=data.y_gold, interval=interval)["source only"]
        for interval in ("t", "bootstrap")
    )
    assert t.error == bootstrap.error
    width = t.error_upper - t.error_lower
    assert abs(t.error_lower - bootstrap.error_lower) < 0.15 * width
    assert abs(t.error_upper - bootstrap.error_upper) < 0.15 * width


def test_the_same_seed_gives_the_same_table(data):
    a, b, c = (
        compare(data, strategies=LINEAR, y_gold=data.y_gold, random_state=seed)["oracle"].error
        for seed in (1, 1, 2)
    )
    assert a == b != c


# --- who sees gold labels -------------------------------------------------------------------------


def test_gold_labels_reach_the_oracle_only(data, comparison):
    target = data.sample_domain < 0
    other = np.where(target, 5.0 - data.y_gold, data.y_gold)
    found = compare(data, y_gold=other, source_model=QUICK, cv=3)
    for name in NAMES:
        same = np.array_equal(
            found.estimators_[name].predict(data.X), comparison.estimators_[name].predict(data.X)
        )
        assert same == (name != "oracle")
    for name in NAMES[:2]:
        assert found[name].weak_log_likelihood == comparison[name].weak_log_likelihood
    assert found["weak training"].error != comparison["weak training"].error


def test_gold_labels_in_y_are_gold_labels(data):
    within = compare(data, y=data.y_gold, strategies=LINEAR)
    beside = compare(data, strategies=LINEAR, y_gold=data.y_gold)
    for name in LINEAR:
        np.testing.assert_array_equal(within.losses_[name], beside.losses_[name])
    stays = compare(data, y=np.full(600, 3.0), y_gold=data.y_gold, strategies=["weak training"])
    assert not np.array_equal(stays.losses_["weak training"], beside.losses_["weak training"])


def test_some_gold_labels(data):
    gold = np.full(600, np.nan)
    rows = np.flatnonzero(data.sample_domain < 0)[::10]
    gold[rows] = data.y_gold[rows]
    found = compare(data, strategies=LINEAR, y_gold=gold)
    assert found.n_gold == 30
    for name in LINEAR:
        np.testing.assert_array_equal(np.flatnonzero(np.isfinite(found.losses_[name])), rows)


# --- the verdict ----------------------------------------------------------------------------------


def test_without_gold_labels_sound_checks_decide(data):
    found = compare(data, source_model=QUICK, cv=3)
    assert [row.strategy for row in found.table] == NAMES[:4]
    assert found.trusted_ == "concept deconvolution"
    text = " ".join(found.recommendation)
    assert "no target row has a gold label" in text and "matching's margin" in text
    assert "Label refinement, weak training and source only are not consistent" in text
    assert found.n_gold == 0 and np.isnan(found.weak_labels.mean)


def test_without_gold_labels_and_sound_checks_none_is_trusted(data):
    """Two concepts that are nearly one."""
    blurred = make_latent_concept_shift(
        120, 120, n_features=2, n_experts=2, separation=0.1, random_state=0
    )
    found = compare(blurred, strategies=["concept deconvolution", "weak training"], cv=2)
    assert found.trusted_ is None
    assert found.recommendation[0].startswith("Trust none yet: no target row has a gold label")
    assert "y_gold" in found.recommendation[-1]
    failed = found["concept deconvolution"].failed_checks
    assert failed and failed[0].sentence in found.recommendation


def test_without_gold_labels_and_deconvolution_none_is_trusted(data):
    found = compare(data, strategies=["weak training", "source only"], cv=2)
    assert found.trusted_ is None
    assert "there is no fit of concept deconvolution" in found.recommendation[0]


def test_the_oracle_is_never_recommended(data):
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold)
    assert found["oracle"].error < found["weak training"].error
    assert found.trusted_ == "weak training"
    assert any("learns from gold labels" in said for said in found.recommendation)
    alone = compare(data, strategies={"oracle": OracleRegressor()}, y_gold=data.y_gold)
    assert alone.trusted_ is None


def test_what_chance_may_explain_is_no_lead(data):
    tree = DecisionTreeRegressor(max_depth=4, max_features=1)
    twins = {f"tree {seed}": WeakTrainingRegressor(tree, random_state=seed) for seed in range(3)}
    found = compare(data, strategies=twins, y_gold=data.y_gold)
    assert found.trusted_ is None
    assert found.recommendation[0].startswith("Trust none above the others")
    sound = ConceptDeconvolutionRegressor(QUICK, random_state=0)
    oracle = WeakTrainingRegressor(source_weight=0.0)
    found = compare_strategies(
        data.X,
        data.y,
        y_weak=data.y_gold + np.random.default_rng(0).normal(size=600),
        y_gold=data.y_gold,
        strategies={"as good": oracle, "sound": sound},
        cv=TargetKFold(2),
    )
    assert found.trusted_ == "sound"


# --- failures, progress, output -------------------------------------------------------------------


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


# --- what it takes --------------------------------------------------------------------------------


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
        400, 300, n_features=2, n_experts=2, expert="multinomial", random_state=0
    )


def test_classes(classes):
    model = MixtureOfExpertsClassifier(2, n_init=2, tol=1e-4)
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
