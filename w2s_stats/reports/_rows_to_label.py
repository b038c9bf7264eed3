"""Picture of the rows of a plan: what their labels can change, which have one, which need one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats.bounds import GoldLabelPlan
from w2s_stats.reports._axes import COLOURS, STRONG, TEXT, tidy
from w2s_stats.reports._bound_rows import story_of
from w2s_stats.reports._bound_words import check_fitted_bound
from w2s_stats.reports._display import Display

# Rows whose numbers there is room for.
_N_NUMBERED = 20
_FILL, _LABELLED = "#DDE0E3", COLOURS[2]


class RowsToLabelDisplay(Display):
    """What each row's label can make of the gain, widest first; rows labelled and still to label.

    Parameters
    ----------
    envelope : array-like of shape (n_samples, 2)
        Least and largest term of each row in the gain.
    to_label : array-like of int of shape (n_to_label,)
        Numbers of the plan's rows.
    label : str, default="gain"
        What a term is measured in.
    labelled : array-like of int, default=()
        Numbers of the rows that have their label already.

    Attributes
    ----------
    rows : ndarray of int of shape (n_open,)
        Numbers of the rows whose label matters, widest first, as drawn from the left.
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    line_ : matplotlib Line2D
        The rows still to label, each a vertical stroke over its envelope; set by `plot`, whose
        keyword arguments are for it.
    labelled_line_ : matplotlib Line2D
        The same of the rows that are labelled.

    Examples
    --------
    >>> from w2s_stats.bounds import GoldLabelPlan
    >>> from w2s_stats.reports import RowsToLabelDisplay
    >>> weak = [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.1, 0.9]]
    >>> student = [[0.6, 0.4], [0.9, 0.1], [0.5, 0.5], [0.4, 0.6]]
    >>> plan = GoldLabelPlan(n_labels=2).fit(weak, student)
    >>> RowsToLabelDisplay.from_estimator(plan).rows
    array([1, 3, 0])
    """

    title = "Which rows to label"

    def __init__(
        self,
        envelope: ArrayLike,
        to_label: ArrayLike,
        *,
        label: str = "gain",
        labelled: ArrayLike = (),
    ) -> None:
        self.envelope = np.asarray(envelope, dtype=float)
        self.to_label = np.asarray(to_label, dtype=int)
        self.labelled = np.asarray(labelled, dtype=int)
        self.label = label
        if self.envelope.ndim != 2 or self.envelope.shape[1] != 2:
            raise ValueError(f"envelope must have two columns; found shape {self.envelope.shape}.")
        widths = np.ptp(self.envelope, axis=1)
        order = np.argsort(-widths, kind="stable")
        self.rows = order[widths[order] > 0]
        strange = np.setdiff1d(self.to_label, self.rows)
        if len(strange):
            raise ValueError(
                "to_label must hold numbers of rows whose two limits differ; found "
                f"{strange[0]} among {len(self.to_label)}."
            )
        strange = np.setdiff1d(self.labelled, np.arange(len(self.envelope)))
        if len(strange):
            raise ValueError(
                f"labelled must hold numbers of rows from 0 to {len(self.envelope) - 1}; found "
                f"{strange[0]}."
            )

    @classmethod
    def from_estimator(
        cls, plan: GoldLabelPlan, *, labelled: ArrayLike | None = None
    ) -> RowsToLabelDisplay:
        """Take the rows of a fitted plan.

        Parameters
        ----------
        plan : GoldLabelPlan
            Fitted, with or without labels.
        labelled : array-like of int or None, default=None
            Numbers of the rows that have a label already. None: all that the plan has drawn where
            it is fitted with labels, as it then needs them all; no row elsewhere.

        Returns
        -------
        RowsToLabelDisplay

        Raises
        ------
        NotFittedError
            If the plan is not fitted.
        TypeError
            If it is no GoldLabelPlan.
        """
        check_fitted_bound(plan, GoldLabelPlan)
        if labelled is None:
            labelled = [] if np.isnan(plan.estimate_) else plan.to_label_
        label = story_of(plan).label
        return cls(plan.envelope_, plan.to_label_, label=label, labelled=labelled)

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        low, high = self.envelope[self.rows].T
        n_open, n_rows = len(self.rows), len(self.envelope)
        if n_open:
            ax.stairs(high, 0.5 + np.arange(n_open + 1), baseline=low, fill=True, color=_FILL)
        has_label = np.isin(self.rows, self.labelled)
        done = np.flatnonzero(has_label)
        missing = np.flatnonzero(np.isin(self.rows, self.to_label) & ~has_label)
        own = {"color": _LABELLED, "linewidth": 1.0}
        self.labelled_line_ = ax.plot(*self._strokes(done), **own)[0]
        own = {"color": STRONG, "linewidth": 1.0}
        self.line_ = ax.plot(*self._strokes(missing), **{**own, **style})[0]
        ax.axhline(0.0, color=TEXT, linewidth=0.8)
        ends = low.min(initial=0.0), high.max(initial=0.0)
        margin = 0.05 * (ends[1] - ends[0]) or 1.0
        ax.set_ylim(ends[0] - margin, ends[1] + margin)
        tidy(ax, "y")
        ax.set_xlim(0.5 - 0.01 * n_open, 0.5 + 1.01 * max(n_open, 1))
        if n_open <= _N_NUMBERED:
            ax.set_xticks(1.0 + np.arange(n_open), [str(row) for row in self.rows])
        of_rows = f"rows whose label matters, {n_open:,} of {n_rows:,}, the most first"
        ax.set_xlabel(of_rows if n_open > _N_NUMBERED else f"numbers of the {of_rows}", color=TEXT)
        ax.set_ylabel(f"what a label makes of a row's\n{self.label}", color=TEXT)
        texts = (
            (1.02, self.line_, f"│ still to label: {len(missing):,}"),
            (1.08, self.labelled_line_, f"│ labelled: {len(done):,}"),
        )
        for height, line, text in texts:
            colour, where = line.get_color(), {"transform": ax.transAxes, "va": "bottom"}
            ax.text(1.0, height, text, ha="right", color=colour, **where)

    def _strokes(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Strokes over the envelopes of rows, in one line, parted by gaps."""
        low, high = self.envelope[self.rows[chosen]].T
        y = np.column_stack([low, high, np.full(len(chosen), np.nan)])
        return np.repeat(1.0 + chosen, 3), y.ravel()

    def _notes(self) -> list[str]:
        return [
            "Grey: from the least to the most that the row's label can make of the gain. Strokes: "
            "the rows that the plan has drawn."
        ]
