"""One scikit-learn estimator, fitted to the rows and labels that a baseline picks."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone, is_classifier, is_regressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from w2s_stats._validation import check_features, shown
from w2s_stats.transfer._class_labels import one_hot
from w2s_stats.transfer._domains import TwoSamples
from w2s_stats.transfer._routing import fit_metadata, last_step
from w2s_stats.transfer._strategy import ClassificationStrategy, RegressionStrategy


class Student(BaseEstimator):
    """What the baselines share: a copy of `estimator`, its seed, its weights, its methods."""

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [None, HasMethods(["fit", "predict"])],
        "random_state": ["random_state"],
    }

    estimator: Any
    estimator_: Any
    random_state: Any
    # The mixin beside it tells source from target, for real labels or for classes.
    _read: Any

    def _validate_params(self) -> None:
        super()._validate_params()
        if self.estimator is None:
            return
        wanted, other = "classifier", is_regressor
        if isinstance(self, RegressorMixin):
            wanted, other = "regressor", is_classifier
        if isinstance(self.estimator, type) or other(self.estimator):
            raise TypeError(
                f"estimator must be an unfitted {wanted} or None; found {shown(self.estimator)}."
            )

    def _default_estimator(self) -> Any:
        """The estimator that ``estimator=None`` stands for."""
        raise NotImplementedError

    def _strong_labels(self, data: TwoSamples) -> np.ndarray:
        """Strong labels in the form of the weak ones: numbers, or probabilities of the classes."""
        raise NotImplementedError

    def _learn(self, data: TwoSamples, rows: np.ndarray, y: np.ndarray, weight: np.ndarray) -> None:
        """Fit to some rows of the data, to their labels in that form."""
        raise NotImplementedError

    def _fit_student(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray) -> None:
        student = self._default_estimator() if self.estimator is None else clone(self.estimator)
        _seed(student, self.random_state)
        self.estimator_ = student.fit(X, y, **_weights(student, weight))

    def _check_X(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return check_features(self, X, reset=False)

    def predict(self, X: Any) -> np.ndarray:
        """Prediction of the fitted `estimator_`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        X = self._check_X(X)
        return np.asarray(self.estimator_.predict(X))

    @available_if(lambda self: hasattr(self._student, "log_prob"))
    def log_prob(self, X: Any, y: Any) -> np.ndarray:
        """Log-density of strong labels, log p(y | x), where `estimator_` has one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        X = self._check_X(X)
        return np.asarray(self.estimator_.log_prob(X, y))

    @property
    def _student(self) -> Any:
        """The fitted estimator, or before `fit` the one to be fitted."""
        given = self._default_estimator() if self.estimator is None else self.estimator
        return getattr(self, "estimator_", given)


class StudentRegressor(RegressionStrategy, Student):
    """A regressor by one estimator, least squares if none is named."""

    def _default_estimator(self) -> Any:
        return LinearRegression()

    def _strong_labels(self, data: TwoSamples) -> np.ndarray:
        return data.y

    def _learn(self, data: TwoSamples, rows: np.ndarray, y: np.ndarray, weight: np.ndarray) -> None:
        self._fit_student(data.X[rows], y[rows], weight[rows])

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class StudentClassifier(ClassificationStrategy, Student):
    """A classifier by one estimator, logistic regression if none is named."""

    def _default_estimator(self) -> Any:
        return LogisticRegression(max_iter=1000)

    def _strong_labels(self, data: TwoSamples) -> np.ndarray:
        return one_hot(data.y, len(self._classes(data)))

    def _learn(self, data: TwoSamples, rows: np.ndarray, y: np.ndarray, weight: np.ndarray) -> None:
        # A row for each class that is possible, weighted by its probability.
        row, code = np.nonzero((y > 0) & rows[:, None])
        classes = self._classes(data)
        self._fit_student(data.X[row], classes[code], weight[row] * y[row, code])
        self.classes_ = classes

    @staticmethod
    def _classes(data: TwoSamples) -> np.ndarray:
        assert data.classes is not None
        return data.classes

    @available_if(lambda self: hasattr(self._student, "predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class by the fitted `estimator_`; 0 for a class it has not seen.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        X = self._check_X(X)
        seen = self.estimator_.predict_proba(X)
        proba = np.zeros((len(seen), len(self.classes_)))
        proba[:, np.searchsorted(self.classes_, self.estimator_.classes_)] = seen
        return proba


def _seed(estimator: Any, random_state: Any) -> None:
    """Seed every open `random_state` of an estimator and of what it holds."""
    open_states = sorted(
        name
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state" and value is None
    )
    if random_state is not None and open_states:
        random = check_random_state(random_state)
        drawn = {name: random.randint(np.iinfo(np.int32).max) for name in open_states}
        estimator.set_params(**drawn)


def _weights(estimator: Any, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Weights as `fit` takes them; weights of one need not be taken."""
    if (weight == 1.0).all():
        return {}
    learner = last_step(estimator)
    if not has_fit_parameter(learner, "sample_weight"):
        raise ValueError(
            "estimator must take sample_weight in fit, because rows weigh differently here "
            "(source_weight, sample_weight or probabilities in y_weak); found "
            f"{type(learner).__name__}, which does not."
        )
    return fit_metadata(estimator, sample_weight=weight)
