"""Strategies for one model's predictions."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import SearchStrategy

_SMALLEST = 1e-9
Size: TypeAlias = "int | SearchStrategy[int] | None"


def probability_rows(
    n_rows: Size = None, n_classes: Size = None, *, floor: float = 0.0
) -> SearchStrategy[np.ndarray]:
    """Strategy for rows of class probabilities; without a floor also zeros and certain classes.

    Parameters
    ----------
    n_rows : int or strategy of int, default=None
        None: 1 to 8.
    n_classes : int or strategy of int, default=None
        Two or more. None: 2 to 4.
    floor : float, default=0.0
        No entry is below (theory 1.1's gamma), but for rounding; at most 1 / n_classes.

    Returns
    -------
    SearchStrategy of ndarray of shape (n_rows, n_classes)

    Raises
    ------
    ValueError
        If a size is too small, or the floor does not go with the number of classes.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from w2s_stats.divergences import kl_divergence
    >>> from w2s_stats.testing.strategies import probability_rows
    >>> @settings(database=None)
    ... @given(probability_rows(3, 2, floor=0.1))
    ... def test_uniform_is_never_far(p):
    ...     assert kl_divergence(p, [[0.5, 0.5]] * 3) < 0.369
    >>> test_uniform_is_never_far()
    """
    if isinstance(n_classes, int):
        _check_floor(floor, n_classes)

    def rows(shape: tuple[int, int]) -> SearchStrategy[np.ndarray]:
        _check_floor(floor, shape[1])
        weights = arrays(np.float64, shape, elements=st.floats(0, 1, allow_subnormal=False))
        return weights.map(lambda w: floor + (1 - shape[1] * floor) * normalised(w))

    return shapes(n_rows, n_classes, least_columns=2).flatmap(rows)


def real_rows(
    n_rows: Size = None, n_columns: Size = None, *, low: float = -100.0, high: float = 100.0
) -> SearchStrategy[np.ndarray]:
    """Strategy for real predictions between two numbers; `low` above 0 for positive outputs.

    Where zero lies between them, magnitudes below 1e-9 do not occur: squares would vanish.

    Parameters
    ----------
    n_rows : int or strategy of int, default=None
        None: 1 to 8.
    n_columns : int or strategy of int, default=None
        None: 1 to 4.
    low, high : float, default=-100.0, 100.0
        Both may occur.

    Returns
    -------
    SearchStrategy of ndarray of shape (n_rows, n_columns)

    Raises
    ------
    ValueError
        If a size is below one, or `low` is not below `high`.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from w2s_stats.testing.strategies import real_rows
    >>> @settings(database=None)
    ... @given(real_rows(n_columns=1, low=0.1, high=2.0))
    ... def test_range(outputs):
    ...     assert ((outputs >= 0.1) & (outputs <= 2.0)).all()
    >>> test_range()
    """
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"low must be below high, both finite; found low={low} and high={high}.")
    elements = st.floats(low, high, allow_subnormal=False)
    if low <= 0 <= high:
        elements = elements.map(lambda x: x if abs(x) >= _SMALLEST else 0.0)
    return shapes(n_rows, n_columns, least_columns=1).flatmap(
        lambda shape: arrays(np.float64, shape, elements=elements)
    )


def shapes(n_rows: Size, n_columns: Size, *, least_columns: int) -> SearchStrategy[tuple[int, int]]:
    """Rows and columns: as given, or a few."""
    return st.tuples(
        size("n_rows", n_rows, st.integers(1, 8), least=1),
        size("the number of columns", n_columns, st.integers(least_columns, 4), least_columns),
    )


def size(name: str, value: Size, default: SearchStrategy[int], least: int) -> SearchStrategy[int]:
    """A size as a strategy."""
    if value is None:
        return default
    if isinstance(value, SearchStrategy):
        return value
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(
            f"{name} must be an integer of at least {least}, or a strategy; found {value!r}."
        )
    return st.just(int(value))


def _check_floor(floor: float, n_classes: int) -> None:
    if not 0 <= floor * n_classes <= 1:
        raise ValueError(
            f"floor must lie from 0 to 1 / n_classes, found {floor!r} with {n_classes} classes."
        )


def normalised(weights: np.ndarray) -> np.ndarray:
    """Rows over their sums; uniform where there is nothing to divide by."""
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(
        weights, total, out=np.full_like(weights, 1.0 / weights.shape[1]), where=total > 0
    )
