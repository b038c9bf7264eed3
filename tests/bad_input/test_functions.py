"""Selection, comparison, stacking and folds: one sentence that names the argument."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LinearRegression

from tests.bad_input.arguments import (
    BAD,
    CLASSES,
    FIT,
    GOLD,
    NEEDED,
    ONLY_REAL,
    REAL,
    assert_one_sentence,
    changed,
    constants,
    given,
    ragged,
    regressor,
    text,
)
from w2s_stats.mixture import MixtureOfExpertsRegressor, select_n_experts
from w2s_stats.transfer import TargetKFold, compare_strategies, stack_domains

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


SELECTION = constants(
    n_experts=[3, None, "23", [], [0, 1], [1.5], [True], ["a"], {1: 2}.values],
    criterion=["dic", None, ["bic"]],
    estimator=["a", LinearRegression(), MixtureOfExpertsRegressor, None],
)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        *changed(SELECTION),
        *changed({name: BAD[name] | ONLY_REAL.get(name, {}) for name in ("X", "y")}),
        *changed({"sample_weight": BAD["sample_weight"]}),
    ],
)
def test_select_n_experts(argument, change):
    arguments = given(REAL, ("X", "y", "sample_weight"))
    arguments |= {"estimator": regressor(), "n_experts": [1, 2]}
    arguments[argument] = change(arguments.get(argument))
    with pytest.raises((ValueError, TypeError)) as caught:
        select_n_experts(**arguments)
    assert_one_sentence(caught.value, argument)


COMPARISON = constants(
    strategies=[{}, {"mine": "a"}, {"mine": LinearRegression}, [], ["magic"], "oracle", 3],
    source_model=["a", LinearRegression()],
    n_experts=["a", 0, None, 90],
    task=["ranking", 3],
    cv=[1, 31, "five", None, 2.5, True],
    interval=["exact", None],
    confidence_level=[0.0, 1, 95, None, "a"],
    random_state=["a", -1],
    progress=[3],
)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        *changed(COMPARISON),
        *changed({name: BAD[name] | ONLY_REAL.get(name, {}) for name in ("X", "y")}),
        *changed({"sample_weight": BAD["sample_weight"]}),
        *changed({name: BAD[name] | NEEDED[name] for name in ("y_weak", "sample_domain")}),
        *changed({"y_gold": GOLD | {"more columns": lambda y: np.column_stack([y, y])}}),
    ],
)
def test_compare_strategies(argument, change):
    fits = []
    arguments = given(REAL, FIT) | {"y_gold": REAL.y_gold, "task": "regression"}
    arguments["progress"] = lambda *call: fits.append(call)
    arguments[argument] = change(arguments.get(argument))
    with pytest.raises((ValueError, TypeError)) as caught:
        compare_strategies(**arguments)
    assert_one_sentence(caught.value, argument, parameter=argument == "n_experts")
    assert not fits


@pytest.mark.parametrize(
    ("argument", "change"),
    list(changed({"y": BAD["y"], "y_weak": BAD["y_weak"], "y_gold": GOLD})),
)
def test_compare_strategies_by_inferred_task(argument, change):
    arguments = given(REAL, FIT) | {"y_gold": REAL.y_gold}
    arguments[argument] = change(arguments.get(argument))
    with pytest.raises((ValueError, TypeError)) as caught:
        compare_strategies(**arguments)
    assert_one_sentence(caught.value, "y(_weak|_gold)?")


@pytest.mark.parametrize("gold", [CLASSES.y_gold + 0.25, CLASSES.y_gold[:-1], text(CLASSES.y)])
def test_gold_classes(gold):
    with pytest.raises(ValueError) as caught:
        compare_strategies(**given(CLASSES, FIT), y_gold=gold)
    assert_one_sentence(caught.value, "y_gold")


@pytest.mark.parametrize(
    ("source", "target", "task", "argument"),
    [
        (REAL.X, (REAL.X, REAL.y_weak), None, "source"),
        ((REAL.X,), (REAL.X, REAL.y_weak), None, "source"),
        ((REAL.X, REAL.y), (REAL.X, None), None, "target"),
        ((REAL.X, REAL.y), 3, None, "target"),
        ((csr_array(REAL.X), REAL.y), (REAL.X, REAL.y_weak), None, "source"),
        ((REAL.X, REAL.y), (ragged(REAL.X), REAL.y_weak), None, "target"),
        ((REAL.X[:, 0], REAL.y), (REAL.X, REAL.y_weak), None, "source"),
        ((REAL.X, REAL.y), (REAL.X[:, :1], REAL.y_weak), None, "target"),
        ((None, REAL.y), (REAL.X, REAL.y_weak), None, "source"),
        ((REAL.X, REAL.y[:-1]), (REAL.X, REAL.y_weak), None, "y"),
        ((REAL.X, REAL.y, 3.0), (REAL.X, REAL.y_weak), None, "y_weak"),
        ((REAL.X, text(REAL.y)), (REAL.X, REAL.y_weak), "regression", "y"),
        ((REAL.X, REAL.y), (REAL.X, text(REAL.y)), "regression", "y_weak"),
        ((REAL.X, REAL.y), (REAL.X, ragged(REAL.y)), None, "y_weak"),
        ((REAL.X, csr_array(REAL.y_gold[:, None])), (REAL.X, REAL.y_weak), None, "y"),
        ((REAL.X, REAL.y), (REAL.X, REAL.y_weak), "ranking", "task"),
        ((REAL.X, REAL.y), (REAL.X, REAL.y_weak), 3, "task"),
    ],
)
def test_stack_domains(source, target, task, argument):
    with pytest.raises((ValueError, TypeError)) as caught:
        stack_domains(source, target, task=task)
    assert_one_sentence(caught.value, argument)


@pytest.mark.parametrize(
    ("settings", "argument"),
    [
        ({"n_splits": 1}, "n_splits"),
        ({"n_splits": "two"}, "n_splits"),
        ({"n_splits": True}, "n_splits"),
        ({"shuffle": "yes"}, "shuffle"),
        ({"random_state": 0}, "random_state"),
        ({"random_state": "a", "shuffle": True}, "random_state"),
    ],
)
def test_folds(settings, argument):
    with pytest.raises(ValueError) as caught:
        TargetKFold(**settings)
    assert_one_sentence(caught.value, argument)


@pytest.mark.parametrize(
    ("argument", "change"),
    list(changed({"sample_domain": BAD["sample_domain"] | {"None": lambda domain: None}})),
)
def test_domains_of_folds(argument, change):
    if change is BAD["sample_domain"]["all target"]:
        change = np.ones_like
    with pytest.raises((ValueError, TypeError)) as caught:
        list(TargetKFold().split(REAL.X, sample_domain=change(REAL.sample_domain)))
    assert_one_sentence(caught.value, argument)
