"""Share of the gap between weak model and ceiling that a student closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from w2s_stats._intervals import Interval, rate_of_known
from w2s_stats._summary import interval_table, number, summary_of
from w2s_stats._validation import check_alignment, check_confidence_level
from w2s_stats.bounds._glossary import explained
from w2s_stats.bounds._labels import check_classes, predicted_labels, true_labels
from w2s_stats.selection._powered import powered_means

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary


@dataclass(frozen=True)
class PerformanceGapRecovered:
    """Share of the gap that a student recovers, if there is a gap.

    Attributes
    ----------
    estimate : float
        NaN where not `valid`.
    low, high : float
        Fieller's interval; NaN where not `valid`.
    valid : bool
        Whether the ceiling beats the weak model at this confidence level.
    weak, student, ceiling : Interval
        Accuracies.
    gap : Interval
        Accuracy of the ceiling minus that of the weak model, on the same rows.
    confidence_level : float

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import performance_gap_recovered
    >>> y = np.arange(400) % 2
    >>> weak, student, ceiling = (np.where(np.arange(400) % m, y, 1 - y) for m in (4, 6, 20))
    >>> found = performance_gap_recovered(weak, student, ceiling, y)
    >>> found.valid, found.weak.estimate, round(found.gap.estimate, 2), round(found.estimate, 2)
    (True, 0.75, 0.2, 0.41)
    """

    estimate: float
    low: float
    high: float
    valid: bool
    weak: Interval
    student: Interval
    ceiling: Interval
    gap: Interval
    confidence_level: float

    def summary(self) -> Summary:
        """Table of the share, the gap and the accuracies, with their intervals.

        Returns
        -------
        statsmodels.iolib.summary.Summary
        """
        share = (self.estimate, self.low, self.high, "Fieller" if self.valid else "none")
        rows = [
            ("share recovered", *share),
            ("gap", *self.gap),
            ("weak accuracy", *self.weak),
            ("student accuracy", *self.student),
            ("ceiling accuracy", *self.ceiling),
        ]
        table = interval_table("Performance gap recovered", rows, self.confidence_level, digits=3)
        gap = (
            "The ceiling is better than the weak model by more than chance: there is a gap."
            if self.valid
            else "The ceiling is not better than the weak model by more than chance: there may be "
            "no gap, and its share is undefined."
        )
        notes = [
            gap,
            "Rows are independent, those with gold labels a random sample: not checked.",
        ]
        return summary_of([table], notes + explained(method for *_, method in rows))

    def __str__(self) -> str:
        return str(self.summary())

    def __repr__(self) -> str:
        share = f"{number(self.estimate)} [{number(self.low)}, {number(self.high)}]"
        gap = f"gap {number(self.gap.estimate)}"
        return f"PerformanceGapRecovered({share if self.valid else 'undefined'}; {gap})"


def performance_gap_recovered(
    y_weak: Any, y_student: Any, y_ceiling: Any, y_true: Any, *, confidence_level: float = 0.95
) -> PerformanceGapRecovered:
    """(acc_student - acc_weak) / (acc_ceiling - acc_weak) with an interval (theory 2.6).

    The interval is Fieller's: all r for which the mean of (student right - weak right) - r (ceiling
    right - weak right) does not differ from 0. It is bounded exactly if the gap's own normal
    interval excludes 0; otherwise, or with a ceiling below the weak model, the share is undefined
    and said to be so. Asymptotic. As few rows in which the models differ may have been seen, rows
    are added to the variances: z^2 in all, z^2/6 of each of the six ways in which three models are
    not all right or all wrong. A student that equals its ceiling in every row is so given a width.
    Conservative where two of the models differ in few rows, up to about six.

    Where rows lack gold labels, means are prediction-powered with the ceiling's label as the guess,
    and z^2/4 known rows of each kind of difference are added, as few that were guessed wrong may
    have been seen: conservative where the ceiling is nearly perfect (of 200 gold labels and an
    error of .01 the share's interval covers 99 %; without these rows 78 to 96 %, as the ceiling
    errs with the weak model or on its own). Accuracies have Wilson's interval where all rows have
    gold labels.

    Parameters
    ----------
    y_weak, y_student, y_ceiling : array-like of shape (n_samples,) or (n_samples, n_classes)
        Class labels 0, 1, ..., or probabilities, whose most probable class is taken.
    y_true : array-like of shape (n_samples,)
        Class labels, NaN where not known; the known ones are taken to be a random sample.
    confidence_level : float, default=0.95

    Returns
    -------
    PerformanceGapRecovered

    Raises
    ------
    ValueError
        If labels are no classes, arrays differ in length, or fewer than two rows have gold.

    References
    ----------
    Burns et al. (2023), Weak-to-strong generalization. Fieller (1954), Some problems in interval
    estimation.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import performance_gap_recovered
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=2000)
    >>> weak, student, ceiling = (np.where(rng.random(2000) < e, 1 - y, y) for e in (0.3, 0.2, 0.1))
    >>> found = performance_gap_recovered(weak, student, ceiling, y)
    >>> round(found.low, 2), round(found.estimate, 2), round(found.high, 2), found.valid
    (0.38, 0.49, 0.6, True)
    >>> found = performance_gap_recovered(weak, student, weak, y)
    >>> found.estimate, found.valid
    (nan, False)
    """
    level = check_confidence_level(confidence_level)
    check_alignment(y_weak=y_weak, y_student=y_student, y_ceiling=y_ceiling, y_true=y_true)
    weak = predicted_labels(y_weak, name="y_weak")
    student = predicted_labels(y_student, len(weak), name="y_student")
    ceiling = predicted_labels(y_ceiling, len(weak), name="y_ceiling")
    truth = true_labels(y_true, len(weak))
    check_classes(y_weak=y_weak, y_student=y_student, y_ceiling=y_ceiling, y_true=y_true)
    known = truth >= 0
    if known.sum() < 2:
        raise ValueError(f"y_true must be known in at least two rows; found {known.sum()}.")

    def columns(y: np.ndarray, rows: Any) -> np.ndarray:
        right = [(labels[rows] == y[rows]).astype(float) for labels in (weak, student, ceiling)]
        return np.column_stack([right[1] - right[0], right[2] - right[0], *right])

    values, guess = columns(truth, known), columns(ceiling, slice(None))
    means = powered_means(values[:, :2], guess[:, :2], known, level)
    accuracies = [
        rate_of_known(values[:, j], guess[:, j], known, confidence_level=level) for j in (2, 3, 4)
    ]
    z = float(ndtri(0.5 + 0.5 * level))
    covariance = means.covariance_of_differences(level)
    gain, gap = means.mean.tolist()
    reach = z * float(np.sqrt(covariance[1, 1]))
    method = f"{'normal' if known.all() else 'prediction-powered'}, conservative"
    ends = fieller(gain, gap, covariance, z)
    valid = ends is not None and gap > 0
    low, high = ends if ends is not None and valid else (np.nan, np.nan)
    return PerformanceGapRecovered(
        gain / gap if valid else np.nan,
        low,
        high,
        valid,
        weak=accuracies[0],
        student=accuracies[1],
        ceiling=accuracies[2],
        gap=Interval(gap, max(gap - reach, -1.0), min(gap + reach, 1.0), method),
        confidence_level=level,
    )


def fieller(
    top: float, bottom: float, covariance: np.ndarray, z: float
) -> tuple[float, float] | None:
    """All r with (top - r bottom)^2 <= z^2 Var(top - r bottom); None where they have no bounds.

    Parameters
    ----------
    top, bottom : float
        Estimates of the ratio's parts, about normal.
    covariance : ndarray of shape (2, 2)
    z : float

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection._recovered import fieller
    >>> low, high = fieller(1.0, 2.0, 0.01 * np.eye(2), 1.96)
    >>> round(low, 3), round(high, 3)
    (0.394, 0.615)
    >>> fieller(1.0, 0.1, 0.01 * np.eye(2), 1.96) is None
    True
    """
    square = bottom**2 - z**2 * covariance[1, 1]
    mixed = top * bottom - z**2 * covariance[0, 1]
    free = top**2 - z**2 * covariance[0, 0]
    if square <= 0:
        return None
    root = np.sqrt(max(mixed**2 - square * free, 0.0))
    return float((mixed - root) / square), float((mixed + root) / square)
