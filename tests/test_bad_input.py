"""Whatever is wrong with an argument: one sentence that names it, and nothing half-fitted."""

import copy
import inspect
import re

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression

from w2s_stats.datasets import (
    load_esol,
    make_concept_shift,
    make_latent_concept_shift,
    sample_latent_concept_shift,
)
from w2s_stats.mixture import (
    MixtureOfExpertsClassifier,
    MixtureOfExpertsRegressor,
    select_n_experts,
)
from w2s_stats.transfer import (
    ConceptDeconvolutionClassifier,
    ConceptDeconvolutionRegressor,
    KMeansConceptAssigner,
    LabelRefinementClassifier,
    LabelRefinementRegressor,
    OracleClassifier,
    OracleRegressor,
    SourceOnlyClassifier,
    SourceOnlyRegressor,
    TargetKFold,
    WeakTrainingClassifier,
    WeakTrainingRegressor,
    compare_strategies,
    stack_domains,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

REAL = make_latent_concept_shift(40, 30, n_features=2, n_experts=2, random_state=0)
CLASSES = make_latent_concept_shift(
    60, 40, n_features=2, n_experts=2, expert="bernoulli", random_state=0
)
NAN = np.nan


def given(data, names):
    """What `fit` takes, of the arrays of a data set."""
    known = {"X": data.X, "y": data.y_gold, "y_weak": data.y_weak}
    known |= {"sample_domain": data.sample_domain, "sample_weight": np.ones(len(data.X))}
    return {name: known[name] for name in names}


def regressor(**settings):
    return MixtureOfExpertsRegressor(2, n_init=1, random_state=0, **settings)


def classifier(**settings):
    return MixtureOfExpertsClassifier(2, n_init=1, max_iter=50, random_state=0, **settings)


FIT = ("X", "y", "y_weak", "sample_domain", "sample_weight")
# The estimator, the data it is for, what its `fit` takes.
ESTIMATORS = {
    "mixture, regressor": (regressor(), REAL, ("X", "y", "sample_weight")),
    "mixture, classifier": (classifier(), CLASSES, ("X", "y", "sample_weight")),
    "deconvolution, regressor": (ConceptDeconvolutionRegressor(regressor()), REAL, FIT),
    "deconvolution, classifier": (ConceptDeconvolutionClassifier(classifier()), CLASSES, FIT),
    "refinement, regressor": (LabelRefinementRegressor(regressor()), REAL, FIT),
    "refinement, classifier": (LabelRefinementClassifier(classifier()), CLASSES, FIT),
    "weak training, regressor": (WeakTrainingRegressor(), REAL, FIT),
    "weak training, classifier": (WeakTrainingClassifier(), CLASSES, FIT),
    "source only, regressor": (SourceOnlyRegressor(), REAL, FIT),
    "source only, classifier": (SourceOnlyClassifier(), CLASSES, FIT),
    "oracle, regressor": (OracleRegressor(), REAL, FIT),
    "oracle, classifier": (OracleClassifier(), CLASSES, FIT),
    "k-means": (KMeansConceptAssigner(random_state=0), REAL, ("X", "sample_domain")),
}
USES_WEAK = {n for n in ESTIMATORS if n.startswith(("deconvolution", "refinement", "weak"))}


@pytest.fixture(scope="module")
def fitted():
    return {
        name: clone(estimator).fit(**given(data, names))
        for name, (estimator, data, names) in ESTIMATORS.items()
    }


def put(array, value, at, dtype=float):
    array = np.array(array, dtype=dtype)
    array[at] = value
    return array


def ragged(values):
    return [[1.0], *([1.0, 2.0] for _ in values[1:])]


def text(values):
    return np.full(np.shape(values), "word")


def mixed(values):
    return put(values, {"a": 1}, (0,) * np.ndim(values), object)


# What is done to an argument: how it is called, and its new value.
BAD = {
    "X": {
        "NaN": lambda X: put(X, NAN, (3, 1)),
        "infinity": lambda X: put(X, np.inf, (3, 1)),
        "None among numbers": lambda X: put(X, None, (3, 1), object),
        "text": text,
        "objects": mixed,
        "complex": lambda X: X + 1j,
        "1-d": lambda X: X[:, 0],
        "3-d": lambda X: X[:, :, None],
        "no rows": lambda X: X[:0],
        "no columns": lambda X: X[:, :0],
        "sparse": csr_array,
        "ragged": ragged,
        "None": lambda X: None,
        "a number": lambda X: 3.0,
    },
    "y": {
        "too short": lambda y: y[:-1],
        "empty": lambda y: y[:0],
        "3-d": lambda y: y[:, None, None],
        "sparse": lambda y: csr_array(y[:, None]),
        "ragged": ragged,
        "None": lambda y: None,
        "a number": lambda y: 3.0,
        "infinity": lambda y: put(y, np.inf, 3),
        "all missing": lambda y: np.full(len(y), NAN),
    },
    "sample_weight": {
        "too short": lambda w: w[:-1],
        "2-d": lambda w: w[:, None],
        "text": text,
        "a word": lambda w: "balanced",
        "NaN": lambda w: put(w, NAN, 3),
        "infinity": lambda w: put(w, np.inf, 3),
        "negative": lambda w: put(w, -1.0, 3),
        "zeros": np.zeros_like,
        "sparse": lambda w: csr_array(w[:, None]),
        "ragged": ragged,
        "objects": mixed,
    },
    "sample_domain": {
        "too short": lambda d: d[:-1],
        "2-d": lambda d: d[:, None],
        "text": text,
        "NaN": lambda d: put(d, NAN, 3),
        "fractions": lambda d: d + 0.5,
        "truth values": lambda d: d > 0,
        "None among numbers": lambda d: put(d, None, 3, object),
        "all target": lambda d: np.full(len(d), -1),
        "a number": lambda d: 1,
        "ragged": ragged,
        "sparse": lambda d: csr_array(d[:, None]),
    },
    "y_weak": {
        "too short": lambda y: y[:-1],
        "3-d": lambda y: y[:, None, None],
        "sparse": lambda y: csr_array(y[:, None]),
        "ragged": ragged,
        "infinity": lambda y: put(y, np.inf, 3),
        "a number": lambda y: 3.0,
        "more columns": lambda y: np.ones((len(y), 3)),
    },
}
ONLY_REAL = {
    "y": {"text": text, "objects": mixed},
    "y_weak": {"text": text, "objects": mixed},
}
ONLY_CLASSES = {
    "y": {"one class": np.ones_like, "fractions": lambda y: y + 0.25},
    "y_weak": {"words beside numbers": text, "fractions": lambda y: y + 0.25},
}
NEEDED = {
    "y_weak": {"None": lambda y: None, "all missing": lambda y: np.full(len(y), NAN)},
    "sample_domain": {"all source": np.ones_like},
}


def cases():
    for name, (_, data, arguments) in ESTIMATORS.items():
        tables = [BAD, ONLY_REAL if data is REAL else ONLY_CLASSES]
        tables += [NEEDED] if name in USES_WEAK else []
        for table in tables:
            for argument, changes in table.items():
                for what, change in changes.items():
                    if argument in arguments:
                        yield pytest.param(name, argument, change, id=f"{name}: {argument} {what}")


def same(one, two):
    """Whether two fitted values are equal, through estimators, containers and arrays."""
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray):
        return np.array_equal(one, two, equal_nan=one.dtype.kind == "f")
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, float) and np.isnan(one):
        return bool(np.isnan(two))
    return same(vars(one), vars(two)) if hasattr(one, "__dict__") else one == two


def assert_one_sentence(error, argument, *, parameter=False):
    message = str(error)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 260
    assert re.search(rf"(?<![\w'])'?{argument}\b", message), message
    if not parameter:  # there scikit-learn's words: "... must be ... . Got ... instead."
        assert not re.search(r"[.!?] +[A-Z]", message), message


@pytest.mark.parametrize(("name", "argument", "change"), list(cases()))
def test_fit(fitted, name, argument, change):
    estimator, data, arguments = ESTIMATORS[name]
    bad = given(data, arguments)
    bad[argument] = change(bad[argument])
    fresh, former = clone(estimator), copy.deepcopy(fitted[name])
    for model in (fresh, former):
        before = dict(vars(model))
        with pytest.raises((ValueError, TypeError)) as caught:
            model.fit(**bad)
        assert_one_sentence(caught.value, argument)
        assert same(before, vars(model))
    with pytest.raises(NotFittedError):
        fresh.predict(data.X)
    assert same(vars(former), vars(fitted[name]))


def test_columns_are_called_by_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(REAL.X, columns=["age", "dose"])
    for bad, says in [
        (frame.assign(dose="high"), "found 'high' in row 0, column 'dose'"),
        (frame.mask(frame > 1.5), "found NaN in row .*, column 'age'"),
        (frame.set_axis(["age", "age"], axis=1), "different names; found 'age' twice"),
    ]:
        with pytest.raises(ValueError, match=says) as caught:
            regressor().fit(bad, REAL.y_gold)
        assert_one_sentence(caught.value, "X")


def test_missing_markers_of_pandas_are_gaps_and_no_bad_input():
    pandas = pytest.importorskip("pandas")
    words = pandas.Series(np.where(CLASSES.y_gold > 0, "yes", "no"), dtype="string")
    words[3] = pandas.NA
    for labels in (words, words.astype(object), words.astype("category")):
        model = classifier().fit(CLASSES.X, labels)
        assert model.classes_.tolist() == ["no", "yes"]
        assert 0.5 < model.score(CLASSES.X, labels) <= 1.0
    domains = stack_domains((CLASSES.X, words), (CLASSES.X, words))
    assert domains[1][3] is None and domains[2][103] is None


# --- parameters of estimators -----------------------------------------------------------------

PARAMETERS = {
    "n_experts": ["a", 0, 1.5, None],
    "gate": ["tree", None, 1],
    "fit_intercept": ["yes", None, 2],
    "tol": [None, 0.0, -1.0, "a", NAN],
    "max_iter": [-1, 0, 1.5, None],
    "n_init": [0, -1, "a"],
    "init": ["k-means++", None],
    "var_floor": [-1.0, 0.0, None, np.inf],
    "gate_penalty": [-0.1, None, "a"],
    "random_state": ["a", -1, 1.5, np.random.default_rng(0)],
    "n_jobs": [0, 1.5, "all"],
    "verbose": ["loud", -1],
    "expert": ["gamma", 3, None, [], ["gaussian", "gaussian"], ["multinomial"] * 2],
    "source_model": ["a", 3, LinearRegression(), LinearRegression],
    "matching": ["greedy", None],
    "distance": ["kl", None],
    "estimator": ["a", 3, LinearRegression, "opposite"],
    "context": ["long", None],
    "n_context": [0, 1.5, None],
    "source_weight": [-1.0, None, "a", NAN],
    "n_concepts": [0, 1.5, "a", None],
    "confidence_level": [0.0, 1.0, 95, None, "a"],
}


def parameter_cases():
    for name, (estimator, _, _) in ESTIMATORS.items():
        for parameter in inspect.signature(type(estimator)).parameters:
            for value in PARAMETERS[parameter]:
                yield pytest.param(name, parameter, value, id=f"{name}: {parameter}={value}"[:80])


@pytest.mark.parametrize(("name", "parameter", "value"), list(parameter_cases()))
def test_parameters(fitted, name, parameter, value):
    _, data, arguments = ESTIMATORS[name]
    if isinstance(value, str) and value == "opposite":
        value = LogisticRegression() if data is REAL else LinearRegression()
    model = copy.deepcopy(fitted[name]).set_params(**{parameter: value})
    before = dict(vars(model))
    with pytest.raises((ValueError, TypeError)) as caught:
        model.fit(**given(data, arguments))
    assert_one_sentence(caught.value, parameter, parameter=True)
    assert same(before, vars(model))


@pytest.mark.parametrize(
    "name", ["deconvolution, regressor", "deconvolution, classifier", "refinement, regressor"]
)
@pytest.mark.parametrize(
    ("parameter", "value"),
    [("n_experts", 0), ("tol", None), ("n_jobs", 0), ("expert", "gamma"), ("n_experts", 90)],
)
def test_parameters_of_a_source_model(name, parameter, value):
    estimator, data, arguments = ESTIMATORS[name]
    model = clone(estimator).set_params(**{f"source_model__{parameter}": value})
    with pytest.raises((ValueError, TypeError)) as caught:
        model.fit(**given(data, arguments))
    assert_one_sentence(caught.value, parameter, parameter=True)
    assert not hasattr(model, "n_features_in_")


# --- methods of fitted estimators -------------------------------------------------------------

METHODS = {
    "predict": ("X",),
    "predict_proba": ("X",),
    "gate_proba": ("X",),
    "responsibilities": ("X", "y"),
    "log_prob": ("X", "y"),
    "log_likelihood": ("X", "y", "sample_weight"),
    "aic": ("X", "y", "sample_weight"),
    "bic": ("X", "y", "sample_weight"),
    "icl": ("X", "y", "sample_weight"),
    "weak_log_prob": ("X", "y_weak"),
    "score": ("X", "y", "sample_weight"),
    "sample": ("X", "random_state"),
}
WIDER = {
    "X": BAD["X"] | {"more columns": lambda X: np.column_stack([X, X])},
    "y": {n: c for n, c in BAD["y"].items() if n != "all missing"}
    | {"more columns": lambda y: np.column_stack([y, y])},
    "y_weak": BAD["y_weak"],
    "sample_weight": BAD["sample_weight"],
    "random_state": {"a word": lambda state: "a", "negative": lambda state: -1},
}
STRANGERS = {"y": {"a stranger": lambda y: put(y, 7, 3, int)}}


def method_cases():
    for name, (estimator, data, _) in ESTIMATORS.items():
        tables = [WIDER, ONLY_REAL if data is REAL else STRANGERS]
        for method, arguments in METHODS.items():
            if not hasattr(estimator, method) or name == "k-means":
                continue
            for table in tables:
                for argument, changes in table.items():
                    for what, change in changes.items():
                        # A class that the fit has not seen is a wrong prediction, not a wrong y.
                        if argument in arguments and (method, what) != ("score", "a stranger"):
                            label = f"{name}.{method}: {argument} {what}"
                            yield pytest.param(name, method, argument, change, id=label)


@pytest.mark.parametrize(("name", "method", "argument", "change"), list(method_cases()))
def test_methods(fitted, name, method, argument, change):
    model, data = fitted[name], ESTIMATORS[name][1]
    bad = given(data, [n for n in METHODS[method] if n != "random_state"])
    bad[argument] = change(bad.get(argument))
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(model, method)(**bad)
    assert_one_sentence(caught.value, argument)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_methods_before_fit(name):
    estimator, data, _ = ESTIMATORS[name]
    tried = 0
    for method, arguments in METHODS.items():
        model = clone(estimator)
        if hasattr(model, method) and not (name == "k-means" and method != "predict"):
            names = [n for n in arguments if n != "random_state"]
            with pytest.raises(NotFittedError) as caught:
                getattr(model, method)(**given(data, names))
            assert "is not fitted yet" in str(caught.value)
            tried += 1
    assert tried


@pytest.mark.parametrize("name", ["mixture, regressor", "mixture, classifier"])
@pytest.mark.parametrize(
    ("method", "settings", "argument"),
    [
        ("summary", {"cov_type": "hc3"}, "cov_type"),
        ("summary", {"cov_type": None}, "cov_type"),
        ("conf_int", {"cov_type": ["robust"]}, "cov_type"),
        *[
            (method, {"confidence_level": level}, "confidence_level")
            for method in ("conf_int", "summary")
            for level in (0.0, 1, 95, NAN, None, "0.95", True)
        ],
    ],
)
def test_summaries(fitted, name, method, settings, argument):
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(fitted[name], method)(**settings)
    assert_one_sentence(caught.value, argument)


# --- functions --------------------------------------------------------------------------------


def changed(table):
    for argument, changes in table.items():
        for what, change in changes.items():
            yield pytest.param(argument, change, id=f"{argument} {what}")


def constants(**values):
    return {
        name: {f"{value}"[:30]: lambda _, value=value: value for value in those}
        for name, those in values.items()
    }


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
GOLD = {n: c for n, c in (BAD["y"] | ONLY_REAL["y"]).items() if n not in ("None", "all missing")}


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


# --- data -------------------------------------------------------------------------------------

MAKER = {
    "n_source": [0, -1, 1.5, "a", None, True],
    "n_target": [-1, 1.5, "a", None],
    "n_features": [0, 1.5, "a", None],
    "n_experts": [0, "a", None],
    "expert": ["gamma", None, 3],
    "gate": ["tree", None],
    "n_outputs": [0, "a"],
    "n_classes": [2, "a"],
    "source_prior": [[0.5, 0.5], "uniform", [1.0, 0.0, 0.0], [NAN, 0.5, 0.5]],
    "target_prior": [[0.5, 0.5], "uniform", [2.0, -1.0, 0.0]],
    "separation": [0.0, NAN, "a"],
    "noise": [0.0, -1.0, None],
    "weak_shift": [-1.0, "a"],
    "weak_drift": [-1.0, np.inf],
    "weak_noise": [0.0, None],
    "gate_scale": [-1.0, "a"],
    "random_state": ["a", -1, 1.5],
}


@pytest.mark.parametrize(
    ("argument", "value"), [(name, value) for name, those in MAKER.items() for value in those]
)
def test_make_latent_concept_shift(argument, value):
    with pytest.raises(ValueError) as caught:
        make_latent_concept_shift(**{argument: value})
    assert_one_sentence(caught.value, argument)


@pytest.mark.parametrize(
    ("settings", "argument"),
    [
        ({"truth": 3}, "truth"),
        ({"truth": {}}, "truth"),
        ({"n_source": -1}, "n_source"),
        ({"n_source": 0, "n_target": 0}, "n_source"),
        ({"n_target": 1.5}, "n_target"),
        ({"random_state": "a"}, "random_state"),
    ],
)
def test_sample_latent_concept_shift(settings, argument):
    with pytest.raises(ValueError) as caught:
        sample_latent_concept_shift(**{"truth": REAL} | settings)
    assert_one_sentence(caught.value, argument)


SHIFT = constants(
    mixture=[3, None, LinearRegression(), MixtureOfExpertsRegressor()],
    target_prior=[
        [0.5],
        "uniform",
        [0.0, 0.0],
    ],
    target_size=[0.0, 1.0, 70, "half", None, NAN],
    weak_shift=[-1.0, "a"],
    weak_shrink=[-0.1, 1.1, None],
    weak_noise=[0.0, "a"],
    random_state=["a", -1],
)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        *changed(SHIFT),
        *changed({"X": BAD["X"], "y": GOLD}),
    ],
)
def test_make_concept_shift(fitted, argument, change):
    arguments = {"X": REAL.X, "y": REAL.y_gold, "mixture": fitted["mixture, regressor"]}
    arguments[argument] = change(arguments.get(argument))
    with pytest.raises((ValueError, TypeError)) as caught:
        make_concept_shift(**arguments)
    assert_one_sentence(caught.value, argument)


@pytest.mark.parametrize("place", ["no/such/folder", 3])
def test_load_esol(place):
    with pytest.raises((ValueError, TypeError, FileNotFoundError)) as caught:
        load_esol(place)
    message = str(caught.value)
    assert "path_or_folder" in message and "\n" not in message and message.endswith(".")
