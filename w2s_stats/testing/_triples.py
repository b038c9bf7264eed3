"""Strategies for a weak model, a student and a truth on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import SearchStrategy

from w2s_stats.testing._rows import Size, probability_rows, shapes

Rows: TypeAlias = Callable[[int, int], SearchStrategy[np.ndarray]]

# How much of an unrelated prediction is in a student or a truth: all, nothing, or less and less.
_SHARES = (1.0, 0.0, 0.5, 1e-1, 1e-3, 1e-6, 1e-9)
_FLOOR = 1e-6


class ModelTriple(NamedTuple):
    """What bounds are fitted on; the later fields where a bound asks for them.

    Attributes
    ----------
    weak, student, truth : ndarray of one shape, (n_samples,) or (n_samples, n_columns)
    ceiling : ndarray of that shape or None
    neighbors : ndarray of int of shape (n_samples, n_neighbors) or None
    function_class : class of functions of `w2s_stats.bounds` or None
        The student's, on the same rows.
    """

    weak: np.ndarray
    student: np.ndarray
    truth: np.ndarray
    ceiling: np.ndarray | None = None
    neighbors: np.ndarray | None = None
    function_class: Any = None


@st.composite
def model_triples(
    draw: st.DrawFn,
    rows: Rows | None = None,
    truth: Rows | None = None,
    *,
    n_rows: Size = None,
    n_columns: Size = None,
) -> ModelTriple:
    """Strategy for a weak model, a student and a truth.

    The student is unrelated to the weak model, equal to it, or close, down to 1e-9; the truth
    likewise to the student. Where both are probabilities, the truth may also be certain of some
    classes, among them those that speak most for the student and most against it: what is attained
    is attained there. Nothing else is assumed: for students of training see `hull_triples` and
    `linear_triples`.

    Parameters
    ----------
    rows : callable, default=None
        From (n_rows, n_columns) to a strategy for one model's predictions; mixtures of two
        predictions must be predictions again. None: `probability_rows` with a floor of 1e-6, so
        that divergences are finite. Real predictions: `real_rows`.
    truth : callable, default=None
        The same for the truth. None: `rows`; where that is None too, `probability_rows`, and where
        it is that, also truths that are certain of a class.
    n_rows, n_columns : int or strategy of int, default=None
        None: 1 to 8 rows, 2 to 4 columns.

    Returns
    -------
    SearchStrategy of ModelTriple

    Examples
    --------
    >>> from functools import partial
    >>> from w2s_stats.bounds import ErrorFloor
    >>> from w2s_stats.testing import check_bound
    >>> from w2s_stats.testing.strategies import model_triples, real_rows
    >>> check_bound(ErrorFloor(loss="squared"), model_triples(real_rows), max_examples=20)
    >>> unit = partial(real_rows, low=0.0, high=1.0)
    >>> check_bound(ErrorFloor(loss="squared"), model_triples(unit), max_examples=20)
    """
    n, k = draw(shapes(n_rows, n_columns, least_columns=2))
    models = partial(probability_rows, floor=_FLOOR) if rows is None else rows
    weak = draw(models(n, k))
    student = _near(draw, weak, models(n, k))
    truths = truth or rows or probability_rows
    if truths is probability_rows and draw(st.booleans()):
        return ModelTriple(weak, student, draw(_certain(weak, student)))
    return ModelTriple(weak, student, _near(draw, student, truths(n, k)))


def _near(
    draw: st.DrawFn, prediction: np.ndarray, others: SearchStrategy[np.ndarray]
) -> np.ndarray:
    """Mix a prediction with another."""
    share = draw(st.sampled_from(_SHARES))
    return (1 - share) * prediction + share * draw(others)


def _certain(weak: np.ndarray, student: np.ndarray) -> SearchStrategy[np.ndarray]:
    """Certain of a class in each row: any, or the one that the student has moved most on."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = student / weak
    extreme = st.sampled_from([ratio.argmax(axis=1), ratio.argmin(axis=1)])
    any_class = arrays(np.intp, len(weak), elements=st.integers(0, weak.shape[1] - 1))
    return st.one_of(extreme, any_class).map(np.eye(weak.shape[1]).__getitem__)
