"""Log-log picture of error against sample size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.reports._axes import COLOURS, PALE, TEXT, spread, tidy
from w2s_stats.reports._display import Display


class ConsistencyDisplay(Display):
    """Error against sample size for each strategy, on two logarithmic axes.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,)
        Rows of each domain, rising, > 0.
    strategies : sequence of str
        Names.
    errors : array-like of shape (n_strategies, n_sizes)
        Mean errors, > 0.
    standard_errors : array-like of shape (n_strategies, n_sizes) or None, default=None
        Of the means; NaN where unknown.
    slopes : array-like of shape (n_strategies,) or None, default=None
        Fitted slopes, shown in brackets beside the names.
    title : str, default=""
        Above the picture.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    lines_ : list of matplotlib Line2D
        A line for each strategy, set by `plot`, whose keyword arguments are for them.

    Examples
    --------
    >>> from w2s_stats.reports import ConsistencyDisplay
    >>> display = ConsistencyDisplay([100, 1000], ["source only"], [[0.5, 0.4]])
    >>> display.plot().ax_.get_xscale()  # doctest: +SKIP
    'log'
    """

    def __init__(
        self,
        sizes: ArrayLike,
        strategies: Sequence[str],
        errors: ArrayLike,
        *,
        standard_errors: ArrayLike | None = None,
        slopes: ArrayLike | None = None,
        title: str = "",
    ) -> None:
        self.sizes = np.asarray(sizes, dtype=float)
        self.strategies = list(strategies)
        self.errors = np.asarray(errors, dtype=float)
        self.standard_errors = None if standard_errors is None else np.asarray(standard_errors)
        self.slopes = None if slopes is None else np.asarray(slopes, dtype=float)
        self.title = title
        if self.errors.shape != (len(self.strategies), len(self.sizes)):
            raise ValueError(
                "errors must have a row for each of the strategies and a column for each of the "
                f"sizes, {(len(self.strategies), len(self.sizes))}; found {self.errors.shape}."
            )

    @classmethod
    def from_result(cls, result: Any) -> ConsistencyDisplay:
        """Take the numbers of a :class:`w2s_stats.experiments.ConsistencyResult`.

        Parameters
        ----------
        result : ConsistencyResult
            What ``consistency_experiment`` returned.

        Returns
        -------
        ConsistencyDisplay
        """
        count = f"{result.n_replicates} replicate{'s' if result.n_replicates > 1 else ''}"
        return cls(
            result.sizes,
            result.strategies,
            result.mean_errors,
            standard_errors=result.standard_errors,
            slopes=result.slopes,
            title=f"Error in the target, {result.gate} gate, {count}",
        )

    def _size(self) -> tuple[float, float]:
        return 8.0, 4.8

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        ax.set(xscale="log", yscale="log")
        style = {"marker": "o", "markersize": 4.5, "linewidth": 1.8, **style}
        self.lines_ = []
        for s, name in enumerate(self.strategies):
            colour = COLOURS[s % len(COLOURS)]
            self.lines_ += ax.plot(self.sizes, self.errors[s], label=name, color=colour, **style)
            if self.standard_errors is not None:
                half = self.standard_errors[s]
                low = np.maximum(self.errors[s] - half, self.errors[s] / 3)
                high = self.errors[s] + half
                ax.fill_between(self.sizes, low, high, color=colour, alpha=0.15, linewidth=0)
        self._name_lines(ax, self._draw_rate(ax))
        self._tick_sizes(ax)
        tidy(ax, "both")
        ax.set_xlabel("n, rows of source and of target", color=TEXT)
        ax.set_ylabel(r"mean squared error of $E_Q[Y|x]$", color=TEXT)

    def _draw_rate(self, ax: Any) -> float:
        """Draw a dashed line of slope -1 under the lowest strategy; return where it ends."""
        rate = 0.45 * np.nanmin(self.errors * self.sizes) / self.sizes
        ax.plot(self.sizes, rate, linestyle=(0, (5, 4)), color=PALE, linewidth=1.2)
        return float(rate[-1])

    def _name_lines(self, ax: Any, rate: float) -> None:
        """Write each name, with its slope, beside the line's end."""
        low, high = (np.log10(limit) for limit in ax.get_ylim())
        wanted = (np.log10([*self.errors[:, -1], rate]) - low) / (high - low)
        colours = [COLOURS[s % len(COLOURS)] for s in range(len(self.strategies))]
        names = [name + self._slope_of(s) for s, name in enumerate(self.strategies)]
        for name, colour, height in zip(
            [*names, "slope −1"], [*colours, PALE], spread(wanted, 0.055), strict=True
        ):
            ax.annotate(
                name,
                (self.sizes[-1], 10 ** (low + height * (high - low))),
                xytext=(10, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontsize=9.5,
                annotation_clip=False,
            )

    def _slope_of(self, row: int) -> str:
        if self.slopes is None or not np.isfinite(self.slopes[row]):
            return ""
        return f"  ({self.slopes[row]:+.2f})".replace("-", "−")

    def _tick_sizes(self, ax: Any) -> None:
        """Put the ticks at the sizes, if there are few."""
        if len(self.sizes) <= 8:
            ax.set_xticks(self.sizes, [f"{n:,.0f}" for n in self.sizes])
            ax.set_xticks([], minor=True)

    def _notes(self) -> list[str]:
        notes = ["Dashed: the rate 1/n, slope −1."]
        if self.slopes is not None and np.isfinite(self.slopes).any():
            notes.insert(0, "In brackets: the fitted slope, of log error in log n.")
        if self.standard_errors is not None and np.isfinite(self.standard_errors).any():
            notes.append("Bands: one standard error of the mean over replicates.")
        return [" ".join(notes)]
