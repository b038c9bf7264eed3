"""Picture of a ranking of weak models: limits of their students' errors, and the errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.bounds import Assumption
from w2s_stats.reports._axes import PALE, STRONG, TEXT, name_rows, tidy
from w2s_stats.reports._display import Display
from w2s_stats.selection import WeakModelRanking

# Where the columns of probabilities stand, in widths of the picture.
_LIMIT, _ERROR = 1.025, 1.15


class WeakModelRankingDisplay(Display):
    """Limit of each student's error, a row each, and beside it the error that was measured.

    The limit, weak error minus misfit, is one only under the assumptions that stand below.

    Parameters
    ----------
    names : sequence of str
        Weak models, from the top down.
    score, lower, upper : array-like of shape (n_models,)
        The limit, weak error minus misfit, with its interval.
    weak_error : array-like of shape (n_models,)
        Drawn hollow; what lies between the two is the misfit.
    probability_best : array-like of shape (n_models,)
        Of having the smallest limit.
    confidence_level : float, default=0.95
        Of the intervals.
    student_error, student_lower, student_upper : array-like of shape (n_models,) or None
        Error of each student, measured on gold rows, with its interval. None: not known.
    probability_least_error : array-like of shape (n_models,) or None
        Of having the student of the smallest error.
    assumptions : sequence of Assumption, default=()
        Below the picture, each with what is known of it: one a model, in the models' order.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    points_, weak_points_, intervals_ : list of matplotlib Line2D
        By model, set by `plot`, whose keyword arguments are for the first.
    student_points_, student_intervals_ : list of matplotlib Line2D
        The same of the students' errors; empty where these are not known.

    Examples
    --------
    >>> from w2s_stats.reports import WeakModelRankingDisplay
    >>> display = WeakModelRankingDisplay(
    ...     ["small", "large"], [0.2, 0.3], [0.1, 0.2], [0.3, 0.4], [0.5, 0.4], [0.9, 0.1]
    ... )
    >>> [point.get_xdata()[0] for point in display.plot().points_]  # doctest: +SKIP
    [0.2, 0.3]
    """

    title = "Students' errors and their limits, by weak model"

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
        student_error: ArrayLike | None = None,
        student_lower: ArrayLike | None = None,
        student_upper: ArrayLike | None = None,
        probability_least_error: ArrayLike | None = None,
        assumptions: Sequence[Assumption] = (),
    ) -> None:
        self.names = list(names)
        self.confidence_level = confidence_level
        self.assumptions = list(assumptions)
        self.score = self._column("score", score)
        self.lower, self.upper = self._column("lower", lower), self._column("upper", upper)
        self.weak_error = self._column("weak_error", weak_error)
        self.probability_best = self._column("probability_best", probability_best)
        self.student_error = self._column("student_error", student_error)
        self.student_lower = self._column("student_lower", student_lower)
        self.student_upper = self._column("student_upper", student_upper)
        self.probability_least_error = self._column(
            "probability_least_error", probability_least_error
        )

    def _column(self, name: str, values: ArrayLike | None) -> np.ndarray:
        n = len(self.names)
        column = np.full(n, np.nan) if values is None else np.asarray(values, dtype=float)
        if column.shape != (n,):
            raise ValueError(
                f"{name} must have one number for each of the {n} weak models; found shape "
                f"{column.shape}."
            )
        return column

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
            student_error=[error.estimate for error in ranking.student_error],
            student_lower=[error.low for error in ranking.student_error],
            student_upper=[error.high for error in ranking.student_error],
            probability_least_error=ranking.probability_least_error,
            assumptions=ranking.assumptions,
        )

    def _size(self) -> tuple[float, float]:
        return 7.8, 1.7 + 0.55 * len(self.names)

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        self.points_: list[Any] = []
        self.weak_points_: list[Any] = []
        self.intervals_: list[Any] = []
        self.student_points_: list[Any] = []
        self.student_intervals_: list[Any] = []
        across = ax.get_yaxis_transform()
        ax.text(_LIMIT, -0.62, "P(limit)", transform=across, va="bottom", color=TEXT)
        if self._measured().any():
            ax.text(_ERROR, -0.62, "P(error)", transform=across, va="bottom", color=TEXT)
        for row in range(len(self.names)):
            self._draw_row(ax, row, style)
        ax.axvline(0.0, color=TEXT, linewidth=0.8, zorder=0.5)
        tidy(ax, "x")
        name_rows(ax, self.names, chosen=self.names[:1])
        measured = "   ◆ student's error, measured" if self._measured().any() else ""
        ax.set_xlabel(f"● limit of the student's error{measured}   ○ weak error", color=TEXT)

    def _draw_row(self, ax: Any, row: int, style: dict[str, Any]) -> None:
        colour = STRONG if row == 0 else TEXT
        across = ax.get_yaxis_transform()
        ends = [self.score[row], self.weak_error[row]]
        ax.plot(ends, [row, row], color=PALE, linewidth=1.2)
        interval = [self.lower[row], self.upper[row]]
        self.intervals_ += ax.plot(interval, [row, row], color=colour, linewidth=2.2)
        point = {"marker": "o", "markersize": 7, "color": colour}
        self.points_ += ax.plot(ends[:1], [row], **{**point, **style})
        self.weak_points_ += ax.plot(ends[1:], [row], **point, markerfacecolor="white")
        best = f"{self.probability_best[row]:.2f}"
        ax.text(_LIMIT, row, best, transform=across, va="center", color=colour)
        if self._measured()[row]:
            place = row + 0.3
            interval = [self.student_lower[row], self.student_upper[row]]
            self.student_intervals_ += ax.plot(interval, [place] * 2, color=colour, linewidth=1.2)
            diamond = {"marker": "D", "markersize": 5.5, "color": colour}
            self.student_points_ += ax.plot([self.student_error[row]], [place], **diamond)
            least = f"{self.probability_least_error[row]:.2f}"
            ax.text(_ERROR, row, least, transform=across, va="center", color=colour)

    def _measured(self) -> np.ndarray:
        return np.isfinite(self.student_error)

    def _notes(self) -> list[str]:
        level = f"{100 * self.confidence_level:g}% intervals"
        lines = [
            f"Bold and blue: the smallest limit. Lines: {level}; pale: the misfit, which is weak "
            "error minus limit.",
            "P(limit): probability that this limit is the smallest.",
        ]
        if self._measured().any():
            lines[1] += " P(error): that this student's measured error is the smallest."
        return lines
