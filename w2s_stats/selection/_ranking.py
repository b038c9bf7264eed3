"""Which weak model's student to trust, from few gold labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from w2s_stats._intervals import Interval, resampled_means
from w2s_stats._validation import (
    check_alignment,
    check_confidence_level,
    check_integer,
    check_seed,
    shown,
)
from w2s_stats.bounds._base import Assumption
from w2s_stats.bounds._gain import ROUNDING, divergence_rows
from w2s_stats.bounds._inputs import Predictions, check_predictions
from w2s_stats.bounds._parameters import check_divergence
from w2s_stats.divergences import KL, Squared
from w2s_stats.selection._powered import PoweredMeans, powered_means
from w2s_stats.selection._ranked import WeakModelRanking

# Beyond, means of resamples are normal and are drawn as such.
_BOOTSTRAP_ROWS = 10_000


class _Rows(NamedTuple):
    """Divergences, a row a row and a column a model; errors of gold rows, the misfit of all."""

    weak_error: np.ndarray
    student_error: np.ndarray
    misfit: np.ndarray
    known: np.ndarray
    rounding: float


def rank_weak_models(
    y_weak: Mapping[str, Any] | Sequence[Any],
    y_student: Mapping[str, Any] | Sequence[Any],
    y_true: Any,
    *,
    divergence: Any = None,
    confidence_level: float = 0.95,
    n_resamples: int = 2000,
    random_state: Any = 0,
) -> WeakModelRanking:
    """Rank weak models by d(F*, F_w) - d(F_sw, F_w), smallest first (theory 2.5).

    The score is an upper limit of the student's error if the student is the projection of its weak
    model onto a convex class that holds the truth (theory 2.1); it is the error itself where the
    class is a linear or affine space, and in no other case need the smallest limit be that of the
    smallest error. The students' own errors are measured on the gold rows beside the limits: where
    one is above its limit by more than chance, the assumption is marked as violated, and the
    measured errors are what to go by (in the paper's own table all eight are, theory 8.4).

    The misfit needs no labels and is averaged over all rows. The weak error is known on gold rows
    alone; where rows lack gold, intervals are prediction-powered, with a row's misfit as the guess
    of its weak error. Probabilities are from resamples of gold rows and of the others, the same
    rows for all models: of the smallest limit, and of the smallest measured error.

    Parameters
    ----------
    y_weak, y_student : mapping of str to array-like, or sequence of array-like
        For each weak model its predictions and those of the student it trained, on the same rows:
        (n_samples,), or (n_samples, n_classes) probabilities.
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
        NaN where not known; where predictions have columns, also class labels.
    divergence : Bregman divergence of `w2s_stats.divergences`, default=None
        None: `KL` where predictions have columns, `Squared` elsewhere.
    confidence_level : float, default=0.95
    n_resamples : int, default=2000
    random_state : int, RandomState or None, default=0

    Returns
    -------
    WeakModelRanking

    Raises
    ------
    ValueError
        If there are fewer than two models, their names or shapes differ, fewer than two rows have
        gold, a prediction lies outside the divergence's domain, or a divergence is infinite.

    References
    ----------
    Charikar, Pabbaraju and Shiragur (2024), Quantifying the gain in weak-to-strong
    generalization, section 5.2.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.selection import rank_weak_models
    >>> rng = np.random.default_rng(0)
    >>> X, y_true = rng.normal(size=(500, 3)), np.full(500, np.nan)
    >>> truth = X @ [1.0, -1.0, 0.5]
    >>> fit = X @ np.linalg.pinv(X)  # students average noise out, and learn a bias
    >>> made = {"biased": (0.7, 0.2), "noisy": (0.1, 1.0), "both": (0.5, 0.5)}
    >>> weak = {k: truth + b * X[:, 0] + s * rng.normal(size=500) for k, (b, s) in made.items()}
    >>> student = {k: fit @ labels for k, labels in weak.items()}
    >>> y_true[:50] = truth[:50]
    >>> ranking = rank_weak_models(weak, student, y_true)
    >>> ranking.names, ranking.probability_best.round(2)
    (['noisy', 'both', 'biased'], array([1., 0., 0.]))
    >>> [round(error.estimate, 2) for error in ranking.weak_error]
    [0.95, 0.56, 0.71]
    >>> [round(error.estimate, 2) for error in ranking.student_error]  # measured
    [0.01, 0.31, 0.64]
    """
    level = check_confidence_level(confidence_level)
    check_integer("n_resamples", n_resamples, 1)
    random = np.random.default_rng(check_seed(random_state).randint(2**31, size=4))
    names, pairs = _named_pairs(y_weak, y_student)
    rows = _row_divergences(names, pairs, y_true, divergence)
    known, misfit = rows.known, rows.misfit
    scores = powered_means(rows.weak_error - misfit[known], -misfit, known, level)
    weak_errors = powered_means(rows.weak_error, misfit, known, level)
    misfits = _plain_means(misfit, level)
    student_errors = _plain_means(rows.student_error, level)
    excess = _plain_means(rows.student_error + misfit[known] - rows.weak_error, level)
    slack = rows.rounding * (rows.student_error + rows.weak_error).mean(axis=0)
    best = _probability_least(scores, n_resamples, random)
    least_error = _probability_least(student_errors, n_resamples, random)
    order = np.argsort(scores.mean, kind="stable")
    return WeakModelRanking(
        names=[names[i] for i in order],
        order=order,
        score=[scores.intervals[i] for i in order],
        student_error=[student_errors.intervals[i] for i in order],
        excess=[excess.intervals[i] for i in order],
        weak_error=[weak_errors.intervals[i] for i in order],
        misfit=[misfits.intervals[i] for i in order],
        assumptions=[_projection(names[i], excess.intervals[i], slack[i]) for i in order],
        probability_best=best[order],
        probability_least_error=least_error[order],
        confidence_level=level,
    )


def _plain_means(values: np.ndarray, level: float) -> PoweredMeans:
    return powered_means(values, values, np.ones(len(values), dtype=bool), level)


def _projection(name: str, excess: Interval, slack: float) -> Assumption:
    """What theory 2.1 asks for; an error above its limit by more than chance refutes it."""
    return Assumption(
        f"The student of {name} is the projection of its weak model onto a convex class that holds "
        "the truth",
        "violated" if excess.low > slack else "not checked",
    )


def _named_pairs(weak: Any, student: Any) -> tuple[list[str], list[tuple[Any, Any]]]:
    for name, given in (("y_weak", weak), ("y_student", student)):
        if not hasattr(given, "__len__") or isinstance(given, str):
            raise ValueError(
                f"{name} must be a mapping or a sequence of predictions; found {shown(given)}."
            )
    if isinstance(weak, Mapping) != isinstance(student, Mapping):
        raise ValueError("y_weak and y_student must both be mappings or both be sequences.")
    if isinstance(weak, Mapping):
        if set(weak) != set(student):
            raise ValueError(
                f"y_weak and y_student must have the same names; found {sorted(weak)} and "
                f"{sorted(student)}."
            )
        names, student = [str(name) for name in weak], [student[name] for name in weak]
        weak = list(weak.values())
    else:
        names = [str(i) for i in range(len(weak))]
    if len(weak) != len(student) or len(weak) < 2:
        raise ValueError(
            "y_weak and y_student must hold predictions of the same two or more weak models; found "
            f"{len(weak)} and {len(student)}."
        )
    return names, list(zip(weak, student, strict=True))


def _row_divergences(
    names: list[str], pairs: list[tuple[Any, Any]], y_true: Any, divergence: Any
) -> _Rows:
    weak_error: list[np.ndarray] = []
    student_error: list[np.ndarray] = []
    misfit, rounding = [], 0.0
    known = np.zeros(0, dtype=bool)
    for name, (weak, student) in zip(names, pairs, strict=True):
        check_alignment(y_weak=weak, y_student=student, y_true=y_true)
        data = check_predictions(weak, student, y_true)
        n_known = 0 if data.truth is None else int(data.truth.known.sum())
        if data.truth is None or n_known < 2:
            raise ValueError(f"y_true must be known in at least two rows; found {n_known}.")
        if len(known) not in (0, len(data.weak)):
            raise ValueError(
                f"All weak models must have the same rows; found {len(known)} and "
                f"{len(data.weak)} (model {name})."
            )
        known = data.truth.known
        rounding = max(rounding, ROUNDING[data.student.dtype])
        usual = KL() if data.weak.ndim == 2 else Squared()
        distance = check_divergence(usual if divergence is None else divergence)
        of_weak = f"weak model {name}"
        of_student = f"the student of {of_weak}"
        for errors, model, predictions in (
            (weak_error, of_weak, data.weak),
            (student_error, of_student, data.student),
        ):
            errors.append(data.labelled_values(partial(_error, distance, data, model, predictions)))
        misfit.append(divergence_rows(distance, of_student, data.student, of_weak, data.weak, data))
    weak_errors, student_errors = np.column_stack(weak_error), np.column_stack(student_error)
    return _Rows(weak_errors, student_errors, np.column_stack(misfit), known, rounding)


def _error(
    distance: Any,
    data: Predictions,
    model: str,
    predictions: np.ndarray,
    truth: np.ndarray,
    rows: Any,
) -> np.ndarray:
    return divergence_rows(distance, "y_true", truth, model, predictions[rows], data, rows)


def _probability_least(
    found: PoweredMeans, n_resamples: int, random: np.random.Generator
) -> np.ndarray:
    """Share of resamples in which each has the smallest mean; ties are shared."""
    means = sum(_resampled(part, n_resamples, random) for part in (found.known, found.others))
    smallest = means == np.min(means, axis=1, keepdims=True)
    return (smallest / smallest.sum(axis=1, keepdims=True)).mean(axis=0)


def _resampled(
    values: np.ndarray, n_resamples: int, random: np.random.Generator
) -> np.ndarray | float:
    """Means of resampled rows, (n_resamples, m); 0 of no rows."""
    n = len(values)
    if n == 0:
        return 0.0
    if n > _BOOTSTRAP_ROWS:
        spread = np.cov(values, rowvar=False) / n
        return random.multivariate_normal(values.mean(axis=0), spread, n_resamples)
    return resampled_means(values, None, n_resamples, int(random.integers(2**63)))
