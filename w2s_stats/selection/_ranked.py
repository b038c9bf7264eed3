"""What a ranking of weak models found: limits, measured errors, and what is known of the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2s_stats._intervals import Interval
from w2s_stats._summary import interval_ends, number, plain_table, summary_of
from w2s_stats.bounds._base import Assumption
from w2s_stats.bounds._glossary import explained

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary


@dataclass(frozen=True)
class WeakModelRanking:
    """Weak models by the limit of their students' error, the smallest limit first.

    All lists are in that order. ``print`` shows `summary`.

    Attributes
    ----------
    names : list of str
    order : ndarray of int
        Where each stood in the input.
    score : list of Interval
        The limit, weak error minus misfit: the student's error is at most this, in expectation,
        if the model's entry of `assumptions` is true.
    student_error : list of Interval
        Measured on the gold rows; rests on no assumption about the student.
    excess : list of Interval
        Student's error minus limit, both on the gold rows; at most 0 under the assumption.
    weak_error, misfit : list of Interval
    assumptions : list of Assumption
        That the student is the projection of its weak model onto a convex class that holds the
        truth (theory 2.1): "violated" where the interval of `excess` lies above 0, "not checked"
        elsewhere, as errors below the limit do not prove it.
    probability_best : ndarray
        Share of paired resamples in which the model has the smallest limit; sums to one. It is the
        probability of the smallest error only where limits are errors: under the assumption, for
        classes that are linear or affine spaces.
    probability_least_error : ndarray
        Share of paired resamples of gold rows in which its student has the smallest error.
    confidence_level : float

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import rank_weak_models
    >>> truth = np.linspace(-1, 1, 100)
    >>> weak = {"far": truth + 1.0, "near": truth + 0.2 * (-1) ** np.arange(100)}
    >>> student = {"far": truth + 1.0, "near": truth}
    >>> ranking = rank_weak_models(weak, student, truth)
    >>> ranking.names, ranking.order, [round(score.estimate, 6) for score in ranking.score]
    (['near', 'far'], array([1, 0]), [0.0, 1.0])

    A student that is no projection has an error above its limit:

    >>> ranking = rank_weak_models(weak, {**student, "near": truth - 0.3}, truth)
    >>> round(ranking.score[0].estimate, 2), round(ranking.student_error[0].estimate, 2)
    (-0.09, 0.09)
    >>> [assumption.status for assumption in ranking.assumptions]
    ['violated', 'not checked']
    """

    names: list[str]
    order: np.ndarray
    score: list[Interval]
    student_error: list[Interval]
    excess: list[Interval]
    weak_error: list[Interval]
    misfit: list[Interval]
    assumptions: list[Assumption]
    probability_best: np.ndarray
    probability_least_error: np.ndarray
    confidence_level: float

    def summary(self) -> Summary:
        """Table of limits, errors and their parts, smallest limit first, with what they assume.

        Returns
        -------
        statsmodels.iolib.summary.Summary
        """
        ends = interval_ends(self.confidence_level)
        limits = [
            [number(value, 4) for value in (*limit[:3], *error[:3])]
            for limit, error in zip(self.score, self.student_error, strict=True)
        ]
        excess = [[number(value, 4) for value in found[:3]] for found in self.excess]
        parts = [
            [
                number(self.weak_error[i].estimate, 4),
                number(self.misfit[i].estimate, 4),
                f"{self.probability_best[i]:.3f}",
                f"{self.probability_least_error[i]:.3f}",
            ]
            for i in range(len(self.names))
        ]
        headers = ["excess", *ends, "weak err", "misfit", "P(limit)", "P(error)"]
        cells = [[*first, *rest] for first, rest in zip(excess, parts, strict=True)]
        tables = [
            plain_table(
                "Weak models, by the limit of their students' error",
                "",
                self.names,
                ["limit", *ends, "error", *ends],
                limits,
            ),
            plain_table("", "", self.names, headers, cells),
        ]
        notes = [
            "limit: weak error minus misfit; the student's error is at most this only under the "
            "assumptions below.",
            "error: the student's, measured on the gold rows, under no such assumption. excess: "
            "error minus limit on the gold rows; an interval above 0 refutes the assumption.",
            "P(limit): probability that the model's limit is the smallest. P(error): that its "
            "student's measured error is the smallest.",
            f"Intervals: {self.score[0].method}; gold rows are taken to be a random sample.",
            *(f"{found.name}: {found.status}." for found in self.assumptions),
        ]
        return summary_of(tables, notes + explained([self.score[0].method]))

    def __str__(self) -> str:
        return str(self.summary())

    def __repr__(self) -> str:
        limits = ", ".join(
            f"{name}: {number(score.estimate, 4)}"
            for name, score in zip(self.names, self.score, strict=True)
        )
        return f"WeakModelRanking(limits {limits})"
