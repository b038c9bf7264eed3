"""Sums over bins, and the linear programme of the smooth calibration error."""

from __future__ import annotations

import numpy as np


def lipschitz_supremum(gap: np.ndarray, charge: np.ndarray) -> float:
    """Maximum of sum_i charge[i] w[i] over |w[i]| <= 1 and |w[i + 1] - w[i]| <= gap[i].

    best(w), the largest sum of the points so far whose last weight is w, is concave and piecewise
    linear on [-1, 1]; it is kept as its vertices. A gap lets the last weight move that far.
    """
    w = np.array([-1.0, 1.0])
    best = charge[0] * w
    for step, c in zip(gap, charge[1:], strict=True):
        top = int(best.argmax())
        w = np.concatenate([w[: top + 1] - step, w[top:] + step])
        best = np.concatenate([best[: top + 1], best[top:]])
        left, right = np.interp([-1.0, 1.0], w, best)
        inside = (w > -1.0) & (w < 1.0)
        w = np.concatenate([[-1.0], w[inside], [1.0]])
        best = np.concatenate([[left], best[inside], [right]]) + c * w
    return float(best.max())


def bin_sums(
    proba: np.ndarray,
    labels: np.ndarray,
    weight: np.ndarray | None,
    edges: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Add the sums that errors over bins are made of, class by class.

    A number is in bin b if b edges are less than it. `labels`: the class of each row, or y, the
    probabilities of the classes. `edges`: a row a class. `sums`: of w, w p, w y, w y^2 and
    w (y - p)^2, of shape (k, n_bins, 5).
    """
    n, k = proba.shape
    y = labels if labels.ndim == 2 else labels[:, None] == np.arange(k)
    y, p = y.astype(np.float64), proba.astype(np.float64)
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    for j in range(k):
        place = np.searchsorted(edges[j], p[:, j], side="left")
        terms = np.stack([np.ones(n), p[:, j], y[:, j], y[:, j] ** 2, (y[:, j] - p[:, j]) ** 2])
        np.add.at(sums[j], place, (w * terms).T)
