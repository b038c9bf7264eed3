"""Estimators of Algorithm 1, how they are fitted to a data set, and their error."""

from __future__ import annotations

import numpy as np

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer import ConceptDeconvolutionClassifier, ConceptDeconvolutionRegressor


def regressor(n_experts=3, n_init=3, **kwargs):
    names = ("matching", "distance", "random_state")
    own = {"random_state": 0} | {name: kwargs.pop(name) for name in names if name in kwargs}
    source_model = MixtureOfExpertsRegressor(n_experts, n_init=n_init, **kwargs)
    return ConceptDeconvolutionRegressor(source_model, **own)


def classifier(n_experts=2, n_init=2, **kwargs):
    source_model = MixtureOfExpertsClassifier(n_experts, n_init=n_init, **kwargs)
    return ConceptDeconvolutionClassifier(source_model, random_state=0)


def fit(model, data, **changed):
    given = {"y_weak": data.y_weak, "sample_domain": data.sample_domain} | changed
    X, y = given.pop("X", data.X), given.pop("y", data.y)
    return model.fit(X, y, **given)


def squared_error(model, test):
    return float(np.mean((model.predict(test.X) - test.target_mean) ** 2))
