"""What may be wrong with an argument, of whom, and what is said of it then."""

import re

import numpy as np
import pytest
from scipy.sparse import csr_array

from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
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
    WeakTrainingClassifier,
    WeakTrainingRegressor,
)

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
# Numbers whose fourth powers floating point does not hold: nothing can be fitted to them.
SIZES = {
    "X": {"too large": lambda X: X * [1.0, 1e160], "too small": lambda X: X * [1.0, 1e-160]},
    "sample_weight": {"too large": lambda w: w * 1e160},
}
REAL_SIZES = {
    "y": {"too large": lambda y: y * 1e160, "too small": lambda y: y * 1e-160},
    "y_weak": {"too small": lambda y: y * 1e-160},
}
GOLD = {n: c for n, c in (BAD["y"] | ONLY_REAL["y"]).items() if n not in ("None", "all missing")}


def changed(table):
    for argument, changes in table.items():
        for what, change in changes.items():
            yield pytest.param(argument, change, id=f"{argument} {what}")


def constants(**values):
    return {
        name: {f"{value}"[:30]: lambda _, value=value: value for value in those}
        for name, those in values.items()
    }


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
