"""What a sample says of a bound's inequality: of itself, and of what it is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from w2s_stats._summary import number

if TYPE_CHECKING:
    from w2s_stats.bounds._base import Bound, Quantity


class Excess(NamedTuple):
    """How far a bounded quantity is above its lower limit, as one mean over the same rows.

    Where rows lack a truth, the two are means over different rows, and only this tells of them.

    Attributes
    ----------
    found : Quantity
        With its interval.
    room : float
        What it may be at most: upper limit less lower limit.
    slack : float
        What rounding may leave of it beyond either end.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import Quantity
    >>> from w2s_stats.bounds._verdict import Excess
    >>> Excess(Quantity("gain - misfit", -0.23, -0.39, -0.07), np.inf, 0.0).excluded
    'below 0'
    """

    found: Quantity
    room: float
    slack: float

    @property
    def excluded(self) -> str:
        """Where the whole interval lies, if not one of its numbers satisfies the inequality."""
        if self.found.high < -self.slack:
            return "below 0"
        return f"above {number(self.room)}" if self.found.low > self.room + self.slack else ""

    @property
    def certain(self) -> bool:
        """Whether every number of the interval satisfies it."""
        return -self.slack <= self.found.low and self.found.high <= self.room + self.slack

    def __str__(self) -> str:
        ends = f"[{number(self.found.low)}, {number(self.found.high)}]"
        return f"{self.found.name} is {number(self.found.value)} {ends}"


def excess_of(found: Quantity | None, room: float, slack: float) -> Excess | None:
    """None where there is none, or it has no interval."""
    if found is None or not np.isfinite([found.low, found.high]).all():
        return None
    return Excess(found, float(room), float(slack))


def verdict(bound: Bound) -> str:
    """What a summary says: of this sample, and where that is not all, of the population."""
    excess, level = bound._excess, f"{100 * bound.confidence_level:g}% confidence"
    if np.isnan(bound.estimate_):
        return (
            "There is no estimate to compare with the limits: no truth was given, or it is not "
            "computed here."
        )
    if bound.holds_ is None:
        said = "The estimate is not over the limits' own rows: compare interval_ with them."
        if excess is None:
            return said
        said = "The estimate is not over the limits' own rows."
    else:
        word = "yes, on" if bound.holds_ else "no, not on"
        said = f"Does the estimate lie within the limits? {word} this sample."
        if bound.holds_ or excess is None:
            return said
    if excess.excluded:
        return f"{said} The inequality does not hold: {excess}, {excess.excluded} at {level}."
    if excess.certain:
        return f"{said} The inequality holds: {excess}, within what it allows at {level}."
    where = "in the population" if bound.holds_ is False else "or fail"
    return f"{said} The inequality may hold {where}: {excess}, at {level}."
