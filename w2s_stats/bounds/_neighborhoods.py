"""Sets and numbers of the expansion theorems, theory 7.6."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array, issparse

# Rows whose neighbours' neighbours are listed at a time, and the most steps that are listed.
_BLOCK = 1000
_MOST_STEPS = 10**8


class Rows(NamedTuple):
    """What the theorem distinguishes, one boolean a row, for the rows that have weight.

    Attributes
    ----------
    differs : student's label is not the weak label
    robust : at most a share eta of the neighbours has another label of the student's
    known : the truth is known; the next three are False where it is not
    bad : the weak label is wrong
    anchor : weak label and student are right, and the student is robust: the set U
    reached : bad, and a neighbour of a row of U of the same class and student's label: N(U)
    near : sparse symmetric (n, n), 1 where one of two rows is the other's neighbour
    weight : ndarray or None
        > 0; None where all rows count alike.
    """

    differs: np.ndarray
    robust: np.ndarray
    known: np.ndarray
    bad: np.ndarray
    anchor: np.ndarray
    reached: np.ndarray
    near: csr_array
    weight: np.ndarray | None = None

    @property
    def limit(self) -> np.ndarray:
        """1[f != w] + 1[w != y] - 2 1[row in N(U)], where the truth is known: 0, 1 or 2."""
        return self.differs + 1.0 * self.bad - 2.0 * self.reached

    def of(self, which: np.ndarray) -> Rows:
        """Some of the rows."""
        given = {name: part for name, part in self._asdict().items() if part is not None}
        own = {name: part[which] for name, part in given.items()}
        return self._replace(**own | {"near": own["near"][:, which]})

    def share(self, event: np.ndarray) -> float:
        """Weighted share of the rows in which there is an event."""
        return float(np.average(event, weights=self.weight))

    def covariance(self, values: np.ndarray, part: np.ndarray | None = None) -> float:
        """What neighbours' dependence adds to the variance of a weighted mean, if it is positive.

        sum d_i d_j over pairs of neighbours, d = w (v - m) / sum w, less what it would be if they
        had no more in common than rows two steps apart: those are alike, as rows of one place are,
        without being dependent. Each `part` of the rows has its own mean; the means are added up.
        """
        weight = np.ones(len(values)) if self.weight is None else self.weight
        d = np.empty(len(values))
        for rows in [np.ones(len(d), dtype=bool)] if part is None else [part, ~part]:
            w, v = weight[rows], values[rows]
            d[rows] = w * (v - np.average(v, weights=w)) / w.sum() if rows.any() else 0.0
        return max(float(d @ (self.near @ d)) - _likeness(self.near, d), 0.0)


def _likeness(near: csr_array, d: np.ndarray) -> float:
    """Mean of d_i d_j over pairs two steps apart, if positive, times the number of neighbours.

    Two steps apart: no neighbours themselves, with one in common. 0 where there are no such pairs,
    as among independent groups of neighbours, or too many to be looked at.
    """
    degree = np.diff(near.indptr).astype(np.float64)
    if not degree.any() or degree @ degree > _MOST_STEPS:
        return 0.0
    total, count = 0.0, 0
    for start in range(0, len(d), _BLOCK):
        rows = slice(start, start + _BLOCK)
        own, here = near[rows], d[rows]
        two = own @ near
        two.data[:] = 1.0
        nearer = two.multiply(own).tocsr()
        # In two steps a row with a neighbour also comes back to itself.
        back = degree[rows] > 0
        total += here @ (two @ d) - here @ (nearer @ d) - here[back] @ here[back]
        count += two.nnz - nearer.nnz - np.count_nonzero(back)
    return max(total, 0.0) / count * near.nnz if count else 0.0


def edges(neighbors: Any, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and their neighbours, a pair an edge, from a table of row numbers or a sparse graph."""
    if neighbors is None:
        raise ValueError("ExpansionBound needs neighbors, the rows next to each row; found None.")
    if issparse(neighbors):
        if neighbors.shape != (n_samples, n_samples):
            raise ValueError(
                f"A sparse neighbors must have shape ({n_samples}, {n_samples}); found "
                f"{neighbors.shape}."
            )
        graph = neighbors.tocoo()
        return graph.row, graph.col
    table = np.asarray(neighbors)
    if table.ndim != 2 or len(table) != n_samples or table.dtype.kind not in "iu":
        raise ValueError(
            f"neighbors must hold row numbers, {n_samples} rows of them; found {table.dtype} of "
            f"shape {table.shape}."
        )
    wrong = (table < -1) | (table >= n_samples)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"neighbors must hold row numbers from 0 to {n_samples - 1} (-1 fills up); found "
            f"{table[row, column]} in row {row}."
        )
    row, column = np.nonzero(table >= 0)
    return row, table[row, column]


def distinguish(
    weak: np.ndarray,
    student: np.ndarray,
    truth: np.ndarray,
    row: np.ndarray,
    near: np.ndarray,
    weight: np.ndarray | None = None,
    eta: float = 0.0,
) -> Rows:
    """The sets of the theorem; truth is -1 where it is not known.

    Rows of weight zero are left out, as rows and as neighbours.
    """
    counts = np.ones(len(weak), dtype=bool) if weight is None else weight > 0
    among = counts[row] & counts[near]
    row, near = row[among], near[among]
    known = truth >= 0
    agree = student[row] == student[near]
    size = np.ones(len(row)) if weight is None else weight[near]
    apart, all_near = (np.bincount(row, w, minlength=len(weak)) for w in (size * ~agree, size))
    robust = apart <= eta * all_near * (1 + 1e-12)
    bad = known & (weak != truth)
    anchor = robust & (weak == truth) & (student == truth)
    reached = np.zeros(len(weak), dtype=bool)
    reached[near[anchor[row] & agree & (truth[row] == truth[near])]] = True
    graph = _both_ways(row, near, len(weak))
    found = Rows(student != weak, robust, known, bad, anchor, reached & bad, graph, weight)
    return found if weight is None else found.of(counts)


def _both_ways(row: np.ndarray, near: np.ndarray, n: int) -> csr_array:
    """Pairs of different rows, each in both orders and once."""
    apart = row != near
    pairs = np.r_[row[apart], near[apart]], np.r_[near[apart], row[apart]]
    graph = csr_array(coo_array((np.ones(len(pairs[0])), pairs), shape=(n, n)))
    graph.sum_duplicates()
    graph.data[:] = 1.0
    return graph


def expansion_of(rows: Rows) -> float:
    """P(N(U) | weak label wrong) / P(U | weak label right); NaN where undefined."""
    good, bad = rows.share(rows.known & ~rows.bad), rows.share(rows.bad)
    anchor = rows.share(rows.anchor)
    if not bad or not anchor:
        return np.nan
    return (rows.share(rows.reached) / bad) / (anchor / good)


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


def theorem_b1(differs: float, not_robust: float, weak_error: float, expansion: float) -> float:
    """Limit of [L24] Theorem B.1 within a class (theory 7.6).

    err(f, y) <= (P(f != w) - a (2 c' - 1) + 2 c' a P(not robust)) / (1 - 2 c' a) with
    c' = c / (1 - a + c a). It is `expansion_limit` with the sum P(f != w) + P(not robust) in place
    of r, the share of rows that one of the two is true of, and so not below it. Its condition
    r <= 1 - q - a says that (c, q)-expansion holds for the student's own set, the one that the
    proof needs; where c is measured on that set, 1 - 2 c' a > 0 is all that is left of it.

    Returns
    -------
    float
        NaN where the condition is not met.

    Examples
    --------
    The first of the two rows of [L24]'s Table 1:

    >>> from w2s_stats.bounds._neighborhoods import theorem_b1
    >>> round(theorem_b1(0.12, 0.0, weak_error=0.11, expansion=0.848), 2)
    0.05
    """
    a = weak_error
    within = expansion / (1 - a + expansion * a) if a < 1 else np.inf
    room = 1 - 2 * within * a
    if not room > 1e-6:  # nearer to 0 the quotient is rounding
        return np.nan
    return (differs - a * (2 * within - 1) + 2 * within * a * not_robust) / room


def theorem_4_1(
    differs: float, unsteady: float, not_robust: float, weak_error: float, expansion: float
) -> float:
    """Limit of [L24] Theorem 4.1 within a class, where it is true (theory 7.6).

    err(f, y) <= 2 a / (1 - 2 a) P(not robust) + P(f != w) + a (1 - 3 c / 2), for a < 1/2,
    r <= (1 - a + 3 c a) / 4 and c <= 1. The proof uses the last condition, the theorem does not
    print it; without it the statement is false. The printed q < 3/4 (1 - 2 a) is about
    (c, q)-expansion, of every set with more than a share q of the good rows; it is replaced by the
    measured expansion c of the student's own set, the one that the proof needs.

    Returns
    -------
    float
        NaN where a condition is not met.

    Examples
    --------
    >>> from w2s_stats.bounds._neighborhoods import theorem_4_1
    >>> round(theorem_4_1(0.2, 0.25, 0.1, weak_error=0.2, expansion=0.9), 4)
    0.1967
    """
    a, c = weak_error, expansion
    if not (a < 0.5 and c <= 1 and unsteady <= (1 - a + 3 * c * a) / 4):
        return np.nan
    return 2 * a / (1 - 2 * a) * not_robust + differs + a * (1 - 1.5 * c)
