"""Linear heads as distributions over the sample, and projections onto them (theory 1.3, 5.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog

from w2s_stats.bounds._classes import check_features, check_rows_of, rows_by_columns
from w2s_stats.bounds._inputs import as_predictions
from w2s_stats.bounds._projection import Projection
from w2s_stats.bounds._rows import moment

_NEWTON_STEPS = 200
_NO_MEMBER = (
    "features must have a combination of columns that is positive in every row; found none; a "
    "column of ones is one."
)


class PositiveHeads:
    """Linear heads as distributions over the sample, {H theta >= 0: sum_i (H theta)_i = 1}.

    The outputs of a positive linear head, each divided by their sum (theory 1.3): a polytope, since
    the scale of theta is free. The supremum is a linear programme. Weights are numbers of rows: in
    the sum a row counts as often as its weight says, and one of weight zero is not there.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        H, some combination of its columns positive in all rows; a column of ones sees to that.

    Raises
    ------
    ValueError
        If `features` is not a finite matrix; in use, if no combination of its columns is positive.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import PositiveHeads
    >>> heads = PositiveHeads([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> heads.maximizer(np.array([0.0, 0.0, 1.0])).round(3)
    array([0.   , 0.333, 0.667])
    """

    def __init__(self, features: Any) -> None:
        self.features = check_features(features)

    def __repr__(self) -> str:
        return f"PositiveHeads({rows_by_columns(self.features)})"

    def maximizer(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Member with the largest sum of f times direction, by linear programming."""
        check_rows_of(self, len(self.features), direction)
        return self.features @ self._solve(moment(self.features, direction, weight), weight)

    def interior(self) -> np.ndarray:
        """Coefficients of the most even member, or of that whose smallest output is largest."""
        n, d = self.features.shape
        even = np.linalg.lstsq(self.features, np.full(n, 1 / n), rcond=None)[0]
        if (self.features @ even).min() > 0:
            return even
        # Variables (theta, t): largest t with t <= (H theta)_i, and sum H theta = 1.
        found = linprog(
            np.append(np.zeros(d), -1.0),
            A_ub=np.column_stack([-self.features, np.ones(n)]),
            b_ub=np.zeros(n),
            A_eq=np.append(self.features.sum(axis=0), 0.0)[None],
            b_eq=[1.0],
            bounds=(None, None),
        )
        if found.status != 0 or found.x[-1] <= 0:
            raise ValueError(_NO_MEMBER)
        return found.x[:-1]

    def _solve(self, gradient: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        share = np.ones(len(self.features)) if weight is None else weight
        counted = self.features if weight is None else self.features[weight > 0]
        found = linprog(
            -gradient,
            A_ub=-counted,
            b_ub=np.zeros(len(counted)),
            A_eq=moment(self.features, share, None)[None],
            b_eq=[1.0],
            bounds=(None, None),
        )
        if found.status != 0:
            raise ValueError(_NO_MEMBER)
        return found.x


def project_positive_heads(features: Any, y_weak: Any) -> Projection:
    """Reverse-KL projection onto linear heads as distributions over the sample (theory 1.3, 5.3).

    Minimises sum_i f_i log(f_i / w_i) over f = H theta / sum_i (H theta)_i with H theta > 0, where
    w is `y_weak` over its sum. Generalised KL over the cone of positive heads has the same
    minimiser up to scale and no constraint that binds: damped Newton steps solve it.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        H; some combination of its columns must be positive in all rows, as a column of ones is.
    y_weak : array-like of shape (n_samples,)
        Positive outputs of the weak model.

    Returns
    -------
    Projection
        `fitted` sums to one, as do the outputs of `parameters`; `misfit` is the sum above. `gap` is
        found by a linear programme over all positive heads; it is large only where the nearest head
        all but vanishes in some rows, by twelve orders of magnitude or so.

    Raises
    ------
    ValueError
        If `y_weak` is not positive, or no combination of columns is.

    Examples
    --------
    >>> from w2s_stats.bounds import project_positive_heads
    >>> found = project_positive_heads([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 2.0, 4.0])
    >>> found.fitted.round(3), round(found.misfit, 4), abs(found.gap) < 1e-9
    (array([0.133, 0.333, 0.533]), 0.0054, True)
    """
    heads = PositiveHeads(features)
    weak = as_predictions(y_weak, name="y_weak")
    if weak.shape != (len(heads.features),):
        raise ValueError(
            f"y_weak must have shape ({len(heads.features)},), the rows of features; found "
            f"{weak.shape}."
        )
    if weak.min() <= 0:
        raise ValueError(f"y_weak must be positive to be a distribution; found {weak.min():g}.")
    weak = weak / weak.sum(dtype=np.float64)
    H = heads.features.astype(np.float64, copy=False)
    theta, student = _newton(H, weak, heads.interior())
    theta, student = theta / student.sum(), student / student.sum()
    ahead = np.log(student / weak)
    gap = float((student - heads.maximizer(-ahead)) @ ahead)
    return Projection(student, theta, float(student @ ahead), gap)


def _newton(H: np.ndarray, weak: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimise sum f log(f/w) - f over f = H theta > 0 by damped Newton steps.

    f moves along with theta: formed anew, its smallest entries would be rounding.
    """

    def value(f: np.ndarray) -> float:
        return float(f @ np.log(f / weak) - f.sum())

    f = H @ theta
    for _ in range(_NEWTON_STEPS):
        # The Hessian is H' diag(1/f) H: its square root keeps the condition number.
        scale = np.sqrt(f)
        target = scale * np.log(f / weak)
        step = -np.linalg.lstsq(H / scale[:, None], target, rcond=None)[0]
        decrement = -float(target @ (H @ step / scale))
        if decrement <= 1e-30:
            break
        move = H @ step
        falling = move < 0
        length = min(1.0, 0.99 * float((f[falling] / -move[falling]).min(initial=np.inf)))
        now = value(f)
        while length > 1e-12 and value(f + length * move) > now - 1e-4 * length * decrement:
            length *= 0.5
        if length <= 1e-12:
            break
        theta, f = theta + length * step, f + length * move
    return theta, f
