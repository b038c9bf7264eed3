"""Convex classes of functions, each known by the one question that certificates ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from w2s_stats._validation import is_number, shown
from w2s_stats.bounds._gain import slope
from w2s_stats.bounds._inputs import Predictions, as_predictions
from w2s_stats.bounds._parameters import has_methods
from w2s_stats.bounds._rows import ahead, inner, moment
from w2s_stats.divergences._probabilities import as_float


class FunctionClass(Protocol):
    """A convex set of functions on the sample's rows, known by its extreme members.

    What `GainCertificate` and `NonRealizableGain` take as `function_class`: all they ask is where
    a linear functional is largest (theory 9.1). Anything with this method is one; a class of your
    own may inherit from this, and need not.

    Examples
    --------
    Monotone predictions between 0 and 1 on rows sorted by a covariate: extreme ones are steps.

    >>> import numpy as np
    >>> from w2s_stats.bounds import FunctionClass, GainCertificate
    >>> class Increasing(FunctionClass):
    ...     def maximizer(self, direction, weight=None):
    ...         scaled = direction if weight is None else weight * direction
    ...         sums = np.append(np.cumsum(scaled[::-1])[::-1], 0.0)  # of the rows from a step on
    ...         return np.where(np.arange(len(direction)) >= sums.argmax(), 1.0, 0.0)
    >>> weak, student = np.array([0.1, 0.7, 0.4, 0.9]), np.array([0.2, 0.5, 0.6, 0.8])
    >>> bound = GainCertificate(Increasing(), random_state=0).fit(weak, student)
    >>> round(bound.lower_, 3), round(bound.upper_, 3)
    (-0.005, 0.095)
    """

    def maximizer(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Member f with the largest mean of <f(x), direction(x)>.

        Parameters
        ----------
        direction : ndarray of shape (n_samples,) or (n_samples, n_columns)
        weight : ndarray of shape (n_samples,) or None

        Returns
        -------
        ndarray of the shape of `direction`
        """


class NormBall:
    """Linear heads of bounded norm, {x -> theta' h(x): ||theta|| <= B} (theory 9.1).

    The supremum of E<theta'h, d> is B ||E h d'||, in the Frobenius norm where heads have several
    outputs.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        The representation h in the rows of the predictions; a column of ones for an intercept,
        which the norm then counts.
    radius : float
        B > 0.

    Raises
    ------
    ValueError
        If `features` is not a finite matrix or `radius` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import NormBall
    >>> NormBall([[3.0], [4.0]], radius=2.0).maximizer(np.array([1.0, 1.0]))
    array([6., 8.])
    """

    def __init__(self, features: Any, radius: float) -> None:
        self.features = check_features(features)
        if not is_number(radius) or not 0 < radius < np.inf:
            raise ValueError(f"radius must be positive and finite; found {shown(radius)}.")
        self.radius = float(radius)

    def __repr__(self) -> str:
        return f"NormBall({rows_by_columns(self.features)}, radius={self.radius:g})"

    def maximizer(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Member with the largest mean of <f(x), direction(x)>: theta along E h d'."""
        check_rows_of(self, len(self.features), direction)
        return self.features @ self.coefficients(direction, weight)

    def coefficients(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Its theta."""
        slopes = moment(self.features, direction, weight)
        norm = np.linalg.norm(slopes)
        return slopes * (self.radius / norm if norm > 0 else 0.0)


class ConvexHull:
    """Mixtures of given heads, {sum_k a_k f_k: a in the simplex}.

    A linear functional is largest at a vertex, so the supremum is a maximum over heads; for
    probabilities the mixture is of probabilities, as theory 2.2 needs.

    Parameters
    ----------
    heads : sequence of arrays of shape (n_samples,) or (n_samples, n_columns)
        The predictions of each head in the same rows. An array of heads along its first axis will
        do.

    Raises
    ------
    ValueError
        If there is no head, or heads are not finite or differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import ConvexHull
    >>> ConvexHull([[0.0, 1.0], [1.0, 0.5]]).maximizer(np.array([1.0, 1.0]))
    array([1. , 0.5])
    """

    def __init__(self, heads: Sequence[Any] | np.ndarray) -> None:
        if not has_methods(heads, "__len__", "__getitem__"):
            raise ValueError(f"heads must be a sequence of arrays; found {shown(heads)}.")
        if len(heads) == 0:
            raise ValueError("heads must hold one head at least; found none.")
        self.heads = [as_predictions(head, name=f"heads[{k}]") for k, head in enumerate(heads)]
        for k, head in enumerate(self.heads):
            if head.shape != self.heads[0].shape:
                raise ValueError(
                    f"heads must have one shape; found {self.heads[0].shape} for the first and "
                    f"{head.shape} for heads[{k}]."
                )

    def __repr__(self) -> str:
        return f"ConvexHull({len(self.heads)} heads of {len(self.heads[0])} rows)"

    def maximizer(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Head with the largest mean of <f(x), direction(x)>."""
        if direction.shape != self.heads[0].shape:
            raise ValueError(
                f"ConvexHull must have heads of the predictions' shape, {direction.shape}; found "
                f"{self.heads[0].shape}."
            )
        share = np.ones(len(direction)) if weight is None else weight
        along = [np.dot(share, inner(head, direction)) for head in self.heads]
        return self.heads[int(np.argmax(along))]


def extreme_gaps(
    function_class: FunctionClass, divergence: Any, data: Predictions
) -> tuple[np.ndarray, np.ndarray]:
    """How far below and above the misfit the gain can be for a truth in the class, by rows.

    E<F_sw - f, grad phi(F_sw) - grad phi(F_w)> at the f where it is largest, and minus it where it
    is smallest (theory 9.1).
    """
    direction = slope(divergence, data.weak, data.student, data=data)
    best = ahead(extreme_member(function_class, direction, data), data.student, direction)
    np.negative(direction, out=direction)
    worst = ahead(extreme_member(function_class, direction, data), data.student, direction)
    return worst, best


def extreme_member(
    function_class: FunctionClass, direction: np.ndarray, data: Predictions
) -> np.ndarray:
    """Ask a class for its maximizer, and see that the answer has the predictions' shape.

    A class has members on all rows that were given: the direction is 0 in those that do not count.
    """
    if isinstance(function_class, type) or not has_methods(function_class, "maximizer"):
        raise ValueError(
            "function_class must be a convex class with a method maximizer, as NormBall(...); "
            f"found {shown(function_class)}."
        )
    weight = data.weight
    if not isinstance(data.counted, slice):
        direction, weight = (_on_all_rows(values, data) for values in (direction, weight))
    member = np.asarray(function_class.maximizer(direction, weight))
    if member.shape != direction.shape:
        raise ValueError(
            f"function_class must have members of the predictions' shape, {direction.shape}; "
            f"found {member.shape}."
        )
    return member[data.counted]


def _on_all_rows(values: Any, data: Predictions) -> np.ndarray:
    whole = np.zeros((len(data.counted), *values.shape[1:]), dtype=values.dtype)
    whole[data.counted] = values
    return whole


def check_features(features: Any) -> np.ndarray:
    """Finite matrix with a row a sample, or one sentence."""
    array = as_float(features, name="features")
    if array.ndim != 2:
        raise ValueError(f"features must have two dimensions; found shape {array.shape}.")
    if not np.isfinite(array).all():
        row = int((~np.isfinite(array)).any(axis=1).argmax())
        raise ValueError(f"features must be finite; found NaN or infinity in row {row}.")
    return array


def check_rows_of(owner: Any, n_rows: int, direction: np.ndarray) -> None:
    """Raise unless a class has the rows of the predictions."""
    if n_rows != len(direction):
        raise ValueError(
            f"{type(owner).__name__} must have the rows of the predictions, {len(direction)}; "
            f"found {n_rows}."
        )


def rows_by_columns(features: np.ndarray) -> str:
    """The shape of a representation, in words."""
    return f"features of {features.shape[0]} rows by {features.shape[1]}"
