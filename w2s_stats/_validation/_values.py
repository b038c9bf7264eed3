"""Single values: choices, levels, numbers, seeds."""

from __future__ import annotations

import reprlib
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def shown(value: Any) -> str:
    """What was found, in a few characters of one line."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "infinity" if value > 0 else "-infinity"
    return " ".join(reprlib.repr(value).split())


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise unless a value is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; found {shown(value)}.")


def check_confidence_level(level: Any) -> float:
    """Return a level that lies between 0 and 1; raise for any other."""
    if not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise ValueError(f"confidence_level must be between 0 and 1; found {shown(level)}.")
    return float(level)


def is_number(value: Any) -> bool:
    """Whether a value is a single real number, which text and None are not.

    Examples
    --------
    >>> from w2s_stats._validation import is_number
    >>> is_number(0.5), is_number("0.5"), is_number(True)
    (True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def check_integer(name: str, value: Any, least: int) -> None:
    """Raise unless a value is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise ValueError(f"{name} must be an integer of at least {least}; found {shown(value)}.")


def check_seed(random_state: Any) -> np.random.RandomState:
    """Return the stream of draws that an integer, a RandomState or None stands for."""
    try:
        return check_random_state(random_state)
    except (ValueError, TypeError):
        raise ValueError(
            "random_state must be an integer from 0 to 2**32 - 1, a numpy RandomState or None; "
            f"found {shown(random_state)}."
        ) from None
