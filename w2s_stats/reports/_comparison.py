"""Picture of a comparison of strategies: a row each, its error and interval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.reports._axes import PALE, STRONG, TEXT, name_rows, tidy
from w2s_stats.reports._display import Display


class StrategyComparisonDisplay(Display):
    """A score of each strategy with its interval, one row each.

    Parameters
    ----------
    strategies : sequence of str
        Names, in the order from top to bottom.
    scores : array-like of shape (n_strategies,)
        Error, or log-likelihood; NaN where unknown (said so in the picture).
    lower, upper : array-like of shape (n_strategies,) or None, default=None
        Limits of the intervals; NaN where unknown.
    label : str, default="error against gold labels"
        What the scores are.
    recommended : str or None, default=None
        The strategy to bring out.
    unattainable : collection of str, default=()
        Strategies that need what one does not have (the oracle): drawn hollow.
    title : str, default=""
        Above the picture.
    reasons : sequence of str, default=()
        Below the picture: why the recommended strategy is.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`, whose keyword arguments are for the strategies' points.

    Examples
    --------
    >>> from w2s_stats.reports import StrategyComparisonDisplay
    >>> display = StrategyComparisonDisplay(["source only", "oracle"], [0.9, 0.1])
    >>> display.plot().ax_.get_xlabel()  # doctest: +SKIP
    'error against gold labels'
    """

    def __init__(
        self,
        strategies: Sequence[str],
        scores: ArrayLike,
        *,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        label: str = "error against gold labels",
        recommended: str | None = None,
        unattainable: Collection[str] = (),
        title: str = "",
        reasons: Sequence[str] = (),
    ) -> None:
        self.strategies = list(strategies)
        self.scores = np.asarray(scores, dtype=float)
        unknown = np.full(len(self.strategies), np.nan)
        self.lower = unknown if lower is None else np.asarray(lower, dtype=float)
        self.upper = unknown if upper is None else np.asarray(upper, dtype=float)
        self.label = label
        self.recommended = recommended
        self.unattainable = tuple(unattainable)
        self.title = title
        self.reasons = list(reasons)
        for name in ("scores", "lower", "upper"):
            found = getattr(self, name).shape
            if found != (len(self.strategies),):
                raise ValueError(
                    f"{name} must have one number for each of the {len(self.strategies)} "
                    f"strategies; found shape {found}."
                )

    @classmethod
    def from_comparison(
        cls, comparison: Any, *, title: str | None = None
    ) -> StrategyComparisonDisplay:
        """Take the numbers of a :class:`w2s_stats.transfer.StrategyComparison`.

        Parameters
        ----------
        comparison : StrategyComparison
            What ``compare_strategies`` returned. Errors are shown if any is known, or else the
            held-out log-likelihoods of the weak labels.
        title : str or None, default=None
            Above the picture; None: "Error in the target", or what stands for it.

        Returns
        -------
        StrategyComparisonDisplay
        """
        table = comparison.table
        level = f"{100 * comparison.confidence_level:g}% interval"
        if any(np.isfinite(row.error) for row in table):
            column, label = "error", f"{comparison.metric} on held-out target rows, {level}"
            above = "Error in the target"
        else:
            column = "weak_log_likelihood"
            label = f"mean log-likelihood of held-out weak labels, {level}"
            above = "Fit to the target's weak labels"
        return cls(
            [row.strategy for row in table],
            [getattr(row, column) for row in table],
            lower=[getattr(row, f"{column}_lower") for row in table],
            upper=[getattr(row, f"{column}_upper") for row in table],
            label=label,
            recommended=comparison.trusted_,
            unattainable=[row.strategy for row in table if row.is_oracle],
            title=above if title is None else title,
            reasons=comparison.recommendation[:2],
        )

    def _size(self) -> tuple[float, float]:
        return 6.8, 1.5 + 0.42 * len(self.strategies)

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        known = np.concatenate([v[np.isfinite(v)] for v in (self.scores, self.lower, self.upper)])
        if known.size and known.min() > 0 and known.max() > 20 * known.min():
            ax.set_xscale("log")
        for row, name in enumerate(self.strategies):
            self._draw_row(ax, row, name, style)
        tidy(ax, "x")
        name_rows(ax, self.strategies, chosen=[self.recommended or ""])
        ax.set_xlabel(self.label, color=TEXT)

    def _draw_row(self, ax: Any, row: int, name: str, style: dict[str, Any]) -> None:
        score, low, high = self.scores[row], self.lower[row], self.upper[row]
        colour = STRONG if name == self.recommended else TEXT
        across = ax.get_yaxis_transform()
        if not np.isfinite(score):
            words = "not known" if np.isnan(score) else f"{score}"
            ax.text(0.0, row, f"  {words}", transform=across, va="center", color=PALE)
            return
        if np.isfinite(low) and np.isfinite(high):
            ax.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="round")
        face = "white" if name in self.unattainable else colour
        own = {"marker": "o", "markersize": 7, "color": colour, "markerfacecolor": face}
        ax.plot([score], [row], **{**own, **style})
        ax.text(1.01, row, f"{score:#.3g}", transform=across, va="center", color=colour)

    def _notes(self) -> list[str]:
        marks = []
        if self.recommended is not None:
            marks.append("Bold and blue: the strategy to trust.")
        if set(self.unattainable) & set(self.strategies):
            marks.append("Hollow: learns from gold labels, to compare with, no choice.")
        reasons = " ".join(self.reasons)
        return [note for note in (" ".join(marks), reasons) if note]
