"""Picture of what strategies predict in the target, where x has one column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.reports._axes import COLOURS, PALE, STRONG, TEXT, spread, tidy
from w2s_stats.reports._display import Display

_N_POINTS = 200


class TargetFitDisplay(Display):
    """Predictions of E_Q[Y|x] over one covariate, with the target's weak and gold labels.

    Parameters
    ----------
    x : array-like of shape (n_target,)
        The covariate in the target.
    y_weak, y_gold : array-like of shape (n_target,) or None
        Labels; NaN where missing.
    grid : array-like of shape (n_points,)
        Where the predictions are, rising.
    predictions : dict of str to array-like of shape (n_points,)
        By strategy.
    recommended : str or None, default=None
        The strategy to bring out.
    x_label, y_label, title : str, default="x", "y" and ""
        Texts.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`, whose keyword arguments are for the strategies' lines.

    Examples
    --------
    >>> from w2s_stats.reports import TargetFitDisplay
    >>> display = TargetFitDisplay([0.0, 1.0], [0.1, 1.2], None, [0, 1], {"oracle": [0, 1]})
    >>> display.plot().ax_.get_xlabel()  # doctest: +SKIP
    'x'
    """

    def __init__(
        self,
        x: ArrayLike,
        y_weak: ArrayLike | None,
        y_gold: ArrayLike | None,
        grid: ArrayLike,
        predictions: Mapping[str, ArrayLike],
        *,
        recommended: str | None = None,
        x_label: str = "x",
        y_label: str = "y",
        title: str = "",
    ) -> None:
        self.x = np.asarray(x, dtype=float)
        self.y_weak = None if y_weak is None else np.asarray(y_weak, dtype=float)
        self.y_gold = None if y_gold is None else np.asarray(y_gold, dtype=float)
        self.grid = np.asarray(grid, dtype=float)
        self.predictions = {name: np.asarray(p, dtype=float) for name, p in predictions.items()}
        self.recommended = recommended
        self.x_label, self.y_label, self.title = x_label, y_label, title

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        X: ArrayLike,
        *,
        y_weak: ArrayLike | None = None,
        y_gold: ArrayLike | None = None,
        x_label: str = "x",
        y_label: str = "y",
        title: str = "",
    ) -> TargetFitDisplay:
        """Predict with the fitted strategies of a comparison.

        Parameters
        ----------
        comparison : StrategyComparison
            What ``compare_strategies`` returned, for real labels.
        X : array-like of shape (n_target, 1)
            The target's covariate.
        y_weak, y_gold : array-like of shape (n_target,) or None, default=None
            The target's labels.
        x_label, y_label, title : str
            Texts.

        Returns
        -------
        TargetFitDisplay

        Raises
        ------
        ValueError
            If X has more than one column.
        """
        X = np.asarray(X, dtype=float)
        if X.ndim != 2 or X.shape[1] != 1:
            raise ValueError(f"X must have one column to be drawn; found shape {X.shape}.")
        grid = np.linspace(X.min(), X.max(), _N_POINTS)
        return cls(
            X[:, 0],
            y_weak,
            y_gold,
            grid,
            {name: fit.predict(grid[:, None]) for name, fit in comparison.estimators_.items()},
            recommended=comparison.trusted_,
            x_label=x_label,
            y_label=y_label,
            title=title,
        )

    def _size(self) -> tuple[float, float]:
        return 7.0, 4.2

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        if self.y_weak is not None:
            ax.scatter(self.x, self.y_weak, s=16, marker="x", color=PALE, linewidth=1)
        if self.y_gold is not None:
            ax.scatter(self.x, self.y_gold, s=18, color=TEXT, alpha=0.75, linewidth=0)
        colours = dict(zip(self.predictions, self._colours(), strict=True))
        for name, prediction in self.predictions.items():
            width = 2.8 if name == self.recommended else 1.5
            own = {"color": colours[name], "linewidth": width}
            ax.plot(self.grid, prediction, **{**own, **style})
        self._name_lines(ax, colours)
        tidy(ax, "both")
        ax.set_xlabel(self.x_label, color=TEXT)
        ax.set_ylabel(self.y_label, color=TEXT)

    def _above(self) -> str:
        """Write the title, and what the marks are."""
        marks = [
            word
            for word, labels in (("• gold labels", self.y_gold), ("× weak labels", self.y_weak))
            if labels is not None
        ]
        return "   ".join([self.title, *marks]).strip()

    def _colours(self) -> list[str]:
        others = iter(COLOURS[1:] * (1 + len(self.predictions) // 6))
        return [STRONG if n == self.recommended else next(others) for n in self.predictions]

    def _name_lines(self, ax: Any, colours: dict[str, str]) -> None:
        low, high = ax.get_ylim()
        ends = (np.array([p[-1] for p in self.predictions.values()]) - low) / (high - low)
        for (name, colour), height in zip(colours.items(), spread(ends, 0.06), strict=True):
            ax.annotate(
                name,
                (self.grid[-1], low + height * (high - low)),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontsize=9.5,
                fontweight="bold" if name == self.recommended else "normal",
                annotation_clip=False,
            )

    def _notes(self) -> list[str]:
        if self.recommended not in self.predictions:
            return []
        return ["Bold and thick: the strategy to trust."]
