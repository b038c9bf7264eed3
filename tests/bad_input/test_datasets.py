"""Data sets: one sentence that names the argument."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from tests.bad_input.arguments import BAD, GOLD, NAN, REAL, assert_one_sentence, changed, constants
from w2s_stats.datasets import (
    load_esol,
    make_concept_shift,
    make_latent_concept_shift,
    sample_latent_concept_shift,
)
from w2s_stats.mixture import MixtureOfExpertsRegressor

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


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
