"""What pictures of bounds say in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from w2s_stats._validation import shown
from w2s_stats.bounds import Bound
from w2s_stats.bounds._glossary import explained
from w2s_stats.bounds._verdict import verdict as in_full
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
    excess = bound._excess
    if excess is not None and excess.excluded and not bound.holds_:
        return f"{excess.found.name.replace('-', '−')} is {excess.excluded}"
    if bound.holds_ is None:
        return "the estimate is not over the limits' own rows"
    chance = ", by chance perhaps" if excess is not None and not bound.holds_ else ""
    return f"the estimate lies {'within' if bound.holds_ else 'outside'} the limits{chance}"


def on_population(bound: Bound) -> list[str]:
    """What the sample says of the inequality beyond itself, in the summary's words."""
    return [] if bound._excess is None or bound.holds_ else [in_full(bound)]


def glossary(bound: Bound, rows: Sequence[BoundRow]) -> list[str]:
    """What the words of rows, method and assumptions mean, in one paragraph."""
    texts = [row.name for row in rows] + [assumption.name for assumption in bound.assumptions_]
    if np.isfinite(bound.interval_).all():
        texts.append(bound.method_)
    found = " ".join(explained(texts))
    return [found.replace("||", "‖")] if found else []


def on_marks(bound: Bound, rows: Sequence[BoundRow]) -> str:
    """What band, bars and lines are, in one paragraph."""
    found = ["Shaded: what the bound allows."]
    if any(row.kind == "term" for row in rows):
        found.append("Blue bars add to a sum, hatched ones take away.")
    if _has_intervals(rows):
        by = f" (the estimate's: {bound.method_})" if np.isfinite(bound.interval_).all() else ""
        found.append(f"Dark lines: {100 * bound.confidence_level:g}% intervals{by}.")
    return " ".join(found)


def _has_intervals(rows: Sequence[BoundRow]) -> bool:
    return any(np.isfinite([q.low, q.high]).all() for row in rows for q in (row.start, row.end))


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
