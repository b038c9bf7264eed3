"""Picture of a bound: the estimate between its limits, and what the limits are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from w2s_stats._validation import check_choice
from w2s_stats.bounds import Assumption, Bound
from w2s_stats.reports._axes import (
    COLOURS,
    PALE,
    STRONG,
    TEXT,
    linear_then_log,
    name_rows,
    short,
    tidy,
)
from w2s_stats.reports._bound_rows import BoundRow, story_of
from w2s_stats.reports._bound_words import (
    check_fitted_bound,
    glossary,
    on_marks,
    on_population,
    verdict,
    written,
)
from w2s_stats.reports._display import Display

_UP, _DOWN = COLOURS[5], COLOURS[4]

# A row that reaches this many times farther than limits and estimate is drawn on a scale that is
# linear as far as they go and logarithmic beyond.
_FAR = 40.0


class BoundDisplay(Display):
    """A bound's estimate and limits, and what they are made of, a row each.

    The band holds all values that the bound allows; it runs on to the edge on an open side.

    Parameters
    ----------
    rows : sequence of BoundRow
        From the top down; the first is the estimate.
    lower, upper : float, default=-inf and inf
        The limits.
    label : str, default=""
        What is measured, with its unit.
    title : str, default=""
        Above the picture.
    notes : sequence of str, default=()
        Below the picture.
    assumptions : sequence of Assumption, default=()
        Below the notes, each with what is known of it.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    band_ : matplotlib Rectangle
        From `lower` to `upper`; None where no value lies between.
    bars_, points_ : dict of str to matplotlib artist
        By row: bars of terms and ranges; points. What `plot` is passed is for the estimate's.
    intervals_ : dict of str to list of Line2D
        By row: the interval of its end, and of its start.

    Examples
    --------
    >>> from w2s_stats.bounds import KLSandwich
    >>> from w2s_stats.reports import BoundDisplay
    >>> bound = KLSandwich(random_state=0).fit([[0.6, 0.4], [0.5, 0.5]], [[0.8, 0.2], [0.3, 0.7]])
    >>> display = BoundDisplay.from_estimator(bound)
    >>> display.title
    'KLSandwich: limits only, no estimate'
    >>> display.plot().ax_.get_xlabel()  # doctest: +SKIP
    'gain in KL divergence or cross-entropy, nats'
    """

    def __init__(
        self,
        rows: Sequence[BoundRow],
        *,
        lower: float = -np.inf,
        upper: float = np.inf,
        label: str = "",
        title: str = "",
        notes: Sequence[str] = (),
        assumptions: Sequence[Assumption] = (),
    ) -> None:
        self.rows = list(rows)
        for row in self.rows:
            check_choice("kind of a row", row.kind, ("point", "term", "range"))
        self.lower, self.upper = float(lower), float(upper)
        self.label = label
        self.title = title
        self.notes = list(notes)
        self.assumptions = list(assumptions)

    @classmethod
    def from_estimator(cls, bound: Bound) -> BoundDisplay:
        """Take the numbers of a fitted bound.

        Parameters
        ----------
        bound : Bound
            Any of `w2s_stats.bounds`, fitted; of a bound of your own, estimate and limits.

        Returns
        -------
        BoundDisplay

        Raises
        ------
        NotFittedError
            If the bound is not fitted.
        TypeError
            If it is no bound.
        """
        check_fitted_bound(bound, Bound)
        label, rows = story_of(bound)
        return cls(
            rows,
            lower=bound.lower_,
            upper=bound.upper_,
            label=label,
            title=f"{type(bound).__name__}: {verdict(bound)}",
            notes=[on_marks(bound, rows), *on_population(bound), *glossary(bound, rows)],
            assumptions=bound.assumptions_,
        )

    def _size(self) -> tuple[float, float]:
        return 8.4, 1.3 + 0.36 * len(self.rows)

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        ax.set_xlabel(self.label, color=TEXT)
        self._scale(ax)
        edges = np.array(ax.get_xlim())
        self.band_: Any = None
        if self.lower <= self.upper:
            shown = np.clip([self.lower, self.upper], *edges)
            self.band_ = ax.axvspan(*shown, color=PALE, alpha=0.18, linewidth=0, zorder=0)
            for limit in (self.lower, self.upper):
                if np.isfinite(limit):
                    ax.axvline(limit, color=PALE, linewidth=1.2, zorder=0.5)
        ax.axvline(0.0, color=TEXT, linewidth=0.8, zorder=1)
        self.bars_: dict[str, Any] = {}
        self.points_: dict[str, Any] = {}
        self.intervals_: dict[str, list[Any]] = {}
        for place, row in enumerate(self.rows):
            self._draw_row(ax, place, row, edges, style if place == 0 else {})
        tidy(ax, "x")
        names = [row.name for row in self.rows]
        name_rows(ax, names, chosen=names[:1])
        ax.set_xlim(edges)

    def _scale(self, ax: Any) -> None:
        """Set a scale and limits on which all that is finite is seen."""
        ends = [q[1:4] for row in self.rows for q in (row.start, row.end)]
        seen = np.array([0.0, self.lower, self.upper, *np.ravel(ends)])
        seen = seen[np.isfinite(seen)]
        near = self._near()
        low, high = seen.min(), seen.max()
        if 0 < _FAR * near < max(-low, high):
            linear_then_log(ax, near, low, high)
            ax.set_xlabel(f"{self.label}; logarithmic beyond {short(near)}")
            return
        margin = 0.06 * (high - low) or 1.0
        ax.set_xlim(low - margin, high + margin)

    def _near(self) -> float:
        """How far from zero the story goes: the estimate, and limits on both sides or all alone."""
        told = np.abs(self.rows[0].end[1:4])
        limits = np.abs([self.lower, self.upper])
        limit = limits.max() if np.isfinite(limits).all() else 0.0
        if not np.isfinite(told).any():
            limit = limits[np.isfinite(limits)].max(initial=0.0)
        return max(told[np.isfinite(told)].max(initial=0.0), limit)

    def _draw_row(
        self, ax: Any, place: int, row: BoundRow, edges: np.ndarray, kwargs: dict[str, Any]
    ) -> None:
        colour = STRONG if place == 0 else TEXT
        across = ax.get_yaxis_transform()
        ax.text(1.025, place, written(row), transform=across, va="center", color=colour)
        if np.isnan(row.end.value):
            return
        ends = [row.end] if row.kind == "point" else [row.end, row.start]
        if row.kind != "point":
            self._draw_bar(ax, place, row, edges)
        self.intervals_[row.name] = [
            ax.plot([q.low, q.high], [place] * 2, color=colour, linewidth=2.2)[0]
            for q in ends
            if np.isfinite(q.low) and np.isfinite(q.high)
        ]
        if row.kind == "point":
            value = np.clip(row.end.value, *edges)
            marker = "o" if value == row.end.value else "<>"[int(row.end.value > 0)]
            style = {"marker": marker, "markersize": 7, "color": colour, "clip_on": False, **kwargs}
            self.points_[row.name] = ax.plot([value], [place], **style)[0]

    def _draw_bar(self, ax: Any, place: int, row: BoundRow, edges: np.ndarray) -> None:
        start, end = np.clip([row.start.value, row.end.value], *edges)
        style: dict[str, Any] = {"height": 0.34, "color": PALE}
        if row.kind == "term":
            rises = row.end.value >= row.start.value
            style = {"height": 0.34, "color": _UP if rises else _DOWN, "edgecolor": TEXT}
            style |= {"linewidth": 0.6, "hatch": None if rises else "////"}
            if place + 1 < len(self.rows) and self.rows[place + 1].start.value == row.end.value:
                ax.plot([end, end], [place, place + 1], color=TEXT, linewidth=0.7, zorder=0.8)
        self.bars_[row.name] = ax.barh(place, end - start, left=start, zorder=2, **style)[0]
        for shown, value in ((start, row.start.value), (end, row.end.value)):
            if shown != value:
                marker = "<" if value < shown else ">"
                ax.plot([shown], [place], marker=marker, color=PALE, markersize=9, clip_on=False)

    def _notes(self) -> Sequence[str]:
        return self.notes
