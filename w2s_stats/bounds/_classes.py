"""Convex classes of functions, each known by the one question that certificates ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from w2s_stats._validation import shown
from w2s_stats.bounds._inputs import as_predictions
from w2s_stats.bounds._parameters import has_methods, is_number
from w2s_stats.divergences._probabilities import as_float


class FunctionClass(Protocol):
    """A convex set of functions on the sample's rows.

    Anything with this method is a class of functions: what is asked is only where a linear
    functional is largest.
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
            raise ValueError(f"radius must be positive and finite, found {shown(radius)}.")
        self.radius = float(radius)

    def maximizer(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Member with the largest mean of <f(x), direction(x)>: theta along E h d'."""
        check_rows_of(self, len(self.features), direction)
        moment = self.features.T @ weighted(direction, weight)
        norm = np.linalg.norm(moment)
        return self.features @ (moment * (self.radius / norm if norm > 0 else 0.0))


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
            raise ValueError(f"heads must be a sequence of arrays, found {shown(heads)}.")
        if len(heads) == 0:
            raise ValueError("heads must hold one head at least, found none.")
        self.heads = [as_predictions(head, name=f"heads[{k}]") for k, head in enumerate(heads)]
        for k, head in enumerate(self.heads):
            if head.shape != self.heads[0].shape:
                raise ValueError(
                    f"heads must have one shape, found {self.heads[0].shape} for the first and "
                    f"{head.shape} for heads[{k}]."
                )

    def maximizer(self, direction: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Head with the largest mean of <f(x), direction(x)>."""
        if direction.shape != self.heads[0].shape:
            raise ValueError(
                f"ConvexHull must have heads of the predictions' shape, {direction.shape}; found "
                f"{self.heads[0].shape}."
            )
        scaled = weighted(direction, weight)
        return self.heads[int(np.argmax([np.vdot(head, scaled) for head in self.heads]))]


def extreme_member(
    function_class: FunctionClass, direction: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Ask a class for its maximizer, and see that the answer has the predictions' shape."""
    if isinstance(function_class, type) or not has_methods(function_class, "maximizer"):
        raise ValueError(
            "function_class must be a convex class with a method maximizer, as NormBall(...); "
            f"found {shown(function_class)}."
        )
    member = np.asarray(function_class.maximizer(direction, weight))
    if member.shape != direction.shape:
        raise ValueError(
            f"function_class must have members of the predictions' shape, {direction.shape}; "
            f"found {member.shape}."
        )
    return member


def check_features(features: Any) -> np.ndarray:
    """Finite matrix with a row a sample, or one sentence."""
    array = as_float(features, name="features")
    if array.ndim != 2:
        raise ValueError(f"features must have two dimensions, found shape {array.shape}.")
    if not np.isfinite(array).all():
        row = int((~np.isfinite(array)).any(axis=1).argmax())
        raise ValueError(f"features must be finite, found NaN or infinity in row {row}.")
    return array


def weighted(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Rows times their weights."""
    if weight is None:
        return values
    return values * (weight if values.ndim == 1 else weight[:, None])


def check_rows_of(owner: Any, n_rows: int, direction: np.ndarray) -> None:
    """Raise unless a class has the rows of the predictions."""
    if n_rows != len(direction):
        raise ValueError(
            f"{type(owner).__name__} must have the rows of the predictions, {len(direction)}; "
            f"found {n_rows}."
        )
