"""Picture of the gain's limits against the divergence that the weak model may be wrong by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from w2s_stats.bounds import BudgetedEnvelope, Quantity
from w2s_stats.reports._axes import PALE, STRONG, TEXT, short, spread, tidy
from w2s_stats.reports._bound_words import check_fitted_bound
from w2s_stats.reports._display import Display

_N_BUDGETS = 25


class BudgetedEnvelopeDisplay(Display):
    """Limits of the gain against the budget, the estimate where the weak model's error is.

    Parameters
    ----------
    budgets : array-like of shape (n_budgets,)
        Rising, >= 0.
    lower, upper : array-like of shape (n_budgets,)
        Limits of the gain for each.
    envelope : tuple of two floats, default=(nan, nan)
        Limits without a budget.
    budget : float, default=nan
        The one in use.
    estimate : float, default=nan
        The gain.
    weak_error : float, default=nan
        Divergence of the truth from the weak model, or cross-entropy: where the gain is drawn.
    interval, weak_interval : tuple of two floats, default=(nan, nan)
        Of the gain and of the weak model's error.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    lower_line_, upper_line_ : matplotlib Line2D
        Set by `plot`, whose keyword arguments are for them.

    Examples
    --------
    >>> from w2s_stats.bounds import BudgetedEnvelope
    >>> from w2s_stats.reports import BudgetedEnvelopeDisplay
    >>> weak, student = [[0.6, 0.4], [0.5, 0.5]], [[0.8, 0.2], [0.3, 0.7]]
    >>> bound = BudgetedEnvelope(budget=0.1).fit(weak, student)
    >>> display = BudgetedEnvelopeDisplay.from_estimator(bound, weak, student, budgets=[0.0, 0.1])
    >>> display.upper.round(3)
    array([-0.096,  0.099])
    """

    title = "Limits of the gain within a budget"

    def __init__(
        self,
        budgets: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        envelope: tuple[float, float] = (np.nan, np.nan),
        budget: float = np.nan,
        estimate: float = np.nan,
        weak_error: float = np.nan,
        interval: tuple[float, float] = (np.nan, np.nan),
        weak_interval: tuple[float, float] = (np.nan, np.nan),
    ) -> None:
        self.budgets = np.asarray(budgets, dtype=float)
        self.lower = np.asarray(lower, dtype=float)
        self.upper = np.asarray(upper, dtype=float)
        self.envelope = envelope
        self.budget = budget
        self.estimate, self.interval = estimate, interval
        self.weak_error, self.weak_interval = weak_error, weak_interval
        for name in ("lower", "upper"):
            found = getattr(self, name).shape
            if found != self.budgets.shape:
                raise ValueError(
                    f"{name} must have one number for each of the {len(self.budgets)} budgets; "
                    f"found shape {found}."
                )

    @classmethod
    def from_estimator(
        cls,
        bound: BudgetedEnvelope,
        y_weak: Any = None,
        y_student: Any = None,
        *,
        sample_weight: Any = None,
        budgets: ArrayLike | None = None,
    ) -> BudgetedEnvelopeDisplay:
        """Ask a fitted bound again for other budgets, on the predictions that it was fitted on.

        Parameters
        ----------
        bound : BudgetedEnvelope
            Fitted.
        y_weak, y_student, sample_weight : array-like
            What it was fitted on, the first two always: a bound does not keep its predictions.
        budgets : array-like or None, default=None
            None: 25 from 0 to twice the bound's own or the weak model's error, denser near 0, where
            limits rise like a root. Each is a fit.

        Returns
        -------
        BudgetedEnvelopeDisplay

        Raises
        ------
        NotFittedError
            If the bound is not fitted.
        TypeError
            If it is no BudgetedEnvelope, or predictions are missing.
        """
        check_fitted_bound(bound, BudgetedEnvelope)
        for name, given in (("y_weak", y_weak), ("y_student", y_student)):
            if given is None:
                raise TypeError(
                    f"{name} must be the predictions that the bound was fitted on: every budget is "
                    "a fit to them, and a bound does not keep them; found None."
                )
        table = {quantity.name: quantity for quantity in bound.table_}
        weak = table.get("weak model's error", Quantity("", np.nan))
        if budgets is None:
            known = [e for e in (bound.budget_, weak.value) if 0 < e < np.inf]
            budgets = 2 * max(known, default=1.0) * np.linspace(0, 1, _N_BUDGETS) ** 2
        fits = [
            clone(bound)
            .set_params(budget=float(budget))
            .fit(y_weak, y_student, sample_weight=sample_weight)
            for budget in np.asarray(budgets, dtype=float)
        ]
        return cls(
            budgets,
            [fit.lower_ for fit in fits],
            [fit.upper_ for fit in fits],
            envelope=(table["envelope, low end"].value, table["envelope, high end"].value),
            budget=bound.budget_,
            estimate=bound.estimate_,
            weak_error=weak.value,
            interval=bound.interval_,
            weak_interval=(weak.low, weak.high),
        )

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        style = {"color": TEXT, "linewidth": 1.8, **style}
        self.lower_line_, self.upper_line_ = (
            ax.plot(self.budgets, limits, **style)[0] for limits in (self.lower, self.upper)
        )
        ax.axhline(0.0, color=TEXT, linewidth=0.8)
        ax.set_xlim(0.0, self.budgets.max())
        self._draw_own(ax)
        self._draw_envelope(ax)
        # An infinite limit fills the picture.
        limits = np.clip([self.lower, self.upper], *ax.get_ylim())
        ax.fill_between(self.budgets, *limits, color=PALE, alpha=0.18, linewidth=0)
        self._name_heights(ax)
        tidy(ax, "both")
        used = "" if np.isnan(self.budget) else f" (dotted: in use, {short(self.budget)})"
        ax.set_xlabel(f"budget, nats{used}", color=TEXT)
        ax.set_ylabel("gain in KL divergence, nats", color=TEXT)

    def _notes(self) -> list[str]:
        lines = [
            "Budget: the most that the weak model may be from the truth in KL divergence. Shaded: "
            "all gains that it allows.",
            "Dashed: the envelope, the limits however wrong the weak model is.",
        ]
        if self._has_own():
            lines[1] += (
                " Blue: the gain, at the weak model's error; its lines are the intervals of both."
            )
        return lines

    def _has_own(self) -> bool:
        return bool(np.isfinite([self.estimate, self.weak_error]).all())

    def _draw_own(self, ax: Any) -> None:
        """The budget in use; the gain, at the weak model's error."""
        if np.isfinite(self.budget):
            ax.axvline(self.budget, color=TEXT, linewidth=1.4, linestyle=(0, (1, 1.5)))
        if self._has_own():
            style = {"color": STRONG, "linewidth": 2.2}
            ax.plot([self.weak_error] * 2, self.interval, **style)
            ax.plot(self.weak_interval, [self.estimate] * 2, **style)
            ax.plot([self.weak_error], [self.estimate], marker="o", markersize=7, color=STRONG)

    def _draw_envelope(self, ax: Any) -> None:
        """The limits without a budget, dashed."""
        for limit in self.envelope:
            if np.isfinite(limit):
                ax.axhline(limit, color=PALE, linewidth=1.4, linestyle=(0, (5, 4)))
        # From here on heights are fixed.
        ax.set_ylim(ax.get_ylim())

    def _name_heights(self, ax: Any) -> None:
        """Write what the heights are beside the right edge."""
        values = np.array([*self.envelope, self.estimate])
        names = [f"envelope {short(limit)}" for limit in self.envelope]
        names.append(f"gain {short(self.estimate)}")
        known = np.flatnonzero(np.isfinite(values))
        low, high = ax.get_ylim()
        heights = spread((values[known] - low) / (high - low), 0.055)
        for i, height in zip(known, heights, strict=True):
            colour = STRONG if i == 2 else TEXT
            ax.text(1.015, height, names[i], transform=ax.transAxes, va="center", color=colour)
