"""The two ends of the scale: the source alone, and an oracle that sees the target's gold labels."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context

from w2s_stats._validation import whole_or_nothing
from w2s_stats.transfer._diagnostics import Diagnostic
from w2s_stats.transfer._domains import TwoSamples
from w2s_stats.transfer._student import Student, StudentClassifier, StudentRegressor


class _OneDomain(Student):
    """An estimator on the rows of one domain, with their strong labels."""

    # Whether it learns from the target, by labels that no strategy has.
    _use_gold = False

    def __init__(
        self, estimator: Any = None, *, random_state: int | np.random.RandomState | None = None
    ) -> None:
        self.estimator = estimator
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
        """Fit the estimator to the strong labels of one domain.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or, in regression, (n_samples, n_outputs)
            Strong labels. Missing: NaN; for classes also None and, where `y_weak` or
            `sample_domain` is given, the integer -1.
        y_weak : array-like like y, or of shape (n_samples, n_classes), or None
            Not used, but for classes that y does not have.
        sample_domain : array-like of int of shape (n_samples,) or None
            >= 0 in source rows, < 0 in target rows. None: rows with a strong label are source rows.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        self
        """
        data = self._read(
            X,
            y,
            y_weak=y_weak,
            sample_domain=sample_domain,
            sample_weight=sample_weight,
            needs_weak=False,
            use_gold=self._use_gold,
        )
        rows = _labelled(data, in_target=self._use_gold)
        weight = np.ones(len(data.X)) if data.weight is None else data.weight
        self._learn(data, rows, self._strong_labels(data), weight)
        self.diagnostics_ = [_count(data, rows)]
        return self


class SourceOnlyRegressor(StudentRegressor, _OneDomain):
    """Learn from the source alone, and hope that the target is like it.

    The limit is E_P[Y | x], the regression function of the source: right in the target only if no
    concept has become rarer or more frequent (theory 6.1, rho = 1).

    Parameters
    ----------
    estimator : regressor or None, default=None
        None: LinearRegression. A mixture of experts will do as well.
    random_state : int, RandomState or None, default=None
        Seeds every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted copy.
    diagnostics_ : list of Diagnostic
        One finding, "labelled rows": whether they are more than a linear model's coefficients.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source has no strong label, or the estimator takes no weights where rows weigh
        differently.

    References
    ----------
    Somerstep et al. (2025), section 2.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import SourceOnlyRegressor
    >>> data = make_latent_concept_shift(3000, 1000, random_state=0)
    >>> model = SourceOnlyRegressor().fit(data.X, data.y, sample_domain=data.sample_domain)
    >>> target = data.sample_domain < 0
    >>> error = model.predict(data.X[target]) - data.target_mean[target]
    >>> round(float((error**2).mean()), 2)
    1.16
    """


class OracleRegressor(StudentRegressor, _OneDomain):
    """Learn from gold labels of target rows: what a strategy could reach, not a strategy.

    It is the only one whose `fit` uses strong labels of target rows; without target rows it is the
    source fit. Compare on rows that it has not seen (:class:`TargetKFold`), or it looks too good.

    Parameters
    ----------
    estimator : regressor or None, default=None
        None: LinearRegression. A mixture of experts will do as well.
    random_state : int, RandomState or None, default=None
        Seeds every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted copy.
    diagnostics_ : list of Diagnostic
        One finding, "labelled rows": whether they are more than a linear model's coefficients.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If there are target rows and none has a gold label, or the estimator takes no weights where
        rows weigh differently.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import OracleRegressor
    >>> data = make_latent_concept_shift(1000, 3000, random_state=0)
    >>> model = OracleRegressor().fit(data.X, data.y_gold, sample_domain=data.sample_domain)
    >>> target = data.sample_domain < 0
    >>> error = model.predict(data.X[target]) - data.target_mean[target]
    >>> round(float((error**2).mean()), 4)
    0.0032
    """

    _use_gold = True


class SourceOnlyClassifier(StudentClassifier, _OneDomain):
    """Learn from the source alone, and hope that the target is like it.

    The limit is P(y | x), the source's: right in the target only if no concept has become rarer or
    more frequent (theory 6.1, rho = 1).

    Parameters
    ----------
    estimator : classifier or None, default=None
        None: LogisticRegression. A mixture of experts will do as well.
    random_state : int, RandomState or None, default=None
        Seeds every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : classifier
        The fitted copy.
    classes_ : ndarray of shape (n_classes,)
    diagnostics_ : list of Diagnostic
        One finding, "labelled rows": whether they are more than a linear model's coefficients.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source has no strong label, or the estimator takes no weights where rows weigh
        differently.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import SourceOnlyClassifier
    >>> data = make_latent_concept_shift(3000, 1000, expert="bernoulli", random_state=0)
    >>> model = SourceOnlyClassifier().fit(data.X, data.y, sample_domain=data.sample_domain)
    >>> target = data.sample_domain < 0
    >>> round(model.score(data.X[target], data.y_gold[target]), 2)
    0.6
    """


class OracleClassifier(StudentClassifier, _OneDomain):
    """Learn from gold labels of target rows: what a strategy could reach, not a strategy.

    It is the only one whose `fit` uses strong labels of target rows; without target rows it is the
    source fit. Compare on rows that it has not seen (:class:`TargetKFold`), or it looks too good.

    Parameters
    ----------
    estimator : classifier or None, default=None
        None: LogisticRegression. A mixture of experts will do as well.
    random_state : int, RandomState or None, default=None
        Seeds every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : classifier
        The fitted copy.
    classes_ : ndarray of shape (n_classes,)
    diagnostics_ : list of Diagnostic
        One finding, "labelled rows": whether they are more than a linear model's coefficients.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If there are target rows and none has a gold label, or the estimator takes no weights where
        rows weigh differently.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import OracleClassifier
    >>> data = make_latent_concept_shift(1000, 3000, expert="bernoulli", random_state=0)
    >>> model = OracleClassifier().fit(data.X, data.y_gold, sample_domain=data.sample_domain)
    >>> target = data.sample_domain < 0
    >>> round(model.score(data.X[target], data.y_gold[target]), 2)
    0.7
    """

    _use_gold = True


def _labelled(data: TwoSamples, *, in_target: bool) -> np.ndarray:
    """Rows with strong labels: gold ones of the target, if wanted and there is one."""
    if not (in_target and data.target.any()):
        return data.source & data.strong
    rows = data.target & data.strong
    if not rows.any():
        raise ValueError(
            "y must hold a gold label in at least one target row, for the oracle to learn from; "
            "found missing labels only."
        )
    return rows


def _count(data: TwoSamples, rows: np.ndarray) -> Diagnostic:
    n_rows, n_coefficients = int(rows.sum()), data.X.shape[1] + 1
    return Diagnostic(
        "labelled rows",
        n_rows,
        n_coefficients,
        n_rows > n_coefficients,
        f"{n_rows} rows with a strong label to learn from; a linear model has {n_coefficients} "
        "coefficients.",
    )
