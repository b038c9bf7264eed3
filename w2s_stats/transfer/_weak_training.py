"""Training on the weak labels as they are, the strategy that the others are held against."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval

from w2s_stats._validation import whole_or_nothing
from w2s_stats.transfer._diagnostics import sample_diagnostics, weak_bias_diagnostics
from w2s_stats.transfer._student import Student, StudentClassifier, StudentRegressor


class _WeakTraining(Student):
    """Weak training with labels of either kind."""

    _parameter_constraints: ClassVar[dict] = {
        **Student._parameter_constraints,
        "source_weight": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        source_weight: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.source_weight = source_weight
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    @whole_or_nothing
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        y_weak: Any = None,
        sample_domain: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit the estimator to strong labels in the source and weak labels in the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or, in regression, (n_samples, n_outputs)
            Strong labels; those of target rows are not used. Missing: NaN; for classes also None
            and, where `y_weak` or `sample_domain` is given, the integer -1.
        y_weak : array-like like y, or of shape (n_samples, n_classes), or None
            Weak labels, or probabilities of the sorted classes; those of source rows are not used.
        sample_domain : array-like of int of shape (n_samples,) or None
            >= 0 in source rows, < 0 in target rows. None: rows with a strong label are source rows.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        self
        """
        data = self._read(
            X, y, y_weak=y_weak, sample_domain=sample_domain, sample_weight=sample_weight
        )
        labels = self._strong_labels(data).copy()
        if data.y_weak is not None:
            labels[data.target] = data.y_weak[data.target]
        # Without a target lambda has nothing to balance, and what is left is the source fit.
        source_weight = self.source_weight if data.target.any() else 1.0
        weight = np.where(data.source, source_weight, 1.0)
        if data.weight is not None:
            weight = weight * data.weight
        rows = np.where(data.source, data.strong, data.weak) & (weight > 0)
        self._learn(data, rows, labels, weight)
        self.source_share_ = float(weight[rows & data.source].sum() / weight[rows].sum())
        self.diagnostics_ = sample_diagnostics(data) + weak_bias_diagnostics(data)
        return self


class WeakTrainingRegressor(StudentRegressor, _WeakTraining):
    """Train on the weak labels of the target as they are, together with the source.

    Minimise sum_Q (f(x) - y')^2 + lambda sum_P (f(x) - y)^2  (theory 6.5)

    by any estimator with sample weights. With squared loss and a class of functions that is large
    enough, the limit is eta p + (1 - eta) q', where p, q, q' are the regression functions of Y in
    the source, Y in the target, Y' in the target, and eta = lambda n_P / (n_Q + lambda n_P); so
    the error tends to E[(eta (q - p) + (1 - eta) (q - q'))^2]: the strategy is inconsistent unless
    its two biases cancel.

    Parameters
    ----------
    estimator : regressor or None, default=None
        Takes sample weights, unless all weights are one. None: LinearRegression.
    source_weight : float, default=1.0
        The lambda above, >= 0; 0 leaves the weak labels alone.
    random_state : int, RandomState or None, default=None
        Seeds every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted copy.
    source_share_ : float
        The eta above; 1 without target rows, when this is the source fit.
    diagnostics_ : list of Diagnostic
        Findings about the rows: their numbers, and whether weak labels are biased.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source or the target has no labels, or the estimator takes no weights where rows
        weigh differently.

    References
    ----------
    Somerstep et al. (2025), section 3.1 (Proposition 3.1 is printed with other coefficients).

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import WeakTrainingRegressor
    >>> data = make_latent_concept_shift(1000, 3000, random_state=0)
    >>> domains = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    >>> model = WeakTrainingRegressor().fit(data.X, data.y, **domains)
    >>> model.source_share_
    0.25
    >>> target = data.sample_domain < 0
    >>> error = model.predict(data.X[target]) - data.target_mean[target]
    >>> round(float((error**2).mean()), 2)
    0.14
    """


class WeakTrainingClassifier(StudentClassifier, _WeakTraining):
    """Train on the weak labels of the target as they are, together with the source.

    Minimise sum_Q sum_c y'_c l(f(x), c) + lambda sum_P l(f(x), y)  (theory 6.5),

    l the loss of any classifier with sample weights, y'_c the weak probability of class c: a row
    with soft weak labels counts once for each class, weighted by its probability.

    Parameters
    ----------
    estimator : classifier or None, default=None
        Takes sample weights, unless all weights are one. None: LogisticRegression.
    source_weight : float, default=1.0
        The lambda above, >= 0; 0 leaves the weak labels alone.
    random_state : int, RandomState or None, default=None
        Seeds every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : classifier
        The fitted copy.
    classes_ : ndarray of shape (n_classes,)
    source_share_ : float
        lambda n_P / (n_Q + lambda n_P); 1 without target rows, when this is the source fit.
    diagnostics_ : list of Diagnostic
        Findings about the rows: their numbers, and whether weak labels are biased.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source or the target has no labels, or the estimator takes no weights where rows
        weigh differently.

    References
    ----------
    Somerstep et al. (2025), section 3.1.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import WeakTrainingClassifier
    >>> data = make_latent_concept_shift(1000, 3000, expert="bernoulli", random_state=0)
    >>> domains = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    >>> model = WeakTrainingClassifier().fit(data.X, data.y, **domains)
    >>> target = data.sample_domain < 0
    >>> round(model.score(data.X[target], data.y_gold[target]), 2)
    0.69
    """
