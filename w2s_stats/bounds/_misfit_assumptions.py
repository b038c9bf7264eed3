"""What it rests on that a gain is at least its misfit: the student, its class and the truth."""

from __future__ import annotations

import numpy as np

from w2s_stats._intervals import Interval
from w2s_stats.bounds._base import Assumption
from w2s_stats.bounds._inputs import Predictions


def on_student_and_truth(
    data: Predictions,
    inside: Interval | None,
    *,
    slack: float,
    student_class: str,
    n_heads: int | None,
) -> list[Assumption]:
    """Assumptions of theory 2.1 and 2.2, or of 2.3 where the class is mixtures of few heads.

    Parameters
    ----------
    data : Predictions
    inside : Interval or None
        gain - misfit if the ceiling is the truth, which may show that the student is no projection.
    slack : float
        How far `inside` may be beyond 0.
    student_class : {"convex", "affine"}
    n_heads : int or None
    """
    if n_heads is None:
        where = "the class"
        of_class = f"The student's class is {student_class} in mean space"
        of_student = "The student minimises the misfit over the class, unpenalised"
    else:
        where = "the closed convex hull of all heads"
        of_class = "The probabilities of all heads, in the mixture or not, are at least gamma"
        of_student = (
            f"The student is the global minimiser of the misfit over mixtures of {n_heads} heads"
        )
    optimal = "not checked"
    if inside is not None:
        beyond = student_class == "affine" and inside.low > slack
        optimal = "violated" if inside.high < -slack or beyond else "not checked"
    return [
        Assumption(of_class, "not checked"),
        *_on_truth(data, where),
        Assumption(of_student, optimal),
    ]


def _on_truth(data: Predictions, where: str) -> list[Assumption]:
    """All rows can show that the truth is the ceiling; none, that the ceiling is a member."""
    lies = Assumption(f"The truth lies in {where}", "not checked")
    if data.ceiling is None:
        return [lies]
    if data.truth is not None and data.complete and _same(data, data.ceiling):
        lies = Assumption("The truth is y_ceiling", "held")
    return [Assumption(f"y_ceiling lies in {where}", "not checked"), lies]


def _same(data: Predictions, ceiling: np.ndarray) -> bool:
    return bool(data.labelled_values(lambda truth, rows: truth == ceiling[rows]).all())
