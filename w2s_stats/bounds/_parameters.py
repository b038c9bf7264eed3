"""Parameters of bounds that are no choice and no array: one sentence where they are wrong."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from w2s_stats._validation import shown
from w2s_stats.divergences import Squared


def is_number(value: Any) -> bool:
    """Whether a value is a single real number, which text and None are not.

    Examples
    --------
    >>> from w2s_stats.bounds._parameters import is_number
    >>> is_number(0.5), is_number("0.5"), is_number(True)
    (True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def check_not_negative(name: str, value: Any) -> None:
    """Raise unless a number is zero or positive, and finite."""
    if not is_number(value) or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be zero or positive and finite, found {shown(value)}.")


def check_integer(name: str, value: Any, least: int) -> None:
    """Raise unless a value is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise ValueError(f"{name} must be an integer of at least {least}, found {shown(value)}.")


def check_divergence(divergence: Any) -> Any:
    """Return the divergence that a parameter stands for: squared error where it is None."""
    if divergence is None:
        return Squared()
    if isinstance(divergence, type) or not has_methods(divergence, "check", "pointwise"):
        raise ValueError(
            "divergence must be None or a divergence of w2s_stats.divergences, as KL(); found "
            f"{shown(divergence)}."
        )
    return divergence


def has_methods(value: Any, *names: str) -> bool:
    """Whether an object has methods of these names."""
    return all(callable(getattr(value, name, None)) for name in names)
