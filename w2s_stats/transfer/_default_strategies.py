"""The strategies that are compared where none are named."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer._baselines import (
    OracleClassifier,
    OracleRegressor,
    SourceOnlyClassifier,
    SourceOnlyRegressor,
)
from w2s_stats.transfer._deconvolution import (
    ConceptDeconvolutionClassifier,
    ConceptDeconvolutionRegressor,
)
from w2s_stats.transfer._refinement import LabelRefinementClassifier, LabelRefinementRegressor
from w2s_stats.transfer._weak_training import WeakTrainingClassifier, WeakTrainingRegressor


def check_source_model(
    source_model: Any, n_experts: int, task: str
) -> MixtureOfExpertsRegressor | MixtureOfExpertsClassifier:
    """Return the mixture that the default strategies fit; None is one with a constant gate."""
    wanted = MixtureOfExpertsRegressor if task == "regression" else MixtureOfExpertsClassifier
    model = wanted(n_experts) if source_model is None else source_model
    if not isinstance(model, wanted):
        raise ValueError(
            f"source_model must be a {wanted.__name__} for {task}; found {type(model).__name__}."
        )
    model._validate_params()
    return model


def default_strategies(source_model: Any, seed: int, *, oracle: bool) -> dict[str, BaseEstimator]:
    """Return the unfitted strategies by name, all with the means to represent E[Y | x].

    What separates them is then what they learn from. Under Gaussian experts with a constant gate
    E[Y | x] is linear, and so are the students of weak training and refinement; otherwise the
    students are mixtures like the source model.

    Parameters
    ----------
    source_model : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
        Unfitted.
    seed : int
        For all of them.
    oracle : bool
        Whether there are gold labels for an oracle to learn from.

    Returns
    -------
    dict
        Name to estimator, in the order of the table.

    Examples
    --------
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> from w2s_stats.transfer._default_strategies import default_strategies
    >>> list(default_strategies(MixtureOfExpertsRegressor(2), 0, oracle=False))
    ['concept deconvolution', 'label refinement', 'weak training', 'source only']
    """
    gaussian = set(np.atleast_1d(source_model.expert)) == {"gaussian"}
    linear = source_model.gate == "constant" and gaussian
    student = None if linear else clone(source_model)
    if isinstance(source_model, MixtureOfExpertsRegressor):
        found = {
            "concept deconvolution": ConceptDeconvolutionRegressor(source_model, random_state=seed),
            "label refinement": LabelRefinementRegressor(source_model, student, random_state=seed),
            "weak training": WeakTrainingRegressor(student, random_state=seed),
            "source only": SourceOnlyRegressor(source_model, random_state=seed),
            "oracle": OracleRegressor(source_model, random_state=seed),
        }
    else:
        found = {
            "concept deconvolution": ConceptDeconvolutionClassifier(
                source_model, random_state=seed
            ),
            "label refinement": LabelRefinementClassifier(source_model, student, random_state=seed),
            "weak training": WeakTrainingClassifier(student, random_state=seed),
            "source only": SourceOnlyClassifier(source_model, random_state=seed),
            "oracle": OracleClassifier(source_model, random_state=seed),
        }
    return found if oracle else {name: s for name, s in found.items() if name != "oracle"}
