"""log(student / weak) of two models' probabilities, a block of rows at a time, theory 3."""

from __future__ import annotations

from math import factorial
from typing import Any, NamedTuple

import numpy as np

from w2s_stats.bounds._rows import blocks
from w2s_stats.bounds._truth import Truth
from w2s_stats.divergences._probabilities import check_probabilities, check_same_shape

# (exp(t) - 1 - t) / t^2, highest power first.
_SERIES = [1 / factorial(power) for power in range(8, 1, -1)]


class RowFacts(NamedTuple):
    """What each row says, arrays of shape (n_rows,).

    Attributes
    ----------
    low, high : ndarray
        min_j and max_j of log(s_j / w_j) over the classes that one of the two allows.
    forward, reverse : ndarray
        KL(w || s) and KL(s || w).
    floor : ndarray
        Smallest probability in either row.
    gain : ndarray
        sum_j F*_j log(s_j / w_j); NaN where the truth is not known.
    """

    low: np.ndarray
    high: np.ndarray
    forward: np.ndarray
    reverse: np.ndarray
    floor: np.ndarray
    gain: np.ndarray


def check_pair(y_weak: Any, y_student: Any) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the weak model and of the student, (n_samples, n_classes) each.

    Examples
    --------
    >>> from w2s_stats.bounds._log_ratio import check_pair
    >>> check_pair([0.5, 0.25], [[0.5, 0.5], [0.0, 1.0]])[0]
    array([[0.5 , 0.5 ],
           [0.75, 0.25]])
    """
    weak = check_probabilities(y_weak, name="y_weak", binary=True)
    student = check_probabilities(y_student, name="y_student", binary=True)
    check_same_shape(weak, student, names=("y_weak", "y_student"))
    return weak, student


def distributions(block: np.ndarray) -> np.ndarray:
    """Rows in float64 that sum to one to rounding, not to the tolerance of the check alone."""
    block = block.astype(np.float64)
    block /= block.sum(axis=1, keepdims=True)
    return block


def log_ratio(weak: np.ndarray, student: np.ndarray) -> np.ndarray:
    """log(s_j / w_j), with full relative precision where the two are close; NaN for 0 / 0.

    Parameters
    ----------
    weak, student : ndarray of float64 of shape (n_block, n_classes)

    Returns
    -------
    ndarray of shape (n_block, n_classes)

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._log_ratio import log_ratio
    >>> log_ratio(np.array([[0.5, 0.5, 0.0]]), np.array([[0.25, 0.75, 0.0]])).round(3)
    array([[-0.693,  0.405,    nan]])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        step = student - weak
        near = np.abs(step) < 0.5 * weak
        ratio = np.log(student)
        ratio -= np.log(weak)
        np.divide(step, weak, out=ratio, where=near)
        np.log1p(ratio, out=ratio, where=near)
    return ratio


def row_kl(p: np.ndarray, q: np.ndarray, t: np.ndarray) -> np.ndarray:
    """KL(p || q) of every row, sum_j q_j - p_j - p_j t_j, whose terms are never negative.

    Parameters
    ----------
    p, q : ndarray of float64 of shape (n_block, n_classes)
        Rows sum to one.
    t : ndarray of shape (n_block, n_classes)
        log(q_j / p_j).

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.bounds._log_ratio import row_kl
    >>> p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> row_kl(p, q, np.log(q / p)).round(4)
    array([0.1438])
    """
    with np.errstate(invalid="ignore"):
        term = p * t
        np.subtract(q - p, term, out=term)
        np.copyto(term, q, where=p == 0)
        near = np.abs(t) < 0.05
        if near.any():
            # p (exp(t) - 1 - t) by its series: the difference of the two is mostly rounding here.
            term[near] = p[near] * t[near] ** 2 * np.polyval(_SERIES, t[near])
    return term.sum(axis=1)


def row_facts(weak: np.ndarray, student: np.ndarray, truth: Truth | None = None) -> RowFacts:
    """Envelope, divergences, floor and gain of every row, in one pass.

    Parameters
    ----------
    weak, student : ndarray of shape (n_samples, n_classes)
    truth : Truth or None

    Returns
    -------
    RowFacts

    Raises
    ------
    ValueError
        If the truth gives probability to classes that both models exclude, or one model here and
        the other there: the gain would be infinity minus infinity.
    """
    n_rows, n_classes = weak.shape
    facts = RowFacts(*np.full((6, n_rows), np.nan))
    for block in blocks(n_rows, n_classes):
        w, s = distributions(weak[block]), distributions(student[block])
        t = log_ratio(w, s)
        facts.low[block] = np.fmin.reduce(t, axis=1)
        facts.high[block] = np.fmax.reduce(t, axis=1)
        facts.forward[block] = row_kl(w, s, t)
        facts.reverse[block] = row_kl(s, w, -t)
        facts.floor[block] = np.minimum(w.min(axis=1), s.min(axis=1))
        if truth is not None:
            facts.gain[block] = truth.expect(t, block)
    if truth is not None:
        _check_gain(facts.gain, truth.known)
    return facts


def _check_gain(gain: np.ndarray, known: np.ndarray) -> None:
    undefined = np.isnan(gain[known]).any()
    if undefined or (np.isposinf(gain).any() and np.isneginf(gain).any()):
        raise ValueError(
            "y_true must not give probability to classes that y_weak and y_student both exclude, "
            "in one row or in two: the gain found is infinity minus infinity."
        )
