"""Label refinement for labels of either kind (theory 6.6)."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from w2s_stats._validation import check_columns
from w2s_stats.transfer._diagnostics import Diagnostic, sample_diagnostics
from w2s_stats.transfer._domains import TwoSamples
from w2s_stats.transfer._mixture_diagnostics import mixture_diagnostics, target_diagnostics
from w2s_stats.transfer._refinement_model import Refinement
from w2s_stats.transfer._stages import Mixture, Stages
from w2s_stats.transfer._student import Student
from w2s_stats.transfer._target_stage import fit_target_stage, target_mixture

# Refined concepts whose frequencies are this far, in total variation, from the target's.
_FIXED_POINT = 0.05


class Refining(Student):
    """Weak labels of the target refined by the source's mixture, and a student on them."""

    _parameter_constraints: ClassVar[dict] = {
        **Student._parameter_constraints,
        "context": [StrOptions({"single", "icl"})],
        "n_context": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        source_model: Any = None,
        estimator: Any = None,
        *,
        context: str = "single",
        n_context: int = 8,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.source_model = source_model
        self.estimator = estimator
        self.context = context
        self.n_context = n_context
        self.random_state = random_state

    source_: Mixture | None
    target_: Mixture | None
    assignment_: np.ndarray | None
    confusion_: np.ndarray | None
    concept_prior_: np.ndarray | None
    refined_prior_: np.ndarray | None

    def _fit(self, data: TwoSamples) -> None:
        if not data.target.any():
            self._fit_to_source(data)
            return
        if not (data.weak & data.source).any():
            raise ValueError(
                "y_weak must be observed in source rows too, from which refinement learns how weak "
                "labels go with concepts; found missing labels only."
            )
        default = self._default_source_model()  # type: ignore[attr-defined]
        model = default if self.source_model is None else self.source_model
        random = check_random_state(self.random_state)
        seed = None if self.random_state is None else random
        stages = Stages(model, data, getattr(self, "feature_names_in_", None), seed)
        source = stages.fit_source()
        stage = fit_target_stage(stages, source)
        prior = target_mixture(stages, source, stage).weights_

        rows, W = stages.target_rows()
        X = data.X[rows]
        weight = np.ones(len(X)) if data.weight is None else data.weight[rows]
        n_context = self.n_context if self.context == "icl" else None
        refinement = Refinement(source, stages.n_columns, n_context)
        posterior = refinement.posterior(X, W, weight, random)
        refined = refinement.refine(X, posterior, random)
        confusion = refinement.confusion(stage.mixture, stage.assignment, X, weight, random)
        refined_prior = np.average(posterior, axis=0, weights=weight)
        diagnostics = [
            *sample_diagnostics(data),
            *mixture_diagnostics(source, stages, "source"),
            *target_diagnostics(source, stage, stages),
            _fixed_point(prior, refined_prior),
        ]

        self._fit_student(X, self._labels_of(refined, data), weight)
        self.source_, self.target_, self.assignment_ = source, stage.mixture, stage.assignment
        self.confusion_, self.concept_prior_ = confusion, prior
        self.refined_prior_ = refined_prior
        self.diagnostics_ = diagnostics
        if data.classes is not None:
            self.classes_ = data.classes

    def _fit_to_source(self, data: TwoSamples) -> None:
        """Without a target there is nothing to refine: the student learns the source's labels."""
        rows = data.strong
        y = data.y[rows] if data.classes is None else data.classes[data.y[rows]]
        weight = np.ones(len(y)) if data.weight is None else data.weight[rows]
        self._fit_student(data.X[rows], y, weight)
        self.source_ = self.target_ = self.assignment_ = None
        self.confusion_ = self.concept_prior_ = self.refined_prior_ = None
        self.diagnostics_ = sample_diagnostics(data)
        if data.classes is not None:
            self.classes_ = data.classes

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def _labels_of(self, refined: np.ndarray, data: TwoSamples) -> np.ndarray:
        """Labels as the student wants them, of labels as experts see them."""
        if data.classes is None:
            return refined[:, 0] if data.y.ndim == 1 else refined
        return data.classes[(refined @ np.arange(1, len(data.classes))).astype(int)]

    def weak_log_prob(self, X: Any, y_weak: Any) -> np.ndarray:
        """Log-density of weak labels as refinement sees them: that of the source, log p(y' | x).

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
        if self.source_ is None:
            raise ValueError(
                "weak_log_prob needs a model of weak labels, and this fit had no target to make "
                "one for: give fit target rows, with their y_weak."
            )
        W = self._weak_columns(y_weak, len(X))  # type: ignore[attr-defined]
        check_columns(W, self.source_._blocks_[-1].stop // 2, name="y_weak")
        Y = self.source_._check_encoded(np.concatenate([np.full_like(W, np.nan), W], 1), "y_weak")
        return self.source_._posterior(X, Y)[1] + self.source_._log_base(Y)


def _fixed_point(prior: np.ndarray, refined: np.ndarray) -> Diagnostic:
    distance = 0.5 * float(np.abs(prior - refined).sum())
    ok = distance < _FIXED_POINT
    words = "keep" if ok else "lose"
    return Diagnostic(
        "refined concepts",
        distance,
        _FIXED_POINT,
        ok,
        f"Refined labels {words} the target's concept frequencies: {refined.round(2).tolist()} "
        f"against {prior.round(2).tolist()}"
        + ("." if ok else ", an error that more rows do not mend (theory 6.6)."),
    )
