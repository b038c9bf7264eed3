"""Which weak model's student to trust, from few gold labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_stats._intervals import Interval, resampled_means
from w2s_stats._summary import number, plain_table, summary_of
from w2s_stats._validation import check_confidence_level, check_integer, check_seed, shown
from w2s_stats.bounds._gain import divergence_rows
from w2s_stats.bounds._inputs import Predictions, check_predictions
from w2s_stats.bounds._parameters import check_divergence
from w2s_stats.divergences import KL, Squared
from w2s_stats.selection._powered import PoweredMeans, powered_means

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary

# Beyond, means of resamples are normal and are drawn as such.
_BOOTSTRAP_ROWS = 10_000


@dataclass(frozen=True)
class WeakModelRanking:
    """Weak models by the limit of their students' error, the best first.

    Attributes
    ----------
    names : list of str
    order : ndarray of int
        Positions in the input.
    score : list of Interval
        Weak error minus misfit: where misfit-gain holds, an upper limit of the student's error.
    weak_error, misfit : list of Interval
    probability_best : ndarray
        Share of paired resamples in which the model has the smallest score; sums to one.
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
    """

    names: list[str]
    order: np.ndarray
    score: list[Interval]
    weak_error: list[Interval]
    misfit: list[Interval]
    probability_best: np.ndarray
    confidence_level: float

    def summary(self) -> Summary:
        """Table of scores and their parts, best first, with what they assume.

        Returns
        -------
        statsmodels.iolib.summary.Summary
        """
        tail = 0.5 - 0.5 * self.confidence_level
        cells = [
            [
                number(score.estimate, 4),
                number(score.low, 4),
                number(score.high, 4),
                number(error.estimate, 4),
                number(misfit.estimate, 4),
                f"{best:.3f}",
            ]
            for score, error, misfit, best in zip(
                self.score, self.weak_error, self.misfit, self.probability_best, strict=True
            )
        ]
        headers = ["score", f"[{tail:.6g}", f"{1 - tail:.6g}]", "weak err", "misfit", "P(best)"]
        notes = [
            "Score: weak error minus misfit, an upper limit of the student's error only where "
            "misfit-gain holds (convex class that holds the truth, exact fit); not checked.",
            f"Intervals: {self.score[0].method}; gold rows are taken to be a random sample.",
        ]
        return summary_of([plain_table("Weak models", "", self.names, headers, cells)], notes)


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

    The misfit needs no labels and is averaged over all rows. The weak error is known on gold rows
    alone; where rows lack gold, intervals are prediction-powered, with a row's misfit as the guess
    of its weak error. "Best" has the smallest score; its probability is from resamples of gold
    rows and of the others, the same rows for all models.

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
    """
    level = check_confidence_level(confidence_level)
    check_integer("n_resamples", n_resamples, 1)
    random = np.random.default_rng(check_seed(random_state).randint(2**31, size=4))
    names, pairs = _named_pairs(y_weak, y_student)
    error, misfit, known = _row_divergences(names, pairs, y_true, divergence)
    scores = powered_means(error - misfit[known], -misfit, known, level)
    errors = powered_means(error, misfit, known, level)
    misfits = powered_means(misfit, misfit, np.ones(len(misfit), dtype=bool), level)
    best = _probability_best(scores, n_resamples, random)
    order = np.argsort(scores.mean, kind="stable")
    return WeakModelRanking(
        names=[names[i] for i in order],
        order=order,
        score=[scores.intervals[i] for i in order],
        weak_error=[errors.intervals[i] for i in order],
        misfit=[misfits.intervals[i] for i in order],
        probability_best=best[order],
        confidence_level=level,
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
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weak error of gold rows and misfit of all, a column a model, and which rows have gold."""
    error, misfit, known = [], [], np.zeros(0, dtype=bool)
    for name, (weak, student) in zip(names, pairs, strict=True):
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
        usual = KL() if data.weak.ndim == 2 else Squared()
        distance = check_divergence(usual if divergence is None else divergence)
        model = f"weak model {name}"
        error.append(data.labelled_values(partial(_from_weak, distance, data, model)))
        student = f"the student of {model}"
        misfit.append(divergence_rows(distance, student, data.student, model, data.weak, data))
    return np.column_stack(error), np.column_stack(misfit), known


def _from_weak(
    distance: Any, data: Predictions, model: str, truth: np.ndarray, rows: Any
) -> np.ndarray:
    return divergence_rows(distance, "y_true", truth, model, data.weak[rows], data, rows)


def _probability_best(
    scores: PoweredMeans, n_resamples: int, random: np.random.Generator
) -> np.ndarray:
    """Share of resamples in which each has the smallest mean; ties are shared."""
    means = sum(_resampled(part, n_resamples, random) for part in (scores.known, scores.others))
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
