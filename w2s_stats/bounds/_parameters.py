"""Parameters of bounds that are no choice and no array: one sentence where they are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._validation import is_number, shown
from w2s_stats.divergences import Squared


def check_not_negative(name: str, value: Any) -> None:
    """Raise unless a number is zero or positive, and finite."""
    if not is_number(value) or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be zero or positive and finite; found {shown(value)}.")


def check_floor(gamma: Any, n_classes: int) -> None:
    """Raise unless `gamma` can be a floor of `n_classes` probabilities."""
    if not is_number(gamma) or not 0 <= gamma <= 1.0 / n_classes:
        raise ValueError(
            f"gamma must lie between 0 and 1/{n_classes} for {n_classes} classes; found "
            f"{shown(gamma)}."
        )


def check_floor_of(gamma: Any, n_classes: int, smallest: float) -> None:
    """Raise unless `gamma` can be, and is up to rounding, a floor of two models' probabilities."""
    check_floor(gamma, n_classes)
    if smallest < gamma * (1.0 - 1e-6):
        raise ValueError(
            "gamma must be a floor of the probabilities in y_weak and y_student; found "
            f"gamma={shown(gamma)} and a probability of {smallest:g}."
        )


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
