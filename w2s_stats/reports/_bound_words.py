"""What pictures of bounds say in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from w2s_stats._validation import shown
from w2s_stats.bounds import Bound
from w2s_stats.reports._axes import short
from w2s_stats.reports._bound_rows import BoundRow


def check_fitted_bound(bound: Any, kind: type) -> None:
    """Raise unless `bound` is a bound of this kind and fitted."""
    if not isinstance(bound, kind):
        article = "an instance of a subclass of" if kind is Bound else "a"
        raise TypeError(
            f"bound must be {article} w2s_stats.bounds.{kind.__name__}; found {shown(bound)}."
        )
    check_is_fitted(bound, "table_")


def verdict(bound: Bound) -> str:
    """What the sample says of the bound."""
    if np.isnan(bound.estimate_):
        return "limits only, no estimate"
    if bound.holds_ is None:
        return "the estimate is not over the limits' own rows"
    return f"the estimate lies {'within' if bound.holds_ else 'outside'} the limits"


def on_intervals(bound: Bound, rows: Sequence[BoundRow]) -> list[str]:
    """What the lines are, if there are any."""
    if not any(np.isfinite([q.low, q.high]).all() for row in rows for q in (row.start, row.end)):
        return []
    line = f"Dark lines: {100 * bound.confidence_level:g}% intervals"
    by = f" (the estimate's: {bound.method_})" if np.isfinite(bound.interval_).all() else ""
    return [f"{line}{by}."]


def written(row: BoundRow) -> str:
    """The row's numbers: a point with its interval, a term's size, a range's ends."""
    start, (_, value, low, high, _) = row.start.value, row.end
    if np.isnan(value):
        return "not known"
    if row.kind == "range":
        if start == value:
            return short(value)
        if np.isinf(value) != np.isinf(start):
            return f"≤ {short(value)}" if np.isinf(start) else f"≥ {short(start)}"
        return f"[{short(start)}, {short(value)}]"
    if row.kind == "term":
        change = value - start
        if abs(change) < 1e-12 * max(abs(value), abs(start)):
            return "0"
        return ("+" if change > 0 else "") + short(change)
    if np.isfinite(low) and np.isfinite(high):
        return f"{short(value)}  [{short(low)}, {short(high)}]"
    return short(value)
