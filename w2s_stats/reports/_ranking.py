"""Picture of a ranking of weak models: each one's score, its interval, and whether it is best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.reports._axes import PALE, STRONG, TEXT, name_rows, tidy
from w2s_stats.reports._display import Display
from w2s_stats.selection import WeakModelRanking


class WeakModelRankingDisplay(Display):
    """Weak error minus misfit of each weak model, a row each, with the probability of being best.

    Parameters
    ----------
    names : sequence of str
        Weak models, from the top down.
    score, lower, upper : array-like of shape (n_models,)
        Weak error minus misfit, with its interval.
    weak_error : array-like of shape (n_models,)
        Drawn hollow; what lies between the two is the misfit.
    probability_best : array-like of shape (n_models,)
    confidence_level : float, default=0.95
        Of the intervals.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    points_, weak_points_, intervals_ : list of matplotlib Line2D
        By model, set by `plot`, whose keyword arguments are for the first.

    Examples
    --------
    >>> from w2s_stats.reports import WeakModelRankingDisplay
    >>> display = WeakModelRankingDisplay(
    ...     ["small", "large"], [0.2, 0.3], [0.1, 0.2], [0.3, 0.4], [0.5, 0.4], [0.9, 0.1]
    ... )
    >>> [point.get_xdata()[0] for point in display.plot().points_]  # doctest: +SKIP
    [0.2, 0.3]
    """

    title = "Limits of the students' errors, by weak model"

    def __init__(
        self,
        names: Sequence[str],
        score: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        weak_error: ArrayLike,
        probability_best: ArrayLike,
        *,
        confidence_level: float = 0.95,
    ) -> None:
        self.names = list(names)
        self.score = np.asarray(score, dtype=float)
        self.lower = np.asarray(lower, dtype=float)
        self.upper = np.asarray(upper, dtype=float)
        self.weak_error = np.asarray(weak_error, dtype=float)
        self.probability_best = np.asarray(probability_best, dtype=float)
        self.confidence_level = confidence_level
        for name in ("score", "lower", "upper", "weak_error", "probability_best"):
            found = getattr(self, name).shape
            if found != (len(self.names),):
                raise ValueError(
                    f"{name} must have one number for each of the {len(self.names)} weak models; "
                    f"found shape {found}."
                )

    @classmethod
    def from_ranking(cls, ranking: WeakModelRanking) -> WeakModelRankingDisplay:
        """Take the numbers of a :class:`w2s_stats.selection.WeakModelRanking`.

        Parameters
        ----------
        ranking : WeakModelRanking
            What ``rank_weak_models`` returned.

        Returns
        -------
        WeakModelRankingDisplay
        """
        return cls(
            ranking.names,
            [score.estimate for score in ranking.score],
            [score.low for score in ranking.score],
            [score.high for score in ranking.score],
            [error.estimate for error in ranking.weak_error],
            ranking.probability_best,
            confidence_level=ranking.confidence_level,
        )

    @property
    def figsize(self) -> tuple[float, float]:
        """Width and height that suit the number of models, in inches."""
        return 7.2, 1.6 + 0.42 * len(self.names)

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        self.points_: list[Any] = []
        self.weak_points_: list[Any] = []
        self.intervals_: list[Any] = []
        for row in range(len(self.names)):
            self._draw_row(ax, row, style)
        across = ax.get_yaxis_transform()
        ax.text(1.025, -0.62, "P(best)", transform=across, va="bottom", color=TEXT)
        ax.axvline(0.0, color=TEXT, linewidth=0.8, zorder=0.5)
        tidy(ax, "x")
        name_rows(ax, self.names, chosen=self.names[:1])
        level = f"{100 * self.confidence_level:g}% interval"
        ax.set_xlabel(f"● weak error − misfit, {level}    ○ weak error", color=TEXT)

    def _draw_row(self, ax: Any, row: int, style: dict[str, Any]) -> None:
        colour = STRONG if row == 0 else TEXT
        ends = [self.score[row], self.weak_error[row]]
        ax.plot(ends, [row, row], color=PALE, linewidth=1.2)
        interval = [self.lower[row], self.upper[row]]
        self.intervals_ += ax.plot(interval, [row, row], color=colour, linewidth=2.2)
        point = {"marker": "o", "markersize": 7, "color": colour}
        self.points_ += ax.plot(ends[:1], [row], **{**point, **style})
        self.weak_points_ += ax.plot(ends[1:], [row], **point, markerfacecolor="white")
        best = f"{self.probability_best[row]:.2f}"
        ax.text(1.025, row, best, transform=ax.get_yaxis_transform(), va="center", color=colour)
