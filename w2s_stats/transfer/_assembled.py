"""A mixture of experts whose parameters come from two fits (theory 6.4)."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

_OF_ONE_FIT = {
    *("n_parameters_", "n_rows_", "n_iter_", "converged_", "lower_bound_", "lower_bounds_"),
    *("start_lower_bounds_", "degenerate_starts_", "degenerate_experts_"),
}


class _Assembled:
    def __getattr__(self, name: str) -> Any:
        if name in _OF_ONE_FIT:
            raise AttributeError(
                "This mixture was put together from source_ and target_ and maximises no "
                f"likelihood of its own: {name}, and with it aic, bic, icl and summary(), is for "
                "them to tell; param_names_, params_ and conf_int() are here."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class AssembledRegressor(_Assembled, MixtureOfExpertsRegressor):
    """The source's experts of y under the target's gate: ``mixture_`` of a deconvolution.

    It has the parameters and methods of a fitted :class:`MixtureOfExpertsRegressor`, but no
    likelihood of which they are the maximum: what counts its parameters or tells how its fit went
    (``aic``, ``bic``, ``icl``, ``summary``, ``n_parameters_``, ``lower_bound_`` and the like)
    raises an AttributeError that says so. ``covariance_`` and ``covariance_robust_`` hold the
    variances of both fits; covariances of the gate's intercepts, which are the target's, with
    everything else are NaN.
    """


class AssembledClassifier(_Assembled, MixtureOfExpertsClassifier):
    """As :class:`AssembledRegressor`, with the experts of class labels."""


def joined_covariance(
    source: np.ndarray | None,
    target: np.ndarray | None,
    n_experts: int,
    n_labels: int,
    n_slopes: int,
    assignment: np.ndarray | None,
) -> np.ndarray | None:
    """Covariance of the gate and the experts of y, as far as it is known.

    Parameters
    ----------
    source : ndarray or None
        Of the gate, then expert by expert of the parameters of y and of y' where there are any.
    target : ndarray or None
        Of the gate's intercepts, then the experts.
    n_experts, n_labels : int
        Of the source.
    n_slopes : int
        Of each of the gate's logits.
    assignment : ndarray of int of shape (n_experts,) or None
        The target expert of each source concept; None where there is no target.

    Returns
    -------
    ndarray or None
        NaN between the gate's intercepts, where they are the target's, and all other parameters;
        None where one of the two was not computed.
    """
    if source is None or (assignment is not None and target is None):
        return None
    n_gate = (n_experts - 1) * (1 + n_slopes)
    experts = np.arange(n_gate, len(source)).reshape(n_experts, n_labels, -1)[:, 0]
    own = np.concatenate([np.arange(n_gate), experts.ravel()])
    joined = source[np.ix_(own, own)]
    if assignment is not None and target is not None:
        free = n_experts - 1
        intercepts = np.arange(free) * (1 + n_slopes)
        joined[intercepts] = np.nan
        joined[:, intercepts] = np.nan
        # Logits against the target's expert 0 become logits against the source's concept 0.
        unit = np.eye(n_experts)[assignment]
        turn = (unit[1:] - unit[0])[:, 1:]
        joined[np.ix_(intercepts, intercepts)] = turn @ target[:free, :free] @ turn.T
    return joined
