"""The Bregman family: a potential, its gradient and its domain make a divergence (theory 1.5)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from w2s_stats._validation import check_alignment
from w2s_stats.divergences._probabilities import as_float, check_same_shape
from w2s_stats.divergences._rows import by_rows, mean


class Range(NamedTuple):
    """An interval of numbers, closed unless an end is said to be open.

    Examples
    --------
    >>> from w2s_stats.divergences import Range
    >>> str(Range(0.0, 1.0)), str(Range(0.0, float("inf"), open_low=True, open_high=True))
    ('[0, 1]', '(0, inf)')
    """

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def __str__(self) -> str:
        """Write it as in a formula."""
        ends = "("[: self.open_low] or "[", ")"[: self.open_high] or "]"
        return f"{ends[0]}{self.low:g}, {self.high:g}{ends[1]}"

    def outside(self, values: np.ndarray) -> np.ndarray:
        """Where values are not in it, or NaN."""
        above = values > self.low if self.open_low else values >= self.low
        below = values < self.high if self.open_high else values <= self.high
        return ~(above & below)


REAL = Range(-np.inf, np.inf, open_low=True, open_high=True)
POSITIVE = Range(0.0, np.inf, open_low=True, open_high=True)


class Bregman(ABC):
    r"""A divergence made of a convex function.

    Theory 1.5: :math:`D(p, q) = \varphi(p) - \varphi(q) - \langle p - q, \nabla\varphi(q)\rangle`.
    Never negative; zero where p = q; convex in p. Arrays have a row a sample: of two dimensions,
    :math:`\varphi` is summed over the columns; of one, each entry is a row. The base of every
    member, for type hints and for those whose rows are more than columns side by side, as `KL`;
    derive from `Separable` otherwise.
    """

    p_range = REAL
    q_range = REAL

    @property
    def domain(self) -> str:
        """Which p and q are accepted, in words."""
        return f"p in {self.p_range}, q in {self.q_range}"

    @abstractmethod
    def potential(self, p: Any) -> np.ndarray:
        """The convex function phi of every row, shape (n_samples,)."""

    @abstractmethod
    def gradient(self, q: Any) -> np.ndarray:
        """The gradient of phi at every row, in the shape of `q`."""

    @abstractmethod
    def check(
        self, p: Any, q: Any, *, names: tuple[str, str] = ("p", "q")
    ) -> tuple[np.ndarray, np.ndarray]:
        """Raise one sentence unless `p` and `q` have one shape and lie in the domain.

        Returns
        -------
        p, q : ndarray of float32 or float64
        """

    @abstractmethod
    def pointwise(self, p: Any, q: Any) -> np.ndarray:
        """D(p, q) of every row.

        Parameters
        ----------
        p, q : array-like of shape (n_samples,) or (n_samples, n_columns)
            In `domain`.

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        ValueError
            If shapes differ, or an entry is NaN or outside the domain.
        """

    def mean(self, p: Any, q: Any, *, sample_weight: Any = None) -> float:
        """Weighted mean of `pointwise` over the rows."""
        return mean(self.pointwise(p, q), sample_weight)

    def __repr__(self) -> str:
        """Write the call that makes it."""
        return f"{type(self).__name__}()"


class Separable(Bregman):
    """A member whose potential is a sum over columns, each on its own range.

    One of your own says its potential, its gradient and, where they are not all real numbers, its
    ranges `p_range` and `q_range`. `divergence` may be replaced by a form in which nothing cancels
    where p is near q.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.divergences import Separable
    >>> class Exponential(Separable):
    ...     def potential(self, p):
    ...         return np.exp(p).reshape(len(p), -1).sum(axis=1)
    ...
    ...     def gradient(self, q):
    ...         return np.exp(q)
    >>> Exponential().pointwise([1.0, 2.0], [0.0, 2.0]).round(4)
    array([0.7183, 0.    ])
    """

    def divergence(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """D of every row of two float64 arrays (n_rows, n_columns) inside the domain."""
        linear = row_sums((p - q) * self.gradient(q))
        return np.maximum(self.potential(p) - self.potential(q) - linear, 0.0)

    def check(
        self, p: Any, q: Any, *, names: tuple[str, str] = ("p", "q")
    ) -> tuple[np.ndarray, np.ndarray]:
        """Raise one sentence unless `p` and `q` have one shape and lie in the domain."""
        check_alignment(**dict(zip(names, (p, q), strict=True)))
        p = self._inside(p, self.p_range, name=names[0])
        q = self._inside(q, self.q_range, name=names[1])
        check_same_shape(p, q, names=names)
        return p, q

    def pointwise(self, p: Any, q: Any) -> np.ndarray:
        """D(p, q) of every row; as `Bregman.pointwise`."""
        p, q = (a.reshape(len(a), -1) for a in self.check(p, q))

        def rows(p: np.ndarray, q: np.ndarray, out: np.ndarray) -> None:
            out[:] = self.divergence(p, q)

        return by_rows(rows, p, q, dtype=np.float64)

    def _inside(self, values: Any, allowed: Range, *, name: str) -> np.ndarray:
        """A float array of one or two dimensions whose entries are allowed."""
        array = as_float(values, name=name)
        if array.ndim not in (1, 2):
            raise ValueError(f"{name} must have one or two dimensions; found shape {array.shape}.")
        # Whether all is well needs no mask: NaN shows in both ends.
        ends = np.array([array.min(), array.max()])
        if allowed.outside(ends).any():
            wrong = allowed.outside(array)
            row = int(wrong.reshape(len(array), -1).any(axis=1).argmax())
            raise ValueError(
                f"{name} must lie in {allowed} for {type(self).__name__}; found "
                f"{array[row][wrong[row]].flat[0]:g} in row {row}."
            )
        return array


def row_sums(terms: np.ndarray) -> np.ndarray:
    """Sums over columns; of one dimension, the entries."""
    return terms.reshape(len(terms), -1).sum(axis=1)
