"""Methods of fitted estimators: one sentence that names the argument."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.bad_input.arguments import (
    BAD,
    ESTIMATORS,
    NAN,
    ONLY_REAL,
    REAL,
    assert_one_sentence,
    given,
    put,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


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
