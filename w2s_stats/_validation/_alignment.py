"""Data frames and series side by side: what they call their rows and columns."""

from __future__ import annotations

from typing import Any

from w2s_stats._validation._values import shown


def check_alignment(**given: Any) -> None:
    """Raise where two inputs call their rows or columns by other names, or in another order.

    Rows are taken by their position, whatever they are called: of two frames in different orders
    one would be read wrongly. Arrays have no names, and go with everything. A single column may be
    called differently in each; what is of another length is refused elsewhere.

    Parameters
    ----------
    **given : array-like
        Inputs by the names that messages call them.

    Raises
    ------
    ValueError
        If two have an `index`, or `columns`, of one length that are not equal.

    Examples
    --------
    >>> import pandas as pd
    >>> from w2s_stats._validation import check_alignment
    >>> labels = pd.Series([1.0, 0.0], index=[7, 8])
    >>> check_alignment(y_weak=[0.5, 0.5], y_student=labels, y_true=labels)
    >>> check_alignment(y_weak=labels[::-1], y_true=labels)
    Traceback (most recent call last):
    ValueError: y_true must have the index of y_weak; found 7 in row 0, where y_weak has 8: bring...
    """
    for axis, place in (("index", "row"), ("columns", "column")):
        named = {name: _names(values, axis) for name, values in given.items()}
        named = {name: names for name, names in named.items() if names is not None}
        first, expected = next(iter(named.items()), ("", ()))
        for name, found in named.items():
            if len(found) != len(expected) or _equal(found, expected):
                continue
            if axis == "columns" and len(found) == 1:
                continue
            pairs = enumerate(zip(found, expected, strict=True))
            number, (one, other) = next(
                ((i, pair) for i, pair in pairs if pair[0] != pair[1]), (0, (found, expected))
            )
            raise ValueError(
                f"{name} must have the {axis} of {first}; found {shown(one)} in {place} {number}, "
                f"where {first} has {shown(other)}: bring both into one order, or pass to_numpy() "
                "of both if they are."
            )


def _names(values: Any, axis: str) -> Any:
    """The names along an axis of a frame or a series; lists have an `index` that is a method."""
    names = getattr(values, axis, None)
    return names if hasattr(names, "__len__") else None


def _equal(one: Any, other: Any) -> bool:
    if type(one) is type(other) and hasattr(one, "equals"):
        return one is other or bool(one.equals(other))
    return list(one) == list(other)
