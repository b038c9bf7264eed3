"""Mixtures of logistic and multinomial regressions and of experts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context

from w2s_stats._arrays import array_module, beside, beside_X, softmax, to_host
from w2s_stats._validation import (
    check_choice,
    check_class_labels,
    check_columns,
    check_discrete,
    check_features_anywhere,
    check_seed,
    check_sizes,
    check_weight,
    plain_labels,
    whole_or_nothing,
)
from w2s_stats.datasets._latent_rows import draw_categories
from w2s_stats.mixture._base import BaseMixtureOfExperts, names_of_labels
from w2s_stats.mixture._fit import Fit
from w2s_stats.mixture._parameters import Block, Parameters
from w2s_stats.mixture._score import accuracy_of_known


class MixtureOfExpertsClassifier(ClassifierMixin, BaseMixtureOfExperts):
    """Mixture of logistic or multinomial experts, by maximum likelihood.

    P(y = c | x) = sum_k p(k | x) softmax_c(coef_[k] @ x + intercept_[k])  (theory 6.1),

    the first class's coefficients being zero. What such a mixture can tell from data has limits
    (theory 6.8): with a constant gate and one binary label, two experts need at least five distinct
    values of a covariate; repeated labels of the same unit, as several columns of y, help.

    Parameters
    ----------
    n_experts : int, default=2
    expert : {"multinomial", "bernoulli"} or a list with one for each column of y, \
default="multinomial"
        "bernoulli" is "multinomial" for a label with exactly two classes.
    gate : {"constant", "softmax", "gaussian", "gaussian-joint"}, default="constant"
        As in :class:`MixtureOfExpertsRegressor`, like every parameter below.
    fit_intercept : bool, default=True
    tol : float, default=1e-8
    max_iter : int, default=1000
    n_init : int, default=10
    init : {"random", "kmeans"}, default="random"
    var_floor : float, default=1e-6
        Not used by these experts.
    gate_penalty : float, default=0.0
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
    verbose : int, default=0

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of them where y has several columns
    coef_ : ndarray of shape (n_experts, n_classes, n_features)
        The first class's row is zero. With several columns of y, their classes one after the other.
    intercept_ : ndarray of shape (n_experts, n_classes)
    weights_, gate_coef_, gate_intercept_, covariance_, covariance_robust_, param_names_, \
n_parameters_, lower_bound_, lower_bounds_, start_lower_bounds_, degenerate_starts_, \
degenerate_experts_, n_iter_, n_rows_, converged_
        As in :class:`MixtureOfExpertsRegressor`; so too what weights mean for the covariances.

    Raises
    ------
    ValueError
        If y has one class only, or there are fewer distinct rows than experts.

    Notes
    -----
    X may be an array of CuPy's, as in :class:`MixtureOfExpertsRegressor`. Labels are looked up on
    the host, and `predict` returns them as a NumPy array: they may be text.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.mixture import MixtureOfExpertsClassifier
    >>> random = np.random.default_rng(0)
    >>> X = random.normal(size=(4000, 2))
    >>> logit = np.where(random.uniform(size=4000) < 0.7, 4 * X[:, 0], 4 * X[:, 1])
    >>> y = np.where(random.uniform(size=4000) < 1 / (1 + np.exp(-logit)), "yes", "no")
    >>> model = MixtureOfExpertsClassifier(2, random_state=0).fit(X, y)
    >>> model.classes_
    array(['no', 'yes'], dtype='<U3')
    >>> model.coef_[:, 1].round(1)
    array([[ 4.2, -0.2],
           [ 0.3,  3.6]])
    >>> model.weights_.round(2)
    array([0.66, 0.34])
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMixtureOfExperts._parameter_constraints,
        "expert": [str, list, tuple],
    }

    def __init__(
        self,
        n_experts: int = 2,
        *,
        expert: str | list[str] | tuple[str, ...] = "multinomial",
        gate: str = "constant",
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 1000,
        n_init: int = 10,
        init: str = "random",
        var_floor: float = 1e-6,
        gate_penalty: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_experts = n_experts
        self.expert = expert
        self.gate = gate
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init = init
        self.var_floor = var_floor
        self.gate_penalty = gate_penalty
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    @whole_or_nothing
    @beside_X
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MixtureOfExpertsClassifier:
        """Fit by EM from `n_init` starts and keep the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels; NaN or None where a label is missing.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        self
        """
        X = check_features_anywhere(self, X)
        weight = to_host(check_weight(sample_weight, X))
        check_sizes(X, "X")
        if weight is not None:
            check_sizes(weight, "sample_weight")
        self._label_names = names_of_labels(y)
        labels, missing = check_class_labels(y, len(X))
        counts = np.ones(len(X), dtype=bool) if weight is None else weight > 0
        classes = []
        for column in range(labels.shape[1]):
            observed = plain_labels(labels[~missing[:, column] & counts, column])
            if not observed.size:
                raise ValueError("y must have at least one label; found missing values only.")
            check_discrete(observed)
            classes.append(np.unique(observed))
        self._check_classes(classes)
        Y = self._codes(labels, missing | ~counts[:, None], classes)
        self._fit_labels(X, Y, classes, sample_weight)
        self.classes_ = classes[0] if len(classes) == 1 else classes
        return self

    def _fit_labels(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        classes: list[np.ndarray],
        sample_weight: Any,
        **kwargs: Any,
    ) -> Fit:
        """Fit to labels encoded as probabilities of each label's classes but the first."""
        self._label_classes = classes
        return self._fit_encoded(X, Y, sample_weight, **kwargs)

    def _check_classes(self, classes: list[np.ndarray]) -> None:
        """Raise unless every label has the classes that its family is for."""
        families = [self.expert] * len(classes) if isinstance(self.expert, str) else self.expert
        if len(families) != len(classes):
            raise ValueError(
                f"expert must be one family or one for each of the {len(classes)} columns of y, "
                f"found {len(families)}."
            )
        for family, labels in zip(families, classes, strict=True):
            if family == "binomial":
                raise ValueError("expert='binomial' is called 'bernoulli' here: two classes a row.")
            check_choice("expert", family, ("multinomial", "bernoulli"))
            if len(labels) < 2:
                raise ValueError(
                    f"y must have at least two classes, found one class: {labels.tolist()}."
                )
            if family == "bernoulli" and len(labels) > 2:
                raise ValueError(
                    f"expert='bernoulli' is for two classes, found {len(labels)}: "
                    "use 'multinomial'."
                )

    @staticmethod
    def _codes(labels: np.ndarray, missing: np.ndarray, classes: list[np.ndarray]) -> np.ndarray:
        """Indicators of each label's classes but the first, NaN where the label is missing."""
        check_columns(labels, len(classes))
        columns = []
        for column, known in enumerate(classes):
            present = ~missing[:, column]
            observed = plain_labels(labels[present, column])
            strangers = np.setdiff1d(observed, known).tolist()
            if strangers:
                raise ValueError(
                    f"y must hold the classes seen in fit, {known.tolist()}; "
                    f"found {strangers[0]!r}."
                )
            code = np.full((len(labels), len(known) - 1), np.nan)
            code[present] = observed[:, None] == known[1:]
            columns.append(code)
        return np.concatenate(columns, axis=1)

    def _encode(self, y: Any, n_samples: int) -> np.ndarray:
        labels, missing = check_class_labels(y, n_samples)
        return self._codes(labels, missing, self._label_classes)

    @property
    def _starts(self) -> np.ndarray:
        """Where each label's rows begin in coef_, and where the last ends."""
        return np.cumsum([0, *(len(c) for c in self._label_classes)])

    def _blocks(self, Y: np.ndarray) -> tuple[Block, ...]:
        cuts = np.cumsum([0, *(len(c) - 1 for c in self._label_classes)])
        return tuple(Block("multinomial", int(a), int(b)) for a, b in pairwise(cuts))

    def _set_experts(self, parameters: Parameters) -> None:
        references = [start - i for i, start in enumerate(self._starts[:-1])]
        self.coef_ = np.insert(parameters.coef, references, 0.0, axis=1)
        self.intercept_ = np.insert(parameters.intercept, references, 0.0, axis=1)

    def _expert_parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        coef = np.delete(self.coef_, self._starts[:-1], axis=1)
        intercept = np.delete(self.intercept_, self._starts[:-1], axis=1)
        return coef, intercept, np.full(intercept.shape, np.nan)

    def _column_names(self) -> list[str]:
        one = len(self._label_classes) == 1 and self._label_names is None
        return [
            f"y={label}" if one else f"{self._label_name(m)}={label}"
            for m, labels in enumerate(self._label_classes)
            for label in labels[1:]
        ]

    def _expert_proba(self, X: np.ndarray, label: int = 0) -> np.ndarray:
        """P(y = c | x, k), (n_experts, n_classes, n_samples)."""
        rows = slice(self._starts[label], self._starts[label + 1])
        coef, intercept = beside(self.coef_[:, rows], X), beside(self.intercept_[:, rows], X)
        eta = coef @ X.T + intercept[:, :, None]
        return softmax(eta, axis=1)

    @beside_X
    def predict_proba(self, X: Any) -> np.ndarray | list[np.ndarray]:
        """Probability of each class, sum_k p(k | x) P(y = c | x, k).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of them where y had several columns
        """
        X = self._check_X(X)
        xp = array_module(X)
        out = [xp.empty((len(X), len(c))) for c in self._label_classes]
        for rows in self._chunks(X):
            x = xp.asarray(X[rows], dtype=np.float64)
            gate = self._gate_proba(x)
            for label, proba in enumerate(out):
                proba[rows] = np.einsum("nk,kcn->nc", gate, self._expert_proba(x, label))
        return out if isinstance(self.classes_, list) else out[0]

    @beside_X
    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        proba = self.predict_proba(X)
        if not isinstance(proba, list):
            return self.classes_[to_host(proba.argmax(axis=1))]
        codes = [to_host(p.argmax(axis=1)) for p in proba]
        return np.stack([c[code] for c, code in zip(self.classes_, codes, strict=True)], axis=1)

    @beside_X
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of rows that are predicted right, over the rows whose label is known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Rows with NaN or None are left out; with several columns all of them must be right.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If no row has a label.
        """
        prediction = self.predict(X).reshape(len(X), -1)
        labels, missing = check_class_labels(y, len(prediction))
        check_columns(labels, len(self._label_classes))
        return accuracy_of_known(labels, missing, prediction, sample_weight)

    @beside_X
    def sample(
        self, X: Any, random_state: int | np.random.RandomState | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw labels, and the experts they come from, for given X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        random_state : int, RandomState or None

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        expert : ndarray of shape (n_samples,)
        """
        X = to_host(self._check_X(X))
        random = check_seed(random_state)
        expert = self._draw_expert(X, random)
        columns = []
        for label, classes in enumerate(self._label_classes):
            proba = self._expert_proba(np.asarray(X, dtype=np.float64), label)
            proba = proba[expert, :, np.arange(len(X))]
            columns.append(classes[draw_categories(random, proba)])
        one = not isinstance(self.classes_, list)
        return (columns[0] if one else np.stack(columns, axis=1)), expert
