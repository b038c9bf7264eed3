"""The target's mixture of weak labels in the order of the source's concepts, theory 6.2-6.4."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_stats.exceptions import AmbiguousMatchingWarning, warn
from w2s_stats.transfer._assembled import joined_covariance
from w2s_stats.transfer._assignment import Comparison, is_separated, match_mixtures
from w2s_stats.transfer._matching import Matching
from w2s_stats.transfer._stages import Mixture, Stages
from w2s_stats.transfer._two_steps import carry_gate_error

# Log-likelihoods closer than this are of the same maximum.
_SAME = 1e-3


@dataclass(frozen=True)
class TargetStage:
    """What the target's weak labels say.

    Attributes
    ----------
    mixture : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
        Of y' in the target, in its own order of experts.
    matching : Matching
    margin_error : float
        Standard error of ``matching.margin``.
    assignment : ndarray of int of shape (n_experts,)
        The target expert of each source concept.
    gate_says_otherwise : bool
        Whether the tied gate contradicts the matching so clearly that it was followed instead.
    passed_over : float
        By how much the log-likelihood of another start was higher; 0 where the best was kept.
    """

    mixture: Mixture
    matching: Matching
    margin_error: float
    assignment: np.ndarray
    gate_says_otherwise: bool
    passed_over: float


def fit_target_stage(
    stages: Stages, source: Mixture, matching: str = "optimal", distance: str = "prediction"
) -> TargetStage:
    """Fit the target's mixture with the source's gate and match its experts to the concepts.

    The start from the source's weak experts is preferred to a slightly better one elsewhere.

    A constant gate says nothing about which expert is which: the matching decides. Any other gate
    does, as far as its functions g(x; eta_k) differ, and the matching is a check (theory 6.2). So
    where the two disagree, the likelihood of the matched order is held against that of the gate's,
    and the gate is followed only if the difference is more than errors in its coefficients make.

    Warns
    -----
    AmbiguousMatchingWarning
        If the margin of the matching is not separated from 0, or the gate contradicts it.
    """
    target, passed_over = _fit_near_source(stages, source)
    found, error = _match(stages, source, target, matching, distance)
    contradicted = False
    identity = np.arange(source.n_experts)
    permuted = not np.array_equal(found.assignment, identity)
    if permuted and source.gate_coef_.shape[1] and matching == "optimal":
        other = _fit_in_order(stages, source, target, found.assignment)
        found_there, error_there = _match(stages, source, other, matching, distance)
        lost = (target.lower_bound_ - other.lower_bound_) * target.n_rows_
        # Slopes of a gate that are nothing but noise, carried from n_p source rows to n_q target
        # rows, move the log-likelihood of an order by about this much.
        n_slopes = (source.n_experts - 1) * source.gate_coef_.shape[1]
        noise = n_slopes * (1.0 + target.n_rows_ / source.n_rows_)
        agree = np.array_equal(found_there.assignment, identity)
        contradicted = bool(lost > noise) or not agree
        if not contradicted:
            target, found, error = other, found_there, error_there
    carry_gate_error(stages, source, target)
    _warn(found, error, contradicted)
    assignment = identity if contradicted else found.assignment
    return TargetStage(target, found, error, assignment, contradicted, passed_over)


def _fit_near_source(stages: Stages, source: Mixture) -> tuple[Mixture, float]:
    """The start from the source's weak experts, unless another is better by more than its price.

    Gaussian likelihoods have spurious maxima in which an expert of small variance explains a few
    rows that lie well. That weak experts of the target resemble those of the source is what the
    matching assumes; an expert elsewhere must raise the log-likelihood by more than one for each
    parameter (Akaike) to be preferred.
    """
    target = stages.fit_target(source)
    rise = (target.lower_bound_ - target.start_lower_bounds_[0]) * target.n_rows_
    if target.degenerate_starts_[0] or not 0 < rise <= target.n_parameters_:
        return target, 0.0
    near = stages.fit_target(source, n_init=0)
    near.start_lower_bounds_ = target.start_lower_bounds_
    near.degenerate_starts_ = target.degenerate_starts_
    return near, float(rise) if rise > _SAME else 0.0


def target_mixture(stages: Stages, source: Mixture, stage: TargetStage | None) -> Mixture:
    """The source's experts of y under omega_k(x) ~ pi^q_a(k) g(x; eta_k), theory 6.4.

    Without a target stage, with the source's own gate.
    """
    experts = source._parameters.columns(stages.columns(0))
    if stage is not None:
        intercept = stage.mixture.gate_intercept_[stage.assignment]
        experts = replace(experts, gate_intercept=intercept - intercept[0])
    mixture = stages.assemble(experts)
    for name in ("covariance_", "covariance_robust_"):
        joined = joined_covariance(
            getattr(source, name),
            None if stage is None else getattr(stage.mixture, name),
            source.n_experts,
            1 + stages.weak_label(source),
            source.gate_coef_.shape[1],
            None if stage is None else stage.assignment,
        )
        setattr(mixture, name, joined)
    return mixture


def _fit_in_order(stages: Stages, source: Mixture, target: Mixture, order: np.ndarray) -> Mixture:
    """The target fitted again, from its experts and prior in another order."""
    own = target._parameters
    guess = replace(
        own,
        coef=own.coef[order],
        intercept=own.intercept[order],
        scale=own.scale[order],
        gate_intercept=own.gate_intercept[order],
    )
    return stages.fit_target(source, [guess], n_init=0)


def _match(
    stages: Stages, source: Mixture, target: Mixture, matching: str, distance: str
) -> tuple[Matching, float]:
    data = stages.data
    rows = data.target
    several = data.classes is None and stages.n_columns > 1
    comparison = Comparison(
        source,
        target,
        stages.weak_label(source),
        data.X[rows],
        data.weight_of(rows),
        stages.weak_unit() if several else None,
        distance,
    )
    return match_mixtures(comparison, matching)


def _warn(found: Matching, error: float, contradicted: bool) -> None:
    if contradicted:
        warn(
            "The gate and the weak experts disagree on which expert of the target is which concept "
            "of the source; the gate was followed, as the likelihood says.",
            AmbiguousMatchingWarning,
        )
    elif is_separated(found, error) is False:
        warn(
            f"Experts of the target are not clearly matched to concepts of the source: the margin "
            f"is {found.margin:.3g} with standard error {error:.2g}. The weak model may differ too "
            "much between the domains, or experts may be too alike (diagnostics_ says more).",
            AmbiguousMatchingWarning,
        )
