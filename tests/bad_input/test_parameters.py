"""Parameters of estimators: one sentence that names the one."""

import copy
import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression

from tests.bad_input.arguments import ESTIMATORS, NAN, REAL, assert_one_sentence, given, same

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


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
