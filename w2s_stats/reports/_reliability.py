"""Reliability diagram: observed frequencies against forecasts, with an interval for each bin."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from w2s_stats._intervals import normal_mean, wilson_rate
from w2s_stats._validation import check_confidence_level
from w2s_stats.calibration import calibration_interval, expected_calibration_error
from w2s_stats.calibration._cells import bin_of, cells_of, check_bins
from w2s_stats.calibration._forecast import check_forecast
from w2s_stats.reports._axes import COLOURS, PALE, TEXT, short, tidy
from w2s_stats.reports._display import Display

_IDEAL = "calibrated"
_MARKERS = "os^Dv"


class ReliabilityDisplay(Display):
    """Observed frequency of an event against the probability it was given, bin by bin.

    Drawn on the same axes as another, it takes the next colour and marker. The calibration error in
    the legend is the mean distance of the two over the rows, less what the bins' noise makes of it
    (``debias="residuals"``, norm "l1"): `expected_calibration_error` is larger by that much. What
    stands for it where no interval is known is that plain error, and the legend says so.

    Parameters
    ----------
    predicted, observed : array-like of shape (n_bins,)
        Mean forecast and frequency of each bin that has rows.
    lower, upper : array-like of shape (n_bins,)
        Intervals of the frequencies; NaN where unknown.
    size : array-like of int of shape (n_bins,)
        Rows.
    error : tuple of three floats, default=(nan, nan, nan)
        Calibration error less its noise, with its interval; without one, the plain error.
    event : str, default="the event"
        What was forecast.
    confidence_level : float, default=0.95
        Of the intervals.
    name : str, default=""
        In the legend.

    Attributes
    ----------
    ax_, figure_, line_ : matplotlib objects
        Set by `plot`.
    intervals_ : matplotlib LineCollection
        Set by `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.reports import ReliabilityDisplay
    >>> rng = np.random.default_rng(0)
    >>> forecast = rng.random(2000)
    >>> y = rng.random(2000) < forecast**2
    >>> display = ReliabilityDisplay.from_predictions(y, forecast, n_bins=4)
    >>> display.predicted.round(2), display.observed.round(2)
    (array([0.12, 0.38, 0.62, 0.87]), array([0.02, 0.15, 0.36, 0.78]))
    """

    def __init__(
        self,
        predicted: ArrayLike,
        observed: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        size: ArrayLike,
        *,
        error: tuple[float, float, float] = (np.nan, np.nan, np.nan),
        event: str = "the event",
        confidence_level: float = 0.95,
        name: str = "",
    ) -> None:
        self.predicted = np.asarray(predicted, dtype=float)
        self.observed = np.asarray(observed, dtype=float)
        self.lower = np.asarray(lower, dtype=float)
        self.upper = np.asarray(upper, dtype=float)
        self.size = np.asarray(size)
        self.error = error
        self.event = event
        self.confidence_level = confidence_level
        self.name = name
        for attribute in ("observed", "lower", "upper", "size"):
            found = getattr(self, attribute).shape
            if found != self.predicted.shape:
                raise ValueError(
                    f"{attribute} must have one number for each of the {len(self.predicted)} bins; "
                    f"found shape {found}."
                )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_proba: Any,
        *,
        n_bins: int = 15,
        strategy: str = "uniform",
        confidence_level: float = 0.95,
        name: str = "",
    ) -> ReliabilityDisplay:
        """Gather forecasts in the bins of `expected_calibration_error`.

        One-dimensional `y_proba`: the event is class 1. Two-dimensional: that the class of the
        largest probability is the true one. Frequencies of classes have Wilson's intervals, also of
        two classes corrected by a known confusion matrix, whose labels have two values as well;
        means of other labels, such as probabilities, have Wald's. With an estimated matrix there
        are none.

        Parameters
        ----------
        y_true, y_proba : array-like
            As in `w2s_stats.calibration.expected_calibration_error`.
        n_bins : int, default=15
        strategy : {"uniform", "quantile"}, default="uniform"
        confidence_level : float, default=0.95
        name : str, default=""

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            If labels or probabilities are not such, or an option is none of its choices.
        """
        check_confidence_level(confidence_level)
        check_bins(n_bins, strategy)
        forecast = check_forecast(y_true, y_proba)
        margin = forecast.confidence()
        cells = cells_of(margin, bin_of(margin.f, n_bins, strategy))
        estimated = forecast.corrected is not None and forecast.corrected.estimated
        two = None if estimated else _two_values(margin.y)
        found = [
            _frequency(margin.y[cells.member == cell], two, estimated, confidence_level)
            for cell in range(len(cells.size))
        ]
        observed, lower, upper = np.transpose(found)
        if estimated or cells.size.max() == 1:
            plain = expected_calibration_error(y_true, y_proba, n_bins=n_bins, strategy=strategy)
            error = plain, np.nan, np.nan
        else:
            error = calibration_interval(
                y_true,
                y_proba,
                measure="expected",
                n_bins=n_bins,
                strategy=strategy,
                norm="l1",
                confidence_level=confidence_level,
            )[:3]
        return cls(
            observed - cells.gap,
            observed,
            lower,
            upper,
            cells.size,
            error=error,
            event="class 1" if forecast.proba.ndim == 1 else "the top label",
            confidence_level=confidence_level,
            name=name,
        )

    def plot(self, *, ax: Any = None, name: str | None = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; left out, a new figure is made.
        name : str or None, default=None
            In the legend, in place of the constructor's.
        **kwargs : dict
            Passed to ``ax.plot`` for the points.

        Returns
        -------
        ReliabilityDisplay
            Itself, with `ax_`, `figure_`, `line_` and `intervals_`.
        """
        label = self._legend(self.name if name is None else name)
        return super().plot(ax=ax, **{"label": label, **kwargs})

    def _size(self) -> tuple[float, float]:
        return 5.8, 6.0

    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        before = [line for line in ax.lines if line.get_gid() == type(self).__name__]
        if not before:
            ax.plot([0, 1], [0, 1], color=PALE, linewidth=1.4, linestyle=(0, (5, 4)), label=_IDEAL)
        style = {
            "color": COLOURS[len(before) % len(COLOURS)],
            "marker": _MARKERS[len(before) % len(_MARKERS)],
            "markersize": 5.5,
            "linewidth": 1.2,
            "gid": type(self).__name__,
            **style,
        }
        self.line_ = ax.plot(self.predicted, self.observed, **style)[0]
        colour = self.line_.get_color()
        self.intervals_ = ax.vlines(
            self.predicted, self.lower, self.upper, color=colour, linewidth=1.8, alpha=0.7
        )
        self._draw_sizes(ax, colour, len(before))
        tidy(ax, "both")
        ax.set_xlim(-0.02, 1.02)
        ax.set_yticks(np.linspace(0.0, 1.0, 6))
        ax.set_xlabel(f"probability given to {self.event}", color=TEXT)
        level = f"{100 * self.confidence_level:g}%"
        ax.set_ylabel(f"observed frequency, {level} intervals", color=TEXT)
        # Below the axes, where it covers no points.
        ax.legend(
            loc="upper left",
            bbox_to_anchor=(-0.02, -0.12),
            frameon=False,
            labelcolor=TEXT,
            fontsize=9,
        )

    def _legend(self, name: str) -> str:
        """The name, and the calibration error with its interval."""
        estimate, low, high = self.error
        error = f"plain calibration error {short(estimate)}"
        if np.isfinite(low) and np.isfinite(high):
            ends = f"[{short(low)}, {short(high)}]"
            error = f"calibration error, noise removed, {short(estimate)} {ends}"
        known = [] if np.isnan(estimate) else [error]
        return ": ".join(([name] if name else []) + known) or "observed"

    def _draw_sizes(self, ax: Any, colour: str, n_before: int) -> None:
        """Stems under the picture, as high as the bins are full."""
        lowest = min([0.0, *self.observed, *self.lower[np.isfinite(self.lower)]])
        foot, height = lowest - 0.2 * (n_before + 1), 0.1 * self.size / self.size.max()
        ax.vlines(self.predicted, foot, foot + height, color=colour, linewidth=4, alpha=0.5)
        text = f"rows of each bin, up to {self.size.max():,}"
        ax.text(0.0, foot + 0.115, text, va="bottom", color=colour, fontsize=8)


def _two_values(y: np.ndarray) -> tuple[float, float] | None:
    """The two values of labels that have no others, the lower first: 0 and 1, or corrected ones."""
    if np.isin(y, (0.0, 1.0)).all():
        return 0.0, 1.0
    values = np.unique(y)
    return (float(values[0]), float(values[1])) if len(values) == 2 else None


def _frequency(
    y: np.ndarray, two: tuple[float, float] | None, estimated: bool, confidence_level: float
) -> tuple[float, float, float]:
    """Mean label of a bin, with its interval."""
    if two is not None:
        # The mean is a rate, stretched to the distance of the two values.
        rate = np.array(wilson_rate(y == two[1], confidence_level=confidence_level)[:3])
        mean, low, high = two[0] + (two[1] - two[0]) * rate
        return float(mean), float(low), float(high)
    if estimated or len(y) == 1:
        return float(y.mean()), np.nan, np.nan
    return normal_mean(y, confidence_level=confidence_level)[:3]
