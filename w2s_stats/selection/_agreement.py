"""What a student makes of its weak model's errors: repeated, corrected, added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_stats._intervals import Interval, rate_of_known, wilson_rate
from w2s_stats._summary import interval_table, number, summary_of
from w2s_stats._validation import check_alignment, check_confidence_level
from w2s_stats.bounds._glossary import explained
from w2s_stats.bounds._labels import check_classes, predicted_labels, true_labels

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary


@dataclass(frozen=True)
class AgreementReport:
    """Rates of agreement and of errors, each an `Interval`; NaN where no row is concerned.

    Attributes
    ----------
    agreement : Interval
        P(student = weak), of all rows; needs no gold labels.
    weak_accuracy, student_accuracy : Interval
    inheritance : Interval
        P(student = weak | weak wrong): errors repeated as they are.
    correction : Interval
        P(student right | weak wrong).
    other_error : Interval
        P(student wrong in another way | weak wrong); 0 for two classes.
    new_error : Interval
        P(student wrong | weak right).
    n_rows, n_gold : int
    confidence_level : float

    Examples
    --------
    >>> from w2s_stats.selection import agreement_report
    >>> report = agreement_report([0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 1, 1])
    >>> report.n_gold, report.correction.estimate, report.new_error.estimate
    (6, 0.5, 0.25)
    >>> round(report.correction.low, 2), round(report.correction.high, 2), report.correction.method
    (0.03, 0.97, 'modified Wilson')
    """

    agreement: Interval
    weak_accuracy: Interval
    student_accuracy: Interval
    inheritance: Interval
    correction: Interval
    other_error: Interval
    new_error: Interval
    n_rows: int
    n_gold: int
    confidence_level: float

    def summary(self) -> Summary:
        """Table of the rates with their intervals.

        Returns
        -------
        statsmodels.iolib.summary.Summary
        """
        rates = [
            (name.replace("_", " "), *value)
            for name, value in vars(self).items()
            if isinstance(value, Interval)
        ]
        title = f"Student and weak model on {self.n_rows} rows, {self.n_gold} with gold labels"
        table = interval_table(title, rates, self.confidence_level, header="rate", digits=3)
        notes = ["Rows are independent, those with gold labels a random sample: not checked."]
        return summary_of([table], notes + explained(method for *_, method in rates))

    def __str__(self) -> str:
        return str(self.summary())

    def __repr__(self) -> str:
        return (
            f"AgreementReport(agreement {number(self.agreement.estimate)}, correction "
            f"{number(self.correction.estimate)}, new error {number(self.new_error.estimate)}; "
            f"{self.n_rows} rows, {self.n_gold} gold)"
        )


def agreement_report(
    y_weak: Any, y_student: Any, y_true: Any = None, *, confidence_level: float = 0.95
) -> AgreementReport:
    """Agreement of student and weak model, and what becomes of the weak model's errors.

    Rates among gold rows have Wilson's intervals. Accuracies, where rows lack gold labels, are
    prediction-powered: where student and weak model agree they are guessed to be right.

    Parameters
    ----------
    y_weak, y_student : array-like of shape (n_samples,) or (n_samples, n_classes)
        Class labels 0, 1, ..., or probabilities, whose most probable class is taken.
    y_true : array-like of shape (n_samples,) or None
        Class labels, NaN where not known; the known ones are taken to be a random sample.
    confidence_level : float, default=0.95

    Returns
    -------
    AgreementReport

    Raises
    ------
    ValueError
        If labels are no classes or arrays differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import agreement_report
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(3, size=1000)
    >>> weak = np.where(rng.random(1000) < 0.3, (y + 1) % 3, y)
    >>> student = np.where(rng.random(1000) < 0.5, y, weak)
    >>> report = agreement_report(weak, student, y)
    >>> round(report.agreement.estimate, 2), round(report.correction.estimate, 2)
    (0.84, 0.53)
    >>> report.new_error.estimate, round(report.new_error.high, 3)
    (0.0, 0.005)
    """
    level = check_confidence_level(confidence_level)
    check_alignment(y_weak=y_weak, y_student=y_student, y_true=y_true)
    weak = predicted_labels(y_weak, name="y_weak")
    student = predicted_labels(y_student, len(weak), name="y_student")
    truth = true_labels(y_true, len(weak))
    check_classes(y_weak=y_weak, y_student=y_student, y_true=y_true)
    known, same = truth >= 0, weak == student
    bad, good = known & (weak != truth), known & (weak == truth)

    def rate(event: np.ndarray, among: np.ndarray) -> Interval:
        return wilson_rate(event[among], confidence_level=level)

    def accuracy(labels: np.ndarray) -> Interval:
        if not known.any():
            return Interval(np.nan, np.nan, np.nan, "none")
        return rate_of_known((labels == truth)[known], same, known, confidence_level=level)

    return AgreementReport(
        agreement=rate(same, np.ones(len(weak), dtype=bool)),
        weak_accuracy=accuracy(weak),
        student_accuracy=accuracy(student),
        inheritance=rate(same, bad),
        correction=rate(student == truth, bad),
        other_error=rate((student != truth) & ~same, bad),
        new_error=rate(student != truth, good),
        n_rows=len(weak),
        n_gold=int(known.sum()),
        confidence_level=level,
    )
