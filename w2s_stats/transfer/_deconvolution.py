"""Latent concept deconvolution, Algorithm 1 of Somerstep et al. (theory 6.2 to 6.4)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context

from w2s_stats._validation import whole_or_nothing
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer._algorithm import Deconvolution
from w2s_stats.transfer._strategy import ClassificationStrategy, RegressionStrategy


class ConceptDeconvolutionRegressor(RegressionStrategy, Deconvolution):
    """Latent concept deconvolution: experts from the source, concept frequencies from weak labels.

    Algorithm 1 of Somerstep et al. (2025), theory 6.2 to 6.4, for the model in which a latent
    concept k has the same law p(y | x, k) in source and target, but another frequency:

    1. source: maximise sum_i log sum_k p(k | x_i) phi(y_i; x_i, theta_k) phi(y'_i; x_i, theta_k^w),
       a factor being dropped where y or y' is missing;
    2. target: maximise sum_i log sum_k q(k | x_i) phi(y'_i; x_i, theta_k^wq), where of the gate
       q(k | x) = rho_k p(k | x) / sum_j rho_j p(j | x) only rho moves;
    3. match target experts a(k) to the source's weak experts;
    4. E_Q[Y | x] = sum_k omega_k(x) mu(x; theta_k), omega_k(x) proportional to
       pi^q_a(k) g(x; eta_k).

    It is consistent where training on weak labels and refining them are not (theory 6.5 to 6.7).

    Parameters
    ----------
    source_model : MixtureOfExpertsRegressor or None, default=None
        Number of experts, families (of y and y' alike), gate and settings of the fits. It is
        cloned. None: two Gaussian experts with a constant gate.
    matching : {"optimal", "nearest"}, default="optimal"
        One-to-one assignment of least cost, or every concept's nearest target expert, as printed.
    distance : {"prediction", "parameters"}, default="prediction"
        Cost of a match: mean over the target's x of the squared difference of the experts' means
        (in units of each output's variance where there are several), or squared distance of their
        coefficients.
    random_state : int, RandomState or None, default=None
        Seeds the fits; None leaves `source_model` its own `random_state`.

    Attributes
    ----------
    source_ : MixtureOfExpertsRegressor
        Fitted to the source: experts of y, then those of y' if any were seen there.
    target_ : MixtureOfExpertsRegressor or None
        Fitted to y' in the target; its ``covariance_`` carries the errors of the source's gate
        (theory 6.2). None if there was no target.
    mixture_ : MixtureOfExpertsRegressor
        The mixture of step 4, put together from both fits: the methods of a fitted one
        (``predict``, ``log_prob``, ``gate_proba``, ``responsibilities``, ``sample``), ``params_``,
        ``covariance_`` (NaN between the gate's intercepts and the rest) and ``conf_int``. It
        maximises no likelihood of its own: no ``summary``, no information criteria.
    assignment_ : ndarray of int of shape (n_experts,)
        a(k): the expert of ``target_`` for each expert of ``source_``.
    concept_prior_ : ndarray of shape (n_experts,)
        Mean of omega_k(x) over the target, in the source's order of concepts.
    margin_ : float
        Delta = min_{k, j != a(k)} C[k, j] - max_k C[k, a(k)], C the costs (theory 6.3); NaN
        without target.
    margin_error_ : float
        Its standard error, from the ``covariance_`` of both fits, in which weights count rows
        (they are not taken for sampling weights), and from at most 500 of the target's rows; NaN
        where an information matrix is singular.
    matching_ : Matching or None
        The costs, row margins, and the cost of the second best assignment.
    diagnostics_ : list of Diagnostic
        What to know before trusting the fit (theory 6.8).
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source or the target is empty or has no labels, or there are fewer distinct rows
        than experts.

    Warns
    -----
    AmbiguousMatchingWarning
        If the margin is not clear of 0, or a gate that depends on x contradicts the matching.

    Notes
    -----
    With a gate that is not constant the target's experts carry the source's labels, and the
    matching is a check: where they disagree, the likelihood decides (theory 6.2).

    References
    ----------
    Somerstep et al. (2025), Limitations of refinement methods for weak to strong generalization.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> from w2s_stats.transfer import ConceptDeconvolutionRegressor
    >>> data = make_latent_concept_shift(3000, 3000, random_state=0)
    >>> model = ConceptDeconvolutionRegressor(MixtureOfExpertsRegressor(3), random_state=0)
    >>> model = model.fit(data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
    >>> model.source_.weights_.round(1), model.concept_prior_.round(1)
    (array([0.6, 0.3, 0.1]), array([0.1, 0.3, 0.6]))
    >>> target = data.sample_domain < 0
    >>> error = model.predict(data.X[target]) - data.target_mean[target]
    >>> bool((error**2).mean() < 0.01)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **Deconvolution._parameter_constraints,
        "source_model": [None, MixtureOfExpertsRegressor],
    }

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
    ) -> ConceptDeconvolutionRegressor:
        """Fit the source, then the target, and match them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Strong labels, NaN where missing; those of target rows are not looked at.
        y_weak : array-like like y or None
            Weak labels, NaN where missing.
        sample_domain : array-like of int of shape (n_samples,) or None
            >= 0 in source rows, < 0 in target rows. None: rows with a strong label are source rows.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        self
        """
        self._fit(
            self._read(
                X, y, y_weak=y_weak, sample_domain=sample_domain, sample_weight=sample_weight
            )
        )
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Mean of Y given x in the target, E_Q[Y | x] (theory 6.4).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        mean = self._mean(X)
        return mean[:, 0] if self.mixture_._one_output_ else mean

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class ConceptDeconvolutionClassifier(ClassificationStrategy, Deconvolution):
    """Latent concept deconvolution for class labels.

    Algorithm 1 as in :class:`ConceptDeconvolutionRegressor`, with logistic or multinomial experts
    of y and y': Q(y = c | x) = sum_k omega_k(x) P(y = c | x, theta_k)  (theory 6.4). What such a
    mixture can tell from its data has limits (theory 6.8); ``diagnostics_`` counts them out.

    Parameters
    ----------
    source_model : MixtureOfExpertsClassifier or None, default=None
        None: two multinomial experts with a constant gate.
    matching : {"optimal", "nearest"}, default="optimal"
    distance : {"prediction", "parameters"}, default="prediction"
        Cost of a match: mean over the target's x of the squared difference of the experts' class
        probabilities, or squared distance of their coefficients.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels of y in the source and of y'.
    source_, target_, mixture_ : MixtureOfExpertsClassifier
    assignment_, concept_prior_, margin_, margin_error_, matching_, diagnostics_
        As in :class:`ConceptDeconvolutionRegressor`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source or the target is empty or has no labels, or y has one class.

    References
    ----------
    Somerstep et al. (2025), Limitations of refinement methods for weak to strong generalization.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.mixture import MixtureOfExpertsClassifier
    >>> from w2s_stats.transfer import ConceptDeconvolutionClassifier
    >>> data = make_latent_concept_shift(
    ...     4000, 4000, n_experts=2, expert="multinomial", random_state=0
    ... )
    >>> model = ConceptDeconvolutionClassifier(MixtureOfExpertsClassifier(2), random_state=0)
    >>> model = model.fit(data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
    >>> target = data.sample_domain < 0
    >>> error = model.predict_proba(data.X[target]) - data.target_proba[target]
    >>> bool((error**2).mean() < 0.01)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **Deconvolution._parameter_constraints,
        "source_model": [None, MixtureOfExpertsClassifier],
    }

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
    ) -> ConceptDeconvolutionClassifier:
        """Fit the source, then the target, and match them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Strong labels; missing where None, NaN or, beside `y_weak` or `sample_domain`, -1.
            Those of target rows are not looked at.
        y_weak : array-like of shape (n_samples,) or (n_samples, n_classes) or None
            Weak labels, missing as in y, or probabilities of the sorted classes of y.
        sample_domain : array-like of int of shape (n_samples,) or None
            >= 0 in source rows, < 0 in target rows. None: rows with a strong label are source rows.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        self
        """
        self._fit(
            self._read(
                X, y, y_weak=y_weak, sample_domain=sample_domain, sample_weight=sample_weight
            )
        )
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class in the target, Q(y = c | x).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._mean(X)

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row in the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        code = self._mean(X).argmax(axis=1)
        return self.classes_[code]
