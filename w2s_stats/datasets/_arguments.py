"""Argument checks of the data makers: one sentence each, naming the argument."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats._validation import as_array, check_seed


def check_count(value: Any, name: str, minimum: int) -> int:
    """Return `value` as an int, or raise if it is not an integer >= `minimum`.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.
    minimum : int
        Smallest accepted value.

    Returns
    -------
    int
        The checked count.

    Raises
    ------
    ValueError
        If `value` is not an integer (booleans are not) or is too small.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < minimum:
        raise ValueError(f"{name} must be an integer >= {minimum}, got {value!r}.")
    return int(value)


def check_real(value: Any, name: str, *, positive: bool = False) -> float:
    """Return `value` as a float, or raise if it is not finite and >= 0 (> 0 if `positive`).

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.
    positive : bool, default=False
        Whether zero is refused.

    Returns
    -------
    float
        The checked number.

    Raises
    ------
    ValueError
        If `value` is not a finite real number in the accepted range.
    """
    accepted = "> 0" if positive else ">= 0"
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not is_number or not np.isfinite(value) or value < 0 or (positive and value == 0):
        raise ValueError(f"{name} must be a finite number {accepted}, got {value!r}.")
    return float(value)


def check_prior(value: ArrayLike, name: str, n_experts: int, *, positive: bool) -> np.ndarray:
    """Return `value` as a probability vector over concepts.

    Parameters
    ----------
    value : array-like of shape (n_experts,)
        Concept probabilities; their sum may differ from one by rounding (1e-6).
    name : str
        Name of the argument, for the message.
    n_experts : int
        Number of concepts.
    positive : bool
        Whether a probability of zero is refused.

    Returns
    -------
    ndarray of shape (n_experts,)
        The probabilities, summing to one.

    Raises
    ------
    ValueError
        If the shape, a sign or the sum is wrong.
    """
    accepted = f"{n_experts} probabilities {'> 0' if positive else '>= 0'} that sum to 1"
    try:
        prior = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold {accepted}, got {value!r}.") from None
    signs_hold = bool(np.all(prior > 0) if positive else np.all(prior >= 0))
    if prior.shape != (n_experts,) or not signs_hold or abs(prior.sum() - 1.0) > 1e-6:
        raise ValueError(f"{name} must hold {accepted}, got {value!r}.")
    return prior / prior.sum()


def check_finite(values: ArrayLike, name: str, dimensions: tuple[int, ...]) -> np.ndarray:
    """Return a new float array, checked for shape and for NaN.

    Parameters
    ----------
    values : array-like
        What the caller passed.
    name : str
        Name of the argument, for the message.
    dimensions : tuple of int
        Accepted numbers of dimensions.

    Returns
    -------
    ndarray of float
        A copy.

    Raises
    ------
    ValueError
        If `values` is not such an array, is empty, or holds NaN or infinity.
    """
    accepted = " or ".join(f"{d}-dimensional" for d in dimensions)
    given = as_array(values, name)
    if np.iscomplexobj(given):
        raise ValueError(f"{name} must hold real numbers, got complex ones.")
    try:
        array = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a {accepted} array of numbers.") from None
    if array.ndim not in dimensions or array.size == 0:
        raise ValueError(f"{name} must be a {accepted} array with rows, got shape {array.shape}.")
    if not np.isfinite(array).all():
        n_bad = int((~np.isfinite(array)).sum())
        raise ValueError(f"{name} must hold finite numbers only, got {n_bad} NaN or infinite ones.")
    return array


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """Return one integer that seeds every stream of a maker.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        scikit-learn's convention; a RandomState instance moves on by one draw.

    Returns
    -------
    int
        A seed in [0, 2**31 - 1).
    """
    return int(check_seed(random_state).randint(2**31 - 1))
