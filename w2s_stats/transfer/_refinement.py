"""Label refinement, the strategy of Somerstep et al., section 3.2 (theory 6.6)."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.base import _fit_context

from w2s_stats._validation import whole_or_nothing
from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from w2s_stats.transfer._refining import Refining
from w2s_stats.transfer._student import StudentClassifier, StudentRegressor


class LabelRefinementRegressor(StudentRegressor, Refining):
    """Refine the target's weak labels by the source's mixture, then train a student on them.

    A refined label is drawn from sum_k p(k | x, v) phi(y; x, theta_k)  (theory 6.6), with the
    source's maximum-likelihood estimates and

    - "single": v = y', p(k | x, y') proportional to p(k | x) phi(y'; x, theta_k^wp);
    - "icl": v = M pairs (x_j, y'_j) drawn from the target's rows, as examples in a prompt,
      p(k | x, v) proportional to p(k | x) prod_j phi(y'_j; x_j, theta_k^wp).

    The student is fitted to (x, refined y). Concept frequencies pass through the confusion matrix
    of Proposition 3.2, so that the strategy is inconsistent unless they are a fixed point of it;
    with M growing, all labels are refined to one concept. Both are reported.

    Parameters
    ----------
    source_model : MixtureOfExpertsRegressor or None, default=None
        Cloned for source and target. None: two Gaussian experts with a constant gate.
    estimator : regressor or None, default=None
        The student. None: LinearRegression.
    context : {"single", "icl"}, default="single"
    n_context : int, default=8
        The M above.
    random_state : int, RandomState or None, default=None
        Seeds fits and draws, and every `random_state` of the estimator that is None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted student.
    source_, target_ : MixtureOfExpertsRegressor
        Fitted to (y, y') in the source and to y' in the target; None if there was no target, as
        the five attributes below: the student then learns the source's labels.
    assignment_ : ndarray of int of shape (n_experts,)
        The expert of ``target_`` for each concept (theory 6.3).
    confusion_ : ndarray of shape (n_experts, n_experts)
        P{k | k'} of Proposition 3.2, averaged over the target's x: row k', the concept that a weak
        label comes from; column k, the concept it is refined to. Rows sum to one.
    concept_prior_ : ndarray of shape (n_experts,)
        Frequencies of the concepts in the target.
    refined_prior_ : ndarray of shape (n_experts,)
        Their frequencies among refined labels: ``concept_prior_ @ confusion_``, up to sampling,
        for a constant gate and single labels. A context drawn from the target mixes its concepts.
    diagnostics_ : list of Diagnostic
        What to know before trusting the fit (theory 6.8).
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source or the target is empty or has no labels, or the source no weak labels.

    References
    ----------
    Somerstep et al. (2025), Limitations of refinement methods for weak to strong generalization,
    section 3.2.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> from w2s_stats.transfer import LabelRefinementRegressor
    >>> data = make_latent_concept_shift(3000, 3000, n_experts=2, random_state=0)
    >>> domains = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    >>> model = LabelRefinementRegressor(MixtureOfExpertsRegressor(2), random_state=0)
    >>> model = model.fit(data.X, data.y, **domains)
    >>> model.confusion_.round(1)
    array([[0.9, 0.1],
           [0.3, 0.7]])
    """

    _parameter_constraints: ClassVar[dict] = {
        **Refining._parameter_constraints,
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
    ) -> LabelRefinementRegressor:
        """Fit the mixtures, refine the target's weak labels, fit the student.

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


class LabelRefinementClassifier(StudentClassifier, Refining):
    """Refine the target's weak class labels by the source's mixture, then train a student on them.

    As :class:`LabelRefinementRegressor`, with logistic or multinomial experts: a refined label is
    drawn from sum_k p(k | x, v) P(y = c | x, theta_k)  (theory 6.6).

    Parameters
    ----------
    source_model : MixtureOfExpertsClassifier or None, default=None
        None: two multinomial experts with a constant gate.
    estimator : classifier or None, default=None
        The student. None: LogisticRegression, with its default l2 penalty.
    context : {"single", "icl"}, default="single"
    n_context : int, default=8
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels of y in the source and of y'.
    estimator_ : classifier
    source_, target_ : MixtureOfExpertsClassifier
    assignment_, confusion_, concept_prior_, refined_prior_, diagnostics_
        As in :class:`LabelRefinementRegressor`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If the source or the target is empty or has no labels, the source no weak labels, or y has
        one class.

    References
    ----------
    Somerstep et al. (2025), section 3.2.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.mixture import MixtureOfExpertsClassifier
    >>> from w2s_stats.transfer import LabelRefinementClassifier
    >>> data = make_latent_concept_shift(
    ...     4000, 4000, n_experts=2, expert="bernoulli", random_state=0
    ... )
    >>> domains = {"y_weak": data.y_weak, "sample_domain": data.sample_domain}
    >>> model = LabelRefinementClassifier(MixtureOfExpertsClassifier(2), random_state=0)
    >>> model = model.fit(data.X, data.y, **domains)
    >>> model.confusion_.sum(axis=1).round(6)
    array([1., 1.])
    """

    _parameter_constraints: ClassVar[dict] = {
        **Refining._parameter_constraints,
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
    ) -> LabelRefinementClassifier:
        """Fit the mixtures, refine the target's weak labels, fit the student.

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
