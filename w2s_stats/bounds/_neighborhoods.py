"""Sets of the expansion theorems, theory 7.6."""

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
