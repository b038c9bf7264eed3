"""The linear programme of the smooth calibration error, by dynamic programming."""

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
