"""What every transfer strategy shares: the metadata it asks for, how labels are read, scores."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from w2s_stats._validation import check_labels
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.mixture._score import accuracy_of_known, r2_of_known
from w2s_stats.transfer._class_labels import (
    encode_classes,
    one_hot,
    read_classes,
    weak_probabilities,
)
from w2s_stats.transfer._domains import (
    TwoSamples,
    split_domains_classification,
    split_domains_regression,
)


class Strategy:
    """Asks for `y_weak` and `sample_domain`, so that both reach `fit` through meta-estimators."""

    __metadata_request__fit: ClassVar[dict] = {"y_weak": True, "sample_domain": True}


class RegressionStrategy(RegressorMixin, Strategy):
    """A strategy whose `predict` is E_Q[Y | x]."""

    def _read(self, X: Any, y: Any, **given: Any) -> TwoSamples:
        """Check what `fit` was given, see :func:`split_domains_regression`."""
        return split_domains_regression(self, X, y, **given)

    @staticmethod
    def _default_source_model() -> MixtureOfExpertsRegressor:
        return MixtureOfExpertsRegressor(n_experts=2)

    def _strong_columns(self, y: Any, n_samples: int) -> np.ndarray:
        """Labels as experts see them: columns, NaN where missing."""
        return check_labels(y, n_samples).reshape(n_samples, -1)

    def _weak_columns(self, y_weak: Any, n_samples: int) -> np.ndarray:
        return check_labels(y_weak, n_samples, name="y_weak").reshape(n_samples, -1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination of the prediction, over the rows whose label is known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Strong labels; rows with a NaN are left out.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If no row has a label. A search whose folds are target rows without gold labels has
            nothing to go by; :func:`compare_strategies` judges by held-out weak labels there.
        """
        prediction = self.predict(X)  # type: ignore[attr-defined]
        labels = check_labels(y, len(prediction))
        _check_any_known(np.isnan(labels.reshape(len(labels), -1)).any(axis=1))
        return r2_of_known(labels, prediction, sample_weight)


class ClassificationStrategy(ClassifierMixin, Strategy):
    """A strategy whose `predict` is the likeliest label in the target."""

    classes_: np.ndarray

    def _read(self, X: Any, y: Any, **given: Any) -> TwoSamples:
        """Check what `fit` was given, see :func:`split_domains_classification`."""
        return split_domains_classification(self, X, y, **given)

    @staticmethod
    def _default_source_model() -> MixtureOfExpertsClassifier:
        return MixtureOfExpertsClassifier(n_experts=2)

    def _strong_columns(self, y: Any, n_samples: int) -> np.ndarray:
        """Labels as experts see them: probabilities of the classes but the first, NaN for none."""
        labels, missing = self._labels(y, n_samples)
        return one_hot(encode_classes(labels, missing, self.classes_), len(self.classes_))[:, 1:]

    def _weak_columns(self, y_weak: Any, n_samples: int) -> np.ndarray:
        return weak_probabilities(y_weak, n_samples, self.classes_)[:, 1:]

    def _labels(self, y: Any, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
        minus_one = not np.isin(-1, self.classes_)
        return read_classes(y, n_samples, "y", minus_one_is_missing=bool(minus_one))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of rows that are predicted right, over the rows whose label is known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Strong labels; rows with NaN, None or (unless it is a class) -1 are left out.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If no row has a label. A search whose folds are target rows without gold labels has
            nothing to go by; :func:`compare_strategies` judges by held-out weak labels there.
        """
        prediction = self.predict(X)  # type: ignore[attr-defined]
        labels, missing = self._labels(y, len(prediction))
        _check_any_known(missing)
        return accuracy_of_known(
            labels[:, None], missing[:, None], prediction[:, None], sample_weight
        )


def _check_any_known(missing: np.ndarray) -> None:
    if missing.all():
        raise ValueError(
            "y must have at least one label to score with; found missing labels only: without gold "
            "labels of target rows, compare_strategies judges by held-out weak labels."
        )
