"""Sets and numbers of the expansion theorems, theory 7.6."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse


class Rows(NamedTuple):
    """What the theorem distinguishes, one boolean a row.

    Attributes
    ----------
    differs : student's label is not the weak label
    robust : the student's label is that of all neighbours
    known : the truth is known; the next three are False where it is not
    bad : the weak label is wrong
    anchor : weak label and student are right, and the student is robust: the set U
    reached : bad, and a neighbour of a row of U of the same class: the set N(U)
    """

    differs: np.ndarray
    robust: np.ndarray
    known: np.ndarray
    bad: np.ndarray
    anchor: np.ndarray
    reached: np.ndarray


def edges(neighbors: Any, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and their neighbours, a pair an edge, from a table of row numbers or a sparse graph."""
    if neighbors is None:
        raise ValueError("ExpansionBound needs neighbors, the rows next to each row; found None.")
    if issparse(neighbors):
        if neighbors.shape != (n_samples, n_samples):
            raise ValueError(
                f"A sparse neighbors must have shape ({n_samples}, {n_samples}), found "
                f"{neighbors.shape}."
            )
        graph = neighbors.tocoo()
        return graph.row, graph.col
    table = np.asarray(neighbors)
    if table.ndim != 2 or len(table) != n_samples or table.dtype.kind not in "iu":
        raise ValueError(
            f"neighbors must hold row numbers, {n_samples} rows of them, found {table.dtype} of "
            f"shape {table.shape}."
        )
    if table.size and (table.min() < -1 or table.max() >= n_samples):
        raise ValueError(
            f"neighbors must hold row numbers from 0 to {n_samples - 1} (-1 fills up), found "
            f"{table.min()} to {table.max()}."
        )
    row, column = np.nonzero(table >= 0)
    return row, table[row, column]


def distinguish(
    weak: np.ndarray, student: np.ndarray, truth: np.ndarray, row: np.ndarray, near: np.ndarray
) -> Rows:
    """The sets of the theorem; truth is -1 where it is not known."""
    known = truth >= 0
    robust = np.ones(len(weak), dtype=bool)
    robust[row[student[row] != student[near]]] = False
    bad = known & (weak != truth)
    anchor = robust & (weak == truth) & (student == truth)
    reached = np.zeros(len(weak), dtype=bool)
    reached[near[anchor[row] & (truth[row] == truth[near])]] = True
    return Rows(student != weak, robust, known, bad, anchor, reached & bad)


def expansion_of(rows: Rows) -> float:
    """P(N(U) | weak label wrong) / P(U | weak label right); NaN where undefined."""
    good = np.count_nonzero(rows.known & ~rows.bad)
    bad, anchor = np.count_nonzero(rows.bad), np.count_nonzero(rows.anchor)
    if not bad or not anchor:
        return np.nan
    return float((np.count_nonzero(rows.reached) / bad) / (anchor / good))


def expansion_limit(
    differs: float, unsteady: float, weak_error: float, expansion: float
) -> tuple[float, float]:
    """Limit of the student's error, and of the share of good rows in U, from four numbers.

    err(f, y) <= P(f != w) + a (1 - 2 c u) with u = (1 - a - r) / (1 - a - c a), not below
    1 - r / (1 - a) and between 0 and 1; a proof stands in `ExpansionBound`.

    Parameters
    ----------
    differs : float
        P(f != w): student against weak labels.
    unsteady : float
        r = P(f != w or f not robust).
    weak_error : float
        a = P(w != y).
    expansion : float
        c >= 0, with P(N(U) | bad) >= c P(U | good) for the student's own U.

    Returns
    -------
    limit : float
    share : float
        u.

    Examples
    --------
    >>> from w2s_stats.bounds._neighborhoods import expansion_limit
    >>> limit, share = expansion_limit(0.2, 0.25, weak_error=0.2, expansion=0.9)
    >>> round(limit, 4), round(share, 4)
    (0.0807, 0.8871)
    """
    good = 1 - weak_error
    share = 1 - unsteady / good if good > 0 else 0.0
    room = good - expansion * weak_error
    if share > 0 and room > 1e-6:  # nearer to 0 the quotient is rounding
        share = max(share, (good - unsteady) / room)
    share = min(max(share, 0.0), 1.0)
    reached = min(expansion * share, 1.0)
    return differs + weak_error * (1 - 2 * reached), share


def printed_limit(
    differs: float, unsteady: float, not_robust: float, weak_error: float, expansion: float
) -> float:
    """Limit of [L24] Theorem 4.1 within a class, where it is true (theory 7.6).

    err(f, y) <= 2 a / (1 - 2 a) P(not robust) + P(f != w) + a (1 - 3 c / 2), for a < 1/2,
    r <= (1 - a + 3 c a) / 4 and c <= 1. The last condition is not printed; without it the
    statement is false.

    Returns
    -------
    float
        NaN where a condition is not met.

    Examples
    --------
    >>> from w2s_stats.bounds._neighborhoods import printed_limit
    >>> round(printed_limit(0.2, 0.25, 0.1, weak_error=0.2, expansion=0.9), 4)
    0.1967
    """
    a, c = weak_error, expansion
    if not (a < 0.5 and c <= 1 and unsteady <= (1 - a + 3 * c * a) / 4):
        return np.nan
    return 2 * a / (1 - 2 * a) * not_robust + differs + a * (1 - 1.5 * c)
