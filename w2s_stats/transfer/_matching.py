"""Which expert of the target is which concept of the source, theory 6.3."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Matching:
    """An assignment of target experts to source concepts, and how clear it is.

    Attributes
    ----------
    cost : ndarray of shape (n_experts, n_experts)
        Row: source concept; column: target expert.
    assignment : ndarray of int of shape (n_experts,)
        a(k), the target expert of source concept k.
    row_margins : ndarray of shape (n_experts,)
        For each concept, the cheapest other target expert's cost minus that of a(k).
    margin : float
        Delta = min_{k, k' != a(k)} C[k, k'] - max_k C[k, a(k)], the sample analogue of [S25]'s
        Assumption 4.5; infinite for a single expert.
    total : float
        Cost of the assignment.
    runner_up : float
        Cost of the second best assignment; infinite for a single expert.
    """

    cost: np.ndarray
    assignment: np.ndarray
    row_margins: np.ndarray
    margin: float
    total: float
    runner_up: float


def match_experts(cost: np.ndarray, matching: str = "optimal") -> Matching:
    """Match source concepts to target experts by a matrix of costs.

    "optimal" takes the one-to-one assignment of least total cost, ``argmin_a sum_k C[k, a(k)]``
    (Hungarian method); "nearest" takes for every concept its cheapest expert, as [S25] print it,
    and may take one expert twice.

    Parameters
    ----------
    cost : ndarray of shape (n_experts, n_experts)
    matching : {"optimal", "nearest"}, default="optimal"

    Returns
    -------
    Matching

    References
    ----------
    Somerstep et al. (2025), Limitations of refinement methods for weak to strong generalization,
    Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer._matching import match_experts
    >>> found = match_experts(np.array([[4.0, 1.0], [2.0, 5.0]]))
    >>> found.assignment, found.margin, found.runner_up
    (array([1, 0]), 2.0, 9.0)
    """
    n_experts = len(cost)
    if matching == "nearest":
        assignment = cost.argmin(axis=1)
    else:
        assignment = linear_sum_assignment(cost)[1]
    chosen = cost[np.arange(n_experts), assignment]
    row_margins = _others(cost, assignment).min(axis=1) - chosen
    total = float(chosen.sum())
    if n_experts == 1:
        runner_up = np.inf
    elif matching == "nearest":
        runner_up = total + float(row_margins.min())
    else:
        runner_up = min(_cheapest_without(cost, k, int(assignment[k])) for k in range(n_experts))
    return Matching(cost, assignment, row_margins, margin_of(cost, assignment), total, runner_up)


def margin_of(cost: np.ndarray, assignment: np.ndarray) -> float:
    """Delta = min_{k, j != a(k)} C[k, j] - max_k C[k, a(k)], theory 6.3.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer._matching import margin_of
    >>> margin_of(np.array([[4.0, 1.0], [2.0, 5.0]]), np.array([1, 0]))
    2.0
    """
    chosen = cost[np.arange(len(cost)), assignment]
    return float(_others(cost, assignment).min() - chosen.max())


def _others(cost: np.ndarray, assignment: np.ndarray) -> np.ndarray:
    out = cost.copy()
    out[np.arange(len(cost)), assignment] = np.inf
    return out


def _cheapest_without(cost: np.ndarray, row: int, column: int) -> float:
    """Least cost of an assignment that avoids one edge; the second best one avoids some edge."""
    forbidden = cost.copy()
    forbidden[row, column] = np.inf
    return float(forbidden[linear_sum_assignment(forbidden)].sum())


def prediction_cost(
    source_means: np.ndarray, target_means: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Mean over x of the squared distance between two experts' means.

    ``C[k, j] = mean_x sum_m (mu_km(x) - mu'_jm(x))^2``, m over outputs, or over classes where the
    means are class probabilities. Differences between variances of the label do not count.

    Parameters
    ----------
    source_means, target_means : ndarray of shape (n_experts, n_outputs, n_samples)
    weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    ndarray of shape (n_experts, n_experts)

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer._matching import prediction_cost
    >>> x = np.array([[0.0, 1.0]])
    >>> prediction_cost(np.stack([x, -x]), np.stack([-x, x]))
    array([[2., 0.],
           [0., 2.]])
    """
    return np.array(
        [
            [np.average(((a - b) ** 2).sum(axis=0), weights=weight) for b in target_means]
            for a in source_means
        ]
    )


def parameter_cost(source_coef: np.ndarray, target_coef: np.ndarray) -> np.ndarray:
    """Squared distances between experts' coefficients, (n_experts, ...) arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer._matching import parameter_cost
    >>> parameter_cost(np.array([[0.0, 1.0], [2.0, 2.0]]), np.array([[0.0, 1.0], [2.0, 3.0]]))
    array([[0., 8.],
           [5., 1.]])
    """
    difference = source_coef[:, None] - target_coef[None]
    return (difference**2).reshape(*difference.shape[:2], -1).sum(axis=2)
