"""Picture of a plan: how many gold labels certify a gain of which size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.bounds import GoldLabelPlan
from w2s_stats.reports._axes import COLOURS, PALE, STRONG, TEXT, spread, tidy
from w2s_stats.reports._bound_rows import story_of
from w2s_stats.reports._bound_words import check_fitted_bound
from w2s_stats.reports._display import Display

_N_GAINS = 200
_STYLES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


class GoldLabelPlanDisplay(Display):
    """Labels needed to certify that the gain is positive, against its size.

    Parameters
    ----------
    gains : array-like of shape (n_gains,)
        Rising, > 0.
    powers : sequence of float
        Probabilities with which the interval is to lie above zero.
    labels : array-like of shape (n_powers, n_gains)
        Labels needed.
    n_open : int
        Rows whose label matters: all labels there are to give.
    n_labels : int
        The plan's own number, at most `n_open`.
    estimate : float, default=nan
    interval : tuple of two floats, default=(nan, nan)
        The gain found with `n_labels`.
    label : str, default="gain"
        What the gain is measured in.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    lines_ : list of matplotlib Line2D
        A line for each power, set by `plot`, whose keyword arguments are for them.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds import GoldLabelPlan
    >>> from w2s_stats.reports import GoldLabelPlanDisplay
    >>> weak = np.tile([[0.6, 0.4], [0.4, 0.6]], (5000, 1))
    >>> student = np.tile([[0.5, 0.5], [0.2, 0.8]], (5000, 1))
    >>> plan = GoldLabelPlan().fit(weak, student)
    >>> GoldLabelPlanDisplay.from_estimator(plan, gains=[0.05, 0.1], powers=[0.8]).labels
    array([[978., 245.]])
    """

    title = "Gold labels that certify a gain"

    def __init__(
        self,
        gains: ArrayLike,
        powers: Sequence[float],
        labels: ArrayLike,
        *,
        n_open: int,
        n_labels: int,
        estimate: float = np.nan,
        interval: tuple[float, float] = (np.nan, np.nan),
        label: str = "gain",
    ) -> None:
        self.gains = np.asarray(gains, dtype=float)
        self.powers = list(powers)
        self.labels = np.asarray(labels, dtype=float)
        self.n_open, self.n_labels = n_open, n_labels
        self.estimate, self.interval = estimate, interval
        self.label = label
        if self.labels.shape != (len(self.powers), len(self.gains)):
            raise ValueError(
                "labels must have a row for each of the powers and a column for each of the gains, "
                f"{(len(self.powers), len(self.gains))}; found {self.labels.shape}."
            )

    @classmethod
    def from_estimator(
        cls,
        plan: GoldLabelPlan,
        *,
        gains: ArrayLike | None = None,
        powers: Sequence[float] = (0.5, 0.8, 0.95),
    ) -> GoldLabelPlanDisplay:
        """Ask a fitted plan how many labels it needs.

        Parameters
        ----------
        plan : GoldLabelPlan
            Fitted, with or without labels.
        gains : array-like or None, default=None
            None: up to the largest that any labels can show.
        powers : sequence of float, default=(0.5, 0.8, 0.95)

        Returns
        -------
        GoldLabelPlanDisplay

        Raises
        ------
        NotFittedError
            If the plan is not fitted.
        TypeError
            If it is no GoldLabelPlan.
        ValueError
            If no labels can show a gain, as its upper limit is not positive; or where
            `plan.labels_needed` raises.
        """
        check_fitted_bound(plan, GoldLabelPlan)
        if gains is None:
            if not plan.upper_ > 0:
                raise ValueError(
                    "plan must have a positive upper limit for labels to show a gain; found "
                    f"{plan.upper_:.4g}: no labels can, and none are needed."
                )
            gains = plan.upper_ * np.linspace(0, 1, _N_GAINS + 1)[1:]
        gains = np.asarray(gains, dtype=float)
        return cls(
            gains,
            powers,
            [[plan.labels_needed(gain, power=power) for gain in gains] for power in powers],
            n_open=plan.n_open_,
            n_labels=min(plan.n_labels, plan.n_open_),
            estimate=plan.estimate_,
            interval=plan.interval_,
            label=story_of(plan).label,
        )

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        ax.set_yscale("log")
        self.lines_: list[Any] = []
        for i, power in enumerate(self.powers):
            own = {"color": COLOURS[-1], "linewidth": 1.8, "linestyle": _STYLES[i % len(_STYLES)]}
            shown = np.where(self.labels[i] > 0, self.labels[i], np.nan)
            self.lines_ += ax.plot(self.gains, shown, label=f"{power:g}", **{**own, **style})
        counts = [self.n_labels, *self.labels[self.labels > 0]]
        ax.set_ylim(0.7 * min(counts), 1.4 * self.n_open)
        if np.isfinite(self.estimate):
            ax.plot(self.interval, [self.n_labels] * 2, color=STRONG, linewidth=2.2)
            ax.plot([self.estimate], [self.n_labels], marker="o", markersize=7, color=STRONG)
        ax.axvline(0.0, color=TEXT, linewidth=0.8)
        tidy(ax, "both")
        ax.set_xlabel(self.label, color=TEXT)
        ax.set_ylabel("gold labels", color=TEXT)
        ax.legend(
            title="certified with probability",
            loc="upper right",
            bbox_to_anchor=(1.0, 0.93),
            frameon=False,
            labelcolor=TEXT,
        )
        self._name_counts(ax)

    def _name_counts(self, ax: Any) -> None:
        """Draw the plan's own number of labels, and how many there are at most."""
        from matplotlib.ticker import LogLocator

        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(lambda count, _: f"{count:,.6g}")
        ax.yaxis.set_minor_formatter("")
        if not self.labels.any():
            ax.text(0.5, 0.5, "certified without labels", transform=ax.transAxes, ha="center")
        texts = {f"all {self.n_open:,} that matter": (self.n_open, TEXT)}
        if self.n_labels < self.n_open:
            texts[f"this plan, {self.n_labels:,}"] = (self.n_labels, STRONG)
        low, high = np.log(ax.get_ylim())
        counts = np.array([count for count, _ in texts.values()], dtype=float)
        heights = spread((np.log(counts) - low) / (high - low), 0.055)
        for (text, (count, colour)), height in zip(texts.items(), heights, strict=True):
            ax.axhline(count, color=PALE, linewidth=1.2, zorder=0.5)
            ax.text(1.015, height, text, transform=ax.transAxes, va="center", color=colour)

    def _notes(self) -> list[str]:
        notes = ["Lines: labels with which a gain of this size is shown to be above 0."]
        if np.isfinite(self.estimate):
            notes.append("Blue: the gain found with the plan's labels, and its interval.")
        return [" ".join(notes)]
