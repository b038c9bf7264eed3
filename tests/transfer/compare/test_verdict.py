"""Who sees gold labels, and the verdict that follows from the findings."""

from __future__ import annotations

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from tests.transfer.compare.strategies import LINEAR, NAMES, QUICK, compare
from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.transfer import (
    ConceptDeconvolutionRegressor,
    OracleRegressor,
    TargetKFold,
    WeakTrainingRegressor,
    compare_strategies,
)


def test_gold_labels_reach_the_oracle_only(data, comparison):
    target = data.sample_domain < 0
    other = np.where(target, 5.0 - data.y_gold, data.y_gold)
    found = compare(data, y_gold=other, source_model=QUICK, cv=2)
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


def test_gold_labels_without_weight_are_not_counted(data):
    weight = np.where(np.arange(600) < 350, 1.0, 0.0)
    found = compare(data, strategies=LINEAR, y_gold=data.y_gold, sample_weight=weight, cv=2)
    assert found.n_gold == found.weak_labels.n_rows == 50
    assert "on 50 held-out target rows with gold labels" in found.recommendation[0]


def test_without_gold_labels_sound_checks_decide(data):
    found = compare(data, source_model=QUICK, cv=2)
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
    found = compare(
        blurred, strategies=["concept deconvolution", "weak training"], source_model=QUICK, cv=2
    )
    assert found.trusted_ is None
    assert found.recommendation[0].startswith("Trust none yet: no target row has a gold label")
    assert "y_gold" in found.recommendation[-1]
    failed = found["concept deconvolution"].failed_checks
    assert failed and failed[0].sentence in found.recommendation


def test_without_gold_labels_and_deconvolution_none_is_trusted(data):
    found = compare(data, strategies=["weak training", "source only"], source_model=QUICK, cv=2)
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
