"""Students of the theorems: the projection of a weak model onto mixtures of heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize, root

from w2s_stats._validation import check_weight
from w2s_stats.bounds._classes import ConvexHull
from w2s_stats.bounds._gain import divergence_rows, slope
from w2s_stats.bounds._inputs import as_predictions
from w2s_stats.bounds._parameters import check_divergence
from w2s_stats.bounds._rows import blocks_of, weighted
from w2s_stats.divergences import KL

# A smaller weight of a head is taken for none.
_USED = 1e-7


class Projection(NamedTuple):
    """A student that is the member of a class nearest to the weak model, as far as `gap` says.

    Made by `project_least_squares`, `project_onto_hull` and `project_positive_heads`, where there
    are examples.

    Attributes
    ----------
    fitted : ndarray
        The student's predictions, in the shape of the weak model's.
    parameters : ndarray
        Coefficients of features, or weights of heads.
    misfit : float
        d(student, weak model), what was minimised.
    gap : float
        Certificate of optimality: no member of the class is nearer by more than this, and where a
        truth in the class is concerned, gain >= misfit - gap (theory 9.1).
    """

    fitted: np.ndarray
    parameters: np.ndarray
    misfit: float
    gap: float


def project_onto_hull(
    heads: Sequence[Any] | np.ndarray,
    y_weak: Any,
    divergence: Any = None,
    *,
    sample_weight: Any = None,
) -> Projection:
    """Mixture of given heads nearest to the weak model, student first (theory 2.2).

    Minimises E D(sum_k a_k f_k, F_w) over weights a in the simplex: reverse-KL training where the
    divergence is KL. The problem is convex: sequential quadratic programming comes near, and equal
    slopes of the heads with weight make it exact.

    Parameters
    ----------
    heads : sequence of n_heads arrays of shape (n_samples,) or (n_samples, n_columns)
        Inside the divergence's domain.
    y_weak : array-like like each head
    divergence : Bregman divergence of `w2s_stats.divergences`, default=None
        None: KL.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    Projection
        `parameters` are the weights a. `gap` is the supremum of theory 9.1 over the hull, attained
        at a head.

    Raises
    ------
    ValueError
        If heads or `y_weak` differ in shape or are not inside the domain.

    Examples
    --------
    >>> from w2s_stats.bounds import project_onto_hull
    >>> heads = [[[0.9, 0.1], [0.8, 0.2]], [[0.1, 0.9], [0.3, 0.7]]]
    >>> found = project_onto_hull(heads, [[0.7, 0.3], [0.5, 0.5]])
    >>> found.parameters.round(3), found.gap < 1e-6
    (array([0.658, 0.342]), True)
    """
    divergence = check_divergence(KL() if divergence is None else divergence)
    hull = ConvexHull(heads)
    weak = as_predictions(y_weak, name="y_weak", like=hull.heads[0])
    weight = check_weight(sample_weight, weak)
    for k, head in enumerate(hull.heads):
        divergence_rows(divergence, f"heads[{k}]", head, "y_weak", weak)
        slope(divergence, weak, head, name=f"heads[{k}]")
    share = np.full(len(weak), 1.0 / len(weak)) if weight is None else weight / weight.sum()
    K = len(hull.heads)

    def mixture(a: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        return sum(a_k * head[rows] for a_k, head in zip(a, hull.heads, strict=True))

    def misfit_and_leads(a: np.ndarray) -> tuple[float, np.ndarray]:
        """Misfit, and E<mixture - f_k, slopes>, minus its gradient in a_k but for a constant."""
        misfit, leads = 0.0, np.zeros(K)
        for rows in blocks_of(weak):
            student = mixture(a, rows)
            slopes = weighted(slope(divergence, weak[rows], student), share[rows])
            misfit += float(share[rows] @ divergence.pointwise(student, weak[rows]))
            leads += [np.vdot(student - head[rows], slopes) for head in hull.heads]
        return misfit, leads

    uniform = np.full(K, 1.0 / K)
    scale = misfit_and_leads(uniform)[0] or 1.0

    def objective(a: np.ndarray) -> tuple[float, np.ndarray]:
        misfit, leads = misfit_and_leads(a)
        # On the simplex a constant is no slope.
        return misfit / scale, -leads / scale

    found = minimize(
        objective,
        uniform,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * K,
        constraints={"type": "eq", "fun": lambda a: a.sum() - 1.0, "jac": np.ones_like},
        options={"ftol": 1e-16, "maxiter": 1000},
    )
    # A fall of the objective below rounding is not seen; the slopes, equal at the minimum, are.
    first = _simplex(found.x)
    second = _level(lambda a: objective(a)[1], first)
    ends = [(a, *misfit_and_leads(a)) for a in (first, second)]
    a, misfit, leads = min(ends, key=lambda end: end[2].max())
    return Projection(mixture(a), a, misfit, float(leads.max()))


def _simplex(a: np.ndarray) -> np.ndarray:
    a = np.clip(a, 0.0, None)
    return a / a.sum()


def _level(slopes: Callable[[np.ndarray], np.ndarray], a: np.ndarray) -> np.ndarray:
    """Weights near `a` at which the slopes of all heads with weight are equal."""
    used = np.flatnonzero(a > _USED)

    def full(part: np.ndarray) -> np.ndarray:
        weights = np.zeros_like(a)
        weights[used] = np.clip(np.append(part, 1.0 - part.sum()), 0.0, None)
        return _simplex(weights)

    def uneven(part: np.ndarray) -> np.ndarray:
        level = slopes(full(part))[used]
        return level[:-1] - level[-1]

    if len(used) == 1:
        return full(a[:0])
    return full(root(uneven, a[used][:-1], tol=1e-15).x)
