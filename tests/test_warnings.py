"""Warnings point at the line of the user, however deep in the package they arise."""

import warnings

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from w2s_stats.datasets import load_tone, make_latent_concept_shift
from w2s_stats.exceptions import (
    AmbiguousMatchingWarning,
    DegenerateFitWarning,
    SeparationWarning,
    UnderdeterminedFitWarning,
    warn,
)
from w2s_stats.mixture import (
    MixtureOfExpertsClassifier,
    MixtureOfExpertsRegressor,
    select_n_experts,
)
from w2s_stats.transfer import ConceptDeconvolutionRegressor

X, y = load_tone(return_X_y=True)
FEW, FEW_Y = X[:3], np.array([0.0, 1.0, 0.0])
SHORT = MixtureOfExpertsRegressor(2, n_init=1, max_iter=2, random_state=0)


def constant_columns():
    MixtureOfExpertsRegressor(1).fit(np.column_stack([X, np.ones(len(X))]), y)


def degenerate():
    MixtureOfExpertsRegressor(2, n_init=1, random_state=0).fit(FEW, FEW_Y)


def not_converged():
    SHORT.fit(X, y)


def separated():
    MixtureOfExpertsClassifier(1).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def column_of_classes():
    MixtureOfExpertsClassifier(1).fit([[0.0], [1.0], [2.0], [3.0]], [[0], [1], [0], [1]])


def in_a_pipeline():
    make_pipeline(StandardScaler(), SHORT).fit(X, y)


def in_folds():
    cross_val_predict(SHORT, X, y, cv=2)


def in_a_loop_of_joblib():
    Parallel(n_jobs=1)(delayed(SHORT.fit)(X, y) for _ in range(1))


def selecting():
    select_n_experts(MixtureOfExpertsRegressor(n_init=1), FEW, FEW_Y, n_experts=[2])


def matching():
    data = make_latent_concept_shift(
        300, 300, n_features=1, n_experts=2, weak_noise=6.0, random_state=0
    )
    given = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    ConceptDeconvolutionRegressor(random_state=0).fit(data.X, data.y, **given)


@pytest.mark.parametrize(
    ("user", "category"),
    [
        (constant_columns, UnderdeterminedFitWarning),
        (degenerate, DegenerateFitWarning),
        (not_converged, ConvergenceWarning),
        (separated, SeparationWarning),
        (column_of_classes, DataConversionWarning),
        (in_a_pipeline, ConvergenceWarning),
        (in_folds, ConvergenceWarning),
        (in_a_loop_of_joblib, ConvergenceWarning),
        (selecting, DegenerateFitWarning),
        (matching, AmbiguousMatchingWarning),
    ],
)
def test_the_users_line(user, category):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        user()
    assert category in {warning.category for warning in caught}
    assert {warning.filename for warning in caught} == {__file__}


def test_the_line_number():
    code = compile("\n\nwarn('so it is', UserWarning)\n", "users.py", "exec")
    with pytest.warns(UserWarning, match="so it is") as caught:
        exec(code, {"__name__": "users", "warn": warn})
    assert [(w.filename, w.lineno) for w in caught] == [("users.py", 3)]


@pytest.mark.parametrize(
    ("n_rows", "said"),
    [
        (3, r"^Experts 0 and 1 explain no more rows than they have coefficients, or their varia"),
        (60, r"^Expert 1 explains no more rows than it has coefficients, or its variance is at"),
    ],
)
def test_experts_are_named_in_good_grammar(n_rows, said):
    random = np.random.default_rng(0)
    few = random.normal(size=(n_rows, 1))
    label = np.where(np.arange(n_rows) < 20, 2.0 * few[:, 0], random.normal(size=n_rows))
    mixture = MixtureOfExpertsRegressor(2, n_init=5, random_state=0)
    with pytest.warns(UserWarning, match=said):
        mixture.fit(few, label)


def test_warn_is_silent_where_it_is_told_to_be():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="so it is"):
            warn("so it is", UserWarning)
