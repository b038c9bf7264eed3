"""Algorithm 1 of Somerstep et al. for labels of either kind (theory 6.2 to 6.4)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from w2s_stats._validation import check_features
from w2s_stats.transfer._diagnostics import sample_diagnostics
from w2s_stats.transfer._domains import TwoSamples
from w2s_stats.transfer._mixture_diagnostics import mixture_diagnostics, target_diagnostics
from w2s_stats.transfer._stages import Stages, expert_means
from w2s_stats.transfer._target_stage import fit_target_stage, target_mixture


class Deconvolution(BaseEstimator):
    """Experts from the source, their frequencies from the target's weak labels."""

    _parameter_constraints: ClassVar[dict] = {
        "matching": [StrOptions({"optimal", "nearest"})],
        "distance": [StrOptions({"prediction", "parameters"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        source_model: Any = None,
        *,
        matching: str = "optimal",
        distance: str = "prediction",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.source_model = source_model
        self.matching = matching
        self.distance = distance
        self.random_state = random_state

    def _fit(self, data: TwoSamples) -> None:
        default = self._default_source_model()  # type: ignore[attr-defined]
        model = default if self.source_model is None else self.source_model
        stages = Stages(model, data, getattr(self, "feature_names_in_", None), self.random_state)
        source = stages.fit_source()
        diagnostics = sample_diagnostics(data) + mixture_diagnostics(source, stages, "source")
        stage = None
        if data.target.any():
            stage = fit_target_stage(stages, source, self.matching, self.distance)
            diagnostics += target_diagnostics(source, stage, stages)
        mixture = target_mixture(stages, source, stage)

        self.source_ = source
        self.mixture_ = mixture
        self.concept_prior_ = mixture.weights_
        self.target_ = None if stage is None else stage.mixture
        self.matching_ = None if stage is None else stage.matching
        self.assignment_ = np.arange(source.n_experts) if stage is None else stage.assignment
        self.margin_ = np.nan if stage is None else stage.matching.margin
        self.margin_error_ = np.nan if stage is None else stage.margin_error
        self.diagnostics_ = diagnostics
        if data.classes is not None:
            self.classes_ = data.classes

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "mixture_")

    def _check_X(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return check_features(self, X, reset=False)

    def _mean(self, X: Any) -> np.ndarray:
        """sum_k omega_k(x) mu(x; theta_k), or class probabilities: (n_samples, n_outputs)."""
        X = self._check_X(X)
        parts = []
        for rows in self.mixture_._chunks(X):
            x = np.asarray(X[rows], dtype=np.float64)
            means = expert_means(self.mixture_, x, slice(None))
            parts.append(np.einsum("nk,kmn->nm", self.mixture_._gate_proba(x), means))
        return np.concatenate(parts)

    def log_prob(self, X: Any, y: Any) -> np.ndarray:
        """Log-density of strong labels in the target, log q(y | x) (theory 6.4).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            A missing label has log-density 0.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        X = self._check_X(X)
        Y = self._strong_columns(y, len(X))  # type: ignore[attr-defined]
        self.mixture_._check_encoded(Y)
        return self.mixture_._posterior(X, Y)[1] + self.mixture_._log_base(Y)

    def weak_log_prob(self, X: Any, y_weak: Any) -> np.ndarray:
        """Log-density of weak labels in the target, log q(y' | x), for rows held out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y_weak : array-like like y, or of shape (n_samples, n_classes)
            A missing label has log-density 0.

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        ValueError
            If the fit had no target.
        """
        X = self._check_X(X)
        if self.target_ is None:
            raise ValueError(
                "weak_log_prob is of the target, and this fit had none: give fit target rows, with "
                "their y_weak."
            )
        Y = self._weak_columns(y_weak, len(X))  # type: ignore[attr-defined]
        self.target_._check_encoded(Y, "y_weak")
        return self.target_._posterior(X, Y)[1] + self.target_._log_base(Y)
