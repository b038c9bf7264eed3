"""The two maximum-likelihood stages under a latent concept shift, theory 6.2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from w2s_stats._validation import check_counts, check_observed
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.mixture._model import Model
from w2s_stats.mixture._parameters import Parameters, gate_feature_names, parameter_names
from w2s_stats.transfer._assembled import AssembledClassifier, AssembledRegressor
from w2s_stats.transfer._class_labels import one_hot
from w2s_stats.transfer._domains import TwoSamples

Mixture = MixtureOfExpertsRegressor | MixtureOfExpertsClassifier


def expert_means(mixture: Mixture, X: np.ndarray, columns: slice, label: int = 0) -> np.ndarray:
    """Means of a label's outputs, or its classes' probabilities: (n_experts, n_outputs, n_rows)."""
    if isinstance(mixture, MixtureOfExpertsClassifier):
        return mixture._expert_proba(X, label)
    return mixture._expert_means(X)[:, columns]


class Stages:
    """Fits mixtures of experts to the labels of both domains as the experts see them.

    Real labels are columns as they are; class labels are the probabilities of the classes but the
    first. The source's mixture holds the experts of y, then those of y'.

    Parameters
    ----------
    model : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
        Unfitted; cloned for every fit.
    data : TwoSamples
    names : ndarray of str or None
        Names of the features, for the fitted mixtures.
    random_state : int, RandomState or None
        None leaves the model its own.
    """

    def __init__(
        self, model: Mixture, data: TwoSamples, names: np.ndarray | None, random_state: Any
    ) -> None:
        model._validate_params()  # the fits below begin after scikit-learn's own check
        self.model, self.data, self.names = model, data, names
        self.random = None if random_state is None else check_random_state(random_state)
        self.strong, self.weak = _columns(data)
        self.n_columns = self.strong.shape[1]
        n_outputs = 1 if data.classes is not None or data.y.ndim == 1 else data.y.shape[1]
        expert = model.expert
        self.families = [expert] * n_outputs if isinstance(expert, str) else list(expert)
        if isinstance(model, MixtureOfExpertsRegressor):
            for column, family in enumerate(model._families(n_outputs)):
                if family == "poisson":
                    check_counts(self.strong[:, column])
                    if self.weak is not None:
                        check_counts(self.weak[:, column], name="y_weak")
        else:
            model._check_classes([self.classes])

    @property
    def classes(self) -> np.ndarray:
        """Classes of y and y'."""
        assert self.data.classes is not None
        return self.data.classes

    def source_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows that say something about the source, and their labels (y, y'), or y alone."""
        labels = [self.strong]
        if self.weak is not None and not np.isnan(self.weak[self.data.source]).all():
            labels.append(self.weak)
        Y = np.concatenate(labels, axis=1)
        rows = np.flatnonzero(self.data.source & ~np.isnan(Y).all(axis=1))
        return rows, Y[rows]

    def target_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the target that have a weak label, and these labels."""
        assert self.weak is not None
        rows = np.flatnonzero(self.data.target & ~np.isnan(self.weak).all(axis=1))
        return rows, self.weak[rows]

    def fit_source(self) -> Mixture:
        """Maximise sum_i log sum_k p(k | x_i) phi(y_i; theta_k) phi(y'_i; theta_k^wp).

        Labels that are missing drop out; without any weak label in the source, so does y'.
        """
        rows, Y = self.source_rows()
        check_observed(Y[:, self.columns(0)])
        if Y.shape[1] > self.n_columns:
            check_observed(Y[:, self.columns(1)], name="y_weak")
        return self._fit(rows, Y)

    def weak_label(self, source: Mixture) -> int:
        """Which label of the source's mixture is y': 1, or 0, y itself, where y' was never seen."""
        return source._parameters.coef.shape[1] // self.n_columns - 1

    def columns(self, label: int) -> slice:
        """Columns of a label's experts."""
        return slice(label * self.n_columns, (label + 1) * self.n_columns)

    def weak_unit(self) -> np.ndarray:
        """Standard deviation of each output of y' in the target."""
        assert self.weak is not None
        rows = self.data.target
        weight = np.ones(rows.sum()) if self.data.weight is None else self.data.weight[rows]
        weak = np.ma.masked_invalid(self.weak[rows])
        mean = np.ma.average(weak, axis=0, weights=weight)
        unit = np.asarray(np.ma.sqrt(np.ma.average((weak - mean) ** 2, axis=0, weights=weight)))
        return np.where(unit > 0, unit, 1.0)

    def fit_target(
        self,
        source: Mixture,
        guesses: Sequence[Parameters] = (),
        *,
        n_init: int | None = None,
    ) -> Mixture:
        """Maximise sum_i log sum_k q(k | x_i) phi(y'_i; theta_k^wq), the gate tied to the source's.

        Starts from the source's weak experts, the other guesses, and random labels.
        """
        rows, Y = self.target_rows()
        check_observed(Y, name="y_weak")
        tied = source._parameters.columns(self.columns(self.weak_label(source)))
        return self._fit(rows, Y, tied_to=tied, guesses=[*guesses, tied], n_init=n_init)

    def _fit(
        self, rows: np.ndarray, Y: np.ndarray, tied_to: Parameters | None = None, **kwargs: Any
    ) -> Mixture:
        model = self._clone()
        if tied_to is not None:
            # q(k | x) is fitted given x: the joint density of x was the source's affair.
            model.set_params(gate=model.gate.removesuffix("-joint"))
        n_labels = Y.shape[1] // self.n_columns
        if n_labels > 1:
            model.set_params(expert=self.families * n_labels)
        X, weight = self.data.X[rows], self.data.weight_of(rows)
        if isinstance(model, MixtureOfExpertsClassifier):
            classes = [self.classes] * n_labels
            model._fit_labels(X, Y, classes, weight, tied_to=tied_to, **kwargs)
            model.classes_ = classes if n_labels > 1 else classes[0]
        else:
            model._fit_encoded(X, Y, weight, tied_to=tied_to, **kwargs)
            model._one_output_ = n_labels == 1 and self.data.y.ndim == 1
        return model

    def assemble(self, parameters: Parameters) -> AssembledRegressor | AssembledClassifier:
        """A mixture for y with given parameters, that predicts as a fitted one does.

        Its weights are the mean gate probabilities over the target, or over the source where there
        is no target.
        """
        given = self._clone()
        kind: type[AssembledRegressor | AssembledClassifier] = AssembledRegressor
        kind = AssembledClassifier if self.data.classes is not None else kind
        model = kind(**{name: getattr(given, name) for name in kind._get_param_names()})
        model.set_params(gate=model.gate.removesuffix("-joint"))
        self._set_names(model)
        if isinstance(model, MixtureOfExpertsClassifier):
            model._label_classes = [self.classes]
            model.classes_ = self.classes
        else:
            model._one_output_ = self.data.y.ndim == 1
        model._blocks_ = model._blocks(np.full((1, self.n_columns), np.nan))
        model._model_ = Model(model.n_experts, model._blocks_, model.gate, model.fit_intercept)
        model._set_experts(parameters)
        model.gate_coef_, model.gate_intercept_ = parameters.gate_coef, parameters.gate_intercept
        features = model._names_of_features(self.data.X.shape[1])
        model.param_names_ = parameter_names(
            model.n_experts,
            model._blocks_,
            features,
            model._column_names(),
            gate_feature_names(features, model.gate),
            fit_intercept=model.fit_intercept,
        )
        rows = self.data.target if self.data.target.any() else self.data.source
        model.weights_ = self._mean_gate(model, rows)
        return model

    def _mean_gate(self, model: Mixture, rows: np.ndarray) -> np.ndarray:
        X, weight = self.data.X[rows], self.data.weight_of(rows)
        weight = np.ones(len(X)) if weight is None else weight
        total = np.zeros(model.n_experts)
        for chunk in model._chunks(X):
            total += weight[chunk] @ model._gate_proba(np.asarray(X[chunk], dtype=np.float64))
        return total / weight.sum()

    def _clone(self) -> Mixture:
        model = clone(self.model)
        if self.random is not None:
            model.set_params(random_state=int(self.random.randint(2**31 - 1)))
        self._set_names(model)
        return model

    def _set_names(self, model: Mixture) -> None:
        model.n_features_in_ = self.data.X.shape[1]
        if self.names is not None:
            model.feature_names_in_ = self.names


def _columns(data: TwoSamples) -> tuple[np.ndarray, np.ndarray | None]:
    n = len(data.X)
    if data.classes is None:
        weak = None if data.y_weak is None else data.y_weak.reshape(n, -1)
        return data.y.reshape(n, -1), weak
    weak = None if data.y_weak is None else data.y_weak[:, 1:]
    return one_hot(data.y, len(data.classes))[:, 1:], weak
